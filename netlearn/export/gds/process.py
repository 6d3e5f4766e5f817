"""What a layout needs to know of a process: layers, sizes, one resistive film, one pair of plates.

All lengths are whole nanometres and multiples of GRID; what is centred on something has a size of a multiple of 2 GRID, so that
no corner is off the grid. A layer is a pair (layer, datatype) of GDSII. Rules are kept by being drawn in: a space or an enclosure
that a process wants only along one direction is taken in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from netlearn.errors import RangeError

GRID = 5  # nm, of both public processes
Layer = tuple[int, int]


@dataclass(frozen=True)
class Wire:
    """A level of metal. label, pin: layers of its texts and of its ports; island: the side of its smallest square, where a
    least area is asked for."""

    name: str
    layer: Layer
    label: Layer
    pin: Layer
    width: int
    space: int
    island: int


@dataclass(frozen=True)
class Cut:
    """A contact or via of one size (x, y); below, above: by how much the levels that it joins stand out."""

    name: str
    layer: Layer
    size: tuple[int, int]
    space: int
    below: int
    above: int


@dataclass(frozen=True)
class Mark:
    """A layer that says what something is: drawn over a "body", a "head" or a whole "row", standing out by x and y."""

    name: str
    layer: Layer
    over: str
    x: int
    y: int


@dataclass(frozen=True)
class Film:
    """What bars are made of: `body` marks the length that counts, R = sheet L / W (sheet in Ohm; heads and contacts count
    nothing). widths: the ones that bars may have, smallest first; space: between bars; inset: from body to contact;
    least, reach: of the body of one bar; folds: the most bars of one resistor."""

    name: str
    layer: Layer
    body: Layer
    sheet: float
    widths: tuple[int, ...]
    space: int
    contact: Cut
    inset: int
    least: int
    reach: int
    folds: int
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Plates:
    """A plate over wire `bottom` (an index), under the wire above: C = density area (density in F/m^2; rims count nothing).

    enclosure: of the plate by the bottom; inside: of a cut by the plate; gap: from plate to a cut beside it; tab: of that cut by
    the bottom; space: from the bottom to its own metal; side: least and most of a plate."""

    name: str
    layer: Layer
    density: float
    bottom: int
    enclosure: int
    inside: int
    gap: int
    tab: int
    space: int
    side: tuple[int, int]
    marks: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Process:
    """cuts[i] joins wires[i] and wires[i + 1]; the film's contact joins it to wires[0]. Nets run along x on wires[track], along y
    on the one above. margin: what lies between rows and tracks, more than any space."""

    name: str
    doc: str
    film: Film
    wires: tuple[Wire, ...]
    cuts: tuple[Cut, ...]
    track: int
    plates: Plates
    margin: int

    @property
    def along(self) -> Wire:
        return self.wires[self.track]

    @property
    def across(self) -> Wire:
        return self.wires[self.track + 1]

    @property
    def crossing(self) -> Cut:
        return self.cuts[self.track]

    @property
    def track_width(self) -> int:
        return max(self.along.width, self.along.island, max(self.crossing.size) + 2 * self.crossing.below)

    @property
    def stub_width(self) -> int:
        return max(self.across.width, self.across.island, max(self.crossing.size) + 2 * self.crossing.above)

    def __post_init__(self) -> None:
        """Sizes off the grid, widths out of order and too small a margin are mistakes of the table: RangeError."""
        cuts = (self.film.contact, *self.cuts)
        centred = [
            *self.film.widths,
            *(s for c in cuts for s in c.size),
            *(s for w in self.wires for s in (w.width, w.island)),
        ]
        if any(size % (2 * GRID) for size in centred) or any(a >= b for a, b in pairwise(self.film.widths)):
            raise RangeError(f"process {self.name}: widths and cuts are growing multiples of {2 * GRID} nm")
        least = max(self.plates.space, *(wire.island // 2 + wire.space for wire in self.wires))
        if self.margin < least:
            raise RangeError(
                f"process {self.name}: a margin of {self.margin} nm is less than pads need", f"give it {least} nm"
            )
