"""Contrastive Hebbian learning (Movellan, 1991): coupled learning with the outputs all the way at their labels.

    d theta = -rate [dE/dtheta(at the labels) - dE/dtheta(free)]

Needs: outputs that can be held at their labels; a twin, or an edge that remembers one square.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.learn.methods.coupled import Coupled


@dataclass(frozen=True)
class Hebbian(Coupled):
    """See the module."""

    eta: float = field(default=1.0, init=False)
