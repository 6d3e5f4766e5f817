"""What a learning method is: how strongly it nudges, and what the contrast of two phases changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from netlearn.circuit.flat import FlatCircuit, Floats, Ints
from netlearn.errors import TaskError
from netlearn.learn.edges import Contrast
from netlearn.learn.plan import Plan


@dataclass(frozen=True)
class Formula:
    """A method as one of the formulas of `netlearn.solve.lesson`, for backends that do whole steps in machine code.

    signal: SQUARES or MAGNITUDES. scales (states,): how each state takes a change. weights, inverse: w and m of the
    edges, one array and one number a group.
    """

    signal: int
    gain: float
    scales: Ints
    weights: Sequence[Floats]
    inverse: Sequence[int]
    dead: float = 0.0


class Method(Protocol):
    """A value: its options are its fields (see `netlearn.learn.options`). `eta` is the nudge: outputs are held at
    O + eta (target - O)."""

    @property
    def eta(self) -> float: ...

    def change(self, contrast: Contrast, plan: Plan) -> Floats:
        """What each sample would change of every state, (D, S, states)."""
        ...

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        """New states (D, states) after a change (D, states), within their bounds."""
        ...

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula | None:
        """The same as a formula; None where it is none."""
        ...


def check_eta(eta: float) -> None:
    if not 0 < eta <= 1:
        raise TaskError(f"eta is {eta:g}", "the nudge lies between 0 and 1: rule coupled(eta = 0.5)", "eta")


def check_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < float("inf"):
            raise TaskError(f"{name} is {value:g}", f"give {name} a positive number", name)
