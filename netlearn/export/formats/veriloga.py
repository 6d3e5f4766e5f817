"""Verilog-A: a module for each device of a circuit, made of the law it is simulated with here.

models.va     the modules; their parameters have the defaults of the devices
"""

from __future__ import annotations

from netlearn.errors import CircuitError
from netlearn.export.design import SOURCES, Design, Part, specialised
from netlearn.export.formats.order import Files, Order
from netlearn.export.veriloga import modules


def write(design: Design, order: Order) -> Files:
    """The file of a design; CircuitError where it has no device with a law of ours."""
    devices = [part.device for part in parts_of(design)]
    if not devices:
        raise CircuitError(f"{design.name} has no device whose law is known", "leave out veriloga")
    return {"models.va": modules(devices)}


def parts_of(design: Design) -> list[Part]:
    """One part of each device, with its numbers; transistors of process kits have no law here, and every simulator has sources."""
    parts = [p for block in specialised(design).blocks for p in block.parts]
    parts = [p for p in parts if not p.device.kit and p.device.name not in SOURCES]
    return list({p.device.name: p for p in reversed(parts)}.values())[::-1]
