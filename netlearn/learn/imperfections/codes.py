"""Converters have codes: outputs are read with some bits, inputs and clamps driven with others.

V -> (full / 2^bits) round(2^bits V / full)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.board import Board, rounded
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_whole
from netlearn.solve.lesson import DRIVE, READ

LEAST, MOST = 1e-6, 1e6  # V


@dataclass(frozen=True)
class Codes(Imperfection):
    """See the module."""

    full: float = field(metadata={"doc": "full scale of both", "unit": "V"})
    read: float = field(default=12, metadata={"doc": "bits with which outputs are read"})
    drive: float = field(default=8, metadata={"doc": "bits with which inputs and clamps are driven"})

    def __post_init__(self) -> None:
        if not LEAST <= self.full <= MOST:
            raise TaskError(f"full is {self.full:g}", f"give full a voltage from {LEAST:g} V to {MOST:g} V", "full")
        check_whole(1, 32, read=self.read, drive=self.drive)

    def onto(self, board: Board) -> Board:
        return board.set(READ, self.full / 2**self.read).set(DRIVE, self.full / 2**self.drive)

    def driven(self, inputs: Floats) -> Floats:
        return rounded(inputs, self.full / 2**self.drive)
