"""Chips on disk, as DuckDB and pandas read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from line_samples import DIVIDER, order_of

from netlearn.factory import rows
from netlearn.factory.order import make


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    make(order_of(DIVIDER, draws=300, corners=("tt", "ss")), folder / "chips", lambda *_: None)
    return folder


def test_duckdb_reads_them_in_two_lines(out: Path) -> None:
    import duckdb

    found = duckdb.sql(
        f"select corner, count(*), median(programmed_error), avg((error < 2e-3)::int) "
        f"from '{out}/chips/*.parquet' group by corner order by corner"
    ).fetchall()
    assert [(corner, count, part) for corner, count, _, part in found] == [("ss", 300, 1.0), ("tt", 300, 1.0)]


def test_pandas_reads_them_in_two_lines(out: Path) -> None:
    import pandas

    chips = pandas.read_parquet(out / "chips")
    assert len(chips) == 600
    assert sorted(chips["draw"].unique()) == list(range(300))
    assert (chips["end"] == "done").all()
    assert np.stack(chips["states"].to_list()).shape == (600, 1)
    assert chips["programmed_error"].median() > chips["error"].max()


def test_both_read_the_same_numbers_as_we_do(out: Path) -> None:
    import duckdb

    paths = sorted((out / "chips").glob("tt-*.parquet"))
    ours = rows.load(paths, ["draw", "error", "states"], 300)
    theirs = duckdb.sql(f"select draw, error, states from '{out}/chips/tt-*.parquet' order by draw").fetchnumpy()
    assert np.array_equal(ours["draw"], theirs["draw"])
    assert np.array_equal(ours["error"], theirs["error"])
    assert np.array_equal(ours["states"][:, 0], [one[0] for one in theirs["states"]])


def test_what_is_saved_is_loaded_bit_by_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    columns = {
        "draw": np.arange(5),
        "error": np.array([0.0, np.nan, np.inf, 5e-324, -1.7e308]),
        "end": np.array(["done", "steps", "lost", "", "ü"]),
        "states": rng.normal(size=(5, 3)),
    }
    for name in ("a", "b"):
        rows.save(tmp_path / f"{name}.parquet", columns)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    found = rows.load([tmp_path / "a.parquet"], columns, 5)
    for name, of in columns.items():
        assert (
            found[name].tolist() == pytest.approx(of.tolist(), nan_ok=True)
            if name == "error"
            else np.array_equal(found[name], of)
        )
    assert rows.load([tmp_path / "a.parquet"], ["draw"], 2)["draw"].tolist() == [0, 1]
    assert rows.holds(tmp_path / "a.parquet", 5)
    assert rows.holds(tmp_path / "a.parquet", 4)
    assert not rows.holds(tmp_path / "a.parquet", 6)
    assert not rows.holds(tmp_path / "c.parquet", 1)
