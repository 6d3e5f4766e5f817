"""What a learning method is: how strongly it nudges, and what the contrast of two phases changes."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.edges import Contrast
from netlearn.learn.plan import Plan


class Method(Protocol):
    """A value: its options are its fields. `eta` is the nudge: outputs are held at O + eta (target - O)."""

    @property
    def eta(self) -> float: ...

    def change(self, contrast: Contrast, plan: Plan) -> Floats:
        """What each sample would change of every state, (D, S, states)."""
        ...

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        """New states (D, states) after a change (D, states), within their bounds."""
        ...


def options(method: type[Method]) -> dict[str, str]:
    """Option name to its meaning and default, from the fields of a method."""
    return {f.name: f"{f.metadata['doc']} ({_default(f)})" for f in dataclasses.fields(method)}  # type: ignore[arg-type]


def _default(option: dataclasses.Field[float]) -> str:
    return "must be given" if option.default is dataclasses.MISSING else f"default {option.default:g}"


def required(method: type[Method]) -> list[str]:
    """Options that have no default."""
    fields = dataclasses.fields(method)  # type: ignore[arg-type]
    return [f.name for f in fields if f.default is dataclasses.MISSING]


def check_eta(eta: float) -> None:
    if not 0 < eta <= 1:
        raise TaskError(f"eta is {eta:g}", "the nudge lies between 0 and 1: rule coupled(eta = 0.5)")


def check_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < float("inf"):
            raise TaskError(f"{name} is {value:g}", f"give {name} a positive number")
