"""Whether a cell does what its rule says, judged from measured updates, in numbers and in words.

Of a rule of signs: the part of draws that move the right way, where the drops differ by more than `band` (what offsets of
real comparators may decide otherwise), and the size of the step against the rule's. Of a rule of squares, with updates u
and the rule's w: the gain sum u w / sum w^2 of the line through the origin, R^2 = 1 - sum (u - gain w)^2 / sum (u - mean
u)^2 of that line, and the offset of the line with one. A gain below zero is the wrong sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Floats, Ints
from netlearn.errors import CircuitError
from netlearn.machine.conform import Measured

STILL = 0.1  # of the rule's step: less than this is no step
HALF = 0.5

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Tolerances:
    """agreement: part of the draws that must move the right way outside `band` (V). gain: by how much of the rule's gain,
    or step, the cell's may differ. fit: the least R^2."""

    agreement: float = 1.0
    band: float = 5e-3
    gain: float = 0.2
    fit: float = 0.95

    def __post_init__(self) -> None:
        for name, low, high in (("agreement", 0.0, 1.0), ("band", 0.0, 1e6), ("gain", 0.0, 1e6), ("fit", -1e6, 1.0)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise CircuitError(f"{name} {value:g}", f"give a number from {low:g} to {high:g}")


@dataclass(frozen=True)
class Verdict:
    """agrees: within the tolerances; words: what a person should know, worst first; numbers: by name, in SI units.
    wrong: the draws that move the wrong way or stay, inside the band as well."""

    agrees: bool
    words: tuple[str, ...]
    numbers: Mapping[str, float]
    wrong: Ints


def judge(measured: Measured, limits: Tolerances) -> Verdict:
    return _squares(measured, limits) if measured.rule.squares else _signs(measured, limits)


def _signs(m: Measured, limits: Tolerances) -> Verdict:
    ways = np.where(np.abs(m.updates) > STILL * np.abs(m.rule.gain), np.sign(m.updates), 0.0)
    clear = np.abs(m.signal) > limits.band
    right = ways == np.sign(m.wanted)
    moved = ways != 0
    share = _part(right[clear])
    sizes = np.abs(m.updates[moved])
    step = float(sizes.mean()) if moved.any() else 0.0
    numbers = {
        "agreement": share,
        "agreement_in_band": _part(right[~clear]),
        "draws_in_band": float((~clear).sum()),
        "step": step,
        "step_spread": float(sizes.std()) if moved.any() else 0.0,
        "rule_step": abs(m.rule.gain),
    }
    words = [] if share >= limits.agreement else [_wrong_way(m, ways, clear)]
    if moved.any() and abs(step / abs(m.rule.gain) - 1.0) > limits.gain:
        words.append(f"its step is {step / abs(m.rule.gain):.3g} times that of the rule: {step:.4g}")
    return Verdict(not words, tuple(words), numbers, np.flatnonzero(~right))


def _wrong_way(m: Measured, ways: Floats, clear: Flags) -> str:
    """What the wrong signs have in common."""
    right = ways == np.sign(m.wanted)
    other = _part((ways == -np.sign(m.wanted))[clear])
    if not ways[clear].any():
        return "it does not move at all: see whether its clock is high during the learning step"
    for way, name in ((1.0, "up"), (-1.0, "down")):
        if (ways[clear] == way).all():
            return (
                f"moves {name} whatever its drops are: the comparators' outputs do not reach the counter, or are alike"
            )
    free, clamped = m.drops.T
    for name, part in (("d_C + d_F", clamped + free > 0), ("d_C - d_F", clamped - free > 0)):
        for side, some in (("positive", part), ("negative", ~part)):
            here, there = right[clear & some], right[clear & ~some]
            if len(here) and here.all() and not there.any():
                return (
                    f"wrong sign on {100 * other:.3g} % of states, right where {name} is {side}: the sign of that is to be "
                    "compared as well, and to meet the other in an XOR"
                )
    if other > HALF:
        return (
            f"WRONG SIGN: moves the other way on {100 * other:.3g} % of states: swap the inputs of a comparator, or invert "
            f"the XOR{_steering(m)}"
        )
    near = float(np.abs(m.signal)[clear & ~right].max())
    return (
        f"wrong sign on {100 * (1 - _part(right[clear])):.3g} % of states, up to | |d_C| - |d_F| | = {near:.3g} V, as by "
        "offsets of its comparators: reduce them, or allow for them with --band"
    )


def _squares(m: Measured, limits: Tolerances) -> Verdict:
    wanted, updates = m.wanted, m.updates
    gain = float(updates @ wanted / (wanted @ wanted))
    rest = updates - gain * wanted
    spread = float(((updates - updates.mean()) ** 2).sum())
    fit = 1.0 - float(rest @ rest) / spread if spread > 0 else 0.0
    offset = float(np.polyfit(wanted, updates, 1)[1])
    other = _part((np.sign(updates) == -np.sign(wanted)) & (np.abs(updates) > 0))
    numbers = {
        "gain": gain * m.rule.gain,
        "rule_gain": m.rule.gain,
        "gain_ratio": gain,
        "offset": offset,
        "offset_V2": offset / abs(m.rule.gain),
        "largest_deviation": float(np.abs(updates - wanted).max()),
        "r2": fit,
        "agreement": _part(np.sign(updates) == np.sign(wanted)),
    }
    words: list[str] = []
    if not spread > 0 or np.abs(updates).max() < 1e-6 * np.abs(wanted).max():
        words.append(
            "it does not move at all: see whether its learning switch is on during the learning step, and its multiplier "
            "referenced to ground, not to the capacitor it is to charge"
        )
    elif gain < 0 and other > HALF:
        words.append(
            f"WRONG SIGN: moves the other way on {100 * other:.3g} % of states: swap free and clamped at its multiplier"
            f"{_steering(m)}"
        )
    elif fit < limits.fit:
        words.append(f"is no function of (d_F)^2 - (d_C)^2: R^2 is {fit:.3g}, an offset of {offset:.3g} among it")
    if not words and abs(gain - 1.0) > limits.gain:
        words.append(f"its gain is {gain:.3g} times that of the rule")
    return Verdict(not words, tuple(words), numbers, np.flatnonzero(np.sign(updates) != np.sign(wanted)))


def _steering(m: Measured) -> str:
    raises, should = ("raises", "lower") if m.polarity > 0 else ("lowers", "raise")
    return f" (or let its state {m.subject.state_name} {should} the conductance, which it {raises})"


def _part(flags: Flags) -> float:
    """The part of flags that are set; 1 of none."""
    return float(np.mean(flags)) if len(flags) else 1.0
