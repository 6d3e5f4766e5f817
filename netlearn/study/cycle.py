"""Tasks in alternation: the cycle that a biased network is driven round, and what it costs (arXiv 2505.22887).

With a period tau and T tasks, each is held for tau / T, from the state that the one before has left. After many periods the
states G repeat themselves; then

    D = |G(tau / T) - G(0)|              how far the first task moves them (for two tasks: the span of the cycle)
    E = mean over G(0), G(tau / T), ...  of the mean over the tasks of their squared errors: the combined error

An ideal network comes to rest where all tasks are solved, if there is such a place, and D = E = 0 there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.numbers import power
from netlearn.study.stand import Stand

CHUNK = 0.5  # s of learning between two looks at whether a cycle repeats itself
STILL, CLOSE = 1e-8, 1e-5  # V, and part of D, by which it may miss itself after that time
AT_REST = 1e-6  # V: a cycle that spans less is none
POINTS = 120  # of an orbit
COLUMNS = ("tau_s", "D_V", "mse_V2")


@dataclass(frozen=True)
class Cycle:
    """The states (D, S) at the beginning of each task of a period, and at the end of the last; `steady`: whether the
    cycle repeats itself; seconds: of learning before."""

    period: float
    states: tuple[Floats, ...]
    steady: bool
    seconds: float

    @property
    def spans(self) -> Floats:
        """D of each draw (D,), in V."""
        return np.asarray(np.linalg.norm(self.states[1] - self.states[0], axis=1))


def steady_cycle(stand: Stand, period: float, start: Floats, most: float | None = None) -> Cycle:
    """The cycle that alternating from `start` (D, S) leads to, after `most` seconds of learning at the latest (a minute,
    or sixty periods)."""
    most = max(60.0, 60 * period) if most is None else most
    parts = stand.cycle(period)
    count = stand.periods(period, CHUNK)
    many = sum(parts[1:], parts[0]).times(count)
    states, seconds, steady = start, 0.0, False
    while not steady and seconds < most:
        before, states = states, stand.learn(states, many)
        seconds += count * period
        moved = np.abs(states - before).max(axis=1)
        span = np.linalg.norm(stand.learn(states, parts[0]) - states, axis=1)
        steady = bool((moved <= STILL + CLOSE * span).all())
    ends = [states]
    for part in parts:
        ends.append(stand.learn(ends[-1], part))
    return Cycle(period, tuple(ends), steady, seconds)


def combined_error(stand: Stand, cycle: Cycle) -> Floats:
    """E of each draw (D,), in V^2."""
    return np.asarray(np.mean([stand.errors(states).mean(axis=1) for states in cycle.states[:-1]], axis=0))


def orbit(stand: Stand, cycle: Cycle) -> tuple[Floats, Floats]:
    """Times (K,) and the states (K, S) of one draw round one period."""
    one = cycle.states[0]
    times, states = [0.0], [one]
    for part in stand.cycle(cycle.period):
        for some in part.parts(max(POINTS // len(stand.tasks), 1)):
            one = stand.learn(one, some)
            times.append(times[-1] + float(some.spans.sum()))
            states.append(one)
    scale = cycle.period / times[-1]  # a late switch is no part of the period
    return scale * np.array(times), np.concatenate(states)


def at_limits(stand: Stand, states: Floats) -> Floats:
    """How many learnable values of each draw are at a bound, (D,)."""
    plan = stand.board.plan
    near = 1e-6 * np.where(np.isfinite(plan.high - plan.low), plan.high - plan.low, 1.0)
    return np.asarray((plan.free & ((states <= plan.low + near) | (states >= plan.high - near))).sum(axis=1))


def study(
    stand: Stand, periods: Sequence[float], orbits: Sequence[float], most: float | None, drawer: Drawer, tell: Tell
) -> Findings:
    """The cycles of these periods, and of some the way round."""
    if len(stand.tasks) < 2:
        raise TaskError("one task does not alternate", "name two with --tasks alpha,beta")
    for period in (*periods, *orbits):
        stand.periods(period, CHUNK)
    rows, details = [], []
    for k, period in enumerate(periods):
        found = drawer.once(f"period-{period:.12g}", partial(of_period, stand, period, most))
        rows.append((period, float(np.median(found["D_V"])), float(np.median(found["mse_V2"]))))
        details.append(found)
        tell(k + 1, len(periods) + len(orbits))
    tables = {"cycle": Table(COLUMNS, rows)}
    if len(stand.seeds) > 1:
        tables["draws"] = Table(
            ("seed", *COLUMNS),
            [
                (seed, period, d, e)
                for period, found in zip(periods, details, strict=True)
                for seed, d, e in zip(stand.seeds, found["D_V"], found["mse_V2"], strict=True)
            ],
        )
    columns = ("t_s", *(f"G_{k + 1}" for k in range(len(stand.names))))
    for k, period in enumerate(orbits):
        way = drawer.once(f"orbit-{period:.12g}", partial(_way, stand, period, most))
        tables[f"orbit_{period:.12g}"] = Table(columns, way)
        tell(len(periods) + k + 1, len(periods) + len(orbits))
    numbers: dict[str, Any] = {
        "exponent": slope if np.isfinite(slope := exponent(rows)) else None,
        "ratio": max(e for *_, e in rows) / max(min(e for *_, e in rows), 1e-300),
        "steady": [found["steady"] for found in details],
        "at_limits": [found["at_limits"] for found in details],
    }
    return Findings("cycle", stand.title, tables, _text(stand, rows, numbers), numbers)


def of_period(stand: Stand, period: float, most: float | None) -> dict[str, Any]:
    """What is kept of the steady cycle with a period: D and E of each draw, whether it is steady, gates at a limit."""
    cycle = steady_cycle(stand, period, stand.start, most)
    limits = np.max([at_limits(stand, states) for states in cycle.states], axis=0)
    return {
        "D_V": cycle.spans.tolist(),
        "mse_V2": combined_error(stand, cycle).tolist(),
        "steady": cycle.steady,
        "seconds": cycle.seconds,
        "at_limits": int(np.median(limits)),
    }


def _way(stand: Stand, period: float, most: float | None) -> list[list[float]]:
    first = stand.first(1)
    times, states = orbit(first, steady_cycle(first, period, first.start, most))
    found: list[list[float]] = np.column_stack([times, states]).tolist()
    return found


def middle(periods: Sequence[float]) -> list[float]:
    """Three periods that show most: a quarter, half and three quarters of the way along."""
    ordered = sorted(periods)
    return list(dict.fromkeys(ordered[round(part * (len(ordered) - 1))] for part in (0.4, 0.6, 0.8)))


def exponent(rows: Sequence[tuple[float, float, float]], low: float = 2e-3, high: float = 50e-3) -> float:
    """Slope of log D over log tau between two periods (s), by least squares; NaN where there are not two of them."""
    return power([(tau, d) for tau, d, _ in rows if 0.99 * low <= tau <= 1.01 * high and d > AT_REST])


def _text(stand: Stand, rows: Sequence[tuple[float, float, float]], numbers: dict[str, Any]) -> str:
    (first, least, floor), (last, span, top) = rows[0], rows[-1]
    most = max(rows, key=lambda row: row[1])
    several = (
        f"{stand.title}, alternating with periods from {first:g} s to {last:g} s: the steady cycle spans D = {least:.3g} V "
        f"at the shortest and {span:.3g} V at the longest period (most at {most[0]:g} s: {most[1]:.3g} V); "
        f"the combined error goes from {floor:.3g} V^2 to {top:.3g} V^2, its largest {numbers['ratio']:.3g} times its least."
    )
    one = f"{stand.title}, alternating every {first:g} s: D = {least:.3g} V, combined error {floor:.3g} V^2."
    rest = f"{stand.title}, alternating, comes to rest where all is learned: D is {most[1]:.1g} V at most."
    words = [rest if most[1] < AT_REST else several if len(rows) > 1 else one]
    if numbers["exponent"] is not None:
        words.append(f"From 2 to 50 ms D grows as tau^{numbers['exponent']:.3f}.")
    limited = [tau for (tau, *_), count in zip(rows, numbers["at_limits"], strict=True) if count]
    if limited:
        words.append(f"Gates reach their limits from {min(limited):g} s on.")
    wandering = [tau for (tau, *_), steady in zip(rows, numbers["steady"], strict=True) if not steady]
    if wandering:
        words.append(
            f"Not steady yet: at {len(wandering)} of {len(rows)} periods D and the error still drift; give --most."
        )
    return " ".join(words)
