"""Transients on ngspice against formulas: charging, waveforms, memory that lets go, gates with charge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.backends import Backend, Transient
from netlearn.circuit.flat import FlatCircuit, boundary, initial
from netlearn.errors import BackendError, CircuitError

Flat = Callable[..., FlatCircuit]
Opened = Callable[[str, FlatCircuit], Backend]


def run(circuit: FlatCircuit, backend: Opened, stop: float, step: float, x: tuple[float, ...] = ()) -> Transient:
    waves = backend("ngspice", circuit).transient(initial(circuit), boundary(circuit, [list(x)]), stop, step)
    assert waves.time[0] == 0.0
    assert waves.time[-1] == pytest.approx(stop)
    assert np.diff(waves.time).max() <= 1.01 * step
    return waves


def volts(circuit: FlatCircuit, waves: Transient, net: str) -> np.ndarray:
    return waves.x[:, circuit.node_index[net]]


def test_a_step_charges_a_capacitor_as_it_should(flat: Flat, backend: Opened) -> None:
    circuit = flat(
        "net a, b\nV v1(a, gnd) = pulse(0V, 1V, delay = 0s, width = 1s, period = 2s)\nR r1(a, b) = 1k\nC c1(b, gnd) = 1uF"
    )
    waves = run(circuit, backend, 5e-3, 1e-5)
    np.testing.assert_allclose(volts(circuit, waves, "b"), 1 - np.exp(-waves.time / 1e-3), atol=1e-4)


WAVES = {
    "a pulse": "pulse(0.2V, 1V, delay = 1ms, width = 1ms, period = 3ms)",
    "a sine": "sine(0.5V, 1V, 1kHz)",
    "straight lines": "pwl(1ms, 0.2V, 2ms, 1V, 3ms, -0.5V)",
}


@pytest.mark.parametrize("text", WAVES.values(), ids=WAVES.keys())
def test_a_source_follows_its_waveform(text: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(f"net a, b\nV v1(a, gnd) = {text}\nR r1(a, gnd) = 1k\nI i1(gnd, b) = 1mA\nR r2(b, gnd) = 1k")
    waves = run(circuit, backend, 7e-3, 1e-5)
    wave = circuit.banks["V"].waves[0]
    expected = np.array([wave.value(float(t)) for t in waves.time])
    np.testing.assert_allclose(volts(circuit, waves, "a"), expected, atol=1e-6)
    np.testing.assert_allclose(volts(circuit, waves, "b"), 1.0, atol=1e-9)


def test_a_current_may_be_a_waveform_too(flat: Flat, backend: Opened) -> None:
    circuit = flat("net a\nI i1(gnd, a) = sine(0A, 1mA, 1kHz)\nR r1(a, gnd) = 1k")
    waves = run(circuit, backend, 2e-3, 1e-5)
    np.testing.assert_allclose(volts(circuit, waves, "a"), np.sin(2e3 * np.pi * waves.time), atol=1e-6)


@pytest.mark.parametrize(("ends", "sign"), [("m, gnd", 1.0), ("gnd, m", -1.0)])
def test_a_memory_capacitor_lets_go_of_the_voltage_it_kept(ends: str, sign: float, flat: Flat, backend: Opened) -> None:
    circuit = flat(f"net m, d\nC c1({ends}) = 1uF, ic = 2V\nR r1(m, gnd) = 1k\nR r2(m, d) = 1M\nR r3(d, gnd) = 1M")
    waves = run(circuit, backend, 3e-3, 1e-5)
    rate = 1e3 + 0.5
    expected = sign * 2 * np.exp(-waves.time * rate)
    np.testing.assert_allclose(volts(circuit, waves, "m"), expected, atol=1e-4)
    np.testing.assert_allclose(volts(circuit, waves, "d"), expected / 2, atol=1e-4)
    current = waves.x[1:, int(circuit.banks["Cm"].branches[0, 0])]
    np.testing.assert_allclose(current, -sign * expected[1:] * rate * 1e-6, rtol=1e-3)


def test_a_memory_between_two_nodes_leaves_the_others_at_a_consistent_point(flat: Flat, backend: Opened) -> None:
    circuit = flat(
        "net a, b, d\nC c1(a, b) = 1uF, ic = 2V\nR r1(a, b) = 1k\nR r2(b, gnd) = 1k\nR r3(b, d) = 1k\nV v1(d, gnd) = 1V"
    )
    waves = run(circuit, backend, 2e-3, 1e-5)
    still = backend("reference", circuit).operating_points(initial(circuit), boundary(circuit, [[]]))
    np.testing.assert_allclose(waves.x[0, : len(circuit.nodes)], still.x[0, 0, : len(circuit.nodes)], atol=1e-9)
    drop = volts(circuit, waves, "a") - volts(circuit, waves, "b")
    np.testing.assert_allclose(drop, 2 * np.exp(-waves.time / 1e-3), atol=1e-4)


def test_a_gate_keeps_a_transistor_on_until_it_has_leaked_away(flat: Flat, backend: Opened) -> None:
    circuit = flat(
        "net vdd, d, g\nV v1(vdd, gnd) = 5V\nR rd(vdd, d) = 10k\nC cg(g, gnd) = 1uF, ic = 3V\nR leak(g, gnd) = 1k\n"
        "NMOS m1(d = d, g = g, s = gnd, b = gnd) { vto = 0.7V, kp = 1mA/V^2, w = 10um, l = 10um, cgso = 1e-10, cgdo = 1e-10 }"
    )
    waves = run(circuit, backend, 5e-3, 1e-5)
    gate, drain = volts(circuit, waves, "g"), volts(circuit, waves, "d")
    np.testing.assert_allclose(gate, 3 * np.exp(-waves.time / 1e-3), atol=1e-3)
    assert drain[0] < 0.3
    assert drain[-1] == pytest.approx(5.0, abs=1e-3)
    off = waves.time[np.argmax(gate < 0.7)]
    assert off == pytest.approx(1e-3 * np.log(3 / 0.7), rel=0.02)
    assert (drain[waves.time > 1.05 * off] > 4.99).all()


def test_an_inductor_takes_its_time(flat: Flat, backend: Opened) -> None:
    circuit = flat(
        "net a, b\nV v1(a, gnd) = pulse(0V, 1V, delay = 0s, width = 1s, period = 2s)\nR r1(a, b) = 1k\nL l1(b, gnd) = 1H"
    )
    waves = run(circuit, backend, 5e-3, 1e-5)
    current = waves.x[:, int(circuit.banks["L"].branches[0, 0])]
    np.testing.assert_allclose(current, 1e-3 * (1 - np.exp(-waves.time / 1e-3)), atol=1e-7)


def test_the_charge_of_an_element_of_the_netlist_takes_its_time(flat: Flat, backend: Opened) -> None:
    element = "element Own(p, n; c = 1uF, g = 1mS) { current i(p, n) = g * V(p, n)\n charge q(p, n) = c * V(p, n) }"
    circuit = flat(
        "net a, b\nV v1(a, gnd) = pulse(0V, 1V, delay = 0s, width = 1s, period = 2s)\nR r1(a, b) = 1k\nOwn o1(b, gnd)",
        element,
    )
    waves = run(circuit, backend, 3e-3, 1e-5)
    np.testing.assert_allclose(volts(circuit, waves, "b"), 0.5 * (1 - np.exp(-waves.time / 0.5e-3)), atol=1e-4)


def test_inputs_are_held_and_fed_throughout(flat: Flat, backend: Opened) -> None:
    circuit = flat("net a, b\ninput x = V(a)\ninput i = I(b)\nR r1(a, b) = 1k\nC c1(b, gnd) = 1nF\nR r2(b, gnd) = 1k")
    waves = run(circuit, backend, 1e-5, 1e-6, (0.5, 1e-3))
    np.testing.assert_allclose(volts(circuit, waves, "b"), 0.75, atol=1e-6)


def test_what_cannot_be_run_is_told(flat: Flat, backend: Opened) -> None:
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, gnd) = 1k\nC c1(a, b) = 1nF\nC c2(b, gnd) = 1nF")
    solver = backend("ngspice", circuit)
    with pytest.raises(CircuitError, match="node b floats"):
        solver.transient(initial(circuit), boundary(circuit, [[0.5]]), 1e-3, 1e-5)
    for stop, step in ((0.0, 0.0), (1e-3, 1.0), (np.nan, 1e-5), (1e-3, -1e-5)):
        with pytest.raises(BackendError, match="step"):
            solver.transient(initial(circuit), boundary(circuit, [[0.5]]), stop, step)
    with pytest.raises(BackendError, match="--backend ngspice"):
        backend("reference", circuit).transient(initial(circuit), boundary(circuit, [[0.5]]), 1e-3, 1e-5)
