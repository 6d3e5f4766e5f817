"""Random circuits of every device, from a seed: connected ones, and ones with something floating or contradictory."""

from __future__ import annotations

import numpy as np

from netlearn.circuit.flat import FlatCircuit, flatten
from netlearn.circuit.model import GROUND, Cell, Circuit, Element, Input
from netlearn.devices import DEVICES, Param

TYPICAL = {
    "Ohm": 1e3, "S": 1e-3, "F": 1e-9, "H": 1e-3, "V": 1.0, "A": 1e-3, "s": 1e-9, "": 1.0,
    "A/V^2": 1e-3, "1/V": 1.0, "m": 1e-5, "F/m": 1e-12, "K": 300.0, "V/K": 1e-3, "1/K": 1e-3, "1/K^2": 1e-6,
}  # fmt: skip


def number(param: Param, rng: np.random.Generator) -> float:
    """Often the default, else anything within a few times a typical value."""
    if param.default is not None and rng.random() < 0.7:
        return param.default
    if param.allowed == "any" and not param.default:
        return float(TYPICAL[param.unit] * rng.normal())
    return min(float((param.default or TYPICAL[param.unit]) * np.exp(rng.normal())), param.most)


def random_circuit(seed: int) -> tuple[FlatCircuit, np.ndarray]:
    """A circuit and three samples of its inputs."""
    rng = np.random.default_rng([11, seed])
    count = int(rng.integers(2, 6))
    nets = [f"n{k}" for k in range(count)]
    every = [GROUND, *nets]
    elements = []
    if rng.random() < 0.8:  # a tree of resistors that reaches everything
        for k, net in enumerate(nets):
            to = every[int(rng.integers(0, k + 1))]
            elements.append(Element(f"t{k}", DEVICES["R"], (net, to), {"r": float(10 ** rng.uniform(2, 6))}))
    kinds = [d for d in DEVICES.values() if d.name not in ("OpAmp", "L") or rng.random() < 0.3]
    for k in range(int(rng.integers(1, 7))):
        device = kinds[int(rng.integers(len(kinds)))]
        ends = tuple(every[int(rng.integers(len(every)))] for _ in device.terminals)
        elements.append(Element(f"e{k}", device, ends, {p.name: number(p, rng) for p in device.params}))
    kept = [net for net in nets if any(net in e.nodes for e in elements)]
    inputs = tuple(
        Input(f"x{k}", "V" if rng.random() < 0.7 else "I", (net,))
        for k, net in enumerate(kept[: int(rng.integers(0, 3))])
    )
    samples = [[rng.uniform(-1, 1) * (1.0 if p.kind == "V" else 1e-4) for p in inputs] for _ in range(3)]
    cell = Cell("random", (), tuple(nets), tuple(elements), (), {})
    return flatten(Circuit("random", cell, inputs, ())), np.array(samples).reshape(3, len(inputs))
