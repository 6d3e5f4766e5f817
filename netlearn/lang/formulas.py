"""Expressions over states and voltages as law text: parameters that learn, and hidden nets that are driven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlearn.circuit.model import (
    Formula,
)
from netlearn.lang.values import (
    Symbolic,
)


def leaves(tree: tuple[Any, ...], kind: str) -> list[str]:
    """Names of the leaves of one kind, each once, in order."""
    if tree[0] == kind:
        return [tree[1]]
    if tree[0] in ("c", "s", "n"):
        return []
    return list(dict.fromkeys(n for part in tree[1:] for n in leaves(part, kind)))


def renamed(tree: tuple[Any, ...], names: Mapping[str, str]) -> tuple[Any, ...]:
    if tree[0] == "s":
        return ("s", names[tree[1]])
    if tree[0] in ("c", "n"):
        return tree
    return (tree[0], *(renamed(t, names) for t in tree[1:]))


_LOGIC = "logistic(4 * ({} - 2.5))"  # a 5 V logic level as a number between 0 and 1


def numbered(tree: tuple[Any, ...]) -> tuple[str, list[float], list[str], list[str]]:
    """Law text of an expression over c0.., s0.. and V(x0).., with the numbers and names they stand for."""
    numbers: list[float] = []
    states, nets = leaves(tree, "s"), leaves(tree, "n")

    def text(t: tuple[Any, ...]) -> str:
        if t[0] == "c":
            numbers.append(float(t[1]))
            return f"c{len(numbers) - 1}"
        if t[0] == "s":
            return f"s{states.index(t[1])}"
        if t[0] == "n":
            return f"V(x{nets.index(t[1])})"
        if t[0] == "neg":
            return f"(0 - {text(t[1])})"
        if t[0] == "abs":
            return f"abs({text(t[1])})"
        if t[0] == "^":
            return f"({text(t[1])})^{_exponent(t[2][1])}"
        if t[0] == "xor":
            a, b = _LOGIC.format(text(t[1])), _LOGIC.format(text(t[2]))
            return f"5 * ({a} + {b} - 2 * {a} * {b})"
        return f"({text(t[1])} {t[0]} {text(t[2])})"

    return text(tree), numbers, states, nets


def _exponent(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and value >= 0 else f"(0 {'-' if value < 0 else '+'} {abs(value)!r})"


def formula(symbol: Symbolic) -> Formula:
    text, numbers, states, _ = numbered(symbol.tree)
    return Formula(text, tuple(numbers), tuple(states))
