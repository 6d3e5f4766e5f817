"""Only the values that would move most do (top-k masks).

    change_e -> change_e if |change_e| is among the largest, else 0

Where the values differ much in size it is the largest steps that count, not the largest relative ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.options import check_fraction
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick


@dataclass(frozen=True)
class Top:
    """See the module."""

    fraction: float = field(default=0.1, metadata={"doc": "part of the values that move in a step, 0..1"})

    def __post_init__(self) -> None:
        check_fraction(fraction=self.fraction)

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        count = round(self.fraction * np.count_nonzero(plan.free))
        size = np.where(plan.free, np.abs(change), -1.0)
        rank = np.argsort(np.argsort(-size, axis=1, kind="stable"), axis=1)
        return np.where(rank < count, change, 0.0)
