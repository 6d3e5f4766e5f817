"""What of a circuit a process makes: each part as the primitive that is drawn in a layout, by its size alone.

A transistor is a width and a length, a resistor its resistance, a capacitor its capacitance. What is stored on it, and what
its model says of it, a layout does not have: so a cell whose instances differ in these only is one cell. A device that no
process has (a controlled source, a law) is a black box with all of its numbers. The models are generic ones, or those of a
process kit; a kit's own transistors are the kit's in either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from netlearn.devices import Device
from netlearn.errors import CircuitError
from netlearn.export.design import Block, Design, Number, Part, specialised
from netlearn.kits import KITS
from netlearn.kits.generic import GENERIC

TRANSISTOR = ("w", "l")
VALUES = {"R": ("R", "r"), "C": ("C", "c"), "Cm": ("C", "c"), "L": ("L", "l"), "D": ("D", "")}
"""What is no transistor, by device: what it is made as, and the parameter that says how large."""


@dataclass(frozen=True)
class Primitive:
    """SPICE's letter of its element, the name of its model, and the parameters of the device that are drawn."""

    letter: str
    model: str
    numbers: tuple[str, ...]


def primitive(device: Device, pdk: str) -> Primitive | None:
    """What a device is in a process (its kit's name; "": a generic one), or None for a black box."""
    if device.kit:
        return Primitive("m", KITS[device.kit].primitive(device.name).subcircuit, TRANSISTOR)
    kind, number = VALUES.get(device.name, (device.channel, ""))
    models = _models(pdk)
    if kind not in models:
        return None
    return (
        Primitive("m", models[kind], TRANSISTOR)
        if device.channel
        else Primitive(kind.lower(), models[kind], (number,) if number else ())
    )


def _models(pdk: str) -> dict[str, str]:
    """Models by what they are of: R, C, L, D, an n or a p channel."""
    if not pdk:
        return GENERIC
    return {**KITS[pdk].passives, **{p.channel: p.subcircuit for p in reversed(KITS[pdk].primitives)}}


def physical(design: Design, pdk: str) -> Design:
    """The design as it is drawn, a block for each set of sizes that a block is used with; CircuitError for a process that there
    is no kit of, and for a transistor that it cannot make."""
    if pdk and pdk not in KITS:
        raise CircuitError(f"--pdk {pdk}: there is no such process kit", f"known: {', '.join(KITS)}")
    made: dict[str, Block] = {}
    for block in design.blocks:
        parts = tuple(replace(p, numbers=_drawn(p, pdk)) for p in block.parts)
        uses = tuple(
            replace(u, block=of, given={p: v for p, v in u.given.items() if p in of.params})
            for u in block.uses
            for of in (made[u.block.name],)
        )
        wanted = {v for one in (*(p.numbers for p in parts), *(u.given for u in uses)) for v in one.values()}
        params = tuple(p for p in block.params if p in wanted)
        made[block.name] = replace(block, params=params, parts=parts, uses=uses)
    found = specialised(replace(design, top=made[design.top.name]))
    for block in found.blocks:
        for part in block.parts:
            _check_size(part, block.name, pdk)
    return found


def _drawn(part: Part, pdk: str) -> dict[str, Number]:
    own = primitive(part.device, pdk)
    return {p: v for p, v in part.numbers.items() if own is None or p in own.numbers}


def _check_size(part: Part, block: str, pdk: str) -> None:
    """CircuitError where one of our transistors is none that a kit can make; a kit's own were checked when they were read."""
    if not pdk or part.device.kit or not part.device.channel:
        return
    model = next(p for p in KITS[pdk].primitives if p.channel == part.device.channel)
    for number, ends in (("w", model.width), ("l", model.length)):
        size = float(part.numbers[number])
        if not ends[0] * (1 - 1e-9) <= size <= ends[1] * (1 + 1e-9):
            raise CircuitError(
                f"{part.name} in {block} has {number} = {size * 1e6:g} um, which {pdk}.{model.name} cannot have",
                f"make it {ends[0] * 1e6:g} um to {ends[1] * 1e6:g} um, or leave out --pdk",
            )
