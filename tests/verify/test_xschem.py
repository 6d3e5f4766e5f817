"""xschem reads the schematics that were meant, and says so where they were not."""

from __future__ import annotations

from pathlib import Path

import pytest
from excuses import unexplained
from schematics import DESIGNS, twins
from verified import exported, rows, spoil

from netlearn.verify.model import FAILED, PASSED


@pytest.mark.parametrize("name", DESIGNS)
def test_xschem_makes_a_deck_of_the_same_voltages(name: str, tmp_path: Path) -> None:
    design = DESIGNS[name]()
    found = rows("xschem", design, exported(design, tmp_path, "xschem"), "xschem")
    assert unexplained(found) == []
    assert found[0].verdict == PASSED


WRONG = {
    "a moved wire": ("dut.sch", r"lab=n_1\b", "lab=n_3"),
    "a wire within a cell": ("edge_.sch", r"(name=l_rr_0 lab=)a", r"\1g"),
    "a resistance off by a tenth": ("dut.sch", r'value="47000.0"', 'value="51700.0"'),
    "a width off by a tenth": ("edge_.sch", r"w=2e-05", "w=2.2e-05"),
    "two pins of a transistor swapped": (
        "x-nmos_.sym", r"(?s)B 5 ([^{]*)\{name=d (.*?)B 5 ([^{]*)\{name=g ", r"B 5 \3{name=d \2B 5 \1{name=g ",
    ),
    "another input": ("tb.sch", r'value="-0.33', 'value="-0.36'),
    "a symbol that is gone": ("edge_.sch", r"C \{x-r.sym\}", "C {x-q.sym}"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_xschem_catches(mistake: str, tmp_path: Path) -> None:
    design = twins()
    folder = exported(design, tmp_path, "xschem")
    file, pattern, change = WRONG[mistake]
    spoil(folder / "xschem" / file, pattern, change)
    point, *_ = rows("xschem", design, folder, "xschem")
    assert point.verdict == FAILED


def test_settings_of_a_folder_are_not_run(tmp_path: Path) -> None:
    design = twins()
    folder = exported(design, tmp_path, "xschem")
    (folder / "xschem" / "xschemrc").write_text("exec touch ran\n")
    assert unexplained(rows("xschem", design, folder, "xschem")) == []
    assert not (folder / "xschem" / "ran").exists()
