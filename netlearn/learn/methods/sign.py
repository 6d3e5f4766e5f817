"""The comparator rule of the first learning networks (Dillavou et al., Phys. Rev. Applied 18, 014040, 2022).

    dR = delta sgn(|d_C| - |d_F|)

Each edge only knows which of its two drops is larger, and moves its resistance one step up or down. Drops that
differ by less than `dead` volts count as equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Floats
from netlearn.learn.edges import Contrast
from netlearn.learn.methods.method import Formula, check_eta, check_positive
from netlearn.learn.options import STATE
from netlearn.learn.plan import Plan, add, adding
from netlearn.solve.lesson import MAGNITUDES


@dataclass(frozen=True)
class Sign:
    """See the module."""

    eta: float = field(default=1.0, metadata={"doc": "nudge, 0..1"})
    delta: float = field(default=1.0, metadata={"doc": "step of the learnable value", "unit": STATE})
    dead: float = field(default=1e-9, metadata={"doc": "drops closer than this count as equal", "unit": "V"})

    def __post_init__(self) -> None:
        check_eta(self.eta)
        check_positive(delta=self.delta, dead=self.dead)

    def change(self, contrast: Contrast, plan: Plan) -> Floats:
        """The comparator compares the edge's summed magnitudes: in a twin each half brings one of the two."""
        free, clamped = contrast.squares
        larger = contrast.to_states([np.sqrt(c) - np.sqrt(f) for f, c in zip(free, clamped, strict=True)])
        up = np.where(np.abs(larger) > self.dead, np.sign(larger), 0.0)
        return (
            -self.delta
            * up
            * np.sign(
                contrast.to_states([np.broadcast_to(s, f.shape) for s, f in zip(plan.polarity, free, strict=True)])
            )
        )

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula:
        return Formula(MAGNITUDES, self.delta, adding(plan), plan.polarity, [0] * len(plan.groups), self.dead)

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        return add(states, change, plan)
