"""Small changes are left out (arXiv 2412.19356's code, untested there): what is below a threshold does not happen.

    change_e -> change_e if |change_e| >= least, else 0

A pulse shorter than the shortest the hardware can make, or a step smaller than a code of a converter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.options import STATE, check_positive
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick


@dataclass(frozen=True)
class Threshold:
    """See the module."""

    least: float = field(metadata={"doc": "smallest change that happens", "unit": STATE})

    def __post_init__(self) -> None:
        check_positive(least=self.least)

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        return np.where(np.abs(change) >= self.least, change, 0.0)
