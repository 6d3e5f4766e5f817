"""GDSII of the resistors and capacitors of a circuit, in layers of our own or of a process (`netlearn.export.gds`).

dut.gds       one cell, `dut`
parts.json    its process; what was drawn, with its value; what was not, and why
"""

from __future__ import annotations

from netlearn.errors import CircuitError
from netlearn.export.design import Design, flat
from netlearn.export.formats.order import Files, Order
from netlearn.export.gds import PROCESSES, Bar, Parts, Plate, Process, drawable, layout, makeable
from netlearn.export.interchange import spelled

GENERIC = "generic"


def write(design: Design, order: Order) -> Files:
    """The files of a design; CircuitError where there is no such process, or nothing to draw in it."""
    process = process_of(order.pdk)
    parts = parts_of(design, process)
    if not parts.both:
        why = next(iter(parts.left_out.values()), "it has no parts")
        raise CircuitError(f"nothing of {design.name} can be drawn in {process.name}: {why}", "leave out gds")
    about = {
        "process": process.name,
        "drawn": {p.name: {"nets": [p.a, p.b], **_value(p)} for p in parts.both},
        "left_out": dict(parts.left_out),
    }
    drawn = layout("dut", parts.resistors, parts.capacitors, parts.ports, process)
    return {"dut.gds": drawn, "parts.json": spelled(about)}


def process_of(pdk: str) -> Process:
    """The process of a name, or the generic one; CircuitError where there is none."""
    if (pdk or GENERIC) not in PROCESSES:
        raise CircuitError(f"--pdk {pdk}: there is no such process for layouts", f"known: {', '.join(PROCESSES)}")
    return PROCESSES[pdk or GENERIC]


def parts_of(design: Design, process: Process) -> Parts:
    """What of a design is drawn in a process."""
    return makeable(drawable(flat(design)), process)


def _value(part: Bar | Plate) -> dict[str, float]:
    return {"ohms": part.ohms} if isinstance(part, Bar) else {"farads": part.farads}
