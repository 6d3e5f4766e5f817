"""Random designs as CDL, Verilog and DSPF: every tool that is here reads the circuit that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from excuses import excused
from exported import gallery_design, random_design

from netlearn.export.design import Design
from netlearn.export.formats import FORMATS, Order
from netlearn.verify.tools import VERIFIERS

READERS = [
    ("cdl", "netgen"),
    ("cdl", "klayout"),
    ("verilog", "yosys"),
    ("verilog", "iverilog"),
    ("dspf", "annotations"),
    ("dspf", "ngspice"),
]


def verdicts(tool: str, format: str, design: Design, folder: Path) -> set[str]:
    """What a tool says, but for what it cannot say, of a design in a format; skipped where it is not here."""
    verifier = VERIFIERS[tool]
    if verifier.version() is None:
        pytest.skip(f"no {tool} here: {verifier.get}")
    for name, what in FORMATS[format].write(design, Order("nominal")).items():
        assert isinstance(what, str)
        (folder / name).write_text(what)
    return {row.verdict for row in verifier.check(folder, format, design) if not excused(row)}


@pytest.mark.parametrize(("format", "tool"), READERS)
@pytest.mark.parametrize("seed", range(0, 50, 5))
def test_a_random_design_is_what_a_tool_reads(seed: int, format: str, tool: str, tmp_path: Path) -> None:
    assert verdicts(tool, format, random_design(seed), tmp_path) == {"passed"}


@pytest.mark.parametrize(("format", "tool"), READERS)
def test_a_manufactured_chip_is_what_a_tool_reads(format: str, tool: str, tmp_path: Path) -> None:
    chip = gallery_design("netlists/factory/regression.nl", draw=3)
    assert verdicts(tool, format, chip, tmp_path) == {"passed"}
