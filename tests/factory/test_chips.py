"""Chips of a line: the same whoever makes them, with whom, in which engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from line_samples import DIVIDER, TRANSISTORS, line_of

from netlearn.backends import open_backend
from netlearn.circuit.chance import Keyed, draw_seeds
from netlearn.circuit.flat import initial
from netlearn.errors import NetlistError
from netlearn.factory.learning import Columns
from netlearn.factory.line import Line, chips, made
from netlearn.lang.compile import compile_netlist
from netlearn.learn.plan import make_plan
from netlearn.learn.task import make_task
from netlearn.learn.train import Trainer, train

FACTS = ("draw", "corner", "key", "steps", "end")


def _same(one: Columns, other: Columns, rel: float) -> None:
    """Columns are as near as that; what is counted is equal."""
    assert one.keys() == other.keys()
    for name in one:
        if name in FACTS:
            assert one[name].tolist() == other[name].tolist(), name
        else:
            assert np.allclose(one[name], other[name], rtol=rel, atol=0.0, equal_nan=True), name


def _numbers(line: Line, first: int, last: int) -> Columns:
    return dict(chips(line, first, last).columns)


@pytest.mark.parametrize("steps", [40, None])
def test_the_same_chip_has_the_same_error_on_native_and_on_ngspice(steps: int | None) -> None:
    line = line_of(TRANSISTORS, steps=steps)
    native, ngspice = (_numbers(replace(line, backend=name), 0, 5) for name in ("native", "ngspice"))
    _same(native, ngspice, 1e-6)
    assert np.ptp(native["programmed_error"].astype(float)) > 1e-3
    assert np.ptp(native["error"].astype(float)) > 1e-4


def test_chips_made_in_a_corner_are_the_same_on_both_as_well() -> None:
    line = replace(line_of(TRANSISTORS, steps=20), corner="ss", tolerance=2.0, area=4.0)
    _same(_numbers(line, 3, 6), _numbers(replace(line, backend="ngspice"), 3, 6), 1e-6)


@pytest.mark.parametrize("text", [DIVIDER, TRANSISTORS], ids=["divider", "transistors"])
def test_chips_made_side_by_side_are_those_made_alone(text: str) -> None:
    line = line_of(text)
    many = _numbers(line, 0, 21)
    for k in (0, 7, 8, 20):
        _same(_numbers(line, k, k + 1), {name: of[k : k + 1] for name, of in many.items()}, 1e-9)
    _same(_numbers(line, 5, 14), {name: of[5:14] for name, of in many.items()}, 1e-9)


@pytest.mark.parametrize("text", [DIVIDER, TRANSISTORS], ids=["divider", "transistors"])
def test_a_chip_learns_what_training_its_board_gives(text: str) -> None:
    line = line_of(text)
    many, keys = _numbers(line, 0, 4), draw_seeds(line.seed, 0, 4)
    nominal = initial(line.circuit, line.seed)
    plan = make_plan(line.circuit, nominal)
    backend = open_backend("native", line.circuit)
    trainer = Trainer(line.circuit, line.task, backend, line.seed)
    for k, key in enumerate(keys):
        *_, last = train(trainer, board=made(line, plan, nominal, Keyed((key,))))
        assert many["steps"][k] == last.steps
        assert np.allclose(many["states"][k].astype(float), last.states[0], rtol=1e-9)
        assert many["error"][k] == pytest.approx(last.metrics["error"], rel=1e-6)
        assert many["found"][k] == last.settled / last.solves
    backend.close()


def test_a_chip_is_made_with_the_key_of_its_draw() -> None:
    line = line_of(DIVIDER)
    assert _numbers(line, 4, 7)["key"].tolist() == list(draw_seeds(3, 4, 7))
    assert _numbers(line, 4, 7)["draw"].tolist() == [4, 5, 6]


def test_chips_that_only_keep_what_was_learned_have_the_same_numbers_without_learning() -> None:
    line = line_of(DIVIDER)
    every, kept = _numbers(line, 0, 5), _numbers(replace(line, learns=False), 0, 5)
    assert set(kept) == {name for name in every if name in FACTS[:3] or name.startswith(("before_", "programmed_"))}
    for name in kept:
        assert np.array_equal(kept[name], every[name]), name


def test_without_any_spread_all_chips_are_the_ideal_one() -> None:
    line = replace(line_of(DIVIDER), tolerance=1e-12)
    found = _numbers(line, 0, 3)
    assert np.ptp(found["programmed_error"].astype(float)) < 1e-12
    assert np.allclose(found["states"].astype(float), line.trained, rtol=1e-8)


def test_more_tolerance_spoils_programmed_chips_in_proportion() -> None:
    line = line_of(DIVIDER)
    once, twice = (
        _numbers(replace(line, learns=False, tolerance=k), 0, 200)["programmed_error"].astype(float) for k in (0.5, 1.0)
    )
    assert np.median(twice) / np.median(once) == pytest.approx(2.0, rel=0.1)


def test_chips_that_learn_by_themselves_make_up_for_what_is_off() -> None:
    found = _numbers(line_of(DIVIDER), 0, 32)
    assert set(found["end"].tolist()) == {"done"}
    assert found["error"].astype(float).max() < 1e-6 < 1e-4 < np.median(found["programmed_error"].astype(float))


UPDATED = DIVIDER.replace("  stop", "  update written(relative = 0.2)\n  stop").replace("steps > 600", "steps > 60")


def test_chips_with_an_update_draw_its_noise_each_for_itself_and_always_the_same() -> None:
    line = line_of(UPDATED)
    many = _numbers(line, 0, 4)
    _same(_numbers(line, 2, 4), {name: of[2:4] for name, of in many.items()}, 1e-9)
    assert len({tuple(row) for row in many["states"].tolist()}) == 4


TAME = DIVIDER.replace("R r1(a, b) = learn(10k, 1k..100k)", "G r1(a, b) = learn(0.1mS)").replace("1uV", "3mV")
WILD = TAME.replace("rate = 2e-3", "rate = 1e300")


def test_a_chip_that_runs_away_is_lost_and_the_others_are_not() -> None:
    """Steps are such that values leave all bounds at once, but for chips that are within 3 mV of their labels as they come."""
    tame = line_of(TAME.replace("0.1mS", "43uS"), steps=3)
    wild = make_task(compile_netlist(WILD).task, seed=3)
    found = _numbers(replace(tame, task=wild, steps=None), 0, 40)
    lost = found["end"] == "lost"
    assert 0 < lost.sum() < 40
    assert set(found["end"][~lost].tolist()) == {"done"}
    assert np.isnan(found["error"][lost].astype(float)).all()
    assert np.isnan(found["states"][lost].astype(float)).all()
    assert (found["error"][~lost].astype(float) < 3e-3).all()
    assert np.isfinite(found["programmed_error"].astype(float)).all()


def test_a_corner_without_a_channel_leaves_parts_typical() -> None:
    line = line_of(DIVIDER)
    slow, typical = (_numbers(replace(line, corner=name, learns=False), 0, 5) for name in ("ss", "tt"))
    assert np.array_equal(slow["programmed_error"], typical["programmed_error"])


def test_an_imperfection_that_does_not_fit_is_refused_at_its_place() -> None:
    with pytest.raises(NetlistError, match="twins"):
        chips(line_of(DIVIDER.replace("  stop", "  imperfection twins(vt = 5mV)\n  stop")), 0, 2)
