"""Frequency propagation (Anisetti, Kandala, Scellier, Schwarz, Neural Computation 36, 596, 2024).

    d theta = rate a b / gamma,    a = <di/dtheta>, b = 2 <d sin wt>,    currents gamma dC/du sin wt into the outputs

Needs: alternating current sources at the outputs, two averages an edge; no phases, no replica.

The activation is the mean of an edge's signal and the error the amplitude at the teacher's frequency. The circuit follows
the slow wave at rest, and is seen at `points` times of a period. Exact at any gamma in a linear network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.bench import Bench
from netlearn.learn.methods.method import Method
from netlearn.learn.nudge import Feed, fed
from netlearn.learn.options import check_positive, check_whole


@dataclass(frozen=True)
class Frequency(Method):
    """See the module."""

    rate: float = field(metadata={"doc": "step of the learnable value a unit of its gradient"})
    gamma: float = field(default=1e-6, metadata={"doc": "amplitude: current a unit of dC/du"})
    points: float = field(default=4, metadata={"doc": "times of a period at which edges are seen"})

    def __post_init__(self) -> None:
        check_positive(rate=self.rate, gamma=self.gamma)
        check_whole(3, 1000, points=self.points)

    def change(self, bench: Bench) -> Floats | None:
        found = bench.pushed(Feed())
        if found is None:
            return None
        some, last, aim = found
        free, seen = last.boundary, []
        sines = np.sin(2 * np.pi * (np.arange(self.points) + 0.25) / self.points)
        for sine in sines:
            last = some.settle(fed(free, some.circuit, self.gamma * sine * aim.slope, "free"), last)
            seen.append(some.seen(last))
        some.remember(2)  # two sums that every edge goes on with
        means = _averages([s.current_slopes for s in seen], np.ones_like(sines))
        waves = _averages([s.drops for s in seen], 2 * sines)
        return some.mean(
            self.rate / self.gamma * seen[-1].to_states([a * b for a, b in zip(means, waves, strict=True)])
        )


def _averages(signals: Sequence[Sequence[Floats]], weights: Floats) -> list[Floats]:
    """Weighted means over time of what every group of edges sees."""
    return [np.tensordot(weights / len(weights), np.stack(of), 1) for of in zip(*signals, strict=True)]
