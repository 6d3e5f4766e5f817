"""Physical dimensions and the numbers that carry them.

A dimension is a tuple of exponents over (V, A, s, m, K); everything else is made of these
(Ohm = V/A, S = A/V, F = A s/V, H = V s/A, Hz = 1/s, W = V A, C = A s). A number written without a
unit has no dimension and fits any parameter, in SI units, as in SPICE.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

Dimension = tuple[float, float, float, float, float]

NONE: Dimension = (0, 0, 0, 0, 0)
VOLT: Dimension = (1, 0, 0, 0, 0)
AMPERE: Dimension = (0, 1, 0, 0, 0)
SECOND: Dimension = (0, 0, 1, 0, 0)

UNITS: dict[str, Dimension] = {
    "V": VOLT,
    "A": AMPERE,
    "s": SECOND,
    "m": (0, 0, 0, 1, 0),
    "K": (0, 0, 0, 0, 1),
    "Ohm": (1, -1, 0, 0, 0),
    "Ω": (1, -1, 0, 0, 0),
    "S": (-1, 1, 0, 0, 0),
    "F": (-1, 1, 1, 0, 0),
    "H": (1, -1, 1, 0, 0),
    "Hz": (0, 0, -1, 0, 0),
    "W": (1, 1, 0, 0, 0),
    "J": (1, 1, 1, 0, 0),
    "C": (0, 1, 1, 0, 0),
}
PREFIXES: dict[str, int] = {
    "f": -15,
    "p": -12,
    "n": -9,
    "u": -6,
    "µ": -6,
    "μ": -6,
    "m": -3,
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
}
"""Powers of ten: with a number's digits they make one decimal number, so that 10um is 1e-05 and no neighbour of it."""
LONGEST = 12  # digits of a power of ten that are looked at: more change nothing
_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?|\.\d+)(?:[eE](?P<power>[+-]?\d+))?(?P<suffix>.*)", re.DOTALL)
_PIECE = re.compile(r"(?P<operator>[*/]?)(?P<unit>[^*/^]+)(?:\^(?P<power>\d))?")


class UnitFault(ValueError):
    """A number whose unit cannot be read; `help` says what to write."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True)
class Quantity:
    """A number in SI units with its dimension."""

    number: float
    dimension: Dimension = NONE

    def __str__(self) -> str:
        return f"{self.number:g} {unit_name(self.dimension)}".strip()


def multiply(a: Dimension, b: Dimension) -> Dimension:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4])


def power(a: Dimension, exponent: float) -> Dimension:
    return (a[0] * exponent, a[1] * exponent, a[2] * exponent, a[3] * exponent, a[4] * exponent)


def divide(a: Dimension, b: Dimension) -> Dimension:
    return multiply(a, power(b, -1))


def dimension(unit: str) -> Dimension:
    """The dimension of a unit expression of ours, such as `A/V^2` or `` (no unit)."""
    return UNITS[unit] if unit in UNITS else _suffix(unit.removeprefix("1"), "")[1] if unit else NONE


def parse_number(text: str) -> Quantity:
    """The quantity a number token stands for: `10k`, `5mV*um`, `1%`; UnitFault with the remedy."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnitFault(f"'{text}' is not a number", "write a number such as 10k, 2.5V or 1e-3")
    tens, dimension = _suffix(match["suffix"], text)
    tens += int((match["power"] or "0")[:LONGEST])
    value = float(f"{match['number']}e{tens}")
    if not math.isfinite(value):
        raise UnitFault(f"'{text}' is too large", "numbers stay below 1.8e308")
    return Quantity(value, dimension)


def parse_signed(text: str) -> Quantity:
    """The same with a sign or none before it."""
    found = parse_number(text[1:] if text[:1] in ("-", "+") else text)
    return Quantity(-found.number, found.dimension) if text.startswith("-") else found


def _suffix(suffix: str, whole: str) -> tuple[int, Dimension]:
    """Power of ten and dimension of the letters behind a number, `k`, `mV*um`, `%`, `1/s` without its 1."""
    tens, total = 0, NONE
    rest = suffix
    if rest.startswith("%"):
        tens, rest = -2, rest[1:]
    for piece in _PIECE.finditer(rest):
        more, unit = _unit(piece["unit"], whole or suffix)
        exponent = int(piece["power"] or 1) * (-1 if piece["operator"] == "/" else 1)
        tens += more * exponent
        total = multiply(total, power(unit, exponent))
    return tens, total


def _unit(text: str, whole: str) -> tuple[int, Dimension]:
    if text in PREFIXES and text != "m":
        return PREFIXES[text], NONE
    if text == "m" and whole.endswith("m") and "*" not in whole and "/" not in whole:
        return PREFIXES["m"], NONE  # alone, `10m` is ten thousandths, as in SPICE; metres are 10um, 1e-2 m
    if text in UNITS:
        return 0, UNITS[text]
    if text[:1] in PREFIXES and text[1:] in UNITS:
        return PREFIXES[text[0]], UNITS[text[1:]]
    raise _unknown(text, whole)


_WORDS = {
    "ohm": "Ohm",
    "ohms": "Ohm",
    "volt": "V",
    "volts": "V",
    "v": "V",
    "a": "A",
    "amp": "A",
    "sec": "s",
    "hz": "Hz",
    "f": "F",
}


def _unknown(text: str, whole: str) -> UnitFault:
    infix = re.fullmatch(r"([fpnuµmkKMGTR])(\d+)", text)
    head = _NUMBER.fullmatch(whole)
    if infix and head:
        letter = "" if infix[1] == "R" else infix[1].replace("K", "k")
        return UnitFault(
            f"'{whole}' puts the prefix inside the number",
            f"write {head['number']}.{infix[2]}{letter}",
        )
    lower = text.lower()
    if lower.startswith("meg"):
        return UnitFault(f"unknown unit '{text}'", f"mega is M here: write {whole.replace(text, 'M' + text[3:])}")
    if text.startswith("K"):
        return UnitFault(f"unknown unit '{text}'", f"kilo is k here: write {whole.replace(text, 'k' + text[1:], 1)}")
    for known, ours in _WORDS.items():
        if lower == known or (lower[:1] in "fpnumkgt" and lower[1:] == known):
            fixed = (text[0] if lower != known else "") + ours
            return UnitFault(f"unknown unit '{text}'", f"write {whole.replace(text, fixed)}")
    return UnitFault(
        f"unknown unit '{text}'",
        "units are V A s m K Ohm S F H Hz W J C with the prefixes f p n u m k M G T, or %",
    )


_NAMES = {value: key for key, value in reversed(UNITS.items())}


def unit_name(dim: Dimension) -> str:
    """A unit a person would write for a dimension: `V`, `A/V^2`, `` for none."""
    if dim == NONE:
        return ""
    if dim in _NAMES:
        return _NAMES[dim]
    parts = list(zip(("V", "A", "s", "m", "K"), dim, strict=True))
    above = "*".join(_raised(unit, e) for unit, e in parts if e > 0) or "1"
    below = "/".join(_raised(unit, -e) for unit, e in parts if e < 0)
    return f"{above}/{below}" if below else above


def _raised(unit: str, exponent: float) -> str:
    return unit if exponent == 1 else f"{unit}^{exponent:g}"


def describe(dim: Dimension) -> str:
    """How an error names a dimension."""
    return unit_name(dim) or "a plain number"


ENGINEERING = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"), (1e-15, "f"))  # fmt: skip


def engineering(value: float, unit: str) -> str:
    """Such as `4.7 kΩ`: a number in SI with a prefix and three digits."""
    size = abs(value)
    if size == 0 or not 1e-15 <= size < 1e12:
        return f"{value:.3g} {unit}".strip()
    factor, prefix = next(p for p in ENGINEERING if size >= p[0] * 0.9995 or p[0] == 1e-15)
    return f"{value / factor:.3g} {prefix}{unit}".strip()
