"""CDL, the netlist that a layout is compared with (LVS): cells, primitives and their sizes.

    dut.cdl     a subcircuit a cell, the last one `dut`; black boxes are empty ones

It is in the words that both KLayout and netgen read: sizes in micrometres with their `u`, the model behind the value, cells
without a slash. Ground is the net `gnd`, global. Thresholds, stored voltages and other numbers of models are in no layout, so
in no CDL; those of a black box stand in a comment above it.
"""

from __future__ import annotations

from netlearn.devices import Device
from netlearn.export.design import GND, Block, Design, Part
from netlearn.export.formats.order import Files, Order
from netlearn.export.formats.spice import text
from netlearn.export.leaves import pins
from netlearn.export.names import model_name, named
from netlearn.export.physical import TRANSISTOR, physical, primitive

GROUND = "gnd"  # no net of a design has this name: it is a reserved word


def write(design: Design, order: Order) -> Files:
    """The file of a design in a process ("": with generic models)."""
    pdk = order.pdk
    drawn = physical(design, pdk)
    boxes = [d for d in drawn.devices.values() if primitive(d, pdk) is None and _used(drawn, d)]
    head = [f"* process: {pdk or 'generic'}", "*.RESVAL", "*.CAPVAL", "*.SCALE METER", f".GLOBAL {GROUND}", ""]
    lines = [line for box in boxes for line in _cell(model_name(box), pins(box), [])]
    lines += [line for block in drawn.blocks for line in _cell(block.name, block.ports, _inside(block, pdk))]
    return {"dut.cdl": text(f"{design.title}: CDL", [*head, *lines])}


def _used(design: Design, device: Device) -> bool:
    """Whether it is in a block; the bench's sources are in none."""
    return any(p.device.name == device.name for block in design.blocks for p in block.parts)


def _cell(name: str, ports: tuple[str, ...], inside: list[str]) -> list[str]:
    info = " ".join(f"{port}:B" for port in ports)
    return [" ".join([".SUBCKT", name, *ports]), f"*.PININFO {info}", *inside, ".ENDS", ""]


def _inside(block: Block, pdk: str) -> list[str]:
    letters = {u.name: "x" for u in block.uses} | {
        p.name: own.letter if (own := primitive(p.device, pdk)) else "x" for p in block.parts
    }
    names = named(letters, lambda n: _lettered(n, letters[n]))
    lines = [line for part in block.parts for line in _element(names[part.name], part, pdk)]
    return [*lines, *(" ".join([names[u.name], *_nets(u.nets), u.block.name]) for u in block.uses)]


def _lettered(name: str, letter: str) -> str:
    """A name with SPICE's letter for what it is here, and behind it at least one more, without which KLayout reads no name."""
    return name if name.startswith(letter) and name != letter else letter + name


def _element(name: str, part: Part, pdk: str) -> list[str]:
    own, nets = primitive(part.device, pdk), _nets(part.nets)
    if own is None:
        numbers = " ".join(f"{p}={v!r}" for p, v in part.numbers.items())
        return [f"* {name}: {numbers}".rstrip(": "), " ".join([name, *nets, model_name(part.device)])]
    if own.numbers == TRANSISTOR:
        sizes = [f"{p.upper()}={float(part.numbers[p]) * 1e6:.12g}u" for p in own.numbers]
        return [" ".join([name, *nets, own.model, *sizes])]
    return [" ".join([name, *nets, *(repr(part.numbers[p]) for p in own.numbers), own.model])]


def _nets(nets: tuple[str, ...]) -> list[str]:
    return [GROUND if net == GND else net for net in nets]
