"""What a method needs to know of a circuit besides its signals, worked out once: edges, polarity, scale, bounds.

A learnable value moves on a scale u(theta): itself, its logarithm (law = log), or for a plain resistance its
conductance. Steepest descent in u is du = -rate dE/du, so a method's `d theta = -rate dE/dtheta` becomes

    log:         theta exp(theta d theta)
    reciprocal:  1 / (1/theta - theta^2 d theta)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import IDENTITY, FlatCircuit, Floats, Ints, Params
from netlearn.errors import TaskError
from netlearn.learn.edges import Group, edge_groups, polarities
from netlearn.solve import lesson

LINEAR, LOG, RECIPROCAL = 0, 1, 2


@dataclass(frozen=True)
class Plan:
    """Learning edges and, for every state, its bounds, scale and step (arrays over all states).

    `polarity`: +1 or -1 an edge, one array a group. Frozen states have bounds that hold them. `names`: the states';
    `units`: what each is measured in where it is the value of a part itself (a resistance, a gate voltage), else nothing.
    """

    groups: tuple[Group, ...]
    polarity: tuple[Floats, ...]
    scale: Ints
    low: Floats
    high: Floats
    step: Floats
    names: tuple[str, ...]
    units: tuple[str, ...]

    @property
    def free(self) -> NDArray[np.bool_]:
        """(states,) which can move."""
        return np.asarray(self.low < self.high)


def make_plan(circuit: FlatCircuit, params: Params) -> Plan:
    """TaskError where nothing learns or a state steers no edge."""
    if not len(circuit.free_states):
        raise TaskError("nothing in this circuit learns", "write R r1(a, b) = learn(10k, 1k..100k)")
    groups = edge_groups(circuit)
    learns = [s.learn for s in circuit.states]
    frozen = np.array([learn.frozen for learn in learns])
    low = np.where(frozen, params.states[0], [learn.low for learn in learns])
    high = np.where(frozen, params.states[0], [learn.high for learn in learns])
    step = np.array([learn.step for learn in learns])
    names = tuple(s.name for s in circuit.states)
    signs = tuple(polarities(circuit, groups, params))
    return Plan(tuple(groups), signs, _scales(circuit), low, high, step, names, _units(circuit))


def _units(circuit: FlatCircuit) -> tuple[str, ...]:
    found: list[set[str]] = [set() for _ in circuit.states]
    for rule in circuit.rules:
        unit = circuit.banks[rule.device].device.param(rule.param).unit if rule.law is IDENTITY else ""
        for state in rule.inputs.ravel().tolist():
            found[state].add(unit)
    return tuple(next(iter(units)) if len(units) == 1 else "" for units in found)


def _scales(circuit: FlatCircuit) -> Ints:
    kinds = np.array([LOG if s.learn.law == "log" else LINEAR for s in circuit.states], dtype=np.int64)
    for rule in circuit.rules:
        if rule.device == "R" and rule.param == "r" and rule.law == IDENTITY:
            chosen = rule.inputs[:, 0]
            kinds[chosen[kinds[chosen] == LINEAR]] = RECIPROCAL
    return kinds


def descending(plan: Plan) -> Ints:
    """How each state takes a change in `descend`, as codes of a lesson."""
    return _codes(plan, {LINEAR: lesson.PLUS, LOG: lesson.DESCEND_LOG, RECIPROCAL: lesson.DESCEND_INVERSE})


def adding(plan: Plan) -> Ints:
    """The same in `add`."""
    return _codes(plan, {LINEAR: lesson.PLUS, LOG: lesson.TIMES, RECIPROCAL: lesson.PLUS})


def _codes(plan: Plan, codes: Mapping[int, int]) -> Ints:
    free = np.array([codes[scale] for scale in plan.scale.tolist()], dtype=np.int64)
    return np.where(plan.low == plan.high, lesson.HELD, free)


def descend(states: Floats, change: Floats, plan: Plan) -> Floats:
    """New states after a steepest-descent change, each on its scale."""
    new = along(states, change, plan)
    reciprocal = plan.scale == RECIPROCAL
    if not reciprocal.any():
        return new
    theta = states[:, reciprocal]
    conductance = 1.0 / theta - theta**2 * change[:, reciprocal]
    new[:, reciprocal] = 1.0 / np.maximum(conductance, 1e-300)
    return new


def along(states: Floats, change: Floats, plan: Plan) -> Floats:
    """New states after a steepest-descent change of the values themselves, or of their logarithms where the law is log."""
    new = states + change
    log = plan.scale == LOG
    if log.any():
        theta = states[:, log]
        new[:, log] = theta * np.exp(np.clip(theta * change[:, log], -50.0, 50.0))
    return new


def add(states: Floats, change: Floats, plan: Plan) -> Floats:
    """New states after a change of the value itself, or of its logarithm where its law is log."""
    new = states + change
    log = plan.scale == LOG
    if log.any():
        new[:, log] = states[:, log] * np.exp(np.clip(change[:, log], -50.0, 50.0))
    return new


def bounded(states: Floats, plan: Plan) -> Floats:
    """States on their steps and within their bounds."""
    stepped = plan.step > 0
    if stepped.any():
        base = np.where(np.isfinite(plan.low), plan.low, 0.0)[stepped]
        size = plan.step[stepped]
        states = states.copy()
        states[:, stepped] = base + np.round((states[:, stepped] - base) / size) * size
    return np.minimum(np.maximum(states, plan.low), plan.high)
