"""Circuits over time, compiled: the trapezoidal rule and backward Euler, steps as long as their errors allow.

The equations are  f(x, t) + d/dt q(x) = 0  in every row, q the charges and fluxes of the devices. A step of length h to
a new time replaces the derivative of each q, with those before it at the old time, by

    backward Euler     dq/dt = (q - q0) / h                 = q / h - (q0 / h)
    trapezoidal rule   dq/dt = 2 (q - q0) / h - dq0/dt      = (2 / h) q - ((2 / h) q0 + dq0/dt)

both of the form  rate q - past,  so that a step is an operating point of devices' companions (`devices.machine`), found
by the same Newton method. It starts from the polynomial through the last points: where its answer x differs from that
guess by d, the error made in the step is a part of d. With the step h after steps h1 and h2 (the newest first):

    after two points     guess - true = -x'' h (h + h1) / 2,              backward Euler - true = x'' h^2 / 2
    after three points   guess - true = -x''' h (h + h1) (h + h1 + h2)/6,  trapezoidal - true = x''' h^3 / 12

so error = d share, share = h / (2 h + h1), or h^2 / (2 (h + h1) (h + h1 + h2) + h^2). It must not exceed `local` of the
swing of any unknown that a charge or flux depends on: of its largest departure from the start, or where that is small
of SMALL of the largest voltage in the lane, LEAST at least (for a current: of what that voltage does to it in a longest
step). The next step is made as long as that allows. Unknowns that store nothing follow the others and make no errors.

At a corner of a waveform derivatives jump. Steps land there; two short steps of backward Euler follow, which need no
derivative from before and leave no ringing, judged together after the second. Where Newton's method fails the step is
shortened and starts in the same way. Where even the shortest step fails or has too large an error, the solution
itself jumps (a comparator that feeds itself): the point beyond is, if need be, sought in all ways that operating points
are, and taken for a corner. More than JUMPS such searches between two times wanted are the end.

Lanes of a group take the same steps: the lane with the largest error decides. Times wanted are landed on exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Bank, FlatCircuit, Floats, Ints, Params
from netlearn.circuit.waveform import Sine, Waveform, time_points
from netlearn.devices import Device, kernel
from netlearn.devices.machine import Machine, companion
from netlearn.jit import WIDTH, called, compiled
from netlearn.solve.lanes import eight, every, get, larger, minus, over, plus, plus_product, put, times, width
from netlearn.solve.newton import (
    RUNNING,
    SETTLED,
    STATE,
    Numbers,
    Scratch,
    attempts,
    bring,
    exactly,
    holder_currents,
    newton,
    part,
    prepare,
    scratch,
)
from netlearn.solve.shape import Pair, Shape, Tables
from netlearn.solve.solution import bank_params, bank_unknowns

SMALL = 1e-2
LEAST = 0.1  # V
FIRST = 1e-2  # of the way to the next time wanted: the first step after a corner
SHORTEST = 1e-12  # of the longest step
JUMPS = 100
GROWTH, SHRINK = 3.0, 0.1  # most and least times the next step may be longer
RUNS = np.array([(0, 1.0, np.inf, 0.0, 12), (0, 1.0, 0.5, 0.0, 60)])
"""Newton's method from the guess, then by short moves from the last point (see `netlearn.solve.newton.CHAIN`)."""


class MovingShape(Shape):
    """The shape of a circuit's equations over time; `rate` (1/s) is typical of the steps it will be used for."""

    def __init__(self, circuit: FlatCircuit, held: Sequence[int], typical: Params, rate: float) -> None:
        self.rate = rate
        super().__init__(circuit, held, typical)

    def _stamped(self, device: Device) -> bool:
        return kernel(device).linear and not _stores(device)

    def _machine(self, device: Device) -> Machine:
        return companion(device.terminals, device.param_names, device.law)

    def _slopes(self, device: Device, x: Sequence[Floats], p: Sequence[Floats]) -> Iterator[tuple[Pair, Floats]]:
        yield from super()._slopes(device, x, p)
        law = kernel(device)
        for entry, value in zip(law.charge_entries, law.charge(x, p)[len(x) :], strict=True):
            yield entry, self.rate * value


def _stores(device: Device) -> bool:
    return any(kind in "QF" for kind, *_ in kernel(device).parts)


def over_time(circuit: FlatCircuit) -> FlatCircuit:
    """The circuit as it is after its operating point: memory capacitors are capacitors."""
    banks = {name: replace(bank, device=bank.device.over_time) for name, bank in circuit.banks.items()}
    return replace(circuit, banks=banks)


class Waves(NamedTuple):
    """What moves from outside. Wave w is straight lines through times[starts[w]:starts[w + 1]] and the values there,
    plus sines[0, w] sin(sines[1, w] (t - its first time)) after that. x at holds[0, .] is wave holds[1, .] times
    `signs`; rows pushes[0, .] of F have wave pushes[1, .] times `shares` added."""

    starts: Ints
    times: Floats
    values: Floats
    sines: Floats
    holds: Ints
    signs: Floats
    pushes: Ints
    shares: Floats


class Course(NamedTuple):
    """What a run is to do, for one shape and number of lanes.

    times (K,): wanted, in s; corners (K,): 1 where derivatives jump. step: the longest, shortest: one that is not
    divided. local: the error of a step that is allowed. rates, pasts, charges: where companions' rates and pasts lie
    among prepared parameters, and what they store among results, the first of eight numbers each. sensed: x whose
    errors count; reaches: what a volt does to each in a step. nodes: x that are voltages are below. scale: the largest value of a voltage wave.
    """

    times: Floats
    corners: Ints
    step: float
    shortest: float
    local: float
    rates: Ints
    pasts: Ints
    charges: Ints
    sensed: Ints
    reaches: Floats
    nodes: int
    scale: float


class Memory(NamedTuple):
    """What a group remembers: what it stores, now and at the last corner, and how fast that changes now; x at the last
    point, at the two before it, at the start, and as it is guessed; the largest departure of what is sensed from its
    start; the largest voltages (W,) so far; errors (W,); the values of the waves."""

    stored: Floats
    cornered: Floats
    flows: Floats
    x: Floats
    before: Floats
    older: Floats
    start: Floats
    guess: Floats
    swings: Floats
    scale: Floats
    error: Floats
    waves: Floats


class Journey(NamedTuple):
    """A course with all it takes: tables and numbers of one group, the waves, working memory of the journey, of Newton's
    method for its steps and for jumps, x (size W,) it starts from, and what comes of it: out (K, size W), x at all times
    wanted; steps (W,) of Newton's method; reached (1,), the time in s it got to."""

    t: Tables
    numbers: Numbers
    course: Course
    waves: Waves
    memory: Memory
    newton: Scratch
    jumping: Scratch
    x: Floats
    out: Floats
    steps: Ints
    reached: Floats


def memory(course: Course, waves: Waves, size: int, lanes: int) -> Memory:
    """Working memory for one group."""
    stored, xs, each = np.zeros((3, len(course.charges) * WIDTH)), np.zeros((5, size * lanes)), np.zeros((2, lanes))
    swings, values = np.zeros(len(course.sensed) * lanes), np.zeros(len(waves.starts) - 1)
    return Memory(stored[0], stored[1], stored[2], xs[0], xs[1], xs[2], xs[3], xs[4], swings, each[0], each[1], values)


def moments(circuit: FlatCircuit, stop: float, step: float) -> tuple[Floats, NDArray[np.bool_]]:
    """The times (K,) in s that a transient of a circuit is given at, and (K,) which of them are corners."""
    return time_points((wave for bank in circuit.banks.values() for wave in bank.waves.values()), stop, step)


def with_sources(circuit: FlatCircuit, params: Params, value: Callable[[Waveform], float]) -> Params:
    """The parameters with a constant in place of every waveform."""
    values: dict[str, dict[str, Floats]] = dict(params.values)
    for name, bank in circuit.banks.items():
        if bank.waves:
            numbers = values[name][bank.device.waveform].copy()
            for element, wave in bank.waves.items():
                numbers[:, element] = value(wave)
            values[name] = {**values[name], bank.device.waveform: numbers}
    return replace(params, values=values)


def waves_of(shape: MovingShape, stop: float) -> Waves:
    """The waves of a circuit's sources up to `stop` (s)."""
    holders = {(h.device, h.element): h for h in shape.holders}
    points: list[tuple[Floats, Floats]] = []
    sines: list[tuple[float, float]] = []
    places: tuple[list[tuple[int, int, float]], list[tuple[int, int, float]]] = ([], [])
    for name, bank in shape.circuit.banks.items():
        for element, wave in bank.waves.items():
            holder = holders.get((name, element))
            if holder:
                places[0].append((holder.node, len(points), holder.sign))
            else:
                places[1].extend((row, len(points), share) for row, share in _pushes(shape, bank, element))
            points.append(wave.points(stop))
            sines.append((wave.amplitude, 2 * np.pi * wave.frequency) if isinstance(wave, Sine) else (0.0, 0.0))
    holds, pushes = (np.array(found).reshape(-1, 3).T for found in places)
    return Waves(
        np.cumsum([0, *(len(t) for t, _ in points)]),
        np.concatenate([np.zeros(0), *(t for t, _ in points)]),
        np.concatenate([np.zeros(0), *(v for _, v in points)]),
        np.array(sines).reshape(-1, 2).T.copy(),
        holds[:2].astype(np.int64, order="C"),
        holds[2].copy(),
        pushes[:2].astype(np.int64, order="C"),
        pushes[2].copy(),
    )


def _pushes(shape: MovingShape, bank: Bank, element: int) -> Iterator[tuple[int, float]]:
    """Rows of the system, and what a source that is linear in its value adds to each for a value of 1."""
    law, of = kernel(bank.device), bank.device.param_names.index(bank.device.waveform)
    x, p = [np.zeros(1)] * bank.unknowns.shape[1], [np.zeros(1)] * len(bank.device.params)
    for (local, param), share in zip(law.sensitivity_entries, law.sensitivity(x, p), strict=True):
        row = int(shape.row[bank.unknowns[element, local]])
        if param == of and row >= 0:
            yield row, float(np.asarray(share).ravel()[0])


def course_of(
    shape: MovingShape, params: Params, x: Floats, stop: float, step: float, local: float, lanes: int
) -> Course:
    """The course of all groups of so many lanes, that start from x (D, S, size)."""
    circuit = shape.circuit
    times, corners = moments(circuit, stop, step)
    rates, pasts, charges = _slots(shape, lanes)
    slopes = np.zeros(circuit.size)  # of what is stored by each unknown
    for name, bank in circuit.banks.items():
        law = kernel(bank.device)
        with np.errstate(all="ignore"):
            found = law.charge(bank_unknowns(circuit, name, x), bank_params(circuit, name, params))
        for (_, column), value in zip(law.charge_entries, found[bank.unknowns.shape[1] :], strict=True):
            largest = np.abs(np.broadcast_to(value, (*x.shape[:2], len(bank.names)))).max(axis=(0, 1))
            np.maximum.at(slopes, bank.unknowns[:, column], largest)
    sensed = np.flatnonzero((slopes > 0) & (shape.column >= 0))
    nodes = len(circuit.nodes)
    waves = [w for bank in circuit.banks.values() if bank.device.holds for w in bank.waves.values()]
    return Course(
        times,
        corners.astype(np.int64),
        step,
        max(SHORTEST * step, 1e-14 * stop),
        local,
        rates,
        pasts,
        charges,
        sensed,
        np.where(sensed < nodes, 1.0, step / slopes[sensed]),
        nodes,
        max([LEAST, *(np.abs(w.points(stop)[1]).max() + getattr(w, "amplitude", 0.0) for w in waves)]),
    )


def _slots(shape: MovingShape, lanes: int) -> tuple[Ints, Ints, Ints]:
    """Where companions' rates and pasts, and what they store, begin among the numbers of a group."""
    tables = shape.one if lanes == 1 else shape.eight
    rates, pasts, charges = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for code, (_, blocks, _, p_start, out_start, *_) in zip(shape.machines, tables.banks.T.tolist(), strict=True):
        if not code.stored:
            continue
        block, which = np.arange(blocks)[:, None], np.arange(code.stored)[None, :]
        end = (block + 1) * code.prepared - code.stored
        rates.append(p_start * lanes + (end - 1).ravel() * WIDTH)
        pasts.append(p_start * lanes + (end + which).ravel() * WIDTH)
        charges.append(out_start * lanes + ((block + 1) * code.results - code.stored + which).ravel() * WIDTH)
    return np.concatenate(rates), np.concatenate(pasts), np.concatenate(charges)


def journey(t: Tables, numbers: Numbers, course: Course, waves: Waves, x: Floats, lanes: int) -> Journey:
    """That of one group from x (size W,); the numbers must be its own."""
    size = len(x) // lanes
    own, newton_ = memory(course, waves, size, lanes), scratch(t, lanes)  # one scratch, whether steps or jumps use it
    found = np.empty((len(course.times), len(x))), np.zeros(lanes, np.int64), np.zeros(1)
    return Journey(t, numbers, course, waves, own, newton_._replace(runs=RUNS), newton_, x, *found)


@called
def _follow(waves: Waves, now: float, values: Floats) -> None:
    """The value of every wave at a time; at a jump the one before it."""
    for w in range(values.size):
        low, high = waves.starts[w], waves.starts[w + 1] - 1
        first = low
        if now <= waves.times[low]:
            values[w] = waves.values[low]
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if waves.times[middle] < now:
                low = middle
            else:
                high = middle
        if now > waves.times[high]:
            values[w] = waves.values[high]
        else:
            share = (now - waves.times[low]) / (waves.times[high] - waves.times[low])
            values[w] = waves.values[low] + share * (waves.values[high] - waves.values[low])
        values[w] += waves.sines[0, w] * np.sin(waves.sines[1, w] * (now - waves.times[first]))


@called
def _drive(t: Tables, numbers: Numbers, waves: Waves, values: Floats, x: Floats, s: Scratch, like: Any) -> None:
    """Set what is known of x, and the part of F that this determines, to the present values of the waves."""
    for i in range(waves.holds.shape[1]):
        put(x, waves.holds[0, i], every(waves.signs[i] * values[waves.holds[1, i]], like))
    prepare(t, numbers, 0, x, s, like)
    for i in range(waves.pushes.shape[1]):
        row = waves.pushes[0, i]
        put(s.base, row, plus(get(s.base, row, like), every(waves.shares[i] * values[waves.pushes[1, i]], like)))


@called
def _begin(course: Course, m: Memory, p: Floats, rate: float, trapezoidal: float) -> None:
    """Tell the companions their rate and their pasts."""
    for r in range(course.rates.size):
        for i in range(WIDTH):
            p[course.rates[r] + i] = rate
    for k in range(course.pasts.size):
        for i in range(WIDTH):
            j = k * WIDTH + i
            p[course.pasts[k] + i] = rate * m.stored[j] + trapezoidal * m.flows[j]


@called
def _keep(course: Course, m: Memory, p: Floats, results: Floats, rate: float) -> None:
    """Remember what is stored at the point that was evaluated last, and how fast that changes."""
    for k in range(course.charges.size):
        for i in range(WIDTH):
            j = k * WIDTH + i
            m.stored[j] = results[course.charges[k] + i]
            m.flows[j] = rate * m.stored[j] - p[course.pasts[k] + i]


@called
def _guess(unknowns: Ints, m: Memory, points: int, h: float, last: float, second: float, like: Any) -> None:
    """The polynomial through the last points, a time h later; the steps to them were `last` and `second`."""
    a, b, c = 1.0, 0.0, 0.0
    if points > 1:
        a, b = 1.0 + h / last, -h / last
    if points > 2:
        bend = h * (h + last) / (last + second)
        a, b, c = a + bend / last, b - bend / last - bend / second, bend / second
    for j in range(unknowns.size):
        u = unknowns[j]
        value = times(get(m.x, u, like), every(a, like))
        value = plus_product(value, get(m.before, u, like), every(b, like))
        put(m.guess, u, plus_product(value, get(m.older, u, like), every(c, like)))


@called
def _share(points: int, h: float, last: float, second: float) -> float:
    """What part of the way from guess to answer is the error of a step."""
    if points == 1:
        return 0.0
    if points == 2:
        return h / (2.0 * h + last)
    return h * h / (2.0 * (h + last) * (h + last + second) + h * h)


@called
def _factor(points: int, error: float) -> float:
    """How many times longer the next step may be than one with an error; after one point nobody knows."""
    if points == 1:
        return 1.0
    power = 0.5 if points == 2 else 1.0 / 3.0
    factor: float = min(GROWTH, max(SHRINK, 0.9 * max(error, 1e-9) ** -power))
    return factor


@called
def _finite(values: Floats) -> bool:
    """Whether there is no NaN or infinity."""
    total = 0.0
    for i in range(values.size):
        total += 0.0 * values[i]
    return total == 0.0


@called
def _solved(t: Tables, numbers: Numbers, m: Memory, x: Floats, s: Scratch, steps: Ints, like: Any) -> bool:
    """Whether the equations of a step have been solved in all lanes; x is the answer."""
    for run in range(s.runs.shape[0]):
        bring(t.unknowns, m.guess if run == 0 else m.x, x, like)
        for k in range(width(like)):
            s.lane[STATE * width(like) + k] = RUNNING
        newton(t, numbers, 0, x, s, run, False, steps, like)
        if _settled(t, numbers, x, s, like):
            return True
    return False


@called
def _beyond(t: Tables, numbers: Numbers, m: Memory, x: Floats, s: Scratch, steps: Ints, like: Any) -> bool:
    """Whether the equations of a step have been solved somewhere else; x is the answer."""
    bring(t.unknowns, m.x, x, like)
    attempts(t, numbers, 0, x, s, False, steps, like)
    settled: bool = _settled(t, numbers, x, s, like)
    return settled


@called
def _settled(t: Tables, numbers: Numbers, x: Floats, s: Scratch, like: Any) -> bool:
    """Whether all lanes have, at an x where the devices' laws, which this evaluates, mean something."""
    left = 0
    for k in range(width(like)):
        left += s.lane[STATE * width(like) + k] != SETTLED
    if left > 0:
        return False
    exactly(t.banks, t.gather, x, part(numbers.p, 0), s, like)
    finite: bool = _finite(s.results)
    return finite


@called
def _error(course: Course, m: Memory, x: Floats, share: float, like: Any) -> float:
    """The largest error of a step in all lanes, of what is allowed."""
    worst = every(0.0, like)
    for i in range(course.sensed.size):
        u = course.sensed[i]
        reach = times(get(m.scale, 0, like), every(SMALL * course.reaches[i], like))
        allowed = larger(reach, get(m.swings, i, like))
        worst = larger(worst, over(minus(get(x, u, like), get(m.guess, u, like)), allowed))
    put(m.error, 0, worst)
    found = 0.0
    for k in range(width(like)):
        if not m.error[k] <= found:
            found = m.error[k]
    return found * share / course.local


@called
def _measure(course: Course, m: Memory, x: Floats, like: Any) -> None:
    """Widen the swings and the scale by a point."""
    for i in range(course.sensed.size):
        u = course.sensed[i]
        put(m.swings, i, larger(get(m.swings, i, like), minus(get(x, u, like), get(m.start, u, like))))
    most = get(m.scale, 0, like)
    for u in range(course.nodes):
        most = larger(most, get(x, u, like))
    put(m.scale, 0, most)


@called
def _copy(source: Floats, target: Floats) -> None:
    """Numbers of one array to another; a slice would make an array."""
    for i in range(source.size):
        target[i] = source[i]


@called
def _shift(m: Memory, x: Floats) -> None:
    """The last point becomes the one before."""
    _copy(m.before, m.older)
    _copy(m.x, m.before)
    _copy(x, m.x)


@called
def _run(j: Journey, like: Any) -> float:
    """Go from x at the first time to the last; the time that was reached."""
    t, numbers, course, m, s, x = j.t, j.numbers, j.course, j.memory, j.newton, j.x
    p, wanted = part(numbers.p, 0), course.times
    _copy(x, m.x)
    _copy(x, m.start)
    for k in range(m.scale.size):
        m.scale[k] = course.scale
    _measure(course, m, x, like)
    exactly(t.banks, t.gather, x, p, s, like)
    _keep(course, m, p, s.results, 0.0)
    _copy(x, j.out[0])
    now: float = wanted[0]
    corner, last, second, longest = now, 0.0, 0.0, 0.0
    target, points, jumps = 1, 0, 0
    while target < wanted.size:
        if points == 0:  # a corner: what was before is of no use
            points, corner = 1, now
            _copy(m.stored, m.cornered)
            if longest == 0.0:
                longest = FIRST * (wanted[target] - now)
        left = wanted[target] - now
        pieces = max(np.ceil(left / min(longest, course.step) - 1e-6), 1.0)
        then = wanted[target] if pieces == 1.0 else now + left / pieces
        h = then - now
        rate = (2.0 if points > 2 else 1.0) / h
        _begin(course, m, p, rate, 1.0 if points > 2 else 0.0)
        _guess(t.unknowns, m, points, h, last, second, like)
        _follow(j.waves, then, m.waves)
        _drive(t, numbers, j.waves, m.waves, x, s, like)
        found, shortest = _solved(t, numbers, m, x, s, j.steps, like), h <= course.shortest
        error = _error(course, m, x, _share(points, h, last, second), like) if found else np.inf
        if not found and shortest and jumps < JUMPS:
            found, jumps = _beyond(t, numbers, m, x, j.jumping, j.steps, like), jumps + 1
        if not found and shortest:
            return now
        if not (error <= 1.0 or (found and shortest)):
            longest = h * _factor(max(points, 2), error)
            if points == 2:  # both steps since the corner
                now = corner
                _copy(m.before, m.x)
                _copy(m.cornered, m.stored)
            if points == 2 or not found:
                points = 0
            continue
        _keep(course, m, p, s.results, rate)
        _measure(course, m, x, like)
        now, last, second = then, h, last
        if pieces == 1.0:
            holder_currents(t, numbers, 0, x, s, like)
            _copy(x, j.out[target])
            target, jumps = target + 1, 0
        _shift(m, x)
        longest = h * (_factor(points, error) if error <= 1.0 else GROWTH)
        points = min(points + 1, 3) if error <= 1.0 else 0
        if pieces == 1.0 and course.corners[target - 1] == 1:
            points, longest = 0, 0.0
    return now


@compiled
def run_one(journey: Journey) -> None:
    """The course of one lane."""
    journey.reached[0] = _run(journey, 0.0)


@compiled
def run_eight(journey: Journey) -> None:
    """The course of eight lanes side by side."""
    journey.reached[0] = _run(journey, eight())
