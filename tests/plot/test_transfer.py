"""The picture of transfer curves has a row a cell, and shows every draw."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from netlearn.machine.conform import Bench, measure
from netlearn.machine.verdict import Tolerances, Verdict, judge
from netlearn.plot.conform import draw, extent

CELLS = runpy.run_path(str(Path(__file__).resolve().parents[1] / "machine" / "learning_cells.py"))


@pytest.mark.parametrize("text", ["COMPARING", "CHARGING"])
def test_every_draw_is_a_point_of_both_curves(text: str) -> None:
    netlist = CELLS["cell"](CELLS[text])
    measured = measure(netlist, netlist.cells[0], Bench(draws=30))
    right = judge(measured, Tolerances())
    wrong = Verdict(False, ("",), right.numbers, np.array([0, 4]))
    figure = Figure(figsize=extent([0, 0]))
    draw(figure, [(measured, right), (measured, wrong)])
    assert len(figure.axes) == 4
    for axes in figure.axes:
        assert sum(len(points.get_offsets()) for points in axes.collections) == 30
    assert figure.axes[0].get_title() == "Edge: agrees"
    assert figure.axes[2].get_title() == "Edge: does not agree"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["as the rule", "right sign", "wrong sign"]
