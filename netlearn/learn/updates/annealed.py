"""The rate falls from epoch to epoch.

    change -> change factor^epoch

A factor of 0.99 halves it in 69 epochs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.circuit.flat import Floats
from netlearn.learn.options import check_fraction
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick


@dataclass(frozen=True)
class Annealed:
    """See the module."""

    factor: float = field(default=0.99, metadata={"doc": "from one epoch to the next"})

    def __post_init__(self) -> None:
        check_fraction(factor=self.factor)

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        return change * self.factor**tick.epoch
