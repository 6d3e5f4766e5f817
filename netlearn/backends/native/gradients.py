"""Gradients on the native engine: from a loss's slopes at operating points to those of states and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netlearn.backends.native.packing import FEW, Ready, in_threads, of_groups, packed_lanes, unpacked_lanes
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Params, slopes_of
from netlearn.devices import kernel
from netlearn.errors import BackendError
from netlearn.jit import WIDTH
from netlearn.solve import reference
from netlearn.solve.adjoint import multipliers_of_eight, multipliers_of_one
from netlearn.solve.newton import scratch


@dataclass(frozen=True)
class Gradient:
    """dL/d states (D, states), summed over samples, and where asked for dL/d values[device][param] (D, E)."""

    states: Floats
    values: Mapping[str, Mapping[str, Floats]]

    def __add__(self, other: Gradient) -> Gradient:
        values = {d: {p: v + other.values[d][p] for p, v in of.items()} for d, of in self.values.items()}
        return Gradient(self.states + other.states, values)


def no_gradient(circuit: FlatCircuit, params: Params, wanted: Sequence[tuple[str, str]]) -> Gradient:
    """That of no samples: zero."""
    values: dict[str, dict[str, Floats]] = {}
    for device, param in _pairs(circuit, wanted):
        values.setdefault(device, {})[param] = np.zeros_like(params.values[device][param])
    return Gradient(np.zeros_like(params.states), values)


def _pairs(circuit: FlatCircuit, wanted: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Parameters to differentiate by: those of states, and others that are wanted."""
    return sorted({*wanted, *((rule.device, rule.param) for rule in circuit.rules)})


def gradient(
    ready: Ready, boundary: Boundary, x: Floats, slopes: Floats, wanted: Sequence[tuple[str, str]], threads: int
) -> Gradient:
    """From dL/dx, `slopes` (D, S, size), at operating points x; `wanted`: parameters besides those of states."""
    shape, params = ready.shape, ready.params
    circuit, lanes = shape.circuit, x.shape[0] * x.shape[1]
    wide = WIDTH if lanes > FEW else 1
    tables, groups = ready.tables(wide), -(-lanes // wide)
    padded = np.minimum(np.arange(groups * wide), lanes - 1)
    numbers = ready.numbers(boundary, padded, wide)
    points, pulled = (packed_lanes(a.reshape(lanes, -1), wide) for a in (x, slopes))
    found = np.zeros((groups, shape.rows * wide))
    run = multipliers_of_eight if wide > 1 else multipliers_of_one

    def work(some: slice) -> None:
        part = of_groups(numbers, some)
        run(tables, part, points[some], pulled[some], found[some], scratch(tables, wide))

    in_threads(work, groups, threads)
    rows = np.concatenate([unpacked_lanes(found, wide)[:lanes], np.zeros((lanes, 1))], axis=1)
    multipliers = rows[:, shape.row].reshape(x.shape)  # zero where there is no equation
    voltages = unpacked_lanes(pulled, wide)[:lanes].reshape(x.shape)
    for draw, sample in np.argwhere(~np.isfinite(multipliers).all(axis=2)).tolist():
        lane = _pivoting(ready, boundary, x, slopes, draw, sample)
        multipliers[draw, sample], voltages[draw, sample] = lane
    values: dict[str, dict[str, Floats]] = {}
    for device, param in _pairs(circuit, wanted):
        values.setdefault(device, {})[param] = _parameter(circuit, params, x, multipliers, device, param)
    for holder in shape.holders:
        param = circuit.banks[holder.device].device.holds
        if param in values.get(holder.device, {}):
            total = holder.sign * voltages[:, :, holder.node].sum(axis=1)
            values[holder.device][param][:, holder.element] = total
    return Gradient(_states(circuit, params, values), values)


def _pivoting(
    ready: Ready, boundary: Boundary, x: Floats, slopes: Floats, draw: int, sample: int
) -> tuple[Floats, Floats]:
    """Multipliers (size,) and dL/dv (size,) of one lane by the reference solver, as `gradient` has them."""
    shape, rows = ready.shape, slice(sample, sample + 1)
    one, part = ready.params.of(slice(draw, draw + 1)), boundary.of(rows)
    found = reference.multipliers(shape.circuit, one, part, x[draw, rows], slopes[draw, rows])[0]
    if not np.isfinite(found).all():
        raise BackendError(
            f"draw {draw}, sample {sample} has no gradient: its equations are singular",
            "is there a loop of sources without resistance, or a node that nothing determines?",
        )
    voltages = np.zeros_like(found)
    fixed = [0, *part.held[np.isfinite(part.voltages[0])].tolist()]
    voltages[fixed] = found[fixed]
    found[fixed] = 0.0
    for holder in shape.holders:
        voltages[holder.node], found[holder.branch] = holder.sign * found[holder.branch], 0.0
    return found, voltages


def _parameter(circuit: FlatCircuit, params: Params, x: Floats, multipliers: Floats, device: str, param: str) -> Floats:
    """-sum over rows and samples of lambda df/dp, (D, E)."""
    bank = circuit.banks[device]
    law, column = kernel(bank.device), bank.device.param_names.index(param)
    local = [x[..., bank.unknowns[:, k]] for k in range(bank.unknowns.shape[1])]
    p = [params.values[device][name][:, None, :] for name in bank.device.param_names]
    total = np.zeros((*x.shape[:2], len(bank.names)))
    with np.errstate(all="ignore"):
        found = law.sensitivity(local, p)
    for (row, c), value in zip(law.sensitivity_entries, found, strict=True):
        if c == column:
            total -= multipliers[..., bank.unknowns[:, row]] * value
    return np.asarray(total.sum(axis=1))


def _states(circuit: FlatCircuit, params: Params, values: Mapping[str, Mapping[str, Floats]]) -> Floats:
    """The chain rule through the formulas that make parameters of states."""
    total = np.zeros_like(params.states)
    for rule in circuit.rules:
        slopes = slopes_of(params, rule)
        for k in range(rule.inputs.shape[1]):
            share = values[rule.device][rule.param][:, rule.elements] * slopes[..., k]
            np.add.at(total.T, rule.inputs[:, k], share.T)
    return total
