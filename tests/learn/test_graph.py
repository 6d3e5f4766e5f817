"""Exact gradients of resistor graphs: the statements of arXiv 2602.03546, and the engine's adjoint as a second opinion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import null_space

from netlearn.backends.native import Native
from netlearn.circuit.flat import FlatCircuit, boundary, initial
from netlearn.errors import CircuitError
from netlearn.learn.graph import ResistorGraph

SEEDS = range(4)
Flat = Callable[..., FlatCircuit]


def random_graph(seed: int) -> ResistorGraph:
    """A connected graph with parallel edges among the rest."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(3, 9))
    tree = [(int(rng.integers(0, k)), k) for k in range(1, nodes)]
    more = [tuple(rng.choice(nodes, 2, replace=False).tolist()) for _ in range(int(rng.integers(2, 8)))]
    edges = np.array([*tree, *more])
    return ResistorGraph(nodes, edges, rng.uniform(0.5, 2.0, len(edges)))


def emfs(graph: ResistorGraph, seed: int, samples: int = 3) -> np.ndarray:
    return np.random.default_rng(seed + 100).normal(size=(samples, len(graph.edges)))


def differences(loss: Callable[[ResistorGraph], float], graph: ResistorGraph, h: float = 1e-5) -> np.ndarray:
    """Finite differences of fourth order in every resistance."""
    found = []
    for step in np.eye(len(graph.edges)):
        at = {k: loss(replace(graph, resistances=graph.resistances + k * h * step)) for k in (-2, -1, 1, 2)}
        found.append((8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * h))
    return np.array(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_currents_obey_both_of_kirchhoffs_laws(seed: int) -> None:
    graph = random_graph(seed)
    s = emfs(graph, seed)
    cycles = null_space(graph.incidence.toarray()).T
    assert len(cycles) == graph.cycles
    np.testing.assert_allclose(graph.incidence @ graph.currents(s).T, 0.0, atol=1e-13)
    np.testing.assert_allclose(cycles @ (graph.drops(s) + s).T, 0.0, atol=1e-13)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_projector_without_cycles_is_the_one_with_them(seed: int) -> None:
    graph = random_graph(seed)
    cycles, r = null_space(graph.incidence.toarray()).T, np.diag(graph.resistances)
    wanted = r @ cycles.T @ np.linalg.solve(cycles @ r @ cycles.T, cycles)
    omega = graph.projector()
    np.testing.assert_allclose(omega, wanted, atol=1e-12)
    np.testing.assert_allclose(omega @ omega, omega, atol=1e-12)
    np.testing.assert_allclose(omega @ r, (omega @ r).T, atol=1e-12)  # reciprocity
    assert np.trace(omega) == pytest.approx(graph.cycles)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_projector_changes_as_its_slope_says(seed: int) -> None:
    graph = random_graph(seed)
    for edge in range(len(graph.edges)):
        step = np.zeros(len(graph.edges))
        step[edge] = 1e-5
        ends = [replace(graph, resistances=graph.resistances + k * step).projector() for k in (-1, 1)]
        np.testing.assert_allclose(graph.projector_slope(edge), (ends[1] - ends[0]) / 2e-5, atol=1e-8)


def softmax_slopes(x: np.ndarray, wanted: int) -> np.ndarray:
    share = np.exp(x - x.max())
    return np.asarray(share / share.sum() - np.eye(len(x))[wanted])


@pytest.mark.parametrize("read", ["drops", "currents"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_of_any_loss_is_that_of_finite_differences(seed: int, read: str) -> None:
    graph = random_graph(seed)
    s, wanted = emfs(graph, seed), np.random.default_rng(seed).normal(size=(3, len(graph.edges)))
    of = {"drops": graph.gradient_of_drops, "currents": graph.gradient_of_currents}[read]
    values = getattr(graph, read)(s)
    squared = differences(lambda g: 0.5 * float(((getattr(g, read)(s) - wanted) ** 2).sum()), graph)
    np.testing.assert_allclose(of(s, values - wanted).sum(axis=0), squared, rtol=1e-7, atol=1e-9)
    cross = differences(lambda g: -float(np.log(np.exp(x := getattr(g, read)(s)[0])[1] / np.exp(x).sum())), graph)
    np.testing.assert_allclose(of(s[:1], softmax_slopes(values[0], 1)[None])[0], cross, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cycle_picture_and_the_engines_adjoint_agree_to_a_millionth_of_a_millionth(seed: int, flat: Flat) -> None:
    graph = random_graph(seed)
    s = emfs(graph, seed, samples=1)[0]
    parts = [
        f"V s{k}(n[{a}], m[{k}]) = {e!r}V\nR r{k}(m[{k}], n[{b}]) = {r!r}Ohm"
        for k, ((a, b), e, r) in enumerate(
            zip(graph.edges.tolist(), s.tolist(), graph.resistances.tolist(), strict=True)
        )
    ]
    circuit = flat(
        f"net n[{graph.nodes}], m[{len(s)}]\n" + "\n".join(parts) + f"\nR ref(n[{graph.nodes - 1}], gnd) = 1"
    )
    native, held = Native(circuit), boundary(circuit, np.zeros((1, 0)))
    found = native.operating_points(initial(circuit), held)
    slopes = np.random.default_rng(seed).normal(size=len(s))
    pulled = np.zeros_like(found.x)
    for k, (_, b) in enumerate(graph.edges.tolist()):
        pulled[0, 0, circuit.node_index[f"m[{k}]"]] += slopes[k]
        pulled[0, 0, circuit.node_index[f"n[{b}]"]] -= slopes[k]
    adjoint = native.gradient(initial(circuit), held, found, pulled, [("R", "r")]).values["R"]["r"][0]
    places = [circuit.banks["R"].names.index(f"r{k}") for k in range(len(s))]
    cycle = graph.gradient_of_drops(s[None], slopes[None])[0]
    np.testing.assert_allclose(adjoint[places], cycle, rtol=0, atol=1e-12 * np.abs(cycle).max())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_loss_of_drops_does_not_feel_the_scale_of_all_resistances(seed: int) -> None:
    graph = random_graph(seed)
    s = emfs(graph, seed)
    gradient = graph.gradient_of_drops(s, graph.drops(s) - 0.3).sum(axis=0)
    assert abs(gradient @ graph.resistances) < 1e-12 * np.abs(gradient).max()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_is_three_dissipated_powers(seed: int) -> None:
    """r i Delta from what each resistor turns to heat under the inputs, under the error, and under both at once."""
    graph = random_graph(seed)
    s, e = emfs(graph, seed), emfs(graph, seed + 1)
    r, i, answer = graph.resistances, graph.currents(s), graph.answers(e)
    heats = [r * flow**2 for flow in (i + answer, i, answer)]
    np.testing.assert_allclose((heats[0] - heats[1] - heats[2]) / (2 * r), graph.gradient_of_drops(s, e), atol=1e-12)


@pytest.mark.parametrize(
    ("edges", "resistances", "words"),
    [
        ([(0, 1), (2, 3)], [1.0, 1.0], "in 2 pieces"),
        ([(0, 1), (1, 1)], [1.0, 1.0], "edge 1 from 1 to 1"),
        ([(0, 1), (1, 4)], [1.0, 1.0], "edge 1 from 1 to 4"),
        ([(0, 1), (1, 2)], [1.0, 0.0], "edge 1 from 1 to 2 with 0 Ohm"),
        ([(0, 1), (1, 2)], [np.nan, 1.0], "edge 0"),
        ([(0, 1), (1, 2)], [1.0], "edges"),
    ],
)
def test_what_is_no_network_is_refused(edges: list[tuple[int, int]], resistances: list[float], words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        ResistorGraph(4 if "pieces" in words else 3, np.array(edges), np.array(resistances))
