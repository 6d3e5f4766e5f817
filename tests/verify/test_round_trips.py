"""Circuits leave in every format that a simulator reads, and come back as the voltages that we have.

What is `not checked` has to say why, in words that are listed here: nothing hides behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from excuses import excused, unexplained
from exported import gallery, gallery_design, random_design
from verified import exported, rows

from netlearn.export.design import Design
from netlearn.lang.compile import compile_file
from netlearn.verify.model import NOT_CHECKED, PASSED, Check
from netlearn.verify.tools import VERIFIERS

SIMULATORS = ("ngspice", "vacask", "gnucap")
BOARDS = ("kicad", "xschem")
QUICK = range(0, 50, 10)
"""Seeds that are run each time; the others are for CI."""
GALLERY = {"ngspice": ("ngspice", "hspice", "ltspice"), "vacask": ("spectre",)}


def simulated(design: Design, folder: Path, readers: Mapping[str, Sequence[str]]) -> list[Check]:
    """What tools say of a design in formats."""
    exported(design, folder, *dict.fromkeys(name for formats in readers.values() for name in formats))
    return [row for tool, formats in readers.items() for name in formats for row in rows(tool, design, folder, name)]


def seeds() -> list[object]:
    return [pytest.param(seed, marks=() if seed in QUICK else pytest.mark.slow) for seed in range(50)]


@pytest.mark.parametrize("seed", seeds())
def test_a_random_circuit_is_in_every_simulator_what_it_is_here(seed: int, tmp_path: Path) -> None:
    found = simulated(random_design(seed), tmp_path, {tool: VERIFIERS[tool].formats for tool in SIMULATORS})
    assert unexplained(found) == []
    assert {row.format for row in found if row.tool == "ngspice"} == {"ngspice", "hspice", "ltspice", "dspf"}
    assert {row.format for row in found if row.tool == "vacask"} == {*VERIFIERS["vacask"].formats}


@pytest.mark.parametrize("seed", QUICK[::2])
@pytest.mark.parametrize("tool", BOARDS)
def test_a_random_circuit_is_in_schematics_what_it_is_here(seed: int, tool: str, tmp_path: Path) -> None:
    found = simulated(random_design(seed), tmp_path, {tool: VERIFIERS[tool].formats})
    assert found
    assert unexplained(found) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", gallery())
def test_every_circuit_of_the_gallery_is_in_simulators_what_it_is_here(path: str, tmp_path: Path) -> None:
    for circuit in compile_file(path).circuits:
        found = simulated(gallery_design(path, circuit), tmp_path / circuit, GALLERY)
        assert [row.verdict for row in found].count(PASSED) >= 4
        assert unexplained(found) == []


WORDS = {
    "has no NEKV Switch": True,
    "has not SPICE's current into a bulk, as xi1.me0 has here": True,
    "a 1.00002, not sure to 5e-06 itself": True,
    "a 1.3, not sure to 1e-12 itself": False,
    "not done within 300 s": False,
    "": False,
}


@pytest.mark.parametrize("said", WORDS)
def test_what_is_not_checked_is_excused_by_what_is_listed_and_nothing_else(said: str) -> None:
    assert excused(Check("gnucap", "ngspice", "voltages", "", said, None, NOT_CHECKED)) == WORDS[said]
