"""A current leaks off every gate capacitor, the same whatever its voltage.

    dG/dt = alpha [...] - I / C,      I = current exp(sigma n),   sigma^2 = ln(1 + spread^2)

I is log-normal from part to part, as leakages are, with the median `current`; `spread` is its standard deviation as a part of
its mean. C is the rule's. 30 pA on 22 uF are 1.4 uV/s, 1 fA on 1 pF 1 mV/s. Counted in learning time, as `leak` is: that one
is a leaking resistance; for what is lost afterwards see `netlearn.learn.memories.droop`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.lognormal import lognormal
from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative


@dataclass(frozen=True)
class Leakage(Imperfection):
    """See the module."""

    current: float = field(metadata={"doc": "median of I", "unit": "A"})
    spread: float = field(default=0.0, metadata={"doc": "standard deviation of I, as a part of its mean"})

    def __post_init__(self) -> None:
        check_not_negative(spread=self.spread)

    def onto(self, board: Board) -> Board:
        currents = self.current * lognormal(self.spread, board.normal("leakage", board.plan.names))
        return board.add(drift=np.where(board.plan.free, -currents / board.capacitance, 0.0))
