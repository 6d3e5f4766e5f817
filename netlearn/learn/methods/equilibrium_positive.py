"""Equilibrium propagation as first written (Scellier, Bengio, 2017), nudged by constant currents.

    d theta = -(rate / beta) [dE/dtheta(beta) - dE/dtheta(0)],    currents -beta dC/du(free) into the outputs

Needs: current sources at the outputs, for any loss; a twin, or an edge that remembers one square.

Its error is O(beta).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlearn.learn.methods.contrastive import ONE_SIDED, Pushing, Stencil
from netlearn.learn.nudge import Feed, Nudge


@dataclass(frozen=True)
class EquilibriumPositive(Pushing):
    """See the module."""

    nudge: ClassVar[Nudge] = Feed()
    stencil: ClassVar[Stencil] = ONE_SIDED
