"""A task made ready for one rule after the other: the same circuit, starting values, samples and order.

Rules measure gradients in units of their own, so a rule that is not given its rate takes the one with which its first
step is as long, relative to the values it changes, as that of the task's own rule, both from all training samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from netlearn.backends import Backend, open_backend
from netlearn.circuit.flat import FlatCircuit, Floats, Ints, Params, boundary, flatten
from netlearn.errors import TaskError
from netlearn.lang.compile import compile_netlist
from netlearn.lang.task import TaskSpec
from netlearn.learn.board import Board
from netlearn.learn.gradient import gradient_of_loss
from netlearn.learn.methods import Method, make_method
from netlearn.learn.options import numbers
from netlearn.learn.plan import Plan
from netlearn.learn.session import choose_task
from netlearn.learn.task import Task, make_task
from netlearn.learn.tick import Tick
from netlearn.learn.train import Trainer, bench_of, board_of
from netlearn.solve.solution import read
from netlearn.study.entrants import Entrant, scale_of


@dataclass(frozen=True)
class Subject:
    """What is compared on: a netlist as text, where it lies, its task and the backend."""

    text: str
    name: str
    allowed: tuple[str, ...]
    task: str | None
    backend: str


@dataclass(frozen=True)
class Room:
    """A subject, ready for one rule: circuit and backends are kept from cell to cell."""

    subject: Subject
    task: Task
    trainer: Trainer
    precise: Backend
    board: Board
    params: Params

    @property
    def plan(self) -> Plan:
        return self.board.plan


@cache
def compiled(subject: Subject) -> tuple[TaskSpec, FlatCircuit]:
    """The task and its circuit."""
    netlist = compile_netlist(
        subject.text, subject.name, Path(subject.name).parent, tuple(Path(a) for a in subject.allowed)
    )
    spec = choose_task(netlist, subject.task)
    return spec, flatten(netlist.circuits[spec.circuit])


@cache
def _backends(subject: Subject, name: str) -> tuple[Backend, Backend]:
    """The backend that learns and the one with exact gradients, for the circuit as a rule of this name equips it."""
    _, flat = compiled(subject)
    circuit = make_method(name, {scale_of(name): 1.0}).equip(flat)
    precise = open_backend("native", circuit)
    return (precise if subject.backend == "native" else open_backend(subject.backend, circuit)), precise


def room(subject: Subject, method: Method, name: str, seed: int) -> Room:
    """Everything a cell needs but its fraction and noise."""
    spec, _ = compiled(subject)
    task = replace(make_task(spec, seed), method=method)
    learner, precise = _backends(subject, name)
    circuit = learner.circuit
    trainer = Trainer(circuit, task, learner, seed, steps=1)
    board = board_of(trainer)
    return Room(subject, task, trainer, precise, board, board.params)


def method_of(subject: Subject, entrant: Entrant, seed: int = 0) -> Method:
    """The rule with its options: those it was given, those of the task's own rule where it is that, a rate that matches
    the length of the own rule's first step else (see the module)."""
    spec, _ = compiled(subject)
    own = {key: numbers(value) for key, value in spec.rule.options.items()}
    options, scale = dict(entrant.options), scale_of(entrant.name)
    if entrant.name == spec.rule.name:
        return make_method(entrant.name, {**own, **options})
    if scale in options:
        return make_method(entrant.name, options)
    length = _length(subject, make_method(spec.rule.name, own), spec.rule.name, seed)
    what = f"{entrant.label} changes nothing at the start, or no sample settles"
    rate, fault = 1.0, TaskError(what, f"give it its {scale} if it should later")
    for _ in range(40):  # bounds and logarithms make a step's length a curve, which is a line where it is small
        try:
            found = _length(subject, make_method(entrant.name, {**options, scale: rate}), entrant.name, seed)
        except TaskError as error:  # a step that is far too long may not be one at all
            rate, fault = 1e-3 * rate, error
            continue
        if not found > 0:
            break
        if abs(found / length - 1.0) < 1e-3:
            return make_method(entrant.name, {**options, scale: rate})
        rate *= min(max(length / found, 1e-6), 1e6)
    raise fault


def _length(subject: Subject, method: Method, name: str, seed: int) -> float:
    """Root mean square of the relative change of the values that can move, in a step from all training samples."""
    here = room(subject, method, name, seed)
    free = here.plan.free
    size = np.where(here.params.states[0] == 0, 1.0, np.abs(here.params.states[0]))
    with np.errstate(all="ignore"):  # of a rate that is far too high
        change = wanted(here, here.params, here.task.labels[here.task.train])
        moved = method.apply(here.params.states, change, here.plan) - here.params.states
        return float(np.sqrt(np.mean((moved[0] / size)[free] ** 2)))


def wanted(here: Room, params: Params, labels: Floats, rows: Ints | None = None) -> Floats:
    """What a rule would change of every value, (1, states), from all training samples at once; counted nowhere."""
    chosen = here.task.train if rows is None else rows
    bench = bench_of(here.trainer, here.board, params, chosen, labels, Tick(here.trainer.seed, 0, 0))
    found = here.task.method.change(bench)
    return np.zeros_like(params.states) if found is None else found


def exact(here: Room, params: Params) -> Floats:
    """The mean gradient of the loss over the training samples, (1, states)."""
    task, circuit = here.task, here.trainer.circuit
    imposed = boundary(circuit, task.inputs[task.train])
    found = here.precise.operating_points(params, imposed)
    outputs = np.nan_to_num(read(circuit, params, found.x)[0])
    slope = task.loss.slope(outputs, task.labels[task.train], task.known)
    return gradient_of_loss(here.precise, params, imposed, found, slope) / len(task.train)
