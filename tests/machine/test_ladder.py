"""The fidelity ladder, and machines swept over a parameter: what they leave behind, and what they refuse."""

import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dividers import DIVIDER, LABEL
from typer.testing import CliRunner

from netlearn.cli.app import app
from netlearn.cli.machines import Question, climb, follow
from netlearn.errors import NetlearnError, RunError, SimulatorDied, SimulatorMissing
from netlearn.store import RunFolder
from netlearn.study.findings import Drawer

TEXT = DIVIDER.format(sign="", period="1ms", label=LABEL)
SOFT = (
    TEXT.replace("circuit Divider {", "circuit Divider(; r = 20Ohm) {\n  ideal r = 1Ohm")
    .replace("out.clamped, gnd, goal, hold)", "out.clamped, gnd, goal, hold) { r = r }")
    .replace(
        "rule hardware(eta = 1, rate = 2.8)",
        "rule integrator(r = 1k, c = 1uF, v0 = 0.25V, eta = 1, pulse = 700us)\n  imperfection clamp(error = 10mV)",
    )
)


def ask(
    tmp_path: Path, text: str = SOFT, steps: int | None = 24, seed: int = 0, given=(), out: str = "out"
) -> Question:
    file = tmp_path / "divider.nl"
    file.write_text(text, encoding="utf-8")
    return Question(file, None, seed, steps, tuple(given), (), tmp_path / out, True)


@pytest.fixture(scope="module")
def climbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ladder")
    return climb(ask(folder), "L0,L1,L2,L3")[0], folder


def test_ladder_json_has_one_record_a_level(climbed):
    _, folder = climbed
    records = json.loads((folder / "out" / "ladder.json").read_text())
    assert [r["level"] for r in records] == ["L0", "L1", "L2", "L3"]
    for record in records:
        assert set(record) == {"level", "initial_error", "error", "steps", "seconds", "settled"}
        assert record["steps"] == 24
        assert record["settled"] == 1.0
        assert record["seconds"] > 0
        assert record["initial_error"] == pytest.approx(records[0]["initial_error"], rel=1e-6)


def test_the_machine_ends_where_the_rule_ends_and_a_clamp_that_is_off_ends_elsewhere(climbed):
    """The machine's clamp is soft; the ideal rule is exact, and 10 mV too high the outputs of the clamped network are."""
    found, _ = climbed
    error = {r["level"]: r["error"] for r in found.numbers["levels"]}
    assert error["L0"] < 1e-8
    assert 2e-5 < error["L1"] < 1e-4  # V^2: of 10 mV, between the two samples
    assert error["L2"] == pytest.approx(error["L1"], rel=1e-4)
    assert error["L3"] < 1e-6


def test_switching_off_what_makes_an_error_takes_it_away(climbed):
    found, _ = climbed
    rows = {(level, effect): (error, without) for level, effect, error, without in found.tables["effects"].rows}
    error, without = rows["L1", "imperfection clamp"]
    assert without < 1e-3 * error
    assert ("L3", "r") in rows


def test_its_tables_and_its_picture_lie_in_its_folder(climbed):
    found, folder = climbed
    for name, table in found.tables.items():
        with (folder / "out" / f"{name}.csv").open() as file:
            assert next(csv.reader(file)) == list(table.columns)
    assert (folder / "out" / "ladder.svg").stat().st_size > 1000
    states = np.array([row[1:] for row in found.tables["states"].rows], dtype=float)
    assert np.abs(states[:, 3] - states[:, 0]).max() < 0.05  # weights against weights


def test_the_engines_agree_on_the_machine(climbed):
    found, _ = climbed
    assert found.numbers["engines_apart"] < 1e-3


def test_a_ladder_that_was_killed_goes_on_to_the_same_end(climbed, tmp_path):
    found, _ = climbed
    asked = ask(tmp_path)
    whole, _ = climb(asked, "L0,L3")
    cells = sorted((tmp_path / "out" / "cells").glob("L3*"))
    kept = {path.name: path.read_bytes() for path in cells}
    for path in cells[1:]:
        path.unlink()
    again, _ = climb(asked, "L0,L3")
    assert again.tables["curve"].rows == whole.tables["curve"].rows
    assert cells[0].read_bytes() == kept[cells[0].name]
    assert again.numbers["levels"][1]["error"] == found.numbers["levels"][3]["error"]


def test_a_sweep_follows_the_machine_for_each_value(tmp_path):
    found, folder = follow(ask(tmp_path, steps=16), "native", "r=1Ohm:100Ohm:3")
    assert found.tables["runs"].column("r") == [1.0, 10.0, 100.0]
    last = found.tables["runs"].column("last_mse_V2")
    assert last[0] < last[1] < last[2]
    assert (folder / "machine.svg").exists()


def test_what_a_folder_was_made_for_is_what_it_is_gone_on_with(tmp_path):
    follow(ask(tmp_path, steps=4), "native", None)
    with pytest.raises(RunError, match="has another study"):
        follow(ask(tmp_path, steps=6), "native", None)


REFUSED = {
    "no such level": (lambda q: climb(q, "L0,L7"), {}, "no level 'L7'"),
    "no such parameter": (lambda q: follow(q, "native", "q=1:2:3"), {}, "no parameter 'q'"),
    "no values": (lambda q: follow(q, "native", "r"), {}, "--sweep r"),
    "values that are no numbers": (lambda q: follow(q, "native", "r=a,b"), {}, "--sweep r=a,b"),
    "a value twice": (lambda q: follow(q, "native", "r=1Ohm,2Ohm,1Ohm"), {}, "r is 1 twice"),
    "values in two units": (lambda q: follow(q, "native", "r=1Ohm,2A"), {}, "r is in Ohm and A"),
    "a count that is none": (lambda q: follow(q, "native", f"r=1:2:{'1' * 5000}"), {}, "--sweep r=1:2"),
    "no such backend": (lambda q: follow(q, "spectre", None), {}, "unknown backend 'spectre'"),
    "a clock too fast": (
        lambda q: follow(q, "native", None),
        {"text": SOFT.replace("period = 1ms", "period = 10ns")},
        "repeats 1e+05 times while a sample is shown",
    ),
    "values in another unit": (lambda q: follow(q, "native", "r=1V,2V"), {}, "r as it is set is in V"),
    "no steps": (lambda q: follow(q, "native", None), {"steps": 0}, "0 steps"),
    "steps without end": (lambda q: climb(q, "L0"), {"steps": 10**12}, "at most 10000000"),
    "a seed below zero": (lambda q: follow(q, "native", None), {"seed": -1}, "not negative"),
    "a setting of nothing": (lambda q: follow(q, "native", None), {"given": ["z=1"]}, "parameter 'z'"),
    "a setting without a value": (lambda q: follow(q, "native", None), {"given": ["r"]}, "--set r"),
    "no labels": (
        lambda q: climb(q, "L0,L1,L2,L3"),
        {"text": SOFT.replace(LABEL, "R load(goal, gnd) = 1k")},
        "no labels",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_by_name(case, tmp_path):
    do, options, words = case
    with pytest.raises(NetlearnError, match=re.escape(words)):
        do(ask(tmp_path, **options))


@pytest.mark.parametrize("case", ["a value twice", "no such backend", "a clock too fast", "no labels"])
def test_what_is_refused_leaves_no_folder(case, tmp_path):
    do, options, _ = REFUSED[case]
    with pytest.raises(NetlearnError):
        do(ask(tmp_path, **options))
    assert not (tmp_path / "out").exists()


def test_values_below_zero_are_swept(tmp_path):
    found, _ = follow(ask(tmp_path, steps=2), "native", "r=-1Ohm,+1Ohm")
    assert found.tables["runs"].column("r") == [-1.0, 1.0]


BLOWS_UP = TEXT.replace("* (V(af, bf)^2 - V(ac, bc)^2)", "* V(k, ref)^3 / 1V")


@pytest.mark.parametrize("do", [lambda q: follow(q, "native", None), lambda q: climb(q, "L3")], ids=["run", "ladder"])
def test_a_machine_that_cannot_be_followed_at_all_is_a_finding(do, tmp_path):
    assert BLOWS_UP != TEXT
    found, folder = do(ask(tmp_path, BLOWS_UP, steps=4))
    assert "could not be followed" in found.text
    assert (folder / f"{found.study}.svg").exists()
    assert "from the end of sample 0 on" in str(found.numbers["failed"])


def test_what_another_netlearn_found_is_not_taken_for_ones_own(tmp_path):
    folder = tmp_path / "out"
    follow(ask(tmp_path, steps=2), "native", None)
    (folder / "cells" / "run.json").unlink()
    (folder / "cells" / "run_samples_0_2.json").unlink()
    Drawer.once(SimpleNamespace(folder=folder), "run_samples_0_2", lambda: {"unknown": 1})
    with pytest.raises(RunError, match="another netlearn"):
        follow(ask(tmp_path, steps=2), "native", None)


@pytest.mark.parametrize("error", [SimulatorMissing, SimulatorDied])
def test_a_simulator_that_is_not_there_says_nothing_about_the_machine(error, tmp_path, monkeypatch):
    def lost(*_):
        raise error("no ngspice here")

    monkeypatch.setattr("netlearn.machine.run._follow", lost)
    with pytest.raises(error):
        follow(ask(tmp_path, steps=2), "native", None)
    with pytest.raises(error):
        climb(ask(tmp_path, steps=2, out="ladder"), "L3")
    assert not list(tmp_path.glob("**/cells"))


def test_a_folder_is_filled_by_one_process_at_a_time(tmp_path):
    asked = ask(tmp_path, steps=2)
    follow(asked, "native", None)
    lock = RunFolder(tmp_path / "out").lock()
    with pytest.raises(RunError, match="another process works on"):
        follow(asked, "native", None)
    lock.release()
    follow(asked, "native", None)


def test_whoever_interrupts_is_told_how_to_go_on(tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("netlearn.machine.run._follow", interrupted)
    with pytest.raises(SystemExit) as ended:
        follow(ask(tmp_path, steps=2), "native", None)
    assert ended.value.code == 130
    assert f"--out {tmp_path / 'out'}" in capsys.readouterr().err


def test_the_commands_print_json_for_programs(tmp_path):
    file = tmp_path / "divider.nl"
    file.write_text(SOFT, encoding="utf-8")
    runner = CliRunner()
    done = runner.invoke(app, ["machine", str(file), "--steps", "4", "--json", "-o", str(tmp_path / "m")])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["runs"][0]["power_W"] > 0
    done = runner.invoke(
        app, ["ladder", str(file), "--steps", "4", "--levels", "L0", "--json", "-o", str(tmp_path / "l")]
    )
    assert [r["level"] for r in json.loads(done.stdout)["levels"]] == ["L0"]
