"""Whole learning steps in machine code: free phase, clamped phase, update, sample after sample, draw beside draw.

Every lane is one draw with a trajectory of its own. A state acts in one of two ways: it is the voltage of a node that
a source holds, or the conductance (or its inverse) of a linear edge, whose entries in matrix and currents are then
written anew: what other devices put there, plus the sum of the states' conductances. Of the equations each phase
solves only those that someone looks at: in a twin, where the halves share no unknown, the free phase the one half and
the clamped phase the other. Each phase starts from where it has been for the same sample before, since when the states
have moved little; the first time a free phase starts from the last one and a clamped phase from its free one. A lane
that has not settled in a step does not learn from it; the next free phase starts from the last one that has settled. A step may
be of several samples, whose free phases all come before what they have taught.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.jit import called, compiled
from netlearn.solve.lanes import eight, every, get, plus_product, put, width
from netlearn.solve.learning import aim, drift, look, move, step_of, times
from netlearn.solve.lesson import Lesson
from netlearn.solve.newton import SETTLED, STATE, Numbers, Scratch, bring, collect, solve, spread
from netlearn.solve.shape import Tables

INNER, OUTER, BORDER = range(3)
NEVER, ONCE, TWICE = range(3)  # phases of a sample that have been seen


class Phase(NamedTuple):
    """One phase of a step: the equations that matter to it, and where states' conductances are in their numbers.

    edges (4, .): list (INNER, OUTER or BORDER), place in it, state, 1 for an inverse; shares (groups, . W) of the state's
    conductance there. fixed (2, .): list and place of all that `edges` write to; rest (groups, .) what is there
    without them.
    """

    t: Tables
    numbers: Numbers
    edges: Ints
    shares: Floats
    fixed: Ints
    rest: Floats


class Handles(NamedTuple):
    """Where inputs and states take hold: driven (2, .): x of a node, input; fed (.,): input of each fed row.
    gates (2, .): x of a node, state; signs of the voltage."""

    driven: Ints
    fed: Ints
    gates: Ints
    signs: Floats


class Course(NamedTuple):
    """A group of lanes while it learns: x of both phases and states, (groups, numbers W) and the same as (groups,
    numbers, W); solves and settled (groups, W) counted."""

    free: Floats
    clamped: Floats
    free_lanes: Floats
    clamped_lanes: Floats
    states: Floats
    states_lanes: Floats
    solves: Ints
    settled: Ints
    drift: Floats
    leak: Floats
    rest: Floats
    offsets: Floats
    clamp: Floats
    source: Floats
    jump: Floats


class Album(NamedTuple):
    """Where a group of lanes has been for each of N samples: unknowns of the free (groups, N, numbers W) and of the
    clamped phase; seen (groups, N): none, the free or both of them. N is 0 where that would take too much memory."""

    free: Floats
    clamped: Floats
    seen: Ints


class Memory(NamedTuple):
    """Working memory of one group for steps of B samples: change (S, W), target (B, T, W), missed (B, W), time (W,), pulses
    (W,) that were not zero, steps (W,), frees (B, n W) the unknowns of the free phases, last (n W,) those of the last one."""

    change: Floats
    target: Floats
    missed: Floats
    time: Floats
    pulses: Floats
    steps: Ints
    frees: Floats
    last: Floats


@called
def _list(numbers: Numbers, kind: int, group: int) -> Any:
    if kind == INNER:
        return numbers.inner[group]
    if kind == OUTER:
        return numbers.outer[group]
    return numbers.border[group]


@called
def _set(phase: Phase, handles: Handles, x: Floats, states: Floats, group: int, like: Any) -> None:
    """Bring the states to where they act in a phase."""
    zero, lanes, numbers, rest = every(0.0, like), width(like), phase.numbers, phase.rest[group]
    for m in range(handles.signs.size):
        voltage = plus_product(zero, every(handles.signs[m], like), get(states, handles.gates[1, m], like))
        put(x, handles.gates[0, m], voltage)
    for m in range(phase.fixed.shape[1]):
        put(_list(numbers, phase.fixed[0, m], group), phase.fixed[1, m], get(rest, m, like))
    shares = phase.shares[group]
    for m in range(phase.edges.shape[1]):
        values, place = _list(numbers, phase.edges[0, m], group), phase.edges[1, m]
        state, inverse = phase.edges[2, m], phase.edges[3, m] == 1
        for k in range(lanes):
            theta, share = states[state * lanes + k], shares[m * lanes + k]
            values[place * lanes + k] += share / theta if inverse else share * theta


@called
def _show(phase: Phase, handles: Handles, lesson: Lesson, row: int, x: Floats, group: int, like: Any) -> None:
    """Bring a sample's inputs to where they act in a phase."""
    for m in range(handles.driven.shape[1]):
        put(x, handles.driven[0, m], every(lesson.inputs[row, handles.driven[1, m]], like))
    for m in range(handles.fed.size):
        put(phase.numbers.feeds[group], m, every(lesson.inputs[row, handles.fed[m]], like))


@called
def _off(handles: Handles, source: Floats, x: Floats, like: Any) -> None:
    """Add to the voltages of driven nodes what their sources are off by, `source` (driven, W)."""
    lanes = width(like)
    for m in range(source.shape[0]):
        for k in range(lanes):
            x[handles.driven[0, m] * lanes + k] += source[m, k]


@called
def _free(
    one: Phase, handles: Handles, lesson: Lesson, row: int, place: int, course: Course, album: Album, group: int,
    memory: Memory, s: Scratch, like: Any
) -> None:  # fmt: skip
    """The free phase of the sample at a place of its step: where it is at rest, its targets, by how much it missed."""
    lanes, state, free, left = width(like), STATE * width(like), course.free[group], one.t.unknowns
    album_has = album.seen.shape[1] > 0
    _show(one, handles, lesson, row, free, group, like)
    collect(left, free, memory.last, like)
    if album_has and album.seen[group, row] != NEVER:
        spread(left, album.free[group, row], free, like)
    solve(one.t, one.numbers, group, free, s, False, memory.steps, like)
    for k in range(lanes):
        course.solves[group, k] += 1
        memory.missed[place, k] = np.nan
        if s.lane[state + k] == SETTLED:
            course.settled[group, k] += 1
            memory.missed[place, k] = aim(lesson, row, course.free_lanes[group], k, memory.target[place])
        else:
            for j in range(left.size):
                free[left[j] * lanes + k] = memory.last[j * lanes + k]
    collect(left, free, memory.frees[place], like)
    if album_has:
        collect(left, free, album.free[group, row], like)
        album.seen[group, row] = max(album.seen[group, row], ONCE)


@called
def _clamped(
    one: Phase, two: Phase, handles: Handles, lesson: Lesson, row: int, place: int, course: Course, album: Album,
    group: int, memory: Memory, z: Scratch, like: Any
) -> None:  # fmt: skip
    """The clamped phase of a sample whose free one has been, and what the edges see of both."""
    lanes, state, left = width(like), STATE * width(like), one.t.unknowns
    free, clamped, flags, clamps = course.free[group], course.clamped[group], two.numbers.flags[group], lesson.clamps
    album_has, off = album.seen.shape[1] > 0, course.clamp.shape[1] > 0
    spread(left, memory.frees[place], free, like)
    _show(one, handles, lesson, row, free, group, like)
    _show(two, handles, lesson, row, clamped, group, like)
    bring(left, free, clamped, like)
    if off:
        _off(handles, course.source[group], clamped, like)
    if album_has and album.seen[group, row] == TWICE:
        spread(two.t.unknowns, album.clamped[group, row], clamped, like)
    for m in range(clamps.shape[1]):
        put(flags, m, every(0.0, like))
        for k in range(lanes):
            goal = memory.target[place, m, k]
            if memory.missed[place, k] > 0.0 and not np.isnan(goal):
                flags[m * lanes + k] = 1.0
                clamped[clamps[0, m] * lanes + k] = goal + (course.clamp[group, m, k] if off else 0.0)
    solve(two.t, two.numbers, group, clamped, z, False, memory.steps, like)
    lost = False
    for k in range(lanes):
        if memory.missed[place, k] > 0.0:
            course.solves[group, k] += 1
            if z.lane[state + k] == SETTLED:
                course.settled[group, k] += 1
            else:
                memory.missed[place, k], lost = 0.0, True
                for j in range(two.t.unknowns.size):
                    clamped[two.t.unknowns[j] * lanes + k] = 0.0
    if album_has:
        collect(two.t.unknowns, clamped, album.clamped[group, row], like)
        album.seen[group, row] = ONCE if lost else TWICE
    look(
        lesson,
        course.free_lanes[group],
        course.clamped_lanes[group],
        course.offsets[group],
        memory.missed[place],
        course.states_lanes[group],
        memory.change,
    )


@called
def _step(
    one: Phase, two: Phase, handles: Handles, lesson: Lesson, rows: Ints, span: float, course: Course, album: Album,
    group: int, memory: Memory, s: Scratch, z: Scratch, like: Any
) -> None:  # fmt: skip
    lanes = width(like)
    for i in range(rows.size):
        _free(one, handles, lesson, rows[i], i, course, album, group, memory, s, like)
    for k in range(lanes):
        times(lesson, span, memory.missed, k)
        memory.time[k] = memory.pulses[k] = 0.0
    memory.change[:] = 0.0
    anyone = False
    for i in range(rows.size):
        taught = False
        for k in range(lanes):
            taught |= memory.missed[i, k] > 0.0
        if taught:
            anyone = True
            _clamped(one, two, handles, lesson, rows[i], i, course, album, group, memory, z, like)
            for k in range(lanes):
                memory.time[k] += memory.missed[i, k]
                memory.pulses[k] += 1.0 if memory.missed[i, k] > 0.0 else 0.0
    if not anyone:
        return
    states = course.states_lanes[group]
    step_of(lesson, memory.change)
    if course.drift.shape[1] > 0:
        drift(
            course.drift[group],
            course.leak[group],
            course.rest[group],
            course.jump[group],
            memory.time,
            memory.pulses,
            states,
            memory.change,
        )
    move(lesson, memory.time, memory.change, states)
    _set(one, handles, course.free[group], course.states[group], group, like)
    _set(two, handles, course.clamped[group], course.states[group], group, like)


@called
def _teach(
    one: Phase, two: Phase, handles: Handles, lesson: Lesson, rows: Ints, spans: Floats, course: Course, album: Album,
    memory: Memory, s: Scratch, z: Scratch, like: Any
) -> None:  # fmt: skip
    for group in range(course.free.shape[0]):
        _set(one, handles, course.free[group], course.states[group], group, like)
        _set(two, handles, course.clamped[group], course.states[group], group, like)
        for i in range(rows.shape[0]):
            _step(one, two, handles, lesson, rows[i], spans[i], course, album, group, memory, s, z, like)


@compiled
def teach_one(
    one: Phase, two: Phase, handles: Handles, lesson: Lesson, rows: Ints, spans: Floats, course: Course, album: Album,
    memory: Memory, s: Scratch, z: Scratch
) -> None:  # fmt: skip
    """Learning steps of draws, one after the other, of the samples `rows` (steps, B) and a span each: phases `one` (free)
    and `two` (clamped), with their scratch."""
    _teach(one, two, handles, lesson, rows, spans, course, album, memory, s, z, 0.0)


@compiled
def teach_eight(
    one: Phase, two: Phase, handles: Handles, lesson: Lesson, rows: Ints, spans: Floats, course: Course, album: Album,
    memory: Memory, s: Scratch, z: Scratch
) -> None:  # fmt: skip
    """Learning steps of draws, eight at a time."""
    _teach(one, two, handles, lesson, rows, spans, course, album, memory, s, z, eight())
