"""What is the native engine's own: lanes, draws, threads, guesses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.backends.native import Native
from netlearn.circuit.chance import Keyed
from netlearn.circuit.flat import FlatCircuit, Params, boundary, flatten, initial
from netlearn.lang.compile import compile_netlist
from netlearn.learn.assembly import assemble
from netlearn.learn.compiled import make_lesson
from netlearn.learn.plan import make_plan
from netlearn.learn.task import make_task

Flat = Callable[..., FlatCircuit]
EDGE = """module Edge(a, b) {
  net g
  state vg = learn(uniform(1.5V, 3V), 0.8V..6V)
  C hold(g, gnd) = 22uF, ic = vg
  NMOS m(d = a, g = g, s = b, b = gnd) { vto = 0.7V, kp = 1mA/V^2 }
}"""
NET = "net n[9]\nmesh e = grid(3, 3) on n of Edge\ninput x[0..1] = V(n[0]), V(n[2])\noutput y = V(n[7])"
TASK = "task t on Test {\n data x: [[0V, 0.4V], [0.3V, 0.1V]] -> y: [0.1V, 0.2V]\n rule hardware(rate = 0.3)\n}"


def _copies(circuit: FlatCircuit, draws: int) -> Params:
    copies = initial(circuit).copies(draws)
    thresholds = copies.values["NMOS"]["vto"]
    thresholds += np.random.default_rng(0).normal(0.0, 0.01, thresholds.shape)
    return copies


def _draw(params: Params, k: int) -> Params:
    return params.of(slice(k, k + 1))


@pytest.mark.parametrize("draws", [2, 11])
def test_every_draw_and_sample_is_solved_as_if_it_were_alone(draws: int, flat: Flat) -> None:
    circuit = flat(NET, EDGE)
    params, native = _copies(circuit, draws), Native(circuit)
    inputs = np.random.default_rng(1).uniform(0.0, 0.45, (5, 2))
    together = native.operating_points(params, boundary(circuit, inputs))
    assert together.settled.all()
    for k in range(draws):
        alone = native.operating_points(_draw(params, k), boundary(circuit, inputs[:1]))
        np.testing.assert_allclose(together.x[k, :1], alone.x[0], rtol=0, atol=1e-12)


def test_the_number_of_threads_changes_no_bit(flat: Flat) -> None:
    circuit = flat(NET, EDGE)
    params, inputs = _copies(circuit, 40), np.random.default_rng(1).uniform(0.0, 0.45, (3, 2))
    found = [Native(circuit, threads).operating_points(params, boundary(circuit, inputs)) for threads in (1, 2, 5)]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].x, other.x)


@pytest.mark.parametrize("draws", [2, 40])
def test_every_copy_learns_as_if_it_were_alone_whatever_the_threads(draws: int) -> None:
    netlist = compile_netlist(f"{EDGE}\ncircuit Test {{\n{NET}\n}}\n{TASK}")
    circuit, task = flatten(netlist.circuit), make_task(netlist.task, 0)
    params = _copies(circuit, draws)
    one = initial(circuit)
    lesson = make_lesson(task, assemble(circuit, make_plan(circuit, one), task, one, Keyed((0,))))
    assert lesson is not None
    rows = np.arange(30) % 2
    taught = [Native(circuit, threads).teach(params, lesson, rows) for threads in (1, 3)]
    assert taught[0] is not None
    assert taught[1] is not None
    assert taught[0].solves.tolist() == taught[0].settled.tolist() == [60] * draws
    np.testing.assert_array_equal(taught[0].states, taught[1].states)
    for k in (0, draws - 1):
        alone = Native(circuit).teach(_draw(params, k), lesson, rows)
        assert alone is not None
        np.testing.assert_allclose(taught[0].states[k], alone.states[0], rtol=0, atol=1e-11)
    assert np.abs(taught[0].states - params.states).max() > 1e-3


def test_a_warm_start_takes_fewer_steps_to_the_same_answer(flat: Flat) -> None:
    circuit = flat(NET, EDGE)
    native, held = Native(circuit), boundary(circuit, np.array([[0.1, 0.4]]))
    cold = native.operating_points(initial(circuit), held)
    warm = native.operating_points(initial(circuit), held, cold)
    assert warm.steps[0, 0] < cold.steps[0, 0]
    np.testing.assert_allclose(warm.x, cold.x, rtol=0, atol=1e-13)


def test_sources_without_ground_take_no_more_steps_than_others(flat: Flat) -> None:
    """A tree of nodes joined by sources in series with resistors: in an order of elimination that only counts entries some
    pivot is exactly zero."""
    pairs = [(0, 1), (1, 2), (1, 3), (1, 4), (1, 5), (0, 6), (0, 7), (1, 6), (6, 4)]
    text = "net n[8], m[9]\nR ref(n[7], gnd) = 1\ninput x = I(n[0])\n" + "\n".join(
        f"V s{k}(n[{a}], m[{k}]) = {0.1 * (k + 1)}V\nR r{k}(m[{k}], n[{b}]) = {k + 1}" for k, (a, b) in enumerate(pairs)
    )
    circuit = flat(text)
    native, held = Native(circuit), boundary(circuit, np.array([[0.0], [1.0]]))
    found = native.operating_points(initial(circuit), held)
    assert (found.steps == 2).all()
    gradient = native.gradient(initial(circuit), held, found, np.ones_like(found.x), [("R", "r")])
    assert np.isfinite(gradient.values["R"]["r"]).all()


STRAIGHT = """element Diode(p, n; g = 1S) { current i = max(g * v, 1e-9 * g * v) }
element Clip(p, n; g = 1S) { current i = max(min(g * v, 1mA), -1mA) + 1e-9 * g * v }"""


def test_whole_steps_lead_through_laws_of_straight_pieces(flat: Flat) -> None:
    """By half a volt a step it would take sixty to get to 30 V."""
    circuit = flat("net x, n, m\nR r1(x, n) = 1k\nDiode d1(n, m)\nR r2(m, gnd) = 1M\ninput i = V(x)", STRAIGHT)
    found = Native(circuit).operating_points(initial(circuit), boundary(circuit, np.array([[30.0], [-30.0], [1e3]])))
    assert found.settled.all()
    assert (found.steps <= 4).all()


def test_where_whole_steps_go_to_and_fro_shorter_ones_settle(flat: Flat) -> None:
    circuit = flat("net x, n\nR r1(x, n) = 10k\nClip c1(n, gnd)\ninput i = V(x)", STRAIGHT)
    native, params = Native(circuit), initial(circuit)
    far, near = (boundary(circuit, np.linspace(-x, x, 8)[:, None]) for x in (30.0, 3.0))
    found = native.operating_points(params, near, native.operating_points(params, far))
    assert found.settled.all()
    assert found.steps.max() > 100  # from one end of the middle piece beyond the other
    n = found.x[0, :, circuit.node_index["n"]]
    np.testing.assert_allclose((near.voltages[:, 0] - n) / 1e4, n, rtol=0, atol=1e-12)


def test_the_residual_and_its_place_are_reported(flat: Flat) -> None:
    circuit = flat(NET, EDGE)
    found = Native(circuit).operating_points(initial(circuit), boundary(circuit, np.array([[0.1, 0.4]])))
    assert 0 <= found.residual[0, 0] < 1e-15
    assert 0 <= found.worst[0, 0] < circuit.size
