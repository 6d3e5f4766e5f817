"""The learning loop: free phase, clamped phase, contrast, update.

`train` yields after every epoch and leaves it to the caller to store, draw or stop. It keeps nothing that is not
in the `Moment` it yields, and forgets the backend's warm starts at every checkpoint, so that going on from a
stored moment gives the same numbers, bit for bit, as never having stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.backends import Backend
from netlearn.circuit.flat import (
    Boundary,
    FlatCircuit,
    Floats,
    Ints,
    Params,
    boundary,
    hold,
    initial,
    with_states,
)
from netlearn.errors import CircuitError, TaskError
from netlearn.learn.compiled import make_lesson
from netlearn.learn.edges import Contrast
from netlearn.learn.plan import Plan, make_plan
from netlearn.learn.task import Task, order
from netlearn.solve.lesson import Lesson
from netlearn.solve.solution import Solution, read


class Metrics(dict[str, float]):
    """Metrics by name (see `evaluate`); `unsettled`: rows of the task whose samples had no operating point."""

    def __init__(self, values: Mapping[str, float], unsettled: Sequence[int] = ()) -> None:
        super().__init__(values)
        self.unsettled = tuple(unsettled)


@dataclass(frozen=True)
class Moment:
    """Where a run stands after an epoch.

    steps: samples shown. solves, settled: operating points asked for and found so far. answers: those of the
    evaluation, a start for the next one. `checkpoint` says that all warm starts were forgotten here, so that a run can
    go on from it.
    """

    epoch: int
    steps: int
    states: Floats
    solves: int
    settled: int
    metrics: Metrics
    finished: bool = False
    checkpoint: bool = False
    answers: Solution | None = field(default=None, repr=False, compare=False)


RUNAWAY = 1e100  # no learnable value is that large


@dataclass(frozen=True)
class Trainer:
    """Everything a run is a function of."""

    circuit: FlatCircuit
    task: Task
    backend: Backend
    seed: int = 0
    steps: int | None = None
    checkpoint_steps: int = 2000

    def __post_init__(self) -> None:
        if self.steps is None and self.task.spec.stop is None:
            raise TaskError(
                f"task {self.task.spec.name} has no stop rule",
                "write stop error < 1mV or steps > 5000, or give --steps",
            )
        if any(port.kind != "V" for port in self.circuit.outputs):
            raise TaskError("a branch current cannot be clamped", "train on node voltages or their differences")
        _ = self.circuit.clamping  # CircuitError where two outputs would clamp one node
        held = self.circuit.held_nodes | {n for port in self.circuit.inputs for n in port.nodes}
        for port in self.circuit.outputs:
            if port.clamped[0] in held:
                raise TaskError(
                    f"output {port.name} is read at a node that an input or a source holds", "read it at a free node"
                )


def begin(trainer: Trainer, params: Params) -> Moment:
    """The untrained circuit and its measured error."""
    trainer.backend.reset()
    metrics, found = evaluate(trainer, params, 0, 0)
    solves, settled = found.settled.size, int(found.settled.sum())
    return Moment(0, 0, params.states, solves, settled, metrics, _done(trainer, metrics), checkpoint=True)


def train(trainer: Trainer, start: Moment | None = None) -> Iterator[Moment]:
    """Moments of a run, the first one before any learning (or none, where it goes on from `start`)."""
    params = initial(trainer.circuit, trainer.seed)
    plan = make_plan(trainer.circuit, params)
    lesson = make_lesson(trainer.circuit, trainer.task, plan)
    if start is None:
        moment = begin(trainer, params)
        yield moment
    else:
        params, moment = with_states(trainer.circuit, params, start.states), start
    trainer.backend.reset()
    since = 0
    while not moment.finished:
        params, moment = _kept_finite(trainer, plan, lesson, params, moment)
        since += len(trainer.task.train)
        if since >= trainer.checkpoint_steps or moment.finished:
            trainer.backend.reset()
            moment, since = replace(moment, checkpoint=True, answers=None), 0
        yield moment


def _kept_finite(
    trainer: Trainer, plan: Plan, lesson: Lesson | None, params: Params, moment: Moment
) -> tuple[Params, Moment]:
    """One epoch; TaskError where a learnable value ran away in it."""
    help = "lower the rate of the rule, or give what learns bounds: learn(10k, 1k..100k)"
    try:
        with np.errstate(all="ignore"):
            params, moment = _epoch(trainer, plan, lesson, params, moment)
    except CircuitError as error:  # the numbers were fine before this epoch
        raise TaskError(f"learning ran away in epoch {moment.epoch + 1}: {error.message}", help) from None
    lost = np.flatnonzero(~(np.abs(moment.states[0]) < RUNAWAY))
    if len(lost):
        name, value = trainer.circuit.states[lost[0]].name, moment.states[0, lost[0]]
        raise TaskError(f"learning ran away in epoch {moment.epoch}: {name} is {value:g}", help)
    return params, moment


def _epoch(
    trainer: Trainer, plan: Plan, lesson: Lesson | None, params: Params, moment: Moment
) -> tuple[Params, Moment]:
    batches = _within(order(trainer.task, trainer.seed, moment.epoch), trainer.steps, moment.steps)
    params, solves, settled = learn(trainer, plan, lesson, params, batches)
    steps = moment.steps + sum(len(rows) for rows in batches)
    metrics, found = evaluate(trainer, params, moment.epoch + 1, steps, moment.answers)
    solves, settled = moment.solves + solves + found.settled.size, moment.settled + settled + int(found.settled.sum())
    done = _done(trainer, metrics)
    return params, Moment(moment.epoch + 1, steps, params.states, solves, settled, metrics, done, answers=found)


def _within(batches: list[Ints], most: int | None, steps: int) -> list[Ints]:
    """The batches that begin before `most` samples have been shown."""
    if most is None:
        return batches
    shown = steps + np.cumsum([0, *(len(rows) for rows in batches[:-1])])
    return batches[: int(np.count_nonzero(shown < most))]


def learn(
    trainer: Trainer, plan: Plan, lesson: Lesson | None, params: Params, batches: list[Ints]
) -> tuple[Params, int, int]:
    """Show batches and learn from each: new parameters, solves asked for and settled.

    What the backend can do of a `lesson` by itself, whole steps on single samples, is left to it.
    """
    rows, solves, settled, done = np.concatenate(batches), 0, 0, 0
    while done < len(batches):
        taught = trainer.backend.teach(params, lesson, rows[done:]) if lesson is not None else None
        if taught is None:
            lesson = None
        elif taught.steps:
            params = with_states(trainer.circuit, params, taught.states)
            done, solves, settled = done + taught.steps, solves + taught.solves, settled + taught.settled
        if done < len(batches):
            params, asked, found = step(trainer, plan, params, batches[done])
            done, solves, settled = done + 1, solves + asked, settled + found
    return params, solves, settled


def _done(trainer: Trainer, metrics: dict[str, float]) -> bool:
    if trainer.steps is not None:
        return metrics["steps"] >= trainer.steps
    stop = trainer.task.spec.stop
    return stop is not None and stop(metrics)


def step(trainer: Trainer, plan: Plan, params: Params, rows: Ints) -> tuple[Params, int, int]:
    """Show some samples and learn from their mean contrast: new parameters, solves asked for and settled."""
    circuit, backend, task = trainer.circuit, trainer.backend, trainer.task
    free_boundary = boundary(circuit, task.inputs[rows])
    free = backend.operating_points(params, free_boundary)
    outputs = read(circuit, params, free.x)[0]
    target = task.loss.target(np.where(np.isfinite(outputs), outputs, 0.0), task.labels[rows], task.known)
    wanted = np.isfinite(target).any(axis=1) & free.settled[0]
    found, asked = int(np.count_nonzero(free.settled)), int(np.count_nonzero(wanted))
    if not asked:
        return params, len(rows), found
    clamped = backend.operating_points(
        params,
        clamp(circuit, free_boundary, free.x[0], target, task.method.eta, wanted),
        free if asked == len(rows) else free.of(wanted),
    )
    used = clamped.settled[0]
    if np.count_nonzero(used):
        seen = Contrast(circuit, plan.groups, params, _rows(_rows(free.x, wanted), used), _rows(clamped.x, used))
        change = task.method.change(seen, plan).sum(axis=1) / len(rows)
        params = with_states(circuit, params, task.method.apply(params.states, change, plan))
    return params, len(rows) + asked, found + int(np.count_nonzero(used))


def _rows(values: Floats, chosen: np.ndarray) -> Floats:
    """The chosen samples of (D, S, ...)."""
    return values if np.count_nonzero(chosen) == len(chosen) else values[:, chosen]


def clamp(circuit: FlatCircuit, free: Boundary, x: Floats, target: Floats, eta: float, rows: np.ndarray) -> Boundary:
    """The clamped phase of some rows: each output that has a target held at O + eta (target - O).

    A differential output moves both of its nodes by half of that, apart. x (S, size): the free phase.
    """
    if np.count_nonzero(rows) < len(rows):
        free = replace(free, voltages=free.voltages[rows], currents=free.currents[rows])
        x, target = x[rows], target[rows]
    plus, minus = circuit.read_nodes["free"]
    nodes, starts, outputs, shares = circuit.clamping
    push = eta * (target - (x.take(plus, axis=1) - x.take(minus, axis=1)))
    return hold(free, nodes, x.take(starts, axis=1) + shares * push.take(outputs, axis=1))


def evaluate(
    trainer: Trainer, params: Params, epoch: int, steps: int, start: Solution | None = None
) -> tuple[Metrics, Solution]:
    """The metrics of the task's loss, and the free operating points they are of; `start`: those of the last time.

    Over the training samples: mse (V^2), error (its root, V), violations (the part a hinge still pushes),
    train_accuracy; accuracy over the held-out samples, or over the training samples where none are held out. A sample
    that does not settle is no right one, and leaves no mean of squares.
    """
    task = trainer.task
    rows = np.concatenate([task.train, task.test])
    found = trainer.backend.operating_points(params, boundary(trainer.circuit, task.inputs[rows]), start)
    outputs, settled = read(trainer.circuit, params, found.x)[0], found.settled[0]
    labels, count = task.labels[rows], len(task.train)
    mse = float(np.mean((outputs[:count] - labels[:count]) ** 2)) if settled[:count].all() else float("nan")
    right = task.loss.right(np.nan_to_num(outputs), labels, task.known) & settled
    judged = right[count:] if len(task.test) else right
    pushed = np.isfinite(task.loss.target(np.nan_to_num(outputs[:count]), labels[:count], task.known)).any(axis=1)
    known = {
        "mse": mse,
        "error": float(np.sqrt(mse)),
        "accuracy": float(judged.mean()),
        "train_accuracy": float(right[:count].mean()),
        "violations": float((pushed | ~settled[:count]).mean()),
    }
    shown = {"steps": float(steps), "epochs": float(epoch), **{name: known[name] for name in task.loss.metrics}}
    return Metrics(shown, np.sort(rows[~settled]).tolist()), found


__all__ = ["Metrics", "Moment", "Trainer", "begin", "clamp", "evaluate", "learn", "step", "train"]
