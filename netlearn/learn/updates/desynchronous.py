"""Desynchronous learning (Wycoff, Dillavou, Stern, Liu, Durian, J. Chem. Phys. 156, 144903, 2022): each by chance.

    change_e -> change_e with probability p, else 0

Edges need no common clock: every step each decides for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.options import check_fraction
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick

CHANCE = 11


@dataclass(frozen=True)
class Desynchronous:
    """See the module."""

    p: float = field(default=0.5, metadata={"doc": "probability that a value moves in a step"})

    def __post_init__(self) -> None:
        check_fraction(p=self.p)

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        return np.where(tick.rng(CHANCE).random(change.shape) < self.p, change, 0.0)
