"""Algorithm 2 of arXiv 2602.03546: the adjoint of a linear network, run on the network itself, without a replica.

    d theta = rate di/dtheta(free) d_Delta,    d_Delta: drops when inputs are off and currents dC/du flow into the outputs

Needs: inputs that can be switched off, current sources at the outputs, an edge that remembers its free current.

With L the network's conductances, L lam = dC/du, and dC/dg = -(drop of lam)(drop of u): the second phase finds lam. In
resistances it is dr = -rate i_F Delta. Nothing is small: currents of any amplitude do, here `amplitude` times dC/du. In a
circuit with nonlinear elements the second phase is at another working point, around zero volts, and this is no gradient:
see `omega_biased`; where conductances are not reciprocal it solves with K instead of K^T.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.circuit.flat import Floats
from netlearn.learn.bench import Bench
from netlearn.learn.methods.method import Method
from netlearn.learn.nudge import Feed, fed
from netlearn.learn.options import check_positive


@dataclass(frozen=True)
class Omega(Method):
    """See the module."""

    rate: float = field(metadata={"doc": "step of the learnable value a unit of its gradient"})
    amplitude: float = field(default=1e-6, metadata={"doc": "current a unit of dC/du (S for volts and squares)"})

    def __post_init__(self) -> None:
        check_positive(rate=self.rate, amplitude=self.amplitude)

    def change(self, bench: Bench) -> Floats | None:
        found = bench.pushed(Feed())
        if found is None:
            return None
        some, free, aim = found
        answer = some.dark(fed(free.boundary, some.circuit, self.amplitude * aim.slope, "free"))
        before, after = some.seen(free), some.seen(answer)
        products = [s * d for s, d in zip(before.current_slopes, after.drops, strict=True)]
        return some.mean(self.rate / self.amplitude * after.to_states(products))
