"""Which devices every SPICE has an element for, and which of their numbers stand on a model card."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from netlearn.devices import Device
from netlearn.devices.warmth import COEFFICIENTS

PLAIN = ("R", "C", "L", "V", "I", "VCVS", "VCCS", "D", "NMOS", "PMOS")
"""By their laws here; whatever else there is leaves as a model made of its law."""


def model_numbers(device: Device) -> tuple[str, ...]:
    """The parameters of its model card: all but those of the element line and its temperature; none without a card."""
    if device.card is None or not device.card.model:
        return ()
    own = {*re.findall(r"<(\w+)>", device.card.line), "temp"}
    return tuple(p for p in device.param_names if p not in own)


def coefficients(numbers: Mapping[str, float | str]) -> dict[str, float | str]:
    """The temperature coefficients of a resistance, which stand behind its value; nothing where all of them are zero."""
    found = {p.name: numbers[p.name] for p in COEFFICIENTS if p.name in numbers}
    return found if any(value != 0.0 for value in found.values()) else {}


def is_plain(device: Device, opened: Collection[str]) -> bool:
    """Whether it leaves as an element of SPICE, with these parameters open: a model card is for many and has none."""
    return device.name in PLAIN and not any(p in opened for p in model_numbers(device))


def letter(device: Device, opened: Collection[str]) -> str:
    """What the names of its parts begin with: SPICE's letter, x for a subcircuit."""
    assert device.card is not None or not is_plain(device, opened)
    return device.card.line[0] if device.card and is_plain(device, opened) else "x"
