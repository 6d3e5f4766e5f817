"""The floor of the combined error: what it grows with, and what leaves it as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from boards import board

from netlearn.study.cycle import steady_cycle
from netlearn.study.findings import Drawer, Findings
from netlearn.study.floor import amplified, exponent, slowed, study
from netlearn.study.stand import Stand

MODEL = {0.5: 2.2e-5, 1.0: 8.1e-5, 2.0: 2.7e-4}  # V^2: the authors' linear model of Fig. 2a


def _quiet(done: int, all: int) -> None:
    """No progress is shown."""


def _found(stand: Stand, folder: Path, **values: list[float]) -> Findings:
    return study(stand, 2e-3, values, 2.0, Drawer(folder, "floor", {}), _quiet)


def test_the_floor_of_fig_2a_is_that_of_the_authors_model(tmp_path: Path) -> None:
    rows = _found(board("fig2a"), tmp_path / "out", bias=list(MODEL)).tables["floor"].rows
    for _, factor, mse, _ in rows:
        assert 0.7 < mse / MODEL[factor] < 1.3, factor


def test_the_floor_grows_with_the_square_of_a_small_bias(tmp_path: Path) -> None:
    found = _found(board("fig2a"), tmp_path / "out", bias=[0.05, 0.1, 0.2])
    assert found.numbers["exponents"]["bias"] == pytest.approx(2.0, abs=0.05)


def test_the_floor_falls_with_the_square_of_nudge_and_gain_where_the_bias_is_small(tmp_path: Path) -> None:
    found = _found(board("fig2a").biased(0.05), tmp_path / "out", eta=[0.2, 0.4, 0.8], gain=[0.5, 1.0, 2.0])
    for what in ("eta", "gain"):
        assert found.numbers["exponents"][what] == pytest.approx(-2.0, abs=0.06), what


def test_a_larger_capacitor_slows_rule_and_bias_alike_and_leaves_the_floor(tmp_path: Path) -> None:
    found = _found(board("fig2a"), tmp_path / "out", rc=[0.5, 2.0])
    one, two = found.tables["floor"].column("mse_V2")
    assert one == pytest.approx(two, rel=0.03)
    spans = found.tables["floor"].column("D_V")
    assert spans[0] == pytest.approx(4 * spans[1], rel=0.05)


def test_slowing_scales_rule_bias_and_leak_and_amplifying_the_rule_alone() -> None:
    leak = ("imperfection switch", "imperfection leak(tau = 10s)\n  imperfection switch")
    stand = board("fig2a", leak)
    slow, strong = slowed(stand, 2.0), amplified(stand, 2.0)
    assert slow.method.alpha == pytest.approx(0.5 * stand.method.alpha)
    assert np.allclose(slow.board.flaws.drift, 0.5 * stand.board.flaws.drift)
    assert np.allclose(slow.board.flaws.leak, 0.05)
    assert strong.method.alpha == pytest.approx(2 * stand.method.alpha)
    assert np.array_equal(strong.board.flaws.drift, stand.board.flaws.drift)


def test_powers_leave_out_points_with_more_gates_at_their_limits() -> None:
    rows = [("eta", 1.0, 1e-4, 0.0), ("eta", 0.5, 4e-4, 0.0), ("eta", 0.1, 5e-4, 0.0)]
    assert exponent(rows, [0, 0, 1], "eta") == pytest.approx(-2.0)
    assert np.isnan(exponent(rows, [0, 1, 1], "eta"))
    assert np.isnan(exponent(rows, [0, 0, 0], "bias"))


def test_the_board_of_32_edges_moves_as_far_in_its_cycles_as_the_one_in_the_lab() -> None:
    stand = board("fig1_regression", draws=2)
    for period, measured in ((0.0316, 0.111), (2.0, 4.56)):  # V: Fig. 1, regression
        cycle = steady_cycle(stand, period, stand.start, 10.0)
        assert 0.6 < np.median(cycle.spans) / measured < 1.4


def test_a_board_without_a_bias_in_v_per_s_has_none_to_vary(tmp_path: Path) -> None:
    stand = board("fig1_regression")
    found = study(
        stand, 8e-3, {"bias": [1.0], "eta": [1.0], "gain": [1.0]}, 0.5, Drawer(tmp_path / "out", "floor", {}), _quiet
    )
    assert found.tables["floor"].column("what") == ["eta"]
