"""A task and a rule as a `Lesson`, for backends that do whole learning steps in machine code.

Only rules that are formulas of an edge's own two drops can be told so (see `netlearn.solve.lesson`): the hardware and
the sign rule on any edge, coupled learning where the content of every edge is known in closed form. All else goes the
general way, phase by phase, with the same result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlearn.circuit.flat import IDENTITY, FlatCircuit, Floats
from netlearn.learn.edges import Group
from netlearn.learn.losses import Hinge
from netlearn.learn.methods import Coupled, Hardware, Method, Sign
from netlearn.learn.plan import LINEAR, LOG, Plan
from netlearn.learn.task import Task
from netlearn.solve import lesson as codes
from netlearn.solve.lesson import Lesson

CONTENTS = {("G", "g"): (0.5, 0), ("R", "r"): (-0.5, 1)}
"""dE/d theta = weight theta^-2m d^2 of a linear edge: its content is E = g d^2 / 2, or d^2 / 2 r."""


@dataclass(frozen=True)
class _Formula:
    """A method as numbers of a lesson: its signal, gain and dead zone; weight and m of every group's edges."""

    signal: int
    gain: float
    dead: float
    weights: tuple[Floats, ...]
    inverse: tuple[int, ...]


def make_lesson(circuit: FlatCircuit, task: Task, plan: Plan) -> Lesson | None:
    """The lesson of a task; None where its rule is no formula or it learns from many samples at a time."""
    formula = _formula(circuit, task.method, plan)
    if formula is None or task.spec.order == "batch" or any(rule.law is not IDENTITY for rule in circuit.rules):
        return None
    hinge = task.loss if isinstance(task.loss, Hinge) else None
    loss = codes.TOWARDS if hinge is None else codes.LEAD if len(circuit.outputs) > 1 else codes.SIDE
    nodes, starts, outputs, shares = circuit.clamping
    groups = plan.groups
    joined = [np.concatenate([getattr(g, name) for g in groups]) for name in ("plus", "minus", "half", "states")]
    inverse = np.concatenate([np.full(len(g.states), m) for g, m in zip(groups, formula.inverse, strict=True)])
    signs = np.zeros(len(circuit.states))
    for group, polarity in zip(groups, plan.polarity, strict=True):
        np.add.at(signs, group.states, polarity)
    numbers = np.zeros(6)
    numbers[[codes.ETA, codes.GAIN, codes.DEAD]] = task.method.eta, formula.gain, formula.dead
    numbers[codes.MIDDLE] = 0.5 * (task.known.min() + task.known.max())
    if hinge is not None:
        numbers[[codes.MARGIN, codes.DELTA]] = hinge.margin, hinge.delta
    return Lesson(
        numbers=numbers,
        kinds=np.array([loss, formula.signal]),
        inputs=task.inputs,
        labels=task.labels,
        reads=np.stack(circuit.read_nodes["free"]),
        clamps=np.stack([nodes, starts, outputs]),
        shares=shares,
        edges=np.stack([*joined, inverse]).astype(np.int64),
        weights=np.concatenate(formula.weights),
        scales=_scales(circuit, task.method, plan),
        bounds=np.stack([plan.low, plan.high, plan.step]),
        signs=np.sign(signs),
    )


def _formula(circuit: FlatCircuit, method: Method, plan: Plan) -> _Formula | None:
    plain = tuple(0 for _ in plan.groups)
    match method:
        case Hardware():
            return _Formula(codes.SQUARES, method.rate, 0.0, plan.polarity, plain)
        case Sign():
            return _Formula(codes.MAGNITUDES, method.delta, method.dead, plan.polarity, plain)
        case Coupled():
            kinds = [_content(circuit, group) for group in plan.groups]
            if None in kinds:
                return None
            known = [kind for kind in kinds if kind is not None]
            weights = tuple(np.full(len(g.states), w) for g, (w, _) in zip(plan.groups, known, strict=True))
            return _Formula(codes.SQUARES, method.rate / method.eta, 0.0, weights, tuple(m for _, m in known))
    return None


def _content(circuit: FlatCircuit, group: Group) -> tuple[float, int] | None:
    if group.terminal:
        return None
    return CONTENTS.get((group.device, circuit.banks[group.device].device.param_names[group.column]))


def _scales(circuit: FlatCircuit, method: Method, plan: Plan) -> np.ndarray:
    descends = isinstance(method, Coupled)
    names = {LINEAR: codes.PLUS, LOG: codes.DESCEND_LOG if descends else codes.TIMES}
    rest = codes.DESCEND_INVERSE if descends else codes.PLUS
    scales = [
        codes.HELD if s.learn.frozen else names.get(k, rest)
        for s, k in zip(circuit.states, plan.scale.tolist(), strict=True)
    ]
    return np.array(scales, dtype=np.int64)
