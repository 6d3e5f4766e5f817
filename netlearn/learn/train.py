"""The learning loop: an experiment with some samples, the change it asks for, evaluation.

`train` yields after every epoch and leaves it to the caller to store, draw or stop. It keeps nothing that is not
in the `Moment` it yields, and forgets the backend's warm starts at every checkpoint, so that going on from a
stored moment gives the same numbers, bit for bit, as never having stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.backends import Backend
from netlearn.circuit.chance import Keyed
from netlearn.circuit.flat import (
    FlatCircuit,
    Floats,
    Ints,
    Params,
    boundary,
    initial,
    with_states,
)
from netlearn.circuit.temperature import NOMINAL_CELSIUS, at
from netlearn.errors import CircuitError, TaskError
from netlearn.learn.assembly import assemble
from netlearn.learn.bench import Bench, Ledger, Progress
from netlearn.learn.board import Board
from netlearn.learn.compiled import make_lesson, taught_of
from netlearn.learn.plan import bounded, make_plan
from netlearn.learn.task import Task, order
from netlearn.learn.tick import Tick
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


START = Tick(0, 0, 0)
RUNAWAY = 1e100  # no learnable value is that large


@dataclass(frozen=True)
class Trainer:
    """Everything a run is a function of. `celsius`: how warm the circuit is."""

    circuit: FlatCircuit
    task: Task
    backend: Backend
    seed: int = 0
    steps: int | None = None
    checkpoint_steps: int = 2000
    celsius: float = NOMINAL_CELSIUS

    def __post_init__(self) -> None:
        if self.steps is None and self.task.spec.stop is None:
            raise TaskError(
                f"task {self.task.spec.name} has no stop rule",
                "write stop error < 1mV or steps > 5000, or give --steps",
            )
        if any(port.kind != "V" for port in self.circuit.outputs):
            raise TaskError(
                "rules read voltages, and an output of this task is a branch current",
                "train on node voltages or their differences",
            )
        if self.task.method.holds:
            _ = self.circuit.clamping  # CircuitError where two outputs would clamp one node
        held = self.circuit.held_nodes
        for port in self.circuit.outputs:
            if port.clamped[0] in held and (self.task.method.holds or port.clamped[1] in held):
                raise TaskError(
                    f"output {port.name} is read at a node that an input or a source holds", "read it at a free node"
                )


def equipped(circuit: FlatCircuit, task: Task) -> FlatCircuit:
    """The circuit with what the task's rule attaches to it: open the backend on this one."""
    return task.method.equip(circuit)


def untrained(trainer: Trainer) -> Params:
    """The circuit at its starting values, as warm as it is."""
    return at(trainer.circuit, initial(trainer.circuit, trainer.seed), trainer.celsius)


def board_of(trainer: Trainer) -> Board:
    """What learns, at its starting values, with the imperfections of its parts."""
    params = untrained(trainer)
    return assemble(trainer.circuit, make_plan(trainer.circuit, params), trainer.task, params, Keyed((trainer.seed,)))


def begin(trainer: Trainer, params: Params) -> Moment:
    """The untrained circuit and its measured error."""
    trainer.backend.reset()
    metrics, found = evaluate(trainer, params, 0, 0)
    solves, settled = found.settled.size, int(found.settled.sum())
    return Moment(0, 0, params.states, solves, settled, metrics, _done(trainer, metrics), checkpoint=True)


def train(trainer: Trainer, start: Moment | None = None, board: Board | None = None) -> Iterator[Moment]:
    """Moments of a run, the first one before any learning (or none, where it goes on from `start`); of one `board`, else
    of the circuit as it is drawn on paper."""
    board = board_of(trainer) if board is None else board
    params, lesson = board.params, make_lesson(trainer.task, board)
    if start is None:
        moment = begin(trainer, params)
        yield moment
    else:
        params, moment = with_states(trainer.circuit, params, start.states), start
    trainer.backend.reset()
    since = 0
    while not moment.finished:
        params, moment = _kept_finite(trainer, board, lesson, params, moment)
        since += len(trainer.task.train)
        if since >= trainer.checkpoint_steps or moment.finished:
            trainer.backend.reset()
            moment, since = replace(moment, checkpoint=True, answers=None), 0
        yield moment


def _kept_finite(
    trainer: Trainer, board: Board, lesson: Lesson | None, params: Params, moment: Moment
) -> tuple[Params, Moment]:
    """One epoch; TaskError where a learnable value ran away in it."""
    help = "lower the rate of the rule, or give what learns bounds: learn(10k, 1k..100k)"
    try:
        with np.errstate(all="ignore"):
            params, moment = _epoch(trainer, board, lesson, params, moment)
    except CircuitError as error:  # the numbers were fine before this epoch
        raise TaskError(f"learning ran away in epoch {moment.epoch + 1}: {error.message}", help) from None
    lost = np.flatnonzero(~(np.abs(moment.states[0]) < RUNAWAY))
    if len(lost):
        name, value = trainer.circuit.states[lost[0]].name, moment.states[0, lost[0]]
        raise TaskError(f"learning ran away in epoch {moment.epoch}: {name} is {value:g}", help)
    return params, moment


def _epoch(
    trainer: Trainer, board: Board, lesson: Lesson | None, params: Params, moment: Moment
) -> tuple[Params, Moment]:
    batches = within(order(trainer.task, trainer.seed, moment.epoch), trainer.steps, moment.steps)
    tick = Tick(trainer.seed, moment.epoch, moment.steps)
    params, ledger = learn(trainer, board, lesson, params, batches, tick)
    steps = moment.steps + sum(len(rows) for rows in batches)
    metrics, found = evaluate(trainer, params, moment.epoch + 1, steps, moment.answers)
    solves = moment.solves + ledger.settles + found.settled.size
    settled = moment.settled + ledger.settled + int(found.settled.sum())
    done = _done(trainer, metrics)
    return params, Moment(moment.epoch + 1, steps, params.states, solves, settled, metrics, done, answers=found)


def within(batches: list[Ints], most: int | None, steps: int) -> list[Ints]:
    """The batches that begin before `most` samples have been shown."""
    if most is None:
        return batches
    shown = steps + np.cumsum([0, *(len(rows) for rows in batches[:-1])])
    return batches[: int(np.count_nonzero(shown < most))]


def learn(
    trainer: Trainer, board: Board, lesson: Lesson | None, params: Params, batches: list[Ints], tick: Tick = START
) -> tuple[Params, Ledger]:
    """Show batches and learn from each: new parameters, and what was asked of the circuit. `tick`: of the first one.

    What the backend can do of a `lesson` by itself, whole steps on as many samples each, is left to it.
    """
    ledger, done = Ledger(), 0
    while done < len(batches):
        taught = taught_of(trainer.backend, board, lesson, params, batches[done:]) if lesson is not None else None
        if taught is None:
            lesson = None
        elif taught.steps:
            params = with_states(trainer.circuit, params, taught.states)
            done += taught.steps
            ledger.add(Ledger(int(taught.solves.sum()), int(taught.settled.sum())))
        if done < len(batches):
            shown = sum(len(batch) for batch in batches[:done])
            params, asked = step(trainer, board, params, batches[done], replace(tick, steps=tick.steps + shown))
            done += 1
            ledger.add(asked)
    return params, ledger


def _done(trainer: Trainer, metrics: dict[str, float]) -> bool:
    if trainer.steps is not None:
        return metrics["steps"] >= trainer.steps
    stop = trainer.task.spec.stop
    return stop is not None and stop(metrics)


def step(trainer: Trainer, board: Board, params: Params, rows: Ints, tick: Tick) -> tuple[Params, Ledger]:
    """Show some samples and learn from them: new parameters, and what was asked of the circuit."""
    return shown_step(trainer, board, params, rows, trainer.task.labels[rows], tick)


def shown_step(
    trainer: Trainer,
    board: Board,
    params: Params,
    rows: Ints,
    labels: Floats,
    tick: Tick,
    span: float | None = None,
) -> tuple[Params, Ledger]:
    """The same under other labels (S, O) than the task's, for a `span` of another length than the rule's (s)."""
    task, plan = trainer.task, board.plan
    bench = bench_of(trainer, board, params, rows, labels, tick, span)
    change = task.method.change(bench)
    if change is None:
        return params, bench.ledger
    new = task.method.apply(params.states, change, plan)
    for update in task.updates:
        new = params.states + update(new - params.states, params.states, plan, tick)
    return with_states(trainer.circuit, params, bounded(new, plan)), bench.ledger


def bench_of(
    trainer: Trainer,
    board: Board,
    params: Params,
    rows: Ints,
    labels: Floats,
    tick: Tick,
    span: float | None = None,
) -> Bench:
    """A bench with some samples of a task, under labels (S, O)."""
    task = trainer.task
    alive = np.ones(len(rows), dtype=bool)
    return Bench(
        trainer.circuit,
        trainer.backend,
        board.plan,
        params,
        task.loss,
        task.known,
        task.inputs[rows],
        labels,
        tick,
        len(rows),
        alive,
        Progress(),
        board,
        span,
    )


def evaluate(
    trainer: Trainer, params: Params, epoch: int, steps: int, start: Solution | None = None
) -> tuple[Metrics, Solution]:
    """The metrics of the task's loss, and the free operating points they are of; `start`: those of the last time.

    Over the training samples: mse (V^2), error (its root, V), violations (the part a hinge still pushes),
    train_accuracy; accuracy over the held-out samples, or over the training samples where none are held out. A sample
    that does not settle is no right one, and leaves no mean of squares.
    """
    rows = shown_rows(trainer.task)
    found = trainer.backend.operating_points(params, boundary(trainer.circuit, trainer.task.inputs[rows]), start)
    known = {name: float(of[0]) for name, of in judged(trainer, params, found).items()}
    shown = {"steps": float(steps), "epochs": float(epoch), **known}
    return Metrics(shown, np.sort(rows[~found.settled[0]]).tolist()), found


def shown_rows(task: Task) -> Ints:
    """Rows of a task in the order of an evaluation: those to learn from, then those held out."""
    return np.concatenate([task.train, task.test])


@np.errstate(over="ignore", invalid="ignore")
def judged(trainer: Trainer, params: Params, found: Solution) -> dict[str, Floats]:
    """The same metrics of D draws, (D,) each, from their free operating points for `shown_rows`."""
    task = trainer.task
    outputs, settled, labels = read(trainer.circuit, params, found.x), found.settled, task.labels[shown_rows(task)]
    (draws, samples), count = settled.shape, len(task.train)
    flat, every = np.nan_to_num(outputs).reshape(draws * samples, -1), np.tile(labels, (draws, 1))
    right = task.loss.right(flat, every, task.known).reshape(draws, samples) & settled
    pushed = np.isfinite(task.loss.target(flat, every, task.known)).any(axis=1).reshape(draws, samples)
    mse = np.mean((outputs[:, :count] - labels[:count]) ** 2, axis=(1, 2))
    mse = np.where(settled[:, :count].all(axis=1), mse, np.nan)
    known = {
        "mse": mse,
        "error": np.sqrt(mse),
        "accuracy": (right[:, count:] if len(task.test) else right).mean(axis=1),
        "train_accuracy": right[:, :count].mean(axis=1),
        "violations": (pushed | ~settled)[:, :count].mean(axis=1),
    }
    return {name: known[name] for name in task.loss.metrics}


__all__ = [
    "Metrics",
    "Moment",
    "Trainer",
    "begin",
    "bench_of",
    "board_of",
    "equipped",
    "evaluate",
    "judged",
    "learn",
    "shown_rows",
    "shown_step",
    "step",
    "train",
    "untrained",
    "within",
]
