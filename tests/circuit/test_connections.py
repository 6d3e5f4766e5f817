"""What cannot have a value is found from the connections alone, and told by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.backends import BACKENDS, Backend
from netlearn.circuit.connections import Connections, Undetermined
from netlearn.circuit.flat import Boundary, FlatCircuit, boundary, hold, initial

Flat = Callable[..., FlatCircuit]
Opened = Callable[[str, FlatCircuit], Backend]
IN = "net a, b, c, d\ninput x = V(a)\nR r1(a, b) = 1k\nR r2(b, gnd) = 1k\n"
SWITCH = "element Own(p, n, q, m; g = 1mS) { current i(p, n) = g * V(p, n)\n current j(q, m) = g * V(q, m) }"

LOST = {
    "a floating resistor": ("R r3(c, d) = 1k", "nodes c, d"),
    "behind a capacitor": ("C c1(b, c) = 1nF", "node c floats"),
    "fed by a source alone": ("I i1(gnd, c) = 1mA", "node c floats"),
    "a lone gate": ("NMOS m1(d = b, g = c, s = gnd, b = gnd)", "node c floats"),
    "a steered current alone": ("VCCS g1(c, gnd, b, gnd) = 1mS", "node c floats"),
    "a current mirror alone": ("CCCS f1(c, gnd, b, gnd) = 2\nI i1(gnd, c) = 1mA", "node c floats"),
    "an input of an op-amp": ("OpAmp o1(p = c, n = d, out = d)", "node c floats"),
    "sensed only": ("Multiplier m1(x1 = b, x2 = gnd, y1 = c, y2 = gnd, out = d)", "node c floats"),
    "an island of transistors": ("NMOS m1(d = c, g = b, s = d, b = c)", "nodes c, d"),
    "an island of learning edges": ("Ohmic e1(c, d) = 2V", "nodes c, d"),
    "two sources side by side": ("V v1(c, gnd) = 1V\nV v2(c, gnd) = 1V", "v2 closes a loop of voltages with v1"),
    "a source across an input": ("V v1(a, gnd) = 1V", "v1 closes a loop of voltages with an input"),
    "a source and an inductor": ("V v1(c, gnd) = 1V\nL l1(c, gnd) = 1mH", "l1 closes a loop of voltages with v1"),
    "a ring of inductors": (
        "L l1(b, c) = 1mH\nL l2(c, d) = 1mH\nL l3(d, b) = 1mH",
        "l3 closes a loop of voltages with l2 and l1",
    ),
    "a memory and a source": ("C c1(c, gnd) = 1uF, ic = 1V\nV v1(c, gnd) = 2V", "closes a loop"),
    "an op-amp against a source": ("OpAmp o1(p = b, n = c, out = c)\nV v1(c, gnd) = 1V", "closes a loop"),
    "both ends of a source": ("V v1(b, b) = 1V", "both its ends are one node"),
}
FOUND = {
    "a divider": "",
    "a diode": "D d1(b, c)",
    "a capacitor in parallel": "C c1(b, gnd) = 1nF",
    "a memory": "C c1(c, gnd) = 1nF, ic = 1V\nNMOS m1(d = b, g = c, s = gnd, b = gnd)",
    "an op-amp with feedback": "OpAmp o1(p = b, n = c, out = c)\nR r3(c, gnd) = 1k",
    "integrators in a loop": "VCCS g1(c, gnd, b, gnd) = 1mS\nVCCS g2(gnd, c, c, gnd) = -1mS\nC c1(c, gnd) = 1nF",
    "a gyrator": "VCCS g1(c, gnd, d, gnd) = 1mS\nVCCS g2(gnd, d, c, gnd) = 1mS\nR r3(d, gnd) = 1k",
    "a sensed branch": "CCVS h1(d, gnd, b, c) = 1k\nR r3(c, gnd) = 1k\nR r4(d, gnd) = 1k",
    "a learning edge": "Ohmic e1(b, c) = 2V",
    "a switch": "Switch s1(p = b, n = c, cp = a, cn = gnd)",
}


def lost(circuit: FlatCircuit) -> Undetermined | None:
    return Connections(circuit).undetermined(circuit.driven["V"][0])


@pytest.mark.parametrize(("body", "said"), LOST.values(), ids=LOST.keys())
def test_what_has_no_value_is_named(body: str, said: str, flat: Flat) -> None:
    found = lost(flat(IN + body))
    assert found is not None
    assert said in found.message
    assert found.help


@pytest.mark.parametrize("body", FOUND.values(), ids=FOUND.keys())
def test_a_circuit_whose_unknowns_have_values_is_let_through(body: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(IN + body)
    assert lost(circuit) is None
    for name in BACKENDS:
        assert backend(name, circuit).operating_points(initial(circuit), boundary(circuit, [[0.5]])).settled.all()


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize(("body", "said"), LOST.values(), ids=LOST.keys())
def test_no_backend_finds_what_has_no_value(body: str, said: str, name: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(IN + body)
    found = backend(name, circuit).operating_points(initial(circuit), boundary(circuit, [[0.5], [0.0]]))
    assert not found.settled.any()
    assert np.isnan(found.x).all()
    assert (found.worst == Connections(circuit).lanes(boundary(circuit, [[0.5]]))[0]).all()


@pytest.mark.parametrize("name", BACKENDS)
def test_a_conductance_of_zero_connects_nothing(name: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(IN + "G g1(b, c) = 0\nR r3(c, d) = 1k")
    found = backend(name, circuit).operating_points(initial(circuit), boundary(circuit, [[0.5]]))
    assert not found.settled.any()


@pytest.mark.parametrize("name", BACKENDS)
def test_a_sample_may_hold_what_floats_in_another(name: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(IN + "R r3(c, d) = 1k")
    node = np.array([circuit.node_index["c"]])
    held = hold(boundary(circuit, [[0.2], [0.4], [0.6]]), node, np.array([[1.0], [np.nan], [3.0]]))
    found = backend(name, circuit).operating_points(initial(circuit), held)
    np.testing.assert_array_equal(found.settled, [[True, False, True]])
    np.testing.assert_allclose(found.x[0, [0, 2], circuit.node_index["d"]], [1.0, 3.0], atol=1e-9)
    np.testing.assert_allclose(found.x[0, [0, 2], circuit.node_index["b"]], [0.1, 0.3], atol=1e-9)
    assert int(found.worst[0, 1]) in (circuit.node_index["c"], circuit.node_index["d"])


def test_a_large_island_is_told_by_its_first_nodes(flat: Flat) -> None:
    found = lost(flat(IN + "net n[20]\nfor k in 0..18 { R q[k](n[k], n[k+1]) = 1k }"))
    assert found is not None
    assert "and 14 more" in found.message
    assert len(found.unknowns) == 20


def test_an_element_of_the_netlist_joins_what_its_law_joins(flat: Flat) -> None:
    found = lost(flat(IN + "net q\nOwn e1(b, gnd, c, q)\nR r3(d, gnd) = 1k\nR r4(d, b) = 1k", SWITCH))
    assert found is not None
    assert "nodes c, q" in found.message


def test_holding_a_node_twice_at_ground_is_a_loop_of_nothing(flat: Flat) -> None:
    circuit = flat(IN)
    check = Connections(circuit)
    held = Boundary(np.array([1, 1]), np.array([[0.1, 0.1]]), np.array([], dtype=int), np.zeros((1, 0)))
    assert check.lanes(held).tolist() == [-1]
