"""Values are kept in resistive cells while they learn: each change writes the whole value, with the spread of one write.

    theta_e + change_e -> written(theta_e + change_e),     written of `netlearn.learn.memories.rram`, anew at every write

The spread is of the value, not of the change: small steps drown in it. A value that is not to change is not written.
"""

from __future__ import annotations

from dataclasses import dataclass

from netlearn.circuit.flat import Floats
from netlearn.learn.memories.rram import Writing
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick
from netlearn.learn.updates.rewritten import rewritten


@dataclass(frozen=True)
class Rram(Writing):
    """See the module."""

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        return rewritten(self.written, change, states, plan, tick)
