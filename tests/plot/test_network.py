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
