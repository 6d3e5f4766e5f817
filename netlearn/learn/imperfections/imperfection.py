"""What an imperfection is: one part of a board, and by how much it is off."""

from __future__ import annotations

from abc import ABC, abstractmethod

from netlearn.circuit.flat import Floats
from netlearn.learn.board import Board


class Imperfection(ABC):
    """A value: its options are its fields (see `netlearn.learn.options`)."""

    @abstractmethod
    def onto(self, board: Board) -> Board:
        """The board with this part as it is. TaskError where its numbers do not fit the circuit."""

    def driven(self, inputs: Floats) -> Floats:
        """Inputs (N, I) as the board drives them."""
        return inputs
