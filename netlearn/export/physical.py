"""What of a circuit a process makes: each part as the primitive that is drawn in a layout, by its size alone.

A transistor is a width and a length, a resistor its resistance, a capacitor its capacitance. What is stored on it, and what
its model says of it, a layout does not have: so a cell whose instances differ in these only is one cell. A device that no
process has (a controlled source, a law) is a black box with all of its numbers. The models are generic ones, or those of a
process kit; a kit's own transistors are the kit's in either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from netlearn.devices import Device
from netlearn.errors import CircuitError
from netlearn.export.design import Block, Design, Number, Part, specialised, spread
from netlearn.kits import KITS
from netlearn.kits import model as kits
from netlearn.kits.generic import GENERIC

TRANSISTOR = ("w", "l")
VALUES = {"R": ("R", "r"), "C": ("C", "c"), "Cm": ("C", "c"), "L": ("L", "l"), "D": ("D", "")}
"""What is no transistor, by device: what it is made as, and the parameter that says how large."""
HIGHEST = 1.1
"""Of a supply: the ten percent that are allowed for as a rule. SkyWater's models are said to hold to 1.95 V for 1.8 V (its PDK's
device details, operating voltages); the supplies themselves are those of the kits' tables (`Primitive.supply`)."""


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


def overdriven(design: Design, pdk: str) -> str:
    """Which transistors that --pdk makes a kit's own have more volts between two terminals, at our operating point, than the kit's is
    made for, or nothing."""
    if pdk not in KITS:
        return ""
    volts = design.volts
    found = [
        (part.name, model, max(over, key=lambda pair: over[pair]), max(over.values()))
        for part in spread(design, ".").parts
        if part.device.channel and not part.device.kit
        for model in (_made(part.device, pdk),)
        if (over := _over(dict(zip(part.device.terminals, (volts[n] for n in part.nets), strict=True)), model.supply))
    ]
    if not found:
        return ""
    name, model, (one, other), most = max(found, key=lambda of: of[3])
    several = f" (and {len(found) - 1} other{'s' * (len(found) > 2)})" if len(found) > 1 else ""
    return (
        f"{name}{several}: {most:.3g} V between {one} and {other} at this operating point, and as {pdk}.{model.name} it is made for"
        f" {model.supply:g} V"
    )


def _over(volts: Mapping[str, float], supply: float) -> dict[tuple[str, str], float]:
    """The pairs of terminals with more volts between them than a supply that is as high as it may be."""
    pairs = {(a, b): abs(volts[a] - volts[b]) for a, b in combinations(volts, 2)}
    return {pair: v for pair, v in pairs.items() if v > HIGHEST * supply}


def _made(device: Device, pdk: str) -> kits.Primitive:
    """The kit's transistor that one of ours is made as."""
    return next(p for p in KITS[pdk].primitives if p.channel == device.channel)


def _drawn(part: Part, pdk: str) -> dict[str, Number]:
    own = primitive(part.device, pdk)
    return {p: v for p, v in part.numbers.items() if own is None or p in own.numbers}


def _check_size(part: Part, block: str, pdk: str) -> None:
    """CircuitError where one of our transistors is none that a kit can make; a kit's own were checked when they were read."""
    if not pdk or part.device.kit or not part.device.channel:
        return
    model = _made(part.device, pdk)
    for number, ends in (("w", model.width), ("l", model.length)):
        size = float(part.numbers[number])
        if not ends[0] * (1 - 1e-9) <= size <= ends[1] * (1 + 1e-9):
            raise CircuitError(
                f"{part.name} in {block} has {number} = {size * 1e6:g} um, which {pdk}.{model.name} cannot have",
                f"make it {ends[0] * 1e6:g} um to {ends[1] * 1e6:g} um, or leave out --pdk",
            )
