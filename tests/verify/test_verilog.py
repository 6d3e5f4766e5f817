"""Two Verilog tools read the structural Verilog: it is the circuit of design.json, and anything else is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from chip_cases import CHIP, make, verified
from verified import exported, rows

TOOLS = pytest.mark.parametrize("tool", ["yosys", "iverilog"])
FAULTS = {
    "a moved wire": {"xe2 (.a(b), .b(c)": "xe2 (.a(b), .b(d)"},
    "a wire moved in a cell": {"xcg (.p(g)": "xcg (.p(b)"},
    "a wire that is cut": {"xe2 (.a(b), ": "xe2 ("},
    "swapped pins of a transistor": {"xme (.d(c), .g(d)": "xme (.d(d), .g(c)"},
    "swapped pins of a cell": {"xe1 (.a(a), .b(b)": "xe1 (.a(b), .b(a)"},
    "swapped pins of a controlled source": {".cp(c), .cn(b)": ".cp(b), .cn(c)"},
    "ground that is any net": {"supply0 gnd;\n  wire d, b": "wire gnd, d, b"},
    "another port": {"inout a, vdd, c);\n  supply0 gnd;\n  wire d,": "inout a, vdd, d);\n  supply0 gnd;\n  wire c,"},
    "a pin that is none": {".cp(c)": ".plus(c)"},
    "a module that is none": {"nl_nekv #(.vto": "nl_mos #(.vto"},
    "another device": {"nl_pmos #(.vto": "nl_nmos #(.vto"},
    "a missing part": {"  tie #(.cg_ic(e1_cg_ic)) xe1 (.a(a), .b(b), .vdd(vdd));\n": ""},
    "what is no Verilog": {"module dut": "modul dut"},
}
NUMBERS = {
    "a resistance 10 % off": {".r(47000.0)": ".r(51700.0)"},
    "a gain 10 % off": {".gain(2.0)": ".gain(2.2)"},
    "a width 10 % off": {".w(2e-05)": ".w(2.2e-05)"},
    "a stored voltage 10 % off": {"e2_cg_ic=1.0": "e2_cg_ic=1.1"},
    "stored voltages that are not handed down": {"#(.cg_ic(e2_cg_ic))": ""},
}


@TOOLS
def test_the_verilog_is_the_circuit_of_the_design(tool: str, tmp_path: Path) -> None:
    wiring, numbers = verified(tool, "verilog", tmp_path, make())
    assert wiring.ours == wiring.theirs == "13 devices, 42 pins, 8 nets"
    assert numbers.ours == numbers.theirs == {"yosys": "32 of 97", "iverilog": "97"}[tool]
    assert {wiring.verdict, numbers.verdict} == {"passed"}


@TOOLS
@pytest.mark.parametrize("fault", FAULTS)
def test_a_verilog_tool_finds(tool: str, fault: str, tmp_path: Path) -> None:
    wiring, *_ = verified(tool, "verilog", tmp_path, make(), FAULTS[fault])
    assert wiring.verdict == "failed"


@TOOLS
@pytest.mark.parametrize("fault", NUMBERS)
def test_a_verilog_tool_finds_in_the_numbers(tool: str, fault: str, tmp_path: Path) -> None:
    wiring, numbers = verified(tool, "verilog", tmp_path, make(), NUMBERS[fault])
    assert [wiring.verdict, numbers.verdict] == ["passed", "failed"]


def test_what_is_too_small_for_six_decimals_is_not_counted(tmp_path: Path) -> None:
    plain = make("circuit Small {\n  net a\n  C c(a, gnd) = 1pF\n  R r(a, gnd) = 1k\n  input x = V(a)\n}\n")
    altered = {".c(1e-12)": ".c(4e-07)"}
    _, numbers = verified("yosys", "verilog", tmp_path, plain, altered)
    assert numbers.ours == numbers.theirs == "1 of 4"
    assert verified("iverilog", "verilog", tmp_path, plain, altered)[1].verdict == "failed"


@TOOLS
def test_a_verilog_tool_finds_that_the_design_is_another_one(tool: str, tmp_path: Path) -> None:
    wrong = make(CHIP.replace("R load(c, gnd)", "R load(d, gnd)"))
    exported(make(), tmp_path, "verilog")
    assert rows(tool, wrong, tmp_path, "verilog")[0].verdict == "failed"
