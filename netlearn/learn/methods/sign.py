"""The comparator rule of the first learning networks (Dillavou et al., Phys. Rev. Applied 18, 014040, 2022).

    dR = delta sgn(|d_C| - |d_F|)

Needs: a twin, comparators and an XOR an edge, a digital potentiometer; outputs that can be held towards their labels.

Each edge only knows which of its two drops is larger, and moves its resistance one step up or down. Drops that
differ by less than `dead` volts count as equal. One comparator looks at d_C - d_F, the other at d_C + d_F, and the XOR of both
decides, so with offsets (`imperfection comparator`) it is

    dR = delta sgn[(d_C - d_F + o1)(d_C + d_F + o2)]

A sample that nothing is wanted of (a hinge that is satisfied) has no step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from netlearn.circuit.flat import FREE, FlatCircuit, Floats
from netlearn.learn.bench import Bench
from netlearn.learn.edges import Seen
from netlearn.learn.methods.method import CLAMPED, Formula, Method, check_eta
from netlearn.learn.nudge import Hold
from netlearn.learn.options import STATE, check_positive
from netlearn.learn.plan import Plan, add, adding
from netlearn.solve.lesson import MAGNITUDES


@dataclass(frozen=True)
class Sign(Method):
    """See the module."""

    holds: ClassVar[bool] = True
    parts: ClassVar[tuple[str, ...]] = (*CLAMPED, "comparator")
    eta: float = field(default=1.0, metadata={"doc": "nudge, 0..1"})
    delta: float = field(default=1.0, metadata={"doc": "step of the learnable value", "unit": STATE})
    dead: float = field(default=1e-9, metadata={"doc": "drops closer than this count as equal", "unit": "V"})

    def __post_init__(self) -> None:
        check_eta(self.eta)
        check_positive(delta=self.delta, dead=self.dead)

    def change(self, bench: Bench) -> Floats | None:
        """The comparator compares the edge's summed magnitudes: in a twin each half brings one of the two."""
        found = bench.pushed(Hold())
        if found is None:
            return None
        some, free, aim = found
        push = (aim.target - aim.outputs).take(bench.circuit.clamping[2], axis=1)
        clamped = some.clamp(some.clamped(free, self.eta * push), free)
        larger = _magnitudes(some, some.nudged(clamped)) - _magnitudes(some, some.seen(free, clamped, FREE))
        signs = np.zeros(len(bench.plan.names))
        for group, polarity in zip(bench.plan.groups, bench.plan.polarity, strict=True):
            np.add.at(signs, group.states, polarity)
        up = np.where(np.abs(larger) > self.dead, np.sign(larger), 0.0)
        return some.mean(-self.delta * np.sign(signs) * up)

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula:
        inverse = [0] * len(plan.groups)
        return Formula(self.eta, MAGNITUDES, self.delta, adding(plan), plan.polarity, inverse, self.dead)

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        return add(states, change, plan)


def _magnitudes(bench: Bench, seen: Seen) -> Floats:
    return seen.to_states([np.abs(d) for d in bench.drops(seen)])
