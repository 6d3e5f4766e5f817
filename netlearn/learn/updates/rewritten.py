"""A step that is made by writing the whole value anew, as a memory cell does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from netlearn.circuit.chance import Chance
from netlearn.circuit.flat import Floats
from netlearn.learn.plan import Plan, bounded
from netlearn.learn.tick import Tick

WRITES = 13
Written = Callable[[Floats, Plan, Chance], Floats]


@dataclass(frozen=True)
class Anew:
    """Chance (see `netlearn.circuit.chance`) of one write: other numbers each time it is asked."""

    rng: np.random.Generator
    draws: int

    def normal(self, what: str, names: Sequence[str]) -> Floats:
        return self.rng.standard_normal((self.draws, len(names)))


def rewritten(written: Written, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
    """The change (D, states) that becomes of one when every value that is to change is `written` into a memory."""
    lies = written(bounded(states + change, plan), plan, Anew(tick.rng(WRITES), len(states)))
    return np.where(change != 0, lies - states, 0.0)
