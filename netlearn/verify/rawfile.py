"""SPICE's ASCII raw files, as ngspice and VACASK write them: an operating point, and small signals, in any order."""

from __future__ import annotations

from collections.abc import Mapping

Point = Mapping[str, complex]


def operating_point(text: str) -> dict[str, float]:
    """Vectors of the first point without a frequency by name, `v(a)` as `a`; nothing where there is none."""
    still = (point for point in _points(text) if "frequency" not in point)
    return {name: value.real for name, value in next(still, {}).items()}


def small_signals(text: str) -> dict[float, Point]:
    """Vectors by name at each frequency, to nine digits."""
    return {float(f"{p['frequency'].real:.9g}"): p for p in _points(text) if "frequency" in p}


def _points(text: str) -> list[Point]:
    """The points of every plot of a file."""
    return [point for plot in f"\n{text}".split("\nTitle:")[1:] for point in _plotted(plot)]


def _plotted(plot: str) -> list[Point]:
    """Those of one, whose values come behind the number of each; none where one of them is not whole."""
    head, _, values = plot.partition("\nValues:")
    _, _, variables = head.partition("\nVariables:")
    names = [_bare(line.split()[1].lower()) for line in variables.strip().splitlines() if len(line.split()) >= 3]
    numbers, size = values.split(), len(names) + 1
    if not names or len(numbers) % size:
        return []
    rows = (numbers[k + 1 : k + size] for k in range(0, len(numbers), size))
    return [dict(zip(names, map(_number, row), strict=True)) for row in rows]


def _number(written: str) -> complex:
    real, _, imaginary = written.partition(",")
    return complex(float(real), float(imaginary or 0.0))


def _bare(name: str) -> str:
    return name[2:-1] if name.startswith("v(") else name
