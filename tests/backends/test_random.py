"""Random circuits: both backends find the same voltages, or both say that there are none.

`NETLEARN_CIRCUITS=300` tries more of them.
"""

from __future__ import annotations

import os

import numpy as np
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from random_circuits import random_circuit

from netlearn.backends import open_backend
from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import Boundary, FlatCircuit, Params, boundary, initial
from netlearn.solve import dense
from netlearn.solve.solution import Solution

EXAMPLES = int(os.environ.get("NETLEARN_CIRCUITS", "70"))


def solve(name: str, circuit: FlatCircuit, params: Params, held: Boundary) -> Solution:
    backend = open_backend(name, circuit)
    try:
        return backend.operating_points(params, held)
    finally:
        backend.close()


def size(x: np.ndarray) -> np.ndarray:
    """1 or the largest number of each sample."""
    return 1.0 + np.abs(np.nan_to_num(x)).max(axis=1)


def kirchhoff(circuit: FlatCircuit, params: Params, held: Boundary, x: np.ndarray) -> np.ndarray:
    """Largest error of any equation in each sample, against the laws themselves."""
    f, _ = dense.assemble(dense._lanes(circuit, params, held, 0, slice(None)), np.nan_to_num(x))
    return np.abs(f).max(axis=1)


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(st.integers(0, 10**6))
def test_backends_agree_on_random_circuits_and_on_which_have_no_answer(seed: int) -> None:
    circuit, samples = random_circuit(seed)
    params, held, connections = initial(circuit), boundary(circuit, samples), Connections(circuit)
    one, two = (solve(name, circuit, params, held) for name in ("reference", "ngspice"))
    lost = connections.lanes(held) >= 0
    for found in (one, two):
        assert not found.settled[0, lost].any()
        settled = found.settled[0]
        assert (kirchhoff(circuit, params, held, found.x[0]) < 1e-9 * size(found.x[0]))[settled].all()
    both = (one.settled & two.settled)[0]
    volts = slice(0, len(circuit.nodes))
    apart = np.abs(one.x[0] - two.x[0])[:, volts].max(axis=1)
    close = apart <= 1e-9 * size(one.x[0][:, volts])
    # else the circuit has several operating points, or a node that only gmin holds
    obeys = kirchhoff(circuit, params, held, two.x[0]) < 1e-12
    assert (close | obeys)[both].all()
    event("both settled" if both.all() else "only one settled" if (one.settled | two.settled).any() else "none settled")


def test_the_random_circuits_are_of_every_kind() -> None:
    circuits = [random_circuit(seed) for seed in range(200)]
    answered = [solve("reference", c, initial(c), boundary(c, x)).settled.all() for c, x in circuits[:60]]
    assert 0.3 < np.mean(answered) < 0.9
    assert {name for c, _ in circuits for name in c.banks} >= {
        "R",
        "D",
        "NMOS",
        "PMOS",
        "CCCS",
        "VCVS",
        "Cm",
        "OpAmp",
        "L",
    }
