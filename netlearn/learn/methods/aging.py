"""Directed aging (Pashine, Hexner, Liu, Nagel, Science Advances 5, eaax4215, 2019): edges wear by what they carry.

    d theta = -rate dE/dtheta(held),    for a conductance dg = -(rate / 2) d^2

Needs: outputs that can be held, and material that wears; nothing is compared, stored or computed.

The energy of the state that the outputs are held in is lowered until the circuit rests there by itself. `eta` = 1 holds
the outputs at their targets; as it goes to zero plain aging remains, which learns nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.circuit.flat import Floats
from netlearn.learn.bench import Bench
from netlearn.learn.methods.contrastive import contrast
from netlearn.learn.methods.method import Method, check_eta
from netlearn.learn.nudge import Hold
from netlearn.learn.options import check_positive
from netlearn.learn.plan import Plan, descend


@dataclass(frozen=True)
class Aging(Method):
    """See the module."""

    holds: ClassVar[bool] = True
    rate: float = field(metadata={"doc": "wear of the learnable value a unit of its own energy slope"})
    eta: float = field(default=1.0, metadata={"doc": "how far outputs are held towards their targets, 0..1"})

    def __post_init__(self) -> None:
        check_eta(self.eta)
        check_positive(rate=self.rate)

    def change(self, bench: Bench) -> Floats | None:
        found = contrast(bench, Hold(), ((1.0, 1.0),), self.eta)
        return None if found is None else found[0].mean(-self.rate * found[1])

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        return descend(states, change, plan)
