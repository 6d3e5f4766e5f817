"""Conditions over the results of training: `stop when`, `assert` and `yield`, checked against what can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.over_time import COMPARE
from netlearn.errors import CheckFault, Diagnostic, Source, Span
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.values import Fault, span, suggest
from netlearn.lang.write import write
from netlearn.syntax import ReadFault, parse
from netlearn.units import NONE, VOLT, Dimension, Quantity, describe

METRICS: dict[str, Dimension] = {
    "error": VOLT,  # root mean square error
    "mse": (2, 0, 0, 0, 0),
    "accuracy": NONE,
    "violations": NONE,  # fraction of samples a hinge still pushes
    "steps": NONE,
    "epochs": NONE,
}
FORM = "write error < 1mV or steps > 5000"


@dataclass(frozen=True)
class Condition:
    """A comparison of metrics, with the text it was written as."""

    text: str
    tree: Any

    def __call__(self, metrics: Mapping[str, float]) -> bool:
        return bool(_truth(self.tree, metrics))

    def each(self, metrics: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
        """Whether it holds for each of many, from their metrics (D,)."""
        draws = len(next(iter(metrics.values())))
        return np.broadcast_to(np.asarray(_truth(self.tree, metrics), dtype=bool), draws)

    @property
    def limit(self) -> tuple[str, float] | None:
        """The metric that it wants below a number, and that number, where this is all that it wants."""
        if self.tree.data != "compare" or str(self.tree.children[1]) not in ("<", "<="):
            return None
        metric, _, number = self.tree.children
        return (str(metric.children[0]), _value(number, {})) if metric.data == "ref" and number.data != "ref" else None

    @property
    def names(self) -> frozenset[str]:
        """The metrics that it compares."""
        return frozenset(str(ref.children[0]) for ref in self.tree.find_data("ref"))


def read_condition(evaluate: Evaluator, tree: Any) -> Condition:
    """A checked condition over metrics."""
    _check_condition(evaluate, tree)
    return Condition(write(tree), tree)


def condition(text: str, name: str) -> Condition:
    """A condition that was typed, as the option `name`; NetlistError where it is none."""
    source = Source(name, text)
    try:
        return read_condition(Evaluator({}), parse(text, "condition").children[0])
    except ReadFault as fault:
        raise CheckFault([Diagnostic("this is no condition", source, Span(1, fault.column), FORM)]) from None
    except Fault as fault:
        raise CheckFault([Diagnostic(fault.message, source, span(fault.where), fault.help)]) from None


def _check_condition(evaluate: Evaluator, tree: Any) -> None:
    if tree.data in ("and_", "or_", "not_", "group"):
        for child in tree.children:
            _check_condition(evaluate, child)
        return
    if tree.data != "compare":
        raise Fault("a condition compares a result with a number", tree, FORM)
    a, b = (_dimension(evaluate, tree.children[k]) for k in (0, 2))
    if a != b and NONE not in (a, b):
        raise Fault(f"{describe(a)} compared with {describe(b)}", tree, "error is in V (root mean square), mse in V^2")


def _dimension(evaluate: Evaluator, tree: Any) -> Dimension:
    if tree.data == "ref":
        name = str(tree.children[0])
        if name not in METRICS or len(tree.children) > 1:
            raise Fault(
                f"unknown result '{write(tree)}'", tree, suggest(name, METRICS) or f"known: {', '.join(METRICS)}"
            )
        return METRICS[name]
    return evaluate.number(tree, "a limit", None).dimension


def _truth(tree: Any, metrics: Mapping[str, Any]) -> Any:
    match tree.data:
        case "and_" | "or_":
            both = np.logical_and if tree.data == "and_" else np.logical_or
            return both(*(_truth(child, metrics) for child in tree.children))
        case "not_":
            return np.logical_not(_truth(tree.children[0], metrics))
        case "group":
            return _truth(tree.children[0], metrics)
    compare: Callable[[Any, Any], Any] = COMPARE[str(tree.children[1])]
    return compare(_value(tree.children[0], metrics), _value(tree.children[2], metrics))


def _value(tree: Any, metrics: Mapping[str, Any]) -> Any:
    if tree.data == "ref":
        return metrics[str(tree.children[0])]
    value = Evaluator({})(tree)
    assert isinstance(value, Quantity)
    return value.number
