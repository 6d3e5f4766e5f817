"""Random circuits: all backends find the same voltages, or all say that there are none.

`NETLEARN_CIRCUITS=1000` tries more of them than the 300 of every run.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from random_circuits import random_circuit

from netlearn.backends import BACKENDS, open_backend
from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import Boundary, FlatCircuit, Params, boundary, initial
from netlearn.solve import reference
from netlearn.solve.solution import Solution

JUDGE = "ngspice"
EXAMPLES = int(os.environ.get("NETLEARN_CIRCUITS", "300"))


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
    f, _ = reference.assemble(
        reference._lanes(circuit, reference.pattern(circuit), params, held, 0, slice(None)), np.nan_to_num(x)
    )
    return np.abs(f).max(axis=1)


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(st.integers(0, 10**6))
def test_backends_agree_on_random_circuits_and_on_which_have_no_answer(seed: int) -> None:
    circuit, samples = random_circuit(seed)
    params, held, connections = initial(circuit), boundary(circuit, samples), Connections(circuit)
    every = {name: solve(name, circuit, params, held) for name in BACKENDS}
    judge, lost = every[JUDGE], connections.lanes(held) >= 0
    for name, found in every.items():
        assert not found.settled[0, lost].any(), name
        settled = found.settled[0]
        assert (kirchhoff(circuit, params, held, found.x[0]) < 1e-9 * size(found.x[0]))[settled].all(), name
        both = (found.settled & judge.settled)[0]
        assert alike(circuit, params, held, found.x[0], judge.x[0])[both].all(), name
        event(f"{name}: settled {'all' if settled.all() else 'some' if settled.any() else 'none'}")


def alike(circuit: FlatCircuit, params: Params, held: Boundary, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Whether two answers are the same in each sample, or else both operating points: a circuit may have several (then
    Newton's method stays where it is put), or a node that only gmin holds."""
    volts = slice(0, len(circuit.nodes))
    close = np.abs(one - two)[:, volts].max(axis=1) <= 1e-9 * size(one[:, volts])
    if close.all():
        return np.asarray(close)
    shape = (1, len(two))
    there = Solution(two[None], np.ones(shape, bool), np.zeros(shape, int), np.zeros(shape), np.zeros(shape, int))
    again = reference.operating_points(circuit, params, held, there).x[0]
    stays = np.abs(np.nan_to_num(again) - two)[:, volts].max(axis=1) <= 1e-6 * size(two[:, volts])
    return np.asarray(close | stays | (kirchhoff(circuit, params, held, two) < 1e-12))


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_answers_most_of_the_circuits_that_have_an_answer(name: str) -> None:
    circuits = [random_circuit(seed) for seed in range(25)]
    answered = [solve(name, c, initial(c), boundary(c, x)).settled.all() for c, x in circuits]
    assert 0.3 < np.mean(answered) < 0.9


def test_the_random_circuits_are_of_every_kind() -> None:
    circuits = [random_circuit(seed) for seed in range(200)]
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
