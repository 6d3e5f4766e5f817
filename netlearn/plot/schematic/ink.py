"""A schematic as SVG: schemdraw draws the symbols, wires and texts where they have been placed."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

from netlearn.plot.schematic.names import Name
from netlearn.plot.schematic.shapes import Box, Symbol, Text, around
from netlearn.plot.schematic.symbols import AMPLIFIERS
from netlearn.plot.schematic.wires import Wiring

SIZE, POINTS, MARGIN = 11, 28, 0.4  # of letters and of a unit of the grid in points; around the drawing, in units
FONT = "Helvetica, Arial, sans-serif"
INK, WIRE, FAINT, PORT = "#111111", "#1f4e79", "#666666", "#a33b00"
STROKE = 1.3
FET = 1.2  # by how much a transistor is larger than schemdraw's
PLATE, LEAD = FET * 2 / 3, 0.2
"""From the line of a transistor's ends to its channel, and to the end of its bulk's terminal."""


def ink(symbols: Sequence[Symbol], wiring: Wiring, names: Sequence[Name]) -> str:
    """The same text for the same drawing."""
    import schemdraw
    from schemdraw import elements as elm

    schemdraw.use("svg")
    drawing = schemdraw.Drawing(show=False)
    drawing.config(unit=3, inches_per_unit=POINTS / 72, lw=STROKE)
    for _, a, b in wiring.lines():
        _line(drawing, elm, [(a[0] / 2, a[1] / 2), (b[0] / 2, b[1] / 2)], WIRE)
    for name in names:
        _name(drawing, elm, name)
    for symbol in symbols:
        _symbol(drawing, elm, symbol)
    for x, y in _dots(symbols, wiring, names):
        drawing.add(elm.Dot(radius=0.08).at((x, y)).color(WIRE))
    texts = [*(t for s in symbols for t in s.texts), *(n.text for n in names if n.text is not None)]
    strokes = ""
    if symbols:  # schemdraw's document of nothing has no end
        drawn = drawing.get_imagedata("svg").decode()
        strokes = drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")]
    return f"{_head(symbols, wiring, names)}{strokes}{''.join(map(_text, texts))}</svg>\n"


def _head(symbols: Sequence[Symbol], wiring: Wiring, names: Sequence[Name]) -> str:
    """The beginning of the document: as large as what is drawn (schemdraw does not know how wide texts are)."""
    ends = [Box(x / 2, y / 2, x / 2, y / 2) for x, y in wiring.nodes]
    boxes = [*(s.extent for s in symbols), *ends, *(n.box for n in names), *(n.stub for n in names)]
    box = around(boxes or [Box(0, 0, 1, 1)])
    wide, high = (box.x1 - box.x0 + 2 * MARGIN) * POINTS, (box.y1 - box.y0 + 2 * MARGIN) * POINTS
    left, top = (box.x0 - MARGIN) * POINTS, -(box.y1 + MARGIN) * POINTS
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.1f}pt" height="{high:.1f}pt" '
        f'viewBox="{left:.1f} {top:.1f} {wide:.1f} {high:.1f}" font-family="{FONT}" font-size="{SIZE}">'
    )


def _text(text: Text) -> str:
    color, weight = FAINT if text.quiet else INK, ' font-weight="bold"' if text.strong else ""
    at = f'x="{text.x * POINTS:.1f}" y="{-text.y * POINTS + 0.36 * SIZE:.1f}" text-anchor="{text.align}"'
    return f'<text {at} fill="{color}"{weight}>{html.escape(text.text)}</text>'


def _line(drawing: Any, elm: Any, points: Iterable[tuple[float, float]], color: str = INK) -> None:
    a, *rest = points
    for b in rest:
        if a != b:
            drawing.add(elm.Line().endpoints(a, b).color(color))
        a = b


def _name(drawing: Any, elm: Any, name: Name) -> None:
    _line(drawing, elm, [(name.x, name.y), (name.x1, name.y1)], WIRE)
    if name.sign == "ground":
        drawing.add(elm.Ground().at((name.x1, name.y1)).theta(0).color(INK))
    elif name.sign == "supply":
        bar = name.y1 + (0.3 if name.box.y1 > name.y1 + 0.1 else -0.3)
        _line(drawing, elm, [(name.x1, name.y1), (name.x1, bar)])
        _line(drawing, elm, [(name.x1 - 0.3, bar), (name.x1 + 0.3, bar)])
    elif name.sign == "port":
        drawing.add(elm.Dot(open=True, radius=0.1).at((name.x1, name.y1)).color(PORT))


def _dots(symbols: Sequence[Symbol], wiring: Wiring, names: Sequence[Name]) -> list[tuple[float, float]]:
    """Where three or more lines of one net meet."""
    ends: dict[tuple[float, float, str], set[tuple[float, float]] | Any] = {}

    def count(x: float, y: float, net: str, way: tuple[float, float]) -> None:
        ends.setdefault((x, y, net), set()).add(way)

    for (a, b), net in wiring.edges.items():
        count(a[0] / 2, a[1] / 2, net, (b[0] - a[0], b[1] - a[1]))
        count(b[0] / 2, b[1] / 2, net, (a[0] - b[0], a[1] - b[1]))
    for symbol in symbols:
        for pin in symbol.pins:
            count(pin.x, pin.y, pin.net, (-pin.dx, -pin.dy))
    for name in names:
        count(name.x, name.y, name.net, (_sign(name.x1 - name.x), _sign(name.y1 - name.y)))
    return sorted((x, y) for (x, y, _), ways in ends.items() if len(ways) > 2)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _symbol(drawing: Any, elm: Any, symbol: Symbol) -> None:
    if symbol.shape in ("NMOS", "PMOS"):
        _transistor(drawing, elm, symbol)
    elif symbol.shape in AMPLIFIERS:
        _amplifier(drawing, elm, symbol)
    elif symbol.shape == "Block":
        _block(drawing, elm, symbol)
    else:
        _ended(drawing, elm, symbol)


def _transistor(drawing: Any, elm: Any, symbol: Symbol) -> None:
    gate, top, bottom = symbol.pins
    placed = (elm.PFet if symbol.shape == "PMOS" else elm.NFet)().anchor("center").at((top.x, gate.y)).theta(0).scale(FET).color(INK)  # fmt: skip
    if not symbol.mirrored:
        placed = placed.reverse()
    placed = drawing.add(placed)
    upper, lower = ("source", "drain") if symbol.shape == "PMOS" else ("drain", "source")
    for pin, anchor in ((gate, "gate"), (top, upper), (bottom, lower)):
        at = placed.absanchors[anchor]
        _line(drawing, elm, [(pin.x, pin.y), (round(at[0], 6), round(at[1], 6))])
    if symbol.bulk:
        away = (top.x > gate.x) - (top.x < gate.x)
        ends = [(round(top.x - PLATE * away, 6), gate.y), (round(top.x + LEAD * away, 6), gate.y)]
        _line(drawing, elm, ends)


def _amplifier(drawing: Any, elm: Any, symbol: Symbol) -> None:
    x, y = symbol.body.x0, (symbol.body.y0 + symbol.body.y1) / 2
    placed = drawing.add(elm.Opamp().at((x, y)).theta(0).scale(1.6).color(INK))
    del placed
    tip = x + 1.6 * 2.165
    for pin in symbol.pins:
        inner = {"n": (x, pin.y), "p": (x, pin.y), "out": (tip, y), "ref": (pin.x, symbol.body.y0 + 0.72)}[pin.name]
        _line(drawing, elm, [(pin.x, pin.y), inner])


def _block(drawing: Any, elm: Any, symbol: Symbol) -> None:
    b = symbol.body
    _line(drawing, elm, [(b.x0, b.y0), (b.x1, b.y0), (b.x1, b.y1), (b.x0, b.y1), (b.x0, b.y0)])
    for pin in symbol.pins:
        inner = (min(max(pin.x, b.x0), b.x1), min(max(pin.y, b.y0), b.y1))
        _line(drawing, elm, [(pin.x, pin.y), inner])


def _ended(drawing: Any, elm: Any, symbol: Symbol) -> None:
    kinds = {
        "R": elm.ResistorIEC, "G": elm.ResistorIEC, "Ohmic": elm.ResistorIEC, "C": elm.Capacitor, "Cm": elm.Capacitor,
        "L": elm.Inductor2, "D": elm.Diode, "V": elm.SourceV, "I": elm.SourceI, "Switch": elm.Switch,
    }  # fmt: skip
    a, b = symbol.pins[:2]
    if symbol.mirrored:
        a, b = b, a
    # schemdraw draws sources with the plus sign at their end
    start, end = ((b.x, b.y), (a.x, a.y)) if symbol.shape == "V" else ((a.x, a.y), (b.x, b.y))
    drawing.add(kinds[symbol.shape]().endpoints(start, end).color(INK))
    for pin in symbol.pins[2:]:  # of a switch: what steers it
        _line(drawing, elm, [(pin.x, pin.y), (symbol.body.x0, pin.y), (symbol.body.x0, (a.y + b.y) / 2)])
    if symbol.pins[2:]:
        middle = (a.y + b.y) / 2
        drawing.add(elm.Line().endpoints((symbol.body.x0, middle), (a.x, middle)).linestyle("--").color(FAINT))
