"""Weight perturbation (Jabri, Flower, 1992): one value shaken at a time, and the cost watched.

    d theta_e = -rate [C(theta + s_e) - C(theta)] / s_e,    s_e = c |theta_e|

Needs: values that can be moved by known amounts one at a time, and the cost as one number; no nudge, no local signal.

The gradient to O(c), for one settling a value and sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.bench import Bench
from netlearn.learn.methods.method import Method
from netlearn.learn.methods.spsa import shaken
from netlearn.learn.options import check_positive


@dataclass(frozen=True)
class Perturbation(Method):
    """See the module."""

    rate: float = field(metadata={"doc": "step of the learnable value a unit of its gradient"})
    c: float = field(default=1e-3, metadata={"doc": "how far a value is moved, as a part of it"})

    def __post_init__(self) -> None:
        check_positive(rate=self.rate, c=self.c)

    def change(self, bench: Bench) -> Floats | None:
        theta, free = bench.params.states[0], np.flatnonzero(bench.plan.free)
        size = self.c * shaken(theta, bench.plan.free)
        copies = np.tile(theta, (len(free) + 1, 1))
        copies[np.arange(len(free)) + 1, free] += size[free]
        costs = bench.cost(bench.free(copies))
        slope = np.zeros((1, costs.shape[1], len(theta)))
        slope[0, :, free] = (costs[1:] - costs[0]) / size[free, None]
        return -self.rate * bench.mean(slope)
