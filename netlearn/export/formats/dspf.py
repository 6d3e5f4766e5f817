"""DSPF, the annotated netlist of extraction tools, which is SPICE where it is included: nets with every pin that is on them, then
the elements, flat.

    dut.spf                 the device under test
    models.cir, laws.cir    the models of its elements
    tb.cir                  includes them, sources, options, `.op`

Nets and instances have the names of names.json, with the divider that the file declares for the dot: `xe.mf` is `xe/mf`. An element
has SPICE's letter before that where its name begins with another (`mxe/mf`); what is said of its pins names the instance.

Nothing is laid out, so there are no parasitics to say: every net has no capacitance, pins no position, and no net has nodes
besides its own (no `*|S`). An extraction tool writes the same file with these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netlearn.export.design import GND, Block, Design, Part, specialised, spread
from netlearn.export.elements import letter
from netlearn.export.formats import spice
from netlearn.export.formats.cards import cards_of
from netlearn.export.formats.order import Files, Order
from netlearn.export.names import named

DIALECT = replace(spice.DIALECTS["ngspice"], name="dspf")
DIVIDER = "/"


def write(design: Design, order: Order) -> Files:
    """The files of a design; its numbers are all in their places."""
    whole = _divided(replace(specialised(design), top=spread(design, DIVIDER)))
    files = spice.write(DIALECT, whole, Order("numbers"))
    bench = files["tb.cir"].replace('.include "numbers.cir"\n', "").replace('"dut.cir"', '"dut.spf"')
    models = {name: what for name, what in files.items() if name in ("models.cir", "laws.cir")}
    return {**models, "dut.spf": spice.text(f"{design.title}: DSPF", _lines(whole)), "tb.cir": bench}


def divided(node: str) -> str:
    """A path of the design with the divider."""
    return node.replace(".", DIVIDER)


def _divided(whole: Design) -> Design:
    """A flat design whose nodes are called as in its block, for what the bench says of them."""
    reads = tuple(replace(r, plus=divided(r.plus), minus=divided(r.minus)) for r in whole.bench.reads)
    nodes = {path: divided(node) for path, node in whole.nodes.items()}
    return replace(whole, bench=replace(whole.bench, reads=reads), nodes=nodes)


def _lines(whole: Design) -> Iterator[str]:
    top, cards = whole.top, cards_of(whole)
    yield "* no parasitics: nothing is laid out"
    yield from ("*|DSPF 1.3", f'*|DESIGN "{top.name}"', '*|PROGRAM "netlearn"', f"*|DIVIDER {DIVIDER}", "*|DELIMITER :")
    yield f".SUBCKT {top.name} {' '.join(top.ports)}"
    yield f"*|GROUND_NET {GND}"
    yield from _nets(top)
    names = named(range(len(top.parts)), lambda k: _lettered(top.parts[k]))
    yield from (spice.line(replace(part, name=names[k]), cards, DIALECT) for k, part in enumerate(top.parts))
    yield ".ENDS"


def _lettered(part: Part) -> str:
    """The name of a part's element."""
    first = letter(part.device, ())
    return part.name if part.name.startswith(first) else first + part.name


def _nets(top: Block) -> Iterator[str]:
    on = dict[str, list[str]]()
    for part in top.parts:
        for pin, net in zip(part.device.terminals, part.nets, strict=True):
            on.setdefault(net, []).append(f"*|I ({part.name}:{pin} {part.name} {pin} B 0)")
    for net in dict.fromkeys((*top.ports, *on)):
        yield f"*|NET {net} 0"
        if net in top.ports:
            yield f"*|P ({net} B 0)"
        yield from on.get(net, [])
