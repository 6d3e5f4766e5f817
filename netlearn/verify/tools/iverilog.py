"""Icarus Verilog elaborates structural Verilog. What it has read is in the netlist that it can print: every instance, the net
that each of its ports is on (an address), parameters to six digits, and a pulldown on every net that is ground. Nothing is run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.export.design import Design
from netlearn.verify.child import asked
from netlearn.verify.model import Check, Verifier, complaint, ran
from netlearn.verify.verilog import by_iverilog, told
from netlearn.verify.versions import of_program
from netlearn.verify.wiring import WIRING, Printing, compared, leaves

PRINTING = Printing("to six digits", lambda value: float(f"{value:g}"))


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Devices, nets, pins; numbers to six digits."""
    found = ran(["iverilog", "-t", "null", "-Wall", "-N", "read.txt", "-s", "dut", "dut.v"], folder)
    results = folder / "read.txt"
    if found.status != 0 or found.said.strip() or not results.is_file():
        yield complaint("iverilog", format, WIRING, found.said)
        return
    yield from compared("iverilog", format, leaves(design), told(asked(by_iverilog, results)), PRINTING)


VERIFIER = Verifier(
    "iverilog",
    "reads Verilog",
    ("verilog",),
    "apt-get install iverilog",
    partial(of_program, "iverilog", "-V", r"Icarus Verilog version (\S+)"),
    check,
)
