"""The learning switch injects charge: each time it goes off the gate jumps.

    G -> G + v at the end of every pulse,   v ~ N(mean, sd) of each learnable value, always the same

A transistor switch lets go of the charge of its channel, half of it into the gate capacitor C, and its overlap capacitance
couples the edge of its own gate into it (Sheu and Hu, IEEE J. Solid-State Circuits 19, 519, 1984):

    v = -(W L Cox (VH - V - VT) + 2 W Cov VH) / (2 C)          of an n-channel switch, up for a p-channel one

Of 2 um by 0.5 um, 1 fF/um^2 and 1.3 V of drive that is 65 mV on 10 fF, 0.65 mV on 1 pF and 30 pV on 22 uF. A pulse is one
sample of a training that the switch is on for; those of a batch add up.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative


@dataclass(frozen=True)
class Injection(Imperfection):
    """See the module."""

    mean: float = field(default=0.0, metadata={"doc": "of the jumps", "unit": "V"})
    sd: float = field(default=0.0, metadata={"doc": "standard deviation of the jumps, from part to part", "unit": "V"})

    def __post_init__(self) -> None:
        check_not_negative(sd=self.sd)

    def onto(self, board: Board) -> Board:
        jumps = self.mean + self.sd * board.normal("injection", board.plan.names)
        return board.add(jump=np.where(board.plan.free, jumps, 0.0))
