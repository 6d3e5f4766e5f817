"""The spread of a pair, against what a foundry publishes of its transistors."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from netlearn.errors import NetlearnError
from netlearn.factory.pair import pair_spread

GEOMETRIES = ((10, 10), (10, 1), (10, 0.28), (1, 10), (1, 1), (1, 0.28), (0.22, 10), (0.22, 1), (0.22, 0.28))
"""W, L in um."""
FOUNDRY = {
    "nmos_3p3": ("7.15mV*um", (0.703, 2.318, 6.513, 2.297, 7.364, 19.447, 3.869, 14.258, 36.220)),
    "pmos_3p3": ("6.66mV*um", (0.715, 2.250, 6.068, 1.988, 7.076, 18.564, 3.943, 13.361, 34.170)),
}
"""A_VT, and sigma(delta V_T) in mV from 1,000 runs each: GlobalFoundries gf180mcu, sm141064 and
180MCU_SPICE_DATA/MOS/stat_mm_*.xlsx (Apache-2.0)."""
OURS = {"par_l": "0.15um", "par_w": "-0.1um"}
CASES = [
    (device, a, *sizes, sigma)
    for device, (a, sigmas) in FOUNDRY.items()
    for sizes, sigma in zip(GEOMETRIES, sigmas, strict=True)
]


@pytest.mark.parametrize(("device", "a", "w", "l", "sigma"), CASES)
def test_pairs_spread_as_those_of_the_foundry(device: str, a: str, w: float, l: float, sigma: float) -> None:  # noqa: E741
    found = pair_spread("pelgrom", {"a": a, **OURS}, f"{w}um", f"{l}um", 1000, seed=1)
    assert 1e3 * found.sigma == pytest.approx(sigma, rel=0.1), device
    assert 1e3 * found.law == pytest.approx(sigma, rel=0.1), device
    assert found.sigma == pytest.approx(found.law, abs=4.5 * found.error)


LAWS = {
    "normal": ({"sd": "2mV"}, 2e-3 * np.sqrt(2)),
    "normal, as a part": ({"sd": "10%"}, 0.07 * np.sqrt(2)),
    "uniform": ({"half": "3mV"}, 3e-3 * np.sqrt(2 / 3)),
    "lognormal": ({"median": "1mV", "sd": "50%"}, 0.5e-3 * np.sqrt(2 * 1.25)),
    "lognormal, as a factor": ({"sd": "50%"}, 0.7 * 0.5 * np.sqrt(2 * 1.25)),
    "pelgrom": ({"a": "5mV*um"}, 5e-3 / np.sqrt(10)),
    "pelgrom, as a part": ({"a": "1%*um"}, 7e-3 / np.sqrt(10)),
    "along_w": ({"a": "10mV"}, 10e-3 / np.sqrt(10)),
    "along_l": ({"a": "10mV"}, 10e-3),
}


@pytest.mark.parametrize("name", LAWS)
def test_what_is_measured_is_what_the_law_says(name: str) -> None:
    options, expected = LAWS[name]
    found = pair_spread(name.split(",")[0], options, "10um", "1um", 4000, seed=0)
    assert found.law == pytest.approx(expected, rel=1e-6)
    wide = 3.0 if name.startswith("lognormal") else 1.0  # of a long tail the spread is less sure than of a normal law
    assert found.sigma == pytest.approx(expected, abs=4.5 * wide * found.error)


def test_the_same_seed_measures_the_same() -> None:
    once, again, other = (pair_spread("normal", {"sd": "1mV"}, "1um", "1um", 50, seed) for seed in (3, 3, 4))
    assert once == again
    assert once.sigma != other.sigma


def _mismatch(*arguments: str, code: int = 0) -> tuple[str, str]:
    done = subprocess.run([sys.executable, "-m", "netlearn", "mismatch", *arguments], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


GIVEN = (
    "--law",
    "pelgrom",
    "--avt",
    "7.15mV*um",
    "--w",
    "10um",
    "--l",
    "0.28um",
    "--par-l",
    ".15um",
    "--par-w",
    "-.1um",
)


def test_the_command_prints_one_json_object() -> None:
    out, err = _mismatch(*GIVEN, "--draws", "1000", "--seed", "1", "--json")
    answer = json.loads(out)
    assert answer["sigma_pair_V"] == pytest.approx(6.513e-3, rel=0.1)
    assert answer["law_V"] == pytest.approx(7.15e-9 / np.sqrt(10.1e-6 * 0.13e-6))
    assert err == ""


def test_the_command_says_the_spread_and_how_sure_it_is() -> None:
    out, _ = _mismatch(*GIVEN, "--draws", "100")
    assert out.startswith("sigma of a pair ")
    assert " +- " in out
    assert out.endswith(" mV by the law\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--avt", "7.15"), "does not say what it is a part of"),
        (("--avt", "7.15mV"), "'a' is in V*m, and this is in V"),
        (("--avt", "x"), "--avt x"),
        (("--avt", "1mV*um", "--a", "1mV*um"), "--avt and --a are the same number"),
        ((), "pelgrom is not given its a"),
        (("--law", "gauss"), "unknown distribution 'gauss'"),
        (("--law", "normal(1%)) }"), "closes nothing"),
        (("--avt", "5mV*um", "--w", "1um, l = 3"), "--w 1um, l = 3"),
        (("--avt", "5mV*um", "--w", "0um"), "greater than zero"),
        (("--avt", "5mV*um", "--par-w", "20um"), "no sizes above zero"),
        (("--avt", "5mV*um", "--draws", "1"), "--draws"),
        (("--avt", "1e999mV*um"), "too large"),
    ],
)
def test_what_is_no_question_is_answered_in_words(arguments: tuple[str, ...], said: str) -> None:
    out, err = _mismatch(*arguments, "--json", code=2)
    assert said in err
    assert out == ""


def test_a_law_that_does_not_take_its_numbers_is_refused() -> None:
    with pytest.raises(NetlearnError, match="uniform has no option 'a'"):
        pair_spread("uniform", {"a": "1mV"}, "1um", "1um", 10, 0)
