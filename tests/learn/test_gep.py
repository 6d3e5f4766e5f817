"""What arXiv 2602.03546 and its kin state, on random circuits: exact gradients, nudges, and what each rule really follows.

The acceptance statements of the science (gep.md section 10) and where they are tested; everything without a place is here.

     1  Kirchhoff's laws, projector identities                       test_graph.py
     2  Jacobians of drops against finite differences; dC/dg         test_graph.py (any loss of drops or currents), here
     3  algorithm 2 as a circuit                                     here
     4  orders of the errors of EP in beta                           here
     5  finite beta: exact gradient of [F(beta) - F(0)] / beta       here
     6  clamped energy, frozen stiffness, K^-1 clamp                 test_edges.py (one output), here (several, and k = 2)
     7  conservation laws                                            test_graph.py (resistances), here
     8  nonlinear and non-reciprocal circuits                        here; engine's adjoint alone: test_gradient.py
     9  algorithm 1 against algorithm 2                              here
    10  memristors                                                   test_memristors.py
    11  bias under noisy labels                                      here
        three powers                                                 test_graph.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any, ClassVar

import numpy as np
import pytest

from netlearn.backends import open_backend
from netlearn.circuit.flat import boundary, flatten, initial, with_states
from netlearn.errors import CircuitError, TaskError
from netlearn.lang.compile import Netlist, compile_netlist
from netlearn.learn.bench import Bench, Ledger
from netlearn.learn.gep import Propagated, energy, propagate
from netlearn.learn.graph import ResistorGraph
from netlearn.learn.losses import LOSSES, make_loss
from netlearn.learn.methods import METHODS, Method, make_method
from netlearn.learn.methods.contrastive import CENTRED, ONE_SIDED, Pushing, Stencil, contrast
from netlearn.learn.nudge import Energy, Feed, Hold, Nudge, Series
from netlearn.learn.task import make_task
from netlearn.learn.tick import Tick
from netlearn.learn.train import Trainer, bench_of, board_of, train
from netlearn.solve.solution import currents

SEEDS = range(3)
CUBIC = "element Cubic(p, n; g = 1S, v0 = 1V) { current i = g * v * (1 + (v / v0)^2) }\n"
SPRING = Energy("beta * (u - y)^2 / 2", 1)
STIFF = Energy("30 * (u - f - beta * (y - f))^2 / 2", 2)
ODD = Energy("beta * e * u + beta^2 * f * u + beta * y * sin(u)", 1)
NUDGES = {"feed": Feed(), "hold": Hold(), "series": Series(), "spring": SPRING, "stiff": STIFF, "odd": ODD}
NODES = 8


@dataclass(frozen=True)
class CentredSpring(Pushing):
    """EP with springs of both signs: a rule in three lines."""

    nudge: ClassVar[Nudge] = SPRING
    stencil: ClassVar[Stencil] = CENTRED


def random_edges(seed: int, nodes: int = NODES) -> list[tuple[int, int]]:
    rng = np.random.default_rng(seed)
    tree = [(int(rng.integers(0, k)), k) for k in range(1, nodes)]
    more = [(a, b) for a in range(nodes) for b in range(a + 1, nodes) if rng.random() < 0.5]
    return [*tree, *(e for e in more if e not in tree)]


def outputs_of(seed: int) -> list[int]:
    """Two edges without a common node, after the first three."""
    edges = random_edges(seed)
    return next([j, k] for k in range(3, len(edges)) for j in range(3, k) if not set(edges[j]) & set(edges[k]))


@cache
def held(seed: int, cubic: bool = False, loss: str = "square", more: str = "", frozen: int = 0) -> Netlist:
    """Conductances between nodes, two of them held by inputs, three read; `cubic`: i = g (d + d^3)."""
    rng = np.random.default_rng(seed + 50)
    lines = []
    for k, (a, b) in enumerate(random_edges(seed)):
        g = f"{rng.uniform(0.5, 2.0)!r}"
        g = g if k < frozen else f"learn({g}, 1e-3..1e3)"
        lines.append(f"Cubic e{k}(n[{a}], n[{b}]) {{ g = {g} }}" if cubic else f"G e{k}(n[{a}], n[{b}]) = {g}")
    data = [rng.uniform(-1, 1, 3).round(3).tolist() for _ in range(5)]
    body = "\n".join(lines)
    return compile_netlist(
        f"""{CUBIC}circuit Net {{
          net n[{NODES}]
          {body}
          {more}
          input x = V(n[0])
          input z = V(n[1])
          output a = V(n[5])
          output b = V(n[6])
          output c = V(n[7])
        }}
        task t on Net {{
          data x: {data[0]}, z: {data[1]} -> a: {data[2]}, b: {data[3]}, c: {data[4]}
          rule adjoint(rate = 1)
          loss {loss}
          stop steps > 1
        }}"""
    )


@cache
def series(seed: int, outputs: str = "1.3", more: str = "rule adjoint(rate = 1)\nstop steps > 1") -> Netlist:
    """The paper's network: resistances, in the first three an EMF each, two output edges without one. `outputs`: their
    resistances, two values of the language."""
    rng, read = np.random.default_rng(seed + 70), outputs_of(seed)
    edges, given = random_edges(seed), [value.strip() for value in outputs.split(";")]
    lines = []
    for k, (a, b) in enumerate(edges):
        r, start = f"learn({rng.uniform(0.5, 2.0)!r}, 1e-3..1e3)", f"n[{a}]"
        if k in read:
            r = given[min(read.index(k), len(given) - 1)]
        if k < 3:
            start = f"m[{k}]"
            lines.append(f"VCVS s{k}(p = {start}, n = n[{a}], cp = c[{k}], cn = gnd) {{ gain = 1 }}")
        lines.append(f"R e{k}({start}, n[{b}]) = {r}")
    data = [rng.uniform(-1, 1, 4).round(3).tolist() for _ in range(5)]
    body, (first, second) = "\n".join(lines), (edges[k] for k in read)
    return compile_netlist(
        f"""circuit Net {{
          net n[{NODES}], m[3], c[3]
          {body}
          R ref(n[{NODES - 1}], gnd) = 1
          input x = V(c[0])
          input z = V(c[1])
          input w = V(c[2])
          output a = V(n[{first[0]}]) - V(n[{first[1]}])
          output b = V(n[{second[0]}]) - V(n[{second[1]}])
        }}
        task t on Net {{
          data x: {data[0]}, z: {data[1]}, w: {data[2]} -> a: {data[3]}, b: {data[4]}
          {more}
        }}"""
    )


class Lab:
    """Benches of netlists, with what a method or nudge attaches to them; what is opened is closed at the end."""

    def __init__(self) -> None:
        self.opened: list[Any] = []

    def __call__(
        self,
        netlist: Netlist,
        tool: Any,
        backend: str = "native",
        labels: np.ndarray | None = None,
        tick: Any = Tick(0, 0, 0),  # noqa: B008
    ) -> Bench:
        task = make_task(netlist.task, 0)
        task = replace(task, method=tool) if isinstance(tool, Method) else task
        circuit = tool.equip(flatten(netlist.circuit))
        self.opened.append(open_backend(backend, circuit))
        params = initial(circuit)
        trainer = Trainer(circuit, task, self.opened[-1])
        rows = task.train if labels is None else np.zeros(len(labels), dtype=int)
        return bench_of(trainer, board_of(trainer), params, rows, task.labels if labels is None else labels, tick)

    def slope(self, netlist: Netlist, rule: str | Pushing, backend: str = "native", **options: float) -> np.ndarray:
        """What a rule takes for dC/dtheta (states,), the mean of all samples."""
        method = make_method(rule, {"rate": 1.0, **options}) if isinstance(rule, str) else rule
        change = method.change(self(netlist, method, backend))
        assert change is not None
        return -change[0]


@pytest.fixture
def lab() -> Iterator[Lab]:
    found = Lab()
    yield found
    for backend in found.opened:
        backend.close()


def at(bench: Bench, states: np.ndarray) -> Bench:
    return replace(bench, params=with_states(bench.circuit, bench.params, states[None]))


def differences(bench: Bench, value: Callable[[Bench], float], h: float = 1e-4) -> np.ndarray:
    """Finite differences of fourth order in every state."""
    theta, found = bench.params.states[0], []
    for step in np.diag(h * theta):
        up2, up, down, down2 = (value(at(bench, theta + k * step)) for k in (2, 1, -1, -2))
        found.append((8 * (up - down) - (up2 - down2)) / (12 * step.sum()))
    return np.array(found)


def mean_cost(bench: Bench) -> float:
    return float(bench.cost(bench.free()).mean())


def objective(nudge: Nudge, beta: float) -> Callable[[Bench], float]:
    def value(bench: Bench) -> float:
        found = propagate(bench, nudge, beta)
        assert found is not None
        return found.objective

    return value


def propagated(bench: Bench, nudge: Nudge, beta: float) -> Propagated:
    found = propagate(bench, nudge, beta)
    assert found is not None
    return found


def off(found: np.ndarray, wanted: np.ndarray) -> float:
    """Relative error."""
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def order_of(error: Callable[[float], float], beta: float) -> float:
    """k where the error goes as beta^k."""
    return float(np.log2(error(beta) / error(beta / 2)))


# --- 2: Jacobians and gradients


@pytest.mark.parametrize("seed", SEEDS)
def test_drops_and_currents_of_a_graph_move_with_resistances_and_emfs_as_the_projector_says(seed: int) -> None:
    graph, s = paper_graph(seed), np.random.default_rng(seed).normal(size=len(random_edges(seed)))
    one, omega, i = np.eye(len(s)), graph.projector(), graph.currents(s[None])[0]
    for read, wanted in (("drops", (one - omega) * i), ("currents", -omega / graph.resistances[:, None] * i)):
        columns = []
        for step in 1e-5 * one:
            ends = [
                getattr(replace(graph, resistances=graph.resistances + k * step), read)(s[None])[0] for k in (1, -1)
            ]
            columns.append((ends[0] - ends[1]) / 2e-5)
        np.testing.assert_allclose(np.array(columns).T, wanted, atol=1e-8)
    np.testing.assert_allclose(graph.drops(one).T, -omega, atol=1e-13)


@pytest.mark.parametrize("loss", ["square", "softmax(temperature = 0.4)", "hinge(margin = 2, delta = 0.3)"])
@pytest.mark.parametrize("cubic", [False, True])
def test_the_adjoint_is_the_finite_difference_of_any_loss_in_linear_and_nonlinear_circuits(
    loss: str, cubic: bool, lab: Lab
) -> None:
    netlist = held(1, cubic, loss)
    assert off(lab.slope(netlist, "adjoint"), differences(lab(netlist, Feed()), mean_cost)) < 1e-7


# --- 3: algorithm 2


def paper_graph(seed: int, outputs: Sequence[float] = (1.3, 1.3)) -> ResistorGraph:
    """The graph of `series`."""
    rng, edges = np.random.default_rng(seed + 70), random_edges(seed)
    r = np.array([rng.uniform(0.5, 2.0) for _ in edges])
    r[outputs_of(seed)] = outputs
    return ResistorGraph(NODES, np.array(edges), r)


def exact(seed: int, netlist: Netlist, graph: ResistorGraph) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means of i Delta (E,), and the EMFs and the residuals of all samples, by the cycle picture."""
    task, read = make_task(netlist.task, 0), outputs_of(seed)
    emfs = np.zeros((len(task.inputs), len(graph.edges)))
    emfs[:, :3] = -task.inputs  # a source from its node n to p is a rise, and an EMF of the graph a fall
    slopes = np.zeros_like(emfs)
    slopes[:, read] = graph.drops(emfs)[:, read] - task.labels
    return graph.gradient_of_drops(emfs, slopes).mean(axis=0), emfs, slopes


def learned(netlist: Netlist) -> list[int]:
    """The edge of each state."""
    return [int(s.name.removeprefix("e").removesuffix(".r")) for s in flatten(netlist.circuit).states]


@pytest.mark.parametrize("seed", SEEDS)
def test_algorithm_2_on_the_circuit_is_its_formula(seed: int, lab: Lab) -> None:
    netlist = series(seed, "learn(0.7, 1e-3..1e3); learn(1.9, 1e-3..1e3)")
    wanted = exact(seed, netlist, paper_graph(seed, (0.7, 1.9)))[0][learned(netlist)]
    assert off(lab.slope(netlist, "omega", "reference", amplitude=3.0), wanted) < 1e-12
    assert off(lab.slope(netlist, "omega", "native", amplitude=3.0), wanted) < 1e-12
    assert off(lab.slope(netlist, "adjoint"), wanted) < 1e-12


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_algorithm_2_is_the_adjoint_on_ngspice(seed: int, lab: Lab) -> None:
    netlist = series(seed, "learn(0.7, 1e-3..1e3); learn(1.9, 1e-3..1e3)")
    assert off(lab.slope(netlist, "omega", "ngspice", amplitude=1.0), lab.slope(netlist, "adjoint")) < 1e-9
    assert off(lab.slope(held(seed), "omega", "ngspice", amplitude=1.0), lab.slope(held(seed), "adjoint")) < 1e-9


# --- 4: orders of errors


@pytest.mark.parametrize("cubic", [False, True])
@pytest.mark.parametrize(
    ("rule", "k"),
    [("spring", 1), ("equilibrium_positive", 1), ("equilibrium_negative", 1), (CentredSpring, 2)],
)
def test_the_errors_of_equilibrium_propagation_are_of_their_order_in_beta(
    rule: Any, k: int, cubic: bool, lab: Lab
) -> None:
    netlist = held(2, cubic)
    wanted = lab.slope(netlist, "adjoint")

    def error(beta: float) -> float:
        made = rule if isinstance(rule, str) else rule(rate=1.0, beta=beta)
        return off(lab.slope(netlist, made, **({"beta": beta} if made is rule else {})), wanted)

    assert order_of(error, 0.02) == pytest.approx(k, abs=0.05)


@pytest.mark.parametrize("points", [2, 4, 6])
def test_the_error_of_holomorphic_nudges_falls_with_their_number(points: int, lab: Lab) -> None:
    netlist = held(2)
    wanted = lab.slope(netlist, "adjoint")
    order = order_of(lambda b: off(lab.slope(netlist, "holomorphic", "reference", points=points, beta=b), wanted), 0.2)
    assert order == pytest.approx(points, abs=0.25)


def test_two_holomorphic_nudges_are_the_centred_rule(lab: Lab) -> None:
    netlist = held(1, cubic=True)
    pair = lab.slope(netlist, "holomorphic", "reference", points=2, beta=0.1)
    assert off(pair, lab.slope(netlist, CentredSpring(1.0, 0.1), "reference")) < 1e-12


def test_one_sided_errors_of_both_signs_are_opposite(lab: Lab) -> None:
    netlist = held(0)
    wanted = lab.slope(netlist, "adjoint")
    up, down = (lab.slope(netlist, f"equilibrium_{sign}", beta=0.3) - wanted for sign in ("positive", "negative"))
    assert off(-down, up) < 1e-9
    assert off(wanted + up, wanted) > 1e-3


@pytest.mark.parametrize("beta", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_constant_currents_of_both_signs_are_exact_at_any_beta_in_a_linear_network(
    seed: int, beta: float, lab: Lab
) -> None:
    netlist = held(seed)
    assert off(lab.slope(netlist, "equilibrium", beta=beta), lab.slope(netlist, "adjoint")) < 1e-10


def test_constant_currents_of_both_signs_err_as_beta_squared_elsewhere(lab: Lab) -> None:
    netlist = held(2, cubic=True)
    wanted = lab.slope(netlist, "adjoint")
    assert order_of(lambda b: off(lab.slope(netlist, "equilibrium", beta=b), wanted), 0.1) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_centred_coupled_learning_is_its_limit_of_small_nudges_at_any_eta_in_a_linear_network(
    seed: int, lab: Lab
) -> None:
    netlist = held(seed)
    limit = frozen(lab, netlist)
    for eta in (0.01, 0.5, 1.0):
        assert off(lab.slope(netlist, "coupled_centred", eta=eta), limit) < 1e-10


# --- 5, 6: generalized equilibrium propagation, k = 1 and k = 2


@pytest.mark.parametrize("cubic", [False, True])
@pytest.mark.parametrize("loss", ["square", "softmax(temperature = 0.4)", "hinge(margin = 2, delta = 0.3)"])
@pytest.mark.parametrize("name", [n for n in NUDGES if n != "series"])
def test_the_estimator_is_the_gradient_of_its_objective_at_any_nudge(
    name: str, loss: str, cubic: bool, lab: Lab
) -> None:
    nudge = NUDGES[name]
    bench = lab(held(0, cubic, loss, frozen=len(random_edges(0)) - 5), nudge)
    found = propagated(bench, nudge, 0.3)
    assert off(found.gradient, differences(bench, objective(nudge, 0.3), 1e-3)) < 1e-7


def test_the_estimator_is_the_gradient_of_its_objective_for_a_nudge_in_series(lab: Lab) -> None:
    bench = lab(series(0, "learn(1.3, 0.1..9)"), Series())
    found = propagated(bench, Series(), 0.3)
    assert off(found.gradient, differences(bench, objective(Series(), 0.3))) < 1e-7
    assert np.abs(found.told).max() > 1e-3 * np.abs(found.local).max()


@pytest.mark.parametrize("name", NUDGES)
def test_the_local_part_is_what_contrastive_rules_measure(name: str, lab: Lab) -> None:
    nudge = NUDGES[name]
    bench = lab(series(0), nudge)
    found = contrast(bench, nudge, ONE_SIDED, 0.2)
    assert found is not None
    some, total = found
    wanted = nudge.sense / 0.2**nudge.order * some.mean(total)[0]
    np.testing.assert_allclose(propagated(bench, nudge, 0.2).local, wanted, rtol=1e-12)


def test_only_nudges_that_look_at_the_free_outputs_need_to_be_told_how_these_move(lab: Lab) -> None:
    for name, nudge in NUDGES.items():
        told = propagated(lab(series(0), nudge), nudge, 0.2).told
        assert told.any() == (name != "spring")
    assert propagated(lab(held(0), SPRING, "reference"), SPRING, 0.2).gradient.any()


def test_what_feeding_has_to_be_told_vanishes_with_beta(lab: Lab) -> None:
    netlist = held(2)
    bench = lab(netlist, Feed())
    assert order_of(lambda b: float(np.linalg.norm(propagated(bench, Feed(), b).told)), 0.1) == pytest.approx(
        1, abs=0.05
    )


@pytest.mark.parametrize("cubic", [False, True])
@pytest.mark.parametrize("nudge", [Feed(), SPRING], ids=["feed", "spring"])
def test_of_the_first_order_the_objective_is_the_cost_and_its_gradient_that_of_the_cost(
    nudge: Nudge, cubic: bool, lab: Lab
) -> None:
    netlist = held(1, cubic)
    bench, wanted = lab(netlist, nudge), lab.slope(netlist, "adjoint")
    assert order_of(lambda b: abs(propagated(bench, nudge, b).objective - mean_cost(bench)), 1e-2) == pytest.approx(
        1, abs=0.05
    )
    assert order_of(lambda b: off(propagated(bench, nudge, b).gradient, wanted), 1e-2) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("cubic", [False, True])
@pytest.mark.parametrize("beta", [0.1, 1.0, 10.0])
def test_springs_follow_the_exact_gradient_of_an_objective_that_bounds_the_cost(
    beta: float, cubic: bool, lab: Lab
) -> None:
    netlist = held(2, cubic)
    bench = lab(netlist, SPRING)
    found = lab.slope(netlist, "spring", beta=beta)
    assert off(found, differences(bench, objective(SPRING, beta), 1e-3)) < 1e-7
    assert propagated(bench, SPRING, beta).objective < mean_cost(bench)
    assert mean_cost(bench) < propagated(bench, SPRING, -0.1).objective


def stiffness(bench: Bench) -> np.ndarray:
    """K (O, O): conductances between the outputs of `held` with its inputs held, from the Laplacian."""
    circuit, g = bench.circuit, bench.params.values["G"]["g"][0]
    laplacian = np.zeros((len(circuit.nodes),) * 2)
    for (p, n), value in zip(circuit.banks["G"].nodes, g, strict=True):
        laplacian[[p, n], [p, n]] += value
        laplacian[[p, n], [n, p]] -= value
    out, fixed = circuit.read_nodes["free"][0], [0, *circuit.driven["V"][0]]
    rest = [k for k in range(len(circuit.nodes)) if k not in {*out, *fixed}]
    inner = np.linalg.solve(laplacian[np.ix_(rest, rest)], laplacian[np.ix_(rest, out)])
    return laplacian[np.ix_(out, out)] - laplacian[np.ix_(out, rest)] @ inner


def stiff_cost(bench: Bench) -> float:
    """e K e / 2, the mean of all samples."""
    e = bench.outputs(bench.free())[0] - bench.labels
    return float(0.5 * np.einsum("so,op,sp->s", e, stiffness(bench), e).mean())


def frozen(lab: Lab, netlist: Netlist) -> np.ndarray:
    """The gradient of e K e / 2 with K held fast: that of squared errors towards other labels, f - K e."""
    bench = lab(netlist, Hold())
    free = bench.outputs(bench.free())[0]
    return relabelled(lab, netlist, free - (free - bench.labels) @ stiffness(bench))


def relabelled(lab: Lab, netlist: Netlist, labels: np.ndarray, rule: str = "adjoint", **options: float) -> np.ndarray:
    """What a rule takes for dC/dtheta at other labels."""
    method = make_method(rule, {"rate": 1.0, **options})
    change = method.change(replace(lab(netlist, method), labels=labels))
    assert change is not None
    return -change[0]


@pytest.mark.parametrize("eta", [0.01, 0.5, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_of_the_second_order_the_objective_of_holding_is_the_error_weighted_by_the_stiffness(
    seed: int, eta: float, lab: Lab
) -> None:
    bench = lab(held(seed), Hold())
    assert propagated(bench, Hold(), eta).objective == pytest.approx(stiff_cost(bench), rel=1e-9)


@pytest.mark.parametrize("eta", [0.01, 0.5, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_of_the_second_order_the_whole_estimator_follows_the_stiffness_too(seed: int, eta: float, lab: Lab) -> None:
    bench = lab(held(seed), Hold())
    found = propagated(bench, Hold(), eta)
    assert off(found.gradient, differences(bench, stiff_cost)) < 1e-7
    assert off(found.gradient, frozen(lab, held(seed))) > 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_coupled_learning_follows_it_with_the_stiffness_frozen(seed: int, lab: Lab) -> None:
    netlist = held(seed)
    limit, wanted = frozen(lab, netlist), lab.slope(netlist, "adjoint")
    assert off(lab.slope(netlist, "coupled", eta=1e-6), limit) < 1e-4
    assert order_of(lambda eta: off(lab.slope(netlist, "coupled", eta=eta), limit), 0.1) == pytest.approx(1, abs=1e-6)
    assert off(lab.slope(netlist, "hebbian"), lab.slope(netlist, "coupled", eta=1.0)) < 1e-15
    assert cosine(limit, wanted) < 0.9999
    assert cosine(lab.slope(netlist, "hebbian"), wanted) < 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_clamps_along_the_inverse_stiffness_give_the_gradient_of_squared_errors(seed: int, lab: Lab) -> None:
    netlist = held(seed)
    bench = lab(netlist, Hold())
    free = bench.outputs(bench.free())[0]
    labels = free - np.linalg.solve(stiffness(bench), (free - bench.labels).T).T
    wanted = lab.slope(netlist, "adjoint")
    assert off(relabelled(lab, netlist, labels, "coupled_centred", eta=1.0), wanted) < 1e-10


def test_stiff_springs_at_the_place_of_a_clamp_become_the_clamp(lab: Lab) -> None:
    netlist = held(0)
    wanted = propagated(lab(netlist, Hold()), Hold(), 0.3)

    def error(softness: float) -> float:
        nudge = Energy(f"{1 / softness!r} * (u - f - beta * (y - f))^2 / 2", 2)
        found = propagated(lab(netlist, nudge), nudge, 0.3)
        return off(found.local, wanted.local) + off(found.told, wanted.told)

    assert order_of(error, 1e-4) == pytest.approx(1, abs=0.01)
    assert error(1e-6) < 1e-4


# --- 7: conservation


@pytest.mark.parametrize("seed", SEEDS)
def test_a_network_driven_by_voltages_does_not_feel_the_scale_of_its_conductances(seed: int, lab: Lab) -> None:
    for netlist in (held(seed), series(seed, "learn(0.7, 0.1..9); learn(1.9, 0.1..9)")):
        slope, theta = lab.slope(netlist, "adjoint"), lab(netlist, Feed()).params.states[0]
        assert abs(slope @ theta) < 1e-12 * np.linalg.norm(slope * theta)


@pytest.mark.parametrize("eta", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_coupled_learning_breaks_this_law_by_half_eta_times_the_weighted_error(seed: int, eta: float, lab: Lab) -> None:
    netlist = held(seed)
    bench = lab(netlist, Hold())
    drift = -lab.slope(netlist, "coupled", eta=eta) @ bench.params.states[0]
    assert -drift == pytest.approx(eta * stiff_cost(bench), rel=1e-8)


# --- 8: nonlinear and non-reciprocal circuits


@pytest.mark.parametrize("seed", SEEDS)
def test_an_element_that_is_not_reciprocal_needs_the_transpose(seed: int, lab: Lab) -> None:
    netlist = held(seed, more="VCCS t(p = n[5], n = n[2], cp = n[4], cn = n[3]) = 0.3")
    wanted = differences(lab(netlist, Feed()), mean_cost)
    assert off(lab.slope(netlist, "adjoint"), wanted) < 1e-7
    errors = [off(lab.slope(netlist, rule), wanted) for rule in ("omega", "equilibrium")]
    assert errors[0] > 0.01
    assert errors[0] == pytest.approx(errors[1], rel=1e-4)  # both solve with K


@pytest.mark.parametrize("seed", SEEDS)
def test_in_a_nonlinear_circuit_the_error_has_to_run_on_top_of_the_free_state(seed: int, lab: Lab) -> None:
    netlist = held(seed, cubic=True)
    wanted = lab.slope(netlist, "adjoint")
    assert off(lab.slope(netlist, "omega_biased", beta=1e-5), wanted) < 1e-4
    order = order_of(lambda b: off(lab.slope(netlist, "omega_biased", beta=b), wanted), 1e-3)
    assert order == pytest.approx(1, abs=0.05)
    assert off(lab.slope(netlist, "omega", amplitude=1e-5), wanted) > 0.02  # however small


@pytest.mark.parametrize("seed", SEEDS)
def test_in_a_linear_network_both_ways_of_algorithm_2_are_the_adjoint_at_any_amplitude(seed: int, lab: Lab) -> None:
    netlist = held(seed)
    wanted = lab.slope(netlist, "adjoint")
    for size in (1e-2, 10.0):
        assert off(lab.slope(netlist, "omega", amplitude=size), wanted) < 1e-11
        assert off(lab.slope(netlist, "omega_biased", beta=size), wanted) < 1e-11


# --- 9: algorithm 1


@pytest.mark.parametrize("seed", SEEDS)
def test_algorithm_1_with_equal_output_resistances_is_algorithm_2_over_these(seed: int, lab: Lab) -> None:
    netlist = series(seed, "1.3")
    wanted = lab.slope(netlist, "omega")
    assert off(1.3 * lab.slope(netlist, "two_phase_centred", beta=0.7), wanted) < 1e-11
    assert order_of(lambda b: off(1.3 * lab.slope(netlist, "two_phase", beta=b), wanted), 0.1) == pytest.approx(
        1, abs=1e-3
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_algorithm_1_points_elsewhere_where_outputs_differ_and_far_away_where_they_learn(seed: int, lab: Lab) -> None:
    differ = [lab.slope(series(seed, "0.4; 2.5"), rule) for rule in ("two_phase_centred", "omega")]
    assert cosine(*differ) < 0.9999
    learn = series(seed, "learn(0.4, 0.1..9); learn(2.5, 0.1..9)")
    both = [lab.slope(learn, rule) for rule in ("two_phase_centred", "omega")]
    assert cosine(*both) < min(0.95, cosine(*differ))


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_algorithm_1_on_ngspice_is_its_formula_with_its_one_sided_error(seed: int, lab: Lab) -> None:
    netlist = series(seed, "0.4; 2.5")
    graph = paper_graph(seed, (0.4, 2.5))
    _, emfs, slopes = exact(seed, netlist, graph)
    i, moved = graph.currents(emfs), graph.currents(slopes)  # currents of EMFs e: K e
    beta = 0.3
    wanted = (i * moved + 0.5 * beta * moved**2).mean(axis=0)[learned(netlist)]
    for backend in ("ngspice", "native"):
        assert off(lab.slope(netlist, "two_phase", backend, beta=beta), wanted) < 1e-9


def test_centred_algorithm_1_and_algorithm_2_train_alike_up_to_the_rate(lab: Lab) -> None:
    runs = []
    for rule in (
        "omega(rate = 1)",
        "two_phase_centred(rate = 1.3, beta = 0.5)",
        "two_phase(rate = 1.3, beta = 0.5)",
    ):
        netlist = series(0, "1.3", f"rule {rule}\nstop steps > 99")
        task = make_task(netlist.task, 0)
        circuit = task.method.equip(flatten(netlist.circuit))
        lab.opened.append(open_backend("native", circuit))
        runs.append(list(train(Trainer(circuit, task, lab.opened[-1]))))
    first, last = ([run[k].states[0] for run in runs] for k in (0, -1))
    np.testing.assert_allclose(last[1], last[0], rtol=1e-11)
    assert np.abs(last[0] / first[0] - 1).max() > 0.05
    assert off(last[2], last[0]) > 1e-4
    assert runs[0][-1].metrics["mse"] < 0.9 * runs[0][0].metrics["mse"]


def test_outputs_may_share_a_node_where_no_rule_holds_them(lab: Lab) -> None:
    chain = """circuit Chain {
      net a, b, c
      R r1(a, b) = learn(1, 0.1..9)
      R r2(b, c) = learn(1, 0.1..9)
      R r3(c, gnd) = learn(1, 0.1..9)
      input x = V(a)
      output y = V(a) - V(b)
      output z = V(b) - V(c)
    }
    task t on Chain { data x: [1V, 2V] -> y: [0.2V, 0.4V], z: [0.5V, 1V]
      rule adjoint(rate = 1)
      stop steps > 1 }"""
    netlist = compile_netlist(chain)
    wanted = lab.slope(netlist, "adjoint")
    for rule in [name for name in METHODS if not METHODS[name].holds and name not in ("spsa", "agnostic")]:
        if "two_phase" not in rule:  # whose outputs learn here
            found = lab.slope(netlist, rule, "reference" if rule == "holomorphic" else "native")
            assert off(found, wanted) < 0.01
    with pytest.raises(CircuitError, match="two outputs clamp the node b"):
        lab.slope(netlist, "coupled")


# --- 11: noisy labels


def test_noisy_labels_bias_one_sided_algorithm_1_by_their_variance_and_neither_the_centred_one_nor_algorithm_2(
    lab: Lab,
) -> None:
    netlist, sigma, beta, count = series(1, "1.3"), 0.5, 0.5, 20_000
    task, graph = make_task(netlist.task, 0), paper_graph(1)
    kernel = graph.currents(np.eye(len(graph.edges)))[:, learned(netlist)][outputs_of(1)]  # K_oe, symmetric
    wanted = 0.5 * beta * sigma**2 * (kernel**2).sum(axis=0)
    noise = sigma * np.random.default_rng(4).normal(size=(count, 2))
    labels = task.labels[0] + np.concatenate([noise, -noise])  # pairs: what is odd in the noise cancels
    bias = {}
    for rule, options in (("two_phase", {"beta": beta}), ("two_phase_centred", {"beta": beta}), ("omega", {})):
        method = make_method(rule, {"rate": 1.0, **options})
        noisy, clean = (method.change(lab(netlist, method, labels=given)) for given in (labels, task.labels[:1]))
        assert noisy is not None
        assert clean is not None
        bias[rule] = clean[0] - noisy[0]
    assert off(bias["two_phase"], wanted) < 0.02
    for rule in ("two_phase_centred", "omega"):
        assert np.abs(bias[rule]).max() < 1e-9 * np.abs(wanted).max()


# --- other rules


@pytest.mark.parametrize("gamma", [1e-3, 10.0])
@pytest.mark.parametrize("points", [3, 4, 7])
def test_frequency_propagation_is_exact_at_any_amplitude_in_a_linear_network(
    points: int, gamma: float, lab: Lab
) -> None:
    netlist = held(0)
    found = lab.slope(netlist, "frequency", gamma=gamma, points=points)
    assert off(found, lab.slope(netlist, "adjoint")) < 1e-10


def test_frequency_propagation_errs_as_the_square_of_its_amplitude_elsewhere(lab: Lab) -> None:
    netlist = held(0, cubic=True)
    wanted = lab.slope(netlist, "adjoint")
    assert order_of(lambda g: off(lab.slope(netlist, "frequency", gamma=g), wanted), 0.1) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("cubic", [False, True])
def test_agnostic_values_move_by_two_beta_epsilon_slopes_as_epsilon_vanishes(cubic: bool, lab: Lab) -> None:
    netlist, beta = held(0, cubic), 1e-4
    wanted = lab.slope(netlist, "adjoint")

    def error(rate: float) -> float:
        return off(
            lab.slope(netlist, make_method("agnostic", {"rate": rate, "beta": beta, "rest": 1e-9})) / rate, wanted
        )

    assert order_of(error, 2e-5) == pytest.approx(1, abs=0.1)
    assert error(1e-7) < 2e-3


class Signs:
    """A tick whose random numbers are signs that are given."""

    def __init__(self, signs: Sequence[float]) -> None:
        self.signs = np.array(signs)

    def rng(self, purpose: int) -> Signs:
        return self

    def choice(self, values: Sequence[float], count: int) -> np.ndarray:
        assert sorted(values) == [-1.0, 1.0]
        assert count == len(self.signs)
        return self.signs


def test_simultaneous_perturbation_is_right_on_average_over_its_signs(lab: Lab) -> None:
    netlist = held(0, frozen=len(random_edges(0)) - 4)
    wanted = lab.slope(netlist, "adjoint")
    bench = lab(netlist, Feed())

    def average(c: float) -> np.ndarray:
        method = make_method("spsa", {"rate": 1.0, "c": c})
        found = [method.change(replace(bench, tick=Signs(s))) for s in product((-1.0, 1.0), repeat=4)]
        return -np.mean([f[0] for f in found if f is not None], axis=0)

    one = make_method("spsa", {"rate": 1.0, "c": 0.01}).change(replace(bench, tick=Signs((1.0, 1.0, 1.0, 1.0))))
    assert one is not None
    assert off(-one[0], wanted) > 0.1
    assert off(average(0.01), wanted) < 1e-3
    assert order_of(lambda c: off(average(c), wanted), 0.04) == pytest.approx(2, abs=0.1)


def test_weight_perturbation_is_the_gradient_to_first_order(lab: Lab) -> None:
    netlist = held(0, cubic=True)
    wanted = lab.slope(netlist, "adjoint")
    assert order_of(lambda c: off(lab.slope(netlist, "perturbation", c=c), wanted), 1e-2) == pytest.approx(1, abs=0.05)


def test_power_regularised_learning_adds_the_slope_of_the_power(lab: Lab) -> None:
    netlist, share = held(0), 0.2
    bench = lab(netlist, Hold())

    def power(bench: Bench) -> float:
        x = bench.free().x
        return float(2 * energy(bench.circuit, bench.params, x)[0].mean())

    added = lab.slope(netlist, "power", eta=0.5, share=share) - lab.slope(netlist, "coupled", eta=0.5)
    assert off(added, share * differences(bench, power)) < 1e-7


def test_aging_lowers_the_energy_of_the_held_state(lab: Lab) -> None:
    netlist = held(0, cubic=True)
    bench = lab(netlist, Hold())
    found = propagated(
        bench, Hold(), 1.0
    )  # the whole estimator at eta = 1: outputs at their labels, wherever they were

    def at_rest(bench: Bench) -> float:
        return float(energy(bench.circuit, bench.params, bench.free().x)[0].mean())

    free = differences(bench, at_rest)
    assert off(lab.slope(netlist, "aging") - free, found.gradient) < 1e-6


# --- losses


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("outputs", [1, 4])
def test_slopes_of_losses_are_those_of_their_costs_and_bends_those_of_slopes_and_targets(
    name: str, outputs: int
) -> None:
    if name == "softmax" and outputs == 1:
        return  # one output is always the largest
    loss = make_loss(name, {"hinge": {"margin": 0.3, "delta": 0.1}, "softmax": {"temperature": 0.2}}.get(name, {}))
    rng = np.random.default_rng(3)
    u, labels = rng.normal(size=(20, outputs)) * 0.3, np.eye(outputs)[rng.integers(0, outputs, 20)]
    if outputs == 1:
        labels = rng.choice([-1.0, 1.0], (20, 1))
    known, h = np.unique(labels, axis=0), 1e-6
    target, slope = loss.bends(u, labels, known)
    free = np.isnan(loss.target(u, labels, known))
    for j in range(outputs):
        ends = [u + k * h * np.eye(outputs)[j] for k in (1, -1)]
        cost, moved, bent = (
            (getattr(loss, read)(ends[0], labels, known) - getattr(loss, read)(ends[1], labels, known)) / (2 * h)
            for read in ("cost", "target", "slope")
        )
        np.testing.assert_allclose(loss.slope(u, labels, known)[:, j], cost, atol=1e-7)
        np.testing.assert_allclose(target[..., j], np.where(free, 0.0, moved), atol=1e-7)
        np.testing.assert_allclose(slope[..., j], bent, atol=1e-7)


# --- what experiments cost


E = len(random_edges(0))
TWO, THREE = Ledger(2, 2, 2, 1), Ledger(3, 3, 2, 1)
LEDGERS: dict[str, Ledger] = {
    # settles, of which settled, numbers read outside, values an edge keeps: one sample, two outputs
    "coupled": TWO,
    "hebbian": TWO,
    "hardware": TWO,
    "sign": TWO,
    "integrator": TWO,
    "overclamp": TWO,
    "power": TWO,
    "equilibrium_positive": TWO,
    "equilibrium_negative": TWO,
    "spring": TWO,
    "two_phase": TWO,
    "omega": TWO,
    "aging": Ledger(2, 2, 2, 0),  # the free phase is for the teacher only
    "coupled_centred": THREE,
    "equilibrium": THREE,
    "two_phase_centred": THREE,
    "omega_biased": Ledger(2, 2, 2, 2),  # drop and current
    "holomorphic": Ledger(5, 5, 2, 3),  # free, and N = 4
    "frequency": Ledger(5, 5, 2, 2),  # free, and four times of a period; two averages
    "spsa": Ledger(2, 2, 2, 0),  # reads the cost, twice
    "perturbation": Ledger(E - 1, E - 1, E - 1, 0),  # each value once, and none
    "adjoint": Ledger(1, 1, 2, 0),
}


@pytest.mark.parametrize("name", [n for n in METHODS if n != "agnostic"])
def test_an_experiment_costs_what_the_science_counts(name: str, lab: Lab) -> None:
    fields = METHODS[name].__dataclass_fields__
    method = make_method(name, {"rate": 1.0} if "rate" in fields else {})
    bench = lab(series(0), method, "reference" if name == "holomorphic" else "native", labels=np.array([[0.1, -0.2]]))
    assert method.change(bench) is not None
    assert bench.ledger == LEDGERS[name]


def test_agnostic_values_settle_once_for_the_aim_once_for_the_knobs_and_for_every_step_of_their_way(lab: Lab) -> None:
    method = make_method("agnostic", {"rate": 1e-6, "beta": 1e-3})
    bench = lab(held(0), method)
    assert method.change(bench) is not None
    steps = bench.ledger.settles // 3 - 2
    assert bench.ledger == Ledger(3 * (2 + steps), 3 * (2 + steps), 9, 0)
    assert 1 <= steps <= 5


TWIN = """bundle twin { free, clamped }
circuit Twin {
  net a: twin, b: twin, c: twin
  state g = learn(1, 0.1..9)
  state h = learn(2, 0.1..9)
  G gf(a.free, b.free) = g
  G gc(a.clamped, b.clamped) = g
  G hf(b.free, c.free) = h
  G hc(b.clamped, c.clamped) = h
  G lf(b.free, gnd) = 1
  G lc(b.clamped, gnd) = 1
  input x = V(a)
  input z = V(c)
  input w = I(b)
  output y = V(b)
}
task t on Twin { data x: [1V], z: [0.3V], w: [0.4A] -> y: [0.2V]
  rule adjoint(rate = 1)
  stop steps > 1 }"""


@pytest.mark.parametrize(
    "name", ["coupled", "hardware", "sign", "spring", "equilibrium_positive", "equilibrium_negative", "omega"]
)
def test_a_twin_remembers_nothing_where_both_of_its_halves_are_seen_at_once(name: str, lab: Lab) -> None:
    method = make_method(name, {"rate": 1.0} if name != "sign" else {})
    bench = lab(compile_netlist(TWIN), method)
    assert method.change(bench) is not None
    assert (bench.ledger.settles, bench.ledger.stored) == (2, 1 if name == "omega" else 0)


@pytest.mark.parametrize("name", ["feed", "hold", "spring", "stiff"])
def test_the_estimator_holds_for_twins_that_are_fed_currents_too(name: str, lab: Lab) -> None:
    nudge = NUDGES[name]
    bench = lab(compile_netlist(TWIN), nudge)
    assert off(propagated(bench, nudge, 0.3).gradient, differences(bench, objective(nudge, 0.3))) < 1e-7


# --- nudges and energies by themselves


@pytest.mark.parametrize("name", NUDGES)
def test_what_a_teacher_attaches_changes_nothing_in_the_free_phase(name: str, lab: Lab) -> None:
    netlist = series(0)
    plain, with_teacher = (lab(netlist, nudge) for nudge in (Feed(), NUDGES[name]))
    found, wanted = (bench.outputs(bench.free()) for bench in (with_teacher, plain))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("nudge", [SPRING, STIFF, ODD], ids=["spring", "stiff", "odd"])
def test_nothing_flows_into_an_output_without_a_target(nudge: Energy, lab: Lab) -> None:
    bench = lab(held(0), nudge)
    free = bench.free()
    aim = bench.aim(free)
    aim = replace(aim, target=aim.target * [1.0, np.nan, 1.0])
    pulled = bench.settle(nudge.impose(bench.circuit, free, aim, 0.2), free)
    drawn = currents(bench.circuit, bench.params, pulled.x, nudge.device.name)[0][0]
    assert drawn[:, [0, 2]].all()
    assert not drawn[:, 1].any()


def test_a_nudge_speaks_of_nothing_but_what_a_teacher_knows() -> None:
    with pytest.raises(TaskError, match="unknown name 'on'"):
        Energy("on * beta * u")
    with pytest.raises(TaskError, match="order 0"):
        Energy("beta * u", 0)


def test_the_energy_of_a_linear_circuit_is_half_its_power_less_the_work_of_its_current_sources(
    flat: Callable[..., Any],
) -> None:
    circuit = flat(
        "net a, b\n R r(a, b) = 2\n G g(b, gnd) = 0.5\n I s(gnd, b) = 0.3\n C c(b, gnd) = 1uF\n L l(a, b) = 1mH\n"
        " input x = V(a)\n output y = V(b)"
    )
    x = np.zeros((1, 1, circuit.size))
    x[..., circuit.node_index["a"]], x[..., circuit.node_index["b"]] = 1.0, 0.4
    assert energy(circuit, initial(circuit), x) == pytest.approx(0.6**2 / 4 + 0.5 * 0.4**2 / 2 - 0.3 * 0.4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_circuit_rests_where_its_energy_does(seed: int, lab: Lab) -> None:
    bench = lab(held(seed, cubic=True, more="Switch w(n[2], n[3], n[0], n[1])\nD d(n[4], n[7])"), Hold())
    x = bench.free().x
    for node in range(len(bench.circuit.nodes)):
        step = np.zeros(bench.circuit.size)
        step[node] = 1e-4
        up, down = (energy(bench.circuit, bench.params, x + s * step) for s in (1, -1))
        force = (up - down)[0] / 2e-4
        if node in bench.circuit.held_nodes:
            assert np.abs(force).max() > 1e-3 or node == 0
        else:
            np.testing.assert_allclose(force, 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ("NMOS m(d = n[3], g = n[0], s = n[4], b = gnd) { model = ald1106 }", "NMOS m has no content"),
        ("VCCS t(p = n[3], n = n[4], cp = n[5], cn = gnd) = 1", "VCCS t has no content: what steers it at cp"),
        ("VCVS t(p = n[3], n = n[4], cp = n[5], cn = gnd) = 1", "VCVS t has no content: what steers it at cp"),
        ("CCVS t(p = n[3], n = n[4], cp = n[5], cn = n[2]) = 1", "CCVS t has no content: current flows elsewhere"),
        ("Ohmic t(n[3], n[4]) { g = 3V }", "Ohmic t has no content: its current depends on more than its drop"),
    ],
)
def test_an_element_without_content_is_refused_by_name(element: str, words: str, lab: Lab) -> None:
    bench = lab(held(0, more=element), Hold())
    with pytest.raises(TaskError, match=words):
        energy(bench.circuit, bench.params, bench.settle(boundary(bench.circuit, bench.inputs)).x)
