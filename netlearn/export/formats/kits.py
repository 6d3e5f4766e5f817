"""Transistors of process kits in decks: instances of the kit's own subcircuits, and the models that these need.

What manufacture did to one (a threshold, a current) is around the kit's subcircuit, in one of ours that has it inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from netlearn.devices import Device
from netlearn.errors import CircuitError
from netlearn.export.design import Design, Number, Part, specialised
from netlearn.export.leaves import parameter
from netlearn.export.names import model_name
from netlearn.kits import deck_models, located

Spell = Callable[[Number], str]
OFF = ("dvt", "dbeta")


def parts_of(design: Design) -> list[Part]:
    """The transistors of process kits in a design, every number in its place."""
    return [p for block in specialised(design).blocks for p in block.parts if p.device.kit]


def models(design: Design) -> list[str]:
    """For ngspice: the models of every size that is used, and our subcircuits around them. KitError where a kit is not here."""
    sizes: dict[tuple[str, Path | None, str], dict[str, list[tuple[float, float]]]] = {}
    for part in parts_of(design):
        of = sizes.setdefault((part.device.kit, part.device.home, part.device.corner), {})
        size = float(part.numbers["w"]), float(part.numbers["l"])
        of[part.device.name] = list(dict.fromkeys([*of.get(part.device.name, []), size]))
    lines = [line for where, of in sizes.items() for line in deck_models(located(*where), of)]
    around = {p.device.name: p.device for block in design.blocks for p in block.parts if p.device.kit and is_off(p)}
    return lines + [line for device in around.values() for line in _around(device)]


def refuse(design: Design, simulator: str) -> None:
    """CircuitError where a design has a transistor of a process kit, whose models are for ngspice."""
    for part in parts_of(design):
        raise CircuitError(
            f"the models of {part.device.name} are written for ngspice, and not for {simulator}",
            "export to ngspice or cdl; foundries have models for others",
        )


def is_off(part: Part) -> bool:
    """Whether manufacture did something to a transistor."""
    return any(part.numbers[p] != 0.0 for p in OFF)


def line(part: Part, spell: Spell) -> str:
    """A transistor as an instance of the kit's subcircuit, or of ours around it."""
    device = part.device
    assert device.card is not None
    if is_off(part):
        given = " ".join(f"{parameter(device, p)}={spell(v)}" for p, v in part.numbers.items())
        return f"{part.name} {' '.join(part.nets)} {model_name(device)} {given}"
    _, _, form = device.card.line.splitlines()[-1].partition(" ")
    nets = dict(zip(device.terminals, part.nets, strict=True))
    form = form.replace("d{id}", "{d}").replace("g{id}", "{g}")
    return f"{part.name} {_filled(form, part.numbers, spell).format(**nets)}"


def _around(device: Device) -> list[str]:
    """A kit's transistor with what manufacture did to it, as a subcircuit."""
    assert device.card is not None
    inside: dict[str, Number] = {p: parameter(device, p) for p in device.param_names}
    head = " ".join(f"{parameter(device, p.name)}={p.default or 0.0!r}" for p in device.params)
    body = _filled(device.card.line, inside, "{{{}}}".format).format(id="1", **{t: t for t in device.terminals})
    return [f".subckt {model_name(device)} {' '.join(device.terminals)} {head}", *body.split("\n"), ".ends"]


def _filled(form: str, numbers: Mapping[str, Number], spell: Spell) -> str:
    """A card with its numbers, bare within its expressions; braces stay doubled until its nets are put in."""

    def bare(text: str) -> str:
        return re.sub(r"<(\w+)>", lambda m: str(numbers[m[1]]), text)

    def doubled(text: str) -> str:
        return text.replace("{", "{{").replace("}", "}}")

    return re.sub(
        r"\{\{(.*?)\}\}|<(\w+)>", lambda m: doubled(f"{{{bare(m[1])}}}" if m[1] else spell(numbers[m[2]])), form
    )
