"""From parts to GDSII: blocks in rows, a channel above each row, trunks at the right, ports at the left.

Resistors and capacitors have rows of their own. Every net has its name as a text on its lowest track; one that is a port reaches
the left edge there and has a shape of the pin layer. The same parts give the same bytes.
"""

from __future__ import annotations

import datetime
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from netlearn.errors import RangeError
from netlearn.export.gds import capacitor, resistor
from netlearn.export.gds.capacitor import Plate
from netlearn.export.gds.place import in_rows, ordered, ranks
from netlearn.export.gds.process import Process
from netlearn.export.gds.resistor import Bar
from netlearn.export.gds.route import Track, channel, stacked, wired
from netlearn.export.gds.shapes import Block, Box, Pin, over, square

EPOCH = datetime.datetime(2000, 1, 1)
"""The time that every file carries: nothing in it depends on when it was made."""


@dataclass(frozen=True)
class Drawing:
    """All that is in a layout: rectangles, and the names of nets on the label layer of tracks, as (net, x, y)."""

    boxes: tuple[Box, ...]
    texts: tuple[tuple[str, int, int], ...]


def layout(
    cell_name: str, resistors: Sequence[Bar], capacitors: Sequence[Plate], ports: Sequence[str], process: Process
) -> bytes:
    """GDSII of one cell; RangeError for a value that no part of the process can have, or a port that nothing touches."""
    return written(cell_name, drawing(resistors, capacitors, ports, process), process)


def written(cell_name: str, drawn: Drawing, process: Process) -> bytes:
    """A drawing as GDSII, in steps of 1 nm."""
    import gdstk

    library = gdstk.Library(cell_name, unit=1e-6, precision=1e-9)
    cell = library.new_cell(cell_name)
    for (layer, datatype), x0, y0, x1, y1 in drawn.boxes:
        cell.add(gdstk.rectangle((x0 / 1e3, y0 / 1e3), (x1 / 1e3, y1 / 1e3), layer=layer, datatype=datatype))
    layer, datatype = process.along.label
    for net, x, y in drawn.texts:
        cell.add(gdstk.Label(net, (x / 1e3, y / 1e3), layer=layer, texttype=datatype))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cell.gds"
        library.write_gds(file, timestamp=EPOCH)
        return file.read_bytes()


def drawing(resistors: Sequence[Bar], capacitors: Sequence[Plate], ports: Collection[str], process: Process) -> Drawing:
    """Where everything lies, in nm."""
    _check((*resistors, *capacitors), ports)
    rank = ranks((*resistors, *capacitors))
    bars = [resistor.drawn(part, process) for part in ordered(resistors, rank)]
    plates = [capacitor.drawn(part, process) for part in ordered(capacitors, rank)]
    pitch = process.track_width + process.along.space
    return _joined([*in_rows(bars, pitch), *in_rows(plates, pitch)], ports, process)


def _check(parts: Sequence[Bar | Plate], ports: Collection[str]) -> None:
    if not parts:
        raise RangeError("there is nothing to draw", "a layout has resistors and capacitors of fixed values (R, G, C)")
    if twice := [name for name, count in Counter(part.name for part in parts).items() if count > 1]:
        raise RangeError(f"two parts are called {twice[0]}", "give each a name of its own")
    if ring := next((part for part in parts if part.a == part.b), None):
        raise RangeError(f"{ring.name} has both ends at {ring.a}", "leave it out")
    nets = {net for part in parts for net in (part.a, part.b)}
    if lost := next((port for port in ports if port not in nets), None):
        raise RangeError(f"nothing that is drawn touches port {lost}", "name nets of the parts as ports")


def _joined(rows: Sequence[Sequence[Block]], ports: Collection[str], process: Process) -> Drawing:
    """Rows from bottom to top, each with its channel, and the nets between all of them."""
    found = Counter(net for row in rows for net in {pin.net for block in row for pin in block.pins})
    away = {net for net, count in found.items() if count > 1}
    edge = max(sum(block.width for block in row) for row in rows) + process.margin
    boxes: list[Box] = []
    tracks: list[Track] = []
    placed: list[list[Pin]] = []
    named: set[str] = set()
    y, width = 0, process.track_width
    for r, blocks in enumerate(rows):
        row = list(_in_line(blocks, y))
        boxes += [box for block in row for box in block.boxes]
        boxes += _row_marks([box for block in row for box in block.boxes], process)
        pins = [pin for block in row for pin in block.pins]
        extents = channel(pins, away, set(ports) - named, (-process.margin, edge))
        base = y + max(block.height for block in blocks) + process.margin
        heights = stacked(list(extents.values()), base, width, process.along.space)
        tracks += [Track(net, r, *extent, at) for (net, extent), at in zip(extents.items(), heights, strict=True)]
        placed.append(pins)
        named |= set(extents)
        y = max(heights) + width // 2 + process.margin
        y += -y % 10
    boxes += wired(tracks, placed, edge, process)
    first = {track.net: track for track in reversed(tracks)}
    boxes += [square(process.along.pin, first[port].low, first[port].y, (width, width)) for port in ports]
    return Drawing(tuple(boxes), tuple((net, first[net].low, first[net].y) for net in sorted(first)))


def _in_line(blocks: Sequence[Block], y: int) -> Iterator[Block]:
    """Blocks side by side from x = 0, at a height."""
    x = 0
    for block in blocks:
        yield block.moved(x, y)
        x += block.width


def _row_marks(boxes: Sequence[Box], process: Process) -> Iterator[Box]:
    """Marks that cover all film of a row in one piece."""
    film = [box for box in boxes if box.layer == process.film.layer]
    for mark in process.film.marks:
        if mark.over == "row" and film:
            yield over(mark.layer, film).grown(mark.layer, mark.x, mark.y)
