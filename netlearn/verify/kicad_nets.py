"""A KiCad netlist as kinparse reads it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

Parts = dict[str, list[str]]
"""Value and footprint by reference."""
Nets = dict[str, list[list[str]]]
"""Ends, each a reference and a pin, by net."""


def parsed(file: Path) -> tuple[Parts, Nets]:
    """What is on a board."""
    found = import_module("kinparse").parse_netlist(str(file))
    parts = {part.ref: [part.value, part.footprint] for part in found.parts}
    return parts, {net.name: [[pin.ref, pin.num] for pin in net.pins] for net in found.nets}
