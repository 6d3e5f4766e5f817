"""What of a circuit can be drawn: its linear resistances, conductances and capacitances; the rest is named with the reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from netlearn.errors import RangeError
from netlearn.export.design import GND, Block
from netlearn.export.gds.capacitor import Plate, sides
from netlearn.export.gds.process import Process
from netlearn.export.gds.resistor import Bar, folded


@dataclass(frozen=True)
class Parts:
    """Parts of a layout, nets that reach beyond it (driven, read, ground, or touched by what is left out), and what is left out
    by name, with the reason."""

    resistors: tuple[Bar, ...]
    capacitors: tuple[Plate, ...]
    ports: tuple[str, ...]
    left_out: Mapping[str, str]

    @property
    def both(self) -> tuple[Bar | Plate, ...]:
        return (*self.resistors, *self.capacitors)


GROUND = "gnd"
"""What ground is called in a layout; no other net is."""
DRAWN: Mapping[str, tuple[str, Callable[[str, str, str, float], Bar | Plate]]] = {
    "R": ("r", Bar),
    "C": ("c", Plate),
    "Cm": ("c", Plate),
}
"""Device to the parameter that says its size, and what a part is made of it by."""


def drawable(block: Block) -> Parts:
    """The parts of a block that has every number in its place (`netlearn.export.design.flat`)."""
    parts: list[Bar | Plate] = []
    left_out: dict[str, str] = {}
    beyond = {GROUND, *block.ports}
    for part in block.parts:
        nets = [GROUND if net == GND else net for net in part.nets]
        param, made = DRAWN.get(part.device.name, ("", None))
        if made is None:
            left_out[part.name] = f"{part.device.doc}: only resistors and capacitors are drawn"
            beyond |= set(nets)
        elif nets[0] == nets[1]:
            left_out[part.name] = f"both ends are at {nets[0]}"
        else:
            parts.append(made(part.name, nets[0], nets[1], float(part.numbers[param])))
    return _sorted(parts, [GROUND, *block.nets], beyond, left_out)


def makeable(parts: Parts, process: Process) -> Parts:
    """The same without what a process has no part for: that is left out as well, with the process's own words."""
    made: list[Bar | Plate] = []
    left_out = dict(parts.left_out)
    beyond = set(parts.ports)
    for part in parts.both:
        try:
            _ = folded(part, process.film) if isinstance(part, Bar) else sides(part, process.plates)
            made.append(part)
        except RangeError as fault:
            left_out[part.name] = fault.message
            beyond |= {part.a, part.b}
    order = dict.fromkeys(net for part in parts.both for net in (part.a, part.b))
    return _sorted(made, [*parts.ports, *order], beyond, left_out)


def _sorted(
    parts: Sequence[Bar | Plate], order: Iterable[str], beyond: Collection[str], left_out: Mapping[str, str]
) -> Parts:
    """Parts by kind, and those nets of them that reach beyond the layout, in an order."""
    touched = {net for part in parts for net in (part.a, part.b)}
    return Parts(
        tuple(part for part in parts if isinstance(part, Bar)),
        tuple(part for part in parts if isinstance(part, Plate)),
        tuple(net for net in dict.fromkeys(order) if net in beyond and net in touched),
        left_out,
    )
