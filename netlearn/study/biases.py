"""How far a rule's estimate is off, before anything is learned.

bias        of a rule at nudge beta, against its own limit of small nudges: |a(beta) - a(0)| / |a(0)|
noise bias  what noise on the labels adds to the mean of an estimate a. To second order in the noise that is
            sigma^2 / 2 sum_o d^2 a / d y_o^2, exact where a is a square of currents that are linear in the error, as
            in a one-sided rule on a linear network: (beta / 2) sigma^2 sum_o K_eo^2, K the answer to a unit error
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.errors import TaskError
from netlearn.learn.methods import METHODS, Method
from netlearn.study.courses import NOISE, cosine
from netlearn.study.entrants import Entrant
from netlearn.study.room import Subject, exact, room, wanted

NUDGES = ("beta", "eta", "gamma", "c")  # options that are the strength of a nudge
STRENGTHS = np.concatenate([[1e-3], 10.0 ** np.arange(-2.0, 1.01, 0.5)])  # of a rule's own; the first for the limit


def bias_against_nudge(
    subject: Subject, entrant: Entrant, method: Method, seed: int
) -> Iterator[tuple[float, float, float]]:
    """(nudge, bias, cosine with the exact gradient) of a rule before it has learned anything, at the strengths at which
    it comes to rest (agnostic propagation asks for a minimum); nothing for a rule without a nudge."""
    options = {f.name for f in fields(METHODS[entrant.name]) if f.init}  # type: ignore[arg-type]
    key = next((name for name in NUDGES if name in options), None)
    if key is None:
        return
    here = room(subject, method, entrant.name, seed)
    labels, free = here.task.labels[here.task.train], here.plan.free
    slope = exact(here, here.params)[0][free]
    limit = None
    for strength in (getattr(method, key) * STRENGTHS).tolist():
        if key == "eta" and strength > 1:
            continue
        nudged = replace(here, task=replace(here.task, method=replace(method, **{key: strength})))  # type: ignore[type-var]
        try:
            estimate = wanted(nudged, here.params, labels)[0][free]
        except TaskError:
            continue
        if limit is None:
            limit = estimate
        else:
            yield strength, float(np.linalg.norm(estimate - limit) / np.linalg.norm(limit)), cosine(estimate, -slope)


def noise_bias(
    subject: Subject, entrant: Entrant, method: Method, seed: int, sigma: float, draws: int = 200
) -> tuple[Floats, Floats, Floats]:
    """(clean, predicted, measured) (states,): the mean change before anything is learned, and what noise adds to it."""
    here = room(subject, method, entrant.name, seed)
    task = here.task
    labels = task.labels[task.train]

    def estimate(rows: Ints, wanted_labels: Floats) -> Floats:
        return np.asarray(wanted(here, here.params, wanted_labels, rows)[0])

    clean = estimate(task.train, labels)
    predicted: Floats = np.zeros_like(clean)
    for o in range(labels.shape[1]):
        step = np.zeros(labels.shape[1])
        step[o] = sigma
        up, down = (estimate(task.train, labels + sign * step) for sign in (1.0, -1.0))
        predicted += 0.5 * (up + down - 2.0 * clean)
    rng = np.random.default_rng([seed, NOISE])
    noise = sigma * rng.standard_normal((draws // 2, *labels.shape))
    rows = np.tile(task.train, draws)
    both = np.concatenate([labels + noise, labels - noise]).reshape(-1, labels.shape[1])
    return clean, predicted, np.asarray(estimate(rows, both) - clean)
