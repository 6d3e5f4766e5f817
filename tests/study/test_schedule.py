"""A schedule of a netlist, done: tasks in their order, times as they are written, states carried over."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from boards import ROOT, board, netlist
from typer.testing import CliRunner

from netlearn.cli.app import app
from netlearn.cli.studying import schedule_of
from netlearn.errors import NetlistError, TaskError
from netlearn.lang.schedule import Hold, ScheduleSpec
from netlearn.study.findings import Drawer, Findings
from netlearn.study.schedule import MOST_ROWS, stretches, study
from netlearn.study.stand import Stand


def _found(stand: Stand, spec: ScheduleSpec, folder: Path) -> Findings:
    return study(stand, spec, Drawer(folder, "schedule", {}), lambda done, all: None)


def test_states_are_carried_over_from_hold_to_hold(tmp_path: Path) -> None:
    stand = board("fig2a")
    spec = ScheduleSpec("s", (Hold("alpha", 0.01), Hold("beta", 0.03)), 2)
    rows = _found(stand, spec, tmp_path / "out").tables["schedule"].rows
    states = stand.start
    for task, seconds in ((0, 0.01), (1, 0.03)) * 2:
        states = stand.learn(states, stand.hold(task, seconds))
    assert np.allclose(rows[-1][-2:], states[0], rtol=1e-9)
    assert rows[-1][2:4] == pytest.approx(stand.errors(states)[0].tolist())


def test_times_are_those_of_the_schedule_whatever_the_switch_is_late_by(tmp_path: Path) -> None:
    spec = ScheduleSpec("s", (Hold("alpha", 0.01), Hold("beta", 0.03)), 3)
    table = _found(board("fig2a"), spec, tmp_path / "out").tables["schedule"]
    times, tasks = table.column("t_s"), table.column("task")
    assert times[0] == 0
    assert times[-1] == pytest.approx(0.12)
    assert all(a < b for a, b in pairwise(times))
    ends = [time for time, (a, b) in zip(times, pairwise(tasks), strict=False) if a != b]
    assert ends == pytest.approx([0.01, 0.04, 0.05, 0.08, 0.09])


def test_a_schedule_of_very_many_holds_is_looked_at_a_bounded_number_of_times() -> None:
    spec = ScheduleSpec("s", (Hold("alpha", 1e-3), Hold("beta", 1e-3)), 10_000)
    some = stretches(board("fig2a"), spec)
    assert len(some) == MOST_ROWS
    assert sum(one.seconds for one in some) == pytest.approx(20.0)


def test_a_schedule_of_more_pulses_than_memory_has_room_for_is_refused() -> None:
    spec = ScheduleSpec("s", (Hold("alpha", 4000.0), Hold("beta", 4001.0)), 1)
    with pytest.raises(TaskError, match="80010000 pulses together"):
        stretches(board("fig2a"), spec)
    with pytest.raises(NetlistError, match="20000000 holds"):
        netlist("fig2a", ("repeat 100", "repeat 10000000"))


def test_a_killed_schedule_goes_on_where_it_was(tmp_path: Path) -> None:
    spec = ScheduleSpec("s", (Hold("alpha", 0.01), Hold("beta", 0.01)), 4)
    whole = _found(board("fig2a"), spec, tmp_path / "out").tables["schedule"].text
    cells = sorted((tmp_path / "out" / "cells").iterdir())
    assert len(cells) > 1
    cells[-1].unlink()
    assert _found(board("fig2a"), spec, tmp_path / "out").tables["schedule"].text == whole


def test_a_schedule_is_chosen_by_its_name() -> None:
    two = netlist("fig2a", ("schedule bowtie", "schedule memory {\n  hold beta for 1s\n}\nschedule bowtie"))
    assert schedule_of(two, "memory").holds == (Hold("beta", 1.0),)
    with pytest.raises(TaskError, match="2 schedules"):
        schedule_of(two, None)
    with pytest.raises(TaskError, match="no schedule 'x'"):
        schedule_of(two, "x")


def test_the_command_does_the_only_schedule_of_a_netlist_that_comes_by_standard_input(tmp_path: Path) -> None:
    text = (ROOT / "netlists" / "imperfect" / "fig2a.nl").read_text(encoding="utf-8").replace("repeat 100", "repeat 3")
    told = CliRunner().invoke(app, ["study", "schedule", "-", "--out", str(tmp_path / "out"), "--json"], input=text)
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["seconds"] == pytest.approx(0.06)
    with (tmp_path / "out" / "schedule.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["t_s", "task", "mse_alpha_V2", "mse_beta_V2", "G_1", "G_2"]
    assert (tmp_path / "out" / "schedule.svg").is_file()
