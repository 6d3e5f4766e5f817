"""No value moves by more than a part of itself in a step.

    change_e -> change_e, at most fraction |theta_e| either way

What public codes call clipping; it keeps conductances from being thrown to their bounds by one sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.options import check_fraction
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick


@dataclass(frozen=True)
class Limited:
    """See the module."""

    fraction: float = field(default=0.5, metadata={"doc": "largest step, as a part of the value"})

    def __post_init__(self) -> None:
        check_fraction(fraction=self.fraction)

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        most = self.fraction * np.abs(states)
        return np.clip(change, -most, most)
