"""What a memory is: how a learned value is kept, which is not quite how it was meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.chance import Chance
from netlearn.circuit.flat import Floats, Ints
from netlearn.errors import TaskError
from netlearn.learn.plan import Plan

FLOOR = 1e-6  # of its full scale: no conductance is less, so that a resistance stays finite
WHOLE_DAY = 86400.0  # s


class Memory(Protocol):
    """A value: its options are its fields (see `netlearn.learn.options`). States (D, S) are SI values of every learnable
    value; those that do not learn (frozen) are no memory's, and stay what they are. TaskError where a memory cannot keep what
    a learnable value is. Results are functions of `chance`, by the names of the plan."""

    def written(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        """What lies there right after `states` have been programmed once."""
        ...

    def read(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        """What is found later where `states` lay right after they were programmed."""
        ...


@dataclass(frozen=True)
class Cells:
    """The values of a plan that learn (F of them), each the conductance of a cell or its inverse.

    learning (F,): their places. inverse (F,): of those that are resistances. full (F,): the largest conductance that the
    bounds of each allow (S).
    """

    learning: Ints
    inverse: NDArray[np.bool_]
    full: Floats
    names: tuple[str, ...]

    def parts(self, states: Floats) -> Floats:
        """Their conductances in parts of the largest, (D, F)."""
        own = states[:, self.learning]
        return np.asarray(np.where(self.inverse, 1.0 / np.where(self.inverse, own, 1.0), own) / self.full)

    def keeping(self, parts: Floats, states: Floats) -> Floats:
        """States with these conductances, in parts of the largest; none is less than FLOOR."""
        siemens = np.maximum(parts, FLOOR) * self.full
        new = states.copy()
        new[:, self.learning] = np.where(self.inverse, 1.0 / siemens, siemens)
        return new


def cells(what: str, plan: Plan) -> Cells:
    """Memristive cells of a plan. TaskError where a learnable value is neither a resistance nor a conductance, or its
    conductance has no largest value."""
    learning = np.flatnonzero(plan.free)
    need(what, plan, ("Ohm", "S"), "the conductance or the resistance of its cell")
    inverse = np.array([plan.units[k] == "Ohm" for k in learning], dtype=bool)
    low, high = plan.low[learning], plan.high[learning]
    full = np.where(inverse, 1.0 / np.where(low > 0, low, np.nan), high)
    endless = ~(np.isfinite(full) & (full > 0))
    if endless.any():
        name = plan.names[int(learning[int(np.argmax(endless))])]
        raise TaskError(
            f"{what} has a largest conductance, and {name} has none", "give it bounds: learn(10k, 1k..100k)"
        )
    return Cells(learning, inverse, full, tuple(plan.names[k] for k in learning))


def need(what: str, plan: Plan, units: tuple[str, ...], meaning: str) -> None:
    """TaskError where a value that learns is measured in something else."""
    for k in np.flatnonzero(plan.free).tolist():
        if plan.units[k] not in units:
            found = f"in {plan.units[k]}" if plan.units[k] else "no value of a part itself"
            raise TaskError(f"{what} keeps {meaning}, and {plan.names[k]} is {found}", "choose another memory for it")
