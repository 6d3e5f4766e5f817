"""KLayout's netlist comparer is the judge of ours: 40 random circuits, each with a copy and with four mistakes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from random_layouts import MISTAKES, drawn, renamed, text

from netlearn.circuit.flat import flatten
from netlearn.equal import Graph, compare, graph, standing
from netlearn.imports import import_text
from netlearn.lang.compile import compile_netlist

db = pytest.importorskip("klayout.db", reason="pip install klayout")
EACH = pytest.mark.parametrize("seed", range(40))


def ours(spice: str) -> Graph:
    cell = compile_netlist(import_text(spice, "x.cir").text).modules["top"].cell({})
    return graph(flatten(standing(cell)), cell.ports, 1e-6)


def judged(one: str, two: str, folder: Path) -> bool:
    """Whether KLayout finds two SPICE texts equal."""
    netlists = []
    for k, spice in enumerate((one, two)):
        (folder / f"{k}.sp").write_text(spice)
        netlists.append(db.Netlist())
        netlists[-1].read(str(folder / f"{k}.sp"), db.NetlistSpiceReader())
        assert netlists[-1].top_circuit_count() == 1
        assert sum(1 for _ in netlists[-1].circuit_by_name("TOP").each_device()) == spice.count("\n") - 6
    return bool(db.NetlistComparer().compare(*netlists))


@EACH
def test_a_copy_under_other_names_is_equal_for_both(seed: int, tmp_path: Path) -> None:
    items = drawn(seed)
    one, two = text(items), text(renamed(items, seed))
    assert judged(one, two, tmp_path)
    verdict = compare(ours(one), ours(two))
    assert verdict.equal
    assert len(verdict.parts) == len(items)


@EACH
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_copy_with_one_mistake_is_different_for_both(seed: int, mistake: str, tmp_path: Path) -> None:
    items = drawn(seed)
    one, two = text(items), text(renamed(MISTAKES[mistake](items, random.Random(seed)), seed))
    verdict = compare(ours(one), ours(two))
    assert verdict.equal == judged(one, two, tmp_path)
    assert not verdict.equal
    assert verdict.why
