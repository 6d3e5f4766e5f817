"""One task held alone: relaxation, drift along its solutions, the limit, and the solution lines as they were measured."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from netlearn.cli.app import app
from netlearn.lang.compile import compile_netlist
from netlearn.study.drift import RELAXED, drift, limit, relaxation, straight, way
from netlearn.study.measured import LINES
from netlearn.study.stand import Stand, stand
from netlearn.study.wells import Site, site

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "clln"


@cache
def board(name: str, factor: float = 1.0) -> Stand:
    path = ROOT / "netlists" / "imperfect" / f"{name}.nl"
    return stand(compile_netlist(path.read_text(), str(path), path.parent), ["alpha", "beta"]).biased(factor)


@cache
def held(name: str, task: int, factor: float = 1.0, seconds: float = 2.0) -> dict[str, Any]:
    on = _site(name, factor)
    return drift(on, on.stand.rows[task], seconds, on.stand.start[0, on.free])


def _site(name: str, factor: float = 1.0) -> Site:
    return site(board(name, factor))


@pytest.mark.parametrize(("name", "task"), [("fig2a", 0), ("fig2a", 1), ("fig2b", 0), ("fig2b", 1), ("fig3", 1)])
def test_after_relaxation_the_values_drift_at_the_projection_of_the_bias_on_the_solution_line(
    name: str, task: int
) -> None:
    found = held(name, task)
    slope = found["line"][0]
    along = np.array([1.0, slope]) / np.hypot(1.0, slope)
    given = board(name).board.flaws.drift[0]
    assert found["speed"] == pytest.approx(abs(given @ along), rel=0.02)
    assert found["projection"] == pytest.approx(abs(given @ along), rel=0.02)
    assert 0.9 < found["speed"] < 6  # as on the board: 1 to 6 V/s


@pytest.mark.parametrize(
    ("name", "task"), [("fig2a", 0), ("fig2a", 1), ("fig2b", 0), ("fig2b", 1), ("fig3", 0), ("fig3", 1)]
)
def test_the_relaxation_is_the_slowest_rate_of_the_well(name: str, task: int) -> None:
    found = held(name, task)
    assert found["relaxation"] == pytest.approx(found["expected"], rel=0.06)


@pytest.mark.parametrize(("name", "task"), [("fig2a", 0), ("fig2a", 1), ("fig2b", 0), ("fig2b", 1), ("fig3", 1)])
def test_the_solution_lines_are_those_measured_on_the_board(name: str, task: int) -> None:
    slope, offset = held(name, task)["line"]
    measured = LINES[name][("alpha", "beta")[task]]
    assert slope == pytest.approx(measured[0], rel=0.025)
    assert offset == pytest.approx(measured[1], abs=0.02)


def test_each_sample_of_a_task_of_two_has_its_line_and_both_have_one_place_of_rest() -> None:
    on = _site("fig3")
    lines = [drift(on, on.stand.rows[0][k : k + 1], 1.0, on.stand.start[0])["line"] for k in range(2)]
    for line, name in zip(lines, ("alpha_1", "alpha_2"), strict=True):
        np.testing.assert_allclose(line, LINES["fig3"][name], atol=0.025)
    (a, b), (c, d) = lines
    across = (d - b) / (a - c)
    np.testing.assert_allclose(held("fig3", 0, 0.0)["rest"], (across, a * across + b), atol=0.05)
    assert held("fig3", 0)["speed"] < 0.01


def test_the_drift_ends_where_a_gate_meets_its_limit_at_the_time_that_its_speed_says() -> None:
    on = _site("fig2a")
    found = held("fig2a", 0)
    assert found["limit"]["G"][1] == pytest.approx(5.0, abs=1e-6)
    times, values = np.array(found["way"])[:, 0], np.array(found["way"])[:, 1:]
    relaxed = np.searchsorted(times, RELAXED / found["expected"])
    expected = times[relaxed] + (5.0 - values[relaxed, 1]) / found["velocity"][1]
    assert found["limit"]["t_s"] == pytest.approx(expected, abs=0.01)
    begin = on.stand.learn(on.stand.start, on.stand.show(on.stand.rows[0], found["limit"]["t_s"] - 1e-3))
    assert 4.98 < begin[0, 1] < 5.0 - 1e-6
    assert values[-1, 1] == 5.0  # and stays there


def test_without_a_bias_nothing_drifts() -> None:
    for task in (0, 1):
        found = held("fig2a", task, 0.0)
        assert found["speed"] < 1e-3
        assert found["limit"] is None
        assert found["line"] == [None, None]
        end = np.array(found["way"])[-1, 1:]
        slope, offset = held("fig2a", task)["line"]
        assert end[1] == pytest.approx(slope * end[0] + offset, abs=0.05)  # it came to rest on the line


def test_a_way_begins_at_the_start_and_each_point_of_it_is_what_learning_for_that_time_gives() -> None:
    on = _site("fig3")
    start, rows = on.stand.start[0], on.stand.rows[0]
    found = way(on, rows, 0.1, start, (0.02,))
    assert found.times[0] == 0
    assert found.times[-1] == pytest.approx(0.1, rel=1e-9)
    assert found.clear == len(found.times)
    assert limit(on, rows, found) is None
    np.testing.assert_array_equal(found.values[0], start)
    for k in (10, len(found.times) - 1):
        alone = on.stand.learn(on.stand.start, on.stand.show(rows, found.times[k]))
        np.testing.assert_allclose(found.values[k], alone[0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("drifts", [True, False])
def test_a_rate_is_found_in_errors_that_relax(drifts: bool) -> None:
    times = np.linspace(0.01, 0.07, 80)
    misses = np.outer(np.exp(-83.0 * times), [0.02, -0.01]) + 0.003 + drifts * np.outer(times, [0.01, 0.02])
    assert relaxation(times, misses, 60.0, drifts) == pytest.approx(83.0, rel=1e-4)
    assert np.isnan(relaxation(times, np.zeros((80, 2)), 60.0, drifts))


def test_a_line_is_the_one_through_most_points() -> None:
    x = np.linspace(0, 2, 50)
    y = 0.5 * x + 1.3 + np.where(x < 0.2, 0.1, 0.0)
    np.testing.assert_allclose(straight(x, y), (0.5, 1.3), atol=1e-6)


@pytest.mark.skipif(not DATA.is_dir(), reason="the measured data is not here")
def test_the_measured_cycle_of_the_board_runs_along_the_lines_towards_the_end_of_each_hold() -> None:
    """At a period of 0.2 s the measured gates end each hold near the solution line of the task that is held."""
    minus, plus = (
        np.array(row, dtype=float) for row in csv.reader((DATA / "bowtie-exp1-0.2s.csv").read_text().splitlines())
    )
    half = len(minus) // 2
    for task, end in ((1, slice(half - 8, half - 1)), (0, slice(2 * half - 8, 2 * half - 1))):
        slope, offset = held("fig2a", task)["line"]
        away = (slope * minus[end] + offset - plus[end]) / np.hypot(1.0, slope)
        assert np.abs(away).max() < 0.1  # of a way of 2 V


def test_the_command_leaves_ways_lines_and_a_picture(tmp_path: Path) -> None:
    out = tmp_path / "out"
    netlist = ROOT / "netlists" / "imperfect" / "fig2a.nl"
    asked = ["study", "drift", str(netlist), "--seconds", "0.3", "--solution", "--out", str(out), "--json"]
    said = CliRunner().invoke(app, asked)
    assert said.exit_code == 0, said.output
    numbers = json.loads(said.stdout)
    assert numbers["alpha"]["limit"] is None
    ways = list(csv.reader((out / "drift_beta.csv").read_text().splitlines()))
    assert ways[0] == ["t_s", "G_1", "G_2"]
    np.testing.assert_allclose([float(v) for v in ways[1]], (0, 2.1458, 2.5483), atol=1e-3)
    lines = list(csv.reader((out / "lines.csv").read_text().splitlines()))
    assert lines[0] == ["task", "slope", "offset_V"]
    assert [row[0] for row in lines[1:]] == ["alpha", "beta"]
    assert "measured: G_2 = 2.7257 G_1" in (out / "drift.md").read_text()
    assert (out / "drift.svg").is_file()
