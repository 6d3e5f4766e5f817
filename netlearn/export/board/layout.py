"""Where the boxes of a board are drawn: those of one cell together, cells side by side in rows, rows on sheets.

Lengths are in mm, positions on a grid of 2.54 mm, y downwards. Pins stand as on a package: the first half down the left side,
the rest up the right side. Nets are labels at the tips of pins, and what is left between boxes is for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from netlearn.export.board.pack import Box, Pin

GRID = 2.54
WIDE, HIGH = 155, 103  # grid units of a sheet of A3 within its frame
COLUMNS = 4
LETTER = 1.15  # mm, the width of a letter of a label


@dataclass(frozen=True)
class Shape:
    """A box: half of its width, and of its height, in grid units; its pins by number, each where its tip is from the middle, in
    grid units, and on which side."""

    half_width: int
    half_height: int
    tips: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Place:
    """A box on a sheet: its middle in grid units."""

    box: Box
    x: int
    y: int


@dataclass(frozen=True)
class Frame:
    """A cell on a sheet: its name, its corner and its size in grid units, and its boxes."""

    name: str
    x: int
    y: int
    width: int
    height: int
    places: tuple[Place, ...]


def shape(box: Box) -> Shape:
    """Pins down the left side, then up the right side."""
    count = len(box.pins)
    rows = (count + 1) // 2
    half_width = 2 if count == 2 else 4 + max(len(pin.name) for pin in box.pins) // 3
    sides = [(-1, k) for k in range(rows)] + [(1, count - rows - 1 - k) for k in range(count - rows)]
    tips = {
        pin.number: (side * (half_width + 1), row - (rows - 1) // 2)
        for pin, (side, row) in zip(box.pins, sides, strict=True)
    }
    return Shape(half_width, (rows + 1) // 2 + (0 if count == 2 else 1), tips)


def sheets(boxes: Sequence[Box]) -> list[list[Frame]]:
    """Sheets of frames: one frame a cell of the top, in the order of the netlist; a frame that no sheet has room for is split."""
    cells: dict[str, list[Box]] = {}
    for box in boxes:
        cells.setdefault(cell(box), []).append(box)
    found: list[list[Frame]] = [[]]
    x = y = row = 0
    for name, own in cells.items():
        for width, height, places in _frames(own):
            if x and x + width > WIDE:
                x, y, row = 0, y + row + 4, 0
            if y and y + height > HIGH:
                found.append([])
                x = y = row = 0
            moved = tuple(Place(p.box, p.x + x, p.y + y) for p in places)
            found[-1].append(Frame(name, x, y, width, height, moved))
            x, row = x + width + 4, max(row, height)
    return [sheet for sheet in found if sheet]


def cell(box: Box) -> str:
    """The instance at the top that the first thing in a box is in."""
    path = box.members[0].path if box.members else ""
    return path.partition(".")[0] if "." in path else ""


def _frames(boxes: Sequence[Box]) -> Iterator[tuple[int, int, list[Place]]]:
    """Boxes in rows of a few, from the corner of their frame: width, height and places, as many times as they need."""
    places: list[Place] = []
    y = width = 0
    for row in _rows(boxes):
        high = max(2 * shape(box).half_height for box in row) + 3
        if places and y + high > HIGH - 5:
            yield width, y + 2, places
            places, y, width = [], 0, 0
        x = 0
        for box in row:
            own, (left, right) = shape(box), _labels(box)
            places.append(Place(box, x + left + own.half_width + 1, y + 3 + own.half_height))
            x += left + 2 * own.half_width + 2 + right
        y, width = y + high, max(width, x)
    yield width, y + 2, places


def _rows(boxes: Sequence[Box]) -> Iterator[list[Box]]:
    """Boxes that stand side by side: large ones and small ones apart."""
    row: list[Box] = []
    for box in sorted(boxes, key=lambda box: -shape(box).half_height):
        across = sum(2 * shape(b).half_width + 2 + sum(_labels(b)) for b in (*row, box))
        if row and (len(row) == COLUMNS or across > WIDE - 4):
            yield row
            row = []
        row.append(box)
    yield row


def _labels(box: Box) -> tuple[int, int]:
    """Room for the labels on both sides, in grid units."""
    tips = shape(box).tips

    def room(pins: Sequence[Pin]) -> int:
        return 2 + round(max((len(pin.net) for pin in pins), default=0) * LETTER / GRID + 0.5)

    left = [pin for pin in box.pins if tips[pin.number][0] < 0]
    return room(left), room([pin for pin in box.pins if pin not in left])
