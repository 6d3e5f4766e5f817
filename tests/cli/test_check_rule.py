"""`netlearn check --rule` as a person and as a program would use it."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CELLS = runpy.run_path(str(ROOT / "tests" / "machine" / "learning_cells.py"))


def netlearn(*arguments: object, code: int = 0, typed: str = "") -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "netlearn", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, input=typed
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def test_a_cell_that_learns_as_it_should_is_told_of_in_words_and_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "curve.svg"
    out, err = netlearn("check", "-", "--rule", "--draws", 40, "-o", picture, typed=CELLS["COMPARING"])
    assert out.startswith("module Edge implements sign(delta = 1): 40 random states on native in ")
    assert "state         k, which lowers the conductance" in out
    assert "signs         40 of 40 right" in out
    assert out.endswith(f"  agrees\n{picture}\n")
    assert "<svg" in picture.read_text()
    assert err == ""


def test_a_wrong_sign_is_shown_with_where_it_was_seen_and_exits_with_1() -> None:
    text = CELLS["changed"](CELLS["COMPARING"], CELLS["INVERTED_XOR"])
    out, _ = netlearn("check", "-", "--rule", "--draws", 40, typed=text, code=1)
    assert "DISAGREES     WRONG SIGN: moves the other way on 100 % of states" in out
    assert out.count("wrong sign    at d_F") == 5
    assert "and 35 more" in out


def test_a_program_gets_every_draw() -> None:
    out, _ = netlearn("check", "-", "--rule", "--draws", 20, "--seed", 4, "--json", typed=CELLS["CHARGING"])
    answer = json.loads(out)
    assert answer["agree"] is True
    (cell,) = answer["modules"]
    assert (cell["module"], cell["state"], cell["polarity"], cell["circuit"]) == ("Edge", "vg", 1, "Machine")
    assert cell["numbers"]["gain_ratio"] == pytest.approx(1.0, rel=1e-3)
    assert {len(cell[name]) for name in ("drops_V", "starts", "updates", "wanted")} == {20}


def test_bounds_of_the_ends_and_tolerances_can_be_given() -> None:
    text = CELLS["changed"](CELLS["CHARGING"], CELLS["HALF_GAIN"])
    arguments = ("check", "-", "--rule", "--draws", 20, "--ends", "-0.1V..100mV", "--json", "--module", "Edge")
    netlearn(*arguments, typed=text, code=1)
    out, _ = netlearn(*arguments, "--gain", 0.6, typed=text)
    drops = json.loads(out)["modules"][0]["drops_V"]
    assert max(abs(drop) for pair in drops for drop in pair) <= 0.2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("netlists/divider.nl", "--rule"), "no module of this netlist implements a rule"),
        (("netlists/divider.nl", "--draws", "5"), "--draws belongs to --rule"),
        (("-", "--rule", "--module", "Egde"), "did you mean 'Edge'?"),
        (("-", "--rule", "--ends", "3V"), "write --ends 0V..0.45V"),
        (("-", "--rule", "--ends", "0V..3A"), "this is in V, not in A"),
        (("-", "--rule", "--band", "x"), "--band x"),
        (("-", "--rule", "--draws", "1"), "give a number from 2"),
        (("-", "--rule", "--backend", "spectre"), "unknown backend 'spectre'"),
        (("-", "--rule", "-o", "curve.gif"), "pictures are svg, png or pdf"),
    ],
)
def test_a_mistake_is_said_in_words(arguments: tuple[str, ...], said: str) -> None:
    _, err = netlearn("check", *arguments, typed=CELLS["COMPARING"], code=2)
    assert said in err


def test_a_rule_that_no_cell_implements_is_a_fault_of_any_check() -> None:
    text = CELLS["COMPARING"].replace("sign(delta = 1)", "adjoint(rate = 1)")
    _, err = netlearn("check", "-", typed=text, code=2)
    assert "no cell implements adjoint" in err
    assert "help: rules that are: hardware, integrator, overclamp, sign" in err
