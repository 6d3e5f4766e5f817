"""Selectors of `mismatch` blocks: which parameters of which elements a line such as `NMOS.vto` or `*.cg.c` names.

A kind of device with one of its parameters (or none: its main value), for all that there are: `R`, `R[*]`, `NMOS.vto`. Or a
path with or without a parameter, in which `*` stands for any beginning and `[*]` for any index: `e[*].mf.vto`, `*.cg`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Ints
from netlearn.devices import DEVICES, Device
from netlearn.errors import TaskError

BETA: Mapping[str, str] = {"beta": "kp"}
"""What the literature calls a parameter."""
ALSO: Mapping[str, tuple[str, ...]] = {"C": ("Cm",)}
"""Devices that a netlist calls by another's name."""


@dataclass(frozen=True)
class Chosen:
    """A parameter of some elements of a bank; device "" for states, which have no parameter."""

    device: str
    param: str
    elements: Ints


def select(circuit: FlatCircuit, parts: Sequence[str]) -> list[Chosen]:
    """What a selector names, part by part (`["e[*]", "mf", "vto"]`). TaskError for a parameter that a kind has not."""
    placed = [_outside(circuit, one) for one in _named(circuit, parts)]
    return [one for one in placed if len(one.elements)]


def _outside(circuit: FlatCircuit, one: Chosen) -> Chosen:
    """The same, series resistances as the resistors that they are in a flat circuit."""
    if not one.device or one.param not in dict(circuit.banks[one.device].device.series):
        return one
    at = {name: k for k, name in enumerate(circuit.banks["R"].names)} if "R" in circuit.banks else {}
    paths = [f"{circuit.banks[one.device].names[e]}.{one.param}" for e in one.elements]
    return Chosen("R", "r", np.array([at[path] for path in paths if path in at], dtype=np.int64))


def _named(circuit: FlatCircuit, parts: Sequence[str]) -> list[Chosen]:
    devices = {**DEVICES, **{bank.device.name: bank.device for bank in circuit.banks.values()}}
    for words in (1, 2):  # sky130.nfet_01v8 is one kind
        kind = ".".join(parts[:words]).removesuffix("[*]")
        if kind in devices:
            return list(_of_kind(circuit, devices[kind], parts[words:]))
    found = [Chosen("", "", rows) for rows in [_states(circuit, parts)] if len(rows)]
    for name, bank in circuit.banks.items():
        for path, param in ((parts, bank.device.value), (parts[:-1], _own(parts[-1]))):
            if path and param in bank.device.param_names:
                rows = _matching(bank.names, path)
                if len(rows):
                    found.append(Chosen(name, param, rows))
    return found


def _of_kind(circuit: FlatCircuit, device: Device, rest: Sequence[str]) -> Iterator[Chosen]:
    param = _own(rest[0]) if rest else device.value
    if len(rest) > 1 or param not in device.param_names:
        named = ".".join(rest)
        raise TaskError(
            f"{device.name} has no parameter '{named}'" if rest else f"{device.name} has no main value",
            f"its parameters are {', '.join(device.param_names)}",
        )
    for name in (device.name, *ALSO.get(device.name, ())):
        if name in circuit.banks and param in circuit.banks[name].device.param_names:
            yield Chosen(name, param, np.arange(len(circuit.banks[name].names)))


def _own(param: str) -> str:
    return BETA.get(param, param)


def _states(circuit: FlatCircuit, parts: Sequence[str]) -> Ints:
    """States that stand for parameters of modules, which have tolerances."""
    named = _matching([state.name for state in circuit.states], parts)
    return np.array([k for k in named.tolist() if circuit.states[k].tolerance is not None], dtype=np.int64)


def _matching(names: Sequence[str], path: Sequence[str]) -> Ints:
    start = r"(?:.*\.)?" if path[0] == "*" else ""
    pattern = re.compile(start + r"\.".join(_pattern(part) for part in path[1 if start else 0 :]))
    return np.array([k for k, name in enumerate(names) if pattern.fullmatch(name)], dtype=np.int64)


def _pattern(part: str) -> str:
    """`e[*]` matches `e[3]`, and `e` matches `e` alone."""
    return re.escape(part).replace(r"\[\*\]", r"\[[^\]]*\]")
