"""Networks of memristors: the cycle picture's identities, and its differential equation against both engines' transients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import null_space

from netlearn.backends import Backend
from netlearn.circuit.flat import FlatCircuit, boundary, initial
from netlearn.learn.memristors import MemristorGraph

SEEDS = range(4)
Flat = Callable[..., FlatCircuit]
Opened = Callable[[str, FlatCircuit], Backend]
RON, ROFF, BETA = 100.0, 2e3, 1e-2
LOOP = np.array([(0, 1), (1, 2), (2, 0)])
COMPLETE = np.array([(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)])
PERIOD = 0.2  # s


def random_network(seed: int) -> tuple[MemristorGraph, np.ndarray, np.ndarray, np.ndarray]:
    """A connected graph, a basis of its cycles (L, E), w and EMFs (E,)."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(4, 9))
    tree = [(int(rng.integers(0, k)), k) for k in range(1, nodes)]
    more = [tuple(rng.choice(nodes, 2, replace=False).tolist()) for _ in range(int(rng.integers(3, 8)))]
    edges = np.array([*tree, *more])
    graph = MemristorGraph(nodes, edges, RON, ROFF, alpha=float(rng.normal()), beta=BETA)
    w, emfs = rng.uniform(0, 1, len(edges)), rng.normal(size=len(edges))
    return graph, null_space(graph.resistors(w).incidence.toarray()).T, w, emfs


def close(found: np.ndarray, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_currents_of_drops_around_cycles_are_those_of_the_cycle_picture(seed: int) -> None:
    graph, cycles, w, s = random_network(seed)
    r = np.diag(RON * (1 - w) + ROFF * w)
    close(graph.resistors(w).currents(s[None])[0], -cycles.T @ np.linalg.solve(cycles @ r @ cycles.T, cycles @ s))


@pytest.mark.parametrize("seed", SEEDS)
def test_both_conventions_of_the_group_say_the_same(seed: int) -> None:
    _, cycles, w, _ = random_network(seed)
    omega, one = cycles.T @ np.linalg.solve(cycles @ cycles.T, cycles), np.eye(len(w))
    xi, chi = (ROFF - RON) / RON, (ROFF - RON) / ROFF
    r = np.diag(RON * (1 - w) + ROFF * w)
    whole = cycles.T @ np.linalg.solve(cycles @ r @ cycles.T, cycles)
    close(np.linalg.solve(one + xi * omega @ np.diag(w), omega) / RON, whole)
    close(np.linalg.solve(one - chi * omega @ np.diag(1 - w), omega) / ROFF, whole)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rates_are_those_of_the_groups_equation(seed: int) -> None:
    graph, cycles, w, s = random_network(seed)
    omega, xi = cycles.T @ np.linalg.solve(cycles @ cycles.T, cycles), (ROFF - RON) / RON
    driven = np.linalg.solve(np.eye(len(w)) + xi * omega @ np.diag(w), omega @ s) / BETA
    close(graph.rates(w, s), graph.alpha * w - driven)


def test_an_emf_drives_current_along_its_edge_and_lowers_w() -> None:
    graph = MemristorGraph(3, LOOP, RON, ROFF, beta=BETA)
    w = np.array([0.2, 0.5, 0.3])
    np.testing.assert_allclose(graph.rates(w, np.array([1.0, 0.0, 0.0])), -RON / (3 * RON + 1900.0) / BETA, rtol=1e-12)


def test_a_w_at_a_bound_stays_until_its_rate_turns() -> None:
    graph = MemristorGraph(3, LOOP, RON, ROFF, beta=BETA)
    w, down = np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.0, 0.0])
    np.testing.assert_array_equal(np.sign(graph.bounded_rates(w, down)), [0, -1, -1])
    np.testing.assert_array_equal(np.sign(graph.bounded_rates(w, -down)), [1, 1, 0])


def driven(graph: MemristorGraph, start: np.ndarray, tops: np.ndarray) -> str:
    """The network as a netlist: behind each memristor an EMF, a sine with a top of its own."""
    parts = [
        f"V s{k}(m[{k}], n[{a}]) = sine(0V, {top!r}V, {1 / PERIOD!r}Hz)\n"
        f"Memristor e{k}(m[{k}], n[{b}]) {{ w0 = {w!r}, ron = {RON!r}, roff = {ROFF!r}, "
        f"alpha = {graph.alpha!r}Hz, beta = {BETA!r}V*s }}"
        for k, ((a, b), w, top) in enumerate(zip(graph.edges.tolist(), start.tolist(), tops.tolist(), strict=True))
    ]
    return "\n".join([f"net n[{graph.nodes}], m[{len(tops)}]\nR ref(n[0], gnd) = 1k", *parts])


@pytest.mark.parametrize(
    ("edges", "alpha", "most", "stops"),
    [(LOOP, 0.0, 0.6, False), (COMPLETE, 0.5, 0.5, False), (COMPLETE, 0.0, 4.0, True), (COMPLETE, 2.0, 4.0, True)],
    ids=["a loop inside", "volatile inside", "stops", "volatile stops"],
)
def test_transients_of_networks_follow_the_equation_to_a_ten_thousandth_of_the_swing(
    edges: np.ndarray, alpha: float, most: float, stops: bool, flat: Flat, backend: Opened
) -> None:
    rng = np.random.default_rng(5)
    graph = MemristorGraph(int(edges.max()) + 1, edges, RON, ROFF, alpha, BETA)
    start, tops = rng.uniform(0.4, 0.6, len(edges)), rng.uniform(-most, most, len(edges))
    exact = solve_ivp(
        lambda t, w: graph.bounded_rates(w, tops * np.sin(2 * np.pi * t / PERIOD)),
        (0.0, PERIOD),
        start,
        t_eval=np.linspace(0.0, PERIOD, 201),
        rtol=1e-8,
        atol=1e-10,
        max_step=PERIOD / 200,
    ).y.T
    assert (np.minimum(exact, 1 - exact).min() < 1e-6) == stops
    circuit = flat(driven(graph, start, tops), 'import "std/memristor.nl"')
    for engine, steps in (("native", 10_000), ("ngspice", 10_000)):
        waves = backend(engine, circuit).transient(initial(circuit), boundary(circuit, [[]]), PERIOD, PERIOD / steps)
        w = waves.x[0, 0, :: steps // 200][:, [circuit.node_index[f"e{k}.w"] for k in range(len(edges))]]
        np.testing.assert_allclose(w[0], start, atol=1e-12)
        assert (np.abs(w - exact).max(axis=0) <= 1e-4 * np.ptp(exact, axis=0)).all(), engine
