"""Mirror descent with the entropy for a potential (exponentiated gradient, Kivinen, Warmuth, 1997).

    theta -> theta exp(scale change)

For small steps the same as modulation by theta; values keep their sign and few of them become large.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.options import check_positive
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick


@dataclass(frozen=True)
class Mirror:
    """See the module."""

    scale: float = field(default=1.0, metadata={"doc": "logarithm of the factor, a unit of change"})

    def __post_init__(self) -> None:
        check_positive(scale=self.scale)

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        return states * np.expm1(np.clip(self.scale * change, -50.0, 50.0))
