"""What a netlist for layout is held against: the circuit of design.json, flat, in SPICE text of its own words.

Nothing of the file under test is in it but the process that the file says it is for. Parts are counted; nets have
the design's own names, by which a reader that finds two of them alike may tell which is which; sizes are in metres.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from netlearn.export.design import GND, Design, flat
from netlearn.export.leaves import pins
from netlearn.export.names import model_name
from netlearn.export.physical import TRANSISTOR, primitive
from netlearn.kits import KITS


@dataclass(frozen=True)
class Reference:
    """A netlist, how many devices and nets it has, and its models: of transistors, of what has one value, of black boxes."""

    text: str
    devices: int
    nets: int
    sized: tuple[str, ...]
    valued: tuple[str, ...]

    @property
    def size(self) -> str:
        return f"{self.devices} devices, {self.nets} nets"


def process(text: str) -> str:
    """The kit that a CDL file says it is for; "" for generic models and for what is no kit."""
    found = re.search(r"^\* process: (\w+)$", text, re.MULTILINE)
    return found[1] if found and found[1] in KITS else ""


def reference(design: Design, pdk: str) -> Reference:
    """The device under test, flat."""
    top = flat(design)
    nets = {GND: "gnd", **{n: n for n in top.nets}}
    lines, boxes, sized, valued = [], dict[str, tuple[str, ...]](), set[str](), set[str]()
    for k, part in enumerate(top.parts):
        own, on = primitive(part.device, pdk), " ".join(nets[n] for n in part.nets)
        if own is None:
            boxes[model_name(part.device)] = pins(part.device)
            lines.append(f"x{k} {on} {model_name(part.device)}")
        elif own.numbers == TRANSISTOR:
            sized.add(own.model)
            lines.append(f"m{k} {on} {own.model} l={part.numbers['l']} w={part.numbers['w']}")
        else:
            valued.add(own.model)
            lines.append(" ".join([f"{own.letter}{k}", on, *(f"{part.numbers[p]}" for p in own.numbers), own.model]))
    cells = [f".subckt {name} {' '.join(ports)}\n.ends" for name, ports in boxes.items()]
    used = {n for part in top.parts for n in part.nets}
    text = [*cells, f".subckt dut {' '.join(top.ports)}", *lines, ".ends"]
    return Reference(
        "\n".join(["* reference", ".global gnd", *_folded(text), ""]),
        len(top.parts),
        len(used),
        tuple(sorted(sized)),
        tuple(sorted(valued)),
    )


def _folded(lines: list[str]) -> Iterator[str]:
    """No line is longer than readers like, whatever the number of ports."""
    for line in lines:
        words = line.split(" ")
        yield from (("+ " if k else "") + " ".join(words[k : k + 20]) for k in range(0, len(words), 20))
