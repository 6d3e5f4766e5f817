"""Two LVS tools read the CDL: it is the circuit of design.json, and anything else is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from chip_cases import CHIP, make, verified
from verified import exported, rows

TOOLS = pytest.mark.parametrize("tool", ["netgen", "klayout"])
FAULTS = {
    "a moved wire": {"xe2 b c vdd tie": "xe2 b d vdd tie"},
    "a wire moved in a cell": {"cxcg g gnd": "cxcg b gnd"},
    "swapped pins of a transistor": {"mxme c d gnd gnd": "mxme d c gnd gnd"},
    "swapped pins of a cell": {"xe1 a b vdd": "xe1 a vdd b"},
    "swapped pins of a controlled source": {"d gnd c b nl_vcvs": "d gnd b c nl_vcvs"},
    "swapped pins of a law": {"d c gnd nl_bend": "c d gnd nl_bend"},
    "another port": {".SUBCKT dut a vdd c": ".SUBCKT dut a vdd d"},
    "a resistance 10 % off": {"rload c gnd 47000.0": "rload c gnd 51700.0"},
    "a resistance a millionth off": {"rload c gnd 47000.0": "rload c gnd 47000.047"},
    "a capacitance 10 % off": {"2.2e-05": "2.42e-05"},
    "a width 10 % off": {"W=20u": "W=22u"},
    "a length 10 % off": {"W=20u L=2u": "W=20u L=2.2u"},
    "another channel": {"pch W=10u": "nch W=10u"},
    "a missing part": {"rload c gnd 47000.0 rpoly\n": ""},
    "a part too many": {"rload c gnd 47000.0 rpoly\n": "rload c gnd 47000.0 rpoly\nrmore c gnd 47000.0 rpoly\n"},
    "another process": {"* process: generic": "* process: sky130"},
    "what is no netlist": {".SUBCKT dut a": ".SUBCKT"},
}


@TOOLS
@pytest.mark.parametrize("pdk", ["", "sky130", "gf180mcu"])
def test_the_cdl_is_the_circuit_of_the_design_in_any_process(tool: str, pdk: str, tmp_path: Path) -> None:
    (row,) = verified(tool, "cdl", tmp_path, make(), pdk=pdk)
    assert row.verdict == "passed"
    assert row.ours == "13 devices, 8 nets"
    assert row.theirs.startswith(row.ours)


@TOOLS
@pytest.mark.parametrize("fault", FAULTS)
def test_lvs_finds(tool: str, fault: str, tmp_path: Path) -> None:
    rows = verified(tool, "cdl", tmp_path, make(), FAULTS[fault])
    assert [row.verdict for row in rows] == ["failed"]


@TOOLS
def test_lvs_finds_that_the_design_is_another_one(tool: str, tmp_path: Path) -> None:
    wrong = make(CHIP.replace("R load(c, gnd)", "R load(d, gnd)"))
    exported(make(), tmp_path, "cdl")
    assert [row.verdict for row in rows(tool, wrong, tmp_path, "cdl")] == ["failed"]


def test_klayout_finds_ports_in_another_order(tmp_path: Path) -> None:
    (row,) = verified("klayout", "cdl", tmp_path, make(), {".SUBCKT dut a vdd c": ".SUBCKT dut c vdd a"})
    assert row.verdict == "failed"
