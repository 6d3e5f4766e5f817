"""The rule of the transistor networks (Dillavou et al., PNAS 2024; arXiv 2505.22887): squared drops on a gate.

    dG = rate [(d_F)^2 - (d_C)^2]

An analog multiplier forms the difference of squares and charges the gate capacitor; `rate` (V/V^2) is the
learning time over R C V0. Where a higher value of the state means less conductance the sign is reversed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.circuit.flat import FlatCircuit, Floats
from netlearn.learn.edges import Contrast
from netlearn.learn.methods.method import Formula, check_eta, check_positive
from netlearn.learn.plan import Plan, add, adding
from netlearn.solve.lesson import SQUARES


@dataclass(frozen=True)
class Hardware:
    """See the module."""

    rate: float = field(metadata={"doc": "change of the learnable value a V^2 and step"})
    eta: float = field(default=1.0, metadata={"doc": "nudge, 0..1"})

    def __post_init__(self) -> None:
        check_eta(self.eta)
        check_positive(rate=self.rate)

    def change(self, contrast: Contrast, plan: Plan) -> Floats:
        free, clamped = contrast.squares
        return self.rate * contrast.to_states(
            [s * (f - c) for s, f, c in zip(plan.polarity, free, clamped, strict=True)]
        )

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula:
        return Formula(SQUARES, self.rate, adding(plan), plan.polarity, [0] * len(plan.groups))

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        return add(states, change, plan)
