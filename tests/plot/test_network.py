"""Pictures of networks: what is drawn, and where."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.circuit.flat import FlatCircuit, initial
from netlearn.plot import network

Flat = Callable[..., FlatCircuit]


def drawn(circuit: FlatCircuit) -> dict[frozenset[str], float]:
    """Names of the ends of each edge, and its conductance in S."""
    found = network.drawable(network.edges(circuit, initial(circuit), np.zeros(circuit.size)))
    return {frozenset((circuit.nodes[a], circuit.nodes[b])): g for a, b, g, _ in found}


def test_parallel_edges_are_one_and_edges_to_ground_are_drawn(flat: Flat) -> None:
    circuit = flat("net a, b\nR r(a, b) = 1k\nR s(b, a) = 1k\nR t(b, gnd) = 2k\nC c(a, gnd) = 1nF\ninput x = V(a)")
    assert drawn(circuit) == pytest.approx({frozenset("ab"): 2e-3, frozenset(("b", "gnd")): 0.5e-3})


def test_a_ring_on_one_node_is_not_drawn(flat: Flat) -> None:
    assert drawn(flat("net a\nR r(a, a) = 1k\nR s(a, gnd) = 1k\ninput x = V(a)")) == {frozenset(("a", "gnd")): 1e-3}


LAYOUTS = {
    "a lattice": "net n[3][3]\nmesh e = grid(3, 3) on n of R = 1k\nR load(n[1][1], gnd) = 1k\ninput x = V(n[0][0])",
    "layers": "net h[4], o[2]\nmesh e = dense(4, 2) on h, o of R = 1k\nR load(o[0], gnd) = 1k\ninput x = V(h[0])",
    "springs": "net a, b\nR r(a, b) = 1k\nR s(b, gnd) = 1k\ninput x = V(a)",
}


@pytest.mark.parametrize("body", LAYOUTS.values(), ids=LAYOUTS)
def test_ground_lies_below_all_other_nodes(body: str, flat: Flat) -> None:
    circuit = flat(body)
    pairs = [(a, b) for a, b, _, _ in network.edges(circuit, initial(circuit), np.zeros(circuit.size))]
    where = network.layout(circuit, pairs)
    assert set(where) == set(range(len(circuit.nodes)))
    assert all(where[0][1] < y for n, (_, y) in where.items() if n)


def test_a_lattice_keeps_its_shape_beside_ground(flat: Flat) -> None:
    circuit = flat(LAYOUTS["a lattice"])
    pairs = [(a, b) for a, b, _, _ in network.edges(circuit, initial(circuit), np.zeros(circuit.size))]
    where = network.layout(circuit, pairs)
    assert where[circuit.node_index["n[2][1]"]] == (1.0, -2.0)


def placed(circuit: FlatCircuit) -> dict[str, network.Position]:
    pairs = [(a, b) for a, b, _, _ in network.edges(circuit, initial(circuit), np.zeros(circuit.size))]
    return {circuit.nodes[n]: place for n, place in network.layout(circuit, pairs).items()}


def test_layers_stand_in_the_order_in_which_they_are_driven(flat: Flat) -> None:
    where = placed(
        flat(
            "net o[2], h[3], i[4]\nmesh late = dense(3, 2) on h, o of R = 1k\nmesh early = dense(4, 3) on i, h of R = 1k\n"
            "input x[0..3] = V(i)"
        )
    )
    assert where["i[0]"][0] < where["h[0]"][0] < where["o[0]"][0]


@pytest.mark.parametrize("body", ["a lattice", "layers", "springs"])
def test_what_hangs_on_ground_alone_stands_beside_it(body: str, flat: Flat) -> None:
    plain = placed(flat(LAYOUTS[body]))
    where = placed(flat(f"{LAYOUTS[body]}\nnet well\nR tie(well, gnd) = 10"))
    assert where["well"][1] == where["gnd"][1] < min(y for n, (_, y) in where.items() if n not in ("well", "gnd"))
    assert body == "springs" or all(where[n] == place for n, place in plain.items() if n != "gnd")


def test_numbers_of_crossing_edges_lie_apart() -> None:
    ends = [((0.0, float(a)), (3.0, float(b))) for a in range(4) for b in range(4)]
    lines = [np.linspace(p, q, 24) for p, q in ends]
    found = network._apart(lines)
    for k, (one, line) in enumerate(zip(found, lines, strict=True)):
        assert any(np.array_equal(one, point) for point in line)
        assert all((abs(one - other) > (0.3, 0.12)).any() for other in found[:k])
