"""Equilibrium propagation with the nudge turned round: outputs are pushed away from their labels.

    d theta = -(rate / beta) [dE/dtheta(0) - dE/dtheta(-beta)],    currents beta dC/du(free) into the outputs

Needs: current sources at the outputs, for any loss; a twin, or an edge that remembers one square.

Its error is O(beta), of the other sign than that of the positive nudge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlearn.learn.methods.contrastive import NEGATIVE, Pushing, Stencil
from netlearn.learn.nudge import Feed, Nudge


@dataclass(frozen=True)
class EquilibriumNegative(Pushing):
    """See the module."""

    nudge: ClassVar[Nudge] = Feed()
    stencil: ClassVar[Stencil] = NEGATIVE
