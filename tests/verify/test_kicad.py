"""KiCad and kinparse read the board that was meant, and say so where it was not."""

from __future__ import annotations

from pathlib import Path

import pytest
from excuses import unexplained
from schematics import DESIGNS, twins
from verified import exported, rows, spoil

from netlearn.export.design import flat
from netlearn.verify.model import FAILED, Check


def verdicts(found: list[Check]) -> dict[str, str]:
    """By what was compared, without how many."""
    return {row.quantity.lstrip("0123456789 "): row.verdict for row in found}


@pytest.mark.parametrize("tool", ["kicad", "kinparse"])
@pytest.mark.parametrize("name", DESIGNS)
def test_a_board_is_read_as_it_was_meant(name: str, tool: str, tmp_path: Path) -> None:
    design = DESIGNS[name]()
    found = rows(tool, design, exported(design, tmp_path, "kicad"), "kicad")
    assert unexplained(found) == []


WRONG = {
    "a wire of a transistor on another net": (
        "sheet1.kicad_sch", r'(\(global_label )"n_1"', r'\1"n_3"', ["pins by net", "node voltages, V"],
    ),
    "a spare pin left open": ("sheet1.kicad_sch", r'\(global_label "vcc"', '(global_label "vccc"', ["pins by net"]),
    "two pins of a package swapped": (
        "sheet1.kicad_sch", r'"1=p1 2=p2 3=p3', '"1=p2 2=p1 3=p3', ["node voltages, V"],
    ),
    "a resistance off by a tenth": (
        "sheet1.kicad_sch", r'type=\\"R\\" model=\\"\{47000.0', r'type=\\"R\\" model=\\"{51700.0', ["node voltages, V"],
    ),
    "a width off by a tenth": ("models.cir", r"w=2e-05", "w=2.2e-05", ["node voltages, V"]),
    "another value bought": ("board.kicad_sch", r'\(value "1M"\)', '(value "1.1M")', ["what is bought"]),
    "another input": ("board.kicad_sch", r'model=\\"dc -0.33', r'model=\\"dc -0.36', ["node voltages, V"]),
    "a label that is gone": (
        "sheet1.kicad_sch", r"^\(global_label .*$", "", ["errors by electrical rules", "pins by net"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_kicad_catches(mistake: str, tmp_path: Path) -> None:
    design = twins()
    file, pattern, change, caught = WRONG[mistake]
    folder = exported(design, tmp_path, "kicad")
    spoil(folder / "kicad" / file, pattern, change)
    found = verdicts(rows("kicad", design, folder, "kicad"))
    assert {what: found[what] for what in caught} == dict.fromkeys(caught, FAILED)


def test_the_deck_that_kicad_makes_has_every_digit(tmp_path: Path) -> None:
    design = twins(3)
    folder = exported(design, tmp_path, "kicad")
    rows("kicad", design, folder, "kicad")
    deck = (folder / "kicad" / "deck.cir").read_text()
    values = {repr(float(p.numbers[p.device.value])) for p in flat(design).parts if p.device.name in ("R", "C")}
    assert len(values) == 5
    assert all(f"{{{value}}}" in deck for value in values)
    assert "dc -0.3333333333333333" in deck


def test_a_deck_that_would_run_programs_is_not_run(tmp_path: Path) -> None:
    design = twins()
    folder = exported(design, tmp_path, "kicad")
    spoil(folder / "kicad" / "board.kicad_sch", r"\\n\.op\"", r'\\n.op\\n.control\\necho x > ran\\n.endc"')
    assert verdicts(rows("kicad", design, folder, "kicad"))["operating point"] == FAILED
    assert ".control" in (folder / "kicad" / "deck.cir").read_text()
    assert not (folder / "kicad" / "ran").exists()


NET_WRONG = {
    "a pin on another number": (r'\(ref "U1"\) \(pin "2"\)', '(ref "U1") (pin "9")', "pins by net"),
    "two nets as one": (r'\(name "n_1"\)', '(name "n_2")', "pins by net"),
    "another footprint": (r"R_0603_1608Metric", "R_0402_1005Metric", "values and footprints"),
    "a part that is not there": (r'^    \(comp \(ref "C1"\).*\n', "", "values and footprints"),
}


@pytest.mark.parametrize("mistake", NET_WRONG)
def test_kinparse_catches(mistake: str, tmp_path: Path) -> None:
    design = twins()
    pattern, change, caught = NET_WRONG[mistake]
    folder = exported(design, tmp_path, "kicad")
    spoil(folder / "kicad" / "board.net", pattern, change)
    assert verdicts(rows("kinparse", design, folder, "kicad"))[caught] == FAILED


def test_the_same_design_is_the_same_bytes(tmp_path: Path) -> None:
    one, two = (exported(twins(), tmp_path / name, "kicad", "bom") for name in "ab")
    assert (one / "SHA256SUMS").read_text() == (two / "SHA256SUMS").read_text()
