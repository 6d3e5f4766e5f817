"""The update is biased: while the learning switch is on a gate moves by itself.

    dG/dt = alpha [...] + B

Given for each learnable value in their order (or one number for all), or drawn once for each: B ~ N(mean, sd). The sum of
what several parts of a real board do (arXiv 2505.22887 measures it as the drift while one task is held).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.errors import TaskError
from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import Numbers, check_not_negative


@dataclass(frozen=True)
class Bias(Imperfection):
    """See the module."""

    value: Numbers = field(default=0.0, metadata={"doc": "for all, or one for each learnable value", "unit": "V/s"})
    mean: float = field(default=0.0, metadata={"doc": "of what is drawn", "unit": "V/s"})
    sd: float = field(default=0.0, metadata={"doc": "standard deviation of what is drawn", "unit": "V/s"})

    def __post_init__(self) -> None:
        check_not_negative(sd=self.sd)

    def onto(self, board: Board) -> Board:
        names = board.plan.names
        free = np.flatnonzero(board.plan.free)
        given = np.atleast_1d(np.asarray(self.value, dtype=float))
        if isinstance(self.value, tuple) and len(given) != len(free):
            known = ", ".join(names[k] for k in free[:6]) + (", ..." if len(free) > 6 else "")
            raise TaskError(
                f"{len(given)} biases for {len(free)} learnable values", f"give one for each of {known}", "value"
            )
        drift = np.zeros((board.params.draws, len(names)))
        drift[:, free] = given + self.mean
        if self.sd:
            drift[:, free] += self.sd * board.normal("bias", [names[k] for k in free])
        return board.add(drift=drift)
