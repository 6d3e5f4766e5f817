"""Every shipped netlist checks without a warning, is formatted, and trains to what it asserts: the gallery on ngspice where
that is quick enough, the public works and the meshes of the paper on the native engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netlearn.lang.compile import compile_file
from netlearn.lang.format import format_text
from netlearn.learn import session

ROOT = Path(__file__).resolve().parents[1]
NETLISTS = sorted((ROOT / "netlists").glob("*.nl"))
QUICK = sorted(path for folder in ("public", "gep") for path in (ROOT / "netlists" / folder).glob("*.nl"))
TASKS = [(path, name) for path in QUICK for name in re.findall(r"^task (\w+)", path.read_text(), re.MULTILINE)]
ENOUGH = {
    "digits": 3000,
    "digits98": 3000,
    "drn_digits": 4000,
    "digits_random": 6000,
    "digits_grid": 6000,
}  # steps, where what is asserted is reached long before the task's stop
BACKENDS = {"digits98": "native"}  # ngspice takes 0.1 s a solution of it
ALL = sorted((ROOT / "netlists").rglob("*.nl"))


@pytest.mark.parametrize("path", ALL, ids=lambda p: p.stem)
def test_a_shipped_netlist_checks_without_a_warning(path: Path) -> None:
    assert [w.render() for w in compile_file(path).warnings] == []


@pytest.mark.parametrize("path", ALL, ids=lambda p: p.stem)
def test_a_shipped_netlist_is_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_text(text, str(path)) == text


@pytest.mark.slow
@pytest.mark.parametrize("path", NETLISTS, ids=lambda p: p.stem)
def test_a_shipped_netlist_trains_to_what_it_asserts(path: Path, tmp_path: Path) -> None:
    trains_to_what_it_asserts(path, BACKENDS.get(path.stem, "ngspice"), tmp_path)


@pytest.mark.parametrize(("path", "name"), TASKS, ids=lambda part: part.stem if isinstance(part, Path) else part)
def test_a_public_work_or_mesh_trains_to_what_it_asserts(path: Path, name: str, tmp_path: Path) -> None:
    trains_to_what_it_asserts(path, "native", tmp_path, name)


def trains_to_what_it_asserts(path: Path, backend: str, tmp_path: Path, task: str | None = None) -> None:
    enough = ENOUGH.get(path.stem)
    run = session.start(compile_file(path), task, backend=backend, steps=enough, out=tmp_path / "run")
    try:
        for _ in run:
            pass
    finally:
        run.close()
    assert run.result["asserts"]
    assert all(run.result["asserts"].values())
    assert run.result["settled"] > 0.999
