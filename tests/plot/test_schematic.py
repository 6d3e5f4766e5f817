"""Schematics of small cells, and of every module that comes with netlearn: whole, readable, the same each time."""

from __future__ import annotations

import itertools
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netlearn.circuit.model import Cell
from netlearn.cli.drawing import chosen
from netlearn.errors import CircuitError, NetlistError
from netlearn.lang.compile import compile_file, compile_netlist
from netlearn.lang.library import shipped
from netlearn.plot import schematic
from netlearn.plot.schematic import arrange, joined
from netlearn.plot.schematic.names import Name
from netlearn.units import VOLT, Quantity

CELLS = compile_file(Path(__file__).parent / "cells.nl").modules
ONE = {"transistors": Quantity(1.0)}


def shipped_cells() -> list[tuple[str, Cell]]:
    """Every module of the library that can stand alone, in its versions."""
    found = []
    for path in sorted((shipped() / "std").glob("*.nl")):
        for module in compile_file(path).modules.values():
            if all(module.params.values()):
                versions = [{}, ONE] if "transistors" in module.params else [{}]
                found += [(f"{path.stem}.{module.name}{len(v)}", module.cell(v)) for v in versions]
    return found


DRAWN = [(name, module.cell({})) for name, module in CELLS.items()] + [("Inverter1", CELLS["Inverter"].cell(ONE))]
EVERY = DRAWN + shipped_cells()
named = pytest.mark.parametrize("cell", [c for _, c in EVERY], ids=[n for n, _ in EVERY])
textbook = pytest.mark.parametrize("cell", [c for _, c in DRAWN], ids=[n for n, _ in DRAWN])


@textbook
def test_every_part_is_named_once_in_a_sound_document(cell: Cell) -> None:
    drawn = schematic(cell)
    texts = [node.text for node in ElementTree.fromstring(drawn).iter() if node.tag.endswith("text")]
    for part in (*cell.elements, *cell.instances):
        assert texts.count(part.name) == 1
    assert drawn == schematic(cell)


@named
def test_nothing_overlaps(cell: Cell) -> None:
    symbols = arrange(cell)
    for a, b in itertools.combinations(symbols, 2):
        assert not a.extent.meets(b.extent), (a.name, b.name)
    _, names = joined(symbols, cell.ports, True)
    boxes = [(s.name, s.body) for s in symbols] + [(t.text, t.box) for s in symbols for t in s.texts]
    for name in names:
        assert not [what for what, box in boxes if box.meets(name.box)], name.net
    for one, other in itertools.combinations(names, 2):
        assert not one.box.meets(other.box), (one.net, other.net)


@named
def test_every_pin_is_on_its_net(cell: Cell) -> None:
    """Pins of one net hang together by wires, or every part has the net's name; wires of two nets never touch."""
    symbols = arrange(cell)
    wiring, names = joined(symbols, cell.ports, True)
    at: dict[str, list[Name]] = {}
    for name in names:
        at.setdefault(name.net, []).append(name)
    for net, parts in wiring.parts.items():
        places = [(round(2 * n.x), round(2 * n.y)) for n in at.get(net, [])]
        alone = [part for part in parts if not part & set(places)]
        assert not alone or (len(parts) == 1 and net not in cell.ports), net
    for symbol in symbols:
        for pin in symbol.pins:
            assert wiring.nodes[round(2 * pin.x), round(2 * pin.y)] == pin.net


def test_a_mirror_and_a_pair_face_each_other() -> None:
    symbols = {s.name: s for s in arrange(CELLS["FiveComparator"].cell({}))}
    assert symbols["m3"].mirrored
    assert not symbols["m4"].mirrored
    assert symbols["m2"].mirrored
    rows = [symbols[name].body.y0 for name in ("m3", "m1", "m5")]
    assert rows == sorted(rows, reverse=True)
    assert symbols["m1"].body.y0 == symbols["m2"].body.y0


def test_many_edges_are_one_box() -> None:
    circuit = compile_file(shipped() / "regression.nl").circuit
    assert "32 × MosEdge" in schematic(circuit.top)
    wiring, names = joined(arrange(circuit.top), circuit.top.ports, True)
    assert not wiring.edges  # a name such as n[..][..].free is no net that a wire could join
    assert [name.net for name in names].count("n[..][..].free") == 2


def test_a_module_says_what_is_written() -> None:
    module = CELLS["Inverter"]
    assert module.doc == "Inverts a logic level: out is high where a is low.\nIts threshold lies near half the supply."
    assert module.ports == ("a", "out", "vdd")
    assert module.params == {"transistors": "0", "level": "2.5V"}
    assert [e.name for e in module.cell(ONE).elements] == ["mp", "mn"]


def test_wrong_parameters_are_told() -> None:
    with pytest.raises(CircuitError, match="no parameter 'transistor'"):
        CELLS["Inverter"].cell({"transistor": Quantity(1.0)})
    with pytest.raises(NetlistError, match="V"):
        CELLS["Difference"].cell({"gain": Quantity(1.0, VOLT)})
    needy = compile_netlist("module Needy(a; r) {\n R r1(a, gnd) = r\n}").modules["Needy"]
    with pytest.raises(CircuitError, match="has no value"):
        needy.cell({})


def test_what_is_driven_stands_at_the_right() -> None:
    charge = {s.name: s for s in arrange(CELLS["Charge"].cell({}))}
    sides = {p.name: (p.dx, p.dy) for p in charge["inv"].pins}
    assert (sides["a"], sides["out"], sides["vdd"]) == ((-1, 0), (1, 0), (0, 1))
    bench = compile_netlist(
        'import "std/edge.nl"\ncircuit Pair {\n  net x: twin, y: twin\n  MosEdge e(x, y)\n}', folder=shipped()
    )
    pins = {p.name: p.dx for s in arrange(bench.circuit.top) for p in s.pins}
    assert (pins["a.free"], pins["b.free"]) == (-1, 1)


def test_a_transmission_gate_stands_side_by_side() -> None:
    text = "module Gate(a, b, on, off, vdd) {\n  NMOS n(a, on, b, gnd)\n  PMOS p(a, off, b, vdd)\n}"
    n, p = arrange(compile_netlist(text).modules["Gate"].cell({}))
    assert [pin.net for pin in n.pins[1:]] == [pin.net for pin in p.pins[1:]] == ["a", "b"]
    assert n.body.y0 == p.body.y0


def test_an_empty_module_is_an_empty_picture() -> None:
    empty = compile_netlist("module Nothing(a) {\n}").modules["Nothing"].cell({})
    assert ElementTree.fromstring(schematic(empty)).tag.endswith("svg")


def test_what_would_take_minutes_to_arrange_is_refused() -> None:
    parts = "\n".join(f"R x{chr(97 + k // 26 % 26)}{chr(97 + k % 26)}{'y' * (k // 676)}(a, b) = 1k" for k in range(501))
    cell = compile_netlist(f"module Big(a, b) {{\n{parts}\n}}\ncircuit Top {{ Big g(gnd, gnd) }}").cells[0]
    with pytest.raises(CircuitError, match="501 elements"):
        schematic(cell)


def test_a_bulk_that_is_not_on_the_source_has_a_terminal_with_its_net() -> None:
    (drawn, tied, other) = (
        schematic(
            compile_netlist(f"netlearn 0.1\nmodule M(d, g, s, w) {{ NMOS m(d, g, s, {bulk}) }}\n").modules["M"].cell({})
        )
        for bulk in ("gnd", "s", "w")
    )
    lines = [sum(node.tag.endswith("path") for node in ElementTree.fromstring(text).iter()) for text in (drawn, tied)]
    assert lines[0] == lines[1] + 1
    assert ">gnd</text>" in drawn
    assert ">gnd</text>" not in tied
    assert ">w</text>" in other


def test_nets_that_are_plotted_are_named(tmp_path: Path) -> None:
    text = "netlearn 0.1\ncircuit A {\n net a, b\n V v(a, gnd) = 1V\n R r(a, b) = 1k\n C c(b, gnd) = 1uF\n%s}\n"
    found = []
    for name, plot in (("without", ""), ("with", " plot V(b) against V(a)\n")):
        (tmp_path / f"{name}.nl").write_text(text % plot)
        cell = chosen(tmp_path / f"{name}.nl", None, None, None, [])
        found.append(cell.ports)
    assert found == [(), ("b", "a")]
