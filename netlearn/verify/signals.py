"""Small signals of a simulator against ours."""

from __future__ import annotations

from collections.abc import Mapping

from netlearn.errors import KitError
from netlearn.export.design import GND, Design
from netlearn.export.small_signals import FREQUENCIES, responses
from netlearn.verify.model import NOT_CHECKED, Check, volts

NEAR = 1e-5
"""Relative: slopes at an operating point that is off by 1e-6 are off by some times that."""


def answered(tool: str, format: str, design: Design, theirs: Mapping[float, Mapping[str, complex]]) -> Check:
    """A row for the signals of every node by our names, by frequency."""
    quantity = f"small signals at {len(FREQUENCIES)} frequencies, V"
    try:
        ours = responses(design)
    except KitError as fault:
        return Check(tool, format, quantity, "", fault.message, None, NOT_CHECKED)
    mine, other = (
        {f"{node} at {f:g} Hz": v for f, of in every.items() for node, v in of.items() if node != GND}
        for every in (ours, theirs)
    )
    return volts(tool, format, quantity, mine, other, near=NEAR)
