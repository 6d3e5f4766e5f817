"""The memristor of std/memristor.nl: its resistance, its stops, what it keeps and what it forgets, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netlearn.backends import Backend
from netlearn.circuit.flat import FREE, FlatCircuit, boundary, flatten, initial, with_states
from netlearn.devices import Device, kernel
from netlearn.lang.compile import compile_file
from netlearn.learn.edges import Seen, edge_groups, polarities
from netlearn.learn.task import make_task

Flat = Callable[..., FlatCircuit]
Opened = Callable[[str, FlatCircuit], Backend]
BOTH = pytest.mark.parametrize("engine", ["native", "ngspice"])
FINER = {"native": 1, "ngspice": 10}  # shorter steps, so that ngspice's own error is small
STD = 'import "std/memristor.nl"'
NETLISTS = Path(__file__).resolve().parents[2] / "netlists"
RON, ROFF, BETA = 1e3, 16e3, 10e-3
EDGE = 1e-4


def laws(flat: Flat) -> dict[str, Device]:
    circuit = flat("net a\nMemristor m(a, gnd)\nR r(a, gnd) = 1k", STD)
    return {name: circuit.banks[name].device for name in ("Memristance", "Drift")}


def resistance(device: Device, w: np.ndarray, ron: float, roff: float) -> np.ndarray:
    zero = np.zeros_like(w)
    return np.asarray(1.0 / kernel(device).evaluate([zero + 1.0, zero, w, zero], [zero + ron, zero + roff])[0])


def rate(device: Device, w: np.ndarray, volts: float, alpha: float = 0.0) -> np.ndarray:
    """dw/dt in 1/s: the current into 1 uF."""
    zero = np.zeros_like(w)
    found = kernel(device).evaluate([w, zero, zero + volts, zero], [zero + v for v in (RON, ROFF, alpha, BETA, EDGE)])
    return np.asarray(-found[0] / 1e-6)


@pytest.mark.parametrize(("ron", "roff"), [(RON, ROFF), (ROFF, RON)])
def test_the_resistance_is_linear_in_w_and_positive_beyond_its_bounds(flat: Flat, ron: float, roff: float) -> None:
    device = laws(flat)["Memristance"]
    inside, beyond = np.linspace(0, 1, 101), np.linspace(-3, 4, 701)
    np.testing.assert_allclose(resistance(device, inside, ron, roff), ron * (1 - inside) + roff * inside, rtol=1e-14)
    found = resistance(device, beyond, ron, roff)
    assert (found > 0).all()
    assert (np.diff(found) * (roff - ron) > 0).all()


def test_the_conductance_has_the_same_slope_on_both_sides_of_a_bound(flat: Flat) -> None:
    device, h = laws(flat)["Memristance"], 1e-7
    at = np.array([0.0, 1.0])
    slopes = [
        (1 / resistance(device, at + s * h, RON, ROFF) - 1 / resistance(device, at, RON, ROFF)) / s for s in (1, -1)
    ]
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-4)
    x, p = [np.ones(2), np.zeros(2), at, np.zeros(2)], [np.full(2, RON), np.full(2, ROFF)]
    law = kernel(device)
    exact = dict(zip(law.entries, law.evaluate(x, p)[4:], strict=True))[0, 2]
    np.testing.assert_allclose(exact, -(ROFF - RON) / np.array([RON, ROFF]) ** 2, rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 3.0])
@pytest.mark.parametrize("volts", [-50.0, -0.1, 0.0, 0.1, 50.0])
def test_the_stops_leave_the_equation_as_it_is_inside(flat: Flat, volts: float, alpha: float) -> None:
    w = np.linspace(EDGE, 1 - EDGE, 501)
    wanted = alpha * w - RON * volts / (RON * (1 - w) + ROFF * w) / BETA
    np.testing.assert_allclose(rate(laws(flat)["Drift"], w, volts, alpha), wanted, rtol=1e-9, atol=1e-12)


def test_a_stop_holds_only_what_leads_outside_and_turns_it_round_beyond(flat: Flat) -> None:
    drift = laws(flat)["Drift"]
    w = np.array([-EDGE / 2, 0.0, 1.0, 1 + EDGE / 2])
    down, up = rate(drift, w, 1.0), rate(drift, w, -1.0)
    np.testing.assert_allclose([down[1], up[2]], 0.0, atol=1e-9)
    assert down[0] > 0 > up[3]
    np.testing.assert_allclose(down[2:], -1 / (BETA * ROFF / RON), rtol=1e-12)
    np.testing.assert_allclose(up[:2], 1 / BETA, rtol=1e-12)


def over_time(
    circuit: FlatCircuit, backend: Opened, engine: str, stop: float, step: float
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Times (K,) that engines share, and the nets' voltages (K,) by name."""
    solver, finer = backend(engine, circuit), FINER[engine]
    waves = solver.transient(initial(circuit), boundary(circuit, [[]]), stop, step / finer)
    kept = np.flatnonzero(np.abs(waves.time / step - np.round(waves.time / step)) < 1e-6)
    return waves.time[kept], {name: waves.x[0, 0, kept, k] for name, k in circuit.node_index.items()}


DRIVES = [0.5, 5.0, 50.0, 500.0]


@pytest.mark.parametrize("top", DRIVES)
@BOTH
def test_w_overshoots_its_bounds_by_less_than_a_ten_thousandth(
    engine: str, top: float, flat: Flat, backend: Opened
) -> None:
    circuit = flat(
        f"net a, b\nV v1(a, gnd) = sine(0V, {top!r}V, 10Hz)\nR r1(a, b) = 100\n"
        "Memristor m1(b, gnd) { w0 = 0.3, ron = 1k, roff = 2k }",
        STD,
    )
    _, volts = over_time(circuit, backend, engine, 0.3, 1e-3)
    w = volts["m1.w"]
    assert w[0] == pytest.approx(0.3, abs=1e-12)
    assert w.min() > -EDGE
    assert w.max() < 1 + EDGE
    assert (np.ptp(w) > 0.999) == (top > 1)


PULSES = (
    "pwl(1ms, 0V, 1.01ms, 5V, 11ms, 5V, 11.01ms, 0V, "  # 50 mV s, to write
    "20ms, 0V, 20.01ms, 1mV, 30ms, 1mV, 30.01ms, 0V)"  # 10 uV s, to read
)


@BOTH
def test_a_write_pulse_moves_w_and_a_read_pulse_hardly(engine: str, flat: Flat, backend: Opened) -> None:
    """At a held voltage w obeys  w + xi w^2 / 2 = start - volts t / beta  (R dw = -ron volts dt / beta)."""
    circuit = flat(
        f"net a\nV v1(a, gnd) = {PULSES}\nMemristor m1(a, gnd) {{ w0 = 0.8, ron = 1k, roff = 16k }}",
        STD,
    )
    time, volts = over_time(circuit, backend, engine, 40e-3, 1e-4)
    w, xi = volts["m1.w"], (ROFF - RON) / RON

    def written(start: float, dose: float) -> float:
        left = start + xi * start**2 / 2 - dose / BETA
        return float((np.sqrt(1 + 2 * xi * left) - 1) / xi)

    after, read = written(0.8, 50e-3), written(0.8, 50.01e-3)
    np.testing.assert_allclose(w[time < 0.9e-3], 0.8, atol=1e-9)
    np.testing.assert_allclose(w[(time > 12e-3) & (time < 19e-3)], after, rtol=0, atol=1e-4 * (0.8 - after))
    np.testing.assert_allclose(w[time > 31e-3], read, rtol=0, atol=1e-4 * (0.8 - after))
    assert np.ptp(w[(time > 12e-3) & (time < 19e-3)]) < 1e-8
    assert 0 < after - read < 1e-3


@pytest.mark.parametrize("alpha", [2.0, -5.0])
@BOTH
def test_a_volatile_one_forgets_with_a_time_constant_of_its_own(
    engine: str, alpha: float, flat: Flat, backend: Opened
) -> None:
    circuit = flat(
        f"net a\nR r1(a, gnd) = 1k\nMemristor m1(a, gnd) {{ w0 = 0.1, alpha = {alpha!r}Hz }}\n"
        "Memristor m2(a, gnd) { w0 = 0.1 }",
        STD,
    )
    time, volts = over_time(circuit, backend, engine, 1.0, 1e-2)
    exact = 0.1 * np.exp(alpha * time)
    np.testing.assert_allclose(volts["m1.w"], exact, rtol=0, atol=1e-4 * np.ptp(exact))
    np.testing.assert_allclose(volts["m2.w"], 0.1, atol=1e-9)


@pytest.mark.parametrize("name", ["memristor_nonvolatile", "memristor_volatile"])
def test_both_engines_write_the_gallery_alike(name: str, backend: Opened) -> None:
    netlist = compile_file(NETLISTS / f"{name}.nl")
    circuit = flatten(netlist.circuit)
    held = boundary(circuit, make_task(netlist.task, 0).inputs[:1])
    found = {}
    for engine in ("native", "ngspice"):
        waves = backend(engine, circuit).transient(initial(circuit), held, 0.6, 2e-5)
        at = np.flatnonzero(np.abs(waves.time / 1e-3 - np.round(waves.time / 1e-3)) < 1e-6)
        found[engine] = waves.x[0, 0, at, 1 : len(circuit.nodes)]
    swing = np.ptp(found["ngspice"], axis=0)
    assert swing.max() > 1
    assert (np.abs(found["native"] - found["ngspice"]).max(axis=0) <= 1e-4 * swing + 1e-9).all()


READ = """
net a, b
input x = V(a)
state k = learn(0.25, 0..1)
Memristor m1(a, b) { w0 = learn(0.5, 0..1), ron = 1k, roff = 16k }
Memristor m2(a, b) { w0 = k, ron = 1k, roff = 16k }
Memristor m3(b, gnd) { w0 = 0.125, ron = 1k, roff = 16k }
output y = V(b)
"""


@pytest.mark.parametrize("engine", ["native", "ngspice", "reference"])
def test_a_read_phase_holds_every_w_at_its_state(engine: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(READ, STD)
    states = np.array([0.0, 1.0])
    params = with_states(circuit, initial(circuit), states[None])
    found = backend(engine, circuit).operating_points(params, boundary(circuit, [[0.1], [2.0]]))
    w = dict(zip((s.name for s in circuit.states), states, strict=True)) | {"m3": 0.125}
    g = {name: 1 / (RON + (ROFF - RON) * v) for name, v in w.items()}
    wanted = (g["k"] + g["m1.memory.ic"]) / sum(g.values())
    np.testing.assert_allclose(found.x[0, :, circuit.node_index["b"]], [0.1 * wanted, 2.0 * wanted], rtol=1e-9)


def test_w_learns_as_the_voltage_of_a_gate_does(flat: Flat, backend: Opened) -> None:
    """The content of a memristor is d^2 / 2 R(w): its slope in w is -d^2 (roff - ron) / 2 R^2."""
    circuit = flat(READ, STD)
    params, groups = initial(circuit), edge_groups(circuit)
    assert [(g.device, g.terminal) for g in groups] == [("Memristance", True)]
    assert all((p == -1).all() for p in polarities(circuit, groups, params))
    solver = backend("native", circuit)
    free, clamped = (solver.operating_points(params, boundary(circuit, [[x]])).x for x in (0.1, 0.3))
    before, after = (Seen(circuit, groups, params, x, x, FREE) for x in (free, clamped))
    found = (after.to_states(after.contents) - before.to_states(before.contents))[0, 0]
    drops = [float(x[0, 0, circuit.node_index["a"]] - x[0, 0, circuit.node_index["b"]]) for x in (free, clamped)]
    r = RON + (ROFF - RON) * params.states[0]
    np.testing.assert_allclose(found, -(drops[1] ** 2 - drops[0] ** 2) * (ROFF - RON) / (2 * r**2), rtol=1e-10)
