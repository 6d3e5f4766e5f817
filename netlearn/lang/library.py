"""Definitions in scope of one file: modules, elements, models, bundles, and other files by alias.

Files are read only inside allowed folders: the folder of the netlist that was asked for, the library that
comes with netlearn (`std/`, `data/`), and what the caller adds. A netlist is data. `import "pdk/sky130" as sky130` is no file:
it brings the transistors of a process kit, from the table of `netlearn.kits`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from lark import Token, Tree

from netlearn.devices import CARDS, DEVICES, Device, ModelCard
from netlearn.errors import Diagnostic, Source, Span
from netlearn.kits import FOLDER, KITS, devices
from netlearn.lang.values import Fault, Piece, Where, span, suggest

MAX_FILE = 10_000_000
MAX_IMPORT_DEPTH = 30


class Report:
    """Collects what one compilation finds: diagnostics, and the other files it read."""

    MOST = 50

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.files: dict[Path, str] = {}

    def fault(self, fault: Fault, source: Source) -> None:
        self.add("error", fault.message, source, fault.where, fault.help)

    def lint(self, message: str, source: Source, where: Where, help: str = "") -> None:
        self.add("warning", message, source, where, help)

    def add(self, severity: str, message: str, source: Source, where: Where, help: str) -> None:
        new = Diagnostic(message, source, _widened(span(where), where, source), help, severity)
        if new not in self.diagnostics and len(self.diagnostics) < self.MOST:
            self.diagnostics.append(new)

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.diagnostics if d.severity == "error"]


def _widened(place: Span, where: Where, source: Source) -> Span:
    """A span with the signs that are no part of the tree: a leading minus, the bracket that closes a call."""
    line = source.line(place.line)
    start, end = place.column - 1, place.column - 1 + place.length
    while isinstance(where, Tree) and where.children:
        if where.data == "negative" and (found := re.search(r"-\s*$", line[:start])):
            start = found.start()
        where = where.children[0]
    for opening, closing in ("()", "[]"):
        missing = line[start:end].count(opening) - line[start:end].count(closing)
        if missing > 0 and (found := re.match(rf"[^{re.escape(closing)}]*{re.escape(closing)}" * missing, line[end:])):
            end += found.end()
    return Span(place.line, start + 1, max(1, end - start))


@dataclass(frozen=True)
class Definition:
    """A module or circuit as written: its tree, and the file whose names it sees."""

    name: str
    tree: Piece
    file: File


@dataclass
class File:
    """One source text and what it defines."""

    source: Source
    folder: Path | None
    tree: Piece
    modules: dict[str, Definition] = field(default_factory=dict)
    circuits: dict[str, Definition] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    models: dict[str, ModelCard] = field(default_factory=dict)
    bundles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    imports: dict[str, File] = field(default_factory=dict)

    def find(self, parts: list[Token], table: Callable[[File], Mapping[str, Any]]) -> Any | None:
        """A definition by dotted name; plain names are looked for here, then in files imported without alias."""
        if len(parts) == 2:
            other = self.imports.get(str(parts[0]))
            return table(other).get(str(parts[1])) if other else None
        if len(parts) > 2:
            return None
        name = str(parts[0])
        for file in self.reachable():
            if name in table(file):
                return table(file)[name]
        return None

    def reachable(self) -> list[File]:
        """This file, then those imported without an alias; each once."""
        if not self.imports:
            return [self]
        found = {id(self): self}
        waiting = [self]
        while waiting:
            for alias, file in waiting.pop(0).imports.items():
                if alias.startswith("/") and id(file) not in found:
                    found[id(file)] = file
                    waiting.append(file)
        return list(found.values())

    def names(self, table: Callable[[File], Mapping[str, Any]]) -> list[str]:
        plain = [n for file in self.reachable() for n in table(file)]
        dotted = [f"{a}.{n}" for a, f in self.imports.items() if not a.startswith("/") for n in table(f)]
        return plain + dotted

    def bundle(self, token: Token) -> tuple[str, ...] | None:
        found = self.find([token], lambda f: f.bundles)
        return tuple(found) if found is not None else None

    def model(self, token: Token) -> ModelCard | None:
        found = self.find([token], lambda f: f.models)
        return found if isinstance(found, ModelCard) else CARDS.get(str(token))

    def device(self, parts: list[Token]) -> Device | None:
        """An element of this file or of an imported one, else a built-in device (by itself or through an alias)."""
        found = self.find(parts, lambda f: f.devices)
        if isinstance(found, Device):
            return found
        known = len(parts) == 1 or (len(parts) == 2 and str(parts[0]) in self.imports)
        return DEVICES.get(str(parts[-1])) if known else None


def kit_file(name: str, home: Path | None, where: Where) -> File:
    """A process kit as a file of elements, from the table of `netlearn.kits`: nothing of the kit itself is read."""
    kit = KITS.get(name.removeprefix(FOLDER))
    if kit is None:
        known = [f"{FOLDER}{known}" for known in KITS]
        raise Fault(f"there is no process kit '{name}'", where, suggest(name, known) or f"known: {', '.join(known)}")
    return File(Source(name, ""), None, Tree("start", []), devices=devices(kit, home))


def shipped() -> Path:
    """The folder of netlists that comes with netlearn: in the package (wheel) or beside it (checkout)."""
    inside = Path(__file__).parents[1] / "netlists"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "netlists"


def locate(name: str, folder: Path | None, allowed: tuple[Path, ...], where: Where, what: str) -> Path:
    """The file a netlist names, beside it or in the shipped library; Fault outside the allowed folders."""
    try:
        return _located(name, folder, allowed, where, what)
    except (OSError, ValueError, RuntimeError):  # too long, not encodable, a circle of links
        raise Fault("this is not a file name", where, 'write import "std/edge.nl"') from None


def _located(name: str, folder: Path | None, allowed: tuple[Path, ...], where: Where, what: str) -> Path:
    if "\0" in name or name.strip() == "":
        raise Fault("this is not a file name", where, 'write the name of a file, such as "std/edge.nl"')
    if Path(name).is_absolute():
        raise Fault(f"'{name}' is an absolute path", where, f"name {what} relative to this file or in std/")
    bases = [base.resolve() for base in (folder, shipped()) if base is not None]
    roots = [*bases, *(a.resolve() for a in allowed)]
    paths = [(base / name).resolve() for base in bases]
    inside = [path for path in paths if any(path.is_relative_to(root) for root in roots)]
    if found := next((path for path in inside if path.is_file()), None):
        return found
    if len(inside) < len(paths):
        raise Fault(
            f"'{name}' lies outside the allowed folders",
            where,
            f"put {what} into the folder of this netlist, or allow its folder with --allow",
        )
    # two levels, for above a netlist may lie all that somebody has
    patterns = [depth + (Path(name).suffix or ".nl") for depth in ("*", "*/*")]
    others = (str(p.relative_to(base)) for base in bases for pattern in patterns for p in base.glob(pattern))
    near = suggest(name, list(islice(others, 1000)))
    raise Fault(
        f"there is no file '{name}'",
        where,
        near
        or (
            "it is looked for beside this text and in std/" if folder else "this text has no folder; std/ can be named"
        ),
    )


def read_text(path: Path, where: Where) -> str:
    try:
        if path.stat().st_size > MAX_FILE:
            raise Fault(f"'{path.name}' is larger than {MAX_FILE // 1_000_000} MB", where)
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Fault(f"'{path.name}' is not UTF-8 text", where) from None
    except OSError as error:
        raise Fault(f"'{path.name}' cannot be read: {error.strerror}", where) from None
