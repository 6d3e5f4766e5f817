"""Coupled learning (Stern, Hexner, Rocks, Liu, PRX 11, 021045, 2021): descend the contrast of contents.

    d theta = -(rate / eta) [dE/dtheta(clamped) - dE/dtheta(free)]

with E the content of the edge. For a conductance that is dg = (rate / 2 eta) (d_F^2 - d_C^2). A resistance learns
through its conductance: R elements move by the same dg, in 1/r (see `netlearn.learn.plan`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.circuit.flat import Floats
from netlearn.learn.edges import Contrast
from netlearn.learn.methods.method import check_eta, check_positive
from netlearn.learn.plan import Plan, descend


@dataclass(frozen=True)
class Coupled:
    """See the module."""

    rate: float = field(metadata={"doc": "step of the learnable value a unit of contrast (S/V^2 for a conductance)"})
    eta: float = field(default=0.5, metadata={"doc": "nudge, 0..1"})

    def __post_init__(self) -> None:
        check_eta(self.eta)
        check_positive(rate=self.rate)

    def change(self, contrast: Contrast, plan: Plan) -> Floats:
        return -(self.rate / self.eta) * contrast.to_states(contrast.content_slopes())

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        return descend(states, change, plan)
