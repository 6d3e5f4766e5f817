"""The command line as a person and as a program would use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from netlearn.errors import NetlearnError

ROOT = Path(__file__).resolve().parents[2]
DIVIDER = ROOT / "netlists" / "divider.nl"


def netlearn(*arguments: object, code: int = 0, typed: str = "") -> tuple[str, str]:
    """Run the command, with `typed` as its standard input; gives standard output and standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "netlearn", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, input=typed
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "run"
    netlearn("train", DIVIDER, "--out", out, "--json", "--backend", "reference")
    return out


def test_train_prints_one_json_object_with_the_promised_keys(tmp_path: Path) -> None:
    out, err = netlearn("train", DIVIDER, "--out", tmp_path / "r", "--json", "--steps", 12)
    result = json.loads(out)
    assert list(result) == ["error", "accuracy", "steps", "seconds", "settled", "unsettled", "run", "asserts"]
    assert result["steps"] == 12
    assert result["accuracy"] is None
    assert result["settled"] == 1.0
    assert (Path(result["run"]) / "run.json").is_file()
    assert err == ""


def test_a_task_whose_assert_fails_is_told_of_and_exits_with_1(tmp_path: Path) -> None:
    out, err = netlearn("train", DIVIDER, "--out", tmp_path / "r", "--steps", 3, code=1)
    assert "error < 1mV: FAILS" in out
    assert "failed: assert error < 1mV" in err
    out, _ = netlearn("train", DIVIDER, "--out", tmp_path / "j", "--steps", 3, "--json", code=1)
    assert json.loads(out)["asserts"] == {"error < 1mV": False}


def test_a_hinge_is_told_by_its_violations_first(tmp_path: Path) -> None:
    text = DIVIDER.read_text().replace("  assert error < 1mV\n", "  loss hinge(margin = 5mV)\n")
    (tmp_path / "h.nl").write_text(text)
    out, _ = netlearn("train", tmp_path / "h.nl", "--out", tmp_path / "r", "--steps", 6, "--backend", "reference")
    assert [line.split("  ")[0] for line in out.splitlines()[:3]] == [
        "violations of the margin",
        "training accuracy",
        "mean squared error",
    ]
    page = Path(netlearn("report", tmp_path / "r")[0].strip()).read_text()
    assert page.index("violations of the margin") < page.index("mean squared error")


def test_solve_names_every_node_and_says_whether_it_settled() -> None:
    out, _ = netlearn("solve", DIVIDER, "--input", "x=300mV", "--json")
    answer = json.loads(out)
    assert answer["nodes"] == pytest.approx({"gnd": 0.0, "in": 0.3, "out": 0.15})
    assert answer["settled"] is True


def test_a_trained_run_can_be_solved(trained: Path) -> None:
    answer = json.loads(netlearn("solve", trained, "--input", "x=1V", "--json", "--backend", "reference")[0])
    assert answer["outputs"]["y"] == pytest.approx(0.3, abs=1e-5)


def test_solve_says_which_inputs_it_used(trained: Path) -> None:
    lines = netlearn("solve", trained, "--backend", "reference")[0].splitlines()
    assert lines[0].split() == ["input", "x", "0.1", "V"]  # of the first sample of the task
    lines = netlearn("solve", DIVIDER, "--input", "x=1V", "--backend", "reference")[0].splitlines()
    assert lines[0].split() == ["input", "x", "1", "V"]


@pytest.mark.parametrize("option", [("--circuit", "Divider"), ("--seed", 0), ("--allow", ".")])
def test_what_a_run_knows_itself_is_refused_by_name(trained: Path, option: tuple[object, ...]) -> None:
    _, err = netlearn("solve", trained, *option, code=2)
    assert f"{option[0]} means nothing for a run" in err


def test_ground_is_no_node_that_could_fail_to_settle(tmp_path: Path) -> None:
    bad = tmp_path / "loop.nl"
    bad.write_text("circuit Loop {\n  net a\n  I i(gnd, a) = 1mA\n  C c(a, gnd) = 1nF\n  output y = V(a)\n}\n")
    out, _ = netlearn("solve", bad, "--backend", "reference", code=2)
    assert [line.split()[0] for line in out.splitlines() if "not settled" in line] == ["a", "output"]


def test_the_version_is_told() -> None:
    assert netlearn("--version")[0].startswith("netlearn ")


def test_standard_input_is_read_where_a_file_is_a_dash() -> None:
    text = DIVIDER.read_text()
    assert "circuit Divider" in netlearn("check", "-", typed=text)[0]
    assert json.loads(netlearn("solve", "-", "--json", "--input", "x=1V", typed=text)[0])["outputs"] == {"y": 0.5}
    assert netlearn("fmt", "-", typed=text.replace("  net in", "net in"))[0] == text
    assert "stdin.nl:1:1: error" in netlearn("check", "-", typed="circuitt", code=2)[1]


def test_a_circuit_that_does_not_settle_is_an_error_with_code_2(tmp_path: Path) -> None:
    bad = tmp_path / "loop.nl"
    bad.write_text("circuit Loop {\n  net a\n  V v1(a, gnd) = 1V\n  V v2(a, gnd) = 2V\n  output y = V(a)\n}\n")
    for backend in ("ngspice", "reference"):
        _, err = netlearn("solve", bad, "--backend", backend, code=2)
        assert "error:" in err
        assert "help:" in err


CHARGING = """circuit Rc {
  net a, b
  V v1(a, gnd) = pulse(0V, 1V, delay = 0.2ms, width = 1ms, period = 2ms)
  R r1(a, b) = 1k
  C c1(b, gnd) = 100nF
}"""


@pytest.mark.parametrize("backend", ["native", "ngspice"])
def test_a_transient_is_a_table_of_the_nets_asked_for(backend: str) -> None:
    asked = ("transient", "-", "--stop", "1ms", "--step", "50us", "--net", "b", "--backend", backend)
    lines = netlearn(*asked, typed=CHARGING)[0].splitlines()
    assert lines[0] == "t_s,V(b)"
    time, volts = np.array([[float(v) for v in line.split(",")] for line in lines[1:]]).T
    assert time[-1] == 1e-3
    np.testing.assert_allclose(volts, np.where(time > 2e-4, 1 - np.exp((2e-4 - time) / 1e-4), 0.0), atol=2e-4)
    answer = json.loads(netlearn(*asked, "--json", typed=CHARGING)[0])
    assert answer["time_s"] == time.tolist()
    assert answer["volts"] == {"b": volts.tolist()}


def test_a_transient_can_be_a_picture_or_a_file(tmp_path: Path) -> None:
    once, twice, file = tmp_path / "a.svg", tmp_path / "b.svg", tmp_path / "a.csv"
    for out in (once, twice, file):
        said, _ = netlearn("transient", "-", "--stop", "1ms", "--out", out, typed=CHARGING)
        assert said.strip() == str(out)
    assert once.read_bytes() == twice.read_bytes()
    assert len(file.read_text().splitlines()) > 1000


def test_agree_tells_the_largest_difference_with_its_node(tmp_path: Path) -> None:
    out, err = netlearn("agree", ROOT / "netlists" / "regression.nl", "--backends", "reference,ngspice", "--json")
    answer = json.loads(out)
    assert err == ""
    assert answer["agree"] is True
    assert answer["samples"] == 8
    assert answer["settled"] == {"reference": 8, "ngspice": 8}
    assert 0 <= answer["max_difference_V"] < 1e-9
    assert answer["differences"][0]["name"] == answer["node"]
    shown, _ = netlearn("agree", DIVIDER, "--circuit", "Divider", "--input", "x=1V", "--backends", "reference,ngspice")
    assert shown.splitlines()[-1] == "they agree"


def test_a_lattice_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "l.nl"
    netlearn("lattice", "rdgrid", "--size", 4, "-o", file)
    assert netlearn("lattice", "rdgrid", "--size", 4)[0] == file.read_text()
    answer = json.loads(netlearn("solve", file, "--backend", "reference", "--json")[0])
    assert answer["nodes"]["n[0][0]"] == 2.0
    assert 0 < answer["outputs"]["centre"] < 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("train", "nowhere.nl"),
            "nowhere.nl: error: cannot be read: No such file or directory\n  = help: name a netlist",
        ),
        (("check", "netlists/dividr.nl"), "did you mean 'divider.nl'?"),
        (("train", DIVIDER, "--task", "thrid"), "there is no task 'thrid'"),
        (("train", DIVIDER, "--backend", "hspice"), "unknown backend 'hspice'"),
        (("train", DIVIDER, "--steps", "-3"), "-3 steps"),
        (("train", DIVIDER, "--seed", "-3"), "seed -3"),
        (("solve", DIVIDER, "--seed", "-1"), "seed -1"),
        (("solve", DIVIDER, "--input", "z=1V"), "--input z=1V"),
        (("solve", DIVIDER, "--input", "x=1Meg"), "mega is M here"),
        (("solve", DIVIDER, "--input", "x=1k2"), "write 1.2k"),
        (("solve", DIVIDER, "--input", "x=2s"), "give it in V"),
        (("solve", DIVIDER, "--input", "x=2A"), "--input x=2A: this is in V, not in A"),
        (("transient", DIVIDER, "--stop", "5V"), "--stop 5V: this is in s, not in V"),
        (("transient", DIVIDER, "--stop", "1ms", "--step", "2ms"), "give 0 < step <= stop"),
        (("transient", DIVIDER, "--stop", "1s", "--step", "1ps"), "give a longer step or an earlier end"),
        (("transient", DIVIDER, "--stop", "1e300s"), "give times from 1e-30 s to 1e+30 s"),
        (("transient", DIVIDER, "--stop", "1e-300s"), "give times from 1e-30 s to 1e+30 s"),
        (("transient", DIVIDER, "--stop", "1ms", "--net", "inn"), "did you mean 'in'?"),
        (("transient", DIVIDER, "--stop", "1ms", "--backend", "reference"), "--backend native"),
        (("transient", DIVIDER, "--stop", "1ms", "--out", "waves.gif"), "pictures are svg, png or pdf"),
        (("solve", DIVIDER, "--circuit", "Other"), "there is no circuit 'Other'"),
        (("agree", DIVIDER, "--backends", "ngspice"), "two different backends"),
        (("agree", DIVIDER, "--backends", "ngspice,hspice"), "unknown backend 'hspice'"),
        (("agree", DIVIDER, "--task", "thrid"), "there is no task 'thrid'"),
        (("lattice", "cgrid", "--size", 4), "there is no lattice 'cgrid'"),
        (("lattice", "rgrid", "--size", 1), "a lattice of 1 rows"),
        (("resume", "nowhere"), "is not a run folder"),
        (("report", "nowhere"), "is not a run folder"),
        (("plot", "nowhere", "curve"), "is not a run folder"),
    ],
)
def test_a_users_mistake_is_a_sentence_and_exit_code_2(arguments: tuple[object, ...], words: str) -> None:
    out, err = netlearn(*arguments, code=2)
    assert words in err
    assert out == ""


def test_an_unknown_command_exits_with_2() -> None:
    netlearn("trian", code=2)


def test_check_shows_a_fault_with_its_caret(tmp_path: Path) -> None:
    bad = tmp_path / "bad.nl"
    bad.write_text("circuit A {\n  net a\n  R r1(a, gnd) = 1V\n}\n")
    _, err = netlearn("check", bad, code=2)
    assert err.splitlines()[0].startswith(f"{bad}:3:18: error:")
    assert err.splitlines()[2].rstrip().endswith("^^")


LOST = {
    "two sources side by side": (
        "  V v1(a, gnd) = 1V\n  V v2(a, gnd) = 2V\n",
        ":4:5:",
        "v2 closes a loop of voltages with v1",
    ),
    "sources of two modules": ("  Cell c1(a)\n  Cell c2(a)\n", ":4:8:", "c2.v closes a loop of voltages with c1.v"),
    "a source on an input": (
        "  V v(x, gnd) = 1V\n  R q(a, gnd) = 1k\n",
        ":3:5:",
        "v closes a loop of voltages with an input",
    ),
    "a node fed by a source alone": ("  Loose l(a)\n", ":2:7:", "node a floats"),
}


@pytest.mark.parametrize(("body", "place", "words"), LOST.values(), ids=LOST)
def test_what_no_solver_can_find_is_named_by_every_command(tmp_path: Path, body: str, place: str, words: str) -> None:
    bad = tmp_path / "lost.nl"
    bad.write_text(
        f"circuit A {{\n  net a, x, y\n{body}  R r(x, y) = learn(1k, 1..10k)\n  R s(y, gnd) = 1k\n  C c(a, gnd) = 1nF\n"
        "  input i = V(x)\n  output o = V(y)\n}\n"
        "module Cell(p) {\n  V v(p, gnd) = 1V\n}\nmodule Loose(p) {\n  I i(gnd, p) = 1A\n}\n"
        "task t on A {\n  data i: [1V] -> o: [0.3V]\n  rule coupled(rate = 1e-3)\n  stop steps > 3\n}\n"
    )
    _, err = netlearn("check", bad)
    assert f"{bad}{place} warning: " in err
    assert words in err
    assert words in json.loads(netlearn("check", bad, "--json")[0])["warnings"][-1]["message"]
    for command in ("solve", "train"):
        assert words in netlearn(command, bad, "--backend", "reference", code=2)[1]


def test_check_counts_what_is_there() -> None:
    out, _ = netlearn("check", ROOT / "netlists" / "regression.nl", "--json")
    (circuit,) = json.loads(out)["circuits"]
    assert circuit == {"name": "Torus", "nodes": 65, "elements": 164, "states": 32}


def test_fmt_leaves_a_formatted_file_and_its_comments_alone(tmp_path: Path) -> None:
    copy = tmp_path / "d.nl"
    copy.write_text(DIVIDER.read_text())
    netlearn("fmt", copy, "--check")
    copy.write_text(DIVIDER.read_text().replace("  R r1", "      R r1"))
    netlearn("fmt", copy, "--check", code=1)
    netlearn("fmt", copy)
    assert copy.read_text() == DIVIDER.read_text()


def test_plots_are_the_same_bytes_every_time_and_the_report_stands_alone(trained: Path, tmp_path: Path) -> None:
    for kind in ("curve", "network", "outputs", "states"):
        first, second = (tmp_path / f"{name}-{kind}.svg" for name in "ab")
        netlearn("plot", trained, kind, "--out", first)
        netlearn("plot", trained, kind, "--out", second)
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes().startswith(b"<?xml")
    out, _ = netlearn("report", trained)
    page = Path(out.strip()).read_text()
    assert page.count("<svg") == 4
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")


def test_an_unknown_picture_is_refused_by_name(trained: Path) -> None:
    _, err = netlearn("plot", trained, "curves", code=2)
    assert "known: " in err


def test_every_error_class_is_caught_by_the_entry_point() -> None:
    from netlearn import errors

    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)]
    assert all(issubclass(c, NetlearnError) for c in classes)


CELLS = Path(__file__).parents[1] / "plot" / "cells.nl"


def test_schematic_draws_a_module_in_its_versions(tmp_path: Path) -> None:
    out = tmp_path / "x.svg"
    said, _ = netlearn("schematic", CELLS, "--module", "Inverter", "--set", "transistors=1", "-o", out)
    assert said.strip() == str(out)
    assert ">mn</text>" in out.read_text()
    said, _ = netlearn("schematic", CELLS, "--module", "Inverter")
    assert ">e1</text>" in said
    said, _ = netlearn("schematic", CELLS, "--circuit", "InverterBench")
    assert ">dut</text>" in said


def test_schematic_says_what_it_cannot_draw(tmp_path: Path) -> None:
    for given, message in {
        (): "things to draw",
        ("--module", "Inverte"): "did you mean 'Inverter'",
        ("--module", "Nand", "--set", "transistors=1"): "no parameter 'transistors'",
        ("--module", "Nand", "--circuit", "InverterBench"): "name one of them",
        ("--module", "Nand", "-o", "x.png"): "schematics are svg",
    }.items():
        _, said = netlearn("schematic", CELLS, *given, code=2)
        assert message in said


def test_report_of_a_netlist_is_a_page_about_its_cells(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    said, _ = netlearn("report", CELLS, "-o", out)
    assert said.strip() == str(out)
    assert "Bench InverterBench" in out.read_text()
    _, said = netlearn("report", tmp_path / "none.nl", code=2)
    assert "cannot be read" in said


def test_an_assert_beyond_the_end_or_of_no_number_is_told_of(tmp_path: Path) -> None:
    text = DIVIDER.read_text().replace(
        "output y = V(out)",
        "output y = V(out)\n  assert V(out) > 0V at 1us\n  assert V(out) / 0V != 1 at 1us\n  assert V(out) > 0V at 1ms",
    )
    (tmp_path / "late.nl").write_text(text)
    out, err = netlearn("transient", tmp_path / "late.nl", "--stop", "1us", "--json", code=1)
    found = json.loads(out)["asserts"]
    assert found == {"V(out) > 0V at 1us": True, "V(out) / 0V != 1 at 1us": False, "V(out) > 0V at 1ms": None}
    assert "later than --stop: assert V(out) > 0V at 1ms" in err
    assert "V(out) / 0V is inf" in err


WARM = """netlearn 0.1
circuit Warm {
  net in, out
  R r(in, out) { r = learn(10k, 1k..100k) }
  D d(out, gnd) { is = 1pA }
  C c(out, gnd) = 1nF
  input x = V(in)
  output y = V(out)
}
task t on Warm {
  data x: [1V, 2V] -> y: [500mV, 540mV]
  rule coupled(eta = 0.5, rate = 1e-3)
  stop steps > 40
}
"""


@pytest.mark.parametrize("backend", ["native", "ngspice"])
def test_a_circuit_can_be_solved_followed_and_trained_at_any_temperature(tmp_path: Path, backend: str) -> None:
    (tmp_path / "warm.nl").write_text(WARM)

    def out(target: Path, *more: object) -> float:
        solved = netlearn("solve", target, "--input", "x=2V", "--backend", backend, "--json", *more)[0]
        return float(json.loads(solved)["nodes"]["out"])

    cold, hot = out(tmp_path / "warm.nl"), out(tmp_path / "warm.nl", "--temperature", 85)
    assert cold == out(tmp_path / "warm.nl", "--temperature", 27)
    assert 0.08 < cold - hot < 0.15  # some 2 mV a degree
    wave = ("--stop", "1us", "--input", "x=2V", "--backend", backend, "--temperature", 85, "--net", "out")
    table, _ = netlearn("transient", tmp_path / "warm.nl", *wave)
    assert float(table.splitlines()[-1].split(",")[1]) == pytest.approx(hot, abs=1e-6)
    netlearn(
        "train", tmp_path / "warm.nl", "--temperature", 85, "--out", tmp_path / "r", "--json", "--backend", backend
    )
    assert json.loads((tmp_path / "r" / "run.json").read_text())["celsius"] == 85.0
    learned = out(tmp_path / "r")
    assert learned == out(tmp_path / "r", "--temperature", 85)
    assert learned < out(tmp_path / "r", "--temperature", 27) - 0.05
    outputs = np.load(tmp_path / "r" / "solution.npz")["outputs_after"]
    assert outputs[1, 0] == pytest.approx(learned, abs=1e-7)


def test_a_temperature_that_cannot_be_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "warm.nl").write_text(WARM)
    for command in (("solve",), ("train", "--out", tmp_path / "r")):
        _, said = netlearn(*command, tmp_path / "warm.nl", "--temperature", -300, code=2)
        assert "a temperature of -300 C" in said
        assert "give degrees Celsius" in said
    assert not (tmp_path / "r").exists()


def test_network_draws_a_netlist_at_an_operating_point_and_a_run_as_it_was_trained(
    trained: Path, tmp_path: Path
) -> None:
    drawn = [
        netlearn("network", DIVIDER, "--backend", "reference", *given)[0] for given in ((), (), ("--input", "x=0.3V"))
    ]
    assert drawn[0].startswith("<?xml")
    assert drawn[0] == drawn[1] != drawn[2]
    said, _ = netlearn("network", trained, "--input", "x=0.3V", "--backend", "reference", "-o", tmp_path / "a.svg")
    assert said == f"{tmp_path / 'a.svg'}\n"
    assert (tmp_path / "a.svg").read_text() not in drawn
    netlearn("network", DIVIDER, "--backend", "reference", "-o", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_network_says_what_it_cannot_draw(tmp_path: Path) -> None:
    alone = tmp_path / "alone.nl"
    alone.write_text("circuit Alone {\n  net a\n  C c(a, gnd) = 1nF\n  input x = V(a)\n}\n")
    wrong: dict[tuple[object, ...], str] = {
        (alone, "--input", "x=1V"): "Alone has no edge that conducts",
        (DIVIDER, "-o", tmp_path / "x.gif"): "pictures are svg, png or pdf, not '.gif'",
        (DIVIDER, "--input", "z=1V"): "no such input",
    }
    for given, message in wrong.items():
        assert message in netlearn("network", *given, "--backend", "reference", code=2)[1]
