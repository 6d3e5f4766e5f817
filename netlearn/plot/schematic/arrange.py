"""From a cell to symbols with places: groups of symbols, in layers from what is read to what is driven.

`arrange` is a function of the cell alone; no two symbols it gives overlap, texts included.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from netlearn.circuit.model import Cell, Element, Instance
from netlearn.errors import CircuitError
from netlearn.plot.schematic.amplifiers import amplifier_groups
from netlearn.plot.schematic.columns import column_groups
from netlearn.plot.schematic.shapes import Group, Symbol, moved, room, text_width, up
from netlearn.plot.schematic.symbols import (
    AMPLIFIERS,
    ENDED,
    TRANSISTORS,
    block,
    element_symbol,
    instance_symbol,
    is_rail,
    several,
    side_of,
)

MANY = 12  # members of an array that are drawn one by one
MOST = 500  # elements to be drawn one by one: arranging takes the square of their number
TALLEST = 34.0  # of a layer, before it goes on in another
SOURCES = 4  # in a row
APART = 1.0  # groups above each other
WIDEST = 46.0  # of layers beside each other
BELOW = 1.5  # between rows of layers
CHANNEL = 1.5  # between layers, for wires


@dataclass(frozen=True)
class _Flow:
    """A group with the nets it reads and those it drives."""

    group: Group
    reads: frozenset[str]
    drives: frozenset[str]


def arrange(cell: Cell) -> Group:
    """Every symbol of a cell at its place."""
    flows = _flows(cell)
    layers = _split(_layers(flows), flows)
    return _stacked(layers, flows)


def _flows(cell: Cell) -> list[_Flow]:
    elements, arrays = _without_arrays(cell)
    if len(elements) > MOST:
        raise CircuitError(
            f"{cell.name} has {len(elements)} elements of their own to be drawn",
            f"at most {MOST} can be arranged: put what repeats into modules or into arrays, r[i]",
        )
    standing = [e for e in elements if e.device.name in (*TRANSISTORS, *ENDED)]
    triangles = [e for e in elements if e.device.name in AMPLIFIERS]
    boxes = [e for e in elements if e not in standing and e not in triangles]
    amplified, rest = amplifier_groups(triangles, standing)
    groups = [*_beside(column_groups(rest)), *amplified, *((element_symbol(e),) for e in boxes)]
    groups += [(instance_symbol(i),) for i in cell.instances if _base(i.name) not in arrays]
    groups += [_array(base, members) for base, members in arrays.items()]
    return _loads([_flow(group) for group in groups])


def _beside(groups: Sequence[Group]) -> list[Group]:
    """Lone sources stand beside each other, a few in a row; other groups are as they were."""
    lone = [g for g in groups if len(g) == 1 and g[0].shape in ("V", "I") and any(is_rail(p.net) for p in g[0].pins)]
    row: list[Symbol] = []
    rows: list[Group] = []
    for k, group in enumerate(lone):
        edge = room(row).x1 + 1.0 if row else 0.0
        names = max(text_width(p.net) for p in group[0].pins) / 2
        row += moved(group, up(edge + names - min(room(group).x0 + names, 0.0)), 0)
        if len(row) == SOURCES or k == len(lone) - 1:
            rows.append(tuple(row))
            row = []
    return [*rows, *(g for g in groups if g not in lone)]


def _loads(flows: Sequence[_Flow]) -> list[_Flow]:
    """Where elements that drive nothing by themselves hang on a net that others drive, they read it."""
    passive = [all(s.shape in ENDED and s.shape not in ("V", "I") for s in flow.group) for flow in flows]
    driven = frozenset(
        n for flow, is_passive in zip(flows, passive, strict=True) if not is_passive for n in flow.drives
    )
    found = []
    for flow, is_passive in zip(flows, passive, strict=True):
        nets = flow.reads | flow.drives
        found.append(_Flow(flow.group, nets & driven, nets - driven) if is_passive else flow)
    return found


def _flow(group: Group) -> _Flow:
    reads: set[str] = set()
    drives: set[str] = set()
    for symbol in group:
        for pin in symbol.pins:
            if not is_rail(pin.net):
                (reads if pin.dx < 0 or pin.name == "g" else drives).add(pin.net)
    if any(s.shape in AMPLIFIERS for s in group):
        drives = {p.net for s in group if s.shape in AMPLIFIERS for p in s.pins if p.name == "out"}
        reads = {p.net for s in group for p in s.pins if not is_rail(p.net)} - drives
    return _Flow(group, frozenset(reads - drives), frozenset(drives))


def _base(name: str) -> str:
    return re.sub(r"(\[\d+\])+$", "", name)


def _without_arrays(cell: Cell) -> tuple[list[Element], dict[str, list[Element | Instance]]]:
    """The elements to be drawn one by one, and the members of arrays (elements or instances) that are too many."""
    members: dict[str, list[Element | Instance]] = {}
    parts: list[Element | Instance] = [*cell.elements, *cell.instances]
    for part in parts:
        members.setdefault(_base(part.name), []).append(part)
    arrays = {base: parts for base, parts in members.items() if len(parts) > MANY}
    return [e for e in cell.elements if _base(e.name) not in arrays], arrays


def _array(base: str, members: Sequence[Element | Instance]) -> Group:
    """A box that stands for all of an array; where their nets differ, indices are left open."""
    first = members[0]
    if isinstance(first, Instance):
        kind, names = first.cell.name, first.cell.ports
        sides = [side_of(first.cell, port) for port in names]
        nets = [[m.nets[port] for m in members if isinstance(m, Instance)] for port in names]
    else:
        kind, names = first.device.name, first.device.terminals
        sides = ["left" if k % 2 == 0 else "right" for k in range(len(names))]
        nets = [[m.nodes[k] for m in members if isinstance(m, Element)] for k in range(len(names))]
    pins = [(name, several(of), side) for name, of, side in zip(names, nets, sides, strict=True)]
    return (block(f"{base}[{len(members)}]", f"{len(members)} × {kind}", pins),)


def _layers(flows: Sequence[_Flow]) -> list[int]:
    """A layer for each group: behind all that drive it, but for what would go round in a circle."""
    before = [
        [j for j, other in enumerate(flows) if j != i and other.drives & flow.reads] for i, flow in enumerate(flows)
    ]
    layer: dict[int, int] = {}
    open_: set[int] = set()

    def depth(i: int) -> int:
        if i not in layer:
            open_.add(i)
            layer[i] = max((depth(j) + 1 for j in before[i] if j not in open_), default=0)
            open_.discard(i)
        return layer[i]

    return [depth(i) for i in range(len(flows))]


def _split(layer: Sequence[int], flows: Sequence[_Flow]) -> list[list[int]]:
    """The groups of each layer; a layer that is too tall goes on beside itself."""
    layers: list[list[int]] = []
    for number in range(max(layer, default=-1) + 1):
        height = 0.0
        layers.append([])
        for i in (i for i, of in enumerate(layer) if of == number):
            box = room(flows[i].group)
            if layers[-1] and height + box.y1 - box.y0 > TALLEST:
                layers.append([])
                height = 0.0
            layers[-1].append(i)
            height += box.y1 - box.y0 + APART
    return layers


def _rows(layers: Sequence[Sequence[int]], flows: Sequence[_Flow]) -> list[list[Sequence[int]]]:
    """Layers beside each other as far as a page is wide, the others below them."""
    rows: list[list[Sequence[int]]] = []
    edge = 0.0
    for members in layers:
        wide = _width(members, flows) + CHANNEL
        if not rows or edge + wide > WIDEST:
            rows.append([])
            edge = 0.0
        rows[-1].append(members)
        edge += wide
    return rows


def _width(members: Sequence[int], flows: Sequence[_Flow]) -> float:
    boxes = [room(flows[i].group) for i in members]
    return max(box.x1 - box.x0 for box in boxes)


def _stacked(layers: Sequence[Sequence[int]], flows: Sequence[_Flow]) -> Group:
    """Layers from left to right, in rows from the upper to the lower."""
    found: list[Symbol] = []
    for row in _rows(layers, flows):
        symbols = _row(row, flows)
        lift = -up(room(symbols).y1 - room(found).y0 + BELOW) if found else 0.0
        found += moved(symbols, 0.0, lift)
    return tuple(found)


def _row(layers: Sequence[Sequence[int]], flows: Sequence[_Flow]) -> Group:
    """Layers from left to right, the groups of each at the heights of the nets they read."""
    source: dict[str, float] = {}  # net to the height at which it is driven
    found: list[Symbol] = []
    x = 0.0
    for members in layers:
        wished = {i: _wish(flows[i], source) for i in members}
        order = sorted(members, key=lambda i: (-(wished[i] or 0.0), i))
        boxes = {i: room(flows[i].group) for i in members}
        places = _heights(order, wished, {i: (b.y0, b.y1) for i, b in boxes.items()})
        for i in order:
            group = moved(flows[i].group, up(x - boxes[i].x0), places[i])
            found += group
            for pin in (pin for symbol in group for pin in symbol.pins):
                if pin.net in flows[i].drives and (pin.dx > 0 or pin.net not in source):
                    source[pin.net] = pin.y
        x += _width(members, flows) + CHANNEL
    return tuple(found)


def _wish(flow: _Flow, source: dict[str, float]) -> float | None:
    """How far to lift a group for its first input to be in line with what drives it."""
    for symbol in flow.group:
        for pin in symbol.pins:
            if pin.net in flow.reads and pin.net in source:
                return source[pin.net] - pin.y
    return None


def _heights(
    order: Sequence[int], wished: dict[int, float | None], spans: dict[int, tuple[float, float]]
) -> dict[int, float]:
    """Lifts of groups from the upper to the lower: as wished, but each below the one before."""
    total = sum(high - low + APART for low, high in spans.values())
    floor = None
    places: dict[int, float] = {}
    for i in order:
        low, high = spans[i]
        wish = wished[i]
        if wish is None:
            wish = (total / 2 if floor is None else floor) - high
        lift = wish if floor is None else min(wish, floor - high)
        places[i] = -up(-lift)
        floor = places[i] + low - APART
    return places
