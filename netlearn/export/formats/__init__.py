"""The formats a circuit can leave in: one small file each, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from netlearn.export.design import Design
from netlearn.export.formats import bom, cdl, dspf, gds, json, kicad, spectre, spice, verilog, veriloga, xschem
from netlearn.export.formats.order import Files, Order
from netlearn.export.gds import PROCESSES
from netlearn.kits import KITS


@dataclass(frozen=True)
class Format:
    """A format: what it is called, what it is for, its files for a design, the processes it can be laid out for, in words
    which numbers of a circuit are not in its files, and whether something is manufactured from them."""

    name: str
    doc: str
    write: Callable[[Design, Order], Files]
    processes: Collection[str] = ()
    leaves: str = ""
    made: bool = False


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        *(Format(d.name, f"{d.doc} decks", partial(spice.write, d)) for d in spice.DIALECTS.values()),
        Format("spectre", "Spectre netlists, laws as Verilog-A", spectre.write),
        Format(
            "cdl",
            "CDL for LVS: a netlist to compare a layout with",
            cdl.write,
            KITS,
            "sizes alone: thresholds, temperature coefficients, stored voltages and numbers of models are in no layout",
            made=True,
        ),
        Format("kicad", "KiCad schematics that simulate, and the netlist of the board", kicad.write, made=True),
        Format("xschem", "xschem schematics, cell by cell", xschem.write),
        Format(
            "veriloga",
            "Verilog-A modules of its devices, from their laws",
            veriloga.write,
            leaves="modules alone, with the defaults of their parameters: no number of the circuit",
        ),
        Format("verilog", "structural Verilog", verilog.write),
        Format(
            "gds",
            "a layout of its resistors and capacitors (GDSII)",
            gds.write,
            PROCESSES,
            "resistances and capacitances alone; parts.json names the parts that are not drawn",
            made=True,
        ),
        Format("dspf", "DSPF: a flat netlist with its nets annotated, without parasitics", dspf.write),
        Format(
            "bom",
            "what to buy for a board, and which part is in which package",
            bom.write,
            leaves="values as they are sold: no temperature coefficients, no numbers of models",
            made=True,
        ),
        Format("json", "the circuit for programs, with its schema", json.write),
    )
}

__all__ = ["FORMATS", "Files", "Format", "Order"]
