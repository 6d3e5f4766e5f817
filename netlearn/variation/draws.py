"""Draws of a manufactured circuit: which parameters spread by which laws, and copies of the circuit with them off.

A parameter p of an element is made as

    p = p0 (1 + r_lot) (1 + r_apart) (1 + r_within) + a_lot + a_apart + a_within

r those spreads that are relative, a the others, each a law of a standard normal number of its own: `within` drawn for every
element, `apart` for every group of matched elements (or element that is in none), `lot` for all elements of a kind together.
No part leaves the bounds of a parameter, or has less than a tenth of one that must not be negative (`buildable`). What states
set is off on its way into the parameter (`Params.off`), so that learning moves the state and the part keeps its tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from netlearn.circuit.chance import Chance
from netlearn.circuit.flat import LEAST, STATES, FlatCircuit, Floats, Ints, Off, Params, buildable, with_states
from netlearn.circuit.model import Spread, Tolerance
from netlearn.devices import Device
from netlearn.errors import CircuitError
from netlearn.variation.corners import FAR, lot
from netlearn.variation.select import ALSO


@dataclass(frozen=True)
class Varied:
    """One parameter of some elements of a bank (or some states, device ""), by one tolerance. names: their paths; groups: what
    each is matched in, or its path."""

    device: str
    param: str
    elements: Ints
    names: tuple[str, ...]
    groups: tuple[str, ...]
    tolerance: Tolerance

    @property
    def key(self) -> tuple[str, str]:
        """Under which `Params.off` and a draw's numbers have it."""
        return (self.device, self.param) if self.device else STATES

    @property
    def label(self) -> str:
        """What a person calls it."""
        return f"{self.kind}.{self.param}" if self.device else self.param

    @property
    def kind(self) -> str:
        """The device as a netlist calls it."""
        return next((name for name, also in ALSO.items() if self.device in also), self.device)


@dataclass(frozen=True)
class Part:
    """One of the spreads of a tolerance: the normal numbers that it takes (`what`, names), and which of them each of the
    elements has."""

    spread: Spread
    what: str
    names: tuple[str, ...]
    of: Ints


def varied(circuit: FlatCircuit, chosen: Mapping[tuple[str, str, int], Tolerance]) -> tuple[Varied, ...]:
    """All that spreads in a circuit: tolerances of its elements and instances, and those `chosen` by (device, parameter,
    element) in their place. CircuitError where a law wants sizes that a part has not."""
    every: dict[tuple[str, str, int], Tolerance] = {}
    for name, bank in circuit.banks.items():
        every |= {(name, t.param, e): t for e, given in bank.tolerances.items() for t in given}
    every |= {("", "", k): s.tolerance for k, s in enumerate(circuit.states) if s.tolerance is not None}
    grouped: dict[tuple[str, str, Tolerance], list[int]] = {}
    for (device, param, element), tolerance in {**every, **chosen}.items():
        grouped.setdefault((device, param, tolerance), []).append(element)
    found = tuple(_varied(circuit, *key, np.array(sorted(elements))) for key, elements in grouped.items())
    for one in found:
        _check_sizes(circuit, one)
    return found


def _varied(circuit: FlatCircuit, device: str, param: str, tolerance: Tolerance, elements: Ints) -> Varied:
    if device:
        bank = circuit.banks[device]
        names = tuple(bank.names[e] for e in elements)
        groups = tuple(bank.matches.get(e, bank.names[e]) for e in elements.tolist())
        return Varied(device, param, elements, names, groups, tolerance)
    states = [circuit.states[k] for k in elements]
    names, groups = tuple(s.name for s in states), tuple(s.match or s.name for s in states)
    return Varied("", tolerance.param, elements, names, groups, tolerance)


@np.errstate(over="ignore")
def _check_sizes(circuit: FlatCircuit, one: Varied) -> None:
    for part in parts(one):
        off = part.spread.off(np.ones((1, len(one.names))), *sizes(circuit, one))
        bad = np.flatnonzero(np.isnan(np.broadcast_to(off, (1, len(one.names)))[0]))
        if len(bad):
            raise CircuitError(
                f"{one.param} of {one.names[bad[0]]} spreads with its area, and it has no sizes above zero",
                "give them: pelgrom(1%*um, w = 2um, l = 10um)",
            )


def parts(one: Varied) -> Iterator[Part]:
    """The spreads of a tolerance, from the widest to the narrowest."""
    count, tolerance = len(one.names), one.tolerance
    if tolerance.lot is not None:
        yield Part(tolerance.lot, f"lot/{one.param}", (one.kind or one.param,), np.zeros(count, dtype=np.int64))
    if tolerance.apart is not None:
        groups = {group: k for k, group in enumerate(dict.fromkeys(one.groups))}
        of = np.array([groups[group] for group in one.groups])
        yield Part(tolerance.apart, f"apart/{one.label}", tuple(groups), of)
    yield Part(tolerance.within, f"within/{one.param}", one.names, np.arange(count))


def sizes(circuit: FlatCircuit, one: Varied, area: float = 1.0) -> tuple[Floats, Floats]:
    """W and L (E,) in m of what spreads, as if it had so many times its area; NaN where it has none."""
    given = circuit.base.get(one.device, {})
    none = np.full(len(one.names), np.nan)
    w, l = (given[size][one.elements] if size in given else none for size in ("w", "l"))  # noqa: E741
    return w * np.sqrt(area), l * np.sqrt(area)


@np.errstate(over="ignore", invalid="ignore")  # solvers refuse what is no number
def drawn(
    circuit: FlatCircuit,
    varying: Sequence[Varied],
    params: Params,
    chance: Chance,
    corner: str = "",
    area: float = 1.0,
    far: float = FAR,
) -> Params:
    """A draw of the circuit for each of `chance`, from the numbers of one as it is meant (or D of them). corner: one of a
    process, `far` standard deviations off, instead of lots that are drawn; area: as if every part had so many times its own,
    for laws of areas."""
    params = params.copies(chance.draws) if params.draws == 1 else params
    values = dict(params.values)
    off: dict[tuple[str, str], Off] = {}
    for one in varying:
        gain, shift = _off(circuit, one, chance, corner, area, far)
        count = params.states.shape[1] if one.key == STATES else len(circuit.banks[one.device].names)
        now = off.setdefault(one.key, Off(np.ones((chance.draws, count)), np.zeros((chance.draws, count))))
        now.gain[:, one.elements], now.shift[:, one.elements] = gain, shift
    set_by_states = {(rule.device, rule.param) for rule in circuit.rules} | {STATES}
    for (device, param), by in off.items():
        if device:
            values[device] = {**values[device], param: _made(circuit.banks[device].device, param, values, by)}
    kept = {key: by for key, by in off.items() if key in set_by_states}
    return with_states(circuit, replace(params, values=values, off=kept), params.states)


def _of_corner(circuit: FlatCircuit, one: Varied, corner: str, far: float) -> Floats:
    """The normal numbers (E,) of a lot in a corner: of a part of a value that is below zero the other way."""
    if not one.device:
        return np.zeros(len(one.names))
    number = lot(corner, circuit.banks[one.device].device, one.param, far)
    meant = circuit.base[one.device][one.param][one.elements]
    assert one.tolerance.lot is not None
    return number * np.where(meant < 0, -1.0, 1.0) if one.tolerance.lot.relative else np.full(len(meant), number)


def _off(circuit: FlatCircuit, one: Varied, chance: Chance, corner: str, area: float, far: float) -> Off:
    gain = np.ones((chance.draws, len(one.names)))
    shift = np.zeros_like(gain)
    for part in parts(one):
        if corner and part.spread is one.tolerance.lot:
            numbers = np.broadcast_to(_of_corner(circuit, one, corner, far), (chance.draws, len(one.names)))
        else:
            numbers = chance.normal(part.what, part.names)[:, part.of]
        by = part.spread.grown(area).off(numbers, *sizes(circuit, one, area))
        gain, shift = (gain * (1.0 + by), shift) if part.spread.relative else (gain, shift + by)
    signed = not one.device or circuit.banks[one.device].device.param(one.param).allowed == "any"
    return Off(gain if signed else np.maximum(gain, LEAST), shift)


def _made(device: Device, param: str, values: Mapping[str, Mapping[str, Floats]], by: Off) -> Floats:
    meant = values[device.name][param]
    return buildable(device.param(param), by.of(meant), meant)
