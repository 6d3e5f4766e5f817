"""A task as arrays: what is shown, what should come out, and which samples are held out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.circuit.model import Choice
from netlearn.errors import CheckFault, Diagnostic
from netlearn.lang.task import TaskSpec
from netlearn.learn.imperfections import IMPERFECTIONS, Imperfection
from netlearn.learn.losses import LOSSES, Loss
from netlearn.learn.methods import METHODS, Method
from netlearn.learn.options import choose
from netlearn.learn.updates import UPDATES, Update


@dataclass(frozen=True)
class Task:
    """inputs (N, I) and labels (N, O) in V (or A); train and test are row numbers. `updates` act in their order.
    `imperfections`: of the parts of the board that learns."""

    spec: TaskSpec
    inputs: Floats
    labels: Floats
    train: Ints
    test: Ints
    method: Method
    loss: Loss
    updates: tuple[Update, ...] = ()
    imperfections: tuple[Imperfection, ...] = ()

    @cached_property
    def known(self) -> Floats:
        """The distinct labels, (C, O)."""
        return np.unique(self.labels, axis=0)


def make_task(spec: TaskSpec, seed: int) -> Task:
    """The arrays of a checked task; `seed` decides which samples are held out (the same share of each class).

    NetlistError, at the place, where its rule or loss is none, or holdout leaves nothing to train or to test on."""
    inputs, labels = np.array(spec.inputs, dtype=float), np.array(spec.labels, dtype=float)
    inputs = inputs.reshape(len(labels), -1)
    method = choose("rule", METHODS, spec.rule, spec.source)
    loss = choose("loss", LOSSES, spec.loss, spec.source)
    updates = tuple(choose("update", UPDATES, choice, spec.source) for choice in spec.updates)
    imperfections = tuple(choose("imperfection", IMPERFECTIONS, choice, spec.source) for choice in spec.imperfections)
    if unfit := [_unfit(spec, choice, method) for choice in spec.imperfections if choice.name not in method.parts]:
        raise CheckFault(unfit)
    for one in imperfections:
        inputs = one.driven(inputs)
    test = _held_out(labels, spec.holdout, seed)
    train = np.setdiff1d(np.arange(len(labels)), test)
    if spec.holdout and not (len(train) and len(test)):
        what = "no sample" if len(train) else "every sample"
        raise CheckFault(
            [
                Diagnostic(
                    f"a holdout of {spec.holdout:g} of {len(labels)} sample{'s' * (len(labels) > 1)} holds {what} out",
                    spec.source,
                    spec.place("holdout"),
                    "give more samples, another part, or no holdout",
                )
            ]
        )
    return Task(spec, inputs, labels, train, test, method, loss, updates, imperfections)


def _unfit(spec: TaskSpec, choice: Choice, method: Method) -> Diagnostic:
    """What is wrong with an imperfection that the task's rule has no part for."""
    rule, name = spec.rule.name, choice.name
    fits = f"{name} fits rule {' or '.join(other for other, known in METHODS.items() if name in known.parts)}"
    if not method.parts:
        message, help = f"rule {rule} is a formula, which has no parts that could be imperfect", fits
    else:
        message = f"imperfection {name} does not fit rule {rule}"
        help = f"those that fit it are {', '.join(sorted(method.parts))}; {fits}"
    return Diagnostic(message, spec.source, choice.place(""), help)


def _held_out(labels: Floats, share: float, seed: int) -> Ints:
    rng = np.random.default_rng([seed, 7])
    _, classes = np.unique(labels, axis=0, return_inverse=True)
    classes = classes.reshape(-1)
    if len(np.unique(classes)) > len(labels) // 2:  # a regression: every label its own class
        classes = np.zeros(len(labels), dtype=int)
    chosen = [
        rng.permutation(np.flatnonzero(classes == c))[: round(share * np.sum(classes == c))] for c in np.unique(classes)
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def order(task: Task, seed: int, epoch: int) -> list[Ints]:
    """The batches of one epoch, in order or shuffled, or all samples at once. A function of its arguments."""
    if task.spec.order == "batch":
        return [task.train]
    rows = task.train
    if task.spec.order == "shuffled":
        rows = np.random.default_rng([seed, 1, epoch]).permutation(rows)
    return [rows[k : k + task.spec.batch] for k in range(0, len(rows), task.spec.batch)]
