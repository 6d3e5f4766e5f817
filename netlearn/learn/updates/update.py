"""What stands between the step a rule asks for and the step that is made: one of the `update` statements of a task.

The change that an update is given, and the one it makes of it, are steps of the learnable values themselves, on whatever
scale the rule moves them (a resistance by its conductance, a value with law = log by its logarithm); bounds come after all
updates.
"""

from __future__ import annotations

from typing import Protocol

from netlearn.circuit.flat import Floats
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick


class Update(Protocol):
    """A value: its options are its fields (see `netlearn.learn.options`). What it does is a function of what it is
    given, so that runs can be resumed."""

    def __call__(self, change: Floats, states: Floats, plan: Plan, tick: Tick) -> Floats:
        """The change (D, states) that becomes of a change at these states (D, states)."""
        ...
