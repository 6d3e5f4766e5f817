"""The two transistors of a twin are not quite the same.

V_T -> V_T + N(0, vt),   beta -> beta (1 + N(0, beta)),      of each transistor that learns

A transistor of a process kit has both as what is added to its own: dvt and, relative, dbeta.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.errors import TaskError
from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative

KNOBS = (("vto", "kp"), ("dvt", "dbeta"))
"""Threshold and beta, as parameters of a device."""


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
            knobs = next((pair for pair in KNOBS if of.keys() >= {*pair}), None)
            if knobs is None:
                continue
            found, (threshold, beta) = True, knobs
            names = [board.circuit.banks[group.device].names[int(e)] for e in group.elements]
            of[threshold] = _moved(of[threshold], group.elements, self.vt * board.normal("vto", names))
            whole = of[beta][:, group.elements] if beta == "kp" else 1.0
            of[beta] = _moved(of[beta], group.elements, whole * self.beta * board.normal("kp", names))
        if not found:
            raise TaskError(
                "no edge of this circuit is a transistor",
                "use NMOS or NEKV edges or those of a process kit, or take this out",
            )
        return replace(board, params=replace(board.params, values=values))


def _moved(values: Floats, elements: Ints, by: Floats) -> Floats:
    new = np.array(np.broadcast_to(values, (len(by), values.shape[1])))
    new[:, elements] += by
    return new
