"""A comparison in words and numbers: what each rule asks of the circuit, where its trainings end, what noise adds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.bench import Ledger
from netlearn.study.comparison import Comparison
from netlearn.study.courses import Course
from netlearn.study.room import compiled

NOTHING = 1e-6  # of an estimate


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation over seeds; NaN where there is nothing."""
    known: Floats = np.array([v for v in values if not math.isnan(v)])
    if not len(known):
        return math.nan, math.nan
    return float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else 0.0


def costs(comparison: Comparison, label: str) -> dict[str, float]:
    """What a rule asks of the circuit: settles and reads a sample shown, values an edge stores."""
    pairs = zip(comparison.plan.cells, comparison.courses, strict=True)
    own = [course for cell, course in pairs if cell.entrant.label == label]
    shown, total = max(1, sum(course.samples for course in own)), Ledger()
    for course in own:
        total.add(course.ledger)
    return {"settles": total.settles / shown, "reads": total.reads / shown, "stored": float(total.stored)}


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Numbers for programs: each rule's options, what it asks of the circuit, where its trainings end."""
    found = []
    for label, method in comparison.plan.methods.items():
        ends = [
            {
                "fraction": fraction,
                "noise": noise,
                **_ends(comparison.of(label, fraction, noise)),
            }
            for fraction in comparison.plan.fractions
            for noise in comparison.plan.noises
        ]
        found.append({"method": label, "options": asdict(method), **costs(comparison, label), "ends": ends})  # type: ignore[call-overload]
    return {"found": found}


def _ends(done: Sequence[Course]) -> dict[str, float | None]:
    last = [c.rows[-1] for c in done]
    values = {
        "train_error": spread([r.train_error for r in last]),
        "test_accuracy": spread([r.test_accuracy for r in last]),
        "first_cosine": spread([c.rows[0].cosine for c in done]),
        "cosine": spread([r.cosine for c in done for r in c.rows]),
    }
    flat = {f"{k}{part}": v[i] for k, v in values.items() for i, part in enumerate(("", "_sd"))}
    return {k: None if math.isnan(v) else v for k, v in flat.items()}


def paragraph(comparison: Comparison) -> str:
    """What was compared and what came out, in sentences."""
    plan = comparison.plan
    spec, flat = compiled(plan.subject)
    head = (
        f"Task {spec.name} of {Path(plan.subject.name).name} on {plan.subject.backend}: {len(flat.free_states)} learnable values, "
        f"{len(spec.labels)} samples, {comparison.courses[0].samples:,} shown in each training, {plan.seeds} "
        f"seed{'s' * (plan.seeds > 1)}."
    )
    return " ".join(
        [head, *(_sentence(comparison, label) for label in comparison.plan.methods), *_noise_sentences(comparison)]
    )


def _sentence(comparison: Comparison, label: str) -> str:
    plan, asked = comparison.plan, costs(comparison, label)
    plainest, *others = [(fraction, noise) for fraction in plan.fractions for noise in plan.noises]
    first = comparison.of(label, *plainest)
    ends, before = _ends(first), spread([course.rows[0].train_error for course in first])[0]
    text = (
        f"{label} asks for {asked['settles']:.3g} settles and {asked['reads']:.3g} numbers read a sample and "
        f"{asked['stored']:.0f} stored an edge; its cost falls from {before:.3g} to {ends['train_error']:.3g} +- "
        f"{ends['train_error_sd']:.1g}"
    )
    if ends["test_accuracy"] is not None:
        text += f", with {_score(ends)}"
    if ends["first_cosine"] is not None:
        text += (
            f", its cosine with the exact gradient is {ends['first_cosine']:.3f} at the start and {ends['cosine']:.3f} "
            "on average"
        )
    more = [f"{_score(_ends(comparison.of(label, *pair)))} with {_conditions(*pair)}" for pair in others]
    return f"{'; '.join([text, ', '.join(more)]) if more else text}."


def _conditions(fraction: float, noise: float) -> str:
    part = f"{100 * fraction:g} % of the values"
    return " and ".join([part] * (fraction < 1 or not noise) + [f"noise of {noise:g} V"] * (noise > 0))


def _score(ends: dict[str, float | None]) -> str:
    if ends["test_accuracy"] is None:
        return f"a cost of {ends['train_error']:.3g}"
    return f"{100 * ends['test_accuracy']:.1f} +- {100 * (ends['test_accuracy_sd'] or 0):.1f} % right"


def _noise_sentences(comparison: Comparison) -> list[str]:
    found = []
    for label in comparison.plan.methods:
        for sigma in sorted({n.noise for n in comparison.noise}):
            of = [n for n in comparison.noise if n.method == label and n.noise == sigma]
            clean, predicted, measured = (
                np.array([getattr(n, key) for n in of]) for key in ("estimate", "predicted", "measured")
            )
            size, own = float(np.linalg.norm(predicted)), float(np.linalg.norm(clean))
            if size <= NOTHING * own:
                found.append(f"Noise of {sigma:g} V on the labels does not bias {label}.")
                continue
            share, ratio = size / own, float(measured @ predicted) / size**2
            found.append(
                f"Noise of {sigma:g} V biases {label} by {100 * share:.2g} % of its estimate; measured {ratio:.3f} of that."
            )
    return found
