"""What is in the boxes of a board, as SPICE: a subcircuit a box, of its pins, with the exact numbers of the parts in it.

A resistor, a capacitor or an inductor is no subcircuit, but an element. Inside, a terminal is on the pin it has in the package,
so that a wire on a wrong pin changes what is simulated.
"""

from __future__ import annotations

from dataclasses import replace

from netlearn.export.board.pack import Board, Box, Member, Seat
from netlearn.export.design import GND, Block, Design, Part, Use, specialised
from netlearn.export.elements import coefficients, letter
from netlearn.export.formats import spice
from netlearn.export.formats.cards import Cards, cards_of

ELEMENTS = ("R", "C", "L")
NGSPICE = spice.DIALECTS["ngspice"]


def element(box: Box) -> tuple[str, str] | None:
    """The letter of a box that is an element of SPICE, and what stands there behind its nets: its value in braces, what warms it."""
    part = box.members[0].what if len(box.pins) == 2 and box.seats else None
    if isinstance(part, Part) and part.device.name in ELEMENTS:
        warm = NGSPICE.warm.format(**part.numbers) if coefficients(part.numbers) else ""
        return part.device.name, f"{{{float(part.numbers[part.device.value])!r}}}{warm}"
    return None


def library(design: Design, board: Board) -> str:
    """Models, laws, the modules that are bought as packages, and every box."""
    whole = specialised(design)
    cards = cards_of(whole)
    blocks: dict[str, Block] = {}
    for member in (m for box in board.boxes for m in box.members):
        if isinstance(member.what, Use):
            blocks |= {b.name: b for b in replace(whole, top=member.what.block).blocks}
    lines = [
        *spice.models(whole, NGSPICE),
        *spice.laws(whole, NGSPICE),
        *(line for block in blocks.values() for line in spice.subckt(block, cards, NGSPICE)),
        *(line for box in board.boxes if not element(box) for line in _subckt(box, cards)),
    ]
    return spice.text(f"{design.title}: what is in each box of the board", lines)


def _subckt(box: Box, cards: Cards) -> list[str]:
    head = " ".join([".subckt", box.ref.lower(), *(f"p{pin.number}" for pin in box.pins)])
    return [head, *(_line(seat, k, cards) for k, seat in enumerate(box.seats)), ".ends", ""]


def _line(seat: Seat, place: int, cards: Cards) -> str:
    what, nets = seat.member.what, tuple(_inner(seat, t) for t in seat.member.nets)
    name = _name(seat.member, place)
    if isinstance(what, Part):
        return spice.line(replace(what, name=name, nets=nets), cards, NGSPICE)
    return " ".join([name, *nets, what.block.name])


def _name(member: Member, place: int) -> str:
    return f"{'x' if isinstance(member.what, Use) else letter(member.what.device, ())}{place + 1}"


def _inner(seat: Seat, terminal: str) -> str:
    """A terminal's net within the box: its pin, ground, or a net that is nowhere else."""
    net = seat.member.nets[terminal]
    return f"p{seat.pins[terminal]}" if terminal in seat.pins else net


def places(design: Design, board: Board) -> dict[str, str]:
    """What a simulator calls each node of the design: its net, or where it is inside a box. Ground is left out."""
    nets = {pin.net for box in (*board.boxes, *board.beside) for pin in box.pins}
    hidden: dict[str, str] = {}
    modules: dict[str, str] = {}
    for box in board.boxes:
        for k, seat in enumerate(box.seats):
            inner = {n: _inner(seat, t) for t, n in seat.member.nets.items() if n not in nets}
            hidden |= {n: f"x{box.ref.lower()}.{name}" for n, name in inner.items() if n != GND}
            if isinstance(seat.member.what, Use):
                modules[seat.member.path] = f"x{box.ref.lower()}.{_name(seat.member, k)}"
    found: dict[str, str] = {}
    for node in design.nodes.values():
        net = node.replace(".", "__")
        path = next((p for p in _before(node) if p in modules), "")
        if path:
            found[node] = modules[path] + node.removeprefix(path)
        elif node != GND:
            found[node] = hidden.get(net, net)
    return found


def _before(node: str) -> list[str]:
    """The paths that a node is in, from the top."""
    words = node.split(".")[:-1]
    return [".".join(words[: k + 1]) for k in range(len(words))]
