"""gnucap simulates the circuits that it has elements for, and says nothing of others."""

from __future__ import annotations

from pathlib import Path

import pytest
from chip_cases import CHIP, make, verified

PLAIN = "\n".join(line for line in CHIP.splitlines() if "Bend" not in line and "NEKV" not in line) + "\n"
FAULTS = {
    "a resistance 10 % off": {"rload c 0 47000.0": "rload c 0 51700.0"},
    "a moved wire": {"rload c 0": "rload d 0"},
    "a wire moved in a cell": {"mn a g b": "mn a b g"},
    "swapped pins of a controlled source": {"ebuffer d 0 c b": "ebuffer d 0 b c"},
    "a threshold 10 % off": {"vto=0.7": "vto=0.77"},
    "a number that is not handed down": {"xe2 b c vdd tie cg_ic={e2_cg_ic}": "xe2 b c vdd tie"},
    "a missing part": {"rload c 0 47000.0\n": ""},
    "what is no netlist": {".subckt dut": ".dut"},
}


def test_gnucap_finds_the_voltages_of_the_design(tmp_path: Path) -> None:
    (row,) = verified("gnucap", "ngspice", tmp_path, make(PLAIN))
    assert row.verdict == "passed"
    assert row.quantity == "9 voltages of nodes and elements, V"


@pytest.mark.parametrize("fault", FAULTS)
def test_gnucap_finds(fault: str, tmp_path: Path) -> None:
    (row,) = verified("gnucap", "ngspice", tmp_path, make(PLAIN), FAULTS[fault])
    assert row.verdict == "failed"


def test_a_circuit_with_a_law_is_not_checked_and_the_law_is_named(tmp_path: Path) -> None:
    (row,) = verified("gnucap", "ngspice", tmp_path, make())
    assert row.verdict == "not checked"
    assert row.theirs == "has no Bend NEKV"


def test_a_transistor_whose_bulk_conducts_is_not_checked_and_named(tmp_path: Path) -> None:
    forward = PLAIN.replace("s = b, b = vdd", "s = b, b = gnd")
    (row,) = verified("gnucap", "ngspice", tmp_path, make(forward))
    assert row.verdict == "not checked"
    assert "e1.mp" in row.theirs


@pytest.mark.parametrize(
    "command", ["*>.!touch done", ".!touch done", ".system touch done", "<!touch done", ".log done"]
)
def test_gnucap_is_given_no_command_of_an_exported_file(command: str, tmp_path: Path) -> None:
    rows = verified("gnucap", "ngspice", tmp_path, make(PLAIN), {".subckt dut": f"{command}\n.subckt dut"})
    assert [row.verdict for row in rows] == ["passed" if command.startswith("*") else "failed"]
    assert not list(tmp_path.rglob("done"))
