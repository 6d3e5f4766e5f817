"""netgen compares the CDL with a flat netlist of design.json (LVS), as it would compare it with what was extracted from a layout.

Its exit status says nothing: what it prints does. It takes the pins of an empty cell for interchangeable, so black boxes get a
resistor at each pin in both netlists, of a model of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.export.design import Design
from netlearn.verify.lvs import Reference, process, reference
from netlearn.verify.model import FAILED, PASSED, Check, Verifier, complaint, ran
from netlearn.verify.versions import of_program

NEAR = 1e-9
"""Relative difference up to which sizes are the same; netgen's own is 1 %."""


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Devices, nets, pins and sizes."""
    given = (folder / "dut.cdl").read_text(encoding="utf-8")
    ours = reference(design, process(given))
    (folder / "given.sp").write_text(_filled(given))
    (folder / "reference.sp").write_text(_filled(ours.text))
    (folder / "setup.tcl").write_text(_setup(ours))
    command = ["netgen-lvs", "-batch", "lvs", "given.sp dut", "reference.sp dut", "setup.tcl", "result.out", "-json"]
    found = ran(command, folder)
    results = folder / "result.json"
    if found.status != 0 or not results.is_file():
        yield complaint("netgen", format, ours.size, found.said)
        return
    top = json.loads(results.read_text())[-1]
    theirs = f"{sum(count for _, count in top['devices'][0])} devices, {top['nets'][0]} nets"
    told = [line.strip() for line in found.said.splitlines() if line.startswith(("Result:", "Property errors"))]
    ports = {tuple(side) for side in top.get("pins", [])}  # matched by what they are on, whatever they are called
    same = told == ["Result: Circuits match uniquely."] and theirs == ours.size and len(ports) == 1
    theirs += "" if same else f"; {' '.join(told)}"
    yield Check("netgen", format, "devices, nets, sizes", ours.size, theirs, None, PASSED if same else FAILED)


def _setup(ours: Reference) -> str:
    lines = ["permute default", "property parallel none"]
    for side in ("-circuit1", "-circuit2"):
        lines += [f'property "{side} {m}" tolerance {{w {NEAR}}} {{l {NEAR}}}' for m in ours.sized]
        lines += [f'property "{side} {m}" tolerance {{value {NEAR}}}' for m in ours.valued]
    return "\n".join([*lines, ""])


def _filled(text: str) -> str:
    """A netlist with something in its empty cells by which their pins differ."""

    def fill(found: re.Match[str]) -> str:
        pins = [f"r{k} {pin} hub {k + 1} pin{k}" for k, pin in enumerate(found["pins"].split())]
        return "\n".join([found["head"], *pins, found["end"]])

    empty = r"(?P<head>^\.subckt \S+ (?P<pins>.*)$)\n(?:\*.*\n)*(?P<end>\.ends)"
    return re.sub(empty, fill, text.replace("\n+ ", " "), flags=re.IGNORECASE | re.MULTILINE)


VERIFIER = Verifier(
    "netgen",
    "compares netlists (LVS)",
    ("cdl",),
    "apt-get install netgen-lvs",
    partial(of_program, "netgen-lvs", "-batch quit", r"Netgen (\S+)"),
    check,
)
