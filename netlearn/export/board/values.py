"""Values that resistors and capacitors are sold in (IEC 60063): E12 with two digits, E96 with three, 10^(k / 96) rounded."""

from __future__ import annotations

import math

SERIES: dict[int, tuple[float, ...]] = {
    12: (1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2),
    96: tuple(round(10 ** (k / 96), 2) for k in range(96)),
}
_PREFIXES = {-12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M"}


def sold(value: float, series: int) -> float:
    """The value of a series that is nearest to one above zero, by ratio."""
    decade = 10.0 ** math.floor(math.log10(value))
    around = [scale * digit for scale in (decade, 10 * decade) for digit in SERIES[series]]
    return min(around, key=lambda one: abs(math.log(one / value)))


def spelled(value: float) -> str:
    """A value as a bill of material has it: 4.7k, 22u."""
    power = max(min(3 * math.floor(round(math.log10(value), 9) / 3), 6), -12)
    return f"{value / 10.0**power:.4g}{_PREFIXES[power]}"
