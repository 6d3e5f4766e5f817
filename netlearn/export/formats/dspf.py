"""DSPF, the annotated netlist of extraction tools, which is SPICE where it is included: nets with every pin that is on them, then
the elements, flat.

    dut.spf                 the device under test
    models.cir, laws.cir    the models of its elements
    tb.cir                  includes them, sources, options, `.op`

Nothing is laid out, so there are no parasitics to say: every net has no capacitance, pins no position, and no net has nodes
besides its own (no `*|S`). An extraction tool writes the same file with these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from netlearn.export.design import GND, Block, Design, flat, specialised
from netlearn.export.formats import spice
from netlearn.export.formats.cards import cards_of
from netlearn.export.formats.order import Files, Order

DIALECT = spice.DIALECTS["ngspice"]


def write(design: Design, order: Order) -> Files:
    """The files of a design; its numbers are all in their places."""
    whole = replace(specialised(design), top=flat(design))
    files = spice.write(DIALECT, whole, Order("numbers"))
    bench = files["tb.cir"].replace('.include "numbers.cir"\n', "").replace('"dut.cir"', '"dut.spf"')
    models = {name: what for name, what in files.items() if name in ("models.cir", "laws.cir")}
    return {**models, "dut.spf": spice.text(f"{design.title}: DSPF", _lines(whole)), "tb.cir": bench}


def _lines(whole: Design) -> Iterator[str]:
    top, cards = whole.top, cards_of(whole)
    yield "* no parasitics: nothing is laid out"
    yield from ("*|DSPF 1.3", f'*|DESIGN "{top.name}"', '*|PROGRAM "netlearn"', "*|DIVIDER /", "*|DELIMITER :")
    yield f".SUBCKT {top.name} {' '.join(top.ports)}"
    yield f"*|GROUND_NET {GND}"
    yield from _nets(top)
    yield from (spice.line(part, cards, DIALECT) for part in top.parts)
    yield ".ENDS"


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
