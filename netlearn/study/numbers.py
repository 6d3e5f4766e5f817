"""Lists of numbers as they are typed: `6e-4:2:19` (geometric), `0.02,0.08,0.2`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netlearn.errors import TaskError
from netlearn.study.entrants import number

MOST = 10_000


def positive(text: str, option: str) -> list[float]:
    """The numbers of `first:last:count`, in geometric steps, or of a list; TaskError where they are none above zero."""
    help = f"write {option} 6e-4:2:19 (first:last:count, in geometric steps) or {option} 0.02,0.08"
    parts = text.split(":")
    if len(parts) == 1:
        found = [number(part.strip(), option) for part in text.split(",")]
    elif len(parts) == 3:
        first, last, count = (number(part.strip(), option) for part in parts)
        if not (0 < first < np.inf and 0 < last < np.inf):
            raise TaskError(f"{option} {text} is not above zero", help)
        if not 1 <= count <= MOST or count != int(count):
            raise TaskError(f"{option}: {parts[2]} is no count from 1 to {MOST}", help)
        found = list(np.geomspace(first, last, int(count)))
    else:
        raise TaskError(f"{option} {text} is no list of numbers", help)
    if not all(0 < value < np.inf for value in found):
        raise TaskError(f"{option} {text} is not above zero", help)
    return list(dict.fromkeys(float(f"{value:.12g}") for value in found))  # so many digits the names of files have


def above_zero(value: float, option: str) -> float:
    """A number that was given to an option; TaskError where it is none above zero."""
    if not 0 < value < np.inf:
        raise TaskError(f"{option} {value:g} is not above zero", f"give {option} a positive number")
    return value


def power(points: Sequence[tuple[float, float]]) -> float:
    """The power of x that y goes as, by least squares of logarithms; NaN where there are not two points (x, y)."""
    if len(points) < 2:
        return float("nan")
    x, y = np.log(np.array(points)).T
    return float(np.polyfit(x, y, 1)[0])
