"""The door of the language: text to a checked netlist, or every fault that could be found."""

from __future__ import annotations

import gc
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from lark import Token, Tree

from netlearn.circuit.model import Cell, Circuit
from netlearn.devices import DEVICES, ModelCard
from netlearn.errors import CheckFault, CircuitError, Diagnostic, NetlistError, Source, Span, SyntaxFault
from netlearn.kits import FOLDER
from netlearn.lang.budget import TooLarge
from netlearn.lang.deviations import MismatchSpec, read_mismatch
from netlearn.lang.draft import Session
from netlearn.lang.elaborate import Placed, build_cell, build_circuit
from netlearn.lang.element import read_element, read_model
from netlearn.lang.library import MAX_IMPORT_DEPTH, Definition, File, Report, kit_file, locate, read_text
from netlearn.lang.lints import mega
from netlearn.lang.modules import Module, module_of
from netlearn.lang.recover import read_faults
from netlearn.lang.schedule import ScheduleSpec, read_schedule
from netlearn.lang.task import TaskSpec, completed, read_task
from netlearn.lang.values import Fault, Followed, Piece, suggest
from netlearn.syntax import MAX_CHARACTERS, ReadFault, parse
from netlearn.units import Quantity

VERSION = 0.1
_START = Span(1, 1)


@dataclass(frozen=True)
class Netlist:
    """A checked text: its circuits, tasks, schedules and mismatch blocks by name, and what the lints noticed."""

    source: Source
    circuits: Mapping[str, Circuit]
    tasks: Mapping[str, TaskSpec]
    schedules: Mapping[str, ScheduleSpec]
    mismatches: Mapping[str, MismatchSpec]
    warnings: tuple[Diagnostic, ...] = ()
    files: Mapping[Path, str] = field(default_factory=dict)
    """Every other file that was read: imports and data."""
    places: Mapping[str, Mapping[str, Span]] = field(default_factory=dict)
    """Circuit to where its names are declared; "" is its own name."""
    settings: Mapping[str, Quantity] = field(default_factory=dict)
    """What was set of the parameters of its circuits."""
    cells: tuple[Cell, ...] = ()
    """Every module that is placed somewhere or has no parameter without a default, once with each set of parameters."""
    modules: Mapping[str, Module] = field(default_factory=dict)
    """Those of the file itself, by name."""

    def place(self, circuit: str, path: str) -> Span:
        """Where the element or net that a path such as `e[3].r1` begins with is declared, or else the circuit."""
        known = self.places.get(circuit, {})
        return known.get(re.split(r"[.\[]", path)[0]) or known.get("", _START)

    @property
    def circuit(self) -> Circuit:
        """The circuit of a text that has one (the last one where there are several)."""
        return list(self.circuits.values())[-1]

    @property
    def task(self) -> TaskSpec:
        """The task of a text that has one (the first one where there are several)."""
        return next(iter(self.tasks.values()))


def compile_netlist(
    text: str,
    name: str = "<netlist>",
    folder: Path | None = None,
    allowed: Sequence[Path] = (),
    settings: Mapping[str, Quantity] | None = None,
) -> Netlist:
    """Check a netlist. `folder` is where its imports and data lie; `settings` take the place of what parameters of its
    circuits are in the text. NetlistError has every fault found."""
    source = Source(name, text.removeprefix("\ufeff"))
    report = Report()
    collecting = gc.isenabled()
    gc.disable()  # a large circuit has no garbage worth looking for while it grows
    try:
        netlist = _compile(source, folder, tuple(allowed), report, settings or {})
    finally:
        if collecting:
            gc.enable()
    if report.errors:
        raise CheckFault(report.errors)
    return netlist


def compile_file(
    path: str | Path, allowed: Sequence[Path] = (), settings: Mapping[str, Quantity] | None = None
) -> Netlist:
    """Check a netlist file; its own folder is allowed."""
    path = Path(path)
    return compile_netlist(read_source(path), str(path), path.parent, allowed, settings)


def read_source(path: Path) -> str:
    """The text of a netlist file, or NetlistError."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        fault, help = "this is not UTF-8 text", "save it as UTF-8"
    except OSError as error:
        fault, help = f"cannot be read: {error.strerror}", _neighbour(path)
    raise NetlistError([Diagnostic(fault, Source(str(path), ""), _START, help)])


def _neighbour(path: Path) -> str:
    """What a file that cannot be read may have been meant to be."""
    with suppress(OSError):
        near = suggest(path.name, [found.name for found in islice(path.parent.glob("*.nl"), 1000)])
        if near:
            return near
    return "name a netlist that is there, or - for standard input"


def _compile(
    source: Source, folder: Path | None, allowed: tuple[Path, ...], report: Report, settings: Mapping[str, Quantity]
) -> Netlist:
    try:
        file = _Reader(report, allowed, folder).file(source, folder, ())
        if file is None:
            return Netlist(source, {}, {}, {}, {})
        return _build(file, folder, allowed, report, settings)
    except Placed as placed:
        report.fault(placed.fault, placed.source)
    except TooLarge as fault:
        report.fault(fault, source)
    except RecursionError:
        raise CheckFault(
            [Diagnostic("an expression is nested too deeply", source, _START, "give its parts names with let")]
        ) from None
    return Netlist(source, {}, {}, {}, {})


def _build(
    file: File, folder: Path | None, allowed: tuple[Path, ...], report: Report, settings: Mapping[str, Quantity]
) -> Netlist:
    session = Session(report)
    circuits: dict[str, Circuit] = {}
    for definition in file.circuits.values():
        circuits[definition.name] = build_circuit(definition, session, settings)
    _all_known(settings, circuits)
    for definition in file.modules.values():
        if not any(key[0] == id(definition) for key in session.cells) and _all_defaults(definition):
            build_cell(definition, {}, session, 1, definition.tree.children[0])
    blocks = _blocks(file, circuits, folder, allowed, report)
    if not (file.circuits or file.modules or file.devices or file.models or file.bundles or report.errors):
        report.fault(Fault("there is no circuit in this text", None, "write circuit Name { ... }"), file.source)
    if found := mega(file.source):
        place, number = found
        report.diagnostics.append(
            Diagnostic(
                f"the M of {number} is mega here, and milli in SPICE",
                file.source,
                place,
                "1e6 is read alike everywhere",
                "note",
            )
        )
    warnings = tuple(d for d in report.diagnostics if d.severity != "error")
    modules = {name: module_of(definition) for name, definition in file.modules.items()}
    return Netlist(
        file.source,
        circuits,
        *blocks,
        warnings,
        report.files,
        session.places,
        settings,
        tuple(cell for cell, _ in session.cells.values()),
        modules,
    )


def _blocks(
    file: File, circuits: dict[str, Circuit], folder: Path | None, allowed: tuple[Path, ...], report: Report
) -> tuple[dict[str, TaskSpec], dict[str, ScheduleSpec], dict[str, MismatchSpec]]:
    """What is said of circuits: tasks, schedules and mismatch blocks."""
    tasks: dict[str, TaskSpec] = {}
    schedules: dict[str, ScheduleSpec] = {}
    mismatches: dict[str, MismatchSpec] = {}
    read: dict[str, Piece] = {}
    for tree in file.tree.children:
        name = str(tree.children[0]) if tree.children else ""
        try:
            if tree.data == "task":
                tree = read[name] = completed(tree, read)
                circuit = _on(tree, file, circuits)
                _new(tree.children[0], tasks)
                if not report.errors:
                    tasks[name] = read_task(tree, circuit, file.source, folder, allowed, report.files)
            elif tree.data == "schedule":
                _new(tree.children[0], schedules)
                if not report.errors:
                    schedules[name] = read_schedule(tree, tasks)
            elif tree.data == "mismatch":
                circuit = _on(tree, file, circuits)
                _new(tree.children[0], mismatches)
                if not report.errors:
                    mismatches[name] = read_mismatch(
                        tree, circuit, file.source, lambda *said: report.lint(said[0], file.source, said[1], said[2])
                    )
        except Followed:
            continue
        except Fault as fault:
            report.fault(fault, file.source)
    return tasks, schedules, mismatches


def _all_known(settings: Mapping[str, Quantity], circuits: Mapping[str, Circuit]) -> None:
    known = {name for circuit in circuits.values() for name in circuit.settings}
    for name in settings:
        if name not in known:
            help = suggest(name, known) or f"parameters of its circuits: {', '.join(sorted(known)) or 'none'}"
            raise CircuitError(f"no circuit here has a parameter '{name}' to set", help)


def _all_defaults(definition: Definition) -> bool:
    header = next((c for c in definition.tree.children if isinstance(c, Tree) and c.data == "ports"), None)
    return header is None or all(c.data == "port" or isinstance(c.children[-1], Tree) for c in header.children)


def _on(tree: Piece, file: File, circuits: dict[str, Circuit]) -> Circuit:
    name = ".".join(tree.children[1].children)
    if name in circuits:
        return circuits[name]
    if any(item.data == "circuit" and str(item.children[0]) == name for item in file.tree.children):
        raise Followed(f"circuit '{name}' has a fault", tree.children[1])
    if name in file.modules:
        raise Fault(f"'{name}' is a module, not a circuit", tree.children[1], f"write circuit {name} {{ ... }}")
    raise Fault(
        f"there is no circuit '{name}'",
        tree.children[1],
        suggest(name, circuits) or f"known: {', '.join(circuits) or 'none'}",
    )


def _new(token: Token, known: Mapping[str, Any]) -> None:
    if str(token) in DEVICES:
        raise Fault(f"'{token}' is a built-in device", token, "choose another name")
    if str(token) in known:
        raise Fault(f"'{token}' is defined twice", token, "choose another name")


class _Reader:
    """Reads files and what they import; each file once."""

    def __init__(self, report: Report, allowed: tuple[Path, ...], home: Path | None) -> None:
        self.report, self.allowed, self.home = report, allowed, home
        self.done: dict[Path, File] = {}
        self.characters = MAX_CHARACTERS

    def file(self, source: Source, folder: Path | None, chain: tuple[Path, ...]) -> File | None:
        self.characters -= len(source.text)
        if self.characters < 0:
            message = f"the texts of this netlist have more than {MAX_CHARACTERS} characters together"
            raise SyntaxFault([Diagnostic(message, Source(source.name, ""), _START, "make large parts with mesh")])
        try:
            tree = parse(source.text)
        except ReadFault as fault:
            raise SyntaxFault(read_faults(source, fault)) from None
        file = File(source, folder, tree)
        for item in tree.children:
            try:
                self._item(item, file, chain)
            except TooLarge:
                raise
            except Fault as fault:
                self.report.fault(fault, source)
        return file

    def _item(self, tree: Any, file: File, chain: tuple[Path, ...]) -> None:
        match tree.data:
            case "header":
                self._version(tree, file)
            case "import_":
                self._import(tree, file, chain)
            case "circuit" | "module":
                table = file.circuits if tree.data == "circuit" else file.modules
                token = tree.children[0]
                _new(token, {**file.circuits, **file.modules, **file.devices})
                table[str(token)] = Definition(str(token), tree, file)
            case "element":
                _new(tree.children[0], {**file.circuits, **file.modules, **file.devices})
                file.devices[str(tree.children[0])] = read_element(tree)
            case "bundle":
                names = [str(t) for t in tree.children[1:]]
                for i, name in enumerate(names):
                    if name in names[:i]:
                        raise Fault(f"member '{name}' is named twice", tree.children[i + 1], "choose another name")
                _new(tree.children[0], file.bundles)
                file.bundles[str(tree.children[0])] = tuple(names)
            case "model":
                self._model(tree, file)

    def _version(self, tree: Any, file: File) -> None:
        number = float(str(tree.children[0])) if _plain(str(tree.children[0])) else 0.0
        if number != VERSION:
            raise Fault(
                f"this is netlearn {VERSION}, the text asks for {tree.children[0]}", tree, f"write netlearn {VERSION}"
            )

    def _model(self, tree: Any, file: File) -> None:
        token, kind = tree.children[0], tree.children[1]
        _new(token, file.models)
        device = file.device([kind])
        if device is None:
            raise Fault(f"unknown device '{kind}'", kind, suggest(str(kind), [*DEVICES, *file.devices]))
        file.models[str(token)] = ModelCard(str(token), device.name, read_model(tree, device), "the netlist")

    def _import(self, tree: Any, file: File, chain: tuple[Path, ...]) -> None:
        token = tree.children[0]
        alias = str(tree.children[1]) if len(tree.children) > 1 else f"/{len(file.imports)}"
        _new(tree.children[-1], file.imports)
        if (name := str(token)[1:-1]).startswith(FOLDER):
            file.imports[alias] = kit_file(name, self.home, token)
            return
        path = locate(name, file.folder, self.allowed, token, "it")
        if path in chain:
            names = " -> ".join(p.name for p in (*chain[chain.index(path) :], path))
            raise Fault(f"this import goes round in a circle: {names}", token, "take one of them out")
        if len(chain) >= MAX_IMPORT_DEPTH:
            raise Fault(f"imports are nested more than {MAX_IMPORT_DEPTH} deep", token)
        if path not in self.done:
            text = self.report.files[path] = read_text(path, token)
            read = self.file(Source(str(path), text), path.parent, (*chain, path))
            assert read is not None
            self.done[path] = read
        file.imports[alias] = self.done[path]


def _plain(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
