"""Names of nets where no wire joins them, port pins, and the signs of ground and of supplies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netlearn.circuit.model import GROUND
from netlearn.plot.schematic.shapes import BOLD, LINE, STUB, Box, Pin, Symbol, Text, text_width
from netlearn.plot.schematic.symbols import is_low, is_rail, is_supply
from netlearn.plot.schematic.wires import Node, Wiring, node, route

ROUNDS = 4  # of names that found no room and are placed before the wires


@dataclass(frozen=True)
class Name:
    """A net's name at the end of a short wire (from x, y to x1, y1); sign: `ground`, `supply` (a bar above, or
    below where it is negative), `port` or none."""

    net: str
    x: float
    y: float
    x1: float
    y1: float
    text: Text | None
    sign: str
    box: Box

    @property
    def stub(self) -> Box:
        x0, x1 = sorted((self.x, self.x1))
        y0, y1 = sorted((self.y, self.y1))
        return Box(x0 - 0.02, y0 - 0.02, x1 + 0.02, y1 + 0.02)


def joined(symbols: Sequence[Symbol], ports: Iterable[str], wanted: bool) -> tuple[Wiring, list[Name]]:
    """Wires and names for symbols at their places, so that every pin is on one net by a wire or by its name."""
    shown = frozenset(ports)
    blocked = [*(s.body for s in symbols), *(t.box for s in symbols for t in s.texts)]
    pins = list({(node(p), p.net): p for s in symbols for p in s.pins}.values())
    leads = [_lead(s, p) for s in symbols for p in s.pins]
    fixed: list[Name] = []
    for pin in pins:
        if is_rail(pin.net):
            fixed.append(_named([pin], shown, [*blocked, *_boxes(fixed)], leads) or _choices(pin, shown)[0])
    for last in (*(False for _ in range(ROUNDS)), True):
        wiring = route(symbols, _boxes(fixed), wanted and not last)
        names = list(fixed)
        lost = []
        for part in _unnamed(wiring, pins, fixed, shown):
            lines = [_line(a, b) for _, a, b in wiring.lines()]
            mine = [_line(a, b) for net, a, b in wiring.lines() if net == part[0].net]
            found = _named(part, shown, [*blocked, *_boxes(names), *lines], leads, mine)
            if found is None:
                lost.append(part)
            else:
                names.append(found)
        if not lost:
            break
        for part in lost:
            found = _named(part, shown, [*blocked, *_boxes(fixed)], leads)
            fixed.append(found or _choices(part[0], shown)[0])
        if last:
            names += fixed[-len(lost) :]
    return wiring, names


def _lead(symbol: Symbol, pin: Pin) -> tuple[Node, Box]:
    """The line between a pin and the body of its symbol."""
    b = symbol.body
    x = min(max(pin.x, b.x0), b.x1)
    y = min(max(pin.y, b.y0), b.y1)
    x0, x1 = sorted((x, pin.x))
    y0, y1 = sorted((y, pin.y))
    return node(pin), Box(x0 - 0.03, y0 - 0.03, x1 + 0.03, y1 + 0.03)


def _boxes(names: Sequence[Name]) -> list[Box]:
    return [box for name in names for box in (name.box, name.stub)]


def _line(a: Node, b: Node) -> Box:
    return Box(a[0] / 2 - 0.05, a[1] / 2 - 0.05, b[0] / 2 + 0.05, b[1] / 2 + 0.05)


def _unnamed(wiring: Wiring, pins: Sequence[Pin], fixed: Sequence[Name], shown: frozenset[str]) -> list[list[Pin]]:
    """The pins of each part of a net that needs a name: of ports, of nets in several parts or at one pin only."""
    has = {(round(2 * f.x), round(2 * f.y)) for f in fixed}
    found = []
    for net, parts in wiring.parts.items():
        if is_rail(net):
            continue
        for part in parts:
            mine = [p for p in pins if p.net == net and node(p) in part]
            lonely = len(mine) == 1 and len(parts) == 1
            if (net in shown or len(parts) > 1 or lonely) and not any(node(p) in has for p in mine):
                found.append(mine)
    return found


def _named(
    part: Sequence[Pin],
    shown: frozenset[str],
    taken: Sequence[Box],
    leads: Sequence[tuple[Node, Box]],
    mine: Sequence[Box] = (),
) -> Name | None:
    """The first place for a name where nothing is yet; its stub may lie on wires of its own net."""
    order = sorted(part, key=lambda p: (p.dx == 0, p.x if p.dx < 0 else -p.x, -p.y))
    for pin in order:
        others = [box for at, box in leads if at != node(pin)]
        for name in _choices(pin, shown):
            free = not any(name.box.meets(box) for box in (*taken, *(box for _, box in leads)))
            if free and not any(name.stub.meets(box) for box in (*others, *(t for t in taken if t not in mine))):
                return name
    return None


def _choices(pin: Pin, shown: frozenset[str]) -> list[Name]:
    ways = [(pin.dx, pin.dy), *(((1, 0), (-1, 0)) if pin.dy else ((0, 1), (0, -1)))]
    if pin.net == GROUND:
        return [_ground(pin, *way) for way in ways if way[1] <= 0] or [_ground(pin, 1, 0)]
    if is_supply(pin.net):
        return [_supply(pin, *way, 1) for way in ways if way[1] >= 0] or [_supply(pin, 1, 0, 1)]
    if is_low(pin.net):
        return [_supply(pin, *way, -1) for way in ways if way[1] <= 0] or [_supply(pin, 1, 0, -1)]
    return [_plain(pin, dx, dy, pin.net in shown) for dx, dy in ways]


def _plain(pin: Pin, dx: int, dy: int, port: bool) -> Name:
    x, y = pin.x + STUB * dx, pin.y + STUB * dy
    gap = 0.22 if port else 0.1
    if dx:
        text = Text(pin.net, x + gap * dx, y, "start" if dx > 0 else "end", strong=port)
    else:
        text = Text(pin.net, x, y + (gap + LINE / 2) * dy, "middle", strong=port)
    return Name(pin.net, pin.x, pin.y, x, y, text, "port" if port else "", text.box)


def _ground(pin: Pin, dx: int, dy: int) -> Name:
    x, y = pin.x + STUB * dx, pin.y + (0.1 * dy if dy else 0.0)
    return Name(pin.net, pin.x, pin.y, x, y, None, "ground", Box(x - 0.35, y - 0.8, x + 0.35, y - 0.05))


def _supply(pin: Pin, dx: int, dy: int, up: int) -> Name:
    x, y = pin.x + STUB * dx, pin.y + 0.1 * dy
    wide = max(text_width(pin.net) * BOLD, 0.6) / 2
    text = Text(pin.net, x, y + 0.62 * up, "middle", strong=True)
    low, high = sorted((y + 0.05 * up, y + 0.85 * up))
    return Name(pin.net, pin.x, pin.y, x, y, text, "supply", Box(x - wide, low, x + wide, high))
