"""The grammar and the shipped netlists are found in a wheel, in an editable install and in a bare checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import netlearn, pathlib
from netlearn.lang.library import shipped
netlist = netlearn.compile_file(shipped() / "iris.nl")
print(pathlib.Path(netlearn.__file__).parent, len(netlist.task.inputs))
"""


def _works(folder: Path, cwd: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    place, samples = done.stdout.rsplit(" ", 1)
    assert Path(place) == folder / "netlearn"
    assert int(samples) == 150


@pytest.mark.slow
def test_a_wheel_has_what_it_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    shutil.unpack_archive(wheel, tmp_path / "site", "zip")
    _works(tmp_path / "site", tmp_path)


def test_a_bare_checkout_has_what_it_needs(tmp_path: Path) -> None:
    for part in ("netlearn", "grammars", "netlists"):
        shutil.copytree(ROOT / part, tmp_path / "checkout" / part)
    _works(tmp_path / "checkout", tmp_path)


def test_the_installed_package_has_what_it_needs(tmp_path: Path) -> None:
    """In this project's .venv that is the editable install."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(" 150")
