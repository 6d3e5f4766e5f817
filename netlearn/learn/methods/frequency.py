"""Frequency propagation (Anisetti, Kandala, Scellier, Schwarz, Neural Computation 36, 596, 2024).

    d theta = rate a b / gamma,    a = <di/dtheta>, b = 2 <d sin wt>,    currents gamma dC/du sin wt into the outputs

Needs: alternating current sources at the outputs, two averages an edge; no phases, no replica.

The activation is the mean of an edge's signal and the error the amplitude at the teacher's frequency. The circuit follows
the slow wave at rest, and is seen at `points` times of a period. Exact at any gamma in a linear network.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.bench import Bench
from netlearn.learn.methods.method import Method
from netlearn.learn.nudge import Feed, fed
from netlearn.learn.options import check_positive


@dataclass(frozen=True)
class Frequency(Method):
    """See the module."""

    rate: float = field(metadata={"doc": "step of the learnable value a unit of its gradient"})
    gamma: float = field(default=1e-6, metadata={"doc": "amplitude: current a unit of dC/du"})
    points: float = field(default=4, metadata={"doc": "times of a period at which edges are seen"})

    def __post_init__(self) -> None:
        check_positive(rate=self.rate, gamma=self.gamma)
        if not 3 <= self.points <= 1000 or self.points != int(self.points):
            raise TaskError(f"points is {self.points:g}", "give a whole number of times from 3 to 1000", "points")

    def change(self, bench: Bench) -> Floats | None:
        found = bench.pushed(Feed())
        if found is None:
            return None
        some, last, aim = found
        free, count = last.boundary, int(self.points)
        mean, wave = None, None
        for sine in np.sin(2 * np.pi * (np.arange(count) + 0.25) / count):
            last = some.settle(fed(free, some.circuit, self.gamma * sine * aim.slope, "free"), last)
            seen = some.seen(last)
            now = [s / count for s in seen.current_slopes], [2 * sine * d / count for d in seen.drops]
            mean, wave = now if mean is None or wave is None else _sums((mean, wave), now)
            some.remember(2)
        assert mean is not None
        assert wave is not None
        return some.mean(self.rate / self.gamma * seen.to_states([a * b for a, b in zip(mean, wave, strict=True)]))


def _sums(*pairs: tuple[list[Floats], list[Floats]]) -> tuple[list[Floats], list[Floats]]:
    first, second = (
        [sum(of[1:], start=of[0]) for of in zip(*lists, strict=True)] for lists in zip(*pairs, strict=True)
    )
    return first, second
