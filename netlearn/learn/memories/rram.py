"""Resistive memory (oxide filaments): conductive states spread normally, resistive ones in their logarithm.

With g the conductance in parts of the largest (of the bounds), n normal numbers, each cell's own:

    written   g (1 + spread n)   where g >= off,   else g exp(deep n)
    read      g (1 + noise n')

One pulse without looking (open loop, verify = 0) spreads 10 to 30 %. With write and verify it is written again until
|written / meant - 1| <= verify, so n is what a normal number is that must lie within those bounds; 1 to 5 % are left. That low
resistance spreads normally and high resistance log-normally is what arrays show (Ielmini, Semicond. Sci. Technol. 31, 063002,
2016); the figures are of the usual size, for a process with figures of its own to be replaced.

A learnable value is the conductance of a cell, or its resistance. What is kept stays: there is no drift.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr, ndtri

from netlearn.circuit.chance import Chance
from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.memories.memory import cells
from netlearn.learn.options import check_not_negative
from netlearn.learn.plan import Plan


@dataclass(frozen=True)
class Writing:
    """How a cell is written."""

    spread: float = field(
        default=0.2, metadata={"doc": "standard deviation of one pulse, as a part of the conductance"}
    )
    deep: float = field(default=0.5, metadata={"doc": "that of the logarithm of a conductance below `off`"})
    off: float = field(default=0.1, metadata={"doc": "part of the largest conductance below which a cell is off, 0..1"})
    verify: float = field(
        default=0.05, metadata={"doc": "how far off verified writes may be, 0..1; 0: none are verified"}
    )

    def __post_init__(self) -> None:
        check_not_negative(spread=self.spread, deep=self.deep, off=self.off, verify=self.verify)
        if self.verify >= 1.0:
            raise TaskError(f"verify is {self.verify:g}", "give verify a part below 1, or 0 for open loop", "verify")

    def written(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        own = cells("rram", plan)
        g, n = own.parts(states), chance.normal("rram/write", own.names)
        on = 1.0 + self.spread * self._verified(n, self.spread, -self.verify, self.verify)
        off = np.exp(self.deep * self._verified(n, self.deep, *np.log([1.0 - self.verify, 1.0 + self.verify]).tolist()))
        return own.keeping(g * np.where(g >= self.off, on, off), states)

    def _verified(self, n: Floats, spread: float, low: float, high: float) -> Floats:
        """Normal numbers as they are if `spread` of them has to lie between `low` and `high`."""
        if self.verify == 0.0 or spread == 0.0:
            return n
        first, last = ndtr(low / spread), ndtr(high / spread)
        return np.asarray(ndtri(first + (last - first) * ndtr(n)))


@dataclass(frozen=True)
class Rram(Writing):
    """See the module."""

    noise: float = field(default=0.01, metadata={"doc": "standard deviation of what is read, as a part of it"})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_not_negative(noise=self.noise)

    def read(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        own = cells("rram", plan)
        return own.keeping(own.parts(states) * (1.0 + self.noise * chance.normal("rram/read", own.names)), states)
