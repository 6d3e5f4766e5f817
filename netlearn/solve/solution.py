"""What a solver answers: unknowns a lane, and honestly whether each lane settled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import FlatCircuit, Floats, Ints, Params
from netlearn.devices import known_law


@dataclass(frozen=True)
class Solution:
    """Operating points for D draws and S samples.

    x: (D, S, size) node voltages (ground first) and branch currents; NaN in a lane that did not settle.
    settled: (D, S). steps: (D, S) Newton steps, 0 where unknown. residual: (D, S) largest Kirchhoff error
    in A, NaN where unknown. worst: (D, S) unknown with that error, -1 where unknown.
    """

    x: Floats
    settled: NDArray[np.bool_]
    steps: Ints
    residual: Floats
    worst: Ints

    def of(self, samples: NDArray[np.bool_] | Ints) -> Solution:
        """The same for some of the samples."""
        names = ("x", "settled", "steps", "residual", "worst")
        return Solution(*(getattr(self, name)[:, samples] for name in names))


def bank_unknowns(circuit: FlatCircuit, device: str, x: Floats) -> list[Floats]:
    """Local unknowns of every element of a device: one array (D, S, E) a terminal and branch."""
    local = x[..., circuit.banks[device].unknowns]
    return [local[..., k] for k in range(local.shape[-1])]


def bank_params(circuit: FlatCircuit, device: str, params: Params) -> list[Floats]:
    """Parameters of every element of a device, (D, 1, E) each, in the order of the device's table."""
    values = params.values[device]
    return [values[name][:, None, :] for name in circuit.banks[device].device.param_names]


def read(circuit: FlatCircuit, params: Params, x: Floats, half: str = "free") -> Floats:
    """The outputs (D, S, O) in the `free` or `clamped` half."""
    plus, minus = circuit.read_nodes[half]
    values = x.take(plus, axis=-1) - x.take(minus, axis=-1)
    for k, port in enumerate(circuit.outputs):
        if port.kind == "I":
            device, element = port.element
            values[..., k] = currents(circuit, params, x, device)[0][..., element]
    return np.asarray(values)


def currents(circuit: FlatCircuit, params: Params, x: Floats, device: str) -> list[Floats]:
    """Current into each terminal of every element of a device, (D, S, E) each, from the device's law."""
    bank = circuit.banks[device]
    shape = (*x.shape[:2], len(bank.names))
    with np.errstate(all="ignore"):
        f = known_law(bank.device).evaluate(bank_unknowns(circuit, device, x), bank_params(circuit, device, params))
    return [np.broadcast_to(value, shape) for value in f[: len(bank.device.terminals)]]
