"""The two networks of a twin are driven by sources of their own, which differ: the clamped one's are off.

    V_C -> V_F + e,   e ~ N(mean, sd)

Inputs, and sources of the circuit that hold a node of the clamped half.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.circuit.flat import CLAMPED
from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative


@dataclass(frozen=True)
class Sources(Imperfection):
    """See the module."""

    mean: float = field(default=0.0, metadata={"doc": "by which the clamped sources are higher", "unit": "V"})
    sd: float = field(default=0.0, metadata={"doc": "standard deviation", "unit": "V"})

    def __post_init__(self) -> None:
        check_not_negative(sd=self.sd)

    def onto(self, board: Board) -> Board:
        circuit = board.circuit
        nodes = circuit.driven["V"][0]
        off = self.mean + self.sd * board.normal("source", [circuit.nodes[n] for n in nodes])
        board = board.add(source=np.where(circuit.halves[nodes] == CLAMPED, off, 0.0))
        if "V" not in circuit.banks:
            return board
        bank, values = circuit.banks["V"], board.params.values
        clamped = (circuit.halves[bank.nodes] == CLAMPED).any(axis=1)
        off = np.where(clamped, self.mean + self.sd * board.normal("source", bank.names), 0.0)
        dc = values["V"]["dc"] + off
        return replace(board, params=replace(board.params, values={**values, "V": {**values["V"], "dc": dc}}))
