"""The model cards of a design. One of `netlearn.devices.cards` keeps its name (`ald1106`); others are called by their device."""

from __future__ import annotations

from collections.abc import Mapping

from netlearn.devices import CARDS, DEVICES
from netlearn.export.design import Design, Part
from netlearn.export.elements import model_numbers
from netlearn.export.names import legal, named

Values = tuple[tuple[str, float], ...]
Cards = Mapping[tuple[str, Values], str]
"""Device, and the values of its model, to the name of a card."""


def values_of(part: Part) -> Values:
    """The numbers of a part's model."""
    return tuple((p, float(part.numbers[p])) for p in model_numbers(part.device))


def cards_of(design: Design) -> Cards:
    """Every card that plain parts of a design need, in the order of use."""
    parts = [p for block in design.blocks for p in block.parts]
    keys = [(p.device.name, values_of(p)) for p in parts if p.plain and model_numbers(p.device)]
    return named(keys, _name)


def _name(key: tuple[str, Values]) -> str:
    device, values = key
    for card in CARDS.values():
        if card.device == device and all(v == card.params.get(p, DEVICES[device].param(p).default) for p, v in values):
            return legal(card.name)
    return f"{device.lower()}_model"
