"""Algorithm 1 of arXiv 2602.03546: EMFs in series with the outputs' resistors, currents squared.

    d r = -(rate / 2 beta) [i_C^2 - i_F^2],    EMFs beta dC/du(free), i the current of each edge

Needs: a voltage source in series with each output's resistor, these being alike and fixed (else it is
no gradient); a twin, or an edge that remembers one square.

Its limit is the gradient of the voltage loss over r_o on every edge but the outputs' own, where all outputs have one fixed
resistance r_o; where these differ or learn it is another direction (gep.md section 3). In r dE/dr = -i^2 / 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.learn.methods.contrastive import ONE_SIDED, Pushing, Stencil
from netlearn.learn.nudge import Nudge, Series


@dataclass(frozen=True)
class TwoPhase(Pushing):
    """See the module."""

    nudge: ClassVar[Nudge] = Series()
    stencil: ClassVar[Stencil] = ONE_SIDED
    beta: float = field(default=0.1, metadata={"doc": "nudge: EMF a unit of dC/du (1 for volts and squares)"})
