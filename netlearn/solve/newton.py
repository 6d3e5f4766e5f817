"""Newton's method on many lanes, compiled: evaluate, assemble, factor, step.

A step solves A dx = -F, and no voltage of a lane with nonlinear devices moves by more than `reach` volts in it. A lane that
starts cold first guesses: junctions taken for open, one step of any length; where that has made the largest |F| of the
lane much larger (an exponential, far out) it is shortened afterwards like the others. A lane rests once its step was below TOLERANCE (Newton's error is of the order of the last step squared) or where rounding is all
that is left. `audit` then evaluates everything once more at the answer: it gives the residual, a last correction and the
currents of sources that hold a node. Where pivots differ by many decades it also looks whether the lane is singular but
for rounding, where one answer is one of many, and says that such a one has not settled (an answer to random right-hand
sides, each equation scaled to 1, shows it by its size).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.jit import called, compiled, inlined
from netlearn.solve.lanes import (
    call_points,
    eight,
    every,
    get,
    larger,
    minus,
    minus_product,
    plus,
    plus_product,
    put,
    times,
    width,
)
from netlearn.solve.shape import Tables
from netlearn.solve.sparse import factor, substitute

TOLERANCE = 1e-9  # V, and as much for a volt
CONFIRMED = 1e-7
SINGULAR = 2e13  # 1 over the rounding error of a few additions
RUNNING, SETTLED, FAILED = 0.0, 1.0, 2.0


class Numbers(NamedTuple):
    """Numbers of a group of lanes, flat as in `netlearn.solve.lanes`; first axis groups, or 1 where all share them.

    p: prepared parameters. matrix, inner, outer, border, offset: see `netlearn.solve.shape.Stamps`. feeds: currents
    into the rows `fed`. flags: 1 in lanes that hold the nodes at places `masks`.
    """

    p: Floats
    matrix: Floats
    inner: Floats
    outer: Floats
    border: Floats
    offset: Floats
    fed: Ints
    feeds: Floats
    masks: Ints
    flags: Floats


WORSE = 4.0  # times by which a step may make |F| larger
WIDE = 1e9  # pivots apart by more than this are looked at
ATTEMPT, SHARE, REACH, GMIN, MOST, TAME = range(6)
CHAIN = (
    ((1.0, 0.5, 0.0, 100, 0),),
    ((1.0, 0.5, 0.0, 100, 1),),
    ((0.5, 0.5, 0.0, 150, 1),),
    ((1.0, np.inf, 0.0, 100, 1),),
    (*((1.0, 0.5, 10.0**-k, 100, 1) for k in range(3, 13)), (1.0, 0.5, 0.0, 100, 1)),
)
"""The attempts on a lane that does not settle. Each is a sequence of runs of Newton's method: part of each step that
is taken, its longest move (V), conductance from every node to ground (S), most steps, 1 if it is not to guess. The first attempt starts where it is told to, each other one from zero volts: by short steps, by half
steps (where a law has a kink, full ones can go to and fro for ever), at any length, by gmin stepping."""
RUNS = np.array([(attempt, *run) for attempt, runs in enumerate(CHAIN) for run in runs])


class Report(NamedTuple):
    """Outcome of every lane, (groups, W): settled (SETTLED or not), steps, residual (A), worst (place of a row)."""

    settled: Floats
    steps: Ints
    residual: Floats
    worst: Ints


MOVE, VOLTAGE, SCALE, LAST, STATE, TRYING, BEFORE, SHORT, BACK = range(9)  # numbers in `Scratch.lane`


class Scratch(NamedTuple):
    """Working memory of one group."""

    values: Floats
    work: Floats
    f: Floats
    base: Floats
    given: Floats
    results: Floats
    taken: Floats  # the last step
    lane: Floats  # (9 W,): see VOLTAGE ...
    runs: Floats


def scratch(t: Tables, lanes: int) -> Scratch:
    """Working memory for one thread."""
    n = len(t.unknowns)
    entries = n + 2 * len(t.factors.rows)
    counts = (entries, n, n + len(t.signs), len(t.gather), t.results)
    values, f, base, given, results = (np.empty(count * lanes) for count in counts)
    return Scratch(
        values, np.zeros(2 * n * lanes), f, base, given, results, np.empty(n * lanes), np.zeros(9 * lanes), RUNS
    )


@inlined
def part(values: Floats, group: int) -> Any:
    """The numbers of a group, which all groups may share."""
    return values[min(group, values.shape[0] - 1)]


@called
def prepare(t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, like: Any) -> None:
    """What does not change while a point is solved for: offset, fed currents, linear currents of known voltages."""
    offset, outer, feeds = part(numbers.offset, group), part(numbers.outer, group), part(numbers.feeds, group)
    for r in range(t.unknowns.size + t.signs.size):
        put(s.base, r, get(offset, r, like))
    for m in range(t.outer.shape[1]):
        r = t.outer[0, m]
        put(s.base, r, plus_product(get(s.base, r, like), get(outer, m, like), get(x, t.outer[1, m], like)))
    for m in range(numbers.fed.size):
        r = numbers.fed[m]
        if r >= 0:
            put(s.base, r, minus(get(s.base, r, like), get(feeds, m, like)))


@called
def evaluate(t: Tables, x: Floats, p: Floats, s: Scratch, guess: bool, like: Any) -> None:
    """All nonlinear devices at x; in a first guess junctions at zero volts."""
    for i in range(t.gather.size):
        put(s.given, i, get(x, t.gather[i], like))
    if guess:
        for b in range(t.banks.shape[1]):
            if t.banks[5, b] == 1:
                end = t.banks[2, b + 1] if b + 1 < t.banks.shape[1] else t.gather.size
                for i in range(t.banks[2, b], end):
                    put(s.given, i, every(0.0, like))
    stride = 8 * width(like)
    for b in range(t.banks.shape[1]):
        call_points(
            t.banks[0, b],
            t.banks[1, b],
            s.given.ctypes.data + stride * t.banks[2, b],
            p.ctypes.data + stride * t.banks[3, b],
            s.results.ctypes.data + stride * t.banks[4, b],
        )


@called
def assemble_currents(t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, gmin: float, like: Any) -> None:
    """Residual F at x, from what `evaluate` has left."""
    inner, flags, lanes = part(numbers.inner, group), part(numbers.flags, group), width(like)
    for j in range(t.unknowns.size):
        put(s.f, j, get(s.base, j, like))
    for m in range(t.inner.shape[1]):
        r = t.inner[0, m]
        put(s.f, r, plus_product(get(s.f, r, like), get(inner, m, like), get(x, t.inner[2, m], like)))
    for m in range(t.currents.shape[1]):
        r = t.currents[0, m]
        put(s.f, r, plus(get(s.f, r, like), get(s.results, t.currents[1, m], like)))
    if gmin > 0.0:
        for m in range(t.shunts.size):
            j = t.shunts[m]
            put(s.f, j, plus_product(get(s.f, j, like), every(gmin, like), get(x, t.unknowns[j], like)))
    for m in range(numbers.masks.size):  # where a lane holds a node, its equation says: no change
        for k in range(lanes):
            if flags[m * lanes + k] != 0.0:
                s.f[numbers.masks[m] * lanes + k] = 0.0


@called
def assemble_slopes(t: Tables, numbers: Numbers, group: int, s: Scratch, gmin: float, like: Any) -> None:
    """The matrix dF/dx, from what `evaluate` has left."""
    n, nonzeros, lanes = t.unknowns.size, t.factors.rows.size, width(like)
    matrix, flags = part(numbers.matrix, group), part(numbers.flags, group)
    for i in range(n + 2 * nonzeros):
        put(s.values, i, get(matrix, i, like))
    for m in range(t.slopes.shape[1]):
        i = t.slopes[0, m]
        put(s.values, i, plus(get(s.values, i, like), get(s.results, t.slopes[1, m], like)))
    if gmin > 0.0:
        for m in range(t.shunts.size):
            put(s.values, t.shunts[m], plus(get(s.values, t.shunts[m], like), every(gmin, like)))
    for m in range(numbers.masks.size):
        j = numbers.masks[m]
        for k in range(lanes):
            if flags[m * lanes + k] == 0.0:
                continue
            s.values[j * lanes + k] = 1.0
            for p in range(t.factors.starts[j], t.factors.starts[j + 1]):
                s.values[(n + nonzeros + p) * lanes + k] = 0.0
            for q in range(t.factors.row_starts[j], t.factors.row_starts[j + 1]):
                s.values[(n + t.factors.row_places[q]) * lanes + k] = 0.0


@called
def _largest_of(values: Floats, count: int, like: Any) -> Any:
    """Largest magnitude of numbers."""
    found = every(0.0, like)
    for j in range(count):
        found = larger(found, get(values, j, like))
    return found


@called
def _largest(t: Tables, values: Floats, at_unknowns: bool, like: Any) -> Any:
    """Largest magnitude of the voltages among numbers, given by place or by unknown."""
    found = every(0.0, like)
    for j in range(t.unknowns.size):
        if t.volts[j] == 1:
            found = larger(found, get(values, t.unknowns[j] if at_unknowns else j, like))
    return found


@called
def solve(t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, cold: bool, steps: Ints, like: Any) -> None:
    """Find the operating points of a group from x, in all ways there are; `s.lane` has the outcome. `cold`: x is no guess
    of any worth."""
    n, lanes = t.unknowns.size, width(like)
    state, trying = STATE * lanes, TRYING * lanes
    for k in range(lanes):
        s.lane[state + k], s.lane[trying + k] = FAILED, 0.0
    prepare(t, numbers, group, x, s, like)
    attempt = -1.0
    for run in range(s.runs.shape[0]):
        if s.runs[run, ATTEMPT] != attempt:
            attempt = s.runs[run, ATTEMPT]
            left = False
            for k in range(lanes):
                s.lane[trying + k] = 1.0 if s.lane[state + k] != SETTLED else 0.0
                left |= s.lane[trying + k] == 1.0
                if s.lane[trying + k] == 1.0 and attempt > 0.0:
                    for j in range(n):
                        if not _held_here(numbers, group, j, k, lanes):
                            x[t.unknowns[j] * lanes + k] = 0.0
            if not left:
                return
        for k in range(lanes):
            if s.lane[trying + k] == 1.0:
                s.lane[state + k] = RUNNING
        first = run == 0 or s.runs[run - 1, ATTEMPT] != attempt
        newton(t, numbers, group, x, s, run, first and (cold or attempt > 0.0), steps, like)


@called
def _held_here(numbers: Numbers, group: int, place: int, lane: int, lanes: int) -> Any:
    """Whether a lane holds the node at a place."""
    flags = part(numbers.flags, group)
    for m in range(numbers.masks.size):
        if numbers.masks[m] == place:
            return flags[m * lanes + lane] != 0.0
    return False


@called
def newton(
    t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, run: int, cold: bool, steps: Ints, like: Any
) -> None:
    """Move x in the lanes whose state is RUNNING until they have SETTLED or FAILED; `steps` (W,) is counted up."""
    n, lanes, lane = t.unknowns.size, width(like), s.lane
    state, scale = STATE * lanes, SCALE * lanes
    gmin, guess = s.runs[run, GMIN], cold and s.runs[run, TAME] == 0.0
    for k in range(lanes):
        lane[LAST * lanes + k], lane[BEFORE * lanes + k] = np.inf, np.inf
        lane[SHORT * lanes + k], lane[scale + k] = 0.0 if guess or t.banks.shape[1] == 0 else 1.0, 0.0
    p = part(numbers.p, group)
    for i in range(int(s.runs[run, MOST])):
        evaluate(t, x, p, s, guess and i == 0, like)
        assemble_currents(t, numbers, group, x, s, gmin, like)
        if guess and i == 1 and _retracted(t, x, s, run, like):
            evaluate(t, x, p, s, False, like)
            assemble_currents(t, numbers, group, x, s, gmin, like)
        if guess and i == 0:
            put(lane, BEFORE, _largest_of(s.f, n, like))
        assemble_slopes(t, numbers, group, s, gmin, like)
        factor(t.factors, s.values, s.work, like)
        substitute(t.factors, s.values, s.f, like)
        put(lane, MOVE, _largest(t, s.f, False, like))
        put(lane, VOLTAGE, _largest(t, x, True, like))
        running = _judged(s, run, steps, lanes)
        shorter = get(lane, SCALE, like)
        for j in range(n):
            u = t.unknowns[j]
            put(x, u, minus_product(get(x, u, like), shorter, get(s.f, j, like)))
            put(s.taken, j, get(s.f, j, like))
        if not running:
            return
    for k in range(lanes):
        if lane[state + k] == RUNNING:
            lane[state + k] = FAILED


@called
def _retracted(t: Tables, x: Floats, s: Scratch, run: int, like: Any) -> bool:
    """Take most of the first step back in lanes in which it was long and made |F| much larger; was there one?"""
    lanes, lane, found = width(like), s.lane, False
    put(lane, BACK, _largest_of(s.f, t.unknowns.size, like))
    for k in range(lanes):
        now, before = lane[BACK * lanes + k], lane[BEFORE * lanes + k]
        lane[BACK * lanes + k] = 0.0
        if lane[STATE * lanes + k] != RUNNING or t.banks.shape[1] == 0:
            continue
        lane[SHORT * lanes + k] = 1.0
        moved, reach = lane[LAST * lanes + k], s.runs[run, REACH]
        if not now <= WORSE * before and moved > reach:
            lane[BACK * lanes + k] = lane[SCALE * lanes + k] - min(s.runs[run, SHARE], reach / moved)
            found = True
    if found:
        back = get(lane, BACK, like)
        for j in range(t.unknowns.size):
            u = t.unknowns[j]
            put(x, u, plus_product(get(x, u, like), back, get(s.taken, j, like)))
    return found


@called
def _judged(s: Scratch, run: int, steps: Ints, lanes: int) -> bool:
    """How much of the step each lane takes, and whether it has settled or failed with it; is one still running?"""
    lane, running = s.lane, False
    for k in range(lanes):
        lane[SCALE * lanes + k] = 0.0
        if lane[STATE * lanes + k] != RUNNING:
            continue
        steps[k] += 1
        moved = lane[MOVE * lanes + k]
        if not moved < np.inf:
            lane[STATE * lanes + k] = FAILED
            continue
        taken = s.runs[run, SHARE]
        if lane[SHORT * lanes + k] != 0.0 and moved > 0.0:
            taken = min(taken, s.runs[run, REACH] / moved)
        stuck = moved < 1e-6 and moved >= lane[LAST * lanes + k]
        if moved < TOLERANCE * (1.0 + lane[VOLTAGE * lanes + k]) or stuck:
            lane[STATE * lanes + k], taken = SETTLED, 1.0
        lane[SCALE * lanes + k], lane[LAST * lanes + k] = taken, moved
        running |= lane[STATE * lanes + k] == RUNNING
    return running


@called
def audit(
    t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, report: Report, random: Floats, like: Any
) -> None:
    """Evaluate at the answer: report the residual, correct x, find the currents of holders, refuse what is singular."""
    n, lanes, lane = t.unknowns.size, width(like), s.lane
    evaluate(t, x, part(numbers.p, group), s, False, like)
    assemble_currents(t, numbers, group, x, s, 0.0, like)
    _border(t, numbers, group, x, s, like)
    for k in range(lanes):
        worst, most = -1, -1.0
        for j in range(n):
            if not abs(s.f[j * lanes + k]) <= most:
                worst, most = j, abs(s.f[j * lanes + k])
        report.worst[group, k], report.residual[group, k] = worst, most if worst >= 0 else 0.0
        report.settled[group, k] = lane[STATE * lanes + k]
    if _doubtful(s.values, n, lanes):
        _look(t, numbers, group, s, report, random, like)
    substitute(t.factors, s.values, s.f, like)
    put(lane, MOVE, _largest(t, s.f, False, like))
    put(lane, VOLTAGE, _largest(t, x, True, like))
    for k in range(lanes):
        close = lane[MOVE * lanes + k] <= CONFIRMED * (1.0 + lane[VOLTAGE * lanes + k])
        if not close:
            report.settled[group, k] = FAILED
        lane[SCALE * lanes + k] = 1.0 if report.settled[group, k] == SETTLED else 0.0
    kept = get(lane, SCALE, like)
    for j in range(n):
        u = t.unknowns[j]
        put(x, u, minus_product(get(x, u, like), kept, get(s.f, j, like)))


@called
def _doubtful(values: Floats, n: int, lanes: int) -> bool:
    """Whether the pivots of some lane differ by many decades."""
    for k in range(lanes):
        least, most = np.inf, 0.0
        for j in range(n):
            pivot = abs(values[j * lanes + k])
            least, most = min(least, pivot), max(most, pivot)
        if not least * WIDE > most:
            return True
    return False


@called
def _look(t: Tables, numbers: Numbers, group: int, s: Scratch, report: Report, random: Floats, like: Any) -> None:
    """Factor the matrix at the answer, and fail lanes in which it is singular but for rounding."""
    n, nonzeros, lanes, row = t.unknowns.size, t.factors.rows.size, width(like), s.taken
    assemble_slopes(t, numbers, group, s, 0.0, like)
    for j in range(n):
        most_of_row = larger(every(0.0, like), get(s.values, j, like))
        for p in range(t.factors.starts[j], t.factors.starts[j + 1]):
            most_of_row = larger(most_of_row, get(s.values, n + nonzeros + p, like))
        for q in range(t.factors.row_starts[j], t.factors.row_starts[j + 1]):
            most_of_row = larger(most_of_row, get(s.values, n + t.factors.row_places[q], like))
        put(row, j, times(most_of_row, every(random[j], like)))
    factor(t.factors, s.values, s.work, like)
    substitute(t.factors, s.values, row, like)
    put(s.lane, BACK, _largest_of(row, n, like))
    for k in range(lanes):
        if not s.lane[BACK * lanes + k] <= SINGULAR:
            report.settled[group, k] = FAILED


@called
def _border(t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, like: Any) -> None:
    """The branch currents of sources that hold a node: what the node's other currents leave for them."""
    n, border = t.unknowns.size, part(numbers.border, group)
    for m in range(t.border.shape[1]):
        r = n + t.border[0, m]
        put(s.base, r, plus_product(get(s.base, r, like), get(border, m, like), get(x, t.border[1, m], like)))
    for m in range(t.rim.shape[1]):
        r = n + t.rim[0, m]
        put(s.base, r, plus(get(s.base, r, like), get(s.results, t.rim[1, m], like)))
    for h in range(t.signs.size):
        put(x, t.fixers[1, h], times(every(-t.signs[h], like), get(s.base, n + h, like)))


@called
def _points(
    t: Tables, numbers: Numbers, x: Floats, cold: bool, report: Report, random: Floats, s: Scratch, like: Any
) -> None:
    for group in range(x.shape[0]):
        solve(t, numbers, group, x[group], s, cold, report.steps[group], like)
        audit(t, numbers, group, x[group], s, report, random, like)


@compiled
def points_of_one(
    t: Tables, numbers: Numbers, x: Floats, cold: bool, report: Report, random: Floats, s: Scratch
) -> None:
    """Operating points, lane after lane. x (lanes, size) starts with known and first voltages, ends with the answer."""
    _points(t, numbers, x, cold, report, random, s, 0.0)


@compiled
def points_of_eight(
    t: Tables, numbers: Numbers, x: Floats, cold: bool, report: Report, random: Floats, s: Scratch
) -> None:
    """Operating points, eight lanes at a time: x (groups, size * 8)."""
    _points(t, numbers, x, cold, report, random, s, eight())
