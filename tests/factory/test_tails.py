"""Rare failures: subset simulation against closed forms and against counting."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lines import DIVIDER, SOFT, order, works
from scipy.stats import norm

from netlearn.circuit.flat import Floats
from netlearn.cli import main
from netlearn.errors import TaskError
from netlearn.factory.study import Causes, Curves, study
from netlearn.factory.tails import HUGE, LEVELS, performance, subset
from netlearn.factory.yields import wilson
from netlearn.lang.conditions import condition
from netlearn.study.findings import Drawer

SPREADS = "NMOS.vto ~ 60mV lot 60mV\n  R.r ~ 3% lot 3%"


def _now(name: str, find: Any) -> Any:
    """Nothing is kept."""
    return find()


def _quiet(what: str, done: int, every: int) -> None:
    """No progress is shown."""


@pytest.mark.parametrize("beta", [3.0, 4.0, 5.0])
@pytest.mark.parametrize("count", [2, 100])
def test_the_interval_holds_the_probability_of_a_linear_limit(beta: float, count: int) -> None:
    """P = Phi(-beta) whatever the number of dimensions."""
    direction, known = np.ones(count) / np.sqrt(count), float(norm.cdf(-beta))
    found = [subset(lambda z: z @ direction, beta, count, 1000, seed, _now) for seed in range(40)]
    assert sum(of.low <= known <= of.high for of in found) >= 36
    assert np.mean([of.probability for of in found]) == pytest.approx(known, rel=0.3)
    assert all(0.3 < level.accepted < 0.6 for of in found for level in of.levels[1:])
    assert max(of.evaluations for of in found) < 1000 * (1 + np.ceil(-np.log10(known)))


def test_more_chips_a_level_tell_it_better() -> None:
    few, many = (subset(lambda z: z[:, 0], 4.0, 3, draws, 0, _now) for draws in (500, 20_000))
    assert many.variation < 0.25 * few.variation
    assert many.low <= float(norm.cdf(-4.0)) <= many.high


def test_two_ways_to_fail_are_both_found() -> None:
    """|z| >= 3.5 of one number: twice Phi(-3.5)."""
    found = subset(lambda z: np.abs(z[:, 0]), 3.5, 10, 2000, 1, _now)
    assert found.low <= 2 * float(norm.cdf(-3.5)) <= found.high


def test_chips_that_fail_lie_where_failing_is_likeliest() -> None:
    """Of z >= 4 in the direction (0.6, 0, 0.8): its mean is phi(4) / Phi(-4) = 4.226 that way."""
    found = subset(lambda z: z @ np.array([0.6, 0.0, 0.8]), 4.0, 3, 10_000, 0, _now)
    mean = float(norm.pdf(4.0) / norm.cdf(-4.0))
    assert found.levels[-1].centre == pytest.approx([0.6 * mean, 0.0, 0.8 * mean], abs=0.2)


def test_what_is_not_rare_is_counted() -> None:
    found = subset(lambda z: z[:, 0], 0.0, 2, 1000, 0, _now)
    assert len(found.levels) == 1
    assert found.probability == pytest.approx(0.5, abs=0.05)
    assert found.evaluations == 1000
    assert found.plain == pytest.approx(1000, rel=0.01)


def test_what_never_fails_is_told_to_be_rarer_than_can_be_told() -> None:
    found = subset(lambda z: np.tanh(z[:, 0]), 1.5, 2, 200, 0, _now)
    assert found.probability == found.low == 0.0
    assert len(found.levels) == LEVELS
    assert 0 < found.high < 1e-4


def test_what_has_no_answer_has_failed() -> None:
    def g(z: Floats) -> Floats:
        return np.where(z[:, 0] > 3.0, HUGE, z[:, 0])

    found = subset(g, 100.0, 2, 2000, 0, _now)
    assert found.low <= float(norm.cdf(-3.0)) <= found.high


@pytest.mark.slow
def test_chips_fail_as_often_as_counting_a_quarter_of_a_million_says() -> None:
    of = works(order(SOFT, SPREADS), threads=2)
    g, count, limit = performance(of, "programmed", "error"), len(of.numbers), 31.4e-3
    rng = np.random.default_rng(4)
    values = np.concatenate([g(rng.standard_normal((25_000, count))) for _ in range(10)])
    counted = wilson(int((values >= limit).sum()), len(values))
    assert 3e-4 < counted.part < 3e-3
    found = [subset(g, limit, count, 1000, seed, _now) for seed in range(5)]
    assert sum(one.low <= counted.high and counted.low <= one.high for one in found) >= 4
    assert all(one.plain > 2 * one.evaluations for one in found)


def test_threads_and_chunks_make_no_difference() -> None:
    each = [works(order(SOFT, SPREADS), threads) for threads in (1, 2)]
    one, two = (subset(performance(of, "programmed", "error"), 0.04, 5, 300, 3, _now) for of in each)
    assert one == two
    assert len(one.levels) > 2


def test_levels_that_are_done_are_not_done_again(tmp_path: Path) -> None:
    """A kill in the third level: what follows is as if it had not been."""
    whole = subset(Interrupted(1000), 4.0, 6, 500, 2, Drawer(tmp_path / "whole", "mc", {}).under("tail"))
    drawer = Drawer(tmp_path / "killed", "mc", {})
    with pytest.raises(KeyboardInterrupt):
        subset(Interrupted(60), 4.0, 6, 500, 2, drawer.under("tail"))
    assert len([*(tmp_path / "killed" / "cells").iterdir()]) == 2
    left = Interrupted(1000)
    assert subset(left, 4.0, 6, 500, 2, drawer.under("tail")) == whole
    assert left.calls == 3 * 45  # of five levels
    assert len(whole.levels) == 5


class Interrupted:
    """g = z_0, which is interrupted after so many calls."""

    def __init__(self, most: int) -> None:
        self.most, self.calls = most, 0

    def __call__(self, z: Floats) -> Floats:
        self.calls += 1
        if self.calls > self.most:
            raise KeyboardInterrupt
        return z[:, 0]


@pytest.mark.parametrize("way", ["programmed", "learned"])
def test_a_study_has_the_tail_of_chips_in_either_way(way: str, tmp_path: Path) -> None:
    found = study(
        order(DIVIDER, "up ~ 1%\n  down ~ 2%", "mse < 1e-3", draws=8),
        Curves(),
        Causes(tail=way, tail_draws=100),
        Drawer(tmp_path / "out", "mc", {}),
        _quiet,
    )
    numbers = found.numbers["tail"]
    assert numbers["way"] == way
    assert found.tables["tail"].column("evaluations")[0] == 100
    assert sum(found.tables["tail"].column("evaluations")) == numbers["evaluations"]
    assert {of["group"] for of in numbers["centre"]} == {"R.r"}
    assert f"{way.capitalize()} chips without mse < 1e-3" in found.text


@pytest.mark.parametrize("spec", ["error > 10mV", "error < 10mV and mse < 1e-3", "steps < 100"])
def test_tails_are_of_one_error_below_a_limit(spec: str, tmp_path: Path) -> None:
    drawer = Drawer(tmp_path / "out", "mc", {})
    with pytest.raises(TaskError, match="has to be below a limit"):
        study(order(DIVIDER, "up ~ 1%", spec), Curves(), Causes(tail="programmed"), drawer, _quiet)
    assert not (tmp_path / "out" / "chips").exists()


def test_two_conditions_are_no_single_limit(tmp_path: Path) -> None:
    found = order(DIVIDER, "up ~ 1%")
    both = replace(found, wanted=(*found.wanted, condition("mse < 1e-3", "--spec")))
    with pytest.raises(TaskError, match="error < 10mV and mse < 1e-3"):
        study(both, Curves(), Causes(tail="programmed"), Drawer(tmp_path / "out", "mc", {}), _quiet)


def test_another_way_than_those_there_are_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="--tail sideways"):
        study(order(DIVIDER, "up ~ 1%"), Curves(), Causes(tail="sideways"), Drawer(tmp_path / "out", "mc", {}), _quiet)


def _command(folder: Path, monkeypatch: pytest.MonkeyPatch, *given: str) -> int:
    """`netlearn mc` on a divider in this process: its exit code."""
    path = folder / "divider.nl"
    path.write_text("netlearn 0.1\n" + DIVIDER.replace("MISMATCH", "up ~ 1%\n  down ~ 2% lot 5%"), encoding="utf-8")
    typed = ["netlearn", "mc", str(path), "--draws", "16", "--steps", "2", "--jobs", "1", "--out", str(folder / "out")]
    monkeypatch.setattr("sys.argv", [*typed, *given])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_command_has_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--spec", "error < 86mV", "--tail", "programmed", "--tail-draws", "100", "--only-draws", "8", "--json")
    assert _command(tmp_path, monkeypatch, *asked) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["sensitivity"]["expected_V"] == pytest.approx(numbers["sensitivity"]["measured_V"], rel=0.02)
    assert 0.001 < numbers["tail"]["probability"] < 0.05
    assert {row["cause"] for row in numbers["alone"]} == {"R.r", "R.r lot"}
    for name in ("sensitivity.csv", "alone.csv", "tail.csv", "mc.svg"):
        assert (tmp_path / "out" / name).read_text().count("\n") > 2, name


def test_without_being_asked_the_command_has_sensitivities_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _command(tmp_path, monkeypatch, "--spec", "error < 40mV") == 0
    assert "What puts outputs of programmed chips off (lots)" in capsys.readouterr().out
    assert not (tmp_path / "out" / "tail.csv").exists()
    assert _command(tmp_path, monkeypatch, "--spec", "error < 40mV", "--no-sensitivity") == 0
    assert "What puts outputs" not in capsys.readouterr().out


def test_the_command_refuses_a_tail_of_no_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _command(tmp_path, monkeypatch, "--spec", "error < 40mV", "--tail", "sideways") == 2
    assert "one of programmed, learned" in capsys.readouterr().err
