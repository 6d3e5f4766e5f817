"""Every temperature law moves parameters of its device as it says, leaves 27 C alone, and refuses what it is not for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.circuit.flat import FlatCircuit, boundary, flatten, initial, with_states
from netlearn.circuit.model import Cell, Circuit, Element
from netlearn.circuit.temperature import at
from netlearn.devices import DEVICES, Device
from netlearn.errors import CheckFault, CircuitError
from netlearn.lang.compile import compile_netlist
from netlearn.solve import reference

Flat = Callable[..., FlatCircuit]
MOVING = {name: device for name, device in DEVICES.items() if device.temperature}
EVERY = pytest.mark.parametrize("device", MOVING.values(), ids=MOVING.keys())
PMOS = {"vto": -0.8, "gamma": 0.5}
GIVEN: dict[str, dict[str, float]] = {
    "R": {"r": 1e3, "tc1": 1e-3, "tc2": 1e-6},
    "G": {"g": 1e-3, "tc1": 1e-3, "tc2": 1e-6},
    "D": {"cjo": 1e-12, "vj": 0.8},
    "NMOS": {"vto": 0.7, "gamma": 0.5, "cbd": 1e-12, "cbs": 2e-12},
    "PMOS": {**PMOS, "cbd": 1e-12, "cbs": 2e-12},
    "PEKV": {"vto": -0.7},
    "Ohmic": {"g": 2.0},
}


def one(device: Device, **more: float) -> FlatCircuit:
    """A single element."""
    nets = [f"n{k}" for k in range(len(device.terminals))]
    element = Element("dut", device, tuple(nets), {**GIVEN.get(device.name, {}), **more})
    return flatten(Circuit("one", Cell("one", (), tuple(nets), (element,), (), {}), (), ()))


def moved(device: str, celsius: float, **more: float) -> dict[str, float]:
    circuit = one(DEVICES[device], **more)
    return {name: float(v[0, 0]) for name, v in at(circuit, initial(circuit), celsius).values[device].items()}


def gap(kelvin: float) -> float:
    """Of silicon, in V (Varshni)."""
    return 1.16 - 7.02e-4 * kelvin**2 / (kelvin + 1108)


def vt(kelvin: float) -> float:
    return 1.38064852e-23 / 1.6021766208e-19 * kelvin


COLD, HOT = 300.15, 358.15
RATIO = HOT / COLD


def potential(phi: float) -> float:
    """At 85 C, by way of the intrinsic density: n_i^2 ~ T^3 exp(-E_g / vt)."""
    doping = phi / vt(COLD)  # ln(N_A N_D / n_i^2) at 27 C
    density = 3 * np.log(RATIO) - gap(HOT) / vt(HOT) + gap(COLD) / vt(COLD)
    return float(vt(HOT) * (doping - density))


def capacitance(c: float, phi: float, m: float) -> float:
    return c * (1 + m * (4e-4 * 58 - (potential(phi) / phi - 1)))


MOBILITY = RATIO**-1.5
EXPECTED: dict[str, dict[str, float]] = {
    "R": {"r": 1e3 * (1 + 1e-3 * 58 + 1e-6 * 58**2)},
    "G": {"g": 1e-3 / (1 + 1e-3 * 58 + 1e-6 * 58**2)},
    "D": {
        "is": 1e-14 * RATIO**3 * np.exp(1.11 / vt(COLD) - 1.11 / vt(HOT)),
        "vj": potential(0.8),
        "cjo": capacitance(1e-12, 0.8, 0.5),
        "temp": HOT,
    },
    "NMOS": {
        "vto": 0.7
        + 0.5 * (np.sqrt(potential(0.6)) - np.sqrt(0.6))
        + 0.5 * (potential(0.6) - 0.6)
        + 0.5 * (gap(COLD) - gap(HOT)),
        "kp": 2e-5 * MOBILITY,
        "phi": potential(0.6),
        "is": 1e-14 * np.exp(gap(COLD) / vt(COLD) - gap(HOT) / vt(HOT)),
        "pb": potential(0.8),
        "cbd": capacitance(1e-12, 0.8, 0.5),
        "cbs": capacitance(2e-12, 0.8, 0.5),
        "temp": HOT,
    },
    "NEKV": {"vto": 0.7 - 0.058, "kp": 2e-5 * MOBILITY, "temp": HOT},
    "PEKV": {"vto": -0.7 + 0.058, "kp": 2e-5 * MOBILITY, "temp": HOT},
    "Ohmic": {"vto": 0.7 - 0.058, "s": 8.5e-4 * MOBILITY},
}
EXPECTED["PMOS"] = EXPECTED["NMOS"] | {
    "vto": -0.8
    - 0.5 * (np.sqrt(potential(0.6)) - np.sqrt(0.6))
    - 0.5 * (potential(0.6) - 0.6)
    + 0.5 * (gap(COLD) - gap(HOT))
}


def test_the_table_of_laws_is_the_table_of_this_test() -> None:
    assert set(EXPECTED) == set(MOVING)


@EVERY
def test_a_device_at_85_degrees_has_the_parameters_that_its_source_says(device: Device) -> None:
    assert set(device.temperature) <= set(device.param_names)
    circuit = one(device)
    before = {name: float(v[0, 0]) for name, v in initial(circuit).values[device.name].items()}
    after = moved(device.name, 85.0)
    for name, value in before.items():
        assert after[name] == pytest.approx(EXPECTED[device.name].get(name, value), rel=1e-12), name
        assert (after[name] != value) == (name in EXPECTED[device.name])


@EVERY
def test_at_27_degrees_nothing_moves_and_beside_it_little_does(device: Device) -> None:
    circuit = one(device)
    params = initial(circuit)
    for celsius in (27.0, 26.999, 27.001):
        found = at(circuit, params, celsius).values[device.name]
        for name, value in params.values[device.name].items():
            np.testing.assert_allclose(found[name], value, rtol=0.0 if celsius == 27.0 else 1e-3)


def test_thresholds_fall_by_one_to_three_millivolts_a_degree() -> None:
    for device, sign in (("NMOS", -1.0), ("PMOS", 1.0), ("NEKV", -1.0), ("PEKV", 1.0)):
        slope = (moved(device, 37.0)["vto"] - moved(device, 27.0)["vto"]) / 10.0
        assert 0.8e-3 < sign * slope < 3e-3


def test_each_draw_moves_by_itself_and_a_device_that_is_warm_stays_so_much_warmer() -> None:
    circuit = one(DEVICES["NMOS"], temp=320.15)
    params = initial(circuit).copies(3)
    params.values["NMOS"]["vto"][:, 0] = [0.6, 0.7, 0.8]
    found = at(circuit, params, 85.0).values["NMOS"]
    np.testing.assert_allclose(np.diff(found["vto"][:, 0]), 0.1, rtol=1e-9)
    np.testing.assert_allclose(found["temp"], 378.15)


def test_the_law_of_an_element_follows_where_it_says_at_which_temperature_it_works(flat: Flat) -> None:
    body = "net a\nOwn d(a, gnd)\nI i(gnd, a) = 1mA\noutput y = V(a)"
    text = "element Own(p, n; is = 1pA{}) {{ current i = is * (limexp(v / vt) - 1) }}"
    circuit = flat(body, text.format(", temp = 300.15K"))
    volts = []
    for celsius in (27.0, 127.0):
        params = at(circuit, initial(circuit), celsius)
        found = reference.operating_points(circuit, params, boundary(circuit, np.zeros((1, 0))))
        volts.append(found.x[0, 0, circuit.node_index["a"]])
    assert volts == pytest.approx([v * np.log1p(1e9) for v in (vt(300.15), vt(400.15))], rel=1e-9)
    fixed = flat(body, text.format(""))
    with pytest.raises(CircuitError, match="the law of Own has vt at 27 C in it"):
        at(fixed, initial(fixed), 127.0)
    assert at(fixed, initial(fixed), 27.0).values["Own"]["is"] == 1e-12
    with pytest.raises(CheckFault, match="temp is the temperature that vt is at"):
        compile_netlist("element Own(p, n; temp = 1V) { current i = 1mS * v * temp / 1V }")


LEARNING = """net a, b
    R r1(a, b) {{ r = learn(10k, 1k..100k){} }}
    R r2(b, gnd) {{ r = 10k, tc1 = 1e-3 }}
    input x = V(a)
    output y = V(b)"""


def test_what_learns_is_what_it_is_at_any_temperature(flat: Flat) -> None:
    circuit = flat(LEARNING.format(""))
    hot = at(circuit, initial(circuit), 85.0)
    assert hot.values["R"]["r"][0].tolist() == pytest.approx([10e3, 10e3 * 1.058])
    again = with_states(circuit, hot, np.array([[20e3]]))
    assert again.values["R"]["r"][0].tolist() == pytest.approx([20e3, 10e3 * 1.058])
    drifting = flat(LEARNING.format(", tc1 = 1e-3"))
    with pytest.raises(CircuitError, match="r of r1 is learned, and temperature would move it"):
        at(drifting, initial(drifting), 85.0)


@pytest.mark.parametrize("celsius", [-300.0, 1e4, float("nan")])
def test_a_temperature_that_these_laws_are_not_for_is_refused(celsius: float) -> None:
    circuit = one(DEVICES["D"])
    with pytest.raises(CircuitError, match="a temperature of"):
        at(circuit, initial(circuit), celsius)


def test_spots_that_are_not_there_or_too_hot_are_refused() -> None:
    circuit = one(DEVICES["D"])
    with pytest.raises(CircuitError, match="there is no element 'dud' to be hotter"):
        at(circuit, initial(circuit), 27.0, {"dud": 5.0})
    with pytest.raises(CircuitError, match="dut would be at 1027 C"):
        at(circuit, initial(circuit), 27.0, {"dut": 1000.0})
