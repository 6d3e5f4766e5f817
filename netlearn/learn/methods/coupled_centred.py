"""Centred coupled learning (Kline et al.'s symmetric rule): outputs held once towards and once away from their labels.

    d theta = -(rate / 2 eta) [dE/dtheta(+eta) - dE/dtheta(-eta)]

Needs: outputs that can be held on either side; an edge that remembers one square, in a twin as well.

In a linear network this is the limit of small nudges for any eta (gep.md section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from netlearn.learn.methods.contrastive import CENTRED, Clamping, Stencil
from netlearn.learn.nudge import Hold, Nudge


@dataclass(frozen=True)
class CoupledCentred(Clamping):
    """See the module."""

    nudge: ClassVar[Nudge] = Hold()
    stencil: ClassVar[Stencil] = CENTRED
