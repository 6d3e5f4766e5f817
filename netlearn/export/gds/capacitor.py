"""A capacitor: a plate over a larger piece of metal, as many side by side as its area needs, joined by the nets.

C = density A, A the area of all its plates: rectangles, nearly square, exact to TOLERANCE on the grid. Both plates are reached from
above: the upper one by a via within it, the lower one by a via on a tab at its top, each by a strip of the metal above
that leads away from the plates and down to where nets are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from netlearn.errors import RangeError
from netlearn.export.gds.process import GRID, Plates, Process
from netlearn.export.gds.shapes import Block, Box, Pin, over, pad, reach, square, tower
from netlearn.units import engineering

TOLERANCE = 5e-4


@dataclass(frozen=True)
class Plate:
    """A capacitor between nets a (the upper plate) and b, in F."""

    name: str
    a: str
    b: str
    farads: float


def sides(plate: Plate, plates: Plates) -> tuple[int, int, int]:
    """Width and height of each plate (nm), and how many there are; RangeError where that is none, or more than a thousand."""
    if not (math.isfinite(plate.farads) and plate.farads > 0):
        raise RangeError(f"{plate.name}: {plate.farads:g} F is no capacitance", "give it a value above 0 F")
    least, most = plates.side
    area = plate.farads / plates.density * 1e18
    count = math.ceil(area / most**2)
    if count > 1000:
        bound = engineering(1000 * most**2 * 1e-18 * plates.density, "F")
        raise RangeError(
            f"{plate.name}: {engineering(plate.farads, 'F')} is too large for {plates.name}, which has {bound} in a thousand plates",
            "leave it off the chip, or scale capacitances down and times with them",
        )
    exact = area / count / GRID**2
    for width in range(2 * math.floor(math.sqrt(exact) / 2), least // GRID - 1, -2):
        height = round(exact / width)
        if height * GRID <= 2 * most and abs(width * height - exact) <= TOLERANCE * exact:
            return width * GRID, height * GRID, count
    bound = engineering(max(GRID / (2 * TOLERANCE), least) ** 2 * 1e-18 * plates.density, "F")
    raise RangeError(
        f"{plate.name}: {engineering(plate.farads, 'F')} is too small for {plates.name}, which has all from {bound} on to {TOLERANCE:.2%}",
        "scale capacitances up, or several into one",
    )


def drawn(plate: Plate, process: Process) -> Block:
    """Its plates side by side, two pins for each."""
    width, height, count = sides(plate, process.plates)
    one, pitch, tall = _unit(plate, process, width, height)
    boxes = tuple(box.moved(k * pitch, 0) for k in range(count) for box in one.boxes)
    pins = tuple(Pin(p.net, p.x + k * pitch, p.y) for k in range(count) for p in one.pins)
    return Block(boxes, pins, count * pitch, tall)


def _unit(plate: Plate, process: Process, width: int, height: int) -> tuple[Block, int, int]:
    """One plate, how far the next one is, and how tall it is with what leads away."""
    plates, across = process.plates, process.track + 1
    bottom, cover, cut = process.wires[plates.bottom], process.wires[plates.bottom + 1], process.cuts[plates.bottom]
    half = cut.size[1] // 2
    rim = plates.enclosure
    upper = Box(plates.layer, rim, rim, rim + width, rim + height)
    tap = upper.y1 + max(plates.gap, rim) + half
    lower = Box(bottom.layer, 0, 0, width + 2 * rim, tap + half + plates.tab)
    apart = reach(process, across, plates.bottom + 1)
    y = lower.y1 + plates.space + apart // 2
    y += -y % GRID
    left = rim + plates.inside + half
    left += -left % GRID
    right = max(lower.x1 - max(plates.tab, plates.inside + rim) - half, left + apart)
    right -= right % GRID
    lower = lower._replace(x1=max(lower.x1, right + half + plates.tab))
    boxes = [upper, lower, *(upper._replace(layer=layer) for layer in plates.marks)]
    size = pad(cut, cut.above, cover)
    for x, start in ((left, upper.y1 - plates.inside - half), (right, tap)):
        start -= start % GRID
        boxes.append(square(cut.layer, x, start, cut.size))
        boxes.append(over(cover.layer, [square(cover.layer, x, at, size) for at in (start, y)]))
        boxes += tower(process, x, y, across, plates.bottom + 1)
    tall = y + apart // 2
    pitch = lower.x1 + plates.space
    pins = (Pin(plate.a, left, y), Pin(plate.b, right, y))
    return Block(tuple(boxes), pins, pitch, tall), pitch + -pitch % (2 * GRID), tall + -tall % (2 * GRID)
