"""Every device obeys its law: derivatives, Kirchhoff, no overflow, and the formulas of the textbooks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from device_samples import numbers, points

from netlearn.devices import DEVICES, Device, Param, kernel
from netlearn.devices.primitives import GMIN, THERMAL_VOLTAGE

SPANS = (0.3, 2.0, 20.0)
EVERY = pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES.keys())
Law = Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], tuple[np.ndarray, ...]]


def arrays(device: Device) -> list[np.ndarray]:
    return [np.array([v]) for v in numbers(device).values()]


def current(name: str, volts: Sequence[float], **given: float) -> float:
    """Current into the first terminal of a device with its defaults."""
    device = DEVICES[name]
    params = {p.name: p.default for p in device.params} | given
    return float(kernel(device).evaluate([np.array(v) for v in volts], [np.array(params[n]) for n in params])[0])


def rows(values: Sequence[np.ndarray], count: int, shape: int) -> np.ndarray:
    return np.array([np.broadcast_to(v, shape) for v in values[:count]])


def assert_slope(law: Law, x: list[np.ndarray], p: list[np.ndarray], *, of: str, entries, slopes, count: int) -> None:
    """Analytic slopes against central differences, as good as the differences can be."""
    shape = len(x[0])
    moved = x if of == "x" else p
    found = {entry: np.broadcast_to(s, shape) for entry, s in zip(entries, slopes, strict=True)}
    for column in range(len(moved)):
        h = 1e-6 * np.maximum(np.abs(moved[column]), 1e-3 if of == "x" else 1e-30)
        up, down = list(moved), list(moved)
        up[column], down[column] = moved[column] + h, moved[column] - h
        high = rows(law(up, p) if of == "x" else law(x, up), count, shape)
        low = rows(law(down, p) if of == "x" else law(x, down), count, shape)
        size = np.maximum(np.abs(high), np.abs(low)).max(axis=0)
        difference = (high - low) / (2 * h)
        for row in range(count):
            slope = found.get((row, column), np.zeros(shape))
            np.testing.assert_array_less(
                np.abs(slope - difference[row]),
                1e-5 * np.abs(slope) + 1e-9 * size / h + 1e-300,
                err_msg=f"{row} {column}",
            )


@EVERY
@pytest.mark.parametrize("span", SPANS)
def test_slopes_by_unknowns_and_parameters_are_those_of_central_differences(device: Device, span: float) -> None:
    law, p = kernel(device), arrays(device)
    x = points(device, len(law.branches), span)
    count = len(x)
    values = law.evaluate(x, p)
    assert_slope(law.evaluate, x, p, of="x", entries=law.entries, slopes=values[count:], count=count)
    charges = law.charge(x, p)
    assert_slope(law.charge, x, p, of="x", entries=law.charge_entries, slopes=charges[count:], count=count)
    entries, slopes = law.sensitivity_entries, law.sensitivity(x, p)
    assert_slope(law.evaluate, x, p, of="p", entries=entries, slopes=slopes, count=count)


@EVERY
@pytest.mark.parametrize("span", SPANS)
def test_laws_are_finite_and_their_currents_and_charges_sum_to_zero(device: Device, span: float) -> None:
    law, p = kernel(device), arrays(device)
    x = points(device, len(law.branches), span, 2000)
    for values in (law.evaluate(x, p), law.charge(x, p), law.sensitivity(x, p)):
        assert all(np.isfinite(v).all() for v in values)
    for values in (law.evaluate(x, p), law.charge(x, p)):
        flow = rows(values, len(device.terminals), 2000)
        assert (np.abs(flow.sum(axis=0)) <= 1e-12 * np.abs(flow).max(axis=0) + 1e-300).all()


@EVERY
def test_only_terminals_that_are_not_gates_carry_direct_current(device: Device) -> None:
    law, p = kernel(device), arrays(device)
    flow = rows(law.evaluate(points(device, len(law.branches), 2.0), p), len(device.terminals), 200)
    for gate in device.control:
        if device.name not in ("NMOS", "PMOS"):
            assert (flow[device.terminals.index(gate)] == 0).all()
    if device.name in ("NMOS", "PMOS"):
        assert (flow[device.terminals.index("g")] == 0).all()


@EVERY
@pytest.mark.parametrize("span", SPANS)
def test_terminals_that_can_change_places_do_so_without_any_change_and_no_others_do(
    device: Device, span: float
) -> None:
    law, params = kernel(device), numbers(device)
    mirrored = params | {name: params[other] for pair in device.mirrored for name, other in (pair, pair[::-1])}
    x = points(device, len(law.branches), span)
    count = len(device.terminals)
    assert all(t in device.terminals for group in device.symmetric for t in group)
    for a, b in itertools.combinations(range(count), 2):
        names = device.terminals[a], device.terminals[b]
        places = [{a: b, b: a}.get(k, k) for k in range(count)]
        turned = -1.0 if set(names) == {"p", "n"} else 1.0  # the current of a branch between them
        y = [x[k] for k in places] + [turned * i for i in x[count:]]
        same = []
        for of in (law.evaluate, law.charge):
            before = rows(of(x, list(params.values())), len(x), 200)
            after = rows(of(y, list(mirrored.values())), len(x), 200)
            back = np.concatenate([after[places], turned * after[count:]])
            same.append(np.allclose(back, before, rtol=1e-9, atol=1e-12 * np.abs(before).max(initial=0.0)))
        assert all(same) == any(set(names) <= set(group) for group in device.symmetric), names


@pytest.mark.parametrize(("n", "p"), [("NMOS", "PMOS"), ("NEKV", "PEKV")])
def test_a_p_channel_is_the_n_channel_with_everything_reversed(n: str, p: str) -> None:
    params = numbers(DEVICES[n])
    mirrored = params | {"vto": -params["vto"]}
    x = points(DEVICES[n], 0, 3.0)
    forward = rows(kernel(DEVICES[n]).evaluate(x, list(params.values())), 4, 200)
    backward = rows(kernel(DEVICES[p]).evaluate([-v for v in x], list(mirrored.values())), 4, 200)
    np.testing.assert_allclose(backward, -forward, rtol=1e-12, atol=1e-24)


LEVEL1 = {"vto": 0.7, "kp": 2e-4, "gamma": 0.5, "phi": 0.8, "lambda": 0.02, "w": 2e-5, "l": 1e-5}
BETA = 4e-4
TURN_ON = 0.7 + 0.5 * (math.sqrt(0.8 + 1.0) - math.sqrt(0.8))  # with the bulk 1 V below the source
LEVEL1_POINTS = {
    "cut off": ((1.0, 0.5, 0.0, 0.0), 0.0),
    "linear": ((0.3, 2.0, 0.0, 0.0), BETA * (1 + 0.02 * 0.3) * 0.3 * (1.3 - 0.15)),
    "at the edge": ((1.3, 2.0, 0.0, 0.0), BETA * (1 + 0.02 * 1.3) * 1.3**2 / 2),
    "saturated": ((3.0, 2.0, 0.0, 0.0), BETA * (1 + 0.02 * 3.0) * 1.3**2 / 2),
    "reversed": ((0.0, 2.0, 0.3, 0.0), -BETA * (1 + 0.02 * 0.3) * 0.3 * (1.3 - 0.15)),
    "body effect": ((3.0, 2.0, 0.0, -1.0), BETA * (1 + 0.02 * 3.0) * (2.0 - TURN_ON) ** 2 / 2),
}


@pytest.mark.parametrize(("volts", "expected"), LEVEL1_POINTS.values(), ids=LEVEL1_POINTS.keys())
def test_level_1_is_shichman_and_hodges(volts: tuple[float, ...], expected: float) -> None:
    leak = 1e-14 + 5e-12  # bulk junctions
    assert current("NMOS", volts, **LEVEL1) == pytest.approx(expected, rel=1e-12, abs=leak)


def test_the_ekv_law_tends_to_an_exponential_and_to_a_square() -> None:
    n, beta, vt = 1.3, 1e-3, THERMAL_VOLTAGE
    given = {"vto": 0.7, "kp": 1e-3, "w": 1e-5, "l": 1e-5, "n": n, "gleak": 0.0}
    weak = [current("NEKV", (1.0, g, 0.0, 0.0), **given) for g in (0.1, 0.1 + n * vt)]
    assert weak[1] / weak[0] == pytest.approx(math.e, rel=1e-3)
    assert weak[0] == pytest.approx(2 * n * beta * vt**2 * math.exp((0.1 - 0.7) / (n * vt)), rel=1e-3)
    assert current("NEKV", (5.0, 2.7, 0.0, 0.0), **given) == pytest.approx(beta * 2.0**2 / (2 * n), rel=1e-3)
    ohmic = beta * (2.0 - n * 0.01 / 2) * 0.01
    assert current("NEKV", (0.01, 2.7, 0.0, 0.0), **given) == pytest.approx(ohmic, rel=1e-3)
    assert current("NEKV", (0.5, 2.7, 0.5, 0.0), **given) == 0.0


def test_a_diode_follows_shockley_forward_and_spice_in_reverse() -> None:
    vt, i0 = THERMAL_VOLTAGE, 1e-14
    for v in (-0.05, 0.0, 0.3, 0.6, 0.9):
        assert current("D", (v, 0.0)) == pytest.approx(i0 * math.expm1(v / vt) + GMIN * v, rel=1e-12)
    for v in (-0.1, -1.0, -20.0):
        law = -i0 * (1 + (3 * vt / (math.e * v)) ** 3) + GMIN * v
        assert current("D", (v, 0.0)) == pytest.approx(law, rel=1e-9)
    ends = [current("D", (-3 * vt * (1 + s), 0.0), **{"is": 1.0}) for s in (-1e-9, 1e-9)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-8)
    assert np.isfinite(current("D", (100.0, 0.0)))


@pytest.mark.parametrize("m", [0.33, 0.5, 0.9])
def test_the_charge_of_a_junction_is_smooth_and_its_slope_is_spices_capacitance(m: float) -> None:
    device, c0, vj = DEVICES["D"], 2e-12, 0.8
    given = {"cjo": c0, "vj": vj, "m": m}
    p = [given.get(q.name, q.default) for q in device.params]
    v = np.linspace(-5.0, 0.75, 4001)
    v = np.sort(np.append(v, [vj / 2 - 1e-12, vj / 2 + 1e-12]))
    charge = kernel(device).charge([v, np.zeros_like(v)], p)
    slope = charge[2 + kernel(device).charge_entries.index((0, 0))]
    assert (np.abs(np.diff(charge[0])) <= 1.001 * np.abs(slope).max() * np.diff(v)).all()
    inverse = np.minimum(1 - np.minimum(v, vj / 2) / vj, 1e9) ** -m
    expected = c0 * (inverse + np.where(v > vj / 2, 0.5 ** (-m - 1) * m * (v - vj / 2) / vj, 0.0))
    np.testing.assert_allclose(slope, expected, rtol=1e-9)


def test_a_memory_capacitor_holds_its_voltage_and_a_plain_one_carries_nothing() -> None:
    held = kernel(DEVICES["Cm"]).evaluate(
        [np.array(1.5), np.array(0.5), np.array(1e-3)], [np.array(1e-6), np.array(1.0)]
    )
    assert [float(v) for v in held[:3]] == [1e-3, -1e-3, 0.0]
    plain = kernel(DEVICES["C"])
    assert [float(v) for v in plain.evaluate([np.array(2.0), np.array(0.5)], [np.array(1e-6)])[:2]] == [0.0, 0.0]
    assert float(plain.charge([np.array(2.0), np.array(0.5)], [np.array(1e-6)])[0]) == pytest.approx(1.5e-6)


@pytest.mark.parametrize(
    ("law", "linear", "curved"),
    [
        ("current i = g * v", True, False),
        ("current i = max(g * v, 0)", False, False),
        ("current i = where(v > 1, g * (v - 1), g * abs(v))", False, False),
        ("current i = g * v * abs(v)", False, True),
        ("current i = g * max(v, 0)^2", False, True),
        ("voltage e(p, n) = tanh(I(e) * g)", False, True),
    ],
)
def test_a_law_of_straight_pieces_is_not_curved(law: str, linear: bool, curved: bool) -> None:
    found = kernel(Device("Some", "", ("p", "n"), (Param("g", "S", 1.0, ""),), law))
    assert (found.linear, found.curved) == (linear, curved)
