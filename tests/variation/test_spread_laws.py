"""Laws of spread: each against its formula, and its moments over many parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from netlearn.circuit.chance import Keyed
from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.variation.laws import LAWS, Law

MANY = 100_000
W, L = 4e-6, 2e-6
NORMAL = Keyed((3,)).normal("laws", [str(k) for k in range(MANY)])


@dataclass(frozen=True)
class Case:
    """A law with its options, what it should be of a normal number, and its mean and standard deviation."""

    name: str
    options: dict[str, float]
    formula: Callable[[Floats], Floats]
    mean: float
    sd: float


S = np.sqrt(np.log(1.25))  # of a lognormal factor whose standard deviation is half of its mean
MEAN = np.sqrt(1.25)
CASES = [
    Case("normal", {"sd": 0.02}, lambda n: 0.02 * n, 0.0, 0.02),
    Case("uniform", {"half": 0.3}, lambda n: 0.3 * (2.0 * ndtr(n) - 1.0), 0.0, 0.3 / np.sqrt(3.0)),
    Case("lognormal", {"sd": 0.5}, lambda n: np.exp(S * n) - 1.0, MEAN - 1.0, 0.5 * MEAN),
    Case("lognormal", {"sd": 0.5, "median": 2.0}, lambda n: 2.0 * np.exp(S * n), 2.0 * MEAN, 1.0 * MEAN),
    Case("pelgrom", {"a": 7e-9}, lambda n: 7e-9 / np.sqrt(2 * W * L) * n, 0.0, 7e-9 / np.sqrt(2 * W * L)),
    Case(
        "pelgrom",
        {"a": 7e-9, "par_w": -1e-6, "par_l": 1e-6},
        lambda n: 7e-9 / np.sqrt(2 * 5e-6 * 1e-6) * n,
        0.0,
        7e-9 / np.sqrt(1e-11),
    ),
    Case("pelgrom", {"a": 1e-8, "w": 1e-6, "l": 2e-6}, lambda n: 1e-8 / 2e-6 * n, 0.0, 5e-3),
    Case("along_w", {"a": 0.01}, lambda n: 0.01 * np.sqrt(0.5e-6 / W) * n, 0.0, 0.01 * np.sqrt(1 / 8)),
    Case("along_w", {"a": 0.01, "over": 4e-6}, lambda n: 0.01 * np.sqrt(2e-6 / W) * n, 0.0, 0.01 / np.sqrt(2)),
    Case("along_l", {"a": 0.01}, lambda n: 0.01 * np.sqrt(0.5e-6 / L) * n, 0.0, 0.01 * np.sqrt(1 / 4)),
]


def test_every_law_of_the_table_has_a_case() -> None:
    assert {case.name for case in CASES} == set(LAWS)


def _off(law: Law, normal: Floats) -> Floats:
    count = normal.shape[1]
    return np.asarray(law.off(normal, np.full(count, W), np.full(count, L)))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.name} {', '.join(c.options)}")
def test_a_law_is_its_formula_and_has_its_moments(case: Case) -> None:
    off = _off(LAWS[case.name](**case.options), NORMAL)
    assert np.allclose(off, case.formula(NORMAL), rtol=1e-12, atol=1e-15)
    assert abs(off.mean() - case.mean) < 4.5 * case.sd / np.sqrt(MANY)
    assert off.std() == pytest.approx(case.sd, rel=0.03)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.name} {', '.join(c.options)}")
def test_what_is_relative_is_the_same_number_as_a_part(case: Case) -> None:
    law, part = LAWS[case.name](**case.options), LAWS[case.name](**case.options, relative=True)
    assert (law.relative, part.relative) == (False, True)
    assert np.array_equal(_off(law, NORMAL[:, :100]), _off(part, NORMAL[:, :100]))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.name} {', '.join(c.options)}")
def test_the_larger_the_number_the_further_off(case: Case) -> None:
    off = _off(LAWS[case.name](**case.options), np.linspace(-6.0, 6.0, 50)[None, :])
    assert (np.diff(off) > 0).all()


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("number", [-1.0, float("nan"), float("inf")])
def test_a_width_that_is_none_is_refused_by_its_name(name: str, number: float) -> None:
    option = LAWS[name].order[0][0]
    with pytest.raises(TaskError, match=f"{option} is") as caught:
        LAWS[name](**{option: number})
    assert caught.value.about == option


@pytest.mark.parametrize("name", ["pelgrom", "along_w", "along_l"])
def test_a_part_without_sizes_is_off_by_no_number(name: str) -> None:
    none = np.full(3, np.nan)
    assert np.isnan(LAWS[name](a=0.01).off(np.ones((2, 3)), none, none)).all()


@pytest.mark.parametrize("takes", [{"par_l": L}, {"par_w": 2 * W}, {"w": 0.0}])
def test_a_size_of_which_nothing_is_left_is_off_by_no_number(takes: dict[str, float]) -> None:
    assert np.isnan(_off(LAWS["pelgrom"](a=1e-9, **takes), np.ones((1, 1)))).all()


def test_both_effective_sizes_below_zero_are_no_area() -> None:
    assert np.isnan(_off(LAWS["pelgrom"](a=1e-9, par_w=2 * W, par_l=2 * L), np.ones((1, 1)))).all()


@given(st.floats(0.0, 1e308), st.floats(-8.2, 8.2))
def test_any_lognormal_is_a_number_that_is_not_negative(spread: float, normal: float) -> None:
    factor = 1.0 + float(_off(LAWS["lognormal"](sd=spread), np.array([[normal]]))[0, 0])
    assert 0.0 <= factor < np.inf
    assert (factor > 1.0 - 1e-12) if normal >= 0 else (factor < 1.0 + 1e-12)


@given(st.floats(1e-12, 1e-3), st.floats(0.1, 100.0), st.floats(-8.0, 8.0))
def test_a_part_of_so_many_times_the_area_is_off_by_the_root_of_that_less(
    a: float, times: float, normal: float
) -> None:
    law, root = LAWS["pelgrom"](a=a), np.sqrt(times)
    n, w, l = np.array([[normal]]), np.array([W]), np.array([L])  # noqa: E741
    assert law.off(n, root * w, root * l)[0, 0] == pytest.approx(law.off(n, w, l)[0, 0] / root, rel=1e-9)
