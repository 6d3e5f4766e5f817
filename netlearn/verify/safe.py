"""Files that a tool may be let read: none of them says anything that makes one run a program, or read elsewhere.

An exported folder is data, and may come from somebody else. Tools carry out what they are told in many ways: control blocks,
code models that start a program, Tcl in an attribute, functions of C in Verilog, comments that are commands (`*ng_script`). So what is allowed
is listed, and is what our own writers need; what is not in the list is refused by name.

    SPICE        elements that SPICE itself has, subcircuits, models, parameters, files of the same folder; of quotes HSPICE's only
    Spectre      the same in its words
    Verilog      no text in quotes, no $function, no `directive
    Verilog-A    its disciplines, $abstime, $temperature
    xschem       nothing that Tcl puts something in the place of, symbols of the same folder
    KiCad        no path, no variable of the environment
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

Faults = Callable[[str, Collection[str]], str]
"""What of a text is not allowed, beside files of these names; nothing where all of it is."""

_SPICE = r"""
    (?: \*(?![\#>\w]) .*
      | [bcdefghilmrvx][\w/]* [ ] [^`";$]*
      | \.(?: subckt | ends | model | param | func | global | options? | temp | op | end | save ) (?: [ ] [^`";$]* )?
      | \.title [ ] [^`";$]*
      | \.include [ ] "? (?P<file> [\w.]+ ) "?
      | \s* )"""
_SPECTRE = r"""
    (?: //.*
      | simulator [ ] lang=spectre
      | (?: parameters | subckt | ends | model ) (?: [ ] [^`"@$<>;]* )?
      | \w+ [ ] \( [\w ]* \) [ ] [^`"@$<>;]*
      | accurate [ ] options [ ] [^`"@$<>;]* | point [ ] dc | save [ ] \*:\*
      | (?: ahdl_ )? include [ ] "(?P<file> [\w.]+ )"
      | \s* )"""


def _lines(allowed: str, joint: str) -> Faults:
    """Every line, together with what goes on with it, is one that is allowed."""
    line = re.compile(allowed, re.VERBOSE | re.IGNORECASE | re.ASCII)

    def fault(text: str, known: Collection[str]) -> str:
        for one in re.sub(joint, " ", text).replace("\t", " ").split("\n"):
            found = line.fullmatch(one)
            if found is None or not one.isprintable() or not {found["file"]} <= {None, *known}:
                return one
        return ""

    return fault


def _without(forbidden: str) -> Faults:
    """Nothing of this is in the text, but for names of files of the folder."""
    wrong = re.compile(forbidden, re.VERBOSE | re.ASCII)

    def fault(text: str, known: Collection[str]) -> str:
        return next((m[0] for m in wrong.finditer(text) if m.groupdict().get("file", "") not in known), "")

    return fault


_SPICE_FILE, _SPECTRE_FILE = _lines(_SPICE, r"\n\+"), _lines(_SPECTRE, r"\\\n")
_VERILOG = _without(r"[^-\w\s\#().,:=*;+/] | (?<!/)/(?!/)")
_VERILOG_A = _without(
    r"""` (?! include[ ]"disciplines\.vams" ) .* | \$ (?! (?: abstime | temperature ) \b ) .* | \bimport\b .*"""
)
_XSCHEM = _without(r"""
    [^-\w\s"'()*.=@{},:+] | (?i:tcl) .* | @ (?! (?: name | pinlist | value | symname | lab ) \b ) .* | (?<! [\s"{] ) @ .*
    | C \s* \{ (?: (?P<file> [\w-]+\.sym ) \} | .* )""")
_KICAD = _without(
    r"""\$\{ .* | \\ (?!["n]) .* | \.\. | lib=\\"(?!\\) .* | (?<! [-"/\da-f] ) / .* | / (?! [-"/\da-f] ) .*"""
)


def _anything(text: str, known: Collection[str]) -> str:
    """What no tool but a reader of data has to do with."""
    return ""


MOST_DEVICES = 5e6
DECKS = (".cir", ".sp", ".net", ".cdl", ".spf", ".spice")
"""How names of files in SPICE's languages end."""
ALLOWED: dict[str, Faults] = {
    **dict.fromkeys(DECKS, _SPICE_FILE),
    ".scs": _SPECTRE_FILE,
    ".v": _VERILOG,
    ".va": _VERILOG_A,
    **dict.fromkeys((".sch", ".sym"), _XSCHEM),
    ".kicad_sch": _KICAD,
    **dict.fromkeys((".csv", ".json", ".gds"), _anything),
}
"""By how the names of files end."""
OTHERS = {"board.net": _KICAD, "xschemrc": _anything}
"""Files of a format whose names end like others, and what a tool is given one of our own for."""


def forbidden(folder: Path) -> str:
    """What the files of the folder of a format have that they must not, with the file it is in; nothing where they have none."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name.startswith(".") or _rule(path) is None:
            return f"{path.relative_to(folder)}: no export has such a file"
    return forbidden_to_read(folder, tuple(ALLOWED))


def forbidden_to_read(folder: Path, suffixes: Collection[str]) -> str:
    """The same of some kinds of files, whatever else a tool has put beside them."""
    files = sorted(folder.iterdir())
    known = {path.name for path in files}
    for path in files:
        rule = _rule(path) if path.suffix in suffixes else None
        if rule in (None, _anything):
            continue
        try:
            found = rule(path.read_text(encoding="utf-8"), known)
        except UnicodeDecodeError:
            found = "it is no text"
        if found:
            return f"{path.name}: {found.strip()[:80]}"
        if path.suffix in DECKS and (count := devices(path.read_text(encoding="utf-8"))) > MOST_DEVICES:
            return f"{path.name}: {count:.3g} devices, when its cells are put together"
    return ""


def devices(deck: str) -> float:
    """How many elements a deck has when every cell is put in its place, infinite where one is in itself: a few lines of cells
    within cells may be more than any machine has room for."""
    inside: dict[str, list[str]] = {"": []}
    cell = ""
    for line in re.sub(r"\n\+", " ", deck).lower().split("\n"):
        words = [word for word in line.split() if "=" not in word]
        if words and words[0] == ".subckt" and len(words) > 1:
            cell = words[1]
            inside.setdefault(cell, [])
        elif words and words[0] == ".ends":
            cell = ""
        elif words and words[0][0].isalpha():
            inside[cell].append(words[-1] if words[0][0] == "x" else "")
    counts: dict[str, float] = {}

    def count(name: str) -> float:
        if name not in counts:
            counts[name] = float("inf")  # until it is known
            counts[name] = sum(count(one) if one in inside and one else 1.0 for one in inside[name])
        return counts[name]

    try:
        return max(count(name) for name in inside)
    except RecursionError:
        return float("inf")


def _rule(path: Path) -> Faults | None:
    return OTHERS.get(path.name) or ALLOWED.get(path.suffix)
