"""A converter keeps a code: the nearest of 2^bits levels between the bounds, which do not lie quite where they should.

With LSB = (high - low) / (2^bits - 1), level k of a part lies at

    low + LSB (k + inl n_part 4 u (1 - u) + dnl n_(part, k) / sqrt 2),      u = k / (2^bits - 1)

so that the bow in the middle has the standard deviation `inl` and steps between levels that follow each other have `dnl`, in
LSB; within the bounds. A digital potentiometer (bits = 7: the AD5222's 128 taps) or a register with a D/A converter; nothing is
lost afterwards.

A learnable value is whatever the converter makes: a resistance, a conductance, a voltage, in even steps of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.chance import Chance
from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.options import check_not_negative, check_whole
from netlearn.learn.plan import Plan


@dataclass(frozen=True)
class Levels:
    """See the module."""

    bits: float = field(default=7, metadata={"doc": "bits of a code"})
    inl: float = field(default=0.0, metadata={"doc": "standard deviation of the bow in the middle, in LSB"})
    dnl: float = field(default=0.0, metadata={"doc": "standard deviation of a step, in LSB"})

    def __post_init__(self) -> None:
        check_whole(1, 24, bits=self.bits)
        check_not_negative(inl=self.inl, dnl=self.dnl)

    def written(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        learning = np.flatnonzero(plan.free)
        low, high = plan.low[learning], plan.high[learning]
        endless = ~(np.isfinite(low) & np.isfinite(high))
        if endless.any():
            name = plan.names[int(learning[int(np.argmax(endless))])]
            raise TaskError(f"levels lie between bounds, and {name} has none", "give it bounds: learn(10k, 1k..100k)")
        names, last = [plan.names[k] for k in learning], 2 ** int(self.bits) - 1
        step = (high - low) / last
        codes = np.clip(np.round((states[:, learning] - low) / step), 0, last)
        part = codes / last
        off = self.inl * chance.normal("levels/bow", names) * 4.0 * part * (1.0 - part)
        if self.dnl:
            off = off + self.dnl / np.sqrt(2.0) * _of_codes(codes, names, chance)
        new = states.copy()
        new[:, learning] = np.clip(low + step * (codes + off), low, high)
        return new

    def read(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        return states


def _of_codes(codes: Floats, names: list[str], chance: Chance) -> Floats:
    """A normal number for each draw and part, by the code (D, F) that it has there."""
    found = np.zeros((chance.draws, len(names)))
    for k, name in enumerate(names):
        used, which = np.unique(codes[:, k], return_inverse=True)
        own = chance.normal("levels/step", [f"{name}/{int(code)}" for code in used])
        found[:, k] = own[np.arange(chance.draws), np.broadcast_to(which, chance.draws)]
    return found
