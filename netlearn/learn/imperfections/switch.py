"""The learning switch is slow: it cannot be on for less than `least`, and goes off `late`.

    t -> t + late if t >= least, else 0

A pulse that should be shorter does not happen. Late it is whenever learning is interrupted: after every sample
of a training, once a period for a task that is held (`netlearn study`), where learning goes on from sample to sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative
from netlearn.solve.lesson import EXTRA, LEAST


@dataclass(frozen=True)
class Switch(Imperfection):
    """See the module."""

    least: float = field(default=0.0, metadata={"doc": "the shortest time it can be on", "unit": "s"})
    late: float = field(default=0.0, metadata={"doc": "how much later than it should it goes off", "unit": "s"})

    def __post_init__(self) -> None:
        check_not_negative(least=self.least, late=self.late)

    def onto(self, board: Board) -> Board:
        return board.set(LEAST, self.least).set(EXTRA, self.late)
