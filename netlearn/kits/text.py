"""The SPICE text of a kit: read, checked, and cut down to the models that a deck needs.

Nothing of a kit runs. Its files are read here and never by ngspice, which carries out a `.control` block and any line that
begins with `*#`: comments are dropped, and a statement, or an element, that is none of those models are made of is refused by
name. `.include` and `.lib` are followed within the folder of the kit only.

ngspice copies a subcircuit with all the models in it for every instance, and a kit's transistor has up to 200 of them, each
for its own stretch of widths and lengths ("bins"). So what remains is

    the subcircuits that are used, and those that they use
    of the models that they name, the bins that a width and length of this deck lies in
    all parameters and functions

which ngspice would have chosen itself: 64 transistors of sky130 are loaded in 0.06 s instead of 2.7 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from netlearn.errors import KitError
from netlearn.spice import statements

Size = tuple[float, float]
"""Width and length (m)."""
STATEMENTS = frozenset(
    {".param", ".params", ".func", ".model", ".subckt", ".ends", ".lib", ".endl", ".include", ".inc"}
)
ELEMENTS = frozenset("rlckdqjmxviefghbstwz")
"""First letters of elements without a way to files or other programs; `a`, a code model, has one."""
LARGEST, DEEPEST = 40_000_000, 20  # bytes of a file; files within files
_BIN = re.compile(r"(?P<base>.+)\.\d+")
_LIMITS = ("wmin", "wmax", "lmin", "lmax")


@dataclass
class _Part:
    """A subcircuit, with all that is in it, or (name "") what is outside of any."""

    name: str
    cards: list[str] = field(default_factory=list)


def models(root: Path, files: Sequence[str], sizes: Mapping[str, Sequence[Size]]) -> tuple[str, ...]:
    """Lines with the subcircuits named in `sizes`, each for these widths and lengths; `files` as in `Primitive.models`."""
    cards = [card for file in dict.fromkeys(files) for card in _followed(root, root, file.partition(" "), 0)]
    parts = _parts(cards, root)
    inside = {part.name: part for part in parts if part.name}
    if missing := [name for name in sizes if name not in inside]:
        raise KitError(
            f"{root}: no subcircuit '{missing[0]}' in {', '.join(dict.fromkeys(files))}",
            "another release of the kit may have it",
        )
    wanted: dict[str, list[Size]] = {}
    words: dict[str, list[Size]] = {}
    for name, own in sizes.items():
        for used in _reached(name, inside):
            wanted.setdefault(used, []).extend(own)
            for word in _words(inside[used]):
                words.setdefault(word, []).extend(own)
    kept = [part for part in parts if not part.name or part.name in wanted]
    found = [card for part in kept for card in part.cards if _needed(card, words)]
    _check_bins(root, [card for part in kept for card in part.cards], words)
    return tuple(line for card in found for line in card.split("\n"))


def _followed(folder: Path, root: Path, wanted: tuple[str, str, str], depth: int) -> Iterator[str]:
    """The statements of a file, or of one section of it, with those of the files that it names in their places."""
    path = _inside(root, folder / wanted[0])
    if depth > DEEPEST:
        raise KitError(f"{path}: files within files, more than {DEEPEST} deep", "use the kit as it was published")
    section, here, seen = wanted[2].strip().lower(), "", False
    for card in _cards(path, path.stat().st_mtime_ns):
        word, rest = card.split(None, 1) if " " in card or "\t" in card else (card, "")
        word = word.lower()
        given = [part.strip("'\"") for part in rest.split()]
        if word == ".lib" and len(given) == 1:
            here = given[0].lower()
            seen = seen or here == section
        elif word == ".endl":
            here = ""
        elif here != section:
            continue
        elif word in (".include", ".inc"):
            yield from _followed(path.parent, root, (rest.strip().strip("'\""), "", ""), depth + 1)
        elif word == ".lib":
            yield from _followed(path.parent, root, (given[0], " ", given[1]), depth + 1)
        else:
            yield card
    if section and not seen:
        raise KitError(f"{path}: there is no section '{section}'", "another release of the kit may have it")


def _inside(root: Path, path: Path) -> Path:
    """A file that is there, in the folder of the kit."""
    found = path.resolve()
    if not found.is_relative_to(root.resolve()):
        raise KitError(f"{path} lies outside of the kit's folder {root}", "use the kit as it was published")
    if not found.is_file():
        raise KitError(f"there is no file {path}", "another release of the kit may have it")
    return found


@lru_cache(maxsize=64)
def _cards(path: Path, _changed: int) -> tuple[str, ...]:
    """The statements of a file without comments, each with its lines that continue it; refused by name what is no model."""
    if path.stat().st_size > LARGEST:
        raise KitError(f"{path} is larger than {LARGEST // 1_000_000} MB", "use the kit as it was published")
    found: list[str] = []
    for lines in statements(path.read_text(encoding="utf-8", errors="replace").split("\n")):
        number, text = lines[0][0], "\n".join(line.strip() for _, line in lines)
        word = text.split(None, 1)[0].lower()
        if word not in STATEMENTS if word.startswith(".") else word[0] not in ELEMENTS:
            raise KitError(
                f"{path}:{number}: '{word}' is refused: only models are read from a kit",
                "use the kit as it was published, or take that line out",
            )
        found.append(text)
    return tuple(found)


def _parts(cards: Sequence[str], root: Path) -> list[_Part]:
    """Statements by the outermost subcircuit that they stand in, in their order."""
    parts, depth = [_Part("")], 0
    for card in cards:
        word = card.split(None, 1)[0].lower()
        if word == ".subckt":
            if depth == 0:
                parts.append(_Part(card.split()[1].lower()))
            depth += 1
        elif depth == 0 and not word.startswith("."):
            raise KitError(
                f"{root}: '{word}' is refused: an element outside of any subcircuit would be one of your circuit",
                "use the kit as it was published",
            )
        parts[-1].cards.append(card)
        if word == ".ends":
            depth -= 1
            if depth == 0:
                parts.append(_Part(""))
    return parts


def _reached(name: str, inside: Mapping[str, _Part]) -> list[str]:
    """A subcircuit, and those that are in it."""
    found = [name]
    for one in found:
        found += [w for w in _words(inside[one], "x") if w in inside and w not in found]
    return found


def _words(part: _Part, letters: str = "") -> list[str]:
    """The words of a subcircuit's elements (of those that begin with one of `letters`), parameters left out."""
    lines = [card for card in part.cards if card[0] != "." and (not letters or card[0].lower() in letters)]
    return [word.lower() for card in lines for word in re.sub(r"\s*=\s*\S+", "", card).split()[1:]]


def _needed(card: str, words: Mapping[str, Sequence[Size]]) -> bool:
    """Whether a statement is no model, or one that is named, and if it is a bin, for one of these sizes."""
    name = _model(card)
    if not name:
        return True
    found = _BIN.fullmatch(name)
    if found is None:
        return name in words
    limits = _limits(card)
    sizes = words.get(found["base"], ())
    return bool(sizes) and (limits is None or any(_holds(limits, size) for size in sizes))


def _check_bins(root: Path, cards: Sequence[str], words: Mapping[str, Sequence[Size]]) -> None:
    """KitError where a transistor of some size has bins, and none for it."""
    bins: dict[str, list[tuple[float, ...]]] = {}
    for card in cards:
        found = _BIN.fullmatch(_model(card))
        if found and found["base"] in words and (limits := _limits(card)):
            bins.setdefault(found["base"], []).append(limits)
    for base, of in bins.items():
        for size in words[base]:
            if not any(_holds(limits, size) for limits in of):
                ends = [pick(limits[k] for limits in of) for k, pick in enumerate((min, max, min, max))]
                raise KitError(
                    f"{root}: '{base}' has no model for w = {size[0] * 1e6:g} um, l = {size[1] * 1e6:g} um",
                    "it has some from w = {:g} um to {:g} um and l = {:g} um to {:g} um".format(
                        *(e * 1e6 for e in ends)
                    ),
                )


def _model(card: str) -> str:
    """The name of a model, or nothing."""
    return card.split()[1].lower() if card[:6].lower() == ".model" else ""


def _holds(limits: Sequence[float], size: Size) -> bool:
    """Whether a bin has a size, its ends included (ngspice then takes the first)."""
    near = 1e-9
    return all(
        low * (1 - near) <= value <= high * (1 + near)
        for value, low, high in zip(size, limits[::2], limits[1::2], strict=True)
    )


@lru_cache(maxsize=4096)
def _limits(card: str) -> tuple[float, ...] | None:
    """wmin, wmax, lmin, lmax of a bin (m); None where they are not all plain numbers."""
    found = [re.search(rf"\b{name}\s*=\s*([-+.\deE]+)(?=\s|$)", card) for name in _LIMITS]
    return tuple(float(m[1]) for m in found if m) if all(found) else None
