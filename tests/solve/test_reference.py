"""The reference solver: right answers known by hand, and honesty where there is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.circuit.flat import FlatCircuit, boundary, hold, initial
from netlearn.devices.primitives import THERMAL_VOLTAGE
from netlearn.solve import reference
from netlearn.solve.solution import Solution, currents, read

Flat = Callable[..., FlatCircuit]


def solved(circuit: FlatCircuit, samples: object, start: Solution | None = None) -> Solution:
    return reference.operating_points(circuit, initial(circuit), boundary(circuit, np.array(samples)), start)


def test_a_linear_circuit_takes_two_steps_and_is_exact(flat: Flat) -> None:
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, b) = 1k\nR r2(b, gnd) = 3k\noutput y = V(b)")
    found = solved(circuit, [[0.1], [0.2], [-0.4]])
    np.testing.assert_allclose(read(circuit, initial(circuit), found.x)[0, :, 0], [0.075, 0.15, -0.3], rtol=1e-15)
    assert (found.steps == 2).all()
    assert (found.residual < 1e-18).all()


def test_kilovolts_are_within_reach(flat: Flat) -> None:
    circuit = flat(
        "net a, b, c\ninput x = V(a)\nR r1(a, b) = 1k\nR r2(b, gnd) = 3k\nVCVS e1(c, gnd, b, gnd) = 1000\nR r3(c, gnd) = 1k"
    )
    assert solved(circuit, [[4e3]]).x[0, 0, circuit.node_index["c"]] == pytest.approx(3e6)


def test_a_law_with_a_kink_is_no_trap(flat: Flat) -> None:
    kink = "element Own(p, n; g = 1mS) { current i = where(v > 0.1V, 100 * g * (v - 0.1V) + g * v / 100, g * v / 100) }"
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, b) = 1k\nOwn o1(b, gnd)\noutput y = V(b)", kink)
    samples = np.linspace(-1, 1, 41)[:, None]
    found = solved(circuit, samples)
    assert found.settled.all()
    x = samples[:, 0]
    expected = np.where(x > 0.101, (x + 10.0) / 101.01, x / 1.01)
    np.testing.assert_allclose(found.x[0, :, circuit.node_index["b"]], expected, atol=1e-12)


def test_a_diode_and_a_resistor_obey_both_laws(flat: Flat) -> None:
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, b) = 1k\nD d1(b, gnd)")
    drive = np.array([[-20.0], [0.2], [1.0], [5.0], [100.0]])
    found = solved(circuit, drive)
    v = found.x[0, :, circuit.node_index["b"]]
    assert found.settled.all()
    forward = 1e-14 * np.expm1(v[1:] / THERMAL_VOLTAGE) + 1e-12 * v[1:]
    np.testing.assert_allclose(forward, (drive[1:, 0] - v[1:]) / 1e3, rtol=1e-9, atol=1e-15)


def test_currents_of_an_element_sum_to_zero_and_are_read_as_outputs(flat: Flat) -> None:
    circuit = flat(
        "net a, b\ninput x = V(a)\nR r1(a, b) = 1k\nNMOS m1(d = b, g = a, s = gnd, b = gnd)\noutput i = I(r1)"
    )
    params, found = initial(circuit), solved(circuit, [[1.0], [2.0]])
    through = np.stack(currents(circuit, params, found.x, "NMOS"))
    np.testing.assert_allclose(through.sum(axis=0), 0.0, atol=1e-18)
    np.testing.assert_allclose(read(circuit, params, found.x)[..., 0], through[0, ..., 0], atol=1e-12)


def test_a_good_start_saves_steps_and_changes_nothing(flat: Flat) -> None:
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, b) = 1k\nD d1(b, gnd)")
    cold = solved(circuit, [[2.0], [3.0]])
    warm = solved(circuit, [[2.0], [3.0]], cold)
    assert (warm.steps < cold.steps).all()
    np.testing.assert_allclose(warm.x, cold.x, atol=1e-12)


def test_a_circuit_without_an_answer_does_not_settle_and_spares_the_others(flat: Flat) -> None:
    element = "element Own(p, n; g = 1mS, u = 1V) { current i = g * u * (1 + (v / u)^2) }"
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, b) = 1k\nOwn o1(b, gnd)", element)
    found = solved(circuit, [[0.5], [1.0], [3.0]])
    np.testing.assert_array_equal(found.settled, [[False, True, True]])
    np.testing.assert_array_equal(np.isnan(found.x).all(axis=-1), ~found.settled)
    b = found.x[0, 1:, circuit.node_index["b"]]
    np.testing.assert_allclose(1 + b**2, [1.0, 3.0] - b, atol=1e-9)
    assert (found.residual[~found.settled] > 1e-9).all()


@pytest.mark.parametrize("resistance", ["1", "1.1k", "330M", "3.3"])
def test_a_singular_matrix_is_seen_whatever_the_rounding(resistance: str, flat: Flat) -> None:
    circuit = flat(
        f"net a, b, c, d\ninput x = V(a)\nR r1(a, gnd) = 1k\nR r2(b, c) = {resistance}\nR r3(c, d) = 0.7k\nR r4(d, b) = 3.7k"
    )
    assert not reference.operating_points(circuit, initial(circuit), boundary(circuit, [[1.0]])).settled.any()


def test_a_node_that_only_gmin_holds_still_has_a_voltage(flat: Flat) -> None:
    circuit = flat("net a, b, c\ninput x = V(a)\nR r1(a, gnd) = 1k\nD d1(b, a)\nR r2(b, c) = 1")
    found = solved(circuit, [[1.0]])
    assert found.settled.all()
    np.testing.assert_allclose(found.x[0, 0, 1:], 1.0, atol=1e-3)


def test_samples_are_solved_in_parts_where_memory_is_short(flat: Flat, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, b) = 1k\nD d1(b, gnd)")
    samples = np.linspace(-1, 2, 17)[:, None]
    whole = solved(circuit, samples)
    monkeypatch.setattr(reference, "CHUNK", 1)
    np.testing.assert_array_equal(solved(circuit, samples).x, whole.x)


def test_large_matrices_are_solved_as_small_ones_are(flat: Flat, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = flat(
        "net a, b, c, d\ninput x = V(a)\nR r1(a, b) = 1k\nD d1(b, c)\nD d2(c, gnd)\nVCVS e(d, gnd, b, gnd) = 0.5\nR r2(d, c) = 1k"
    )
    full = solved(circuit, [[-1.0], [0.5], [3.0]])
    monkeypatch.setattr(reference, "SMALL", 0)
    sparse = solved(circuit, [[-1.0], [0.5], [3.0]])
    assert full.settled.all()
    np.testing.assert_array_equal(full.steps, sparse.steps)
    np.testing.assert_allclose(full.x, sparse.x, rtol=0, atol=1e-12)
    lost = flat("net a, b, c\ninput x = V(a)\nR r1(a, gnd) = 1k\nR r2(b, c) = 1k")
    assert not reference.operating_points(lost, initial(lost), boundary(lost, [[1.0]])).settled.any()


def test_a_held_node_is_where_it_is_held_and_a_free_one_is_not(flat: Flat) -> None:
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, b) = 1k\nR r2(b, gnd) = 1k")
    held = hold(boundary(circuit, [[1.0], [1.0]]), np.array([circuit.node_index["b"]]), np.array([[0.2], [np.nan]]))
    found = reference.operating_points(circuit, initial(circuit), held)
    np.testing.assert_allclose(found.x[0, :, circuit.node_index["b"]], [0.2, 0.5])
