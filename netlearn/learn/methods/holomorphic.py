"""Holomorphic equilibrium propagation (Laborieux, Zenke, 2022): springs around zero in the complex plane.

    d theta = -(rate / N beta) Re sum_n z_n* dE/dtheta(z_n beta),    z_n = exp(2 pi i n / N), springs z_n beta

Needs: complex voltages and holomorphic laws: a thought experiment, done by the reference solver.

Its error is O(beta^N); N = 2 is the centred rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.backends.reference import Reference
from netlearn.circuit.flat import Floats
from netlearn.errors import BackendError
from netlearn.learn.bench import Bench
from netlearn.learn.methods.contrastive import Pushing, Stencil, holomorphic
from netlearn.learn.nudge import Energy, Nudge
from netlearn.learn.options import check_whole


@dataclass(frozen=True)
class Holomorphic(Pushing):
    """See the module."""

    points: float = field(default=4, metadata={"doc": "N, how many springs"})
    nudge: ClassVar[Nudge] = Energy("beta * (u - y)^2 / 2")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(2, 1000, points=self.points)

    @property
    def stencil(self) -> Stencil:  # type: ignore[override]
        return holomorphic(int(self.points))

    def change(self, bench: Bench) -> Floats | None:
        if not isinstance(bench.backend, Reference):
            raise BackendError(
                "holomorphic needs complex voltages, which only the reference solver has", "use --backend reference"
            )
        return super().change(bench)
