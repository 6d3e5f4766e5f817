"""A folder a designer takes away: a folder a format, and what says how it was made and that it is whole.

    README.md       what this is, the command, versions, what each folder is for, sums
    design.json     the circuit that every other file says again (`netlearn.export.interchange`), with our own node voltages
    names.json      names in the netlist to names in these files
    SHA256SUMS      of everything else, as `sha256sum -c` reads them
    FORMAT/...      one folder a format

The same input makes the same bytes: no time, no path of this machine and no random name is in it.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from netlearn.errors import CircuitError, RunError
from netlearn.export.design import Design
from netlearn.export.elements import PLAIN
from netlearn.export.formats import FORMATS, Order
from netlearn.export.formats.order import NOMINAL
from netlearn.export.interchange import spelled, to_json
from netlearn.export.physical import overdriven
from netlearn.store import write_bytes

SUMS = "SHA256SUMS"
ALWAYS = frozenset({"README.md", "design.json", "names.json"})
"""What is in every folder."""
LARGEST = 1 << 27
"""Bytes of a file; a folder has eight times as many at most."""
DEEPEST = 20
"""Folders within folders; in an exported one there is one."""


@dataclass(frozen=True)
class Written:
    """Contents by path in the folder; formats that cannot have this circuit, and why; what its designer should be warned of."""

    files: Mapping[str, bytes]
    left_out: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def contents(design: Design, names: Sequence[str], order: Order, command: str, wanted: bool = True) -> Written:
    """Every file of the folder. CircuitError where a format that is `wanted` cannot have this circuit."""
    found = to_json(design)
    files: dict[str, str | bytes] = {"design.json": spelled(found), "names.json": spelled(found["names"])}
    left_out: dict[str, str] = {}
    for name in names:
        try:
            files |= {f"{name}/{file}": what for file, what in FORMATS[name].write(design, order).items()}
        except CircuitError as fault:
            if wanted:
                raise
            left_out[name] = fault.message
    whole = {path: what.encode() if isinstance(what, str) else what for path, what in files.items()}
    kept = [name for name in names if name not in left_out]
    warnings = tuple(filter(None, (overdriven(design, order.pdk), _of_one_copy(kept, order))))
    about = [*notes(design, order.pdk), *(f"Warning: {warning}." for warning in warnings)]
    whole["README.md"] = _readme(design, kept, command, left_out, whole, about).encode()
    whole[SUMS] = "".join(f"{_sum(whole[path])}  {path}\n" for path in sorted(whole)).encode()
    return Written(whole, left_out, warnings)


def _of_one_copy(names: Sequence[str], order: Order) -> str | None:
    """A warning of masks and boards that would have what manufacture put off in one copy."""
    made = [name for name in names if FORMATS[name].made]
    if order.draw == NOMINAL or not made:
        return None
    return f"{', '.join(made)}: with the numbers of {order.draw}, one copy as it came out; export what is to be made without --draw"


def refuse(folder: Path) -> None:
    """RunError where nothing can be exported into a folder: it has what netlearn has not put there."""
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file", "name another folder with --out")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / SUMS).is_file() or not listed(folder).keys() >= ALWAYS:
            raise RunError(f"{folder} is not empty, and was not exported by netlearn", "name another folder with --out")
        if found := odd(folder):
            raise RunError(f"{folder} has {found}, which netlearn has not put there", "name another folder with --out")


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put the files into a new folder, or into one that was exported before; what that has besides goes afterwards."""
    refuse(folder)
    before = [*listed(folder)] if (folder / SUMS).is_file() else []
    for name, what in files.items():
        write_bytes(folder / name, what)
    gone = [folder / name for name in before if name not in files]
    for path in gone:
        path.unlink(missing_ok=True)
    for inner in {path.parent for path in gone} - {folder}:
        if inner.is_dir() and not any(inner.iterdir()):
            inner.rmdir()


def odd(folder: Path) -> str:
    """What a folder has that no exported one has: a link, a pipe, a file that is too large, folders too deep in one
    another; nothing where it has none."""
    whole, waiting = 0, [folder]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            found, name = path.lstat(), path.relative_to(folder)
            whole += found.st_size
            if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
                return f"{name}, a {'link' if path.is_symlink() else 'pipe or a device'}"
            if max(found.st_size, whole / 8) > LARGEST:
                return f"{name}, with which it is too large"
            if len(name.parts) > DEEPEST:
                return f"{name}, which is too deep in it"
            if stat.S_ISDIR(found.st_mode):
                waiting.append(path)
    return ""


def listed(folder: Path) -> dict[str, str]:
    """Path within the folder to the sum it should have; RunError where the list is missing or names what lies outside."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise RunError(f"{folder} is not an exported folder: {fault}", "make one with netlearn export") from None
    found = {line[66:]: line[:64] for line in lines}
    for line in lines:
        if not re.fullmatch(r"[0-9a-f]{64}  [^/]+(/[^/]+)*", line) or ".." in Path(line[66:]).parts:
            help = "name another folder, or export the circuit again into a new one"
            raise RunError(f"{folder / SUMS} was not written by netlearn: it has '{line[:80]}'", help)
    return found


def changed(folder: Path) -> list[str]:
    """The files that are not as they were written, or are gone."""
    wanted = listed(folder)
    return [
        path
        for path, digest in wanted.items()
        if not (folder / path).is_file() or _sum((folder / path).read_bytes()) != digest
    ]


def _sum(what: bytes) -> str:
    return hashlib.sha256(what).hexdigest()


def notes(design: Design, pdk: str) -> list[str]:
    """What a reader of these files should know of this circuit, a paragraph each."""
    devices = design.devices.values()
    cold = [d.name for d in devices if d.temperature and not d.kit and d.name not in PLAIN]
    found = []
    if cold:
        found.append(
            f"Everything is at 27 C. Of {', '.join(cold)} the laws in the decks of SPICE have the numbers of 27 C at any .temp."
        )
    if any(d.moving for d in devices):
        found.append(
            "A capacitor with a stored voltage (`ic`, the model `nl_cm`) holds it in operating points, and therefore is a short in an"
            " AC analysis around one (.ac); in transient runs it is a capacitor that begins there."
        )
    if pdk:
        made = " and ".join(name for name, of in FORMATS.items() if of.processes)
        found.append(
            f"`--pdk {pdk}` is for {made} alone: these have the transistors, resistors and layers of {pdk}, of the same size. Every"
            " other folder has the devices of the netlist, with the netlist's own models."
        )
    return found


def _readme(
    design: Design,
    names: Sequence[str],
    command: str,
    left_out: Mapping[str, str],
    files: Mapping[str, bytes],
    about: Sequence[str],
) -> str:
    volts = design.volts
    reads = [
        f"| {r.name} | v({r.plus}) - v({r.minus}) | {volts[r.plus] - volts[r.minus]:.9g} |" for r in design.bench.reads
    ]
    reads += [f"| {name} | current into {part} | |" for name, part in design.bench.currents.items()]
    drives = [
        f"| {d.name} | {' '.join(d.nets)} | {d.value:.9g} {'V' if d.kind == 'V' else 'A'} |"
        for d in design.bench.drives
    ]
    rows = [f"| {name} | {FORMATS[name].doc} | {FORMATS[name].leaves} |" for name in names]
    rows += [f"| (no {name}) | {why} | |" for name, why in left_out.items()]
    sums = [f"| {path} | {_sum(files[path])[:16]} |" for path in sorted(files)]
    return "\n".join(
        [
            f"# {design.title}",
            "",
            f"Written by netlearn {version('netlearn')}:",
            "",
            f"    {command}",
            "",
            "`netlearn verify` of this folder runs every tool that is installed on these files, and compares.",
            "",
            "| folder | | what is not in it |",
            "|---|---|---|",
            *rows,
            "",
            *(line for paragraph in about for line in (paragraph, "")),
            "| input | nets | value |",
            "|---|---|---|",
            *drives,
            "",
            "| output | nodes | value by netlearn, V |",
            "|---|---|---|",
            *reads,
            "",
            "`names.json` says what everything is called in the netlist; `design.json` has the circuit and all of our node voltages.",
            "",
            "| file | SHA-256, its first 16 digits (all of them in SHA256SUMS) |",
            "|---|---|",
            *sums,
            "",
        ]
    )
