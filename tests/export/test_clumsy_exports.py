"""What somebody may type by mistake: it is told, with what to type, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from exported import ROOT
from typer.testing import CliRunner

from netlearn.cli.app import app
from netlearn.errors import NetlearnError

MISTAKES = {
    "a process for what is not laid out": ("--to ngspice --pdk sky130", "--pdk means nothing for ngspice"),
    "a process misspelt, of all formats": ("--to all --pdk sky131", "there is no such process"),
    "a process misspelt, of a layout": ("--to gds,ngspice --pdk skywater", "there is no such process"),
    "a mismatch without a chip": ("--to ngspice --mismatch one", "--mismatch means nothing without --draw"),
    "no format": ("--to ,", "there is no format ''"),
}


@pytest.mark.parametrize(("typed", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_slip_is_told_and_writes_nothing(typed: str, told: str, tmp_path: Path) -> None:
    command = ["export", str(ROOT / "netlists/divider.nl"), *typed.split(), "--out", str(tmp_path / "x")]
    found = CliRunner().invoke(app, command)
    assert isinstance(found.exception, NetlearnError)
    assert told in str(found.exception)
    assert found.exception.help
    assert not (tmp_path / "x").exists()
