"""What a circuit says of itself over time: readings, expressions of node voltages, and what it asserts of them.

A reading's tree is nested tuples of an operator and its operands, with leaves ("c", number) and ("n", node).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from netlearn.circuit.model import Reading, Watch
from netlearn.circuit.waveform import Floats

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power, "neg": np.negative,
    "abs": np.abs,
}  # fmt: skip


@dataclass(frozen=True)
class Check:
    """What became of an assertion: both sides at its time."""

    watch: Watch
    left: float
    right: float

    @property
    def holds(self) -> bool:
        """Nothing holds of what is no number, such as V(a) / 0V."""
        known = math.isfinite(self.left) and math.isfinite(self.right)
        return known and bool(COMPARE[self.watch.sign](self.left, self.right))

    @property
    def said(self) -> str:
        """What was read instead."""
        return f"{self.watch.left.text} is {self.left:.6g}, {self.watch.right.text} is {self.right:.6g}"


def reading(of: Reading, volts: Mapping[str, Floats], time: Floats) -> Floats:
    """Its values (K,) at times (K,), where nodes by name have voltages (K,)."""
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(_value(of.tree, volts), dtype=float), time.shape)


def checked(watches: Iterable[Watch], time: Floats, volts: Mapping[str, Floats]) -> tuple[Check, ...]:
    """Each assertion at its time, of voltages on straight lines between the times given."""

    def at(of: Reading, when: float) -> float:
        then = {node: np.interp([when], time, volts[node]) for node in nodes(of.tree)}
        return float(reading(of, then, np.array([when]))[0])

    return tuple(Check(w, at(w.left, w.time), at(w.right, w.time)) for w in watches)


def nodes(tree: tuple[Any, ...]) -> Iterator[str]:
    """The names of the nodes that a reading's tree reads."""
    kind, *parts = tree
    if kind == "n":
        yield parts[0]
    elif kind != "c":
        for part in parts:
            yield from nodes(part)


def _value(tree: tuple[Any, ...], volts: Mapping[str, Floats]) -> Any:
    kind, *parts = tree
    if kind == "c":
        return float(parts[0])
    if kind == "n":
        return volts[parts[0]]
    return _OPERATORS[kind](*(_value(part, volts) for part in parts))
