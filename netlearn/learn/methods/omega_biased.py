"""Algorithm 2 of arXiv 2602.03546 with the inputs left on: the error's answer on top of the free state.

    d theta = rate di/dtheta(free) (d_N - d_F) / beta,    d_N: drops when currents beta dC/du flow into the outputs

Needs: current sources at the outputs, an edge that remembers its free drop and current.

In a linear network the same as `omega`, at any beta. In a nonlinear one it is the adjoint of the circuit linearised at its
free state as beta goes to zero, and off by O(beta) at finite beta; non-reciprocal elements still make it solve with K.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.circuit.flat import Floats
from netlearn.learn.bench import Bench
from netlearn.learn.methods.method import Method
from netlearn.learn.nudge import Feed, fed
from netlearn.learn.options import check_positive


@dataclass(frozen=True)
class OmegaBiased(Method):
    """See the module."""

    rate: float = field(metadata={"doc": "step of the learnable value a unit of its gradient"})
    beta: float = field(default=1e-6, metadata={"doc": "current a unit of dC/du (S for volts and squares)"})

    def __post_init__(self) -> None:
        check_positive(rate=self.rate, beta=self.beta)

    def change(self, bench: Bench) -> Floats | None:
        found = bench.pushed(Feed())
        if found is None:
            return None
        some, free, aim = found
        nudged = some.settle(fed(free.boundary, some.circuit, self.beta * aim.slope, "free"), free)
        before, after = some.seen(free), some.seen(nudged)
        products = [s * (n - d) for s, d, n in zip(before.current_slopes, before.drops, after.drops, strict=True)]
        some.remember(2)
        return some.mean(self.rate / self.beta * after.to_states(products))
