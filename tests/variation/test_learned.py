"""What learns keeps its tolerance: gradients, learning on the native engine and on ngspice, parameters of instances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from netlearn.backends import Backend
from netlearn.circuit.chance import Keyed, draw_seeds
from netlearn.circuit.flat import (
    STATES,
    FlatCircuit,
    Floats,
    Ints,
    Params,
    boundary,
    flatten,
    initial,
    slopes_of,
    with_states,
)
from netlearn.lang.compile import compile_netlist
from netlearn.learn.assembly import assemble
from netlearn.learn.compiled import make_lesson, taught_of
from netlearn.learn.plan import make_plan
from netlearn.learn.task import make_task
from netlearn.learn.train import Trainer, learn
from netlearn.variation.draws import drawn, varied

Opens = Callable[[str, FlatCircuit], Backend]
SEEDS = draw_seeds(5, 0, 5)
TASK = """task t on Net {
  data x: [100mV, 200mV, 300mV] -> y: [30mV, 70mV, 110mV]
  rule coupled(eta = 0.5, rate = 2e-3)
  stop steps > 12
}
"""
PLAIN = """circuit Net {
  net a, m, b
  R r1(a, m) = learn(10k, 1k..100k) ~ 1% lot 5%
  G g1(m, b) = learn(0.1mS, 10uS..1mS) ~ 3%
  R r2(m, gnd) = 20k ~ 2%
  R r3(b, gnd) = learn(15k, 1k..100k) ~ uniform(4%)
  input x = V(a)
  output y = V(b)
}
"""
STEPS = """circuit Net {
  net a, b
  state k = learn(64, 1..127)
  R r1(a, b) = 100k * k / 128 ~ 3% lot 10%
  R r2(b, gnd) = 20k + 1k * k ~ normal(500Ohm)
  input x = V(a)
  output y = V(b)
}
"""
GATES = """circuit Net {
  net a, b, g
  state vg = learn(1.5V, 0.8V..3V)
  C cg(g, gnd) = 1pF, ic = vg ~ ic 5mV
  NMOS m(a, g, b, gnd) { model = ald1106 } ~ vto 10mV ~ kp 2%
  R r2(b, gnd) = 20k ~ 1%
  input x = V(a)
  output y = V(b)
}
"""
MODULES = """module Edge(a, b; rmax = 100k, off = 5mV) {
  state k = learn(64, 1..127)
  net m
  R r(a, m) = rmax * k / 128 ~ 1%
  V v(m, b) = off
}
circuit Net {
  net a, b
  Edge e1(a, b) ~ rmax 5% lot 10% ~ off 2mV
  Edge e2(b, gnd) { rmax = 50k } ~ rmax 5% lot 10%
  R leak(b, gnd) = 1M ~ 1%
  input x = V(a)
  output y = V(b)
}
""".replace("1M", "1000k")
CIRCUITS = {"plain values": PLAIN, "steps": STEPS, "gates": GATES, "parameters of instances": MODULES}


def _drawn(circuit: FlatCircuit, draws: int = 5) -> Params:
    return drawn(circuit, varied(circuit, {}), initial(circuit), Keyed(SEEDS[:draws]))


@pytest.mark.parametrize("text", CIRCUITS.values(), ids=CIRCUITS)
def test_slopes_of_drawn_parts_are_those_of_finite_differences(text: str) -> None:
    circuit = flatten(compile_netlist(text + TASK).circuit)
    params = _drawn(circuit)
    assert params.off
    for rule in circuit.rules:
        slopes = slopes_of(params, rule)
        for k in range(rule.inputs.shape[1]):
            h = 1e-6 * np.maximum(1e-6, np.abs(params.states))
            moved = []
            for side in (1.0, -1.0):
                states = params.states.copy()
                which = np.unique(rule.inputs[:, k])
                states[:, which] += side * h[:, which]
                moved.append(with_states(circuit, params, states).values[rule.device][rule.param][:, rule.elements])
            measured = (moved[0] - moved[1]) / (2.0 * h[:, rule.inputs[:, k]])
            assert np.allclose(measured, slopes[:, :, k], rtol=1e-6, atol=1e-9 * np.abs(slopes).max())


@pytest.mark.parametrize("text", CIRCUITS.values(), ids=CIRCUITS)
def test_the_exact_gradient_of_drawn_circuits_is_that_of_finite_differences(text: str, backend: Opens) -> None:
    circuit = flatten(compile_netlist(text + TASK).circuit)
    native, params = backend("native", circuit), _drawn(circuit)
    imposed = boundary(circuit, np.array([[0.2]]))
    node = circuit.outputs[0].free[0]
    solution = native.operating_points(params, imposed)
    assert solution.settled.all()
    dx = np.zeros_like(solution.x)
    dx[..., node] = 1.0
    exact = native.gradient(params, imposed, solution, dx).states  # type: ignore[attr-defined]
    for k in circuit.free_states:
        h = 1e-4 * np.abs(params.states[:, k])
        sides = []
        for side in (1.0, -1.0):
            states = params.states.copy()
            states[:, k] += side * h
            sides.append(native.operating_points(with_states(circuit, params, states), imposed).x[:, 0, node])
        measured = (sides[0] - sides[1]) / (2.0 * h)
        assert np.allclose(measured, exact[:, k], rtol=1e-5)


def test_a_learned_value_is_off_by_the_same_part_wherever_it_goes() -> None:
    circuit = flatten(compile_netlist(PLAIN + TASK).circuit)
    params = _drawn(circuit)
    first = params.values["R"]["r"][:, 0] / params.states[:, 0]
    again = with_states(circuit, params, 3.0 * params.states)
    assert np.allclose(again.values["R"]["r"][:, 0] / again.states[:, 0], first, rtol=1e-14)
    assert np.ptp(first) > 0.005
    assert again.off is params.off
    assert np.array_equal(again.values["R"]["r"][:, 1], params.values["R"]["r"][:, 1])
    picked = again.of(np.array([3, 1]))
    assert np.allclose(picked.values["R"]["r"][:, 0] / picked.states[:, 0], first[[3, 1]], rtol=1e-14)
    assert np.allclose(
        with_states(circuit, picked, params.states[[3, 1]]).values["R"]["r"],
        params.values["R"]["r"][[3, 1]],
        rtol=1e-14,
    )


@pytest.mark.parametrize("text", CIRCUITS.values(), ids=CIRCUITS)
def test_native_solves_drawn_circuits_as_ngspice_does(text: str, backend: Opens) -> None:
    circuit = flatten(compile_netlist(text + TASK).circuit)
    params, imposed = _drawn(circuit), boundary(circuit, np.array([[0.1], [0.25]]))
    found = [backend(name, circuit).operating_points(params, imposed) for name in ("native", "ngspice")]
    nodes = len(circuit.nodes)
    assert np.abs(found[0].x[..., :nodes] - found[1].x[..., :nodes]).max() < 1e-9
    assert np.ptp(found[0].x[:, 1, circuit.outputs[0].free[0]]) > 1e-4


def _learned(
    text: str, backend: Backend, circuit: FlatCircuit, params: Params, steps: int = 12, told: bool = True
) -> Floats:
    """States of each draw after some samples, one draw after the other; told: as a lesson, else phase by phase."""
    task = make_task(compile_netlist(text + TASK).task, seed=0)
    trainer = Trainer(circuit, task, backend, 0, steps)
    plan = make_plan(circuit, initial(circuit))
    ended = []
    for k in range(params.draws):
        board = assemble(circuit, plan, task, params.of(np.array([k])), Keyed(SEEDS[k : k + 1]))
        lesson = make_lesson(task, board) if told else None
        new, _ = learn(trainer, board, lesson, board.params, _samples(steps))
        ended.append(new.states[0])
    return np.array(ended)


def _samples(steps: int) -> list[Ints]:
    return [np.array([step % 3]) for step in range(steps)]


def test_side_by_side_phase_by_phase_and_on_ngspice_the_same_values_are_learned(backend: Opens) -> None:
    circuit = flatten(compile_netlist(PLAIN + TASK).circuit)
    task, params = make_task(compile_netlist(PLAIN + TASK).task, seed=0), _drawn(circuit)
    native = backend("native", circuit)
    board = assemble(circuit, make_plan(circuit, initial(circuit)), task, params, Keyed(SEEDS))
    lesson = make_lesson(task, board)
    assert lesson is not None
    taught = taught_of(native, board, lesson, params, _samples(12))
    assert taught is not None
    assert taught.steps == 12
    moved = np.abs(taught.states - params.states) / params.states
    assert moved[:, circuit.free_states].min() > 1e-4
    ways = {
        "alone": _learned(PLAIN, native, circuit, params),
        "phase by phase": _learned(PLAIN, native, circuit, params, told=False),
        "ngspice": _learned(PLAIN, backend("ngspice", circuit), circuit, params),
    }
    imposed = boundary(circuit, task.inputs)
    side = native.operating_points(with_states(circuit, params, taught.states), imposed).x
    for name, states in ways.items():
        assert np.allclose(states, taught.states, rtol=1e-8), name
        other = native.operating_points(with_states(circuit, params, states), imposed).x
        assert np.abs(other - side).max() < 1e-9, name


@pytest.mark.parametrize("name", ["steps", "gates", "parameters of instances"])
def test_what_no_lesson_is_made_of_learns_the_same_on_ngspice(name: str, backend: Opens) -> None:
    text = CIRCUITS[name]
    circuit = flatten(compile_netlist(text + TASK).circuit)
    params = _drawn(circuit, 2)
    native, ngspice = (_learned(text, backend(on, circuit), circuit, params, 6) for on in ("native", "ngspice"))
    assert np.allclose(native, ngspice, rtol=1e-7)
    assert (np.abs(native - params.states)[:, circuit.free_states] > 0).all()


def test_parameters_of_instances_reach_the_elements_inside_and_never_learn() -> None:
    circuit = flatten(compile_netlist(MODULES + TASK).circuit)
    params = _drawn(circuit)
    names = [state.name for state in circuit.states]
    assert {names[k] for k in circuit.free_states} == {"e1.k", "e2.k"}
    k, inside = names.index("e1.rmax"), params.off[STATES].of(params.states)
    r = dict(zip(circuit.banks["R"].names, params.values["R"]["r"].T, strict=True))
    dc = dict(zip(circuit.banks["V"].names, params.values["V"]["dc"].T, strict=True))
    within = Keyed(SEEDS).normal("within/r", ["e1.r"])[:, 0]
    assert np.allclose(r["e1.r"], inside[:, k] * 0.5 * (1.0 + 0.01 * within), rtol=1e-12)
    off = inside[:, names.index("e1.off")]
    assert np.allclose(dc["e1.v"], off, rtol=1e-12)
    assert np.ptp(off) > 1e-4
    assert (dc["e2.v"] == 5e-3).all()
    assert (params.states[:, k] == 100e3).all()


def test_draws_with_the_same_numbers_share_nothing_that_is_written_to() -> None:
    circuit = flatten(compile_netlist(PLAIN + TASK).circuit)
    params = _drawn(circuit)
    kept = replace(params, states=params.states.copy())
    with_states(circuit, params, 2.0 * params.states)
    assert np.array_equal(params.states, kept.states)
    assert np.array_equal(params.values["R"]["r"], kept.values["R"]["r"])
