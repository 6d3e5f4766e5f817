"""A test stand: a board that learns, and tasks that are held on it one after the other, for a time each.

The state of the network is carried over from task to task. While a task is held its samples follow each other, a pulse of
learning time each; the last pulse is cut so that times are met exactly, and all of a hold counts as one as far as a late
learning switch is concerned (`imperfection switch(late = ...)`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import ceil

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.chance import Keyed
from netlearn.circuit.flat import FlatCircuit, Floats, Ints, Params, boundary, flatten, initial, with_states
from netlearn.errors import BackendError, TaskError
from netlearn.lang.compile import Netlist
from netlearn.learn.assembly import assemble, put
from netlearn.learn.board import Board, ideal
from netlearn.learn.compiled import make_lesson
from netlearn.learn.imperfections import Imperfection
from netlearn.learn.losses import Hinge
from netlearn.learn.methods.integrator import Integrator
from netlearn.learn.plan import make_plan
from netlearn.learn.task import Task, make_task
from netlearn.learn.tick import Tick
from netlearn.learn.train import RUNAWAY, Trainer, bench_of, shown_step
from netlearn.solve.lesson import EXTRA, SHARED, Lesson
from netlearn.solve.solution import read

MOST_STEPS = 50_000_000  # of one hold


@dataclass(frozen=True)
class Steps:
    """What is shown: samples `rows` (steps, B) for a span (s) each, `spans` (steps,)."""

    rows: Ints
    spans: Floats

    def times(self, count: int) -> Steps:
        """The same so many times."""
        return Steps(np.tile(self.rows, (count, 1)), np.tile(self.spans, count))

    def parts(self, count: int) -> list[Steps]:
        """The same in up to so many parts."""
        cuts = np.linspace(0, len(self.spans), min(count, len(self.spans)) + 1).astype(int)
        return [Steps(self.rows[a:b], self.spans[a:b]) for a, b in pairwise(cuts)]

    def __add__(self, other: Steps) -> Steps:
        return Steps(np.concatenate([self.rows, other.rows]), np.concatenate([self.spans, other.spans]))


@dataclass(frozen=True)
class Stand:
    """Tasks on a board of D draws. `task` has the samples of all of them, `rows` which are whose. `others`: rules of
    further tasks of the netlist on this circuit that learn in time."""

    tasks: tuple[Task, ...]
    task: Task
    rows: tuple[Ints, ...]
    trainer: Trainer
    board: Board
    late: float
    others: tuple[Integrator, ...] = ()

    @property
    def method(self) -> Integrator:
        assert isinstance(self.task.method, Integrator)
        return self.task.method

    @property
    def seeds(self) -> tuple[int, ...]:
        """Those of its draws."""
        assert isinstance(self.board.chance, Keyed)
        return self.board.chance.seeds

    @property
    def title(self) -> str:
        """The circuit and the tasks, in words."""
        return f"{self.board.circuit.name}: {' and '.join(task.spec.name for task in self.tasks)}"

    @property
    def names(self) -> list[str]:
        """The learnable values'."""
        return list(self.board.plan.names)

    @property
    def start(self) -> Floats:
        """The first states (D, S)."""
        return self.board.params.states

    @cached_property
    def lesson(self) -> Lesson | None:
        return make_lesson(self.task, self.board)

    def biased(self, factor: float) -> Stand:
        """The same with a bias so many times as large."""
        flaws = self.board.flaws
        with np.errstate(over="ignore"):
            drift = factor * flaws.drift
        if not np.isfinite(drift).all():
            raise TaskError(f"{factor:g} times the bias is more than a number can be", "give a smaller factor")
        return replace(self, board=replace(self.board, flaws=flaws._replace(drift=drift)))

    def built(self, parts: Sequence[Imperfection]) -> Stand:
        """The same boards with these imperfections and no others."""
        params = _params(self.board.circuit, self.seeds)
        board = ideal(self.board.circuit, self.board.plan, self.method, params, self.board.chance)
        for k, part in enumerate(parts):
            board = put(part, board, parts[:k])
        return replace(self, board=_punctual(board), late=board.numbers.get(EXTRA, 0.0))

    def taught(self, method: Integrator) -> Stand:
        """The same under another rule; what its imperfections come to stays."""
        board = replace(self.board, alpha=method.alpha, capacitance=method.capacitance)
        task = replace(self.task, method=method)
        tasks = tuple(replace(one, method=method) for one in self.tasks)
        return replace(self, tasks=tasks, task=task, board=board, trainer=replace(self.trainer, task=task))

    def shown(self, inputs: Floats) -> Stand:
        """The same with other inputs (N, I) for all its samples."""
        task = replace(self.task, inputs=inputs)
        return replace(self, task=task, trainer=replace(self.trainer, task=task))

    def first(self, draws: int) -> Stand:
        """The same with the first so many of its draws."""
        return replace(self, board=self.board.of(slice(0, draws)))

    def hold(self, task: int, seconds: float) -> Steps:
        """What is shown while a task is held."""
        return self.show(self.rows[task], seconds + self.late)

    def show(self, rows: Ints, seconds: float) -> Steps:
        """Samples in turn, for so many seconds of learning."""
        count = self.pulses(rows, seconds)
        together = self.method.switch == SHARED
        shown = np.tile(rows, (count, 1)) if together else np.tile(rows, count // len(rows))[:, None]
        return Steps(shown, np.full(count, seconds / count))

    def pulses(self, rows: Ints, seconds: float) -> int:
        """How many of them show samples in turn for so many seconds; TaskError where these are too many."""
        few = max(seconds / self.method.pulse - 1e-9, 1.0)
        if not few * (len(rows) if self.method.switch == SHARED else 1) <= MOST_STEPS:
            raise TaskError(
                f"{seconds:g} s are {few:.6g} pulses of {self.method.pulse:g} s",
                f"at most {MOST_STEPS} are shown at once, those of a step that shares a pulse one by one",
            )
        return ceil(few) if self.method.switch == SHARED else -(-ceil(few) // len(rows)) * len(rows)

    def periods(self, period: float, seconds: float) -> int:
        """How many periods of all tasks make so many seconds at least; TaskError where their pulses are too many."""
        each = sum(self.pulses(rows, period / len(self.tasks) + self.late) for rows in self.rows)
        if not seconds / period * each <= MOST_STEPS:
            raise TaskError(
                f"a period of {period:g} s is too short: in {seconds:g} s there are {seconds / period:.3g}",
                f"of {each} pulses each; at most {MOST_STEPS} pulses are shown at once",
            )
        return max(1, ceil(seconds / period))

    def cycle(self, period: float) -> list[Steps]:
        """What is shown of each task while all of them alternate with a period."""
        return [self.hold(k, period / len(self.tasks)) for k in range(len(self.tasks))]

    def learn(self, states: Floats, steps: Steps) -> Floats:
        """States (D, S) after what is shown; BackendError where a sample has no operating point, TaskError where values run
        away."""
        found = self._learned(states, steps)
        if not (np.abs(found) < RUNAWAY).all():
            raise TaskError("a learnable value ran away", "give what learns bounds, such as learn(2V, 0.6V..5V)")
        return found

    def _learned(self, states: Floats, steps: Steps) -> Floats:
        params = with_states(self.board.circuit, self.board.params, states)
        if self.lesson is not None:
            rows = steps.rows[:, 0] if steps.rows.shape[1] == 1 else steps.rows
            taught = self.trainer.backend.teach(params, self.lesson, rows, steps.spans, self.board.flaws)
            if taught is not None and taught.steps == len(rows):
                if lost := int((taught.solves - taught.settled).sum()):
                    _lost(lost)
                return taught.states
        return np.concatenate([self._alone(k, states[k : k + 1], steps) for k in range(len(states))])

    def _alone(self, draw: int, states: Floats, steps: Steps) -> Floats:
        """The same for one draw, phase by phase."""
        board = self.board.of(slice(draw, draw + 1))
        params = with_states(board.circuit, board.params, states)
        for k, (rows, span) in enumerate(zip(steps.rows, steps.spans, strict=True)):
            labels = self.task.labels[rows]
            tick = Tick(self.seeds[draw], 0, k)
            params, asked = shown_step(self.trainer, board, params, rows, labels, tick, float(span))
            if asked.settled < asked.settles:
                _lost(asked.settles - asked.settled)
        return params.states

    def rates(self, states: Floats) -> Floats:
        """dG/dt (D, N, S) of states (D, S) while each sample is shown, in V/s; zero where the switch stays off."""
        every = range(len(self.task.labels))
        return np.array([[self._rate(k, states[k : k + 1], n) for n in every] for k in range(len(states))])

    def _rate(self, draw: int, states: Floats, sample: int) -> Floats:
        board, rows, span = self.board.of(slice(draw, draw + 1)), np.array([sample]), self.method.pulse
        params = with_states(board.circuit, board.params, states)
        tick = Tick(self.seeds[draw], 0, 0)
        bench = bench_of(self.trainer, board, params, rows, self.task.labels[rows], tick, span)
        change = self.method.change(bench)
        if bench.ledger.settled < bench.ledger.settles:
            _lost(bench.ledger.settles - bench.ledger.settled)
        return np.zeros(states.shape[1]) if change is None else change[0] / span

    def outputs(self, states: Floats) -> Floats:
        """Free outputs (D, N, O) of all samples; (K, N, O) of the first draw where there are K states, other than D."""
        params = self.board.params
        params = params if len(states) == len(self.seeds) else params.of(slice(0, 1)).copies(len(states))
        params = with_states(self.board.circuit, params, states)
        found = self.trainer.backend.operating_points(params, boundary(self.board.circuit, self.task.inputs))
        if not found.settled.all():
            _lost(int(np.count_nonzero(~found.settled)))
        return read(self.board.circuit, params, found.x)

    def missed(self, states: Floats) -> Floats:
        """By how much (D, N) the samples miss what is wanted of them, all outputs together, in V."""
        loss, labels, known = self.task.loss, self.task.labels, self.task.known
        return np.stack([loss.miss(of, labels, known) for of in self.outputs(states)])

    def misses(self, states: Floats) -> Floats:
        """Squared errors (D, N) of all samples in V^2: the mean over outputs, or what is missing of a hinge, squared."""
        if isinstance(self.task.loss, Hinge):
            return self.missed(states) ** 2
        return np.asarray(((self.outputs(states) - self.task.labels) ** 2).mean(axis=2))

    def errors(self, states: Floats) -> Floats:
        """Mean squared error of each task, (D, tasks), in V^2."""
        misses = self.misses(states)
        return np.stack([misses[:, rows].mean(axis=1) for rows in self.rows], axis=1)


def _lost(count: int) -> None:
    raise BackendError(
        f"{count} operating point{'s' * (count > 1)} did not settle while the network learned",
        "are there gates at which nothing conducts? give learnable values narrower bounds",
    )


def stand(netlist: Netlist, names: Sequence[str], seeds: Sequence[int] = (0,), backend: str = "native") -> Stand:
    """Tasks of a netlist on boards of these seeds. TaskError where they have not one circuit, rule, loss and board."""
    known = netlist.tasks
    for name in names:
        if name not in known:
            raise TaskError(f"there is no task '{name}'", f"known: {', '.join(known) or 'none'}")
    tasks = tuple(make_task(known[name], seeds[0]) for name in names)
    first = tasks[0]
    for one in tasks:
        if not isinstance(one.method, Integrator):
            raise TaskError(
                f"task {one.spec.name} has rule {one.spec.rule.name}, which does not learn in time",
                "write rule integrator(...) or rule overclamp(...)",
            )
        if one.spec.holdout:
            raise TaskError(
                f"task {one.spec.name} holds samples out, and on a stand all of them are shown",
                "take its line holdout out, or give it fewer samples",
            )
        same = (one.spec.circuit, one.method, one.loss, one.imperfections, one.updates)
        if same != (first.spec.circuit, first.method, first.loss, first.imperfections, first.updates):
            raise TaskError(
                f"tasks {first.spec.name} and {one.spec.name} differ in more than their data",
                f"one board learns them all: write task {one.spec.name} like {first.spec.name} {{ data ... }}",
            )
    circuit = flatten(netlist.circuits[first.spec.circuit])
    counts = np.cumsum([0, *(len(one.inputs) for one in tasks)])
    rows = tuple(np.arange(a, b) for a, b in pairwise(counts))
    every = np.arange(counts[-1])
    inputs, labels = (np.concatenate([getattr(one, what) for one in tasks]) for what in ("inputs", "labels"))
    together = replace(first, inputs=inputs, labels=labels, train=every, test=every[:0])
    params = _params(circuit, seeds)
    board = assemble(circuit, make_plan(circuit, params), first, params, Keyed(tuple(seeds)))
    trainer = Trainer(circuit, together, open_backend(backend, circuit), seeds[0], steps=1)
    return Stand(
        tasks, together, rows, trainer, _punctual(board), board.numbers.get(EXTRA, 0.0), _others(netlist, names)
    )


def _params(circuit: FlatCircuit, seeds: Sequence[int]) -> Params:
    """Circuits with the first states of these seeds."""
    starts = np.concatenate([initial(circuit, seed).states for seed in seeds])
    return with_states(circuit, initial(circuit, seeds[0]).copies(len(seeds)), starts)


def _punctual(board: Board) -> Board:
    """A board whose switch is late nowhere: a stand counts that itself, once a hold. TaskError where gates jump when it goes
    off, which it does not between the pulses of a hold."""
    if board.flaws.jump.any():
        raise TaskError(
            "on a stand the learning switch stays on from sample to sample, and injection is of one that goes off",
            "take imperfection injection out, or put what it comes to a second into imperfection bias",
        )
    return replace(board, numbers={k: v for k, v in board.numbers.items() if k != EXTRA})


def _others(netlist: Netlist, names: Sequence[str]) -> tuple[Integrator, ...]:
    """Rules that learn in time of the tasks on the same circuit that are not named."""
    circuit = netlist.tasks[names[0]].circuit
    rest = [spec for name, spec in netlist.tasks.items() if name not in names and spec.circuit == circuit]
    methods = [make_task(spec, 0).method for spec in rest]
    return tuple(method for method in methods if isinstance(method, Integrator))
