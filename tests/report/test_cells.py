"""The page of a netlist's modules: what is written of them, drawn, measured on ngspice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netlearn.errors import CircuitError
from netlearn.lang.compile import compile_file
from netlearn.report.cells import CellsPage, cells_page, transistors, write_cells_report
from netlearn.units import Quantity

CELLS = Path(__file__).parents[1] / "plot" / "cells.nl"


@pytest.fixture(scope="module")
def made() -> CellsPage:
    return cells_page(CELLS)


def test_it_says_what_is_written_and_drawn(made: CellsPage) -> None:
    assert "Small cells to draw" in made.html
    assert "out is high where a is low.\nIts threshold lies" in made.html
    assert "<td>parameter level</td><td>2.5V</td>" in made.html
    assert "<td>number of transistors, transistor level</td><td>2</td>" in made.html
    assert "Schematic, behavioural." in made.html
    assert "Schematic, transistor level." in made.html
    assert made.html.count("<h2 id=") == len(made.modules) == len(compile_file(CELLS).modules)


def test_it_says_what_was_measured_of_each_version(made: CellsPage) -> None:
    assert "assert V(out) &gt; 4V at 0.1ms" in made.html
    assert made.html.count("FAILS") == 2
    assert (made.holds, made.asserts) == (4, 6)
    assert "V(out) against V(a); behavioural solid, transistor level dashed." in made.html
    assert "Every voltage from ngspice" in made.html


def test_it_needs_nothing_from_elsewhere(made: CellsPage) -> None:
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:|//)|@import|url\(["']?http|<script""", made.html)
    names = re.findall(r"\bid=[\"']([^\"']+)", made.html)
    assert len(names) == len(set(names))


def test_transistors_are_counted_through_cells() -> None:
    modules = compile_file(CELLS).modules
    assert transistors(modules["Xor"].cell({})) == 16
    assert transistors(modules["Charge"].cell({})) == 0
    assert transistors(modules["Inverter"].cell({"transistors": Quantity(1.0)})) == 2


def test_a_bench_that_cannot_run_is_told_on_the_page(tmp_path: Path) -> None:
    file = tmp_path / "odd.nl"
    file.write_text(
        "module Loop(a) {\n  V v1(a, gnd) = 1V\n}\n"
        "circuit Bench {\n  net a\n  Loop l1(a = a)\n  V v2(a, gnd) = 2V\n  assert V(a) > 0V at 1ms\n}\n"
    )
    made = cells_page(file)
    assert (made.holds, made.asserts) == (0, 1)
    assert "class=bad" in made.html


def test_a_file_without_modules_has_no_page(tmp_path: Path) -> None:
    file = tmp_path / "plain.nl"
    file.write_text("circuit Plain {\n  R r1(gnd, gnd) = 1k\n}\n")
    with pytest.raises(CircuitError, match="no modules"):
        write_cells_report(file)
