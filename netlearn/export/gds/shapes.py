"""Rectangles, and what parts of a layout are made of them: whole nanometres, corners on the grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from netlearn.export.gds.process import Cut, Layer, Process, Wire


class Box(NamedTuple):
    """A rectangle on a layer, from (x0, y0) to (x1, y1)."""

    layer: Layer
    x0: int
    y0: int
    x1: int
    y1: int

    def moved(self, x: int, y: int) -> Box:
        return Box(self.layer, self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y)

    def grown(self, layer: Layer, x: int, y: int) -> Box:
        """The same on another layer, standing out by x and y on either side."""
        return Box(layer, self.x0 - x, self.y0 - y, self.x1 + x, self.y1 + y)


class Pin(NamedTuple):
    """Where a net leaves a block: the middle of a pad of the wire across."""

    net: str
    x: int
    y: int


@dataclass(frozen=True)
class Block:
    """A part as it is drawn, with its lower left corner at (0, 0). What blocks lie apart by is within `width`."""

    boxes: tuple[Box, ...]
    pins: tuple[Pin, ...]
    width: int
    height: int

    def moved(self, x: int, y: int) -> Block:
        boxes = tuple(box.moved(x, y) for box in self.boxes)
        return Block(boxes, tuple(Pin(p.net, p.x + x, p.y + y) for p in self.pins), self.width, self.height)


def square(layer: Layer, x: int, y: int, size: tuple[int, int]) -> Box:
    """A rectangle of a size around a point."""
    return Box(layer, x - size[0] // 2, y - size[1] // 2, x + size[0] // 2, y + size[1] // 2)


def over(layer: Layer, boxes: Iterable[Box]) -> Box:
    """The smallest rectangle around others."""
    _, x0, y0, x1, y1 = zip(*boxes, strict=True)
    return Box(layer, min(x0), min(y0), max(x1), max(y1))


def pad(cut: Cut, enclosure: int, wire: Wire) -> tuple[int, int]:
    """The size of an island of metal around a cut."""
    x, y = (max(size + 2 * enclosure, wire.island) for size in cut.size)
    return x, y


def tower(process: Process, x: int, y: int, low: int, high: int) -> Iterator[Box]:
    """Cuts and pads that join wire `low` to wire `high` at a point; low -1 is the film, which has its own head."""
    joints = {-1: process.film.contact, **dict(enumerate(process.cuts))}
    for level in range(low, high):
        cut = joints[level]
        yield square(cut.layer, x, y, cut.size)
        if level >= 0:
            yield square(process.wires[level].layer, x, y, pad(cut, cut.below, process.wires[level]))
        yield square(process.wires[level + 1].layer, x, y, pad(cut, cut.above, process.wires[level + 1]))


def reach(process: Process, low: int, high: int) -> int:
    """How far apart two such towers are, middle to middle, so that no two pads come too close."""
    levels: dict[Layer, int] = {wire.layer: wire.space for wire in process.wires}
    pads = [box for box in tower(process, 0, 0, low, high) if box.layer in levels]
    return max(box.x1 - box.x0 + levels[box.layer] for box in pads)
