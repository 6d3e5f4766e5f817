"""Overclamping (arXiv 2505.22887): a large nudge whatever the error, for a time that is proportional to it.

    O_C = (1 - eta) O_F + eta V_rail                 the rail on the side of the label; of a difference +-(high - low)
    t = pulse min(1, |e| / full)^power               or, normalised, pulse |e|^power / sum over the samples of |e|^power
    dG/dt = alpha [(d_F)^2 - (d_C)^2] + B            for t seconds, e the error or what is missing of a margin

Needs: what the integrator needs, two rails instead of clamps, and a switch whose time can be set.

What is wrong with the update (a bias B, offsets) acts for t only, against a signal that does not fade as the error does: zero
error is at rest, and reached wherever the signal of the fixed nudge is larger than the bias. The two nodes of a difference
move by as much each, as they do under any clamp. What the nudge adds of second order, -alpha (d_C - d_F)^2, does not fade
either: it must be smaller than the signal too, which limits eta. `normalised` shares one pulse among the samples of a
step, so it wants order batch. Either half can be had alone: `rails = 0` clamps towards labels, `power = 0` leaves the
switch on for all of the pulse wherever something is missed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Floats
from netlearn.errors import TaskError
from netlearn.learn.methods.integrator import Integrator
from netlearn.learn.methods.method import Formula
from netlearn.learn.options import check_not_negative, check_positive
from netlearn.learn.plan import Plan
from netlearn.solve.lesson import FULL, HIGH, LOW, MISSED, POWER, SHARED, SPAN


@dataclass(frozen=True)
class Overclamp(Integrator):
    """See the module."""

    low: float = field(default=0.0, metadata={"doc": "lower rail", "unit": "V"})
    high: float = field(default=0.4532, metadata={"doc": "upper rail", "unit": "V"})
    full: float = field(default=0.1, metadata={"doc": "error from which on all of the pulse is used", "unit": "V"})
    power: float = field(default=1.0, metadata={"doc": "of the error; 0: any is as good as all"})
    normalised: float = field(default=0.0, metadata={"doc": "1: samples share a pulse, 0: each has its own"})
    rails: float = field(default=1.0, metadata={"doc": "1: clamped towards the rails, 0: towards the labels"})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(full=self.full)
        check_not_negative(power=self.power)
        if not self.low < self.high:
            raise TaskError(f"the rails are {self.low:g} V and {self.high:g} V", "give low < high", "low")
        for name in ("normalised", "rails"):
            if getattr(self, name) not in (0, 1):
                raise TaskError(f"{name} is {getattr(self, name):g}", f"write {name} = 1 or {name} = 0", name)

    @property
    def switch(self) -> int:  # type: ignore[override]
        return SHARED if self.normalised else MISSED

    def times(self, miss: Floats, span: float) -> Floats:
        some = miss > 0.0
        if not some.any():
            return np.zeros(len(miss))
        whole = miss[some].max() if self.normalised else self.full
        with np.errstate(over="ignore"):
            part = np.where(some, (np.maximum(miss, 0.0) / whole) ** self.power, 0.0)
        return np.asarray(span * (part / part.sum() if self.normalised else np.minimum(1.0, part)))

    def pull(self, output: Floats, push: Floats, shares: Floats) -> Floats:
        if not self.rails:
            return push
        both = np.abs(shares) < 1.0
        high = np.where(both, self.high - self.low, self.high)
        low = np.where(both, self.low - self.high, self.low)
        return np.where(np.isnan(push), np.nan, np.where(push > 0, high, low) - output)

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula:
        numbers = {SPAN: self.pulse, FULL: self.full, POWER: self.power}
        numbers |= {LOW: self.low, HIGH: self.high} if self.rails else {}
        return replace(super().formula(circuit, plan), numbers=numbers)
