"""Machine code is kept where it can be, and never where it could be stale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import netlearn
from netlearn import jit
from netlearn.backends.ngspice import stream
from netlearn.devices.machine import COMPILER
from netlearn.jit import objects
from netlearn.solve import newton, teaching

ROOT = Path(netlearn.__file__).parent


class Inner(NamedTuple):
    values: np.ndarray
    count: int


class Outer(NamedTuple):
    inner: Inner
    places: np.ndarray


@jit.inlined
def _half(values: Any, group: int) -> Any:
    return values[group]


@jit.compiled
def _fill(outer: Outer, table: Any, doubled: bool) -> None:
    row = _half(outer.inner.values, 1)
    for k in range(outer.inner.count):
        row[outer.places[k]] = 2.0 * table[k, 0] if doubled else table[k, 0]


def filled(count: int, doubled: bool, places: Any = (2, 0)) -> list[float]:
    values = np.zeros((2, 3))
    _fill(Outer(Inner(values, count), np.array(places)), np.array([[5.0, 1.0], [7.0, 1.0]]), doubled)
    assert not values[0].any()
    return values[1].tolist()  # type: ignore[no-any-return]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("NETLEARN_CACHE", str(tmp_path))
    monkeypatch.setattr(objects, "_addresses", {})
    monkeypatch.setattr(_fill, "_known", {})
    monkeypatch.setattr(_fill, "_last", jit.Entry((), [], [], lambda _: 1))
    return tmp_path


def test_machine_code_reads_arrays_numbers_and_truths_of_nested_tuples() -> None:
    assert filled(2, False) == [7.0, 0.0, 5.0]
    assert filled(1, True) == [0.0, 0.0, 10.0]
    assert filled(2, True, places=(1, 1)) == [0.0, 14.0, 0.0]


@jit.compiled
def _scale(number: Any, values: Any) -> None:
    values[0] = number * values[0]


def test_a_number_may_be_a_float_of_python_or_of_numpy() -> None:
    values = np.array([3.0])
    for number in (0.5, np.float64(0.25), 4.0):
        _scale(number, values)
    assert values[0] == 1.5


@jit.compiled
def _add(values: Any, total: Any) -> None:
    for k in range(values.size):
        total[0] += values[k]


def test_arguments_of_each_kind_have_machine_code_of_their_own() -> None:
    total = np.zeros(1)
    for values in (np.array([1, 2]), np.array([0.5, 0.25]), np.array([3])):
        _add(values, total)
    assert total == [6.75]


@pytest.mark.parametrize(
    "values",
    [np.ones(3, dtype=np.float32), np.ones(3, dtype=np.int16), np.ones(6)[::2], np.ones(3, dtype=">f8")],
    ids=["float32", "int16", "strided", "bytes in the other order"],
)
def test_what_machine_code_cannot_read_is_refused(values: Any) -> None:
    total = np.zeros(1)
    _add(np.ones(3), total)
    with pytest.raises(TypeError, match="machine code takes"):
        _add(values, total)
    assert total == [3.0]


def test_machine_code_is_made_once_and_then_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not jit.is_kept(_fill)
    filled(2, False)
    assert jit.is_kept(_fill)
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(_fill, "_known", {})
    monkeypatch.setattr(objects, "_addresses", {})
    monkeypatch.setattr(jit.Compiled, "_made", lambda *_: pytest.fail("made again"))
    assert filled(2, False) == [7.0, 0.0, 5.0]


def test_a_damaged_file_is_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(2, False)
    file = next(folder.iterdir())
    good = file.read_bytes()
    file.write_bytes(good[:-100] + bytes(100))
    monkeypatch.setattr(_fill, "_known", {})
    monkeypatch.setattr(_fill, "_last", jit.Entry((), [], [], lambda _: 1))
    monkeypatch.setattr(objects, "_addresses", {})
    assert filled(2, False) == [7.0, 0.0, 5.0]
    assert file.read_bytes() != good[:-100] + bytes(100)


def test_machine_code_that_cannot_be_kept_is_made_each_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("NETLEARN_CACHE", str(folder / "file" / "cache"))
    assert filled(2, False) == [7.0, 0.0, 5.0]
    assert not jit.is_kept(_fill)


def test_a_function_that_makes_arrays_is_refused(folder: Path) -> None:
    @jit.compiled
    def maker(values: Any) -> None:
        values[:] = np.ones(3)

    with pytest.raises(TypeError, match="must not make arrays"):
        maker(np.zeros(3))


def reached(text: str) -> set[str]:
    """The modules whose text decides what machine code is."""
    found = objects.everything(text)
    return {str(p.relative_to(ROOT)) for p in ROOT.rglob("*.py") if p.read_text("utf-8") in found and p.stat().st_size}


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        (Path(newton.__file__).read_text("utf-8"), {"solve/sparse.py", "solve/lanes.py", "solve/shape.py"}),
        (Path(teaching.__file__).read_text("utf-8"), {"solve/newton.py", "solve/learning.py", "circuit/flat.py"}),
        (Path(stream.__file__).read_text("utf-8"), {"backends/ngspice/simulator.py", "circuit/flat.py"}),
        (COMPILER, {"devices/vector.py", "devices/primitives.py"}),
    ],
    ids=["newton", "teaching", "stream", "law"],
)
def test_all_that_machine_code_is_made_from_is_part_of_its_name(text: str, modules: set[str]) -> None:
    assert reached(text) >= modules | {"jit/__init__.py", "jit/build.py", "jit/objects.py"}


def test_the_name_changes_with_a_text_far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    before = objects.name_of(newton.points_of_one.function, "")
    read = objects._text
    monkeypatch.setattr(objects, "_text", lambda f: read(f) + ("#" if f.name == "primitives.py" else ""))
    objects._digest.cache_clear()
    after = objects.name_of(newton.points_of_one.function, "")
    objects._digest.cache_clear()
    assert before != after


def test_imports_of_a_text_are_found_however_they_are_written() -> None:
    text = (
        "import netlearn.a\nfrom netlearn.b import (\n    C,\n    d as e,\n)\nfrom netlearn.f import g, h\nimport os\n"
    )
    assert objects.imported(text) == [
        "netlearn.a", "netlearn.b", "netlearn.b.C", "netlearn.b.d", "netlearn.f", "netlearn.f.g", "netlearn.f.h",
    ]  # fmt: skip


def test_neither_numba_nor_scipy_is_imported_where_all_is_on_disk(tmp_path: Path) -> None:
    netlist = tmp_path / "divider.nl"
    netlist.write_text("circuit C {\n  net a\n  V v(a, gnd) = 1V\n  R r(a, gnd) = 1k\n}\n")
    code = (
        f"import sys; sys.argv = ['netlearn', 'solve', {str(netlist)!r}]\n"
        "from netlearn.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('numba', 'scipy', 'sympy')))"
    )
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
