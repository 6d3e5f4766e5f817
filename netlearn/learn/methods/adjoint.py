"""The exact gradient, by a processor that knows the circuit: what the local rules are measured against.

    d theta = -rate dC/dtheta,    (dF/dx)^T lam = dC/dx,    dC/dtheta = -lam dF/dtheta

Needs: a model of the circuit and its adjoint, which the native engine has (`netlearn.solve.adjoint`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.circuit.flat import Floats
from netlearn.learn.bench import Bench
from netlearn.learn.gradient import gradient_of_loss
from netlearn.learn.methods.method import Method
from netlearn.learn.options import check_positive


@dataclass(frozen=True)
class Adjoint(Method):
    """See the module."""

    rate: float = field(metadata={"doc": "step of the learnable value a unit of its gradient"})

    def __post_init__(self) -> None:
        check_positive(rate=self.rate)

    def change(self, bench: Bench) -> Floats | None:
        free = bench.free()
        slope = bench.aim(free).slope
        slope[~bench.alive] = 0.0
        total = gradient_of_loss(bench.backend, free.params, free.boundary, free.solution, slope)
        return -self.rate / bench.shown * total
