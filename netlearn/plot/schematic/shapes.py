"""What a schematic is made of: boxes, pins, texts and symbols, with positions in grid units, x to the right and y up.

Pins lie on multiples of half a unit, so that wires can. A symbol is placed once and moved as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Align = Literal["start", "middle", "end"]
LETTER, LINE = 0.225, 0.42  # of a text: width of a letter, height of a line, on the safe side
BOLD = 1.12  # letters are so much wider
STUB = 0.5  # from a pin to the name of its net


@dataclass(frozen=True)
class Box:
    """An upright rectangle."""

    x0: float
    y0: float
    x1: float
    y1: float

    def moved(self, dx: float, dy: float) -> Box:
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def meets(self, other: Box) -> bool:
        """They have an area in common; edges may touch."""
        near = 1e-6
        return (
            self.x0 < other.x1 - near
            and other.x0 < self.x1 - near
            and self.y0 < other.y1 - near
            and other.y0 < self.y1 - near
        )


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that has them all in it."""
    many = list(boxes)
    return Box(min(b.x0 for b in many), min(b.y0 for b in many), max(b.x1 for b in many), max(b.y1 for b in many))


@dataclass(frozen=True)
class Text:
    """One line of text at a point: its start, middle or end lies there; vertically its middle does."""

    text: str
    x: float
    y: float
    align: Align = "start"
    strong: bool = False
    quiet: bool = False

    @property
    def box(self) -> Box:
        width = text_width(self.text) * (BOLD if self.strong else 1.0)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.align]
        return Box(left, self.y - LINE / 2, left + width, self.y + LINE / 2)

    def moved(self, dx: float, dy: float) -> Text:
        return replace(self, x=self.x + dx, y=self.y + dy)


def text_width(text: str) -> float:
    return LETTER * len(text)


@dataclass(frozen=True)
class Pin:
    """Where a net is joined to a symbol, and the way a wire leaves it (one of dx, dy is 1 or -1)."""

    name: str
    net: str
    x: float
    y: float
    dx: int
    dy: int

    def moved(self, dx: float, dy: float) -> Pin:
        return replace(self, x=self.x + dx, y=self.y + dy)


@dataclass(frozen=True)
class Symbol:
    """One element or instance: `body` is what is drawn of it without the leads to its pins.

    shape: a kind of `netlearn.plot.schematic.ink`; mirrored: a transistor with its gate at the right, an element that
    lies (instead of standing) with its first terminal at the right, or that stands upside down; bulk: the net that a terminal of a
    transistor between its two ends has for a label, or nothing where it has none."""

    name: str
    shape: str
    body: Box
    pins: tuple[Pin, ...]
    texts: tuple[Text, ...]
    mirrored: bool = False
    bulk: str = ""

    def moved(self, dx: float, dy: float) -> Symbol:
        return replace(
            self,
            body=self.body.moved(dx, dy),
            pins=tuple(p.moved(dx, dy) for p in self.pins),
            texts=tuple(t.moved(dx, dy) for t in self.texts),
        )

    @property
    def lies(self) -> bool:
        """Its first pin is at the left or right of it."""
        return self.pins[0].dx != 0

    @property
    def extent(self) -> Box:
        """With its pins and texts."""
        points = [Box(p.x, p.y, p.x, p.y) for p in self.pins]
        return around([self.body, *points, *(t.box for t in self.texts)])


Group = tuple[Symbol, ...]
"""Symbols that keep their places to each other."""


def moved(group: Iterable[Symbol], dx: float, dy: float) -> Group:
    return tuple(symbol.moved(dx, dy) for symbol in group)


def room(group: Iterable[Symbol]) -> Box:
    """What a group takes up at most: its symbols, and a name at each pin that points out to a side."""
    many = list(group)
    return around([*(s.extent for s in many), *(reserved(p) for s in many for p in s.pins)])


def reserved(pin: Pin) -> Box:
    """The room for the name of a pin's net, ahead of the pin."""
    wide = text_width(pin.net) + STUB + 0.2
    if pin.dx:
        x0, x1 = sorted((pin.x, pin.x + pin.dx * wide))
        return Box(x0, pin.y - LINE / 2, x1, pin.y + LINE / 2)
    return Box(pin.x - 0.5, min(pin.y, pin.y + pin.dy * 1.2), pin.x + 0.5, max(pin.y, pin.y + pin.dy * 1.2))


def up(value: float) -> float:
    """The next multiple of half a unit."""
    return math.ceil(value * 2 - 1e-9) / 2
