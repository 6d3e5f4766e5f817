"""A resistor: straight bars of film side by side, joined by metal at alternating ends, both ends of the chain at the top.

R = sheet L / W of all bars' bodies together, each a rectangle between two heads of the same film under contacts: there are no
corners, so squares are counted exactly, by us and by whoever extracts them. L is a whole number of grid steps, which
is exact to TOLERANCE with the narrowest width that is wide enough; an even number of bars ends where it begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from netlearn.errors import RangeError
from netlearn.export.gds.process import GRID, Film, Process
from netlearn.export.gds.shapes import Block, Box, Pin, over, pad, reach, tower
from netlearn.units import engineering

TOLERANCE = 5e-4


@dataclass(frozen=True)
class Bar:
    """A resistor between nets a and b, in Ohm."""

    name: str
    a: str
    b: str
    ohms: float


def folded(bar: Bar, film: Film) -> tuple[int, list[int]]:
    """Width and the length of every bar, in nm; RangeError where the film has none of that value."""
    if not (math.isfinite(bar.ohms) and bar.ohms > 0):
        raise RangeError(f"{bar.name}: {bar.ohms:g} Ohm is no resistance", "give it a value above 0 Ohm")
    for width in film.widths:
        exact = bar.ohms / film.sheet * width / GRID
        steps = round(exact)
        if steps * GRID >= 2 * film.least and abs(steps - exact) <= TOLERANCE * exact:
            count = 2 * math.ceil(steps * GRID / (2 * film.reach))
            if count > film.folds:
                most = engineering(film.folds * film.reach / film.widths[0] * film.sheet, "Ohm")
                raise RangeError(
                    f"{bar.name}: {engineering(bar.ohms, 'Ohm')} is too large for {film.name}, which has {most} in {film.folds} bars",
                    "scale all resistances of the circuit down, or take a process with a higher sheet resistance",
                )
            share, rest = divmod(steps, count)
            return width, [GRID * (share + (k < rest)) for k in range(count)]
    safe = engineering(max(GRID / (2 * TOLERANCE), 2 * film.least) / film.widths[-1] * film.sheet, "Ohm")
    raise RangeError(
        f"{bar.name}: {engineering(bar.ohms, 'Ohm')} is too small for {film.name}, which has all from {safe} on to {TOLERANCE:.2%}",
        "scale all resistances of the circuit up, or take a process with a lower sheet resistance",
    )


def drawn(bar: Bar, process: Process) -> Block:
    """Its bars, the metal that joins them, and its two pins at the top."""
    film, across = process.film, process.track + 1
    width, lengths = folded(bar, film)
    wide = max(width, film.contact.size[0] + 2 * film.contact.below)
    pitch = max(wide + film.space, reach(process, -1, across))
    pitch += -pitch % (2 * GRID)
    head = film.inset + film.contact.size[1] + film.contact.below
    depth = film.inset + film.contact.size[1] // 2
    boxes: list[Box] = []
    ends: list[tuple[int, int, int]] = []
    for k, length in enumerate(lengths):
        x = pitch // 2 + k * pitch
        body = Box(film.body, x - width // 2, head, x + width // 2, head + length)
        boxes += _bar(process, body, head, wide)
        ends.append((x, head - depth, head + length + depth))
    for k, ((x, low, top), (right, right_low, right_top)) in enumerate(pairwise(ends)):
        strap = [(x, top), (right, right_top)] if k % 2 else [(x, low), (right, right_low)]
        boxes += _strap(process, strap)
    (first, _, top), (last, _, last_top) = ends[0], ends[-1]
    for x, y in ((first, top), (last, last_top)):
        boxes += tower(process, x, y, -1, across)
    pins = (Pin(bar.a, first, top), Pin(bar.b, last, last_top))
    return Block(tuple(boxes), pins, pitch * len(lengths), 2 * head + max(lengths))


def _bar(process: Process, body: Box, head: int, wide: int) -> Iterator[Box]:
    """Body, heads and the marks of one bar; `body` lies on the layer that marks it."""
    film = process.film
    x = (body.x0 + body.x1) // 2
    heads = [
        Box(film.layer, x - wide // 2, y0, x + wide // 2, y1)
        for y0, y1 in ((body.y0 - head, body.y0), (body.y1, body.y1 + head))
    ]
    yield from (body, body.grown(film.layer, 0, 0), *heads)
    for mark in film.marks:
        if mark.over == "body":
            yield body.grown(mark.layer, mark.x, mark.y)
        elif mark.over == "head":
            low, high = (part.grown(mark.layer, mark.x, mark.y) for part in heads)
            yield from (low._replace(y1=body.y0), high._replace(y0=body.y1))


def _strap(process: Process, ends: list[tuple[int, int]]) -> Iterator[Box]:
    """Two heads joined along x."""
    for x, y in ends:
        yield from tower(process, x, y, -1, process.track)
    below = process.cuts[process.track - 1] if process.track else process.film.contact
    size = pad(below, below.above, process.along)
    pads = [
        Box(process.along.layer, x - size[0] // 2, y - size[1] // 2, x + size[0] // 2, y + size[1] // 2)
        for x, y in ends
    ]
    yield over(process.along.layer, pads)
