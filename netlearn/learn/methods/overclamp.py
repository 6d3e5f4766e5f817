"""Overclamping (arXiv 2505.22887): a large nudge whatever the error, for a time that is proportional to it.

    O_C = (1 - eta) O_F + eta V_rail                 the rail on the side of the label
    t = pulse min(1, |e| / full)^power               or, normalised, pulse |e|^power / sum over the samples of |e|^power
    dG/dt = alpha [(d_F)^2 - (d_C)^2] + B            for t seconds, e the error or what is missing of a margin

Needs: what the integrator needs, two rails instead of clamps, and a switch whose time can be set.

What is wrong with the update (a bias B, offsets) acts for t only, against a signal that does not fade as the error does: zero
error is at rest, and reached wherever the signal of the fixed nudge is larger than the bias. A difference of two nodes is
pulled apart, one to either rail. `normalised` shares one pulse among the samples of a step, so it wants order batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Floats
from netlearn.errors import TaskError
from netlearn.learn.methods.integrator import Integrator
from netlearn.learn.methods.method import Formula
from netlearn.learn.options import check_positive
from netlearn.learn.phases import Aim
from netlearn.learn.plan import Plan
from netlearn.solve.lesson import FULL, HIGH, LOW, MISSED, POWER, SHARED, SPAN


@dataclass(frozen=True)
class Overclamp(Integrator):
    """See the module."""

    low: float = field(default=0.0, metadata={"doc": "lower rail", "unit": "V"})
    high: float = field(default=0.4532, metadata={"doc": "upper rail", "unit": "V"})
    full: float = field(default=0.1, metadata={"doc": "error from which on all of the pulse is used", "unit": "V"})
    power: float = field(default=1.0, metadata={"doc": "of the error"})
    normalised: float = field(default=0.0, metadata={"doc": "1: samples share a pulse, 0: each has its own"})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(full=self.full, power=self.power)
        if not self.low < self.high:
            raise TaskError(f"the rails are {self.low:g} V and {self.high:g} V", "give low < high", "low")
        if self.normalised not in (0, 1):
            raise TaskError(f"normalised is {self.normalised:g}", "write normalised = 1, or leave it out", "normalised")

    @property
    def switch(self) -> int:  # type: ignore[override]
        return SHARED if self.normalised else MISSED

    def times(self, aim: Aim, span: float) -> Floats:
        miss = np.maximum(aim.miss, 0.0)
        if not self.normalised:
            return span * np.minimum(1.0, (miss / self.full) ** self.power)
        total = (miss**self.power).sum()
        return np.asarray(span * miss**self.power / total if total > 0 else np.zeros_like(miss))

    def goal(self, start: Floats, shares: Floats, push: Floats) -> Floats:
        rail = np.where((push > 0) == (shares > 0), self.high, self.low)
        return np.where(np.isnan(push), np.nan, start + self.eta * (rail - start))

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula:
        numbers = {SPAN: self.pulse, LOW: self.low, HIGH: self.high, FULL: self.full, POWER: self.power}
        return replace(super().formula(circuit, plan), numbers=numbers)
