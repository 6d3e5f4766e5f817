"""Small signals of a simulator against ours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

from netlearn.errors import KitError
from netlearn.export.design import GND, Design
from netlearn.export.small_signals import FREQUENCIES, responses
from netlearn.verify.model import FLOOR, NOT_CHECKED, PASSED, Check, volts

Value = TypeVar("Value", float, complex)
NEAR = 1e-5
"""Relative: slopes at an operating point that is off by 1e-6 are off by some times that."""
MARGIN = 10.0
"""How many times what rounding is found to make of a signal it may make of it elsewhere."""


def answered(tool: str, format: str, design: Design, theirs: Mapping[float, Mapping[str, complex]]) -> Check:
    """A row for the signals of every node by our names, by frequency. Where some are off by no more than rounding may make of them,
    it is for the others."""
    quantity = f"small signals at {len(FREQUENCIES)} frequencies, V"
    try:
        found = responses(design)
    except KitError as fault:
        return Check(tool, format, quantity, "", fault.message, None, NOT_CHECKED)
    ours, other, lost = _named(found.signals), _named(theirs), _named(found.rounding)
    row = volts(tool, format, quantity, ours, other, near=NEAR)
    if row.verdict == PASSED or row.difference is None:
        return row
    near = {name: NEAR * max(abs(value), FLOOR) for name, value in ours.items()}
    sure = {name: value for name, value in ours.items() if MARGIN * lost[name] <= near[name]}
    blurred = ours.keys() - sure.keys()
    able = {name: near[name] + MARGIN * lost[name] for name in blurred}
    if not all(able[name] == math.inf or abs(other[name] - ours[name]) <= able[name] for name in blurred):
        return row
    quantity = f"{quantity}: {len(sure)} of {len(ours)} for which 16 digits will do"
    if not sure:
        return Check(tool, format, quantity, row.ours, row.theirs, row.difference, NOT_CHECKED)
    return volts(tool, format, quantity, sure, other, near=NEAR)


def _named(signals: Mapping[float, Mapping[str, Value]]) -> dict[str, Value]:
    return {f"{node} at {f:g} Hz": v for f, of in signals.items() for node, v in of.items() if node != GND}
