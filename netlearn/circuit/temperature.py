"""A circuit at another temperature: numbers that move, by the laws that each device states (`Device.temperature`).

Parameters are given at 27 C. A device that has a parameter `temp` works at that temperature; what has none is at 27 C as well.
`at` moves all of a circuit by as many degrees: parameters by their laws, and `temp`. A device that is given a `temp` of its
own, with the parameters that it has there, stays by so much hotter than the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from netlearn.circuit.flat import Bank, FlatCircuit, Floats, Params
from netlearn.devices import Device, Kernel, kernel
from netlearn.devices.model import Param
from netlearn.devices.primitives import NOMINAL, ZERO_CELSIUS, Tree
from netlearn.errors import CircuitError

NOMINAL_CELSIUS = NOMINAL - ZERO_CELSIUS
COLDEST, HOTTEST = 50.0, 1000.0  # K: where these laws still say something


def at(circuit: FlatCircuit, params: Params, celsius: float, hotter: Mapping[str, float] | None = None) -> Params:
    """The numbers of a circuit at 27 C (for any draws) as they are where it is this warm; `hotter`: by how many K an
    element (its path) is above that, as one beside a heater. CircuitError beyond what the laws are for, where what a law
    moves is learned, and where the text of an element has 27 C in it."""
    rises = _rises(circuit, celsius, hotter or {})
    values = dict(params.values)
    for name, bank in circuit.banks.items():
        if rises[name].any():
            values[name] = values[name] | _moved(circuit, bank, values[name], rises[name])
    return replace(params, values=values)


def _rises(circuit: FlatCircuit, celsius: float, hotter: Mapping[str, float]) -> dict[str, Floats]:
    """By how much (E,) the elements of each device are warmer than at 27 C, in K."""
    if not COLDEST - ZERO_CELSIUS <= celsius <= HOTTEST - ZERO_CELSIUS:
        raise CircuitError(f"a temperature of {celsius:g} C", "give degrees Celsius, such as 85")
    found = {name: np.full(len(bank.names), celsius - NOMINAL_CELSIUS) for name, bank in circuit.banks.items()}
    places = {path: (name, k) for name, bank in circuit.banks.items() for k, path in enumerate(bank.names)}
    for path, more in hotter.items():
        if path not in places:
            raise CircuitError(f"there is no element '{path}' to be hotter", "name elements by their whole path")
        name, k = places[path]
        found[name][k] += more
    return found


def _moved(circuit: FlatCircuit, bank: Bank, of: Mapping[str, Floats], rise: Floats) -> dict[str, Floats]:
    """The parameters of a device that are other numbers now."""
    device = bank.device
    cold = of["temp"] if "temp" in of else np.full((1, len(rise)), NOMINAL)
    hot = cold + rise
    if not ((hot >= COLDEST) & (hot <= HOTTEST)).all():
        k = int(np.argmax(((hot < COLDEST) | (hot > HOTTEST)).any(axis=0)))
        raise CircuitError(
            f"{bank.names[k]} would be at {hot[:, k].max() - ZERO_CELSIUS:.4g} C",
            "lower the temperature of the circuit",
        )
    if device.kit:
        raise CircuitError(
            f"the models of the process kit {device.kit} are at 27 C here",
            "leave the temperature out for kit transistors",
        )
    if re.search(r"\bvt\b", device.law) and "temp" not in of:
        raise CircuitError(
            f"the law of {device.name} has vt at 27 C in it",
            f"give the element a parameter for it: element {device.name}(...; temp = 300.15K)",
        )
    new = {"temp": hot} if "temp" in of else {}
    if device.temperature:
        law = _law(device)
        p = [*(of[name] for name in device.param_names), *(() if "temp" in of else (cold,)), hot]
        x = [np.zeros((1, 1))] * (1 + len(device.temperature))
        moved = law.evaluate(x, p)[1 : len(x)]
        new |= {name: np.broadcast_to(v, of[name].shape) for name, v in zip(device.temperature, moved, strict=True)}
    new = {name: np.where(rise == 0.0, of[name], v) for name, v in new.items()}
    _check_learned(circuit, bank, of, new)
    return new


def _check_learned(circuit: FlatCircuit, bank: Bank, of: Mapping[str, Floats], new: Mapping[str, Floats]) -> None:
    """CircuitError where a number moves that a learnable value sets."""
    for rule in circuit.rules:
        if rule.device == bank.device.name and rule.param in new:
            moved = (new[rule.param] != of[rule.param])[:, rule.elements].any(axis=0)
            if moved.any():
                name = bank.names[int(rule.elements[int(np.argmax(moved))])]
                raise CircuitError(
                    f"{rule.param} of {name} is learned, and temperature would move it",
                    "what learns is what it is at any temperature: take the temperature coefficient out of that element",
                )


def laws(device: Device) -> Mapping[str, Tree]:
    """By parameter, what a device's own temperature law makes of it: an expression of ("p", parameter), ("p", "temp"), from which,
    and ("p", "hot"), to which it goes, in K."""
    if not device.temperature:
        return {}
    return dict(zip(device.temperature, (tree for *_, tree in _law(device).parts), strict=True))


@cache
def _laws(name: str, params: tuple[Param, ...], texts: tuple[tuple[str, str], ...]) -> Kernel:
    terminals = ("ref", *(f"at_{param}" for param, _ in texts))
    law = "\n".join(f"current i_{param}(at_{param}, ref) = {text}" for param, text in texts)
    return kernel(Device(f"temperature of {name}", "", terminals, params, law))


def _law(device: Device) -> Kernel:
    """What a device's parameters are at `hot`, as currents into terminals of their own, after the first one."""
    known = () if "temp" in device.param_names else (Param("temp", "K", NOMINAL, ""),)
    return _laws(
        device.name,
        (*device.params, *known, Param("hot", "K", NOMINAL, "")),
        tuple(device.temperature.items()),
    )
