"""A task and a rule as a `Lesson`, for backends that do whole learning steps in machine code.

Only rules that are formulas of an edge's own two drops can be told so (`Method.formula`), losses that have a code
(`Loss.aim`), and converters whose codes lie on a line. All else goes the general way, phase by phase, with the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import numpy as np

from netlearn.backends import Backend
from netlearn.backends.protocol import Taught
from netlearn.circuit.flat import IDENTITY, Ints, Params
from netlearn.learn.board import Board
from netlearn.learn.task import Task
from netlearn.solve import lesson as codes
from netlearn.solve.lesson import Lesson


def make_lesson(task: Task, board: Board) -> Lesson | None:
    """The lesson of a task; None where it cannot be told as one."""
    circuit, plan = board.circuit, board.plan
    formula, aim = task.method.formula(circuit, plan), task.loss.aim(len(circuit.outputs))
    plain = not task.updates and all(rule.law == IDENTITY for rule in circuit.rules)
    if formula is None or aim is None or not plain or board.converters:
        return None
    if formula.signal != codes.SQUARES and (task.spec.order == "batch" or task.spec.batch > 1):
        return None  # a mean of signs is no sign
    nodes, starts, outputs, shares = circuit.clamping
    groups = plan.groups
    joined = [np.concatenate([getattr(g, name) for g in groups]) for name in ("plus", "minus", "half", "states")]
    inverse = np.concatenate([np.full(len(g.states), m) for g, m in zip(groups, formula.inverse, strict=True)])
    signs = np.zeros(len(circuit.states))
    for group, polarity in zip(groups, plan.polarity, strict=True):
        np.add.at(signs, group.states, polarity)
    numbers = np.zeros(codes.NUMBERS)
    numbers[[codes.ETA, codes.GAIN, codes.DEAD]] = formula.eta, formula.gain, formula.dead
    numbers[[codes.MARGIN, codes.DELTA]] = aim.margin, aim.delta
    numbers[codes.MIDDLE] = 0.5 * (task.known.min() + task.known.max())
    numbers[[codes.SPAN, codes.LOW, codes.HIGH]] = 1.0, np.nan, np.nan
    for place, number in {**formula.numbers, **board.numbers}.items():
        numbers[place] = number
    return Lesson(
        numbers=numbers,
        kinds=np.array([aim.code, formula.signal, formula.switch]),
        inputs=np.ascontiguousarray(task.inputs),
        labels=np.ascontiguousarray(task.labels),
        reads=np.stack(circuit.read_nodes["free"]),
        clamps=np.stack([nodes, starts, outputs]),
        shares=shares,
        edges=np.stack([*joined, inverse]).astype(np.int64),
        weights=np.concatenate(formula.weights),
        scales=formula.scales,
        bounds=np.stack([plan.low, plan.high, plan.step]),
        signs=np.sign(signs),
    )


def taught_of(backend: Backend, board: Board, lesson: Lesson, params: Params, batches: Sequence[Ints]) -> Taught | None:
    """What a backend can do of steps on these samples by itself, as far as they have as many samples as the first."""
    size = len(batches[0])
    rows = np.array(list(takewhile(lambda batch: len(batch) == size, batches)))
    flaws = board.flaws if board.flawed else None
    if lesson.kinds[2] == codes.PUSHED and size > 1:  # the mean over the samples
        return backend.teach(params, lesson, rows, np.full(len(rows), 1.0 / size), flaws)
    return backend.teach(params, lesson, rows[:, 0] if size == 1 else rows, None, flaws)
