"""A capacitor keeps a gate voltage, and a leaking resistance discharges it towards where it rests.

    V -> rest + (V - rest) exp(-t / tau),      tau = R C, log-normal from part to part as in `droop`

with the median `tau` and `spread` the standard deviation of 1 / tau as a part of its mean. Writing is exact.

A learnable value is a voltage that a capacitor keeps, as a gate's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.chance import Chance
from netlearn.circuit.flat import Floats
from netlearn.circuit.lognormal import lognormal
from netlearn.learn.memories.memory import WHOLE_DAY, need
from netlearn.learn.options import check_not_negative, check_positive
from netlearn.learn.plan import Plan


@dataclass(frozen=True)
class Decay:
    """See the module."""

    tau: float = field(metadata={"doc": "median of the time constant", "unit": "s"})
    spread: float = field(default=0.0, metadata={"doc": "standard deviation of its inverse, as a part of the mean"})
    rest: float = field(default=0.0, metadata={"doc": "where it ends", "unit": "V"})
    after: float = field(default=WHOLE_DAY, metadata={"doc": "time from programming to reading", "unit": "s"})

    def __post_init__(self) -> None:
        check_positive(tau=self.tau)
        check_not_negative(spread=self.spread, after=self.after)

    def written(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        return states

    def read(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        need("decay", plan, ("V",), "the voltage of a capacitor")
        learning = np.flatnonzero(plan.free)
        rates = lognormal(self.spread, chance.normal("decay", [plan.names[k] for k in learning])) / self.tau
        new = states.copy()
        new[:, learning] = self.rest + (states[:, learning] - self.rest) * np.exp(-self.after * rates)
        return new
