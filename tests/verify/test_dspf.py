"""DSPF: ngspice simulates it as the design, and its annotations say where every pin is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from chip_cases import make, verified
from exported import design_of
from verified import exported

from netlearn.lang.compile import compile_netlist

WIRING = {
    "a pin on another net": {"*|NET d 0\n": "*|NET e 0\n"},
    "a pin that is missing": {"*|I (rload:p rload p B 0)\n": ""},
    "a pin that is listed twice": {"*|I (rload:p rload p B 0)\n": "*|I (rload:p rload p B 0)\n" * 2},
    "swapped pins": {
        "(rload:p rload p": "(rload:x",
        "(rload:n rload n": "(rload:p rload p",
        "(rload:x": "(rload:n rload n",
    },
    "a port that is missing": {"*|P (vdd B 0)\n": ""},
}
ELEMENTS = {
    "a resistance 10 % off": {"rload c 0 47000.0": "rload c 0 51700.0"},
    "a moved wire": {"rload c 0": "rload d 0"},
    "swapped pins of a controlled source": {"ebuffer d 0 c b": "ebuffer d 0 b c"},
    "a missing part": {"rload c 0 47000.0\n": ""},
    "what is no netlist": {"rload c 0 47000.0": "rload c"},
}


def test_ngspice_finds_the_voltages_of_the_design_in_the_dspf(tmp_path: Path) -> None:
    point, _ = verified("ngspice", "dspf", tmp_path, make())
    assert point.verdict == "passed"
    assert point.quantity == "7 node voltages, V"


def test_the_annotations_have_every_pin_and_port_on_its_net(tmp_path: Path) -> None:
    pins, farads = verified("annotations", "dspf", tmp_path, make())
    assert pins.verdict == farads.verdict == "passed"
    assert pins.theirs == "42"
    assert farads.ours == farads.theirs == "50 of 0 F"


@pytest.mark.parametrize("fault", WIRING)
def test_the_annotations_are_found_to_have(fault: str, tmp_path: Path) -> None:
    pins, _ = verified("annotations", "dspf", tmp_path, make(), WIRING[fault])
    assert pins.verdict == "failed"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("*|NET d 0\n", "*|NET d 5e-09\n"),
        ("*|NET d 0\n", "*|NET d\n"),
        ("*|I (rload:p rload p B 0)", "*|I (rload:p rload p B 1e-12)"),
        ("*|P (vdd B 0)", "*|P (vdd B 1e-12)"),
    ],
)
def test_a_capacitance_that_nobody_has_extracted_is_found(old: str, new: str, tmp_path: Path) -> None:
    pins, farads = verified("annotations", "dspf", tmp_path, make(), {old: new})
    assert pins.verdict == "passed"
    assert farads.verdict == "failed"


@pytest.mark.parametrize("fault", ELEMENTS)
def test_ngspice_finds_in_the_dspf(fault: str, tmp_path: Path) -> None:
    point, *_ = verified("ngspice", "dspf", tmp_path, make(), ELEMENTS[fault])
    assert point.verdict == "failed"


def test_names_are_those_of_the_table_with_the_divider_that_is_declared(tmp_path: Path) -> None:
    text = """netlearn 0.1
module Pair(a, b) {
  net x[2]
  NMOS mx(a, x[0], b, gnd) { vto = 0.5V, kp = 1mA/V^2 }
  R pull(x[0], a) = 1k
  R ends(x[0], x[1]) = 1k
  R load(x[1], b) = 1k
}
circuit Two {
  net a, b
  V supply(a, gnd) = 1V
  Pair p1(a, b)
  Pair p2(b, gnd)
}
"""
    folder = exported(design_of(compile_netlist(text)), tmp_path / "x", "dspf")
    spf = (folder / "dspf" / "dut.spf").read_text()
    names = json.loads((folder / "names.json").read_text())
    assert "*|DIVIDER /\n" in spf
    nets = {net for net in re.findall(r"^\*\|NET (\S+) ", spf, re.MULTILINE) if net != "0"}
    assert nets == {node.replace(".", "/") for node in names["nodes"].values()} - {"0"}
    instances = set(re.findall(r"^\*\|I \(\S+ (\S+) ", spf, re.MULTILINE))
    assert instances == {part.replace(".", "/") for part in names["parts"].values()} - {"vsupply"}
    elements = {line.split()[0] for line in spf.splitlines() if line[0] not in "*.+"}
    assert elements == {
        name if name[0] == kind else kind + name for name in instances for kind in name.split("/")[-1][0]
    }
