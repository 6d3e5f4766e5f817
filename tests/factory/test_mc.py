"""The command `netlearn mc`: what it leaves, what it prints, what it refuses."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from commands import left, mc, times
from line_samples import DIVIDER, TRANSISTORS


@pytest.fixture
def divider(tmp_path: Path) -> Path:
    (tmp_path / "divider.nl").write_text(DIVIDER)
    return tmp_path / "divider.nl"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A study with everything in it, and what it printed."""
    folder = tmp_path_factory.mktemp("mc")
    (folder / "net.nl").write_text(TRANSISTORS)
    out, err = mc(
        *(folder / "net.nl", "--draws", 40, "--corners", "tt,ss", "--steps", 40, "--tolerances", "0.5,2"),
        *("--areas", "4", "--curve-draws", 16, "--spec", "error < 20mV", "--jobs", 1, "--json", "-o", folder / "D"),
    )
    assert err == ""
    return folder / "D", json.loads(out)


def test_json_is_all_that_is_printed_and_has_the_promised_keys(done: tuple[Path, dict[str, object]]) -> None:
    _, told = done
    assert {"out", "draws", "first", "seed", "spec", "metric", "ideal", "yield", "curve", "ends"} <= told.keys()
    assert told["spec"] == ["error < 20mV"]
    assert told["ends"] == {"steps": 80}


def test_a_row_of_the_yields_is_that_of_the_chips(done: tuple[Path, dict[str, object]]) -> None:
    import pandas

    folder, told = done
    chips = pandas.read_parquet(folder / "chips")
    rows = list(csv.DictReader((folder / "yield.csv").read_text().splitlines()))
    assert [(row["corner"], row["way"]) for row in rows] == [
        (corner, way) for corner in ("tt", "ss") for way in ("learned", "programmed")
    ]
    for row in rows:
        error = chips[chips["corner"] == row["corner"]]["error" if row["way"] == "learned" else "programmed_error"]
        assert int(row["chips"]) == 40
        assert int(row["good"]) == int((error < 20e-3).sum())
        assert float(row["median"]) == pytest.approx(error.median(), rel=1e-8)
        assert float(row["p90"]) == pytest.approx(np.percentile(error, 90), rel=1e-8)
        assert float(row["worst"]) == pytest.approx(error.max(), rel=1e-8)
        assert int(row["worst_draw"]) == int(chips.loc[error.idxmax(), "draw"])
        assert float(row["low"]) < float(row["yield"]) + 1e-12 < float(row["high"]) + 1e-9
    assert [list(map(str, row)) for row in ([r["corner"], r["way"]] for r in told["yield"])] == [  # type: ignore[attr-defined]
        [row["corner"], row["way"]] for row in rows
    ]


def test_the_histogram_holds_every_chip_once_in_each_way(done: tuple[Path, dict[str, object]]) -> None:
    rows = list(csv.DictReader((done[0] / "histogram.csv").read_text().splitlines()))
    for way in ("learned", "programmed"):
        mine = [row for row in rows if row["way"] == way]
        assert sum(int(row["chips"]) for row in mine) == 80
        assert all(float(a["high"]) == float(b["low"]) for a, b in itertools.pairwise(mine))


def test_the_curves_are_of_the_first_corner_and_of_the_first_chips(done: tuple[Path, dict[str, object]]) -> None:
    rows = list(csv.DictReader((done[0] / "curve.csv").read_text().splitlines()))
    known = [("tolerance", "0.5"), ("tolerance", "2"), ("area", "4")]
    assert [(row["quantity"], row["factor"], row["way"]) for row in rows] == [
        (*one, way) for one in known for way in ("learned", "programmed")
    ]
    assert {row["chips"] for row in rows} == {"16"}
    kept = {row["factor"]: float(row["median"]) for row in rows if row["way"] == "programmed"}
    assert kept["0.5"] < kept["2"]
    assert {p.name for p in done[0].iterdir()} >= {"tolerance-0.5", "tolerance-2", "area-4", "mc.svg", "mc.md"}


def test_the_same_command_again_makes_nothing_and_says_the_same(divider: Path, tmp_path: Path) -> None:
    command = (divider, "--draws", 20, "--jobs", 1, "-o", tmp_path / "D")
    first, _ = mc(*command)
    before, when = left(tmp_path / "D"), times(tmp_path / "D")
    again, _ = mc(*command)
    assert again == first
    assert left(tmp_path / "D") == before
    assert times(tmp_path / "D") == when


def test_jobs_leave_the_same_bytes(divider: Path, tmp_path: Path) -> None:
    for jobs in (1, 2):
        mc(divider, "--draws", 520, "--jobs", jobs, "--json", "-o", tmp_path / str(jobs))
    assert left(tmp_path / "1") == left(tmp_path / "2")


def test_chips_from_a_later_one_on_are_those_of_the_whole(divider: Path, tmp_path: Path) -> None:
    import pandas

    mc(divider, "--draws", 12, "--jobs", 1, "-o", tmp_path / "all")
    mc(divider, "--first", 7, "--draws", 1, "--jobs", 1, "-o", tmp_path / "one")
    every, one = (pandas.read_parquet(tmp_path / name / "chips") for name in ("all", "one"))
    assert one["draw"].tolist() == [7]
    assert one["key"][0] == every["key"][7]
    assert one["programmed_error"][0] == pytest.approx(every["programmed_error"][7], rel=1e-9)
    assert one["error"][0] == pytest.approx(every["error"][7], rel=1e-9)


def test_a_folder_of_another_netlist_or_another_question_is_not_touched(divider: Path, tmp_path: Path) -> None:
    command = ("--draws", 8, "--jobs", 1, "-o", tmp_path / "D")
    mc(divider, *command)
    before = left(tmp_path / "D")
    other = tmp_path / "other.nl"
    other.write_text(DIVIDER.replace("~ 1%", "~ 2%"))
    for arguments in ((other,), (divider, "--seed", 9), (divider, "--steps", 6), (divider, "--program")):
        _, err = mc(*arguments, *command, code=2)
        assert "has another study, or one of another netlist" in err
    assert left(tmp_path / "D") == before


def test_parameters_are_set_before_anything_is_drawn(tmp_path: Path) -> None:
    text = DIVIDER.replace("circuit Divider {", "circuit Divider(; low = 10k) {").replace("= 10k ~ 2%", "= low ~ 2%")
    (tmp_path / "net.nl").write_text(text)
    found = [
        json.loads(
            mc(tmp_path / "net.nl", "--set", f"low={low}", "--program", "--json", "--jobs", 1, "-o", tmp_path / low)[0]
        )
        for low in ("10k", "20k")
    ]
    assert found[0]["ideal"]["steps"] != found[1]["ideal"]["steps"]


REFUSED = {
    "--draws 0": "--draws",
    "--draws x": "--draws",
    "--corners tt,zz": "name some of tt, ss, ff, sf, fs, each once",
    "--corners tt,tt": "each once",
    "--mismatch chip": "there is no mismatch 'chip' on Divider",
    "--task half": "there is no task 'half'",
    "--backend spice": "unknown backend 'spice'",
    "--steps 0": "--steps",
    "--seed -1": "--seed",
    "--jobs 0": "--jobs",
    "--tolerances 0": "is not above zero",
    "--tolerances x": "--tolerances",
    "--set low=1k": "low",
    "--cluster nonsense": "there is no cluster at nonsense",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_question_that_cannot_be_is_answered_in_words(text: str, divider: Path, tmp_path: Path) -> None:
    out, err = mc(divider, *text.split(), "--json", "-o", tmp_path / "D", code=2)
    assert REFUSED[text] in err
    assert out == ""


SPECS = {
    "eror < 1mV": "did you mean 'error'?",
    "error": "a condition compares a result with a number",
    "error < 1A": "compared with",
    "error <": "this is no condition",
    "": "this is no condition",
}


@pytest.mark.parametrize("text", SPECS)
def test_a_specification_that_is_none_is_shown_with_a_caret(text: str, divider: Path, tmp_path: Path) -> None:
    _, err = mc(divider, "--spec", text, "-o", tmp_path / "D", code=2)
    assert "--spec:" in err
    assert SPECS[text] in err
    assert "^" in err or not text


def test_a_specification_about_what_the_loss_has_not_is_refused(divider: Path, tmp_path: Path) -> None:
    _, err = mc(divider, "--spec", "accuracy > 0.9", "-o", tmp_path / "D", code=2)
    assert "a chip has no accuracy, which accuracy > 0.9 is about" in err


def test_a_damaged_piece_is_told_of(divider: Path, tmp_path: Path) -> None:
    command = (divider, "--draws", 8, "--jobs", 1, "-o", tmp_path / "D")
    mc(*command)
    (tmp_path / "D" / "chips" / "lots-000000000.parquet").write_bytes(b"PAR1 nothing")
    _, err = mc(*command, code=2)
    assert "lots-000000000.parquet is damaged" in err
    assert "remove it, and its chips are made again" in err


UNSETTLED = DIVIDER.replace("  net a, b\n", "  net a, b, c\n  R loop(c, c) = 1k\n").replace("steps > 600", "steps > 30")


def test_chips_that_have_no_operating_point_are_no_good_ones(tmp_path: Path) -> None:
    (tmp_path / "net.nl").write_text(UNSETTLED)
    command = (tmp_path / "net.nl", "--draws", 8, "--jobs", 1, "--tolerances", 2, "-o", tmp_path / "D")
    out, _ = mc(*command)
    assert "0 % (0 to 32.44 %); error unknown (median)" in out
    told = json.loads(mc(*command, "--json")[0], parse_constant=pytest.fail)
    assert {row["good"] for row in told["yield"]} == {0}
    assert {row["median"] for row in told["yield"] + told["curve"]} == {None}


HOSTILE = [
    "~ 300%", "~ 1e308%", "~ 1% lot 1e308%", "~ lognormal(1e6%)", "~ lognormal(1e308%)", "~ lognormal(1e308Ohm, 1e300)",
    "~ uniform(1e308Ohm)", "~ normal(0Ohm)", "~ 1e-320%", "~ pelgrom(1%*um)", "~ along_w(1e308%)", "~ tc1 1e308%",
]  # fmt: skip


@pytest.mark.parametrize("tolerance", HOSTILE)
@pytest.mark.parametrize("part", ["~ 1%", "~ 2% lot 10%"], ids=["learned", "fixed"])
def test_a_hostile_tolerance_gives_chips_or_words(part: str, tolerance: str, tmp_path: Path) -> None:
    (tmp_path / "net.nl").write_text(DIVIDER.replace(part, tolerance).replace("steps > 600", "steps > 30"))
    command = (tmp_path / "net.nl", "--draws", 8, "--jobs", 1, "-o", tmp_path / "D")
    refused = "pelgrom" in tolerance or "along" in tolerance  # resistors have no sizes
    out, err = mc(*command, code=2 if refused else 0)
    assert ("= help: " in err) if refused else ("8 chips of seed 3" in out)
