"""Equilibrium propagation with springs (Kendall et al., 2020): conductances beta tie the outputs to their labels.

    d theta = -(rate / beta) [dE/dtheta(beta) - dE/dtheta(0)],    n = beta (u - y)^2 / 2

Needs: a conductance and a voltage source at each output, for squared errors; a twin, or an edge that remembers one square.

At any beta it is the exact gradient of [F(beta) - F(0)] / beta, which lies below C (gep.md section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlearn.learn.methods.contrastive import ONE_SIDED, Pushing, Stencil
from netlearn.learn.nudge import Energy, Nudge


@dataclass(frozen=True)
class Spring(Pushing):
    """See the module."""

    nudge: ClassVar[Nudge] = Energy("beta * (u - y)^2 / 2")
    stencil: ClassVar[Stencil] = ONE_SIDED
