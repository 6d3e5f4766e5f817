"""One learning step as machine code: what happens between the solutions of a free and a clamped phase.

The compiled counterpart of `netlearn.learn.train.step` for a `Lesson`. Lanes (draws, each with its own trajectory) are the
last axis of x (size, W), states (S, W) and targets (T, W).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.circuit.flat import CLAMPED, FREE, Floats
from netlearn.jit import inlined
from netlearn.solve.lesson import (
    ALWAYS,
    DEAD,
    DELTA,
    DESCEND_LOG,
    DRIVE,
    ETA,
    EXTRA,
    FULL,
    GAIN,
    HALF,
    HELD,
    HIGH,
    INVERSE,
    LEAD,
    LEAST,
    LOW,
    MARGIN,
    MIDDLE,
    MISSED,
    PLUS,
    POWER,
    PUSHED,
    READ,
    SHARED,
    SIDE,
    SQUARES,
    STATE,
    TIMES,
    A,
    B,
    Lesson,
)


@inlined
def aim(lesson: Lesson, row: int, x: Floats, lane: int, target: Floats) -> float:
    """Fill target[:, lane] with the voltages of a clamped phase, NaN where a node floats. By how much all outputs
    together miss what is wanted of them (V); negative where nothing is."""
    reads, labels = lesson.reads, lesson.labels[row]
    loss, outputs = lesson.kinds[0], reads.shape[1]
    numbers = lesson.numbers
    mine = rival = 0
    lead = 0.0
    if loss == LEAD:
        for o in range(1, outputs):
            if labels[o] > labels[mine]:
                mine = o
        best = -np.inf
        for o in range(outputs):
            v = _output(lesson, o, x, lane)
            if o != mine and v > best:
                best, rival = v, o
        lead = _output(lesson, mine, x, lane) - best
        if not lead < numbers[MARGIN]:
            for t in range(lesson.clamps.shape[1]):
                target[t, lane] = np.nan
            return -1.0
    missed = -1.0
    for t in range(lesson.clamps.shape[1]):
        o = lesson.clamps[2, t]
        v = _output(lesson, o, x, lane)
        goal = labels[o]
        miss = abs(goal - v)
        if loss == LEAD:
            goal = v + 0.5 * numbers[DELTA] if o == mine else (v - 0.5 * numbers[DELTA] if o == rival else np.nan)
            miss = 0.5 * (numbers[MARGIN] - lead)
        elif loss == SIDE:
            side = 1.0 if goal > numbers[MIDDLE] else -1.0
            miss = numbers[MARGIN] - side * (v - numbers[MIDDLE])
            if not miss > 0.0:
                goal = np.nan
        if not np.isnan(goal) and lesson.shares[t] > 0.0:  # of a difference the one of its two nodes that rises
            missed = max(missed, 0.0) + miss
        target[t, lane] = _held(numbers, lesson.shares[t], x[lesson.clamps[1, t], lane], v, goal - v)
    return missed


@inlined
def _output(lesson: Lesson, o: int, x: Floats, lane: int) -> Any:
    volts: float = x[lesson.reads[0, o], lane] - x[lesson.reads[1, o], lane]
    return _rounded(volts, lesson.numbers[READ])


@inlined
def _held(numbers: Floats, share: float, start: float, output: float, push: float) -> Any:
    """The voltage of a clamped node that is at `start`, its `output` `push` below where it should go; NaN if that is."""
    start = _rounded(start, numbers[READ])
    if np.isnan(numbers[LOW]) or np.isnan(push):
        return _rounded(start + share * (numbers[ETA] * push), numbers[DRIVE])
    rail = numbers[HIGH] if push > 0.0 else numbers[LOW]
    if abs(share) < 1.0:  # a difference goes as far as the rails are apart
        rail = numbers[HIGH] - numbers[LOW] if push > 0.0 else numbers[LOW] - numbers[HIGH]
    return _rounded(start + share * (numbers[ETA] * (rail - output)), numbers[DRIVE])


@inlined
def _rounded(value: float, step: float) -> Any:
    return np.round(value / step) * step if step > 0.0 else value


@inlined
def times(lesson: Lesson, span: float, missed: Floats, lane: int) -> None:
    """How long the switch is on for each sample of a step, in place of by how much it `missed` (B, W):

        PUSHED   span for all that is pushed
        ALWAYS   span for all (NaN: a sample that has not settled teaches nothing)
        MISSED   span min(1, (miss / full)^power)
        SHARED   span miss^power / sum of them over the samples (all of them over the largest miss)

    None is shorter than `least`, and any is `extra` longer than it should be."""
    numbers, switch = lesson.numbers, lesson.kinds[2]
    total = most = 0.0
    if switch == SHARED:
        for i in range(missed.shape[0]):
            if missed[i, lane] > most:
                most = missed[i, lane]
        for i in range(missed.shape[0]):
            if missed[i, lane] > 0.0:
                total += (missed[i, lane] / most) ** numbers[POWER]
    for i in range(missed.shape[0]):
        miss = missed[i, lane]
        time = 0.0
        if np.isnan(miss):
            time = 0.0
        elif switch == ALWAYS or (switch == PUSHED and miss >= 0.0):
            time = span
        elif switch == MISSED and miss > 0.0:
            time = span * min(1.0, (miss / numbers[FULL]) ** numbers[POWER])
        elif switch == SHARED and miss > 0.0:
            time = span * (miss / most) ** numbers[POWER] / total
        missed[i, lane] = time + numbers[EXTRA] if time > 0.0 and time >= numbers[LEAST] else 0.0


@inlined
def look(
    lesson: Lesson, free: Floats, clamped: Floats, offsets: Floats, time: Floats, states: Floats, change: Floats
) -> None:
    """Add to the `change` (S, W) of the states what their edges see, for as long as the switch is on, `time` (W,).

    `offsets` (2 E, W) of the drops; none where they have none."""
    lanes, edges = states.shape[1], lesson.edges.shape[1]
    squares, off = lesson.kinds[1] == SQUARES, offsets.shape[0] > 0
    for e in range(edges):
        a, b, half, s = lesson.edges[A, e], lesson.edges[B, e], lesson.edges[HALF, e], lesson.edges[STATE, e]
        inverse, weight = lesson.edges[INVERSE, e] == 1, lesson.weights[e]
        for k in range(lanes):
            after = clamped[a, k] - clamped[b, k]
            before = free[a, k] - free[b, k]
            if off:
                after, before = after + offsets[edges + e, k], before + offsets[e, k]
            if half == FREE:  # a twin is read once, both halves at a time
                before, after = clamped[a, k] - clamped[b, k] + (offsets[e, k] if off else 0.0), 0.0
            elif half == CLAMPED:
                before = 0.0
            if squares:
                seen = time[k] * (weight * (before * before - after * after))
                change[s, k] += seen / (states[s, k] * states[s, k]) if inverse else seen
            else:
                change[s, k] += time[k] * (abs(before) - abs(after))


@inlined
def step_of(lesson: Lesson, change: Floats) -> None:
    """What the edges of each state saw, (S, W), as the step that the rule makes of it."""
    for s in range(change.shape[0]):
        for k in range(change.shape[1]):
            seen = change[s, k]
            if lesson.kinds[1] != SQUARES:
                seen = lesson.signs[s] * (np.sign(seen) if abs(seen) > lesson.numbers[DEAD] else 0.0)
            change[s, k] = lesson.numbers[GAIN] * seen


@inlined
def drift(
    drifts: Floats,
    leak: Floats,
    rest: Floats,
    jump: Floats,
    time: Floats,
    pulses: Floats,
    states: Floats,
    change: Floats,
) -> None:
    """Add to a step (S, W) what the states do of themselves while the switch is on, `time` (W,), and each time that it goes
    off, `pulses` (W,)."""
    for s in range(states.shape[0]):
        for k in range(states.shape[1]):
            change[s, k] += time[k] * (drifts[s, k] - leak[s, k] * (states[s, k] - rest[s, k]))
            lost = time[k] * leak[s, k]
            if lost > 0.0:  # exactly, for as long as the leak may take
                change[s, k] *= -np.expm1(-lost) / lost
            change[s, k] += pulses[k] * jump[s, k]


@inlined
def move(lesson: Lesson, wanted: Floats, change: Floats, states: Floats) -> None:
    """Move states (S, W) by a step, where `wanted` (W,) is not zero."""
    for s in range(states.shape[0]):
        scale, low, high, size = lesson.scales[s], lesson.bounds[0, s], lesson.bounds[1, s], lesson.bounds[2, s]
        for k in range(states.shape[1]):
            if scale != HELD and wanted[k] != 0.0:
                states[s, k] = _moved(states[s, k], change[s, k], scale, low, high, size)


@inlined
def _moved(theta: float, change: float, scale: int, low: float, high: float, size: float) -> float:
    """A state after a change on its scale, on its grid and within its bounds."""
    if scale == PLUS:
        new = theta + change
    elif scale == TIMES:
        new = theta * np.exp(min(max(change, -50.0), 50.0))
    elif scale == DESCEND_LOG:
        new = theta * np.exp(min(max(theta * change, -50.0), 50.0))
    else:
        new = 1.0 / max(1.0 / theta - theta * theta * change, 1e-300)
    if size > 0.0:
        base = low if np.isfinite(low) else 0.0
        new = base + np.round((new - base) / size) * size
    return min(max(new, low), high)
