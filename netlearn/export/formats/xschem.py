"""xschem schematics: a sheet and a symbol for every cell, numbers in their places, and a bench around the whole.

    tb.sch                  the device under test, what drives it, and a text that asks for the operating point
    dut.sch, dut.sym        the whole; a pair like it for every cell (one for each set of numbers it is used with)
    x-nmos.sym, x-label.sym a symbol for each kind of device, and the labels: no cell has a name with a hyphen
    models.cir, laws.cir    models, as for ngspice
    xschemrc                where xschem looks for symbols and puts netlists: `xschem --rcfile ./xschemrc tb.sch`

Every pin has a label, so that nothing is joined by where wires cross. What stands on a symbol behind its nets is the rest of
the line that ngspice reads. The format is that of xschem 2.8 (file_version 1.1), which later ones read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from netlearn.devices import DEVICES
from netlearn.export.design import SOURCES, Block, Design, Part, Use, as_elements, specialised
from netlearn.export.formats import spice
from netlearn.export.formats.cards import Cards, cards_of
from netlearn.export.formats.order import Files, Order
from netlearn.export.names import legal

NGSPICE = spice.DIALECTS["ngspice"]
HEAD = "v {xschem version=2.8.1 file_version=1.1}\n"
EMPTY = "V {}\nS {}\nE {}\n"
PITCH = 20  # from pin to pin
ROW, COLUMN, COLUMNS = 160, 460, 5
RC = 'set XSCHEM_LIBRARY_PATH "."\nset netlist_dir "."\nset netlist_type spice\n'

_LABEL = """G {type=label
format="*.alias @lab"
template="name=l1 lab=xxx"}
V {}
S {}
E {}
B 5 -1.25 -1.25 1.25 1.25 {name=p dir=in}
T {@lab} -5 -8 0 1 0.3 0.3 {}
"""
_PORT = _LABEL.replace("type=label", "type=iopin").replace("*.alias", "*.iopin")
_COMMANDS = """G {type=netlist_commands
template="name=s1 only_toplevel=true value=blabla"
format="
@value
"}
V {}
S {}
E {}
T {@name} 0 0 0 0 0.3 0.3 {}
T {@value} 0 20 0 0 0.2 0.2 {}
"""
_MARKS = {"label": _LABEL, "port": _PORT, "commands": _COMMANDS}


def write(design: Design, order: Order) -> Files:
    """The files of a design."""
    whole = specialised(design)
    cards = cards_of(whole)
    parts = [p for block in whole.blocks for p in block.parts] + list(whole.bench.sources)
    files = {"xschemrc": RC, **{f"x-{name}.sym": HEAD + what for name, what in _MARKS.items()}}
    for name, lines in (("models", spice.models(whole, NGSPICE)), ("laws", spice.laws(whole, NGSPICE))):
        files[f"{name}.cir"] = spice.text(f"{design.title}: {name}", lines)
    for device in [*(p.device for p in parts), *(DEVICES[kind] for kind in SOURCES)]:
        files[f"{_kind(device.name)}.sym"] = _symbol(device.terminals, "primitive", "@name @pinlist @value", "value=0")
    for block in whole.blocks:
        files[f"{block.name}.sym"] = _symbol(block.ports, "subcircuit", "@name @pinlist @symname", "")
        files[f"{block.name}.sch"] = _sheet(as_elements(block), cards)
    return {**files, "tb.sch": _bench(whole, cards)}


def _kind(device: str) -> str:
    """The file of a device's symbol: none of them is called as a cell is."""
    return f"x-{legal(device)}"


def _symbol(pins: Sequence[str], type_: str, form: str, values: str) -> str:
    """A box with its pins down the left side, then down the right."""
    half = (len(pins) + 1) // 2
    height = PITCH * half
    lines = [f'G {{type={type_}\nformat="{form}"\ntemplate="name=x1 {values}"}}\n{EMPTY}']
    corners = ((-60, -20), (60, -20), (60, height), (-60, height), (-60, -20))
    lines += [f"L 4 {a} {b} {c} {d} {{}}\n" for (a, b), (c, d) in pairwise(corners)]
    for name, (x, y) in zip(pins, tips(len(pins)), strict=True):
        inner, flip = (x + 20, 0) if x < 0 else (x - 20, 1)
        lines.append(f"B 5 {x - 2.5} {y - 2.5} {x + 2.5} {y + 2.5} {{name={name} dir=inout}}\n")
        lines.append(f"L 4 {x} {y} {inner} {y} {{}}\n")
        lines.append(f"T {{{name}}} {inner + (5 if x < 0 else -5)} {y - 8} 0 {flip} 0.25 0.25 {{}}\n")
    lines.append("T {@name} -55 -40 0 0 0.3 0.3 {}\n")
    lines.append(f"T {{{'@symname' if type_ == 'subcircuit' else '@value'}}} -55 {height + 5} 0 0 0.2 0.2 {{}}\n")
    return HEAD + "".join(lines)


def tips(count: int) -> list[tuple[int, int]]:
    """Where the pins of a symbol end, in the order of the pins."""
    half = (count + 1) // 2
    return [(-80, PITCH * k) for k in range(half)] + [(80, PITCH * k) for k in range(count - half)]


def _sheet(block: Block, cards: Cards) -> str:
    """A cell: its ports at the left, then its parts and the cells that it uses."""
    lines = [HEAD + "G {}\n" + EMPTY]
    lines += [
        f"C {{x-port.sym}} 0 {2 * PITCH * k} 0 0 {{name=port{k} lab={port}}}\n" for k, port in enumerate(block.ports)
    ]
    lines += _placed([*block.parts, *block.uses], cards)
    return "".join(lines)


def _placed(members: Sequence[Part | Use], cards: Cards) -> list[str]:
    """Parts and cells in rows, each with its labels."""
    lines, y, row = [], 0, 0
    for k, member in enumerate(members):
        if k and k % COLUMNS == 0:
            y, row = y + row, 0
        x = COLUMN * (k % COLUMNS + 1)
        if isinstance(member, Part):
            lines.append(_instance(_kind(member.device.name), member.name, x, y, {"value": _rest(member, cards)}))
        else:
            lines.append(_instance(member.block.name, member.name, x, y, {}))
        lines += _labels(member.name, member.nets, x, y)
        row = max(row, ROW + PITCH * ((len(member.nets) + 1) // 2))
    return lines


def _rest(part: Part, cards: Cards) -> str:
    """What stands behind the nets of an element's line; expressions in quotes, as braces are xschem's own."""
    found = spice.line(part, cards, NGSPICE).removeprefix(" ".join([part.name, *part.nets, ""]))
    return found.replace("{", "'").replace("}", "'")


def _instance(symbol: str, name: str, x: int, y: int, values: Mapping[str, str]) -> str:
    more = "".join(f' {key}="{value}"' for key, value in values.items())
    return f"C {{{symbol}.sym}} {x} {y} 0 0 {{name={name}{more}}}\n"


def _labels(name: str, nets: Sequence[str], x: int, y: int) -> list[str]:
    ends = enumerate(zip(nets, tips(len(nets)), strict=True))
    return [
        f"C {{x-label.sym}} {x + dx} {y + dy} 0 {int(dx > 0)} {{name=l_{name}_{k} lab={net}}}\n"
        for k, (net, (dx, dy)) in ends
    ]


def _bench(design: Design, cards: Cards) -> str:
    """The device under test among its sources."""
    use = Use("xdut", design.top, design.top.ports, {})
    lines = [HEAD + "G {}\n" + EMPTY, *_placed([use, *design.bench.sources], cards)]
    y = -2 * ROW
    for k, (name, kind, net, value) in enumerate(spice.drives(design)):
        nets = (net, "0") if kind == "V" else ("0", net)
        lines.append(_instance(_kind(kind), name, COLUMN * k, y, {"value": repr(value)}))
        lines += _labels(name, nets, COLUMN * k, y)
    words = [".include models.cir", ".include laws.cir", NGSPICE.options, ".op"]
    text = "\n".join([*spice.expected(design), *words])
    lines.append(f'C {{x-commands.sym}} 0 {2 * y} 0 0 {{name=s1 only_toplevel=true value="{text}"}}\n')
    return "".join(lines)
