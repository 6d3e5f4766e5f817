"""The schematic of a cell as SVG, from the text alone: nobody places anything by hand.

`arrange` gives every symbol its place, `joined` the wires between them and the names where there are none, `ink` draws.
"""

from __future__ import annotations

from netlearn.circuit.model import Cell
from netlearn.plot.schematic.arrange import arrange
from netlearn.plot.schematic.ink import ink
from netlearn.plot.schematic.names import joined

MOST = 260  # pins, beyond which wires would hide more than they show


def schematic(cell: Cell) -> str:
    """The schematic of a cell: an SVG document, the same bytes for the same cell."""
    symbols = arrange(cell)
    wiring, names = joined(symbols, cell.ports, wanted=sum(len(s.pins) for s in symbols) <= MOST)
    return ink(symbols, wiring, names)


__all__ = ["arrange", "joined", "schematic"]
