"""How many chips are good, and how sure that is.

Of n chips k are good. The interval is that of Wilson (J. Am. Stat. Assoc. 22, 209, 1927), which holds at few chips and near 0
and 1 as well: with z = 1.96 for 95 %,

    (k + z^2 / 2) / (n + z^2)  +-  z / (n + z^2) sqrt(k (n - k) / n + z^2 / 4)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Floats
from netlearn.lang.conditions import Condition

Z = 1.959963984540054


@dataclass(frozen=True)
class Yield:
    """Of so many chips so many are good: a part of them, and its interval (95 %)."""

    chips: int
    good: int
    low: float
    high: float

    @property
    def part(self) -> float:
        return self.good / self.chips

    def __str__(self) -> str:
        return f"{100 * self.part:.4g} % ({100 * self.low:.4g} to {100 * self.high:.4g} %)"


def wilson(good: int, chips: int) -> Yield:
    """See the module; `chips` above zero."""
    middle, width = good + 0.5 * Z**2, Z * np.sqrt(good * (chips - good) / chips + 0.25 * Z**2)
    low, high = ((middle + side * width) / (chips + Z**2) for side in (-1.0, 1.0))
    part = good / chips  # which rounding leaves out of its own interval where none or all are good
    return Yield(chips, good, max(0.0, min(float(low), part)), min(1.0, max(float(high), part)))


def good(metrics: Mapping[str, Floats], wanted: Sequence[Condition]) -> NDArray[np.bool_]:
    """Which chips meet all conditions, from their metrics (D,); one whose error is no number meets none."""
    known = np.isfinite(list(metrics.values())).all(axis=0)
    return np.asarray(np.logical_and.reduce([known, *(one.each(metrics) for one in wanted)]))
