"""The lattices that solvers are measured on: the published voltages, and a nodal solve of our own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.backends import Backend
from netlearn.circuit.flat import FlatCircuit, Floats, boundary, flatten, initial
from netlearn.errors import CircuitError
from netlearn.lang.compile import compile_netlist
from netlearn.lang.format import format_text
from netlearn.lang.lattice import KINDS, Lattice, draw, netlist
from netlearn.solve.solution import read

VT, IS, GMIN = 8.617333262145e-5 * 300.15, 1e-14, 1e-12
PUBLISHED = [
    ("rdgrid", 16, 0.486316),
    ("mosgrid", 8, 0.168700),
    ("mosgrid", 16, 0.198358),
    pytest.param("rgrid", 32, 0.458021, marks=pytest.mark.slow),
    pytest.param("rdgrid", 32, 0.500622, marks=pytest.mark.slow),
]


def currents(lattice: Lattice, v: Floats) -> Floats:
    """Current out of every node through the lattice's edges."""
    a, b = lattice.edges.T
    flow = np.zeros(len(v))
    if lattice.kind == "mosgrid":
        source, drain = (np.maximum(lattice.gates - 0.7 - v[end], 0.0) for end in (b, a))
        through = 0.5e-3 * (source**2 - drain**2)
    else:
        through = (v[a] - v[b]) / lattice.ohms
        anode, cathode = lattice.diodes.T
        drop = v[anode] - v[cathode]
        diode = IS * np.expm1(drop / VT) + GMIN * drop
        np.add.at(flow, anode, diode)
        np.add.at(flow, cathode, -diode)
    np.add.at(flow, a, through)
    np.add.at(flow, b, -through)
    return flow


def solved(circuit: FlatCircuit, inputs: Floats, backend: Backend) -> Floats:
    found = backend.operating_points(initial(circuit), boundary(circuit, inputs))
    assert found.settled.all()
    return found.x


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("size", "seed"), [(2, 0), (3, 1), (7, 0)])
def test_currents_balance_at_every_free_node_of_a_lattice(
    kind: str, size: int, seed: int, backend: Callable[[str, FlatCircuit], Backend]
) -> None:
    lattice = draw(kind, size, seed)
    compiled = compile_netlist(netlist(lattice))
    circuit = flatten(compiled.circuit)
    x = solved(circuit, np.array(compiled.task.inputs), backend("reference", circuit))
    v = np.array([x[0, 0, circuit.node_index[f"n[{k // size}][{k % size}]"]] for k in range(size * size)])
    held, volts = lattice.held
    np.testing.assert_array_equal(v[held], volts)
    free = np.setdiff1d(np.arange(size * size), held)
    assert np.abs(currents(lattice, v)[free]).max(initial=0.0) < 1e-11  # transistors leak through their junctions
    assert read(circuit, initial(circuit), x)[0, 0, 0] == v[lattice.centre]


@pytest.mark.parametrize(("kind", "size", "volts"), PUBLISHED)
def test_the_centre_node_has_the_published_voltage(
    kind: str, size: int, volts: float, backend: Callable[[str, FlatCircuit], Backend]
) -> None:
    compiled = compile_netlist(netlist(draw(kind, size, 0)))
    circuit = flatten(compiled.circuit)
    x = solved(circuit, np.array(compiled.task.inputs), backend("ngspice", circuit))
    assert read(circuit, initial(circuit), x)[0, 0, 0] == pytest.approx(volts, abs=5.1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lattice_is_a_function_of_its_seed_and_laid_out_as_fmt_would(kind: str) -> None:
    text = netlist(draw(kind, 5, 3))
    assert text == netlist(draw(kind, 5, 3))
    assert text != netlist(draw(kind, 5, 4))
    assert format_text(text) == text


def test_a_large_lattice_has_an_edge_for_every_pair_of_neighbours() -> None:
    lattice = draw("rdgrid", 100, 0)
    circuit = flatten(compile_netlist(netlist(lattice)).circuit)
    assert len(circuit.nodes) == 100 * 100 + 1
    assert len(circuit.banks["R"].names) == 2 * 100 * 99
    assert len(circuit.banks["D"].names) == len(lattice.diodes)
    assert len(lattice.diodes) == pytest.approx(0.25 * 2 * 100 * 99, rel=0.05)


@pytest.mark.parametrize(
    ("kind", "size", "seed", "words"),
    [
        ("cgrid", 8, 0, "known: rgrid, rdgrid, mosgrid"),
        ("rgrid", 1, 0, "give a size of 2"),
        ("rgrid", 10**6, 0, "give a size of 2"),
        ("rgrid", 8, -1, "a seed is not negative"),
    ],
)
def test_a_lattice_that_cannot_be_is_refused(kind: str, size: int, seed: int, words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        draw(kind, size, seed)
