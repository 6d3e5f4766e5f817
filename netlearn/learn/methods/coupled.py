"""Coupled learning (Stern, Hexner, Rocks, Liu, PRX 11, 021045, 2021): descend the contrast of contents.

    d theta = -(rate / eta) [dE/dtheta(clamped) - dE/dtheta(free)]

Needs: outputs that can be held part of the way to their labels; a twin, or an edge that remembers one square.

With E the content of the edge. For a conductance that is dg = (rate / 2 eta) (d_F^2 - d_C^2). A resistance learns
through its conductance: R elements move by the same dg, in 1/r (see `netlearn.learn.plan`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from netlearn.circuit.flat import FlatCircuit
from netlearn.learn.edges import Group
from netlearn.learn.methods.contrastive import ONE_SIDED, Clamping, Stencil
from netlearn.learn.methods.method import Formula
from netlearn.learn.nudge import Hold, Nudge
from netlearn.learn.plan import Plan, descending
from netlearn.solve.lesson import SQUARES

CONTENTS = {("G", "g"): (0.5, 0), ("R", "r"): (-0.5, 1)}
"""dE/d theta = w theta^-2m d^2 of a linear edge: its content is E = g d^2 / 2, or d^2 / 2 r."""


@dataclass(frozen=True)
class Coupled(Clamping):
    """See the module."""

    nudge: ClassVar[Nudge] = Hold()
    stencil: ClassVar[Stencil] = ONE_SIDED

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula | None:
        """Where the content of every edge is known in closed form."""
        known = [CONTENTS[place] for g in plan.groups if (place := _place(circuit, g)) in CONTENTS]
        if len(known) < len(plan.groups):
            return None
        weights = [np.full(len(g.states), w) for g, (w, _) in zip(plan.groups, known, strict=True)]
        gain = self.rate / self.strength
        return Formula(self.strength, SQUARES, gain, descending(plan), weights, [m for _, m in known])


def _place(circuit: FlatCircuit, group: Group) -> tuple[str, str]:
    """Device and parameter that the states of a group act in."""
    names = circuit.banks[group.device].device.param_names
    return group.device, "" if group.terminal else names[group.column]
