"""Which part of overclamping does the work, against what can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from boards import divider, netlist
from typer.testing import CliRunner

from netlearn.cli.app import app
from netlearn.errors import TaskError
from netlearn.study.ablation import Asked, breakdown, margin, study, variants
from netlearn.study.findings import Drawer, Findings
from netlearn.study.stand import Stand, stand

ASKED = Asked(most=3.0)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    folder = tmp_path_factory.mktemp("ablation") / "study"
    return study(_two_edges(), ASKED, Drawer(folder, "ablation", {}), lambda *_: None)


def _two_edges() -> Stand:
    return stand(netlist("fig2a"), ["alpha", "beta"])


def _errors(found: Findings, part: str) -> dict[str | float, float]:
    return {value: error for of, value, _, error in found.tables["ablation"].rows if of == part}


def test_only_both_parts_together_leave_nothing(found: Findings) -> None:
    errors = _errors(found, "mode")
    assert errors["overclamped"] < 1e-3 * min(errors["nudge"], errors["time"], errors["standard"])
    assert errors["nudge"] > 0.3 * errors["standard"]
    assert errors["time"] > 0.1 * errors["standard"]


def test_the_shortest_pulse_leaves_what_is_missed_when_it_no_longer_happens(found: Findings) -> None:
    """A pulse is |e| / full of 100 us, so that errors of 0.1 V (least / 100 us) are left."""
    errors = _errors(found, "least")
    for least in (1e-7, 1e-6):
        assert errors[least] == pytest.approx((0.1 * least / 1e-4) ** 2, rel=0.05)


def test_overclamping_breaks_down_where_the_bias_is_too_large_and_no_later_than_its_signal_allows(
    found: Findings,
) -> None:
    errors = _errors(found, "bias")
    broken, allowed = found.numbers["breakdown"], found.numbers["holds_up_to"]
    assert errors[1.0] < 1e-12 < 1e-5 < errors[broken]
    assert 1.0 < broken <= 2 * allowed
    assert allowed == margin(_two_edges(), ASKED)


def test_a_nudge_that_is_too_small_is_no_match_for_the_bias(found: Findings) -> None:
    errors = _errors(found, "eta")
    assert errors[0.02] > 1e-4
    assert errors[0.25] < 1e-12
    rails = _errors(found, "rails")
    assert min(rails) < 0.1
    assert rails[min(rails)] > 1e-4 > 1e-12 > rails[max(rails)]


def test_the_breakdown_is_the_first_multiple_with_a_tenth_of_the_standard_error() -> None:
    rows = [
        ("bias", 1.0, 0, 1e-9),
        ("bias", 2.0, 0, 2e-4),
        ("bias, standard", 1.0, 0, 1e-3),
        ("bias, standard", 2.0, 0, 1e-3),
    ]
    assert breakdown(rows) == 2.0
    assert breakdown([rows[0], rows[2]]) is None


def test_what_brings_an_output_back_against_what_drives_it_away() -> None:
    """On two equal conductances with a bias on the upper one alone, slopes J = (0.1, -0.1) V/mS: the bias drives the output up,
    and the nudge down is to 0.2 - 0.2 0.2 V."""
    rule = "overclamp(eta = 0.2, low = 0V, high = 0.45V, full = 0.1V, pulse = 1ms, gain = 0.01)"
    on = divider(rule, label="0.2V", bias="[1e-3, 0]")
    two = stand(_twice(on), ["t", "u"])
    back = two.method.alpha * ((0.24**2 - 0.2**2) + (0.2**2 - 0.16**2))
    assert margin(two, Asked(period=0.01, most=0.1)) == pytest.approx(back / 1e-3, rel=0.05)


def _twice(on: Stand):  # type: ignore[no-untyped-def]
    """The netlist of a stand with its task again under another name."""
    from netlearn.lang.compile import compile_netlist

    return compile_netlist(on.task.spec.source.text + "\ntask u like t {\n}\n")


def test_every_variant_has_a_name_of_its_own() -> None:
    names = [(v.part, v.value) for v in variants(_two_edges())]
    assert len(set(names)) == len(names)


def test_one_task_that_is_no_ring_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="alternate"):
        study(divider("integrator"), Asked(), Drawer(tmp_path / "study", "ablation", {}), lambda *_: None)


def test_the_command_works_on_a_ring(tmp_path: Path) -> None:
    path = Path(__file__).resolve().parents[2] / "netlists" / "imperfect" / "fig5.nl"
    given = ["study", "ablation", str(path), "--draws", "2", "--seconds", "0.2", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, given, catch_exceptions=False)
    assert result.exit_code == 0
    assert "nudge alone" in result.output
    rows = (tmp_path / "out" / "ablation.csv").read_text().splitlines()
    assert rows[0] == "part,value,motion_V,error_V2"
    assert len(rows) == 1 + len(variants(_two_edges()))
    assert np.all([len(row.split(",")) >= 4 for row in rows])
