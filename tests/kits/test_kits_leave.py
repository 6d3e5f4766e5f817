"""Netlists of process kits, exported for the kit they are of: nothing that reads them finds another circuit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from netlearn.cli.app import app
from netlearn.kits import KITS

GALLERY = Path(__file__).parents[2] / "netlists" / "kits"


@pytest.mark.parametrize("kit", KITS)
def test_every_tool_reads_a_circuit_of_a_kit(
    kit: str, real: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = real(kit)
    monkeypatch.chdir(folder)
    shutil.copy(GALLERY / f"{kit}.nl", folder)
    made = CliRunner().invoke(app, ["export", f"{kit}.nl", "--to", "all", "--pdk", kit, "--out", "x"])
    assert made.exit_code == 0, made.output
    found = CliRunner().invoke(app, ["verify", "x", "--json"])
    rows = json.loads(found.stdout)["checks"]
    assert [row for row in rows if row["verdict"] == "failed"] == []
    assert {"ngspice", "cdl", "json"} <= {row["format"] for row in rows}
