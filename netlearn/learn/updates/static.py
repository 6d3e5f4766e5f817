"""Only some values learn at all (arXiv 2602.03546, partial updates): the others never move.

    change_e -> change_e if e is one of the chosen, else 0

Which ones is drawn by the run's seed and each value's path; those of a smaller fraction are among those of a larger one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.options import check_fraction
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick


@dataclass(frozen=True)
class Static:
    """See the module."""

    fraction: float = field(default=0.5, metadata={"doc": "part of the values that learn, 0..1"})

    def __post_init__(self) -> None:
        check_fraction(fraction=self.fraction)

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        free = np.flatnonzero(plan.free)
        ranks = [hashlib.sha256(f"{tick.seed}/static/{plan.names[k]}".encode()).digest() for k in free]
        chosen = free[sorted(range(len(free)), key=ranks.__getitem__)[: round(self.fraction * len(free))]]
        kept = np.zeros_like(change)
        kept[:, chosen] = change[:, chosen]
        return kept
