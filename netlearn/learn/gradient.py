"""The exact gradient of a task's loss in the learnable values, by the adjoint of the native engine."""

from __future__ import annotations

import numpy as np

from netlearn.backends import Backend
from netlearn.backends.native.backend import Native
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Params
from netlearn.errors import BackendError
from netlearn.solve.solution import Solution


def gradient_of_loss(backend: Backend, params: Params, imposed: Boundary, solution: Solution, slope: Floats) -> Floats:
    """dC/d states (D, states), summed over the samples, from dC/du (S, O) at their free phases.

    BackendError where the backend has no gradients.
    """
    return gradient(backend, params, imposed, solution, slopes_of_outputs(backend.circuit, slope))


def gradient(backend: Backend, params: Params, imposed: Boundary, solution: Solution, slopes: Floats) -> Floats:
    """The same from slopes (S, size) in all unknowns."""
    if not isinstance(backend, Native):
        raise BackendError("exact gradients come from the native engine only", "use --backend native for this rule")
    return backend.gradient(params, imposed, solution, np.broadcast_to(slopes, solution.x.shape)).states


def slopes_of_outputs(circuit: FlatCircuit, slope: Floats) -> Floats:
    """dC/dx (S, size) from dC/du (S, O) of outputs in the free half."""
    pulls = np.zeros((len(slope), circuit.size))
    for sign, nodes in zip((1.0, -1.0), circuit.read_nodes["free"], strict=True):
        np.add.at(pulls.T, nodes, sign * slope.T)
    pulls[:, 0] = 0.0
    return pulls
