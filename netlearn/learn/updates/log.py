"""Steps of the logarithm: a value never changes sign.

    u = log theta, du = theta change,    so theta -> theta exp(theta change)

Steepest descent in log theta; for small steps the same as modulation by theta^2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick


@dataclass(frozen=True)
class Log:
    """See the module."""

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        return states * np.expm1(np.clip(states * change, -50.0, 50.0))
