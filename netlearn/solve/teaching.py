"""Whole learning steps in machine code: free phase, clamped phase, update, sample after sample, draw beside draw.

Every lane is one draw with a trajectory of its own. A state acts in one of two ways: it is the voltage of a node that a
source holds, or the conductance (or its inverse) of a linear edge, whose entries in matrix and currents are then written
anew: what other devices put there, plus the sum of the states' conductances. A lane that has not settled in a step does
not learn from it; the next free phase starts from the last one that has settled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.jit import called, compiled
from netlearn.solve.lanes import eight, every, get, plus_product, put, width
from netlearn.solve.learning import aim, learn
from netlearn.solve.lesson import Lesson
from netlearn.solve.newton import SETTLED, Numbers, Scratch, solve
from netlearn.solve.shape import Tables

MATRIX, INNER, OUTER, BORDER = range(4)


class Handles(NamedTuple):
    """Where inputs and states take hold. driven (2, .): x of a node, input. fed (2, .): row, input.

    gates (2, .): x of a node, state; signs of the voltage. edges (4, .): list (MATRIX, INNER, OUTER or BORDER), place
    in it, state, 1 for an inverse; shares of the state's conductance there. fixed (2, .): list and place of all that
    `edges` write to.
    """

    driven: Ints
    fed: Ints
    gates: Ints
    signs: Floats
    edges: Ints
    shares: Floats
    fixed: Ints


class Course(NamedTuple):
    """A group of lanes while it learns: x of both phases and states, (groups, numbers W) and the same as (groups,
    numbers, W); `rest` (groups, .) what `fixed` entries hold without states; solves and settled (groups, W) counted."""

    free: Floats
    clamped: Floats
    free_lanes: Floats
    clamped_lanes: Floats
    states: Floats
    states_lanes: Floats
    rest: Floats
    solves: Ints
    settled: Ints


class Memory(NamedTuple):
    """Working memory of one group: change (S, W), target (T, W), wanted (W,), steps (W,), last free x (size W)."""

    change: Floats
    target: Floats
    wanted: Floats
    steps: Ints
    last: Floats


@called
def _list(numbers: Numbers, kind: int, group: int) -> Floats:
    if kind == MATRIX:
        return numbers.matrix[group]
    if kind == INNER:
        return numbers.inner[group]
    if kind == OUTER:
        return numbers.outer[group]
    return numbers.border[group]


@called
def _set(handles: Handles, numbers: Numbers, course: Course, group: int, like: Any) -> None:
    """Bring the states to where they act."""
    free, clamped, states, rest = course.free[group], course.clamped[group], course.states[group], course.rest[group]
    zero = every(0.0, like)
    for m in range(handles.signs.size):
        voltage = plus_product(zero, every(handles.signs[m], like), get(states, handles.gates[1, m], like))
        put(free, handles.gates[0, m], voltage)
        put(clamped, handles.gates[0, m], voltage)
    for m in range(handles.fixed.shape[1]):
        put(_list(numbers, handles.fixed[0, m], group), handles.fixed[1, m], get(rest, m, like))
    lanes = width(like)
    for m in range(handles.shares.size):
        values, place = _list(numbers, handles.edges[0, m], group), handles.edges[1, m]
        state, inverse, share = handles.edges[2, m], handles.edges[3, m] == 1, handles.shares[m]
        for k in range(lanes):
            theta = states[state * lanes + k]
            values[place * lanes + k] += share / theta if inverse else share * theta


@called
def _show(handles: Handles, numbers: Numbers, lesson: Lesson, row: int, course: Course, group: int, like: Any) -> None:
    """Bring a sample's inputs to where they act."""
    for m in range(handles.driven.shape[1]):
        value = every(lesson.inputs[row, handles.driven[1, m]], like)
        put(course.free[group], handles.driven[0, m], value)
        put(course.clamped[group], handles.driven[0, m], value)
    for m in range(handles.fed.shape[1]):
        put(numbers.feeds[group], m, every(lesson.inputs[row, handles.fed[1, m]], like))


@called
def _step(
    t: Tables, numbers: Numbers, handles: Handles, lesson: Lesson, row: int, course: Course, group: int, memory: Memory,
    s: Scratch, like: Any
) -> None:  # fmt: skip
    lanes, state = width(like), 4 * width(like)
    free, clamped, flags = course.free[group], course.clamped[group], numbers.flags[group]
    clamps = lesson.clamps
    _show(handles, numbers, lesson, row, course, group, like)
    for m in range(clamps.shape[1]):
        put(flags, m, every(0.0, like))
    for j in range(t.unknowns.size):
        put(memory.last, j, get(free, t.unknowns[j], like))
    solve(t, numbers, group, free, s, memory.steps, like)
    anyone = False
    for k in range(lanes):
        course.solves[group, k] += 1
        memory.wanted[k] = 0.0
        if s.lane[state + k] == SETTLED:
            course.settled[group, k] += 1
            if aim(lesson, row, course.free_lanes[group], k, memory.target):
                memory.wanted[k] = 1.0
                anyone = True
        else:
            for j in range(t.unknowns.size):
                free[t.unknowns[j] * lanes + k] = memory.last[j * lanes + k]
    if not anyone:
        return
    for j in range(t.unknowns.size):
        put(clamped, t.unknowns[j], get(free, t.unknowns[j], like))
    for m in range(clamps.shape[1]):
        for k in range(lanes):
            goal = memory.target[m, k]
            if memory.wanted[k] == 1.0 and not np.isnan(goal):
                flags[m * lanes + k] = 1.0
                clamped[clamps[0, m] * lanes + k] = goal
    solve(t, numbers, group, clamped, s, memory.steps, like)
    for k in range(lanes):
        if memory.wanted[k] == 1.0:
            course.solves[group, k] += 1
            if s.lane[state + k] == SETTLED:
                course.settled[group, k] += 1
            else:
                memory.wanted[k] = 0.0
    learn(
        lesson,
        course.free_lanes[group],
        course.clamped_lanes[group],
        memory.wanted,
        course.states_lanes[group],
        memory.change,
    )
    _set(handles, numbers, course, group, like)


@called
def _teach(
    t: Tables, numbers: Numbers, handles: Handles, lesson: Lesson, rows: Ints, course: Course, memory: Memory,
    s: Scratch, like: Any
) -> None:  # fmt: skip
    for group in range(course.free.shape[0]):
        _set(handles, numbers, course, group, like)
        for i in range(rows.size):
            _step(t, numbers, handles, lesson, rows[i], course, group, memory, s, like)


@compiled
def teach_one(
    t: Tables, numbers: Numbers, handles: Handles, lesson: Lesson, rows: Ints, course: Course, memory: Memory,
    s: Scratch
) -> None:  # fmt: skip
    """Learning steps of draws, one after the other."""
    _teach(t, numbers, handles, lesson, rows, course, memory, s, 0.0)


@compiled
def teach_eight(
    t: Tables, numbers: Numbers, handles: Handles, lesson: Lesson, rows: Ints, course: Course, memory: Memory,
    s: Scratch
) -> None:  # fmt: skip
    """Learning steps of draws, eight at a time."""
    _teach(t, numbers, handles, lesson, rows, course, memory, s, eight())
