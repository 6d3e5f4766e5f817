"""Yields: Wilson's interval against published values and by simulation, histograms, chips that are lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlearn.factory.yields import good, wilson
from netlearn.lang.conditions import condition

PUBLISHED = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0, 0.1611),
    (1, 29): (0.0061, 0.1718),
}
"""95 % score intervals of Newcombe, Statistics in Medicine 17, 857 (1998), table I, method 3."""


@pytest.mark.parametrize(("good", "chips"), PUBLISHED)
def test_the_interval_is_the_published_one(good: int, chips: int) -> None:
    found = wilson(good, chips)
    assert (found.low, found.high) == pytest.approx(PUBLISHED[good, chips], abs=5e-5)
    assert found.part == good / chips


@pytest.mark.parametrize("part", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("chips", [20, 100, 1000])
def test_the_interval_holds_the_truth_in_95_of_100_studies(part: float, chips: int) -> None:
    """On average over all outcomes, exactly, from the binomial distribution."""
    from scipy.stats import binom

    outcomes = np.arange(chips + 1)
    holds = [wilson(int(k), chips).low <= part <= wilson(int(k), chips).high for k in outcomes]
    coverage = float(binom.pmf(outcomes, chips, part) @ holds)
    assert coverage == pytest.approx(0.95, abs=0.035 if chips < 1000 else 0.015)


@given(st.integers(1, 10_000_000), st.data())
def test_an_interval_lies_around_its_part_and_within_0_and_1(chips: int, data: st.DataObject) -> None:
    found = wilson(data.draw(st.integers(0, chips)), chips)
    assert 0.0 <= found.low <= found.part <= found.high <= 1.0
    assert found.low < found.high


def test_a_yield_is_told_with_its_interval() -> None:
    assert str(wilson(81, 263)) == "30.8 % (25.53 to 36.62 %)"


NAN = float("nan")


def test_a_chip_whose_error_is_no_number_is_not_good() -> None:
    metrics = {"mse": np.array([1e-6, NAN, 1e-2]), "error": np.array([1e-3, NAN, 1e-1])}
    assert good(metrics, [condition("error < 1V", "--spec")]).tolist() == [True, False, True]
    assert good(metrics, [condition("error > 1V", "--spec")]).tolist() == [False, False, False]
    assert good(metrics, [condition("error < 1V", "--spec"), condition("mse < 1e-3", "--spec")]).tolist() == [
        True,
        False,
        False,
    ]
    assert good(metrics, []).tolist() == [True, False, True]


def test_words_of_conditions_are_joined_as_they_are_written() -> None:
    metrics = {"error": np.array([1e-3, 3e-3, 5e-3])}
    assert good(metrics, [condition("error < 2mV or error > 4mV", "--spec")]).tolist() == [True, False, True]
