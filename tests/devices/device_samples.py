"""Plausible numbers and small circuits for every device of the table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import FlatCircuit, flatten
from netlearn.circuit.model import GROUND, Cell, Circuit, Element, Input
from netlearn.devices import DEVICES, Device, Param

TYPICAL = {
    "Ohm": 1e3, "S": 1e-3, "F": 1e-9, "H": 1e-3, "V": 1.0, "A": 1e-3, "s": 1e-9, "": 0.5,
    "A/V^2": 1e-3, "1/V": 0.02, "m": 1e-5, "F/m": 1e-10, "K": 300.15, "1/K": 1e-3, "1/K^2": 1e-6, "V/K": 1e-3,
}  # fmt: skip


def number(param: Param, rng: np.random.Generator) -> float:
    """The default or a typical number, give or take some ten percent."""
    return float((param.default or TYPICAL[param.unit]) * np.exp(rng.normal(0.0, 0.2)))


def numbers(device: Device, seed: int = 0) -> dict[str, float]:
    rng = np.random.default_rng([seed, *device.name.encode()])
    return {p.name: min(number(p, rng), p.most) for p in device.params}


def points(device: Device, branches: int, span: float, count: int = 200) -> list[NDArray[np.float64]]:
    """Random local unknowns: voltages within `span`, branch currents within a milliampere."""
    rng = np.random.default_rng([int(10 * span), *device.name.encode()])
    voltages = [rng.uniform(-span, span, count) for _ in device.terminals]
    return voltages + [rng.uniform(-1e-3, 1e-3, count) for _ in range(branches)]


def alone(device: Device, params: dict[str, float], resistance: float = 1e3) -> FlatCircuit:
    """A device with every terminal behind a resistor, whose other end is driven."""
    ends = [f"x_{t}" for t in device.terminals]
    nets = [f"t_{t}" for t in device.terminals]
    elements = [Element("dut", device, tuple(nets), params)]
    elements += [
        Element(f"r{k}", DEVICES["R"], (end, net), {"r": resistance})
        for k, (end, net) in enumerate(zip(ends, nets, strict=True))
    ]
    elements.append(Element("load", DEVICES["R"], (nets[0], GROUND), {"r": 1e6}))
    cell = Cell("alone", (), (*ends, *nets), tuple(elements), (), {})
    return flatten(Circuit("alone", cell, tuple(Input(end, "V", (end,)) for end in ends), ()))
