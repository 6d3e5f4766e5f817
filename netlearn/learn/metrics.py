"""Metrics in words, for progress, results and reports."""

from __future__ import annotations

from collections.abc import Sequence

from netlearn.learn.task import Task

MOST_NAMED = 6


def show(name: str, value: float) -> str:
    """A metric with its unit, such as `1.7e-05 V²` or `96.7 %`; mse and error in V² and V."""
    if name == "mse":
        return f"{value:.3g} V²"
    if name == "error":
        return f"{1e3 * value:.3g} mV"
    return f"{100 * value:.1f} %"


def label(name: str, task: Task) -> str:
    """What a metric is called."""
    return {
        "mse": "mean squared error",
        "error": "root mean square error",
        "violations": "violations of the margin",
        "accuracy": "held-out accuracy" if len(task.test) else "training accuracy",
        "train_accuracy": "training accuracy",
    }[name]


def shown_metrics(task: Task) -> list[str]:
    """The metrics worth a line of their own, the one that learning lowers or raises first."""
    return [name for name in task.loss.metrics if name != "train_accuracy" or len(task.test)]


def unsettled(task: Task, rows: Sequence[int]) -> str:
    """Which samples of a task did not settle, as a sentence; empty where all did."""
    if not rows:
        return ""
    named = ", ".join(str(row + 1) for row in rows[:MOST_NAMED])
    more = f" and {len(rows) - MOST_NAMED} more" if len(rows) > MOST_NAMED else ""
    word = "samples" if len(rows) > 1 else "sample"
    return f"{word} {named}{more} of {len(task.labels)} (counted from 1) did not settle"
