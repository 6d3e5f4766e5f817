"""Simultaneous perturbation (Spall, 1992; multiplexed gradient descent, arXiv 2303.03986): all values shaken at once.

    d theta_e = -rate [C(theta + s) - C(theta - s)] s_e / (2 s_e^2),    s_e = +-c |theta_e| at random

Needs: values that can be shaken by known amounts, and the cost as one number; no nudge, no local signal.

Right on average over the signs; its noise grows with the number of values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Floats
from netlearn.learn.bench import Bench
from netlearn.learn.methods.method import Method
from netlearn.learn.options import check_positive

SIGNS = 3  # the purpose of its random numbers


@dataclass(frozen=True)
class Spsa(Method):
    """See the module."""

    rate: float = field(metadata={"doc": "step of the learnable value a unit of its gradient"})
    c: float = field(default=0.01, metadata={"doc": "how far values are shaken, as a part of each"})

    def __post_init__(self) -> None:
        check_positive(rate=self.rate, c=self.c)

    def change(self, bench: Bench) -> Floats | None:
        theta = bench.params.states[0]
        size = self.c * shaken(theta, bench.plan.free)
        s = size * bench.tick.rng(SIGNS).choice([-1.0, 1.0], len(theta))
        up, down = bench.cost(bench.free(np.stack([theta + s, theta - s])))
        slope = np.where(size > 0, (up - down)[:, None] / (2.0 * np.where(size > 0, s, 1.0)), 0.0)
        return -self.rate * bench.mean(slope[None])


def shaken(theta: Floats, free: NDArray[np.bool_]) -> Floats:
    """What a part of each value is taken of: its size, or 1 where that is zero; zero where it cannot move."""
    return np.where(free, np.where(theta == 0, 1.0, np.abs(theta)), 0.0)
