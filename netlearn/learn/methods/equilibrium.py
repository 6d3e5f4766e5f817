"""Equilibrium propagation, centred (Scellier, Bengio, 2017; Laborieux et al., 2021), nudged by constant currents.

    d theta = -(rate / 2 beta) [dE/dtheta(beta) - dE/dtheta(-beta)],    currents -+ beta dC/du(free) into the outputs

Needs: current sources at the outputs, for any loss; an edge that remembers one square.

Exact for any beta in a linear network; elsewhere its error is O(beta^2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlearn.learn.methods.contrastive import CENTRED, Pushing, Stencil
from netlearn.learn.nudge import Feed, Nudge


@dataclass(frozen=True)
class Equilibrium(Pushing):
    """See the module."""

    nudge: ClassVar[Nudge] = Feed()
    stencil: ClassVar[Stencil] = CENTRED
