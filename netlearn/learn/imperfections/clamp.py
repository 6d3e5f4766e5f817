"""Clamped outputs do not land where they should: each is held `error` higher, give or take sd.

O_C -> O_C + e,   e ~ N(error, sd)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative


@dataclass(frozen=True)
class Clamp(Imperfection):
    """See the module."""

    error: float = field(default=0.0, metadata={"doc": "mean of e", "unit": "V"})
    sd: float = field(default=0.0, metadata={"doc": "standard deviation of e", "unit": "V"})

    def __post_init__(self) -> None:
        check_not_negative(sd=self.sd)

    def onto(self, board: Board) -> Board:
        circuit = board.circuit
        names = [circuit.nodes[n] for n in circuit.clamping[0]]
        return board.add(clamp=self.error + self.sd * board.normal("clamp", names))
