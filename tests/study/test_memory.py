"""What holding one task does to another that was learned, with a bias and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from boards import board

from netlearn.errors import TaskError
from netlearn.study.findings import Drawer, Table
from netlearn.study.memory import COLUMNS, drift, fading, forgotten, saturated, study, trained


def test_a_task_is_learned_until_its_error_no_longer_falls() -> None:
    stand = board("fig2a").biased(0.0)
    states, seconds = trained(stand, 0, stand.start)
    assert stand.errors(states)[0, 0] < 1e-20
    assert 0 < seconds < 5


def test_a_biased_network_forgets_far_more_than_an_ideal_one_and_its_error_saturates_at_the_limits() -> None:
    stand = board("fig2a")
    biased, ideal = (Table(COLUMNS, fading(one, 3.0).rows) for one in (stand, stand.built(())))
    errors = np.array(biased.column("mse_first_V2"))
    assert errors[0] < 1e-4
    assert saturated(biased) > 1e-3 > 30 * saturated(ideal)
    assert errors[-1] == pytest.approx(errors[-5], rel=1e-3)
    assert biased.column("moved_V")[-1] > 10 * ideal.column("moved_V")[-1]
    assert 0.01 < forgotten(biased) < 1.0


def test_the_second_task_is_learned_while_it_is_held() -> None:
    stand = board("fig2a").biased(0.0)
    seconds = [row[2] for row in fading(stand, 0.5).rows]
    assert seconds[-1] < 1e-9 < seconds[0]


def test_gates_move_far_more_in_a_cycle_than_outputs() -> None:
    gates, outputs = drift(board("fig2a"), 20e-3, 2.0)
    assert gates == pytest.approx(0.0950, rel=0.05)  # D = 0.134 V over two gates, as measured: 0.133 V
    assert gates > 10 * outputs > 0


def test_memory_is_about_two_tasks(tmp_path: Path) -> None:
    stand = board("fig2a")
    alone = type(stand)(stand.tasks[:1], stand.task, stand.rows[:1], stand.trainer, stand.board, stand.late)
    with pytest.raises(TaskError, match="two tasks"):
        study(alone, 1.0, 0.02, None, Drawer(tmp_path / "out", "memory", {}), lambda done, all: None)


def test_a_study_of_memory_has_a_table_of_the_board_one_of_an_ideal_board_and_the_drift(tmp_path: Path) -> None:
    found = study(board("fig2a"), 0.5, 0.02, 1.0, Drawer(tmp_path / "out", "memory", {}), lambda done, all: None)
    assert list(found.tables) == ["memory", "ideal", "drift"]
    assert found.tables["memory"].columns == COLUMNS
    assert "alpha is learned" in found.text
    assert found.numbers["saturated_V2"] > found.numbers["ideal_V2"]
