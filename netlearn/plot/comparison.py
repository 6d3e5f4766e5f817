"""The picture of a comparison: error, accuracy, cosine, trainable fraction, bias of the nudge, bias by noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREEN, GREY, ORANGE
from netlearn.study.comparison import Comparison
from netlearn.study.courses import Row
from netlearn.study.telling import costs, spread

COLORS = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", "#F0E442", GREY)
MARKS = "osD^vP*X"


def draw(figure: Any, comparison: Comparison) -> None:
    """Six panels; bands are one standard deviation over seeds."""
    axes = figure.subplots(2, 3).ravel()
    classes = any(not np.isnan(row.test_accuracy) for row in comparison.rows)
    panels: list[Callable[[Any, Comparison], None]] = [
        _errors,
        _accuracies if classes else _errors_by_settles,
        _cosines,
        _fractions if len(comparison.plan.fractions) > 1 else _by_noise if len(comparison.plan.noises) > 1 else _costs,
        _biases,
        _noise if comparison.noise else _noises,
    ]
    for at, panel in zip(axes, panels, strict=True):
        panel(at, comparison)
    lines, labels = axes[0].get_legend_handles_labels()
    figure.legend(lines, labels, loc="outside lower center", ncols=min(4, len(labels)), frameon=False)


def _styles(comparison: Comparison) -> list[tuple[str, dict[str, Any]]]:
    names = list(comparison.plan.methods)
    return [(n, {"color": COLORS[k % 8], "marker": MARKS[k % 8], "ms": 3.5, "lw": 1.3}) for k, n in enumerate(names)]


def _curve(axes: Any, comparison: Comparison, across: str, value: Callable[[Row], float], label: bool = False) -> None:
    plan = comparison.plan
    for name, style in _styles(comparison):
        courses = comparison.of(name, plan.fractions[0], plan.noises[0])
        looks = list(zip(*(c.rows for c in courses), strict=True))
        x = [np.mean([getattr(row, across) for row in look]) for look in looks]
        mean, sd = np.array([spread([value(row) for row in look]) for look in looks]).T
        axes.plot(x, mean, label=name if label else None, **(style | {"marker": ""}))
        axes.fill_between(x, mean - sd, mean + sd, color=style["color"], alpha=0.15, lw=0)


def _errors(axes: Any, comparison: Comparison) -> None:
    _curve(axes, comparison, "step", lambda row: row.train_error, label=True)
    axes.set(xlabel="samples shown", ylabel="cost of training samples", yscale="log")


def _errors_by_settles(axes: Any, comparison: Comparison) -> None:
    _curve(axes, comparison, "settles", lambda row: row.train_error)
    axes.set(xlabel="settles", ylabel="cost of training samples", yscale="log")


def _accuracies(axes: Any, comparison: Comparison) -> None:
    _curve(axes, comparison, "settles", lambda row: 100 * row.test_accuracy)
    axes.set(xlabel="settles", ylabel="held-out accuracy (%)")


def _cosines(axes: Any, comparison: Comparison) -> None:
    _curve(axes, comparison, "step", lambda row: row.cosine)
    axes.axhline(1.0, color=GREY, lw=0.6)
    axes.set(xlabel="samples shown", ylabel="cosine with the exact gradient", ylim=(None, 1.05))


def _last(comparison: Comparison, pairs: Sequence[tuple[float, float]], name: str) -> Any:
    """Mean and deviation, (2, n), of the score at the end: accuracy, or the cost where there are no classes."""
    ends = [[c.rows[-1] for c in comparison.of(name, f, n)] for f, n in pairs]
    scores = [[r.train_error if np.isnan(r.test_accuracy) else 100 * r.test_accuracy for r in rows] for rows in ends]
    return np.array([spread(of) for of in scores]).T


def _score_label(comparison: Comparison) -> str:
    return "cost at the end" if np.isnan(comparison.rows[0].test_accuracy) else "held-out accuracy (%)"


def _fractions(axes: Any, comparison: Comparison) -> None:
    plan = comparison.plan
    _scores(axes, comparison, plan.fractions, [(f, plan.noises[0]) for f in plan.fractions])
    axes.set(xlabel="part of the values that learn")


def _by_noise(axes: Any, comparison: Comparison) -> None:
    plan = comparison.plan
    _scores(axes, comparison, plan.noises, [(plan.fractions[0], n) for n in plan.noises])
    axes.set(xlabel="noise on the labels (V)")


def _scores(axes: Any, comparison: Comparison, x: Sequence[float], pairs: Sequence[tuple[float, float]]) -> None:
    """Scores at the end, the rules a little beside each other."""
    apart = 0.006 * (max(x) - min(x))
    for k, (name, style) in enumerate(_styles(comparison)):
        mean, sd = _last(comparison, pairs, name)
        axes.errorbar(np.array(x) + apart * k, mean, sd, capsize=2, elinewidth=0.7, **style)
    axes.set(ylabel=_score_label(comparison))


def _costs(axes: Any, comparison: Comparison) -> None:
    """Where only one part learns: the score at the end, rule by rule."""
    plan = comparison.plan
    for k, (name, style) in enumerate(_styles(comparison)):
        mean, sd = _last(comparison, [(plan.fractions[0], plan.noises[0])], name)
        axes.errorbar([k], mean, sd, capsize=3, **style)
    axes.set(xticks=[], ylabel=_score_label(comparison))


def _biases(axes: Any, comparison: Comparison) -> None:
    for name, style in _styles(comparison):
        of = [b for b in comparison.biases if b.method == name]
        if of:
            own = np.array([b.nudge for b in of])
            axes.plot(own, np.maximum([b.bias for b in of], 1e-16), **style)
    axes.set(xlabel="nudge", ylabel="bias against the small-nudge limit", xscale="log", yscale="log")


def _noise(axes: Any, comparison: Comparison) -> None:
    for name, style in _styles(comparison):
        of = [n for n in comparison.noise if n.method == name]
        axes.plot([n.predicted for n in of], [n.measured for n in of], **(style | {"lw": 0}))
    every = [abs(n.predicted) for n in comparison.noise]
    most = max(every) or 1.0
    axes.plot([-most, most], [-most, most], color=GREY, lw=0.6)
    axes.set(xlabel="bias by noise, closed form", ylabel="measured")


def _noises(axes: Any, comparison: Comparison) -> None:
    """Without noise: what each rule asks of the circuit for one sample."""
    for k, (name, style) in enumerate(_styles(comparison)):
        asked = costs(comparison, name)
        axes.bar([k], [asked["settles"]], color=style["color"])
    axes.set(xticks=[], ylabel="settles a sample")
