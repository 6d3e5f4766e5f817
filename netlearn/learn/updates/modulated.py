"""A value's own size sets how fast it learns (rate modulation, as in the public codes of the laboratories).

    change_e -> change_e |theta_e|^power

In conductances power = 2 is a step of the logarithm and power = 4 a step of the resistance, as long as steps are small.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick


@dataclass(frozen=True)
class Modulated:
    """See the module."""

    power: float = field(default=1.0, metadata={"doc": "of the learnable value"})

    def __post_init__(self) -> None:
        if not np.isfinite(self.power):
            raise TaskError(f"power is {self.power:g}", "give a finite power", "power")

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        return change * np.abs(states) ** self.power
