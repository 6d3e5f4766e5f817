"""Algorithm 1 of arXiv 2602.03546 with EMFs of both signs.

    d r = -(rate / 4 beta) [i_C(beta)^2 - i_C(-beta)^2],    EMFs +- beta dC/du(free), i the current of each edge

Needs: a voltage source in series with each output's resistor, these being alike and fixed (else it is
no gradient); an edge that remembers one square.

Exact (but for the factor r_o) at any beta where the one-sided rule is so in the limit, see there; free of its bias under noisy labels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.learn.methods.contrastive import CENTRED, Pushing, Stencil
from netlearn.learn.nudge import Nudge, Series


@dataclass(frozen=True)
class TwoPhaseCentred(Pushing):
    """See the module."""

    nudge: ClassVar[Nudge] = Series()
    stencil: ClassVar[Stencil] = CENTRED
    beta: float = field(default=0.1, metadata={"doc": "nudge: EMF a unit of dC/du (1 for volts and squares)"})
