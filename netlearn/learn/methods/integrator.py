"""The rule as its circuit does it in time (Dillavou et al., PNAS 2024; arXiv 2505.22887): a multiplier charges a capacitor.

    dG/dt = alpha [(d_F)^2 - (d_C)^2],   alpha = gain / (R C V0),       while the learning switch is on

Needs: a twin, an analog multiplier and an integrator an edge, and outputs that can be held towards their labels.

R is what the multiplier charges the gate capacitor C through, V0 its scale. The switch is on for `pulse` seconds a sample,
whether there is anything to learn from it or not: where a hinge is satisfied the clamp lets go, but what the parts of the
board are off by (`netlearn.learn.imperfections`) goes on moving the gates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from netlearn.circuit.flat import FREE, Boundary, FlatCircuit, Floats
from netlearn.errors import TaskError
from netlearn.learn.bench import Bench
from netlearn.learn.edges import Seen
from netlearn.learn.methods.method import CLAMPED, Formula, Method, check_eta
from netlearn.learn.options import check_positive
from netlearn.learn.phases import Aim, Phase
from netlearn.learn.plan import Plan, add, adding
from netlearn.solve.lesson import ALWAYS, SPAN, SQUARES

HUGE = 1e100  # V/s a V^2, or s


@dataclass(frozen=True)
class Integrator(Method):
    """See the module."""

    holds: ClassVar[bool] = True
    parts: ClassVar[tuple[str, ...]] = (*CLAMPED, "multiplier", "bias", "injection", "leak", "leakage", "switch")
    switch: ClassVar[int] = ALWAYS
    r: float = field(default=1e3, metadata={"doc": "R, of an edge's integrator", "unit": "Ohm"})
    c: float = field(default=2.2e-6, metadata={"doc": "C, the gate capacitor", "unit": "F"})
    v0: float = field(default=0.33, metadata={"doc": "V0, scale of the multiplier", "unit": "V"})
    gain: float = field(default=1.0, metadata={"doc": "what the parts make of 1 / (R C V0)"})
    eta: float = field(default=1.0, metadata={"doc": "nudge, 0..1"})
    pulse: float = field(default=1e-4, metadata={"doc": "learning time a sample", "unit": "s"})

    def __post_init__(self) -> None:
        check_eta(self.eta)
        check_positive(r=self.r, c=self.c, v0=self.v0, gain=self.gain, pulse=self.pulse)
        scale = self.r * self.c * self.v0
        if not (scale > 0 and self.gain / scale < HUGE and self.pulse < HUGE):
            raise TaskError(
                f"gain / (R C V0) or a pulse of {self.pulse:g} s is more than {HUGE:g}",
                "give r, c, v0, gain, pulse sizes of parts",
            )

    @property
    def alpha(self) -> float:
        return self.gain / (self.r * self.c * self.v0)

    @property
    def capacitance(self) -> float:
        return self.c

    def change(self, bench: Bench) -> Floats | None:
        board, span = bench.board, self.pulse if bench.span is None else bench.span
        free = bench.free()
        aim = bench.aim(free)
        times = board.on(np.where(bench.alive, self.times(np.where(bench.alive, aim.miss, 0.0), span), 0.0))
        if not times.any():
            return None
        clamped = bench.clamp(self.clamped(bench, free, aim), free)
        seen = _squares(bench, bench.seen(free, clamped, FREE)) - _squares(bench, bench.nudged(clamped))
        times = np.where(bench.alive, times, 0.0)
        flaws, states = board.flaws, bench.params.states
        drift = flaws.drift - flaws.leak * (states - flaws.rest)
        change = self.alpha * np.einsum("s,dse->de", times, seen) + times.sum() * drift
        return np.asarray(change * leaked(flaws.leak * times.sum()) + np.count_nonzero(times) * flaws.jump)

    def times(self, miss: Floats, span: float) -> Floats:
        """How long the learning switch is on for samples that `miss` (S,) what is wanted of them by so much (V), in s."""
        return np.full(len(miss), span)

    def clamped(self, bench: Bench, free: Phase, aim: Aim) -> Boundary:
        """The boundary of the clamped phase, but for its sources."""
        _, _, outputs, shares = bench.circuit.clamping
        output, push = (of.take(outputs, axis=1) for of in (aim.outputs, aim.target - aim.outputs))
        return bench.clamped(free, self.eta * self.pull(output, push, shares))

    def pull(self, output: Floats, push: Floats, shares: Floats) -> Floats:
        """Which way and how far a full nudge moves each `output` (S, T) that is `push` below where it should go; NaN:
        it floats."""
        return push

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula:
        numbers = {SPAN: self.pulse}
        inverse = [0] * len(plan.groups)
        return Formula(
            self.eta, SQUARES, self.alpha, adding(plan), plan.polarity, inverse, switch=self.switch, numbers=numbers
        )

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        return add(states, change, plan)


def leaked(lost: Floats) -> Floats:
    """What is left of a change while `lost` time constants of a leak go by: (1 - exp(-lost)) / lost."""
    some = np.where(lost > 0.0, lost, 1.0)
    return np.where(lost > 0.0, -np.expm1(-some) / some, 1.0)


def _squares(bench: Bench, seen: Seen) -> Floats:
    """What each state's edges make of their drops in a phase, (D, S, states)."""
    drops = bench.drops(seen)
    return seen.to_states([polarity * d**2 for polarity, d in zip(bench.plan.polarity, drops, strict=True)])
