"""Exact gradients of the native engine against finite differences of its operating points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.backends.native import Native
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Params, boundary, hold, initial, with_states
from netlearn.solve import reference

Flat = Callable[..., FlatCircuit]
GATE = "state vg = learn(2V, 0V..5V)\n"
NET = "net in, a, b, g\ninput x = V(in)\noutput y = V(b)\n"
REST = "R load(b, gnd) = 3k\nR in1(in, a) = 2k\n"
CIRCUITS = {
    "resistance": NET + REST + "R r1(a, b) = learn(1k)\nR r2(g, b) = 1k\nR r3(g, gnd) = learn(5k)",
    "conductance": NET + REST + "G g1(a, b) = learn(1mS)\nR r2(g, b) = 1k",
    "one state of two": NET + REST + "state s = learn(1k)\nR r1(a, b) = s\nR r2(b, g) = 2 * s + 100\nR r3(g, gnd) = 1k",
    "gate source": GATE + NET + REST + "V hold(g, gnd) = vg\nNMOS m(d = a, g = g, s = b, b = gnd)\nR p(a, b) = 10k",
    "gate the other way round": GATE
    + NET
    + REST
    + "V hold(gnd, g) = 0V - vg\nNMOS m(d = a, g = g, s = b, b = gnd)\nR p(a, b) = 10k",
    "gate capacitor": GATE
    + NET
    + REST
    + "C hold(g, gnd) = 1uF, ic = vg\nNEKV m(d = a, g = g, s = b, b = gnd)\nR p(a, b) = 10k",
    "floating source": NET + REST + "V s(a, g) = learn(0.2V)\nR r2(g, b) = 1k",
    "source with a resistor": NET + REST + "V s(g, gnd) = learn(0.7V)\nR r2(g, b) = learn(1k)\nR r1(a, b) = 1k",
    "current source": NET + REST + "R r1(a, b) = 1k\nI s(g, gnd) = learn(1mA)\nR r2(g, b) = 1k",
    "diode": NET + REST + "state s = learn(1e-12)\nD d(a, b) { is = s }\nR r2(g, b) = 1k\nR r3(a, b) = 9k",
    "controlled source": NET + REST + "VCVS e(g, gnd, a, gnd) = learn(0.5)\nR r2(g, b) = learn(1k)\nR r1(a, b) = 4k",
    "transconductance": NET + REST + "VCCS e(g, gnd, a, gnd) = learn(1mS)\nR r2(g, b) = learn(1k)\nR r1(a, b) = 4k",
    "op-amp": NET
    + REST
    + "net o\nOpAmp u(p = a, n = g, out = o)\nR f(o, g) = learn(10k)\nR q(g, gnd) = learn(1k)\nR s(o, b) = learn(2k)",
    "ohmic edge": GATE + NET + REST + "Ohmic m(a, b) { g = vg, s = 1mA/V^2 }\nR p(a, g) = 10k\nR q(g, b) = 1k",
}


def _loss(x: Floats, weights: Floats) -> float:
    return float((weights * (x + 0.3 * x**2)).sum())


def _slopes(x: Floats, weights: Floats) -> Floats:
    return np.asarray(weights * (1 + 0.6 * x))


def _held(circuit: FlatCircuit, clamped: bool) -> Boundary:
    free = boundary(circuit, np.linspace(0.3, 1.2, 5)[:, None])
    if not clamped:
        return free
    target = np.where(np.arange(5) % 2 == 0, 0.25, np.nan)[:, None]
    return hold(free, np.array([circuit.outputs[0].free[0]]), target)


@pytest.mark.parametrize("clamped", [False, True], ids=["free", "clamped in some samples"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_the_gradient_is_that_of_finite_differences(name: str, clamped: bool, flat: Flat) -> None:
    circuit = flat(CIRCUITS[name])
    native, params, held = Native(circuit), initial(circuit), _held(circuit, clamped)
    weights = np.random.default_rng(1).uniform(-1, 1, (1, 5, circuit.size))
    weights[..., len(circuit.nodes) :] *= 100.0  # branch currents are small
    found = native.operating_points(params, held)
    assert found.settled.all()
    gradient = native.gradient(params, held, found, _slopes(found.x, weights))

    def loss(states: Floats) -> float:
        return _loss(native.operating_points(with_states(circuit, params, states), held).x, weights)

    for state in range(len(circuit.states)):
        numeric = _derivative(loss, params.states, state)
        assert gradient.states[0, state] == pytest.approx(
            numeric, rel=1e-7, abs=1e-9 * abs(_scale(weights, params, state))
        )


def _scale(weights: Floats, params: Params, state: int) -> float:
    return float(np.abs(weights).sum() / abs(params.states[0, state]))


def _derivative(loss: Callable[[Floats], float], states: Floats, state: int) -> float:
    """Central differences, extrapolated once (Richardson)."""
    found = []
    for part in (2e-3, 1e-3):
        size = part * abs(states[0, state])
        ends = []
        for sign in (1, -1):
            moved = states.copy()
            moved[0, state] += sign * size
            ends.append(loss(moved))
        found.append((ends[0] - ends[1]) / (2 * size))
    return (4 * found[1] - found[0]) / 3


def test_other_parameters_are_had_where_asked_for(flat: Flat) -> None:
    circuit = flat(CIRCUITS["gate source"])
    native, params, held = Native(circuit), initial(circuit), _held(circuit, False)
    found = native.operating_points(params, held)
    weights = np.zeros((1, 5, circuit.size))
    weights[..., circuit.outputs[0].free[0]] = 1.0
    gradient = native.gradient(params, held, found, weights, [("NMOS", "vto"), ("R", "r")])
    for device, param in (("NMOS", "vto"), ("R", "r")):
        size = 1e-4 * (1 + abs(params.values[device][param][0, 0]))
        ends = []
        for sign in (1, -1):
            values = {d: dict(of) for d, of in params.values.items()}
            values[device][param] = values[device][param].copy()
            values[device][param][0, 0] += sign * size
            ends.append(_sum(native, Params(params.states, values), held, weights))
        numeric = (ends[0] - ends[1]) / (2 * size)
        assert gradient.values[device][param][0, 0] == pytest.approx(numeric, rel=1e-6)


def _sum(native: Native, params: Params, held: Boundary, weights: Floats) -> float:
    return float((native.operating_points(params, held).x * weights).sum())


def test_samples_that_did_not_settle_add_nothing(flat: Flat) -> None:
    circuit = flat(CIRCUITS["resistance"])
    native, params, held = Native(circuit), initial(circuit), _held(circuit, False)
    found = native.operating_points(params, held)
    slopes = np.ones_like(found.x)
    some = native.gradient(
        params,
        Boundary(held.held, held.voltages[:3], held.fed, held.currents[:3]),
        found.of(np.arange(3)),
        slopes[:, :3],
    )
    found.settled[0, 3:] = False
    found.x[0, 3:] = np.nan
    np.testing.assert_allclose(native.gradient(params, held, found, slopes).states, some.states, rtol=1e-12)


@pytest.mark.parametrize("draws", [2, 9])
def test_a_draw_whose_pivots_vanish_has_its_gradient_all_the_same(draws: int, flat: Flat) -> None:
    circuit = flat(
        "net a, b, c\ninput x = I(a)\nR r1(a, gnd) = 1k\nVCCS s(a, gnd, a, gnd) = -0.5mS\nVCCS t(a, gnd, b, gnd) = 1mS\n"
        "VCCS u(b, gnd, a, gnd) = 1mS\nR r2(b, gnd) = 1k\nV v(c, gnd) = 1V\nR r3(c, b) = 2k\noutput y = V(b)"
    )
    native, held = Native(circuit), boundary(circuit, np.array([[1e-3], [2e-3]]))
    params = initial(circuit).copies(draws)
    own = circuit.banks["VCCS"].names.index("s")
    params.values["VCCS"]["gm"][-1, own] = -1e-3  # what node a has on its diagonal is zero, and nothing is singular
    found = native.operating_points(params, held)
    assert found.settled.all()
    wanted = [("VCCS", "gm"), ("R", "r"), ("V", "dc")]
    gradient = native.gradient(params, held, found, np.ones_like(found.x), wanted)
    for device, param in wanted:
        for element in range(len(circuit.banks[device].names)):
            size, ends = 1e-5 * abs(params.values[device][param][-1, element]), []
            for sign in (1, -1):
                moved = params.of(slice(draws - 1, draws))
                values = {d: {p: v.copy() for p, v in of.items()} for d, of in moved.values.items()}
                values[device][param][0, element] += sign * size
                ends.append(reference.operating_points(circuit, Params(moved.states, values), held).x.sum())
            numeric = (ends[0] - ends[1]) / (2 * size)
            assert gradient.values[device][param][-1, element] == pytest.approx(numeric, rel=1e-6, abs=1e-9)
