"""Values are kept in phase-change cells while they learn: each change writes the whole value, with the noise of one write.

    theta_e + change_e -> written(theta_e + change_e),     written of `netlearn.learn.memories.pcm`, anew at every write

The noise is of the value, not of the change: small steps drown in it. A value that is not to change is not written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from netlearn.circuit.flat import Floats
from netlearn.learn.memories import pcm
from netlearn.learn.options import check_not_negative
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick
from netlearn.learn.updates.rewritten import rewritten


@dataclass(frozen=True)
class Pcm:
    """See the module."""

    program: float = field(default=1.0, metadata={"doc": "scale of the programming noise"})

    def __post_init__(self) -> None:
        check_not_negative(program=self.program)

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        return rewritten(pcm.Pcm(program=self.program).written, change, states, plan, tick)
