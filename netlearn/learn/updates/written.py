"""Programming noise: what is written is not what was meant (memristors, floating gates).

    change_e -> change_e (1 + relative n) + absolute n',    n, n' normal, drawn anew at every write

A value that is not to change is not written, and keeps still.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.options import STATE, check_not_negative
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick

WRITES = 12


@dataclass(frozen=True)
class Written:
    """See the module."""

    relative: float = field(default=0.1, metadata={"doc": "standard deviation as a part of the change"})
    absolute: float = field(default=0.0, metadata={"doc": "standard deviation of every write", "unit": STATE})

    def __post_init__(self) -> None:
        check_not_negative(relative=self.relative, absolute=self.absolute)

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        noise = tick.rng(WRITES).standard_normal((2, *change.shape))
        return np.where(change != 0, change * (1.0 + self.relative * noise[0]) + self.absolute * noise[1], 0.0)
