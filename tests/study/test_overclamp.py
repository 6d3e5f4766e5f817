"""What overclamping does away with: the cycles of tasks that can be solved together, errors on a ring; and what it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from boards import divider, netlist
from typer.testing import CliRunner

from netlearn.cli.app import app
from netlearn.errors import TaskError
from netlearn.learn.methods.integrator import Integrator
from netlearn.learn.methods.overclamp import Overclamp
from netlearn.study import ring
from netlearn.study.findings import Drawer, Findings
from netlearn.study.modes import HIGH, LOW, MODES, coarser, duty, modes
from netlearn.study.overclamp import Asked, study
from netlearn.study.stand import Stand, stand

BOWTIE = ["alpha", "beta"]


def _two_edges(name: str, seeds: tuple[int, ...] = (0,)) -> Stand:
    return stand(netlist(name), BOWTIE, seeds)


def _torus(draws: int = 4) -> Stand:
    return stand(netlist("fig5"), ["standard", "rotated"], tuple(range(draws)))


def _found(on: Stand, folder: Path, **asked: object) -> Findings:
    return study(on, Asked(**asked), Drawer(folder, "overclamp", {}), lambda *_: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["fig2a", "fig2b"])
def test_tasks_that_can_be_solved_together_come_to_rest_overclamped(name: str, tmp_path: Path) -> None:
    found = _found(_two_edges(name), tmp_path / "study", periods=[0.08], most=4.0)
    (_, _, d, e), (_, _, d_over, e_over), (_, _, d_ideal, _) = found.tables["overclamp"].rows
    assert d > 0.1
    assert e > 1e-5
    assert d > 100 * d_over
    assert e > 100 * e_over
    assert d_ideal < 1e-4
    assert "comes to rest" in found.text


def test_of_incompatible_tasks_only_what_the_bias_adds_goes_away(tmp_path: Path) -> None:
    found = _found(_two_edges("fig3"), tmp_path / "study", periods=[0.2], most=10.0)
    (_, _, d, e), (_, _, d_over, e_over), (_, _, d_ideal, e_ideal) = found.tables["overclamp"].rows
    assert d > d_over > 0.5 * d_ideal > 0.05
    assert e > 1.5 * e_over
    assert e_over == pytest.approx(e_ideal, rel=0.2)
    assert "incompatible" in found.text


def test_the_modes_of_a_netlist_with_one_rule_are_those_of_its_board() -> None:
    on = _two_edges("fig2a")
    rules = modes(on)
    assert tuple(rules) == MODES
    assert {rule.alpha for rule in rules.values()} == {on.method.alpha}
    over = rules["overclamped"]
    assert isinstance(over, Overclamp)
    assert (over.low, over.high) == (LOW, HIGH)
    assert rules["standard"] == on.method


def test_the_modes_of_a_netlist_with_both_rules_are_its_own() -> None:
    found = netlist("fig5")
    one, other = (modes(stand(found, [name])) for name in ("standard", "overclamped"))
    assert one == other
    assert isinstance(one["overclamped"], Overclamp)
    assert one["overclamped"].normalised == 1
    assert type(one["standard"]) is Integrator
    assert one["standard"].eta == 128 / 129


def test_a_ring_is_a_hinge_on_a_circle() -> None:
    on = _torus(1)
    circle = ring.ring_of(on)
    assert circle is not None
    assert circle.diameter == pytest.approx(0.417)
    np.testing.assert_allclose(circle.centre, 0.2266)
    off = on.task.inputs.copy()
    off[3, 0] += 5e-3
    assert ring.ring_of(on.shown(off)) is None
    assert ring.ring_of(_two_edges("fig2a")) is None
    smaller = ring.ring_of(ring.scaled(on, circle, 0.25))
    assert smaller is not None
    assert smaller.diameter == pytest.approx(0.25)


def test_both_labellings_of_the_ring_are_halves_one_point_apart() -> None:
    labels = _torus(1).task.labels[:, 0].reshape(2, 8)
    assert (labels > 0).sum(axis=1).tolist() == [4, 4]
    np.testing.assert_array_equal(np.roll(labels[0], 1), labels[1])


def test_the_duty_is_what_the_switch_is_on_for() -> None:
    missed = np.array([[0.05, 0.0], [0.0, 0.0], [1.0, 0.02]])
    np.testing.assert_allclose(duty(Overclamp(full=0.1), missed), [0.25, 0, 0.6])
    np.testing.assert_allclose(duty(Overclamp(normalised=1), missed), [1, 0, 1])
    np.testing.assert_allclose(duty(Integrator(), missed), 1)


def test_a_coarser_rule_has_no_shorter_pulses() -> None:
    assert coarser(Integrator(pulse=1e-4), 1e-3).pulse == 1e-3
    assert coarser(Integrator(pulse=1e-2), 1e-3).pulse == 1e-2


def test_overclamped_rings_are_learned_to_the_end_and_standard_ones_are_not(tmp_path: Path) -> None:
    """At 334 mV, on four boards and with two labellings; the lab's were 0 mV^2 after 1.4 and 2.7 s, and 100 and 139 mV^2."""
    found = _found(_torus(), tmp_path / "study", diameters=[0.334], seconds=20.0)
    columns = found.tables["overclamp"].columns
    plain, over = (dict(zip(columns, row, strict=True)) for row in found.tables["overclamp"].rows)
    assert 5e-5 < plain["hinge_V2"] < 2.5e-4
    assert plain["error"] > 0
    assert 15 <= plain["gates_at_ceiling"] <= 25
    assert plain["learning_time_s"] == 20.0
    assert over["hinge_V2"] == over["error"] == over["moving_V_s"] == 0
    assert 0.1 < over["learning_time_s"] < 3.0
    assert len(found.tables["draws"].rows) == 2 * 2 * 4
    assert np.array(found.tables["maps"].rows).shape == (ring.MAP**2, 5)


def test_pulses_taken_as_one_do_what_they_do_one_after_the_other() -> None:
    on = _torus(2)
    ends = [
        ring.course(on.taught(replace(on.method, pulse=pulse)), 0, 2.0).states for pulse in (on.method.pulse * 8, 1e-3)
    ]
    np.testing.assert_allclose(ends[0], ends[1], atol=0.02)
    assert np.abs(ends[0] - on.start).max() > 1.0


def test_a_study_that_was_interrupted_goes_on_with_what_it_has(tmp_path: Path) -> None:
    on, folder = _two_edges("fig2b"), tmp_path / "study"
    first = _found(on, folder, periods=[0.05], most=1.0)
    assert first.tables == _found(on, folder, periods=[0.05], most=1.0).tables


def test_questions_that_do_not_fit_the_netlist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="no ring"):
        _found(_two_edges("fig2a"), tmp_path / "a", diameters=[0.1])
    with pytest.raises(TaskError, match="alternate"):
        _found(divider("integrator"), tmp_path / "b")
    with pytest.raises(TaskError):
        _found(_torus(1), tmp_path / "c", seconds=-1.0)


@pytest.mark.parametrize(
    ("file", "options", "words"),
    [
        ("fig2b", ["--periods", "0.05", "--most", "1"], "alternating"),
        ("fig5", ["--diameters", "0.417", "--seconds", "0.5"], "ring"),
    ],
)
def test_the_command_takes_both_kinds(file: str, options: list[str], words: str, tmp_path: Path) -> None:
    path = Path(__file__).resolve().parents[2] / "netlists" / "imperfect" / f"{file}.nl"
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["study", "overclamp", str(path), "--draws", "2", "--out", str(out), *options], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert words in result.output
    assert {"overclamp.csv", "draws.csv", "overclamp.md", "overclamp.svg", "study.json"} <= {
        p.name for p in out.iterdir()
    }
