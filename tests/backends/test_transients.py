"""Transients against formulas and of one backend against the other: charging, waveforms, memory that lets go, gates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.backends import Backend
from netlearn.backends.native import Native, transients
from netlearn.backends.ngspice import backend as ngspice
from netlearn.circuit.flat import Boundary, FlatCircuit, Params, boundary, hold, initial, with_states
from netlearn.errors import BackendError, CircuitError, SimulatorRefused

Flat = Callable[..., FlatCircuit]
Opened = Callable[[str, FlatCircuit], Backend]


BOTH = pytest.mark.parametrize("engine", ["native", "ngspice"])
EXACT = {"native": 1e-12, "ngspice": 2e-5}  # V: what is known at every time; ngspice's is read between its own times


def run(
    circuit: FlatCircuit, solver: Backend, stop: float, step: float, x: tuple[float, ...] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Times (K,) and x (K, size) of the one lane there is."""
    waves = solver.transient(initial(circuit), boundary(circuit, [list(x)]), stop, step)
    assert waves.time[0] == 0.0
    assert waves.time[-1] == stop
    assert 0 < np.diff(waves.time).min() <= np.diff(waves.time).max() <= 1.000001 * step
    assert waves.x.shape == (1, 1, len(waves.time), circuit.size)
    return waves.time, waves.x[0, 0]


@BOTH
def test_a_step_charges_a_capacitor_as_it_should(engine: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(
        "net a, b\nV v1(a, gnd) = pulse(0V, 1V, delay = 0s, width = 1s, period = 2s)\nR r1(a, b) = 1k\nC c1(b, gnd) = 1uF"
    )
    time, x = run(circuit, backend(engine, circuit), 5e-3, 1e-5)
    np.testing.assert_allclose(x[:, circuit.node_index["b"]], 1 - np.exp(-time / 1e-3), atol=1e-4)


WAVES = {
    "a pulse": "pulse(0.2V, 1V, delay = 1ms, width = 1ms, period = 3ms)",
    "a sine": "sine(0.5V, 1V, 1kHz)",
    "straight lines": "pwl(1ms, 0.2V, 2ms, 1V, 3ms, -0.5V)",
}


@pytest.mark.parametrize("text", WAVES.values(), ids=WAVES.keys())
@BOTH
def test_a_source_follows_its_waveform(engine: str, text: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(f"net a, b\nV v1(a, gnd) = {text}\nR r1(a, gnd) = 1k\nI i1(gnd, b) = 1mA\nR r2(b, gnd) = 1k")
    time, x = run(circuit, backend(engine, circuit), 7e-3, 1e-5)
    wave = circuit.banks["V"].waves[0]
    expected = np.array([wave.value(float(t)) for t in time])
    np.testing.assert_allclose(x[:, circuit.node_index["a"]], expected, atol=EXACT[engine])
    np.testing.assert_allclose(x[:, circuit.node_index["b"]], 1.0, atol=1e-9)


@BOTH
def test_a_current_may_be_a_waveform_too(engine: str, flat: Flat, backend: Opened) -> None:
    circuit = flat("net a\nI i1(gnd, a) = sine(0A, 1mA, 1kHz)\nR r1(a, gnd) = 1k")
    time, x = run(circuit, backend(engine, circuit), 2e-3, 1e-5)
    np.testing.assert_allclose(x[:, circuit.node_index["a"]], np.sin(2e3 * np.pi * time), atol=EXACT[engine])


@BOTH
def test_many_sources_each_follow_their_own_wave(engine: str, flat: Flat, backend: Opened) -> None:
    waves = {
        "grounded": ["sine(0V, 1V, 1kHz)", "pwl(0s, 0V, 1ms, 2V)", "sine(1V, 0.5V, 3kHz)"],
        "between": ["sine(0V, 0.3V, 2kHz)", "pwl(0s, 1V, 2ms, -1V)"],
    }
    circuit = flat(
        "net a[3], b[2], c[2]\n"
        + "\n".join(f"V v{k}(a[{k}], gnd) = {wave}" for k, wave in enumerate(waves["grounded"]))
        + "\n".join(["", *(f"V u{k}(b[{k}], c[{k}]) = {wave}" for k, wave in enumerate(waves["between"]))])
        + "".join(f"\nR p{k}(a[{k}], b[{k}]) = 1k\nR q{k}(c[{k}], gnd) = 3k" for k in range(2))
    )
    time, x = run(circuit, backend(engine, circuit), 2e-3, 1e-5)
    bank = circuit.banks["V"]
    source = {bank.names[k]: np.array([wave.value(float(t)) for t in time]) for k, wave in bank.waves.items()}
    for k in range(3):
        np.testing.assert_allclose(x[:, circuit.node_index[f"a[{k}]"]], source[f"v{k}"], atol=20 * EXACT[engine])
    for k in range(2):
        expected = 0.75 * (source[f"v{k}"] - source[f"u{k}"])
        np.testing.assert_allclose(x[:, circuit.node_index[f"c[{k}]"]], expected, atol=20 * EXACT[engine])


@pytest.mark.parametrize(("ends", "sign"), [("m, gnd", 1.0), ("gnd, m", -1.0)])
@BOTH
def test_a_memory_capacitor_lets_go_of_the_voltage_it_kept(
    engine: str, ends: str, sign: float, flat: Flat, backend: Opened
) -> None:
    circuit = flat(f"net m, d\nC c1({ends}) = 1uF, ic = 2V\nR r1(m, gnd) = 1k\nR r2(m, d) = 1M\nR r3(d, gnd) = 1M")
    time, x = run(circuit, backend(engine, circuit), 3e-3, 1e-5)
    rate = 1e3 + 0.5
    expected = sign * 2 * np.exp(-time * rate)
    np.testing.assert_allclose(x[:, circuit.node_index["m"]], expected, atol=1e-4)
    np.testing.assert_allclose(x[:, circuit.node_index["d"]], expected / 2, atol=1e-4)
    current = x[1:, int(circuit.banks["Cm"].branches[0, 0])]
    np.testing.assert_allclose(current, -sign * expected[1:] * rate * 1e-6, rtol=1e-3)


@BOTH
def test_a_memory_between_two_nodes_leaves_the_others_at_a_consistent_point(
    engine: str, flat: Flat, backend: Opened
) -> None:
    circuit = flat(
        "net a, b, d\nC c1(a, b) = 1uF, ic = 2V\nR r1(a, b) = 1k\nR r2(b, gnd) = 1k\nR r3(b, d) = 1k\nV v1(d, gnd) = 1V"
    )
    time, x = run(circuit, backend(engine, circuit), 2e-3, 1e-5)
    still = backend("reference", circuit).operating_points(initial(circuit), boundary(circuit, [[]]))
    np.testing.assert_allclose(x[0, : len(circuit.nodes)], still.x[0, 0, : len(circuit.nodes)], atol=1e-9)
    drop = x[:, circuit.node_index["a"]] - x[:, circuit.node_index["b"]]
    np.testing.assert_allclose(drop, 2 * np.exp(-time / 1e-3), atol=1e-4)


@BOTH
def test_a_gate_keeps_a_transistor_on_until_it_has_leaked_away(engine: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(
        "net vdd, d, g\nV v1(vdd, gnd) = 5V\nR rd(vdd, d) = 10k\nC cg(g, gnd) = 1uF, ic = 3V\nR leak(g, gnd) = 1k\n"
        "NMOS m1(d = d, g = g, s = gnd, b = gnd) { vto = 0.7V, kp = 1mA/V^2, w = 10um, l = 10um, cgso = 1e-10, cgdo = 1e-10 }"
    )
    time, x = run(circuit, backend(engine, circuit), 5e-3, 1e-5)
    gate, drain = x[:, circuit.node_index["g"]], x[:, circuit.node_index["d"]]
    np.testing.assert_allclose(gate, 3 * np.exp(-time / 1e-3), atol=1e-3)
    assert drain[0] < 0.3
    assert drain[-1] == pytest.approx(5.0, abs=1e-3)
    off = time[np.argmax(gate < 0.7)]
    assert off == pytest.approx(1e-3 * np.log(3 / 0.7), rel=0.02)
    assert (drain[time > 1.05 * off] > 4.99).all()


@BOTH
def test_an_inductor_takes_its_time(engine: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(
        "net a, b\nV v1(a, gnd) = pulse(0V, 1V, delay = 0s, width = 1s, period = 2s)\nR r1(a, b) = 1k\nL l1(b, gnd) = 1H"
    )
    time, x = run(circuit, backend(engine, circuit), 5e-3, 1e-5)
    current = x[:, int(circuit.banks["L"].branches[0, 0])]
    np.testing.assert_allclose(current, 1e-3 * (1 - np.exp(-time / 1e-3)), atol=1e-7)


@BOTH
def test_the_charge_of_an_element_of_the_netlist_takes_its_time(engine: str, flat: Flat, backend: Opened) -> None:
    element = "element Own(p, n; c = 1uF, g = 1mS) { current i(p, n) = g * V(p, n)\n charge q(p, n) = c * V(p, n) }"
    circuit = flat(
        "net a, b\nV v1(a, gnd) = pulse(0V, 1V, delay = 0s, width = 1s, period = 2s)\nR r1(a, b) = 1k\nOwn o1(b, gnd)",
        element,
    )
    time, x = run(circuit, backend(engine, circuit), 3e-3, 1e-5)
    np.testing.assert_allclose(x[:, circuit.node_index["b"]], 0.5 * (1 - np.exp(-time / 0.5e-3)), atol=1e-4)


@BOTH
def test_inputs_are_held_and_fed_throughout(engine: str, flat: Flat, backend: Opened) -> None:
    circuit = flat("net a, b\ninput x = V(a)\ninput i = I(b)\nR r1(a, b) = 1k\nC c1(b, gnd) = 1nF\nR r2(b, gnd) = 1k")
    _, x = run(circuit, backend(engine, circuit), 1e-5, 1e-6, (0.5, 1e-3))
    np.testing.assert_allclose(x[:, circuit.node_index["b"]], 0.75, atol=1e-6)


@BOTH
def test_what_cannot_be_run_is_told(engine: str, flat: Flat, backend: Opened) -> None:
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, gnd) = 1k\nC c1(a, b) = 1nF\nC c2(b, gnd) = 1nF")
    solver = backend(engine, circuit)
    with pytest.raises(CircuitError, match="node b floats"):
        solver.transient(initial(circuit), boundary(circuit, [[0.5]]), 1e-3, 1e-5)
    for stop, step in ((0.0, 0.0), (1e-3, 1.0), (np.nan, 1e-5), (1e-3, -1e-5)):
        with pytest.raises(BackendError, match="step"):
            solver.transient(initial(circuit), boundary(circuit, [[0.5]]), stop, step)
    with pytest.raises(BackendError, match="--backend native"):
        backend("reference", circuit).transient(initial(circuit), boundary(circuit, [[0.5]]), 1e-3, 1e-5)


RAMP = "delay = 0.1ms, rise = 10us, fall = 10us, width = 1ms"
GATE = "vto = 0.7V, kp = 1mA/V^2, w = 10um, l = 10um, cgso = 1e-5, cgdo = 1e-5, cbd = 10pF"
OVERLAP = "w = 10um, l = 1um, cgdo = 1e-9, cgso = 1e-9, cbd = 10fF"
# A netlist, how long (s), in steps of (s), how many times finer ngspice has to go for its own error to be small.
CIRCUITS = {
    "an RC ladder and a pulse": (
        f"net a, b, c, d\nV v1(a, gnd) = pulse(0V, 1V, {RAMP})\nR r1(a, b) = 1k\nC c1(b, gnd) = 100nF\n"
        "R r2(b, c) = 1k\nC c2(c, gnd) = 100nF\nR r3(c, d) = 1k\nC c3(d, gnd) = 100nF",
        2e-3,
        1e-5,
        10,
    ),
    "a transistor with a capacitor at its gate": (
        f"net vdd, in, d, g\nV v1(vdd, gnd) = 5V\nV v2(in, gnd) = pulse(0V, 3V, {RAMP})\nR rd(vdd, d) = 10k\n"
        f"R rg(in, g) = 10k\nC cg(g, gnd) = 10nF\nNMOS m1(d = d, g = g, s = gnd, b = gnd) {{ {GATE} }}",
        2e-3,
        1e-5,
        10,
    ),
    "a rectifier with a charge in its junction": (
        "net a, b\nV v1(a, gnd) = sine(0V, 5V, 1kHz)\nC c1(b, gnd) = 1uF\nR r1(b, gnd) = 5k\n"
        "D d1(a, b) { is = 1e-12, tt = 1us, cjo = 1nF, vj = 0.7, rs = 1 }",
        2e-3,
        2e-6,
        10,
    ),
    "a comparator and a sine": (
        "net a, o, b\nV v1(a, gnd) = sine(0V, 1V, 1kHz)\nComparator k(p = a, n = gnd, out = o) { gain = 100 }\n"
        "R r1(o, b) = 10k\nC c1(b, gnd) = 10nF",
        2e-3,
        2e-6,
        10,
    ),
    "an inductor and a capacitor": (
        "net a\nL l1(a, gnd) = 1mH\nC c1(a, gnd) = 1uF\nI i1(gnd, a) = pulse(1mA, 0A)",
        4e-4,
        2e-7,
        10,
    ),
    "an inverter with a load": (
        "net vdd, in, o\nV v1(vdd, gnd) = 5V\nC cl(o, gnd) = 1pF\n"
        "V v2(in, gnd) = pulse(0V, 5V, delay = 1us, rise = 200ns, fall = 200ns, width = 2us)\n"
        f"NMOS mn(d = o, g = in, s = gnd, b = gnd) {{ vto = 1V, kp = 50uA/V^2, {OVERLAP} }}\n"
        f"PMOS mp(d = o, g = in, s = vdd, b = vdd) {{ vto = -1V, kp = 20uA/V^2, {OVERLAP} }}",
        5e-6,
        2e-8,
        100,
    ),
}


@pytest.mark.parametrize(("text", "stop", "step", "finer"), CIRCUITS.values(), ids=CIRCUITS.keys())
def test_both_say_the_same_to_a_ten_thousandth_of_the_swing(
    text: str, stop: float, step: float, finer: int, flat: Flat, backend: Opened
) -> None:
    circuit = flat(text)
    time, ours = run(circuit, backend("native", circuit), stop, step)
    theirs_at, theirs = run(circuit, backend("ngspice", circuit), stop, step / finer)
    at = np.searchsorted(theirs_at, time - 1e-6 * step)
    np.testing.assert_allclose(theirs_at[at], time, atol=1e-6 * step)
    volts = slice(1, len(circuit.nodes))
    swing = np.ptp(theirs[:, volts], axis=0)
    assert (swing[-1] > 0.01).all()
    assert (np.abs(ours[:, volts] - theirs[at, volts]).max(axis=0) <= 1e-4 * swing + 1e-9).all()


def test_halved_steps_make_a_quarter_of_the_error(flat: Flat, backend: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    course_of = transients.moving.course_of
    monkeypatch.setattr(transients.moving, "course_of", lambda *given: course_of(*given)._replace(local=1.0))
    circuit = flat("net a, b\nV v1(a, gnd) = sine(0V, 1V, 1kHz)\nR r1(a, b) = 1k\nC c1(b, gnd) = 1uF")
    solver, w, errors = backend("native", circuit), 2e3 * np.pi * 1e-3, []
    for step in (1e-5, 5e-6, 2.5e-6):
        time, x = run(circuit, solver, 4e-3, step)
        turns = 2e3 * np.pi * time
        exact = (np.sin(turns) - w * np.cos(turns) + w * np.exp(-time / 1e-3)) / (1 + w**2)
        errors.append(np.abs(x[:, circuit.node_index["b"]] - exact).max())
    assert errors[0] < 1e-3
    np.testing.assert_allclose([errors[0] / errors[1], errors[1] / errors[2]], 4.0, rtol=0.1)


def test_an_oscillation_keeps_its_energy(flat: Flat, backend: Opened) -> None:
    circuit = flat("net a\nL l1(a, gnd) = 1mH\nC c1(a, gnd) = 1uF\nI i1(gnd, a) = pulse(1mA, 0A)")
    _, x = run(circuit, backend("native", circuit), 1e-2, 2e-6)
    current = x[1:, int(circuit.banks["L"].branches[0, 0])]
    energy = 1e-6 * x[1:, circuit.node_index["a"]] ** 2 + 1e-3 * current**2
    np.testing.assert_allclose(energy, 1e-9, rtol=1e-6)
    assert np.ptp(current) == pytest.approx(2e-3, rel=1e-3)


def test_a_comparator_that_feeds_itself_jumps_again_and_again(flat: Flat, backend: Opened) -> None:
    circuit = flat(
        "net o, p, c\nComparator k(p = p, n = c, out = o) { low = -1V, high = 1V, gain = 1e5 }\n"
        "R r1(o, p) = 10k\nR r2(p, gnd) = 10k\nR r3(o, c) = 1k\nC c1(c, gnd) = 1uF, ic = 0.8V"
    )
    time, x = run(circuit, backend("native", circuit), 1e-2, 1e-5)
    volts = x[:, circuit.node_index["c"]]
    turned = time[1:-1][np.diff(np.sign(np.diff(volts))) != 0]
    assert len(turned) > 5
    np.testing.assert_allclose(np.diff(turned), 1e-3 * np.log(3), atol=3e-5)
    assert np.abs(volts[time > 2e-3]).max() == pytest.approx(0.5, abs=0.01)


LANES = (
    "net a, b, o, s\ninput x = V(a)\nR r1(a, b) = learn(1k)\nC c1(b, gnd) = 1uF, ic = 0.5V\nD d1(b, o)\nR r2(o, gnd) = 1k\n"
    "V v1(s, gnd) = sine(0V, 1V, 1kHz)\nC c2(s, o) = 100nF"
)


def several(circuit: FlatCircuit, draws: int, samples: int) -> tuple[Params, Boundary]:
    """Copies with resistors of their own, and samples from -1 V to 2 V."""
    one = initial(circuit)
    values = {d: {p: np.repeat(v, draws, axis=0) for p, v in of.items()} for d, of in one.values.items()}
    params = Params(np.repeat(one.states, draws, axis=0), values)
    states = np.geomspace(1e3, 5e3, draws)[:, None]
    return with_states(circuit, params, states), boundary(circuit, np.linspace(-1.0, 2.0, samples)[:, None])


@pytest.mark.parametrize(("engine", "draws", "samples", "apart"), [("native", 3, 7, 5e-5), ("ngspice", 2, 2, 1e-9)])
def test_every_lane_goes_as_it_goes_alone(
    engine: str, draws: int, samples: int, apart: float, flat: Flat, backend: Opened
) -> None:
    circuit = flat(LANES)
    params, given = several(circuit, draws, samples)
    solver = backend(engine, circuit)
    all_ = solver.transient(params, given, 1e-3, 1e-5)
    assert all_.x.shape == (draws, samples, len(all_.time), circuit.size)
    for draw, sample in ((0, 0), (1, samples - 1), (draws - 1, samples // 2)):
        values = {d: {p: v[draw : draw + 1] for p, v in of.items()} for d, of in params.values.items()}
        own = Boundary(given.held, given.voltages[[sample]], given.fed, given.currents[[sample]])
        alone = solver.transient(Params(params.states[draw : draw + 1], values), own, 1e-3, 1e-5)
        np.testing.assert_array_equal(alone.time, all_.time)
        volts = slice(0, len(circuit.nodes))
        np.testing.assert_allclose(all_.x[draw, sample, :, volts], alone.x[0, 0, :, volts], atol=apart)


def test_threads_do_not_change_the_answer(flat: Flat) -> None:
    circuit = flat(LANES)
    params, given = several(circuit, 3, 7)
    one, two = (Native(circuit, threads).transient(params, given, 1e-3, 1e-5) for threads in (1, 2))
    np.testing.assert_array_equal(one.x, two.x)


def test_nodes_may_be_held_in_some_samples_only(flat: Flat, backend: Opened) -> None:
    circuit = flat(
        "net a, b\nV v1(a, gnd) = pulse(0V, 1V, delay = 0s, width = 1s)\nR r1(a, b) = 1k\nC c1(b, gnd) = 1uF"
    )
    nodes = np.array([circuit.node_index["b"]])
    given = hold(boundary(circuit, np.zeros((2, 0))), nodes, np.array([[np.nan], [0.25]]))
    waves = backend("native", circuit).transient(initial(circuit), given, 2e-3, 1e-5)
    volts = waves.x[0, :, :, nodes[0]]
    np.testing.assert_allclose(volts[0], 1 - np.exp(-waves.time / 1e-3), atol=1e-4)
    np.testing.assert_array_equal(volts[1], 0.25)


def test_the_end_of_the_road_is_named(flat: Flat, backend: Opened) -> None:
    element = "element Edge(p, n; g = 1mS, top = 1V) { current i(p, n) = g * top * sqrt(1 - V(p, n) / top) }"
    circuit = flat("net a\nEdge e1(a, gnd)\nC c1(a, gnd) = 1uF\nI i1(gnd, a) = pwl(0s, 1mA, 1ms, 3mA)", element)
    with pytest.raises(BackendError, match=r"leads on from 0\.000\d+ s: node a does not settle \(draw 0, sample 0\)"):
        backend("native", circuit).transient(initial(circuit), boundary(circuit, [[]]), 1e-2, 1e-5)


def test_a_missing_beginning_is_named(flat: Flat, backend: Opened) -> None:
    element = "element Never(p, n; g = 1mS, u = 1V) { current i(p, n) = g * (u + V(p, n)^2 / u) }"
    circuit = flat("net a\nNever e1(a, gnd)\nR r1(a, gnd) = 1G\nC c1(a, gnd) = 1uF", element)
    with pytest.raises(BackendError, match="no operating point to begin with"):
        backend("native", circuit).transient(initial(circuit), boundary(circuit, [[]]), 1e-2, 1e-5)


@BOTH
@pytest.mark.parametrize("period", ["1e-30s", "1ps"])
def test_pulses_without_end_are_refused_before_they_take_memory(
    engine: str, period: str, flat: Flat, backend: Opened
) -> None:
    circuit = flat(f"net a\nV v1(a, gnd) = pulse(0V, 1V, width = 1e-31s, period = {period})\nR r1(a, gnd) = 1k")
    with pytest.raises(BackendError, match="times, more than fit") as found:
        run(circuit, backend(engine, circuit), 1.0, 1e-3)
    assert found.value.help == "give pulses a longer period"


def test_where_the_trapezoidal_rule_is_stuck_ngspice_goes_on_by_gears_formula(
    flat: Flat, backend: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = flat("net a, b\nV v1(a, gnd) = pulse(0V, 1V)\nR r1(a, b) = 1k\nC c1(b, gnd) = 1uF")
    solver, decks = backend("ngspice", circuit), []
    inner = ngspice.transient

    def stuck(deck: str, *given, **named):
        decks.append(deck)
        if "method=trap" in deck:
            raise SimulatorRefused("the transient ended at 1e-05 s\n  ngspice: TRAN:  Timestep too small; time = 1e-05")
        return inner(deck, *given, **named)

    monkeypatch.setattr(ngspice, "transient", stuck)
    found = solver.transient(initial(circuit), boundary(circuit, [[]]), 4e-3, 1e-5)
    time, x = found.time, found.x[0, 0]
    assert len(decks) == 2
    assert found.damped == 1
    np.testing.assert_allclose(x[:, circuit.node_index["b"]], 1 - np.exp(-time / 1e-3), atol=2e-5)
