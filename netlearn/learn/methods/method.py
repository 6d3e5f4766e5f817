"""What a learning method is: how strongly it nudges, and what the contrast of two phases changes."""

from __future__ import annotations

from typing import Protocol

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.edges import Contrast
from netlearn.learn.plan import Plan


class Method(Protocol):
    """A value: its options are its fields (see `netlearn.learn.options`). `eta` is the nudge: outputs are held at O + eta (target - O)."""

    @property
    def eta(self) -> float: ...

    def change(self, contrast: Contrast, plan: Plan) -> Floats:
        """What each sample would change of every state, (D, S, states)."""
        ...

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        """New states (D, states) after a change (D, states), within their bounds."""
        ...


def check_eta(eta: float) -> None:
    if not 0 < eta <= 1:
        raise TaskError(f"eta is {eta:g}", "the nudge lies between 0 and 1: rule coupled(eta = 0.5)", "eta")


def check_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < float("inf"):
            raise TaskError(f"{name} is {value:g}", f"give {name} a positive number", name)
