"""What an experiment finds: the circuit at rest, and where its outputs should go from there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Boundary, Floats, Params
from netlearn.solve.solution import Solution


@dataclass(frozen=True)
class Phase:
    """The circuit at rest under a boundary. `number`: which settling of its step it was."""

    number: int
    boundary: Boundary
    solution: Solution
    params: Params

    @property
    def x(self) -> Floats:
        """Unknowns (D, S, size)."""
        return self.solution.x

    def of(self, rows: NDArray[np.bool_]) -> Phase:
        """The same for some of its samples."""
        chosen = np.flatnonzero(rows)
        return replace(self, boundary=self.boundary.of(chosen), solution=self.solution.of(chosen))


@dataclass(frozen=True)
class Aim:
    """What is to become of the outputs (S, O) of a free phase: `target` voltages (NaN: none), `slope` dC/du; `cost` (S,)
    is C there, `miss` (S,) by how much they miss what is wanted of them, together (V)."""

    outputs: Floats
    target: Floats
    slope: Floats
    cost: Floats
    miss: Floats

    def of(self, rows: NDArray[np.bool_]) -> Aim:
        return Aim(self.outputs[rows], self.target[rows], self.slope[rows], self.cost[rows], self.miss[rows])
