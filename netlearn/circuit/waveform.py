"""Functions of time for independent sources in transient runs.

`value(0)` is what an operating point sees, as in SPICE. Each has its SPICE spelling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


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

    def spice(self) -> str:
        return f"sin({self.offset!r} {self.amplitude!r} {self.frequency!r} {self.delay!r})"


@dataclass(frozen=True)
class Pwl:
    """Straight lines through (time, value) points in order of time; constant outside."""

    times: tuple[float, ...]
    values: tuple[float, ...]

    def value(self, t: float) -> float:
        return float(np.interp(t, self.times, self.values))

    def spice(self) -> str:
        pairs = " ".join(f"{t!r} {v!r}" for t, v in zip(self.times, self.values, strict=True))
        return f"pwl({pairs})"


Waveform = Pulse | Sine | Pwl
