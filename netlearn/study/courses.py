"""Trainings side by side: cells, and what is seen of each on its way.

A cell is one training: a rule, a seed, the part of the learnable values that learn, and noise on the labels (normal, of
a standard deviation in V, drawn anew each time a sample is shown). Every cell is a function of its arguments alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Floats, Params
from netlearn.errors import TaskError
from netlearn.learn.bench import Ledger
from netlearn.learn.methods import Method
from netlearn.learn.task import make_task, order
from netlearn.learn.tick import Tick
from netlearn.learn.train import evaluate, shown_step
from netlearn.learn.updates.static import Static
from netlearn.solve.solution import read
from netlearn.study.entrants import Entrant
from netlearn.study.room import Room, Subject, compiled, exact, room, wanted

POINTS = 30  # at which a training is looked at
LONGEST = 1_000_000  # epochs
NOISE = 21
LOOKING = 1 << 40  # a step that no training comes to: its noise is that of looking


@dataclass(frozen=True)
class Cell:
    entrant: Entrant
    seed: int
    fraction: float
    noise: float


@dataclass(frozen=True)
class Row:
    """One look at a training. step: samples shown; settles: operating points learning has asked for; train_error: the
    mean cost of the training samples; test_accuracy: NaN where a task has no classes."""

    method: str
    seed: int
    fraction: float
    noise: float
    step: int
    settles: int
    train_error: float
    test_accuracy: float
    cosine: float


COLUMNS = tuple(f.name for f in fields(Row))


@dataclass(frozen=True)
class Course:
    """One training: its rows, and what was asked of the circuit in all."""

    rows: tuple[Row, ...]
    ledger: Ledger
    samples: int


def budget(subject: Subject, steps: int | None) -> int:
    """Epochs of a training: as many as the task's stop rule takes where nothing but them counts, or for so many steps."""
    spec, _ = compiled(subject)
    each = len(make_task(spec, 0).train)
    if steps is not None:
        return max(1, math.ceil(steps / each))
    if spec.stop is None:
        raise TaskError(f"task {spec.name} has no stop rule", "give --steps")
    worst = {"error": math.inf, "mse": math.inf, "accuracy": 0.0, "violations": 1.0}
    for epoch in range(1, LONGEST):
        if spec.stop({**worst, "epochs": float(epoch), "steps": float(epoch * each)}):
            return epoch
    raise TaskError(f"the stop rule of task {spec.name} sets no number of steps", "give --steps")


def course(subject: Subject, cell: Cell, method: Method, epochs: int) -> Course:
    """One training, looked at `POINTS` times."""
    here = room(subject, method, cell.entrant.name, cell.seed)
    updates = here.task.updates if cell.fraction == 1 else (Static(cell.fraction), *here.task.updates)
    here = replace(here, trainer=replace(here.trainer, task=replace(here.task, updates=updates)))
    here.trainer.backend.reset()
    looks = set(np.unique(np.round(np.linspace(0, epochs, min(POINTS, epochs) + 1)).astype(int)).tolist())
    params, ledger, steps = here.params, Ledger(), 0
    rows = [_look(here, cell, params, ledger, 0)]
    if math.isnan(rows[0].train_error):
        raise TaskError("no sample of the task settles", "see which with netlearn train or netlearn solve")
    for epoch in range(epochs):
        for batch in order(here.task, cell.seed, epoch):
            tick = Tick(cell.seed, epoch, steps)
            labels = noisy(here.task.labels[batch], cell.noise, tick)
            with np.errstate(all="ignore"):
                params, asked = shown_step(here.trainer, here.board, params, batch, labels, tick)
            ledger.add(asked)
            steps += len(batch)
        if not np.isfinite(params.states).all():
            raise TaskError(f"{cell.entrant.label} ran away in epoch {epoch + 1}", "give it a lower rate")
        if epoch + 1 in looks:
            rows.append(_look(here, cell, params, ledger, steps))
    return Course(tuple(rows), ledger, steps)


def noisy(labels: Floats, sigma: float, tick: Tick) -> Floats:
    """Labels (S, O) with noise of a standard deviation in V, drawn for this step."""
    return labels + sigma * tick.rng(NOISE).standard_normal(labels.shape) if sigma else labels


def _look(here: Room, cell: Cell, params: Params, ledger: Ledger, steps: int) -> Row:
    task, circuit = here.task, here.trainer.circuit
    metrics, found = evaluate(here.trainer, params, 0, steps)
    count = len(task.train)
    outputs = np.nan_to_num(read(circuit, params, found.x)[0][:count])
    settled = found.settled[0][:count]
    costs = task.loss.cost(outputs, task.labels[task.train], task.known)
    cost = float(costs[settled].mean()) if settled.any() else math.nan
    moves = _chosen(here, cell)
    labels = noisy(task.labels[task.train], cell.noise, Tick(cell.seed, 0, LOOKING + steps))
    aim, slope = wanted(here, params, labels)[0][moves], exact(here, params)[0][moves]
    return Row(
        cell.entrant.label,
        cell.seed,
        cell.fraction,
        cell.noise,
        steps,
        ledger.settles,
        cost,
        metrics.get("accuracy", math.nan),
        cosine(aim, -slope),
    )


def _chosen(here: Room, cell: Cell) -> NDArray[np.bool_]:
    """(states,) which values learn in this cell."""
    if cell.fraction == 1:
        return here.plan.free
    every = np.ones((1, len(here.plan.names)))
    return np.asarray(Static(cell.fraction)(every, every, here.plan, Tick(cell.seed, 0, 0))[0] > 0)


def cosine(a: Floats, b: Floats) -> float:
    """Of the angle between two vectors; NaN where one of them is zero or beyond numbers."""
    a, b = (v / np.abs(v).max(initial=1e-300) for v in (a, b))  # their squares are numbers then
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / size) if 0 < size < math.inf else math.nan


def cells(named: Sequence[Entrant], seeds: int, fractions: Sequence[float], noises: Sequence[float]) -> list[Cell]:
    """Every training there is to do, in the order of the table."""
    return [Cell(e, s, f, n) for e in named for f in fractions for n in noises for s in range(seeds)]
