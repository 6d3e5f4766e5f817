"""Devices to export: all of ours, and elements of users."""

from __future__ import annotations

import numpy as np
import pytest
from device_samples import alone, numbers
from user_elements import elements

from netlearn.backends import open_backend
from netlearn.circuit.flat import FlatCircuit, boundary, flatten, initial
from netlearn.circuit.model import GROUND, Cell, Circuit, Element
from netlearn.circuit.waveform import Sine
from netlearn.devices import DEVICES, Device, kernel

TO_EXPORT = [*DEVICES.values(), *elements()]
EVERY = pytest.mark.parametrize("device", TO_EXPORT, ids=[device.name for device in TO_EXPORT])


def bench(bias: np.ndarray) -> tuple[list[str], list[list[str]]]:
    """Lines and device nodes of as many copies of `device_samples.alone` as there are bias points (K, terminals)."""
    lines: list[str] = []
    nodes = [[f"t{k}_{j}" for j in range(len(row))] for k, row in enumerate(bias)]
    for k, row in enumerate(bias):
        lines.append(f"rl{k} t{k}_0 0 1e6")
        for j, volts in enumerate(row):
            lines += [f"v{k}_{j} x{k}_{j} 0 dc {float(volts)!r}", f"r{k}_{j} x{k}_{j} t{k}_{j} 1000.0"]
    return lines, nodes


def solved(device: Device, params: dict[str, float], bias: np.ndarray) -> np.ndarray:
    """What our engine finds there, (K, terminals)."""
    circuit = alone(device, params)
    found = open_backend("native", circuit).operating_points(initial(circuit), boundary(circuit, bias))
    assert found.settled.all()
    return found.x[0][:, [circuit.node_index[f"t_{t}"] for t in device.terminals]]


def biased(device: Device) -> tuple[dict[str, float], np.ndarray, np.ndarray]:
    """Parameters, bias points and the voltages of our engine there."""
    params = numbers(device) | ({"gain": 20.0} if device.name == "OpAmp" else {})  # it has no feedback here
    bias = np.random.default_rng([*device.name.encode()]).uniform(-2.0, 2.0, (6, len(device.terminals)))
    return params, bias, solved(device, params, bias)


RESISTANCE, PERIOD = 1e3, 1e-3


LARGE = {"c": 1e-7, "cjo": 1e-7, "cbd": 1e-7, "cbs": 1e-7, "cgso": 1e-2, "cgdo": 1e-2}  # so that it matters in PERIOD
STORING = pytest.mark.parametrize(
    "device",
    [d for d in TO_EXPORT if any(kind in "QF" for kind, *_ in kernel(d.over_time).parts)],
    ids=lambda device: device.name,
)
STOP = 0.37 * PERIOD


def stored(device: Device) -> dict[str, float]:
    """Parameters with which charges and fluxes of a device matter."""
    params = numbers(device)
    return (
        params
        | {name: value for name, value in LARGE.items() if name in params}
        | ({"l": 0.1} if device.name == "L" else {})
    )


def driven(device: Device, params: dict[str, float]) -> FlatCircuit:
    """A device with every terminal behind a resistor, whose other end follows a sine: for transients."""
    nets = [f"t_{t}" for t in device.terminals]
    elements = [Element("dut", device, tuple(nets), params)]
    for k, net in enumerate(nets):
        wave = Sine(0.2 * k, 0.5, (k + 1) / PERIOD)
        elements.append(Element(f"v{k}", DEVICES["V"], (f"x{k}", GROUND), {"dc": 0.0}, wave=wave))
        elements.append(Element(f"r{k}", DEVICES["R"], (f"x{k}", net), {"r": RESISTANCE}))
    elements.append(Element("load", DEVICES["R"], (nets[0], GROUND), {"r": 1e6}))
    cell = Cell("driven", (), (*nets, *(f"x{k}" for k in range(len(nets)))), tuple(elements), (), {})
    return flatten(Circuit("driven", cell, (), ()))


def driven_bench(device: Device) -> tuple[list[str], list[str]]:
    """The same as lines of SPICE, and the nodes of the device."""
    lines = ["rload t0 0 1e6"]
    for k in range(len(device.terminals)):
        lines += [f"v{k} x{k} 0 sin({0.2 * k!r} 0.5 {(k + 1) / PERIOD!r})", f"r{k} x{k} t{k} {RESISTANCE!r}"]
    return lines, [f"t{k}" for k in range(len(device.terminals))]


def followed(device: Device, params: dict[str, float]) -> np.ndarray:
    """Voltages at a device's terminals at STOP, (terminals,), by our engine."""
    circuit = driven(device, params)
    waves = open_backend("native", circuit).transient(initial(circuit), boundary(circuit, [[]]), STOP, STOP / 4000)
    return waves.x[0, 0, -1][[circuit.node_index[f"t_{t}"] for t in device.terminals]]
