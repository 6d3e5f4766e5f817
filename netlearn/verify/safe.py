"""Files that a tool may be let read: none of them makes one run a program, read elsewhere, or fill the machine.

An exported folder is data, and may come from somebody else. Each format has its files, by name, and each of them its language
(`netlearn.verify.languages`): one that reads another file must name one of its folder that is in the language it is read in, as a name
alone says nothing of how it is read. What cells, and files within files, come to is counted over all of a format.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from netlearn.verify.languages import LANGUAGES, NotAllowed, Statement, statements

MOST_DEVICES, DEEPEST = 5e6, 200
"""Of a format; a circuit that is exported has 100 levels at most, and some tools go into cells until they have no room to go on."""
_DATA = "data"
"""What no tool but a reader of data has to do with, or what a tool is given one of our own for."""
FILES: Mapping[str, Mapping[str, str]] = {
    "ngspice": {r"\w+\.cir": "spice"},
    "xyce": {r"\w+\.cir": "spice"},
    "hspice": {r"\w+\.sp": "spice"},
    "ltspice": {r"\w+\.net": "spice"},
    "spectre": {r"\w+\.scs": "spectre", r"models\.va": "verilog_a"},
    "cdl": {r"dut\.cdl": "spice"},
    "kicad": {r"\w+\.kicad_sch|board\.net": "kicad", r"models\.cir": "spice"},
    "xschem": {r"\w+\.sch|[\w-]+\.sym": "xschem", r"models\.cir|laws\.cir": "spice", "xschemrc": _DATA},
    "veriloga": {r"models\.va": "verilog_a"},
    "verilog": {r"dut\.v": "verilog"},
    "gds": {r"dut\.gds|parts\.json": _DATA},
    "dspf": {r"dut\.spf|\w+\.cir": "spice"},
    "bom": {r"bom\.csv|parts\.csv": _DATA},
    "json": {r"design\.json|design\.schema\.json": _DATA},
}
"""By format: its files by patterns of their names, and the language of each."""

Cell = tuple[str, str]
"""A language, and a cell in it or (with its suffix) a file."""
Inside = Mapping[Cell, Mapping[Cell, int]]
"""What is put in the place of a cell, and how often."""
_DEVICE = ("", "")


def forbidden(folder: Path, format: str) -> str:
    """What the files of the folder of a format have that they must not, with the file it is in; nothing where they have none."""
    files: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        language = _language(format, path.name)
        if path.is_symlink() or not path.is_file() or not language:
            return f"{path.name}: no export has such a file"
        files[path.name] = language
    return _fault(folder, files)


def forbidden_to_run(folder: Path, format: str, deck: str) -> str:
    """The same of a deck in SPICE's language that a tool has made of a format, and of the files it may include, whatever else
    lies there."""
    names = (path.name for path in folder.iterdir() if path.is_file() and not path.is_symlink())
    return _fault(folder, {name: "spice" for name in names if name == deck or _language(format, name) == "spice"})


def _language(format: str, name: str) -> str:
    found = (language for names, language in FILES[format].items() if re.fullmatch(names, name, re.ASCII))
    return next(found, "")


def _fault(folder: Path, files: Mapping[str, str]) -> str:
    inside: dict[Cell, Counter[Cell]] = {}
    for name, language in files.items():
        if language == _DATA:
            continue
        try:
            text = (folder / name).read_bytes().decode()
            for cell, members in _cells(name, language, text, files).items():
                inside.setdefault(cell, Counter()).update(members)
        except UnicodeDecodeError:
            return f"{name}: it is no text"
        except NotAllowed as fault:
            return f"{name}: {str(fault)[:80]}"
    count, levels = extent(inside)
    if count > MOST_DEVICES:
        return f"{count:.3g} devices, when its cells are put together"
    return f"{levels} levels of cells, when {DEEPEST} are let read" if levels > DEEPEST else ""


def _cells(name: str, language: str, text: str, files: Mapping[str, str]) -> dict[Cell, Counter[Cell]]:
    """The cells of a file, and the file itself for what is in none. A cell has its beginning and its end in one file, and is in
    no other: what is read of several would be as no file says it."""
    outside = here = (language, name)
    found: dict[Cell, Counter[Cell]] = {here: Counter()}
    for statement in statements(LANGUAGES[language], text):
        if cell := statement.get("cell"):
            if here != outside:
                raise NotAllowed(f"the cell {cell} within {here[1]}")
            here = (language, cell.lower())
            found.setdefault(here, Counter())
        elif statement.get("end"):
            if here == outside:
                raise NotAllowed("the end of a cell that has not begun")
            here = outside
        elif member := _member(statement, language, files):
            found[here][member] += 1
    if here != outside:
        raise NotAllowed(f"the cell {here[1]} has no end")
    return found


def _member(statement: Statement, language: str, files: Mapping[str, str]) -> Cell | None:
    """What a statement puts in its place."""
    for of in LANGUAGES:
        if name := statement.get(of):
            if files.get(name) != of:
                raise NotAllowed(f"it reads {name}, which is no such file of the folder")
            return of, name
    if call := statement.get("call"):
        return language, call.lower()
    return _DEVICE if statement.get("part") else None


def extent(inside: Inside) -> tuple[float, int]:
    """How many devices there are when every cell, and every file that is read, is put in its place, which counts as one besides;
    infinite where one is in itself: a few lines of cells within cells may be more than any machine has room for. And in how
    many levels, the devices being one."""
    sizes: dict[Cell, float] = {}
    levels: dict[Cell, int] = {}
    try:
        for cell in TopologicalSorter(inside).static_order():
            members = inside.get(cell, {})
            sizes[cell] = 1.0 + sum(times * sizes[one] for one, times in members.items())
            levels[cell] = 1 + max((levels[one] for one in members), default=0)
    except CycleError:
        return float("inf"), 0
    within = {one for members in inside.values() for one in members}
    return sum(size for cell, size in sizes.items() if cell not in within), max(levels.values(), default=0)
