"""Agnostic equilibrium propagation (Scellier, Mishra, Bengio, Ollivier, 2022): the circuit moves its own values.

    knobs u = theta + epsilon dE/dtheta(-beta),    then theta relaxes: (theta - u) / epsilon + dE/dtheta(beta; theta) = 0

Needs: learnable values with an elastic energy (theta - u)^2 / 2 epsilon to knobs of their own, held still in the first phase
and left free in the second; current sources at the outputs. Nobody computes a gradient.

The values move by -epsilon [dE/dtheta(beta) - dE/dtheta(-beta)], about -2 beta epsilon dC/dtheta: rate = 2 beta epsilon.
They relax in steps, shorter where they go to and fro, until what pulls at them is within `rest` of the way; each step is
a settling of the circuit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.bench import Bench
from netlearn.learn.methods.contrastive import contents
from netlearn.learn.methods.method import Method
from netlearn.learn.nudge import Feed
from netlearn.learn.options import check_positive

MOST = 50  # settlings in which values that relax at all come to rest


@dataclass(frozen=True)
class Agnostic(Method):
    """See the module."""

    rate: float = field(metadata={"doc": "step of the learnable value a unit of its gradient"})
    beta: float = field(default=1e-6, metadata={"doc": "nudge: current a unit of dC/du"})
    rest: float = field(default=1e-3, metadata={"doc": "part of the way within which values count as at rest"})

    def __post_init__(self) -> None:
        check_positive(rate=self.rate, beta=self.beta, rest=self.rest)

    def change(self, bench: Bench) -> Floats | None:
        nudge = Feed()
        found = bench.pushed(nudge)
        if found is None:
            return None
        some, free, aim = found
        epsilon = self.rate / (2 * self.beta)
        away, towards = (nudge.impose(some.circuit, free, aim, m * self.beta) for m in (-1.0, 1.0))
        last = some.settle(away, free)
        theta = some.params.states
        knobs = theta + epsilon * some.mean(contents(some.nudged(last)))
        moved, share, before = theta, 1.0, np.inf
        for _ in range(MOST):
            last = some.settle(towards, last, moved)
            pull = knobs - epsilon * some.mean(contents(some.nudged(last))) - moved
            distance = float(np.abs(pull).max())
            if distance <= self.rest * np.abs(moved - theta).max():
                return moved - theta
            share = share if distance < before else 0.5 * share  # on the way to and fro: relax more slowly
            moved = np.clip(moved + share * pull, some.plan.low, some.plan.high)
            before = distance
        raise TaskError(
            f"learnable values did not come to rest in {MOST} settlings",
            "lower the rate of agnostic, or raise its beta",
        )
