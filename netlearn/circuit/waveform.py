"""Functions of time for independent sources in transient runs.

`value(0)` is what an operating point sees, as in SPICE. Each has its SPICE spelling. To a solver each is straight lines
through `points(stop)`, with a sine on top from the first point on where it has one; between points it is smooth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Points = tuple[Floats, Floats]
"""Times (N,) in s, not falling, and the values (N,) there; of two at one time the first ends what was before."""
SAME = 1e-9  # of a step: times closer than this are one


@dataclass(frozen=True)
class Pulse:
    """low, then high between delay and delay + width, with linear edges, every period (0: once)."""

    low: float
    high: float
    delay: float = 0.0
    rise: float = 1e-9
    fall: float = 1e-9
    width: float = math.inf
    period: float = 0.0

    def value(self, t: float) -> float:
        t -= self.delay
        if t < 0:
            return self.low
        if self.period > 0:
            t = math.fmod(t, self.period)
        points = np.cumsum([0.0, self.rise, min(self.width, 1e30), self.fall])
        return float(np.interp(t, points, [self.low, self.high, self.high, self.low]))

    def count(self, stop: float) -> float:
        """How many points there are at most."""
        return 5.0 * max((stop - self.delay) / self.period + 1.0, 1.0) if self.period > 0 else 4.0

    def points(self, stop: float) -> Points:
        """The corners up to `stop`, of every period."""
        times = np.cumsum([0.0, self.rise, min(self.width, 1e30), self.fall])
        values = np.array([self.low, self.high, self.high, self.low])
        if self.period > 0:
            starts = self.period * np.arange(max(math.ceil((stop - self.delay) / self.period), 1) + 1)
            last, kept = np.interp(self.period, times, values), times < self.period
            times = np.column_stack([np.add.outer(starts[:-1], times[kept]), starts[1:]]).ravel()
            values = np.tile(np.append(values[kept], last), len(starts) - 1)
        return times + self.delay, values

    def spice(self) -> str:
        width = self.width if math.isfinite(self.width) else 1e30
        numbers = [self.low, self.high, self.delay, self.rise, self.fall, width, self.period or 2e30]
        return f"pulse({' '.join(map(repr, numbers))})"


@dataclass(frozen=True)
class Sine:
    """offset + amplitude sin(2 pi frequency (t - delay)), from t = delay on."""

    offset: float
    amplitude: float
    frequency: float
    delay: float = 0.0

    def value(self, t: float) -> float:
        if t < self.delay:
            return self.offset
        return self.offset + self.amplitude * math.sin(2 * math.pi * self.frequency * (t - self.delay))

    def count(self, stop: float) -> float:
        return 1.0

    def points(self, stop: float) -> Points:
        """The moment it sets in."""
        return np.array([self.delay]), np.array([self.offset])

    def spice(self) -> str:
        return f"sin({self.offset!r} {self.amplitude!r} {self.frequency!r} {self.delay!r})"


@dataclass(frozen=True)
class Pwl:
    """Straight lines through (time, value) points in order of time; constant outside."""

    times: tuple[float, ...]
    values: tuple[float, ...]

    def value(self, t: float) -> float:
        return float(np.interp(t, self.times, self.values))

    def count(self, stop: float) -> float:
        return float(len(self.times))

    def points(self, stop: float) -> Points:
        """All of its points."""
        return np.array(self.times), np.array(self.values)

    def spice(self) -> str:
        pairs = " ".join(f"{t!r} {v!r}" for t, v in zip(self.times, self.values, strict=True))
        return f"pwl({pairs})"


Waveform = Pulse | Sine | Pwl


def part(wave: Waveform, start: float, stop: float) -> Waveform:
    """A wave between two times (s), as one that begins at 0; what it does afterwards is left open."""
    if isinstance(wave, Sine):
        if start < wave.delay:
            return replace(wave, delay=wave.delay - start)
        phase = math.fmod((start - wave.delay) * wave.frequency, 1.0)
        return replace(wave, delay=-phase / wave.frequency if wave.frequency else 0.0)
    if isinstance(wave, Pulse) and wave.period > 0:  # not the periods that are long over
        over = max(math.floor((start - wave.delay) / wave.period) - 1, 0)
        wave = replace(wave, delay=wave.delay + over * wave.period)
    times, values = wave.points(stop)
    inside = (times > start) & (times < stop)
    ends = np.array([wave.value(start), wave.value(stop)])
    times = np.concatenate([[0.0], times[inside] - start, [stop - start]])
    values = np.concatenate([ends[:1], values[inside], ends[1:]])
    risen = np.append(True, np.diff(times) > 0.0)
    return Pwl(tuple(times[risen].tolist()), tuple(values[risen].tolist()))


def time_points(waves: Iterable[Waveform], stop: float, step: float) -> tuple[Floats, NDArray[np.bool_]]:
    """The times (K,) at which a transient is given, in s, and (K,) which of them are corners of a waveform (the start
    is one): 0, step, 2 step, ... stop, and every corner between. A multiple of the step next to a corner gives way."""
    found = [np.zeros(1), *(wave.points(stop)[0] for wave in waves)]
    corners = np.unique(np.concatenate(found))
    corners = corners[(corners >= 0.0) & (corners < stop * (1 - SAME))]
    same = max(SAME * step, 1e-15 * stop)  # what differs by rounding alone is one
    corners = corners[np.append(True, np.diff(corners) > same)]
    even = np.append(step * np.arange(1, math.ceil(stop / step * (1 - SAME))), stop)
    near = corners[np.clip(np.searchsorted(corners, even - SAME * step), 0, len(corners) - 1)]
    even = even[np.abs(near - even) > SAME * step]
    times = np.concatenate([corners, even])
    order = np.argsort(times, kind="stable")
    return times[order], order < len(corners)
