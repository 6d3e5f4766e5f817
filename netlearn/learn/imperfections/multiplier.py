"""Analog multipliers and the amplifiers in front of them have offsets.

    (d_F)^2 - (d_C)^2 -> (d_F + o_F)^2 - (d_C + o_C)^2 + p

o ~ N(0, amplifier), of each drop, referred to the network; p ~ N(0, output), of each multiplier.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative


@dataclass(frozen=True)
class Multiplier(Imperfection):
    """See the module."""

    amplifier: float = field(default=0.0, metadata={"doc": "standard deviation of o", "unit": "V"})
    output: float = field(default=0.0, metadata={"doc": "standard deviation of p", "unit": "V^2"})

    def __post_init__(self) -> None:
        check_not_negative(amplifier=self.amplifier, output=self.output)

    def onto(self, board: Board) -> Board:
        edges, names = board.edges, board.plan.names
        both = [board.normal(f"amplifier/{half}", edges) for half in ("free", "clamped")]
        offsets = self.amplifier * np.concatenate(both, axis=1)
        return board.add(
            offsets=offsets,
            drift=board.alpha * self.output * np.where(board.plan.free, board.normal("output", names), 0.0),
        )
