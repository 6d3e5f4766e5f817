"""A capacitor keeps a gate voltage, and a leak of constant current discharges it towards where it rests.

    V -> V - sign(V - rest) min(|V - rest|, I t / C),      I = current exp(sigma n),   sigma^2 = ln(1 + spread^2)

I is log-normal from part to part, as leakages are, with the median `current`; `spread` is its standard deviation as a part of
its mean. 30 pA (the most that data sheets of small MOS arrays promise) on 22 uF are 1.4 uV/s, 1 fA on 1 pF 1 mV/s. Writing is
exact.

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
class Droop:
    """See the module."""

    current: float = field(metadata={"doc": "median of the leakage", "unit": "A"})
    c: float = field(metadata={"doc": "the capacitor", "unit": "F"})
    spread: float = field(default=0.0, metadata={"doc": "standard deviation of the leakage, as a part of its mean"})
    rest: float = field(default=0.0, metadata={"doc": "where it ends", "unit": "V"})
    after: float = field(default=WHOLE_DAY, metadata={"doc": "time from programming to reading", "unit": "s"})

    def __post_init__(self) -> None:
        check_not_negative(current=self.current, spread=self.spread, after=self.after)
        check_positive(c=self.c)

    def written(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        return states

    def read(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        need("droop", plan, ("V",), "the voltage of a capacitor")
        learning = np.flatnonzero(plan.free)
        above = states[:, learning] - self.rest
        currents = self.current * lognormal(self.spread, chance.normal("droop", [plan.names[k] for k in learning]))
        new = states.copy()
        new[:, learning] = self.rest + np.sign(above) * np.maximum(np.abs(above) - currents * self.after / self.c, 0.0)
        return new
