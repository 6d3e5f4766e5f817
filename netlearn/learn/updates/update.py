"""What stands between the change a rule asks for and the change that happens: one of the `update` statements of a task."""

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
