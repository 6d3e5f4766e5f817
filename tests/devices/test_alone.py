"""Every device alone between resistors: the reference solver and ngspice find the same voltages."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from device_samples import alone, numbers

from netlearn.backends import Backend
from netlearn.circuit.flat import FlatCircuit, boundary, flatten, initial
from netlearn.circuit.model import Circuit
from netlearn.devices import CARDS, DEVICES, Device
from netlearn.lang.compile import compile_netlist

Opened = Callable[[str, FlatCircuit], Backend]
EVERY = pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES.keys())
BIAS = 30


def worst(circuit: FlatCircuit, backend: Opened, bias: np.ndarray) -> float:
    """Largest difference over a sweep of bias points, all of which settle in both: in V, above 1 V relative."""
    params, held = initial(circuit), boundary(circuit, bias)
    one, two = (backend(name, circuit).operating_points(params, held) for name in ("reference", "ngspice"))
    assert one.settled.all()
    assert two.settled.all()
    nodes = len(circuit.nodes)
    np.testing.assert_allclose(one.x[..., nodes:], two.x[..., nodes:], rtol=1e-6, atol=1e-11)
    volts, other = one.x[..., :nodes], two.x[..., :nodes]
    return float((np.abs(volts - other) / np.maximum(1.0, np.abs(volts))).max())


def sweep(device: Device, span: float) -> np.ndarray:
    """Random bias points, then each terminal by itself from one end to the other."""
    rng = np.random.default_rng([*device.name.encode()])
    steps = np.linspace(-span, span, 9)
    ramps = [
        np.where(np.arange(len(device.terminals)) == k, v, 0.3) for k in range(len(device.terminals)) for v in steps
    ]
    return np.vstack([rng.uniform(-span, span, (BIAS, len(device.terminals))), ramps])


@EVERY
@pytest.mark.parametrize("span", [0.5, 3.0])
def test_both_backends_agree_on_a_device_alone(device: Device, span: float, backend: Opened) -> None:
    params = numbers(device) | ({"gain": 20.0} if device.name == "OpAmp" else {})  # it has no feedback here
    assert worst(alone(device, params), backend, sweep(device, span)) < 1e-9


@pytest.mark.parametrize("name", CARDS)
def test_both_backends_agree_on_a_model_card(name: str, backend: Opened) -> None:
    card = CARDS[name]
    device = DEVICES[card.device]
    params = {p.name: card.params.get(p.name, p.default) for p in device.params}
    assert worst(alone(device, params), backend, sweep(device, 4.0)) < 1e-9  # type: ignore[arg-type]


MOS = {"vto": 0.5, "kp": 2e-4, "gamma": 0.6, "phi": 0.7, "lambda": 0.05, "w": 2e-5, "l": 1e-5}
VARIANTS = {
    "strong bulk diodes": ("NMOS", MOS | {"is": 1e-3}),
    "series resistances": ("NMOS", MOS | {"rd": 50.0, "rs": 20.0}),
    "depletion": ("NMOS", MOS | {"vto": -1.0}),
    "p-channel": ("PMOS", MOS | {"vto": -0.5, "rd": 50.0}),
    "leaky diode": ("D", {"is": 1e-4, "n": 1.9, "rs": 3.0}),
    "sharp comparator": ("Comparator", {"gain": 1e6, "offset": 1e-3}),
    "no leakage": ("NEKV", {"gleak": 0.0}),
    "no conductance": ("G", {"g": 0.0}),
}


@pytest.mark.parametrize(("name", "given"), VARIANTS.values(), ids=VARIANTS.keys())
def test_both_backends_agree_on_a_variant(name: str, given: dict[str, float], backend: Opened) -> None:
    device = DEVICES[name]
    params = {p.name: given.get(p.name, p.default) for p in device.params}
    assert worst(alone(device, params), backend, sweep(device, 2.0)) < 1e-9  # type: ignore[arg-type]


ELEMENTS = {
    "a varistor": "element Own(p, n; g = 1mS, v0 = 0.5V) { current i = g * v * (1 + (v / v0)^2) }",
    "with a branch": "element Own(p, n, m; e0 = 0.2V, k = 0.3) { voltage e(p, m) = e0\n current i(m, n) = k * I(e) }",
    "a steered one": "element Own(p, n, c; g = 1mS, w = 0.1V) { current i(p, n) = g * logistic(V(c, n) / w) * V(p, n) }",
    "by cases": "element Own(p, n; g = 1mS, a = 1mA/V^2) { current i = where(v > 0V, g * v + a * v^2, g * v / 2) }",
    "tunnelling": "element Own(p, n; i0 = 1mA, v0 = 0.2V) { current i = i0 * v / v0 * exp(1 - v / v0) + i0 * v / 1V }",
    "of both ends": "element Own(p, n; s = 1mA/V^2, u = 2V) { current i = s * pos(u - (V(p) + V(n)) / 2) * V(p, n) }",
    "with all functions": "element Own(p, n; g = 1mS, u = 1V) { current i = g * u * (softplus(v / u) - log(2) + sqrt(1 + (v / u)^2) * v / u"
    " + abs(v / u) / 9 + min(v / u, 0.1) / 9 + max(v / u, 0.2) / 9 + limexp(v / u) / 50 + sin(v / u) / 9) }",
}


def own(text: str) -> Circuit:
    pins = text[text.index("(") + 1 : text.index(";")].split(",")
    drives = "\n".join(f"net x{k}, t{k}\nR r{k}(x{k}, t{k}) = 1k\ninput x_{k} = V(x{k})" for k in range(len(pins)))
    args = ", ".join(f"t{k}" for k in range(len(pins)))
    return compile_netlist(f"{text}\ncircuit T {{\n{drives}\nOwn dut({args})\noutput y = V(t0)\n}}").circuit


@pytest.mark.parametrize("text", ELEMENTS.values(), ids=ELEMENTS.keys())
def test_both_backends_agree_on_an_element_of_the_netlist(text: str, backend: Opened) -> None:
    circuit = flatten(own(text))
    bias = np.random.default_rng(3).uniform(-0.6, 0.6, (BIAS, len(circuit.inputs)))
    assert worst(circuit, backend, bias) < 1e-9


def test_both_backends_agree_on_a_parameter_that_is_a_formula(backend: Opened) -> None:
    text = """
    circuit T {
      net a, b
      state k = learn(0.3, 0.1..0.9)
      R r1(a, b) = 1k * (k + k^2) / 2
      D d1(b, gnd) { is = 1pA * k }
      G g1(b, gnd) = 1mS * k^2
      input x = V(a)
      output y = V(b)
    }"""
    circuit = flatten(compile_netlist(text).circuit)
    assert worst(circuit, backend, np.linspace(-2.0, 2.0, 21)[:, None]) < 1e-9
