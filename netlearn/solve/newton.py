"""Newton's method on many lanes, compiled: evaluate, assemble, factor, step.

A step solves A dx = -F, and no voltage of a lane with nonlinear devices moves by more than `reach` volts in it; only
where all laws are made of straight pieces the first run takes whole steps. A lane that starts cold first guesses:
junctions taken for open, one step of any length; where that has made the largest |F| of the lane much larger (an
exponential, far out) it is shortened afterwards like the others. A lane rests once its
step was below TOLERANCE, or below SMALL and the next one is sure to be below NEXT (errors are of the order of the last
one squared: after whole steps a and b it is b^3 / a^2), or where rounding is all that is left. `audit` then evaluates
everything once more at the answer: it gives the residual, a last correction and the currents of sources that hold a
node. Where pivots differ by many decades it also looks whether the lane is singular but for rounding, where one answer
is one of many, and says that such a one has not settled (an answer to random right-hand sides, each equation scaled to
1, shows it by its size).

Exponentials are what makes Newton's method slow: from far above it goes down them by one of their arguments' units a
step. So in each step a device's exponential is followed only as far as it may grow in one step, and by its tangent from
there on (`devices.vector.ceiling`, as SPICE limits junctions); near the answer that changes nothing.
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
from netlearn.solve.sparse import Factors, Places, factor, substitute

TOLERANCE = 1e-9  # V, and as much for a volt
SMALL = 1e-6  # V
NEXT = 2e-13  # V, and as much for a volt
CONFIRMED = 1e-7
SINGULAR = 2e13  # 1 over the rounding error of a few additions
RUNNING, SETTLED, FAILED = 0.0, 1.0, 2.0


class Numbers(NamedTuple):
    """Numbers of a group of lanes, flat as in `netlearn.solve.lanes`; first axis groups, or 1 where all share them.

    p: prepared parameters. inner, outer, border, offset: see `netlearn.solve.shape.Stamps`. feeds: currents
    into the rows `fed`. flags: 1 in lanes that hold the nodes at places `masks`.
    """

    p: Floats
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
ATTEMPT, SHARE, REACH, GMIN, MOST = range(5)
CHAIN = (
    ((1.0, 0.5, 0.0, 100),),
    ((1.0, 0.5, 0.0, 100),),
    ((0.5, 0.5, 0.0, 150),),
    ((1.0, np.inf, 0.0, 100),),
    (*((1.0, 0.5, 10.0**-k, 100) for k in range(3, 13)), (1.0, 0.5, 0.0, 100)),
)
"""The attempts on a lane that does not settle. Each is a sequence of runs of Newton's method: part of each step that
is taken, its longest move (V), conductance from every node to ground (S), most steps. The first attempt starts where
it is told to, guessing where it is told nothing; each other one starts from zero volts: by short steps, by half steps
(where a law has a kink, full ones can go to and fro for ever), at any length, by gmin stepping."""
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
    memory: Floats  # of devices, see `exactly`
    taken: Floats  # the last step
    lane: Floats  # (9 W,): see VOLTAGE ...
    runs: Floats


def scratch(t: Tables, lanes: int) -> Scratch:
    """Working memory for one thread."""
    n = len(t.unknowns)
    entries = n + 2 * len(t.factors.rows)
    counts = (entries, n, n + len(t.signs), len(t.gather), t.results)
    values, f, base, given, results = (np.empty(count * lanes) for count in counts)
    memory, taken = np.full(t.memories * lanes, np.inf), np.empty(n * lanes)
    return Scratch(values, np.zeros(2 * n * lanes), f, base, given, results, memory, taken, np.zeros(9 * lanes), RUNS)


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


# The functions of every step take the arrays they need and no more: to pass a tuple of forty costs as much as the work.


@called
def evaluate(
    banks: Ints,
    gather: Places,
    x: Floats,
    p: Floats,
    given: Floats,
    results: Floats,
    memory: Floats,
    guess: bool,
    like: Any,
) -> None:
    """All nonlinear devices at x; in a first guess junctions at zero volts."""
    for i in range(gather.size):
        put(given, i, get(x, gather[i], like))
    if guess:
        for b in range(banks.shape[1]):
            if banks[5, b] == 1:
                end = banks[2, b + 1] if b + 1 < banks.shape[1] else gather.size
                for i in range(banks[2, b], end):
                    put(given, i, every(0.0, like))
    stride = 8 * width(like)
    for b in range(banks.shape[1]):
        call_points(
            banks[0, b],
            banks[1, b],
            given.ctypes.data + stride * banks[2, b],
            p.ctypes.data + stride * banks[3, b],
            results.ctypes.data + stride * banks[4, b],
            memory.ctypes.data + stride * banks[6, b],
        )


@called
def exactly(banks: Ints, gather: Places, x: Floats, p: Floats, s: Scratch, like: Any) -> None:
    """All nonlinear devices at x by the law itself, whatever Newton's method has just made of it."""
    s.memory[:] = np.inf
    evaluate(banks, gather, x, p, s.given, s.results, s.memory, False, like)


@called
def assemble_currents(
    inner: Places, currents: Places, base: Floats, slopes: Floats, results: Floats, x: Floats, f: Floats, like: Any
) -> None:
    """Residual F at x, from what `evaluate` has left; `slopes` of the linear part in the order of `inner`."""
    for j in range(f.size // width(like)):
        put(f, j, get(base, j, like))
    for m in range(inner.shape[1]):
        r = inner[0, m]
        put(f, r, plus_product(get(f, r, like), get(slopes, m, like), get(x, inner[2, m], like)))
    for m in range(currents.shape[1]):
        r = currents[0, m]
        put(f, r, plus(get(f, r, like), get(results, currents[1, m], like)))


@called
def assemble_slopes(inner: Places, slopes: Places, linear: Floats, results: Floats, values: Floats, like: Any) -> None:
    """The matrix dF/dx, from what `evaluate` has left; `linear`: the numbers of its linear part."""
    for i in range(values.size // width(like)):
        put(values, i, every(0.0, like))
    for m in range(inner.shape[1]):
        put(values, inner[1, m], get(linear, m, like))
    for m in range(slopes.shape[1]):
        i = slopes[0, m]
        put(values, i, plus(get(values, i, like), get(results, slopes[1, m], like)))


@called
def hold_currents(masks: Ints, flags: Floats, f: Floats, lanes: int) -> None:
    """Where a lane holds a node, its equation says: no change."""
    for m in range(masks.size):
        for k in range(lanes):
            if flags[m * lanes + k] != 0.0:
                f[masks[m] * lanes + k] = 0.0


@called
def hold_slopes(factors: Factors, masks: Ints, flags: Floats, values: Floats, lanes: int) -> None:
    """The same in the matrix."""
    n, nonzeros = factors.starts.size - 1, factors.rows.size
    for m in range(masks.size):
        j = masks[m]
        for k in range(lanes):
            if flags[m * lanes + k] == 0.0:
                continue
            values[j * lanes + k] = 1.0
            for p in range(factors.starts[j], factors.starts[j + 1]):
                values[(n + nonzeros + p) * lanes + k] = 0.0
            for q in range(factors.row_starts[j], factors.row_starts[j + 1]):
                values[(n + factors.row_places[q]) * lanes + k] = 0.0


@called
def shunt(shunts: Ints, unknowns: Ints, gmin: float, x: Floats, f: Floats, values: Floats, like: Any) -> None:
    """A conductance from nodes to ground."""
    for m in range(shunts.size):
        j = shunts[m]
        put(f, j, plus_product(get(f, j, like), every(gmin, like), get(x, unknowns[j], like)))
        put(values, j, plus(get(values, j, like), every(gmin, like)))


@called
def _largest_of(values: Floats, like: Any) -> Any:
    """Largest magnitude of numbers."""
    found = every(0.0, like)
    for j in range(values.size // width(like)):
        found = larger(found, get(values, j, like))
    return found


@called
def _largest_voltage(volts: Ints, places: Ints, values: Floats, like: Any) -> Any:
    """Largest magnitude of those numbers (at `places`) that are node voltages."""
    found = every(0.0, like)
    for j in range(places.size):
        if volts[j] == 1:
            found = larger(found, get(values, places[j], like))
    return found


@called
def collect(unknowns: Ints, x: Floats, page: Floats, like: Any) -> None:
    """What x has at some unknowns, one after the other."""
    for j in range(unknowns.size):
        put(page, j, get(x, unknowns[j], like))


@called
def spread(unknowns: Ints, page: Floats, x: Floats, like: Any) -> None:
    """The way back."""
    for j in range(unknowns.size):
        put(x, unknowns[j], get(page, j, like))


@called
def bring(unknowns: Ints, other: Floats, x: Floats, like: Any) -> None:
    """What another x has at some unknowns."""
    for j in range(unknowns.size):
        put(x, unknowns[j], get(other, unknowns[j], like))


@called
def _advance(unknowns: Ints, share: Any, step: Floats, x: Floats, taken: Floats, like: Any) -> None:
    """x less a share of a step, which is kept."""
    for j in range(unknowns.size):
        u = unknowns[j]
        moved = get(step, j, like)
        put(x, u, minus_product(get(x, u, like), share, moved))
        put(taken, j, moved)


@called
def residual(t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, like: Any) -> None:
    """F at x."""
    exactly(t.banks, t.gather, x, part(numbers.p, group), s, like)
    assemble_currents(t.inner, t.currents, s.base, part(numbers.inner, group), s.results, x, s.f, like)
    if numbers.masks.size > 0:
        hold_currents(numbers.masks, part(numbers.flags, group), s.f, width(like))


@called
def slopes(t: Tables, numbers: Numbers, group: int, s: Scratch, like: Any) -> None:
    """dF/dx at the x that was evaluated last."""
    assemble_slopes(t.inner, t.slopes, part(numbers.inner, group), s.results, s.values, like)
    if numbers.masks.size > 0:
        hold_slopes(t.factors, numbers.masks, part(numbers.flags, group), s.values, width(like))


@called
def solve(t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, cold: bool, steps: Ints, like: Any) -> None:
    """Find the operating points of a group from x, in all ways there are; `s.lane` has the outcome. `cold`: x is no
    guess of any worth."""
    prepare(t, numbers, group, x, s, like)
    attempts(t, numbers, group, x, s, cold, steps, like)


@called
def attempts(
    t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, cold: bool, steps: Ints, like: Any
) -> None:
    """The same where all is prepared."""
    n, lanes = t.unknowns.size, width(like)
    state, trying = STATE * lanes, TRYING * lanes
    for k in range(lanes):
        s.lane[state + k], s.lane[trying + k] = FAILED, 0.0
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
        newton(t, numbers, group, x, s, run, cold and run == 0, steps, like)


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
    t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, run: int, guess: bool, steps: Ints, like: Any
) -> None:
    """Move x in the lanes whose state is RUNNING until they have SETTLED or FAILED; `steps` (W,) is counted up."""
    lanes, lane, unknowns, order = width(like), s.lane, t.unknowns, t.order
    gmin, whole = s.runs[run, GMIN], t.banks.shape[1] == 0 or (run == 0 and t.curved == 0)
    for k in range(lanes):
        lane[LAST * lanes + k], lane[BEFORE * lanes + k], lane[SCALE * lanes + k] = np.inf, np.inf, 0.0
        lane[SHORT * lanes + k] = 0.0 if guess or whole else 1.0
    p, inner = part(numbers.p, group), part(numbers.inner, group)
    flags, masked = part(numbers.flags, group), numbers.masks.size > 0
    s.memory[:] = -np.inf
    for i in range(int(s.runs[run, MOST])):
        if guess and i < 2:
            s.memory[:] = np.inf
        evaluate(t.banks, t.gather, x, p, s.given, s.results, s.memory, guess and i == 0, like)
        assemble_currents(t.inner, t.currents, s.base, inner, s.results, x, s.f, like)
        if guess and i < 2:
            if masked:
                hold_currents(numbers.masks, flags, s.f, lanes)
            if i == 0:
                put(lane, BEFORE, _largest_of(s.f, like))
            elif _retracted(t, x, s, run, like):
                s.memory[:] = -np.inf
                evaluate(t.banks, t.gather, x, p, s.given, s.results, s.memory, False, like)
                assemble_currents(t.inner, t.currents, s.base, inner, s.results, x, s.f, like)
        assemble_slopes(t.inner, t.slopes, inner, s.results, s.values, like)
        if gmin > 0.0:
            shunt(t.shunts, unknowns, gmin, x, s.f, s.values, like)
        if masked:
            hold_currents(numbers.masks, flags, s.f, lanes)
            hold_slopes(t.factors, numbers.masks, flags, s.values, lanes)
        factor(t.factors, s.values, s.work, like)
        substitute(t.factors, s.values, s.f, like)
        put(lane, MOVE, _largest_voltage(t.volts, order, s.f, like))
        put(lane, VOLTAGE, _largest_voltage(t.volts, unknowns, x, like))
        running = _judged(lane, s.runs, run, steps, lanes)
        _advance(unknowns, get(lane, SCALE, like), s.f, x, s.taken, like)
        if not running:
            return
    for k in range(lanes):
        if lane[STATE * lanes + k] == RUNNING:
            lane[STATE * lanes + k] = FAILED


@called
def _retracted(t: Tables, x: Floats, s: Scratch, run: int, like: Any) -> bool:
    """Take most of the first step back in lanes in which it was long and made |F| much larger; was there one?"""
    lanes, lane, found = width(like), s.lane, False
    put(lane, BACK, _largest_of(s.f, like))
    for k in range(lanes):
        now, before = lane[BACK * lanes + k], lane[BEFORE * lanes + k]
        lane[BACK * lanes + k] = 0.0
        if lane[STATE * lanes + k] != RUNNING or t.curved == 0:
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
def _judged(lane: Floats, runs: Floats, run: int, steps: Ints, lanes: int) -> bool:
    """How much of the step each lane takes, and whether it has settled or failed with it; is one still running?"""
    running = False
    for k in range(lanes):
        whole = lane[SCALE * lanes + k] == 1.0
        lane[SCALE * lanes + k] = 0.0
        if lane[STATE * lanes + k] != RUNNING:
            continue
        steps[k] += 1
        moved = lane[MOVE * lanes + k]
        if not moved < np.inf:
            lane[STATE * lanes + k] = FAILED
            continue
        taken = runs[run, SHARE]
        if lane[SHORT * lanes + k] != 0.0 and moved > 0.0:
            taken = min(taken, runs[run, REACH] / moved)
        last, size = lane[LAST * lanes + k], 1.0 + lane[VOLTAGE * lanes + k]
        stuck = moved < SMALL and moved >= last
        good = whole and moved < SMALL and moved * moved * moved < NEXT * size * last * last
        if moved < TOLERANCE * size or stuck or good:
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
    residual(t, numbers, group, x, s, like)
    holder_currents(t, numbers, group, x, s, like)
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
    put(lane, MOVE, _largest_voltage(t.volts, t.order, s.f, like))
    put(lane, VOLTAGE, _largest_voltage(t.volts, t.unknowns, x, like))
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
def largest_of_rows(t: Factors, values: Floats, row: Floats, like: Any) -> None:
    """The largest magnitude in each row of a matrix."""
    n, nonzeros = t.starts.size - 1, t.rows.size
    for j in range(n):
        most = larger(every(0.0, like), get(values, j, like))
        for p in range(t.starts[j], t.starts[j + 1]):
            most = larger(most, get(values, n + nonzeros + p, like))
        for q in range(t.row_starts[j], t.row_starts[j + 1]):
            most = larger(most, get(values, n + t.row_places[q], like))
        put(row, j, most)


@called
def _look(t: Tables, numbers: Numbers, group: int, s: Scratch, report: Report, random: Floats, like: Any) -> None:
    """Factor the matrix at the answer, and fail lanes in which it is singular but for rounding."""
    n, lanes, row = t.unknowns.size, width(like), s.taken
    slopes(t, numbers, group, s, like)
    largest_of_rows(t.factors, s.values, row, like)
    for j in range(n):
        put(row, j, times(get(row, j, like), every(random[j], like)))
    factor(t.factors, s.values, s.work, like)
    substitute(t.factors, s.values, row, like)
    put(s.lane, BACK, _largest_of(row, like))
    for k in range(lanes):
        if not s.lane[BACK * lanes + k] <= SINGULAR:
            report.settled[group, k] = FAILED


@called
def holder_currents(t: Tables, numbers: Numbers, group: int, x: Floats, s: Scratch, like: Any) -> None:
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
