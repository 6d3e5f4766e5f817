"""Asking a tool for its version leaves nothing anywhere, and no answer of its ends anything."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from chip_cases import make
from verified import exported

from netlearn.verify import order
from netlearn.verify.model import FAILED
from netlearn.verify.tools import VERIFIERS
from netlearn.verify.versions import of_package, of_program

PROGRAMS = ("admsXml", "gnucap", "iverilog", "kicad-cli", "netgen-lvs", "ngspice", "xschem", "yosys")


def pretended(folder: Path, says: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that say what one tells them to, and write into HOME; the file in which they write where that is."""
    homes = folder / "homes"
    for name in PROGRAMS:
        (folder / name).write_text(f"#!/bin/sh\necho $HOME >> {homes}\nmkdir $HOME/.config\nprintf '{says}'\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return homes


def test_a_tool_that_writes_settings_at_its_first_start_writes_them_where_they_go_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = pretended(tmp_path, "version 9.1", monkeypatch)
    for verifier in VERIFIERS.values():
        verifier.version()
    used = [Path(home) for home in homes.read_text().split()]
    assert len(used) == len(PROGRAMS)
    assert not any(home.exists() for home in used)
    assert {home.parent for home in used} == {Path(tempfile.gettempdir())}


@pytest.mark.parametrize("says", ["", "nonsense\\n", "\\377\\n", "version=\\n", "9.\\n"])
def test_verify_survives_whatever_a_tool_says_of_its_version(
    says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretended(tmp_path, says, monkeypatch)
    monkeypatch.setattr(order, "VERIFIERS", {name: VERIFIERS[name] for name in ("adms", "yosys", "iverilog")})
    found = list(order.verify(exported(make(), tmp_path / "x", "verilog", "veriloga"), lambda _: None))
    assert {row.tool for row in found} >= {"adms", "yosys", "iverilog"}
    assert FAILED not in {row.verdict for row in found}


def test_what_is_not_installed_has_no_version() -> None:
    assert of_program("no-such-program", "--version", "(.*)") is None
    assert of_package("no-such-package") is None
