"""Tasks in alternation: the cycles of arXiv 2505.22887, against its laboratory data, closed forms and SPICE."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from netlearn.cli.app import app, main
from netlearn.errors import RunError, TaskError
from netlearn.lang.compile import compile_file, compile_netlist
from netlearn.report import write_studies_report
from netlearn.study import cycle
from netlearn.study.cycle import combined_error, exponent, orbit, steady_cycle
from netlearn.study.findings import Drawer
from netlearn.study.numbers import positive
from netlearn.study.stand import Stand, stand

ROOT = Path(__file__).resolve().parents[2]
NETLISTS = ROOT / "netlists" / "imperfect"
LAB = ROOT.parent / "shared" / "data" / "clln"
measured = pytest.mark.skipif(not LAB.is_dir(), reason="the laboratory's data is not here")
Opened = Callable[..., Stand]


@pytest.fixture
def opened() -> Iterator[Opened]:
    stands: list[Stand] = []

    def make(name: str, backend: str = "native", seeds: tuple[int, ...] = (0,)) -> Stand:
        stands.append(stand(compile_file(NETLISTS / f"{name}.nl"), ["alpha", "beta"], seeds, backend))
        return stands[-1]

    yield make
    for one in stands:
        one.trainer.backend.close()


def _lab(name: str) -> np.ndarray:
    with (LAB / name).open() as file:
        return np.array([[float(x) for x in row] for row in csv.reader(file)])


@measured
def test_the_cycles_of_fig_2a_are_those_that_were_measured(opened: Opened) -> None:
    on = opened("fig2a")
    spans, errors = _lab("measured-DG2-exp1.csv"), _lab("measured-MSE-exp1.csv")
    rows = []
    for (period, squared), (_, error) in zip(spans, errors, strict=True):
        found = steady_cycle(on, period, on.start)
        assert found.steady
        span = float(found.spans[0])
        rows.append((period, span, float(combined_error(on, found)[0])))
        limited = period > 0.15  # the measured gates are at 4.95 V from 0.2 s on
        assert span == pytest.approx(np.sqrt(squared), rel=0.3 if limited else 0.15)
        assert 0.5 < rows[-1][2] / error < 2.0
    assert rows[-1][1] == pytest.approx(np.sqrt(spans[-1, 1]), rel=0.03)
    assert 0.93 < exponent(rows) < 1.0
    assert exponent(rows) == pytest.approx(exponent([(t, d**0.5, 0.0) for t, d in spans]), abs=0.015)


@measured
@pytest.mark.parametrize("period", [0.02, 0.08])
def test_the_way_round_is_as_long_and_lies_where_it_was_measured(period: float, opened: Opened) -> None:
    on = opened("fig2a")
    _, way = orbit(on, steady_cycle(on, period, on.start))
    seen = _lab(f"bowtie-exp1-{period:g}s.csv")
    np.testing.assert_allclose(np.ptp(way, axis=0), np.ptp(seen, axis=1), rtol=0.3)
    np.testing.assert_allclose(way.mean(axis=0), seen.mean(axis=1), atol=0.15)


@pytest.mark.parametrize("name", ["fig2a", "fig2b"])
@pytest.mark.parametrize("period", [6e-4, 0.02, 0.2, 2.0])
def test_without_a_bias_compatible_tasks_come_to_rest(name: str, period: float, opened: Opened) -> None:
    on = opened(name).biased(0.0)
    found = steady_cycle(on, period, on.start, 300.0)
    assert found.steady
    assert found.spans[0] < 1e-6
    assert combined_error(on, found)[0] < 1e-12


def test_incompatible_tasks_cycle_without_a_bias_and_a_bias_adds_a_second_rise(opened: Opened) -> None:
    on = opened("fig3")
    spans = {}
    for factor in (0.0, 1.0):
        board = on.biased(factor)
        for period in (0.01, 1.0, 4.0):
            spans[factor, period] = float(steady_cycle(board, period, board.start).spans[0])
    assert spans[0.0, 4.0] == pytest.approx(spans[0.0, 1.0], rel=0.02)  # the plateau
    assert spans[0.0, 1.0] > 5 * spans[0.0, 0.01]
    assert spans[1.0, 4.0] > 3 * spans[1.0, 1.0]


def test_spans_of_a_weak_bias_are_proportional_to_it_and_to_the_period(opened: Opened) -> None:
    on = opened("fig2a")
    one, half, short = (
        float(steady_cycle(board, period, on.start).spans[0])
        for board, period in ((on.biased(0.02), 0.01), (on.biased(0.01), 0.01), (on.biased(0.02), 0.005))
    )
    assert half == pytest.approx(one / 2, rel=0.01)
    late = 2 * on.late
    assert short == pytest.approx(one * (0.005 + late) / (0.01 + late), rel=0.01)


def test_spice_goes_round_as_the_native_engine_does(opened: Opened) -> None:
    native, spice = (opened("fig2a", backend) for backend in ("native", "ngspice"))
    for part in native.cycle(0.004):
        one, two = native.learn(native.start, part), spice.learn(spice.start, part)
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-9)
        assert np.abs(one - native.start).max() > 0.01


def test_a_hold_lasts_as_long_as_it_is_told_to_and_shows_all_samples_alike(opened: Opened) -> None:
    on = opened("fig3")
    for seconds in (1e-5, 1.234e-3, 0.05):
        steps = on.hold(0, seconds)
        assert steps.spans.sum() == pytest.approx(seconds + on.late)
        assert steps.spans.max() <= on.method.pulse * (1 + 1e-9)
        shown, counts = np.unique(steps.rows, return_counts=True)
        assert shown.tolist() == on.rows[0].tolist()
        assert len(set(counts.tolist())) == 1


def test_draws_side_by_side_cycle_as_each_does_alone() -> None:
    text = (NETLISTS / "fig2a.nl").read_text().replace("value = [2.865V/s, 4.718V/s]", "mean = 2V/s, sd = 2V/s")
    netlist = compile_netlist(text, "drawn.nl", NETLISTS)
    together = stand(netlist, ["alpha", "beta"], range(9))
    spans = steady_cycle(together, 0.02, together.start).spans
    for seed in (0, 4, 8):
        alone = stand(netlist, ["alpha", "beta"], (seed,))
        assert steady_cycle(alone, 0.02, alone.start).spans[0] == pytest.approx(spans[seed], rel=1e-3)
    assert np.ptp(spans) > 0.01


class Killed(Exception):
    """What ends a study in the middle."""


def _table(path: Path) -> tuple[list[str], np.ndarray]:
    head, *rows = list(csv.reader(path.read_text().splitlines()))
    return head, np.array(rows, dtype=float)


def _study(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["study", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_leaves_tables_a_picture_a_paragraph_and_a_page(tmp_path: Path) -> None:
    out = tmp_path / "c"
    said = _study("cycle", NETLISTS / "fig2a.nl", "--periods", "2e-3:2e-2:3", "--orbits", "0.02", "--out", out)
    assert "the steady cycle spans D = 0.01" in said
    head, rows = _table(out / "cycle.csv")
    assert head == ["tau_s", "D_V", "mse_V2"]
    np.testing.assert_allclose(rows[:, 0], [2e-3, np.sqrt(4e-5), 2e-2], rtol=1e-8)
    head, way = _table(out / "orbit_0.02.csv")
    assert head == ["t_s", "G_1", "G_2"]
    assert way[0, 0] == 0
    assert way[-1, 0] == pytest.approx(0.02)
    np.testing.assert_allclose(way[0, 1:], way[-1, 1:], atol=1e-4)
    middle = np.argmin(np.abs(way[:, 0] - 0.01))
    assert np.linalg.norm(way[middle, 1:] - way[0, 1:]) == pytest.approx(rows[-1, 1], rel=1e-3)
    assert (out / "cycle.svg").read_text().startswith("<?xml")
    assert (out / "cycle.md").read_text().strip() in said
    page = write_studies_report(tmp_path).read_text()
    assert "<svg" in page
    assert "fig2a.nl" in page


def test_a_study_that_was_killed_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("cycle", NETLISTS / "fig2a.nl", "--periods", "2e-3,4e-3", "--orbits", "4e-3", "--json", "--out")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    first = json.loads(_study(*asked, whole))
    done = 0

    def killed(*given: object) -> object:
        nonlocal done
        done += 1
        if done > 1:
            raise Killed
        return steady(*given)

    steady = cycle.steady_cycle
    with monkeypatch.context() as patch:
        patch.setattr(cycle, "steady_cycle", killed)
        with pytest.raises(Killed):
            _study(*asked, broken)
    assert (broken / "cells" / "period-0.002.json").is_file()
    again = json.loads(_study(*asked, broken))
    assert {**again, "out": ""} == {**first, "out": ""}
    for name in ("cycle.csv", "orbit_0.004.csv", "cycle.svg", "cycle.md"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes()
    with pytest.raises(RunError, match="another study"):
        _study("cycle", NETLISTS / "fig2b.nl", "--periods", "2e-3", "--out", broken)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1:2", "no list of numbers"),
        ("0:1:3", "not above zero"),
        ("1:2:0", "no count"),
        ("1:2:2.5", "no count"),
        ("1,-2", "not above zero"),
        ("1,x", "is no number"),
        ("1:nan:3", "not above zero"),
        ("", "is no number"),
        ("1s", "has a unit"),
    ],
)
def test_periods_that_are_none_are_refused(text: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        positive(text, "--periods")


def test_lists_of_periods_are_read() -> None:
    assert positive("6e-4:2:19", "--periods")[0] == 6e-4
    assert positive("6e-4:2:19", "--periods")[-1] == 2
    assert len(positive("6e-4:2:19", "--periods")) == 19
    assert positive("0.02, 80m,0.02", "--periods") == [0.02, 0.08]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tasks", "alpha"], "one task does not alternate"),
        (["--tasks", "alpha,gamma"], "there is no task 'gamma'"),
        (["--draws", "0"], "0 draws"),
        (["--periods", "1e9"], "at most"),
        (["--bias", "nan"], "a bias nan times"),
        (["--bias", "1e308"], "more than a number can be"),
        (["--seed", "-1"], "a seed is not negative"),
        (["--tasks", "alpha,alpha"], "task alpha is named twice"),
        (["--periods", "1e-9"], "too short"),
        (["--periods", "1e-300"], "too short"),
        (["--periods", "0.02", "--orbits", "1e-9"], "too short"),
        (["--most", "nan"], "--most nan is not above zero"),
        (["--most", "-1"], "--most -1 is not above zero"),
        (["--most", "inf"], "--most inf is not above zero"),
    ],
)
def test_a_study_that_cannot_be_is_refused(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    asked = ["netlearn", "study", "cycle", str(NETLISTS / "fig2a.nl"), "--out", str(tmp_path / "o"), *arguments]
    monkeypatch.setattr("sys.argv", asked)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "o" / "cells").exists()


@pytest.mark.parametrize("change", ["truncated", "words", "another number", "another shape"])
def test_a_part_that_was_changed_is_refused_by_its_name(change: str, tmp_path: Path) -> None:
    drawer = Drawer(tmp_path / "o", "cycle", {})
    drawer.once("part", lambda: {"D_V": [0.25], "steady": True})
    path = tmp_path / "o" / "cells" / "part.json"
    text = path.read_text()
    bodies = {
        "truncated": text[:20],
        "words": text.replace("0.25", '"a"'),
        "another number": text.replace("0.25", "0.5"),
        "another shape": '{"found": [1]}',
    }
    path.write_text(bodies[change])
    with pytest.raises(RunError, match=r"part\.json"):
        drawer.once("part", dict)


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("cycle.svg", b"hello", "no SVG picture"),
        ("cycle.md", b"\xff\xfe", "not UTF-8"),
        ("study.json", b'{"study": "../x", "netlist": "a.nl", "title": "t", "tables": []}', "has a study"),
    ],
)
def test_a_page_of_a_damaged_study_is_refused_by_the_name_of_the_file(
    name: str, body: bytes, message: str, tmp_path: Path
) -> None:
    files = {
        "cycle.svg": b"<svg></svg>",
        "cycle.md": b"words",
        "study.json": b'{"study": "cycle", "netlist": "a.nl", "title": "t", "tables": []}',
    }
    for file, good in files.items():
        (tmp_path / file).write_bytes(good)
    write_studies_report(tmp_path)
    (tmp_path / name).write_bytes(body)
    with pytest.raises(RunError, match=message):
        write_studies_report(tmp_path)


def test_periods_that_differ_in_the_eighth_digit_are_two() -> None:
    assert positive("0.02,0.020000001,0.02000000000000001", "--periods") == [0.02, 0.020000001]


def test_tasks_that_differ_in_more_than_their_data_are_not_one_board() -> None:
    text = (NETLISTS / "fig2a.nl").read_text().replace("task beta like alpha {", "task beta like alpha {\n  loss hinge")
    with pytest.raises(TaskError, match="differ in more than their data"):
        stand(compile_netlist(text, "x.nl", NETLISTS), ["alpha", "beta"])
    netlist = compile_file(ROOT / "netlists" / "regression.nl")
    with pytest.raises(TaskError, match="does not learn in time"):
        stand(netlist, ["plateau"])
