"""The cache of generated laws: it saves time, and is never needed or trusted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from netlearn.devices import Device, Param, kernel, law

DEVICE = Device("Probe", "a conductor of its own", ("p", "n"), (Param("g", "S", 1.0, ""),), "current i(p, n) = g * v^3")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NETLEARN_CACHE", str(tmp_path / "cache"))
    law._kernel.cache_clear()
    return tmp_path / "cache"


def cubed(volts: float = 2.0) -> float:
    law._kernel.cache_clear()
    return float(kernel(DEVICE).evaluate([np.array(volts), np.array(0.0)], [np.array(1.0)])[0])


def test_a_law_is_generated_once_and_then_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cubed() == 8.0
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(law, "_generate", lambda *_: pytest.fail("generated again"))
    assert cubed() == 8.0


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("3", "2"),
        lambda text: "raise SystemExit",
        lambda text: "\udcff",
    ],
    ids=["empty", "cut", "changed", "another program", "not text"],
)
def test_a_damaged_file_is_made_again(folder: Path, damage) -> None:
    cubed()
    file = next(folder.iterdir())
    good = file.read_text()
    file.write_bytes(damage(good).encode(errors="surrogateescape"))
    assert cubed() == 8.0
    assert file.read_text() == good


def test_a_file_of_another_generator_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cubed()
    monkeypatch.setattr(law, "generator", lambda: "a newer one")
    assert cubed() == 8.0
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NETLEARN_CACHE", str(tmp_path / "file" / "cache"))
    assert cubed() == 8.0


def test_sympy_is_not_imported_where_the_law_is_known() -> None:
    cubed()
    code = "import sys, netlearn.devices as d; d.kernel(d.DEVICES['R']); sys.exit('sympy' in sys.modules)"
    for status in (1, 0):
        assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == status
