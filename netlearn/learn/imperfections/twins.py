"""The two transistors of a twin are not quite the same.

V_T -> V_T + N(0, vt),   beta -> beta (1 + N(0, beta)),      of each transistor that learns
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.circuit.flat import Floats, Ints, Params
from netlearn.errors import TaskError
from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative


@dataclass(frozen=True)
class Twins(Imperfection):
    """See the module."""

    vt: float = field(default=0.0, metadata={"doc": "standard deviation of the threshold", "unit": "V"})
    beta: float = field(default=0.0, metadata={"doc": "standard deviation of beta, as a part of it"})

    def __post_init__(self) -> None:
        check_not_negative(vt=self.vt, beta=self.beta)

    def onto(self, board: Board) -> Board:
        values = {device: dict(of) for device, of in board.params.values.items()}
        found = False
        for group in board.plan.groups:
            of = values[group.device]
            if not {"vto", "kp"} <= of.keys():
                continue
            found = True
            names = [board.circuit.banks[group.device].names[int(e)] for e in group.elements]
            of["vto"] = _moved(of["vto"], group.elements, self.vt * board.normal("vto", names))
            scale = of["kp"][:, group.elements] * self.beta * board.normal("kp", names)
            of["kp"] = _moved(of["kp"], group.elements, scale)
        if not found:
            raise TaskError("no edge of this circuit is a transistor", "use NMOS or NEKV edges, or take this out")
        return replace(board, params=Params(board.params.states, values))


def _moved(values: Floats, elements: Ints, by: Floats) -> Floats:
    new = np.array(np.broadcast_to(values, (len(by), values.shape[1])))
    new[:, elements] += by
    return new
