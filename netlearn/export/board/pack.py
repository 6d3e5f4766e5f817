"""A design as a board: what is bought for it, unit by unit, and which nets are on which pins.

Parts that are matched (`match pair`), and others after them, go into packages by first fit, the largest group first: of groups
of one, two and four, as packages have units, that takes the fewest. Units of a package have its rails in common, so only
those share one whose rails are the same nets. A unit that is left over is tied off as its package says. A module of netlists/std
that a package realises is bought as that, whatever it is inside; what cannot be bought is a box of the board, too, that is
for simulation only. Decoupling capacitors, and the resistors that pull up open collectors, are on the board and in no
simulation: the circuit does not have them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from netlearn.export.board.families import PACKAGES
from netlearn.export.board.package import Beside, Package, Realises
from netlearn.export.board.values import sold, spelled
from netlearn.export.design import GND, Block, Design, Part, Use, specialised
from netlearn.export.names import legal

DECOUPLING = 100e-9  # F
WIDEST = 40  # pins of a header


@dataclass(frozen=True)
class Member:
    """A part, or an instance of a module, with its nets by terminal as names of the whole board. path: from the top."""

    path: str
    what: Part | Use
    nets: Mapping[str, str]
    match: str

    @property
    def name(self) -> str:
        """What it is: a device, or a module without what made its block's name unique."""
        if isinstance(self.what, Part):
            return self.what.device.name
        return re.sub(r"(__?\d+)+$", "", self.what.block.name).rstrip("_")

    @property
    def numbers(self) -> dict[str, float]:
        """Those of a part; beta: kp w / l of a transistor. None of a module."""
        if not isinstance(self.what, Part):
            return {}
        found = {p: float(v) for p, v in self.what.numbers.items()}
        return {**found, "beta": found["kp"] * found["w"] / found["l"]} if "kp" in found else found


@dataclass(frozen=True)
class Pin:
    """A pin: its number, its name, its net; no net where it is left open."""

    number: str
    name: str
    net: str


@dataclass(frozen=True)
class Seat:
    """A member in a box: numbers of pins by its terminals. One without a pin is on ground, or on a net inside the box."""

    member: Member
    pins: Mapping[str, str]


@dataclass(frozen=True)
class Box:
    """A thing on the board. package: none for what is simulated only, and for connectors. seats: what is in it; spares: units
    that are tied off."""

    ref: str
    value: str
    footprint: str
    pins: tuple[Pin, ...]
    seats: tuple[Seat, ...] = ()
    package: Package | None = None
    spares: int = 0
    note: str = ""

    @property
    def members(self) -> list[Member]:
        """What is in it."""
        return [seat.member for seat in self.seats]


@dataclass(frozen=True)
class Board:
    """Boxes in the order of the netlist; then what stands beside them, which is not simulated."""

    boxes: tuple[Box, ...]
    beside: tuple[Box, ...]

    @property
    def bought(self) -> tuple[Box, ...]:
        """What is on the board."""
        return (*(b for b in self.boxes if b.footprint), *self.beside)

    @property
    def nets(self) -> dict[str, list[tuple[str, str]]]:
        """Every net of the board: the pins that are on it, by reference and number."""
        found: dict[str, list[tuple[str, str]]] = {}
        for box in self.bought:
            for pin in box.pins:
                if pin.net:
                    found.setdefault(pin.net, []).append((box.ref, pin.number))
        return found


@dataclass(frozen=True)
class _Fit:
    """A member as a unit of a package: its rails by net, and the module that comes with it."""

    member: Member
    package: Package
    use: Realises
    rails: Mapping[str, str]
    beside: Member | None

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        return self.package.name, tuple(sorted(self.rails.items()))


_USES = [use for package in PACKAGES.values() for use in package.realises]
_MODULES = {legal(name).rstrip("_") for u in _USES for name in (u.name, *((u.with_.name,) if u.with_ else ()))}


def packed(design: Design) -> Board:
    """The board of a design."""
    top = specialised(design).top
    members = list(_members(top, "", "", {}, ""))
    users = Counter(net for m in members for net in set(m.nets.values()))
    fits: list[_Fit | Member] = []
    taken: set[str] = set()
    for member in members:
        fit = next(_fits(member, members, users), None)
        fits.append(fit or member)
        taken |= {fit.beside.path} if fit and fit.beside else set()
    units = [f for f in fits if isinstance(f, _Fit)]
    rest = [m for f in fits if isinstance(f, Member) and f.path not in taken for m in _opened(f)]
    order = {m.path: k for k, m in enumerate(members)}
    groups = sorted(_groups(units), key=lambda group: order[group[0].member.path])
    count = Counter[str]()
    boxes = [_box(group, count) for group in groups] + [_simulated(m, count) for m in rest]
    beside = [extra for group, box in zip(groups, boxes, strict=False) for extra in _extras(group[0], box, count)]
    nets = frozenset(top.nets)
    outside = [n for b in (*boxes, *beside) for p in b.pins if (n := p.net) and (n == GND or n not in nets)]
    known = {n for m in members for n in m.nets.values()}
    needed = dict.fromkeys([*top.ports, *(n for n in outside if n == GND or n not in known)])
    return Board(tuple(boxes), (*beside, *_headers(list(needed), count)))


def _members(block: Block, path: str, before: str, nets: Mapping[str, str], group: str) -> Iterator[Member]:
    """What a block has, down to the modules that may be bought."""

    def on(names: Sequence[str]) -> list[str]:
        return [nets.get(n, n if n == GND else before + n) for n in names]

    for part in block.parts:
        match = before + part.match if part.match else group
        yield Member(path + part.name, part, dict(zip(part.device.terminals, on(part.nets), strict=True)), match)
    for use in block.uses:
        match = before + use.match if use.match else group
        member = Member(path + use.name, use, dict(zip(use.block.ports, on(use.nets), strict=True)), match)
        if member.name in _MODULES:
            yield member
        else:
            yield from _inside(member)


def _inside(member: Member) -> Iterator[Member]:
    assert isinstance(member.what, Use)
    before = member.path.replace(".", "__") + "__"
    yield from _members(member.what.block, f"{member.path}.", before, member.nets, member.match)


def _opened(member: Member) -> Iterator[Member]:
    """A member that cannot be bought, down to its devices."""
    if isinstance(member.what, Part):
        yield member
        return
    for inner in _inside(member):
        yield from _opened(inner)


def _fits(member: Member, members: Sequence[Member], users: Mapping[str, int]) -> Iterator[_Fit]:
    """The packages a member fits, the first choice first."""
    for package in PACKAGES.values():
        for use in package.realises:
            if _called(use.name) != _called(member.name) or not _is(member, use):
                continue
            rails = {rail: member.nets[own] for rail, own in use.rails.items()} | dict(use.ties)
            if use.with_ is None:
                yield _Fit(member, package, use, rails, None)
            elif (beside := _beside(use.with_, rails, members)) is not None:
                shared = [rails[rail] for rail in use.with_.shared]
                brought = {rail: beside.nets[port] for rail, port in use.with_.brought.items()}
                if all(users[net] <= package.units + 1 for net in shared):
                    yield _Fit(member, package, use, rails | brought, beside)


def _called(name: str) -> str:
    return legal(name).rstrip("_")


def _is(member: Member, use: Realises) -> bool:
    """Whether a member of that name has the terminals and the numbers, and learns what must be learned."""
    nets, numbers = member.nets, member.numbers
    named = {*use.wires.values(), *use.rails.values(), *use.joined}
    return (
        named <= set(nets)
        and all(net == GND for terminal, net in nets.items() if terminal not in named)
        and all(nets[terminal] == nets[other] for terminal, other in use.joined.items())
        and all(low <= numbers.get(name, low) <= high for name, (low, high) in use.bounds.items())
        and (not use.learned or (isinstance(member.what, Part) and use.learned in member.what.learned))
    )


def _beside(wanted: Beside, rails: Mapping[str, str], members: Sequence[Member]) -> Member | None:
    """The module that is in a package beside its units, by the nets that they share."""
    for other in members:
        same = all(other.nets.get(port) == rails[rail] for rail, port in wanted.shared.items())
        if same and _called(other.name) == _called(wanted.name):
            return other
    return None


def _groups(units: Sequence[_Fit]) -> list[list[_Fit]]:
    """Units that share a package, in the order they have in it."""
    found: list[list[_Fit]] = []
    kinds: dict[object, dict[str, list[_Fit]]] = {}
    for fit in units:
        kinds.setdefault(fit.key, {}).setdefault(fit.member.match or fit.member.path, []).append(fit)
    for clumps in kinds.values():
        room = next(iter(clumps.values()))[0].package.units
        pieces = [c[k : k + room] for c in clumps.values() for k in range(0, len(c), room)]
        open_: dict[int, list[list[_Fit]]] = {n: [] for n in range(room + 1)}
        for piece in sorted(pieces, key=len, reverse=True):
            free = next((n for n in range(len(piece), room + 1) if open_[n]), None)
            box = open_[free].pop(0) if free is not None else []
            if not box:
                found.append(box)
            box += piece
            open_[room - len(box)].append(box)
    return found


def _box(group: Sequence[_Fit], count: Counter[str]) -> Box:
    """A package with its units and rails on nets."""
    package = group[0].package
    count[package.letter] += 1
    ref = f"{package.letter}{count[package.letter]}"
    rails = {rail: net.format(ref=ref.lower()) for rail, net in {**package.rails, **group[0].rails}.items()}
    pins = []
    for number, role in sorted(package.pins.items(), key=lambda pin: int(pin[0])):
        k, _, terminal = role.partition(".")
        if not terminal:
            pins.append(Pin(number, role, rails[role] if role else ""))
            continue
        index = int(k) - 1
        name = terminal if package.units == 1 else f"{terminal}{k}"
        if index < len(group):
            own = group[index].use.wires.get(terminal)
            pins.append(Pin(number, name, group[index].member.nets[own] if own else ""))
        else:
            to = package.spare.get(terminal, "")
            pins.append(Pin(number, name, rails.get(to, f"{ref.lower()}_spare{k}" if to else "")))
    seats = [Seat(f.member, _seated(f.use, package, k + 1)) for k, f in enumerate(group)]
    if group[0].beside and group[0].use.with_:
        brought = group[0].use.with_.brought.items()
        seats.append(Seat(group[0].beside, {port: package.pin(rail) for rail, port in brought}))
    value = package.name
    if package.value:
        exact = group[0].member.numbers[package.value]
        value = spelled(sold(exact, package.series))
    return Box(
        ref,
        value,
        package.footprint,
        tuple(pins),
        tuple(seats),
        package,
        package.units - len(group),
    )


def _seated(use: Realises, package: Package, k: int) -> dict[str, str]:
    """Pins of the terminals of unit k."""
    found = {own: package.pin(f"{k}.{terminal}") for terminal, own in use.wires.items()}
    found |= {own: pin for rail, own in use.rails.items() if (pin := package.pin(rail))}
    return found | {terminal: found[other] for terminal, other in use.joined.items()}


def _simulated(member: Member, count: Counter[str]) -> Box:
    """What cannot be bought as such."""
    count["X"] += 1
    pins = tuple(Pin(str(k + 1), terminal, net) for k, (terminal, net) in enumerate(member.nets.items()))
    seat = Seat(member, {pin.name: pin.number for pin in pins})
    return Box(f"X{count['X']}", member.name, "", pins, (seat,), note="simulation only: no part is sold that is this")


def _extras(fit: _Fit, box: Box, count: Counter[str]) -> Iterator[Box]:
    """What a package needs around it: resistors that pull up, capacitors at its supplies."""
    nets = {pin.name: pin.net for pin in box.pins}
    for terminal, ohms in fit.package.pullup.items():
        for k in range(len(box.seats)):
            net = nets[terminal if fit.package.units == 1 else f"{terminal}{k + 1}"]
            yield _two("R", ohms, nets["+"], net, "pulls up what an open collector leaves", count)
    for rail in ("+", "-"):
        if box.package and box.package.letter == "U" and nets.get(rail, GND) != GND:
            yield _two("C0603", DECOUPLING, nets[rail], GND, "decouples a supply", count)


def _two(name: str, value: float, p: str, n: str, note: str, count: Counter[str]) -> Box:
    package = PACKAGES[name]
    count[package.letter] += 1
    pins = (Pin("1", "p", p), Pin("2", "n", n))
    return Box(
        f"{package.letter}{count[package.letter]}", spelled(value), package.footprint, pins, package=package, note=note
    )


def _headers(nets: Sequence[str], count: Counter[str]) -> Iterator[Box]:
    """Connectors for ports and supplies."""
    for k in range(0, len(nets), WIDEST):
        pins = tuple(Pin(str(i + 1), net, net) for i, net in enumerate(nets[k : k + WIDEST]))
        count["J"] += 1
        wide = f"1x{len(pins):02d}"
        footprint = f"Connector_PinHeader_2.54mm:PinHeader_{wide}_P2.54mm_Vertical"
        yield Box(f"J{count['J']}", f"header {wide}", footprint, pins, note="ports and supplies")
