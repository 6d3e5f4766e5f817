"""ngspice runs the bench and gives every node voltage, at rest and of small signals, by which it tells what has charges and fluxes.
It also reads DSPF, and the decks of HSPICE and LTspice in its modes for them.

Of its two modes for LTspice one knows LTspice's if() and ends exp() at exp(14); the other is told what if() is, and what `tc=a, b`
is, which it has not where a is a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from netlearn.export.design import Design
from netlearn.export.formats.dspf import DIVIDER
from netlearn.export.small_signals import FREQUENCIES, signal
from netlearn.verify.model import NOT_CHECKED, PASSED, Check, Verifier, complaint, ran, voltages
from netlearn.verify.rawfile import operating_point, small_signals
from netlearn.verify.safe import forbidden_to_run
from netlearn.verify.signals import answered
from netlearn.verify.versions import of_program
from netlearn.verify.wiring import bulks

Value = TypeVar("Value", float, complex)

MODES = {"ngspice": "", "hspice": "set ngbehavior=hsa\n", "ltspice": "set ngbehavior=lta\n", "dspf": ""}
BENCHES = {"ngspice": "tb.cir", "hspice": "tb.sp", "ltspice": "tb.net", "dspf": "tb.cir"}
ODD = 0.1
"""Relative difference of small signals up to which SPICE's slopes may be why."""
LACKS = {
    "ltspice": ".func if(x,y,z) {ternary_fcn(x,y,z)}\n",
    "hspice": ".options reltol=1e-9 vntol=1e-12 abstol=1e-15\n",
}
"""What ngspice has no word for, or another one, in a mode."""
WARM = (r" tc=(\S+),\s(?:\+ )?(\S+)", r" tc1=\1 tc2=\2")
"""LTspice's temperature coefficients, and what other simulators that read it call them."""
JOINTS = {"dspf": DIVIDER}
"""What stands for the dot in the names of nodes in cells, where a format is flat."""

SOURCE = re.compile(r"^(?P<head>[vi]\w* (?P<nets>\S+ \S+)) (?:dc )?(?P<dc>\S+)", re.IGNORECASE | re.MULTILINE)


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Node voltages at the operating point of the bench, and small signals there."""
    bench = folder / BENCHES[format]
    title, _, rest = bench.read_text().partition("\n")
    bench.write_text(f"{title}\n{LACKS.get(format, '')}{rest}")
    if format == "ltspice":
        (folder / "dut.net").write_text(re.sub(*WARM, (folder / "dut.net").read_text()))
    joint = JOINTS.get(format, ".")
    names = {node: node.replace(".", joint) for node in design.nodes.values()}
    yield from simulated("ngspice", format, design, folder, bench.name, names, MODES[format])


def simulated(
    tool: str, format: str, design: Design, folder: Path, deck: str, names: Mapping[str, str], mode: str = ""
) -> Iterator[Check]:
    """The rows of a deck that ngspice runs for a tool. names: what it calls the nodes of the design, from the device under test.
    A deck that another tool made is looked at once more: what it was made of may say more than files did."""
    if found := forbidden_to_run(folder, format, deck):
        yield complaint(tool, format, "operating point", f"error: not run, for {found}")
        return
    (folder / ".spiceinit").write_text(f"set filetype=ascii\n{mode}")
    text, raw = (folder / deck).read_text(), folder / "point.raw"
    (folder / deck).write_text(_with_signals(text, design.top.ports))
    done = ran(["ngspice", "-b", "-r", raw.name, deck], folder)
    result = raw.read_text() if done.status == 0 and raw.is_file() else ""
    point, signals = operating_point(result), small_signals(result)
    if not point:
        yield complaint(tool, format, "operating point", done.said)
        return
    yield voltages(tool, format, design, _by_name(point, names))
    answers = {frequency: _by_name(of, names) for frequency, of in signals.items()}
    yield _excused(answered(tool, format, design, answers), design)


def _with_signals(deck: str, ports: Sequence[str]) -> str:
    """A deck with a signal at each source of its bench, and an analysis of them; the device under test is elsewhere, or behind."""

    def louder(found: re.Match[str]) -> str:
        return f"{found['head']} dc {found['dc']} ac {signal(ports, found['nets'].split())!r}"

    head, mark, cells = deck.partition("\n.subckt ")
    swept = f".ac dec 1 {FREQUENCIES[0]!r} {FREQUENCIES[-1]!r}"
    return re.sub(r"^\.op$", f".op\n{swept}", SOURCE.sub(louder, head), flags=re.MULTILINE) + mark + cells


def _by_name(vectors: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    found = {dotted(name): value for name, value in vectors.items()}
    return {node: found[name] for node, name in names.items() if name in found}


def _excused(row: Check, design: Design) -> Check:
    """Not checked where it fails by little and SPICE itself is known to be off."""
    if row.verdict == PASSED or row.difference is None or row.difference > ODD or not (odd := _ahead(design)):
        return row
    said = f"{row.theirs}; SPICE has other slopes where a bulk is ahead of its source, as of {odd} here"
    return replace(row, theirs=said, verdict=NOT_CHECKED)


def _ahead(design: Design) -> str:
    """A transistor with body effect whose bulk is ahead of its source, or nothing: there SPICE's level 1 has a straight line for a
    square root in its current, and not the slope of that line."""
    return next((path for path, leaf, ahead in bulks(design) if leaf.numbers["gamma"] and ahead > 0), "")


def dotted(name: str) -> str:
    """`xdut.xe_0.g` as it is from the device under test: `xe_0.g`."""
    return name.removeprefix("xdut.")


VERIFIER = Verifier(
    "ngspice",
    "simulates",
    tuple(MODES),
    "apt-get install ngspice",
    partial(of_program, "ngspice", "--version", r"ngspice-(\S+)"),
    check,
)
