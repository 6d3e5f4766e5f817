"""The rule of the transistor networks (Dillavou et al., PNAS 2024; arXiv 2505.22887): squared drops on a gate.

    dG = rate [(d_F)^2 - (d_C)^2]

Needs: a twin, an analog multiplier an edge, and outputs that can be held part of the way to their labels.

The multiplier forms the difference of squares and charges the gate capacitor; `rate` (V/V^2) is the learning time over
R C V0. Where a higher value of the state means less conductance the sign is reversed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.circuit.flat import FlatCircuit, Floats
from netlearn.learn.bench import Bench
from netlearn.learn.edges import Seen
from netlearn.learn.methods.contrastive import ONE_SIDED, contrast
from netlearn.learn.methods.method import Formula, Method, check_eta
from netlearn.learn.nudge import Hold
from netlearn.learn.options import check_positive
from netlearn.learn.plan import Plan, add, adding
from netlearn.solve.lesson import SQUARES


@dataclass(frozen=True)
class Hardware(Method):
    """See the module."""

    holds: ClassVar[bool] = True
    rate: float = field(metadata={"doc": "change of the learnable value a V^2 and step"})
    eta: float = field(default=1.0, metadata={"doc": "nudge, 0..1"})

    def __post_init__(self) -> None:
        check_eta(self.eta)
        check_positive(rate=self.rate)

    def change(self, bench: Bench) -> Floats | None:
        def squares(seen: Seen) -> Floats:
            return seen.to_states([s * q for s, q in zip(bench.plan.polarity, seen.squares, strict=True)])

        found = contrast(bench, Hold(), ONE_SIDED, self.eta, squares)
        return None if found is None else found[0].mean(-self.rate * found[1])

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula:
        return Formula(self.eta, SQUARES, self.rate, adding(plan), plan.polarity, [0] * len(plan.groups))

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        return add(states, change, plan)
