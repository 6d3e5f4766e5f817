"""Learning edges and their signals against closed forms and numerical derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.circuit.flat import CLAMPED, FREE, FlatCircuit, boundary, hold, initial, with_states
from netlearn.errors import TaskError
from netlearn.learn.edges import Seen, content_slope, edge_groups, polarities
from netlearn.solve.reference import operating_points

Flat = Callable[..., FlatCircuit]
LADDER = """
  net a, b, c
  G g1(a, b) = learn(1mS, 1uS..10mS)
  G g2(b, c) = learn(2mS, 1uS..10mS)
  G g3(c, gnd) = learn(0.5mS, 1uS..10mS)
  G g4(a, c) = learn(1mS, 1uS..10mS)
  G g5(b, gnd) = learn(0.3mS, 1uS..10mS)
  input x = V(a)
  output y = V(c)
"""


def _phases(circuit: FlatCircuit, x: float, label: float, eta: float):  # type: ignore[no-untyped-def]
    params = initial(circuit)
    free = operating_points(circuit, params, boundary(circuit, np.array([[x]])))
    out = circuit.outputs[0].free[0]
    clamped_at = free.x[0][:, [out]] * (1 - eta) + eta * label
    held = hold(boundary(circuit, np.array([[x]])), np.array([out]), clamped_at)
    return params, free, operating_points(circuit, params, held)


@pytest.mark.parametrize("eta", [0.01, 0.5, 1.0])
def test_the_clamped_energy_exceeds_the_free_one_by_half_eta_squared_times_the_output_stiffness(
    flat: Flat, eta: float
) -> None:
    """gep.md section 3: E_C - E_F = eta^2/2 e K e exactly in a linear network, K the stiffness of the output."""
    circuit = flat(LADDER)
    params, free, clamped = _phases(circuit, 1.0, 0.7, eta)
    g = params.values["G"]["g"][0]
    nodes = circuit.banks["G"].nodes

    def energy(x: np.ndarray) -> float:
        return float(np.sum(0.5 * g * (x[nodes[:, 0]] - x[nodes[:, 1]]) ** 2))

    b = circuit.node_index["b"]
    c = circuit.node_index["c"]
    laplacian = np.zeros((len(circuit.nodes),) * 2)
    for (p, n), value in zip(nodes, g, strict=True):
        laplacian[[p, n], [p, n]] += value
        laplacian[[p, n], [n, p]] -= value
    stiffness = laplacian[c, c] - laplacian[c, b] ** 2 / laplacian[b, b]
    error = 0.7 - free.x[0, 0, c]
    assert energy(clamped.x[0, 0]) - energy(free.x[0, 0]) == pytest.approx(
        0.5 * eta**2 * stiffness * error**2, rel=1e-9
    )


def test_the_content_slope_of_a_conductor_is_half_the_square_of_its_drop(flat: Flat) -> None:
    circuit = flat(LADDER)
    local = np.array([[[[0.7, 0.2]]]])
    p = [np.array([[[v]]]) for v in (1e-3, 0.0, 0.0)]
    slope = content_slope(circuit.banks["G"].device, local, p, 0, False)
    assert slope == pytest.approx(np.full((1, 1, 1), 0.5 * 0.5**2), rel=1e-14)


def test_the_content_slope_of_a_transistor_equals_the_numerical_integral_of_its_transconductance(flat: Flat) -> None:
    circuit = flat(
        "net a, g\n input x = V(a)\n V vg(g, gnd) = learn(1.2V, 0V..5V)\n NEKV m(d = a, g = g, s = gnd, b = gnd) { model = ald1106_ekv }"
    )
    params = initial(circuit)
    (group,) = edge_groups(circuit)
    p = [params.values["NEKV"][n][:, None, :] for n in circuit.banks["NEKV"].device.param_names]
    drop, gate, step = 0.3, 1.2, 1e-5

    def content(vg: float) -> float:
        from netlearn.devices import kernel

        s = np.linspace(0, 1, 20001)
        x = [0.15 + 0.5 * s * drop, np.full_like(s, vg), 0.15 - 0.5 * s * drop, np.zeros_like(s)]
        current = kernel(circuit.banks["NEKV"].device).evaluate(x, [q[0, 0, 0] for q in p])[0]
        return float(np.trapezoid(current, s) * drop)

    numerical = (content(gate + step) - content(gate - step)) / (2 * step)
    local = np.array([[[[0.3, gate, 0.0, 0.0]]]])
    assert content_slope(circuit.banks["NEKV"].device, local, p, group.column, group.terminal)[
        0, 0, 0
    ] == pytest.approx(numerical, rel=1e-6)


def test_small_nudges_give_the_gradient_of_the_output_error_weighted_by_its_frozen_stiffness(flat: Flat) -> None:
    """gep.md section 3: (d_C^2 - d_F^2) / 2 eta tends to K e du_o/dg, here by finite differences of u_o."""
    circuit = flat(LADDER)
    eta, out = 1e-6, circuit.outputs[0].free[0]
    params, free, clamped = _phases(circuit, 1.0, 0.5, eta)
    groups = edge_groups(circuit)
    before, after = (Seen(circuit, groups, params, phase.x, phase.x, FREE) for phase in (free, clamped))
    slope = (after.to_states(after.contents) - before.to_states(before.contents))[0, 0] / eta
    error, nudged = free.x[0, 0, out] - 0.5, clamped.x[0, 0]
    currents = [
        g * (nudged[a] - nudged[b]) * ((a == out) - (b == out) * 1.0)
        for g, (a, b) in zip(params.values["G"]["g"][0], circuit.banks["G"].nodes, strict=True)
    ]
    stiffness = -sum(currents) / (eta * error)
    for k in range(len(slope)):
        h = 1e-8
        ends = []
        for sign in (1, -1):
            moved = params.states.copy()
            moved[0, k] += sign * h
            ends.append(
                operating_points(circuit, with_states(circuit, params, moved), boundary(circuit, np.array([[1.0]]))).x[
                    0, 0, out
                ]
            )
        assert slope[k] == pytest.approx(stiffness * error * (ends[0] - ends[1]) / (2 * h), rel=1e-4)


def test_a_resistance_has_negative_polarity_and_a_gate_positive(flat: Flat) -> None:
    circuit = flat(
        "net a, b, g\n input x = V(a)\n R r1(a, b) = learn(1k, 100..10k)\n V vg(g, gnd) = learn(2V, 0V..5V)\n"
        " NMOS m(d = b, g = g, s = gnd, b = gnd) { model = ald1106 }\n output y = V(b)"
    )
    groups = edge_groups(circuit)
    signs = {g.device: p for g, p in zip(groups, polarities(circuit, groups, initial(circuit)), strict=True)}
    assert signs["R"] == [-1]
    assert signs["NMOS"] == [1]


def test_a_state_that_steers_no_edge_is_named(flat: Flat) -> None:
    circuit = flat(
        "net a, b\n input x = V(a)\n R r(a, b) = 1k\n R q(b, gnd) = 1k\n V v(b, gnd) = learn(1V, 0V..2V)\n output y = V(b)"
    )
    with pytest.raises(TaskError, match=r"state 'v\.dc' steers no edge"):
        edge_groups(circuit)


def test_an_edge_between_the_two_halves_of_a_twin_is_refused(flat: Flat) -> None:
    circuit = flat(
        "net a: twin\n R r(a.free, a.clamped) = learn(1k, 100..10k)\n input x = V(a)\n output y = V(a)",
        "bundle twin { free, clamped }",
    )
    with pytest.raises(TaskError, match="joins the free and the clamped half"):
        edge_groups(circuit)


def test_in_a_twin_both_drops_are_read_in_the_clamped_phase(flat: Flat) -> None:
    circuit = flat(
        "net a: twin, b: twin\n state r = learn(1k, 100..10k)\n R rf(a.free, b.free) = r\n R rc(a.clamped, b.clamped) = r\n"
        " R lf(b.free, gnd) = 1k\n R lc(b.clamped, gnd) = 1k\n input x = V(a)\n output y = V(b)",
        "bundle twin { free, clamped }",
    )
    params = initial(circuit)
    base = boundary(circuit, np.array([[1.0]]))
    free = operating_points(circuit, params, base)
    clamped = operating_points(
        circuit, params, hold(base, np.array([circuit.outputs[0].clamped[0]]), np.array([[0.2]]))
    )
    groups = edge_groups(circuit)
    free_half = Seen(circuit, groups, params, free.x * np.nan, clamped.x, FREE)
    clamped_half = Seen(circuit, groups, params, clamped.x, clamped.x, CLAMPED)
    total_free = free_half.to_states(free_half.squares)[0, 0, 0]
    total_clamped = clamped_half.to_states(clamped_half.squares)[0, 0, 0]
    assert total_free == pytest.approx(0.5**2)
    assert total_clamped == pytest.approx(0.8**2)
