"""KiCad schematics of a board, and its netlist: what is on them simulates, and is what is bought.

    board.kicad_sch     the top sheet: what drives the inputs, a text that asks for the operating point, the other sheets
    sheet1.kicad_sch    packages, grouped by the cells of the netlist; sheet2 and so on
    models.cir          what is in each of them, as SPICE (`netlearn.export.board.inside`)
    board.net           packages, footprints and the nets of their pins, for a layout

Every pin has a global label at its tip, so that nothing is joined by where wires cross. UUIDs are made of names (uuid5): the
same design is the same bytes. The format is that of KiCad 6 (20211123), which 6 to 9 open. Fields `Sim.*` are those of KiCad 7
and later. Capacitors at supplies, resistors that pull up and connectors are not simulated (`Sim.Enable` 0); sources of the
bench, and what no part is sold for, are in no bill of material and on no board.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from netlearn.export.board.inside import NGSPICE, element, library
from netlearn.export.board.layout import GRID, Frame, Place, shape, sheets
from netlearn.export.board.pack import Board, Box, Pin, packed
from netlearn.export.design import GND, Design, Part, specialised
from netlearn.export.formats.order import Files, Order
from netlearn.export.formats.spice import drives

VERSION = "20211123"
ROOT = "board"
EDGE = 6  # grid units from the corner of the paper to the first frame
SHEETS_A_ROW = 6


@dataclass(frozen=True)
class _Symbol:
    """A box on a sheet with its fields, and whether it is bought."""

    place: Place
    fields: tuple[tuple[str, str], ...]
    bought: bool


def write(design: Design, order: Order) -> Files:
    """The files of a design."""
    board = packed(design)
    simulated = {box.ref for box in board.boxes}
    pages = sheets((*board.boxes, *board.beside))
    files = {"models.cir": library(design, board), f"{ROOT}.net": netlist(board)}
    paths: list[str] = []
    for k, frames in enumerate(pages):
        symbols = [
            _Symbol(p, _fields(p.box, p.box.ref in simulated), bool(p.box.footprint)) for f in frames for p in f.places
        ]
        name = f"sheet{k + 1}"
        files[f"{name}.kicad_sch"] = _file(name, design.title, symbols, frames, [])
        paths += [_instance(f"/{_id(name, 'sheet')}", name, symbol) for symbol in symbols]
    sources = _sources(design)
    body = [_sheet(k, frames) for k, frames in enumerate(pages)] + [_directives(len(sources))]
    paths += [_instance("", ROOT, symbol) for symbol in sources]
    body.append(f'(sheet_instances (path "/" (page "1")){"".join(_page(k) for k in range(len(pages)))})')
    body.append(f"(symbol_instances\n{chr(10).join(paths)}\n)")
    return {f"{ROOT}.kicad_sch": _file(ROOT, design.title, sources, [], body), **files}


def _fields(box: Box, simulated: bool) -> tuple[tuple[str, str], ...]:
    """What a symbol says of its part: how it is bought, which parts it is, how it simulates."""
    package = box.package
    bought = [("MPN", package.mpn), ("Manufacturer", package.maker)] if package else []
    parts = [("Parts", " ".join(m.path for m in box.members))] if box.members else []
    if not simulated:
        return (*bought, *parts, ("Sim.Enable", "0"))
    if (one := element(box)) is not None:
        return (*bought, *parts, *_raw(*one))
    pins = " ".join(f"{pin.number}=p{pin.number}" for pin in box.pins)
    model = (("Sim.Device", "SUBCKT"), ("Sim.Pins", pins), ("Sim.Library", "models.cir"), ("Sim.Name", box.ref.lower()))
    return (*bought, *parts, *model)


def _raw(letter: str, value: str) -> tuple[tuple[str, str], ...]:
    """An element of two terminals, its value as it is written: not a bare number, of which KiCad may keep six digits."""
    return ("Sim.Device", "SPICE"), ("Sim.Pins", "1=1 2=2"), ("Sim.Params", f'type="{letter}" model="{value}" lib=""')


def _sources(design: Design) -> list[_Symbol]:
    """The sources of the netlist's top, and those of the inputs, down the left side of the top sheet."""
    found: list[tuple[str, str, tuple[str, str], str]] = []
    for part in specialised(design).bench.sources:
        found.append((part.name, part.device.name, (part.nets[0], part.nets[1]), _value(part)))
    for name, kind, net, level in drives(design):
        found.append((name, kind, (net, GND) if kind == "V" else (GND, net), f"dc {level!r}"))
    symbols = []
    for k, (name, kind, (p, n), value) in enumerate(found):
        shown = " ".join(value.split()[:2])  # a function of time may have thousands of points
        box = Box(f"{kind}{k + 1}", f"{name} = {shown}", "", (Pin("1", "p", p), Pin("2", "n", n)))
        symbols.append(_Symbol(Place(box, 2 * EDGE + 22 * (k // 20), EDGE + 5 * (k % 20)), _raw(kind, value), False))
    return symbols


def _value(part: Part) -> str:
    wave, level = part.wave, float(part.numbers[part.device.value])
    return f"dc {wave.value(0.0)!r} {wave.spice()}" if wave else f"dc {level!r}"


def _file(name: str, title: str, symbols: Sequence[_Symbol], frames: Sequence[Frame], more: Sequence[str]) -> str:
    """A sheet."""
    shapes = {_kind(s.place.box): s.place.box for s in symbols}
    lines = [
        f'(kicad_sch (version {VERSION}) (generator netlearn) (uuid {_id(name, "file")}) (paper "A3")',
        f"(title_block (title {_q(title)}))",
        "(lib_symbols",
        *(_library(kind, box) for kind, box in shapes.items()),
        ")",
        *(line for frame in frames for line in _frame(name, frame)),
        *(line for symbol in symbols for line in _symbol(name, symbol)),
        *more,
        ")",
    ]
    return "\n".join(lines) + "\n"


def _kind(box: Box) -> str:
    """The symbol of a box: boxes of a kind share one."""
    if box.package:
        return box.package.name
    return (
        "header_" + box.ref if box.footprint else f"{box.ref[0]}_{len(box.pins)}_{'_'.join(p.name for p in box.pins)}"
    )


def _library(kind: str, box: Box) -> str:
    """A symbol: a box with its pins. All pins are passive: what drives what, a simulation says."""
    own, tall = shape(box), len(box.pins) > 2
    w, h = own.half_width * GRID, own.half_height * GRID if tall else GRID / 2
    pins = "".join(
        f"(pin passive line (at {_n(x * GRID)} {_n(-y * GRID)} {0 if x < 0 else 180}) (length {GRID})"
        f' (name "{pin.name or "~"}" {_font()}) (number "{pin.number}" {_font()}))\n'
        for pin in box.pins
        for x, y in (own.tips[pin.number],)
    )
    names = "(pin_names (offset 1.016))" if tall else "(pin_names hide) (pin_numbers hide)"
    words = (("Reference", box.ref.rstrip("0123456789")), ("Value", kind), ("Footprint", ""), ("Datasheet", ""))
    texts = "".join(f'(property "{k}" "{v}" (id {n}) (at 0 0 0) {_font(n > 1)})' for n, (k, v) in enumerate(words))
    return (
        f'(symbol "netlearn:{kind}" {names} (in_bom yes) (on_board yes) {texts}\n'
        f'(symbol "{kind}_0_1" (rectangle (start {_n(-w)} {_n(h)}) (end {_n(w)} {_n(-h)})'
        f" (stroke (width 0.254) (type default) (color 0 0 0 0)) (fill (type background))))\n"
        f'(symbol "{kind}_1_1"\n{pins}))'
    )


def _symbol(sheet: str, symbol: _Symbol) -> Iterator[str]:
    """A box where it stands, and the label or the cross at each of its pins."""
    box, own = symbol.place.box, shape(symbol.place.box)
    x, y = ((EDGE + at) * GRID for at in (symbol.place.x, symbol.place.y))
    high = (own.half_height + 0.5) * GRID if len(box.pins) > 2 else 0.9 * GRID
    two = len(box.pins) == 2
    shown = (("Reference", box.ref, -high if two else -high - 1.8), ("Value", box.value, high if two else -high))
    hidden = (("Footprint", box.footprint), ("Datasheet", ""), *symbol.fields)
    texts = [
        f'(property "{k}" {_q(v)} (id {n}) (at {_n(x)} {_n(y + dy)} 0) {_font()})' for n, (k, v, dy) in enumerate(shown)
    ]
    texts += [
        f'(property "{k}" {_q(v)} (id {n + 2}) (at {_n(x)} {_n(y)} 0) {_font(True)})' for n, (k, v) in enumerate(hidden)
    ]
    pins = "".join(f'(pin "{p.number}" (uuid {_id(sheet, box.ref, p.number)}))' for p in box.pins)
    bought = "yes" if symbol.bought else "no"
    yield (
        f'(symbol (lib_id "netlearn:{_kind(box)}") (at {_n(x)} {_n(y)} 0) (unit 1) (in_bom {bought}) (on_board {bought})'
        f" (uuid {_id(sheet, box.ref)})\n{chr(10).join(texts)}\n{pins})"
    )
    for pin in box.pins:
        across, down = own.tips[pin.number]
        at = f"{_n(x + across * GRID)} {_n(y + down * GRID)}"
        own_id = _id(sheet, box.ref, pin.number, "label")
        if not pin.net:
            yield f"(no_connect (at {at}) (uuid {own_id}))"
            continue
        angle, side = (180, "right") if across < 0 else (0, "left")
        yield (
            f"(global_label {_q(on_net(pin.net))} (shape passive) (at {at} {angle})"
            f" (effects (font (size 1.27 1.27)) (justify {side})) (uuid {own_id}))"
        )


def _frame(sheet: str, frame: Frame) -> Iterator[str]:
    """A line around a cell, and its name."""
    x, y = (EDGE + frame.x - 1) * GRID, (EDGE + frame.y - 1) * GRID
    right, below = x + (frame.width + 2) * GRID, y + (frame.height + 1) * GRID
    points = "".join(f"(xy {_n(a)} {_n(b)})" for a, b in ((x, y), (right, y), (right, below), (x, below), (x, y)))
    key = f"{frame.name}-{frame.x}-{frame.y}"
    yield f"(polyline (pts {points}) (stroke (width 0) (type dash) (color 0 0 0 0)) (uuid {_id(sheet, key)}))"
    if frame.name:
        yield _text(sheet, frame.name, x + GRID / 2, y + 1.5 * GRID, 2.0)


def _text(sheet: str, words: str, x: float, y: float, size: float) -> str:
    spelled = _q(words).replace("\n", "\\n")
    return (
        f"(text {spelled} (at {_n(x)} {_n(y)} 0) (effects (font (size {size} {size})) (justify left bottom))"
        f" (uuid {_id(sheet, words, f'{x}', f'{y}')}))"
    )


def _directives(sources: int) -> str:
    return _text(ROOT, f"{NGSPICE.options}\n.op", 2 * EDGE * GRID, (2 * EDGE + 5 * min(sources, 20)) * GRID, 1.27)


def _sheet(k: int, frames: Sequence[Frame]) -> str:
    """A sheet within the top sheet, with the cells that are on it."""
    cells = list(dict.fromkeys(frame.name for frame in frames if frame.name))
    title = f"sheet {k + 1}" + (f": {cells[0]} to {cells[-1]}" if len(cells) > 1 else "")
    x, y = (60 + 16 * (k % SHEETS_A_ROW)) * GRID, (EDGE + 8 * (k // SHEETS_A_ROW)) * GRID
    return (
        f"(sheet (at {_n(x)} {_n(y)}) (size {_n(12 * GRID)} {_n(4 * GRID)}) (stroke (width 0) (type solid) (color 0 0 0 0))"
        f" (fill (color 0 0 0 0)) (uuid {_id(f'sheet{k + 1}', 'sheet')})\n"
        f'(property "Sheet name" {_q(title)} (id 0) (at {_n(x)} {_n(y - 0.7)} 0) {_font()[:-1]} (justify left bottom)))\n'
        f'(property "Sheet file" "sheet{k + 1}.kicad_sch" (id 1) (at {_n(x)} {_n(y + 4 * GRID + 0.7)} 0)'
        f" {_font()[:-1]} (justify left top))))"
    )


def _page(k: int) -> str:
    return f'(path "/{_id(f"sheet{k + 1}", "sheet")}" (page "{k + 2}"))'


def _instance(path: str, sheet: str, symbol: _Symbol) -> str:
    box = symbol.place.box
    return (
        f'(path "{path}/{_id(sheet, box.ref)}" (reference "{box.ref}") (unit 1) (value {_q(box.value)})'
        f" (footprint {_q(box.footprint)}))"
    )


def netlist(board: Board) -> str:
    """The board for a layout: components with their footprints, and the pins of every net."""
    parts = []
    names = {(box.ref, pin.number): pin.name for box in board.bought for pin in box.pins}
    for box in board.bought:
        fields = [(k, v) for k, v in _fields(box, False) if v and not k.startswith("Sim.")]
        spelled = "".join(f' (field (name "{k}") {_q(v)})' for k, v in fields)
        parts.append(
            f'    (comp (ref "{box.ref}") (value {_q(box.value)}) (footprint {_q(box.footprint)}) (fields{spelled})'
            f' (libsource (lib "netlearn") (part {_q(_kind(box))}) (description {_q(box.note)})))'
        )
    nets = []
    for code, (net, ends) in enumerate(board.nets.items()):
        nodes = "".join(
            f'\n      (node (ref "{ref}") (pin "{number}") (pinfunction {_q(names[ref, number])}) (pintype "passive"))'
            for ref, number in ends
        )
        nets.append(f'    (net (code "{code + 1}") (name {_q(on_net(net))}){nodes})')
    return "\n".join(
        [
            '(export (version "E")',
            f'  (design (source "{ROOT}.kicad_sch") (tool "netlearn"))',
            "  (components",
            *parts,
            "  )",
            "  (nets",
            *nets,
            "  ))",
            "",
        ]
    )


def on_net(name: str) -> str:
    """A net as KiCad calls it."""
    return "GND" if name == GND else name


def _font(hide: bool = False) -> str:
    return f"(effects (font (size 1.27 1.27)){' hide' if hide else ''})"


def _q(text: str) -> str:
    spelled = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{spelled}"'


def _n(length: float) -> str:
    """A length in mm to the nanometre, which is what KiCad counts in."""
    return f"{round(length, 4):g}" if abs(length) < 100 else f"{round(length, 4)}"


def _id(*names: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("netlearn", *names)))
