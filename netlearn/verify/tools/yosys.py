"""yosys reads structural Verilog, and gives every cell with its nets and numbers, which it prints with six decimals: of a
capacitance, or a length in metres, nothing that says much. iverilog has those."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.export.design import Design
from netlearn.verify.child import asked
from netlearn.verify.model import Check, Verifier, complaint, ran
from netlearn.verify.verilog import by_yosys, told
from netlearn.verify.versions import of_program
from netlearn.verify.wiring import WIRING, Printing, compared, leaves

PRINTING = Printing("from 0.001, to six decimals", lambda value: float(f"{value:f}"), least=1e-3)


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Devices, nets, pins; numbers to six decimals."""
    script = "read_verilog dut.v; hierarchy -check -top dut; write_json read.json"
    found = ran(["yosys", "-q", "-p", script], folder)
    results = folder / "read.json"
    if found.status != 0 or not results.is_file():
        yield complaint("yosys", format, WIRING, found.said)
        return
    ours = leaves(design)
    theirs = told(asked(by_yosys, results, len(ours.devices) + 1))
    yield from compared("yosys", format, ours, theirs, PRINTING)


VERIFIER = Verifier(
    "yosys",
    "reads Verilog",
    ("verilog",),
    "apt-get install yosys",
    partial(of_program, "yosys", "-V", r"Yosys (\S+)"),
    check,
)
