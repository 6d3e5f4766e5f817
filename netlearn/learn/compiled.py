"""A task and a rule as a `Lesson`, for backends that do whole learning steps in machine code.

Only rules that are formulas of an edge's own two drops can be told so (`Method.formula`), and losses that have a code
(`Loss.aim`). All else goes the general way, phase by phase, with the same result.
"""

from __future__ import annotations

import numpy as np

from netlearn.circuit.flat import IDENTITY, FlatCircuit
from netlearn.learn.plan import Plan
from netlearn.learn.task import Task
from netlearn.solve import lesson as codes
from netlearn.solve.lesson import Lesson


def make_lesson(circuit: FlatCircuit, task: Task, plan: Plan) -> Lesson | None:
    """The lesson of a task; None where its rule is no formula or it learns from many samples at a time."""
    formula, aim = task.method.formula(circuit, plan), task.loss.aim(len(circuit.outputs))
    plain = task.spec.order != "batch" and task.spec.batch == 1 and not task.updates
    plain = plain and all(rule.law is IDENTITY for rule in circuit.rules)
    if formula is None or aim is None or not plain:
        return None
    nodes, starts, outputs, shares = circuit.clamping
    groups = plan.groups
    joined = [np.concatenate([getattr(g, name) for g in groups]) for name in ("plus", "minus", "half", "states")]
    inverse = np.concatenate([np.full(len(g.states), m) for g, m in zip(groups, formula.inverse, strict=True)])
    signs = np.zeros(len(circuit.states))
    for group, polarity in zip(groups, plan.polarity, strict=True):
        np.add.at(signs, group.states, polarity)
    numbers = np.zeros(6)
    numbers[[codes.ETA, codes.GAIN, codes.DEAD]] = formula.eta, formula.gain, formula.dead
    numbers[[codes.MARGIN, codes.DELTA]] = aim.margin, aim.delta
    numbers[codes.MIDDLE] = 0.5 * (task.known.min() + task.known.max())
    return Lesson(
        numbers=numbers,
        kinds=np.array([aim.code, formula.signal]),
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
