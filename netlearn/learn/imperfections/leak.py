"""Gate capacitors lose their charge.

    dG/dt = alpha [...] - (G - rest) / tau

Exact for the time of a step, however short tau is, if all else stays as it is meanwhile. Counted in learning time: what they
lose while the learning switch is off is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_positive


@dataclass(frozen=True)
class Leak(Imperfection):
    """See the module."""

    tau: float = field(metadata={"doc": "time constant", "unit": "s"})
    rest: float = field(default=0.0, metadata={"doc": "where they end", "unit": "V"})

    def __post_init__(self) -> None:
        check_positive(tau=self.tau)

    def onto(self, board: Board) -> Board:
        """Leaks add up, each towards its own rest."""
        rate, before = 1.0 / self.tau, board.flaws
        leak = before.leak + rate
        rest = (before.leak * before.rest + rate * self.rest) / leak
        return board.add(leak=np.full_like(leak, rate), rest=rest - before.rest)
