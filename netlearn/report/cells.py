"""One self-contained HTML page about the modules of a netlist: what they are, their schematics, their benches."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from netlearn.circuit.model import Cell
from netlearn.circuit.over_time import Check
from netlearn.errors import CheckFault, CircuitError
from netlearn.lang.compile import Netlist, compile_file
from netlearn.lang.modules import Module
from netlearn.plot import schematic, write_picture
from netlearn.plot.schematic.symbols import TRANSISTORS
from netlearn.plot.waves import draw_versions, versions_size
from netlearn.report.benches import BACKEND, SWITCH, VERSIONS, Bench, Measured, benches, is_of, setting
from netlearn.report.html import inline, page, table, text
from netlearn.store import write_bytes


@dataclass(frozen=True)
class CellsPage:
    """A page, and what of its benches holds: assertions by how many there are."""

    html: str
    modules: tuple[str, ...]
    holds: int
    asserts: int
    seconds: float


def write_cells_report(file: Path, path: Path | None = None) -> Path:
    """Write the page of a netlist's modules (NAME.html in this folder by default); gives its path."""
    target = path or Path(f"{file.stem}.html")
    write_bytes(target, cells_page(file).html.encode())
    return target


def cells_page(file: Path) -> CellsPage:
    """The page; NetlistError for a netlist with faults, CircuitError where there is nothing to show, BackendError
    where there is no ngspice."""
    netlist = compile_file(file)
    if not netlist.modules and not any(circuit.watches for circuit in netlist.circuits.values()):
        raise CircuitError(
            f"{file} has no modules and no benches to tell of", "a page of a trained network: netlearn report RUN"
        )
    tried = benches(file, netlist)
    left = list(tried)
    sections = []
    for module in netlist.modules.values():
        mine = [b for b in left if any(is_of(cell, module.name) for cell in b.places)]
        told = [b for b in tried if b not in left and any(is_of(cell, module.name) for cell in b.places)]
        left = [b for b in left if b not in mine]
        sections.append(_module(module, mine, told))
    sections += [_bench(bench) for bench in left]
    body = "\n".join(
        [
            f"<h1>{text(file.stem)}</h1><p class=sub>{text(file)}</p>",
            _paragraphs(_head(netlist)),
            *sections,
            f"<h2>The netlist</h2><pre>{text(netlist.source.text)}</pre>",
        ]
    )
    checks = [check for bench in tried for version in bench.versions for check in version.checks]
    lost = sum(len(v.circuit.watches) - len(v.checks) for bench in tried for v in bench.versions)
    seconds = sum(version.seconds for bench in tried for version in bench.versions)
    holds = sum(check.holds for check in checks)
    return CellsPage(page(file.stem, body), tuple(netlist.modules), holds, len(checks) + lost, seconds)


def _head(netlist: Netlist) -> str:
    """The comment at the top of the file."""
    lines = netlist.source.text.splitlines()
    start = next((k for k, line in enumerate(lines) if line.startswith("#")), len(lines))
    end = next((k for k in range(start, len(lines)) if not lines[k].startswith("#")), len(lines))
    doc = "\n".join(line.lstrip("#").strip() for line in lines[start:end])
    return "" if any(doc == module.doc for module in netlist.modules.values()) else doc


def _paragraphs(doc: str) -> str:
    return "".join(f"<p>{text(part)}</p>" for part in re.split(r"\n\s*\n", doc) if part.strip())


def _module(module: Module, mine: Sequence[Bench], told: Sequence[Bench]) -> str:
    params = [(name, default or "must be given") for name, default in module.params.items()]
    facts = [("ports", ", ".join(module.ports) or "none"), *((f"parameter {n}", d) for n, d in params)]
    versions = _versions(module)
    facts += [
        (f"number of transistors{f', {version}' if version else ''}", str(transistors(cell)))
        for version, cell in versions.items()
        if isinstance(cell, Cell)
    ]
    drawn = f"<div class=drawn>{_schematics(versions)}</div>"
    also = "".join(f"<p>It is part of the bench <a href='#{text(b.name)}'>{text(b.name)}</a> above.</p>" for b in told)
    return (
        f"<h2 id='{text(module.name)}'>{text(module.name)}</h2>{_paragraphs(module.doc)}{table(facts)}{drawn}"
        + "".join(map(_bench, mine))
        + also
        + ("" if mine or told else "<p class=sub>It has no bench in this file.</p>")
    )


def _versions(module: Module) -> dict[str, Cell | str]:
    """Version to its cell, or to why there is none."""
    chosen = {name: setting(v) for v, name in VERSIONS.items()} if SWITCH in module.params else {"": {}}
    found: dict[str, Cell | str] = {}
    for version, settings in chosen.items():
        try:
            found[version] = module.cell(settings)
        except (CircuitError, CheckFault) as fault:
            found[version] = str(fault)
    return found


def transistors(cell: Cell) -> int:
    """How many there are in a cell and in those it places."""
    return sum(e.device.name in TRANSISTORS for e in cell.elements) + sum(transistors(i.cell) for i in cell.instances)


def _schematics(versions: Mapping[str, Cell | str]) -> str:
    """A figure for each version; one for all that look the same."""
    figures: dict[str, list[str]] = {}
    for version, cell in versions.items():
        try:
            drawn = schematic(cell) if isinstance(cell, Cell) else f"<p class=sub>No schematic: {text(cell)}</p>"
        except CircuitError as error:
            drawn = f"<p class=sub>No schematic: {text(error.message)}</p>"
        figures.setdefault(drawn, []).append(version)
    captions = ["Schematic, " + " and ".join(of) if any(of) else "Schematic" for of in figures.values()]
    return "".join(
        f"<figure>{drawn}<figcaption>{text(caption)}.</figcaption></figure>"
        for drawn, caption in zip(figures, captions, strict=True)
    )


def _bench(bench: Bench) -> str:
    ran = [version for version in bench.versions if version.traces is not None]
    faults = "".join(f"<p class=bad>{text(v.version)}: {text(v.fault)}</p>" for v in bench.versions if v.fault)
    times = ", ".join(f"{v.version} {v.seconds:.2g} s".strip() for v in bench.versions)
    return (
        f"<h3 id='{text(bench.name)}'>Bench {text(bench.name)}</h3>{faults}"
        f"<div class=figures>{_plots(bench.name, ran)}</div>{_asserts(bench.versions)}"
        f"<p class=sub>Every voltage from {BACKEND}: {text(times)}.</p>"
    )


def _plots(name: str, ran: Sequence[Measured]) -> str:
    """Each plot with all versions in it."""
    found = []
    count = max((len(v.circuit.plots) for v in ran), default=0)
    with tempfile.TemporaryDirectory() as folder:
        for k in range(count):
            having = [v for v in ran if k < len(v.circuit.plots)]
            plots = [v.circuit.plots[k] for v in having]
            traces = [v.traces for v in having if v.traces is not None]
            picture = write_picture(
                Path(folder) / f"{k}.svg",
                versions_size(plots[0]),
                partial(draw_versions, plots=plots, versions=traces),
            )
            against = plots[0].against
            what = ", ".join(curve.text for curve in plots[0].curves)
            styles = f"; {having[0].version} solid, {having[1].version} dashed" if len(having) > 1 else ""
            caption = f"{what} against {against.text if against is not None else 'time'}{styles}."
            found.append(f"<figure>{inline(picture, f'{name}{k}')}<figcaption>{text(caption)}</figcaption></figure>")
    return "".join(found)


def _asserts(versions: Sequence[Measured]) -> str:
    """A row an assertion: its text, what was read in each version, whether it holds."""
    rows: dict[tuple[object, ...], dict[str, Check]] = {}
    for version in versions:
        for check in version.checks:
            watch = check.watch
            rows.setdefault((watch.text, watch.time, watch.span), {})[version.version] = check
    head = "".join(f"<th colspan=2>{text(v.version or 'measured')}</th>" for v in versions)
    lines = []
    for (words, *_), by in rows.items():
        cells = "".join(_answer(by.get(version.version)) for version in versions)
        lines.append(f"<tr><td>assert {text(words)}</td>{cells}</tr>")
    return f"<table class=asserts><tr><th></th>{head}</tr>{''.join(lines)}</table>" if lines else ""


def _answer(check: Check | None) -> str:
    if check is None:
        return "<td colspan=2>not there</td>"
    verdict = "holds" if check.holds else "<b class=bad>FAILS</b>"
    return f"<td>{text(_measured(check))}</td><td>{verdict}</td>"


def _measured(check: Check) -> str:
    """What was read: of both sides, where the other one is no number as well."""
    sides = [(check.watch.left, check.left), (check.watch.right, check.right)]
    return ", ".join(f"{side.text} is {value:.4g}" for side, value in sides if not _is_number(side.tree)) or check.said


def _is_number(tree: Any) -> bool:
    return tree[0] != "n" and all(_is_number(part) for part in tree[1:] if isinstance(part, tuple))
