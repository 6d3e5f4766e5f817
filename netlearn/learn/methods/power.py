"""Power-regularised coupled learning (Stern, Dillavou, Jayaraman, Durian, Liu, APL Mach. Learn. 2, 016114, 2024).

    d theta = -(rate / eta) [dE/dtheta(clamped) - dE/dtheta(free)] - 2 rate share dE/dtheta(free)

Needs: what coupled learning needs.

With voltages for inputs the power P = 2 E of a linear network has dP/dg = d_F^2 = 2 dE/dg, so this descends the contrast
plus `share` times the power.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.learn.methods.contrastive import Clamping, Stencil
from netlearn.learn.nudge import Hold, Nudge


@dataclass(frozen=True)
class Power(Clamping):
    """See the module."""

    share: float = field(default=1e-3, metadata={"doc": "weight of the power against the contrast"})
    nudge: ClassVar[Nudge] = Hold()

    @property
    def stencil(self) -> Stencil:  # type: ignore[override]
        return ((0.0, 2 * self.eta * self.share - 1.0), (1.0, 1.0))
