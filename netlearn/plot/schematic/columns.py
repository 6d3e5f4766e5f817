"""Transistors and two-ended elements as people draw CMOS: current paths from the supply down to ground in columns.

A chain is one such path; chains that share a net inside (not a supply, not ground) stand beside each other as a group,
with that net at one height.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netlearn.circuit.model import Element
from netlearn.plot.schematic.shapes import STUB, Group, Symbol, around, text_width, up
from netlearn.plot.schematic.symbols import (
    HALF,
    N_CHANNEL,
    ONE_WAY,
    P_CHANNEL,
    TRANSISTORS,
    ends,
    is_low,
    is_rail,
    is_supply,
    standing,
    transistor,
)

LONGEST = 8  # elements of a chain
PITCH = 2 * HALF


Ends = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Chain:
    """Elements from top to bottom, and the nets above, between and below them: one more than elements."""

    elements: tuple[Element, ...]
    nets: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A chain whose first element is in a row (0 is the uppermost of its group)."""

    chain: Chain
    row: int

    def height(self, net: str) -> int | None:
        return self.row + self.chain.nets.index(net) if net in self.chain.nets else None


def column_groups(elements: Sequence[Element]) -> list[Group]:
    """Groups of columns, each around its own origin."""
    return [_placed(_ordered(cluster)) for cluster in _clusters(_chains(elements, _upright(elements)))]


def _upright(elements: Sequence[Element]) -> Ends:
    """Elements by name to the nets at their upper and lower ends: both transistors of a transmission gate have the
    same one on top."""
    found = {e.name: ends(e) for e in elements}
    n_channels = {frozenset(found[e.name]): found[e.name] for e in elements if e.device.name in N_CHANNEL}
    p_channels = [e.name for e in elements if e.device.name in P_CHANNEL]
    return found | {name: n_channels.get(frozenset(found[name]), found[name]) for name in p_channels}


def _is_transistor(element: Element) -> bool:
    return element.device.name in TRANSISTORS


def _chains(elements: Sequence[Element], upright: Ends) -> list[Chain]:
    """Every element in one chain; those that begin at a supply come first."""
    left = list(elements)
    chains = []
    while left:
        start = _start(left, upright)
        left.remove(start)
        top, bottom = upright[start.name]
        chain = [start]
        nets = [top, bottom]
        while len(chain) < LONGEST and (found := _next(left, nets[-1], nets, chain, upright, down=True)):
            left.remove(found[0])
            chain.append(found[0])
            nets.append(found[1])
        while len(chain) < LONGEST and (found := _next(left, nets[0], nets, chain, upright, down=False)):
            left.remove(found[0])
            chain.insert(0, found[0])
            nets.insert(0, found[1])
        chains.append(Chain(tuple(chain), tuple(nets)))
    return chains


def _start(left: Sequence[Element], upright: Ends) -> Element:
    """Transistors at a supply, other transistors that nothing is above of, what else is at a supply, the rest."""
    below = {upright[e.name][1] for e in left if _is_transistor(e)}

    def rank(element: Element) -> int:
        top = upright[element.name][0]
        if _is_transistor(element):
            return 0 if is_supply(top) else 1 if top not in below else 2
        return 3 if is_supply(top) else 4

    return min(left, key=rank)


def _next(
    left: Sequence[Element], at: str, nets: Sequence[str], chain: Sequence[Element], upright: Ends, down: bool
) -> tuple[Element, str] | None:
    """The element that goes on from a net, and the net at its other end: transistors first, then what leads to a
    rail. Capacitors and sources hang on transistors beside them, not in their path."""
    if is_rail(at):
        return None
    found: list[tuple[int, Element, str]] = []
    path = any(_is_transistor(e) for e in chain)
    for element in left:
        for here, there in _ways(element, upright, down):
            if here == at and there not in nets:
                hangs = element.device.name in ("C", "Cm", "V")
                if hangs and (path or not is_rail(there)):
                    continue
                found.append((2 * (not _is_transistor(element)) + (not is_rail(there)), element, there))
    return min(found, key=lambda f: f[0])[1:] if found else None


def _ways(element: Element, upright: Ends, down: bool) -> list[tuple[str, str]]:
    """(net it is met at, net it leads to) where a chain goes on downwards or upwards."""
    top, bottom = upright[element.name]
    way = (top, bottom) if down else (bottom, top)
    fixed = _is_transistor(element) or element.device.name in ONE_WAY or is_rail(top) or is_rail(bottom)
    return [way] if fixed else [way, way[::-1]]


def _clusters(chains: Sequence[Chain]) -> list[list[Chain]]:
    """Chains that share nets other than rails, in the order of their first chains."""
    clusters: list[list[Chain]] = []
    for chain in chains:
        mine = {n for n in chain.nets if not is_rail(n)}
        touching = [c for c in clusters if any(mine & set(other.nets) for other in c)]
        merged = [other for c in touching for other in c] + [chain]
        clusters = [c for c in clusters if c not in touching] + [merged]
    return clusters


def _ordered(cluster: Sequence[Chain]) -> list[Column]:
    """Columns from left to right: each beside those it shares most with, its nets at the heights they have there."""
    rest = list(cluster)
    columns = [Column(rest.pop(0), 0)]
    while rest:
        chain = max(rest, key=lambda c: (_shared(c, columns[-1].chain), _shared(c, *(o.chain for o in columns))))
        rest.remove(chain)
        columns.append(Column(chain, _row(chain, columns)))
    low = min(c.row for c in columns)
    return [Column(c.chain, c.row - low) for c in columns]


def _shared(chain: Chain, *others: Chain) -> int:
    known = {n for other in others for n in other.nets if not is_rail(n)}
    return len(known & set(chain.nets))


def _row(chain: Chain, columns: Sequence[Column]) -> int:
    """The row at which most of its nets have the heights that they have in columns before."""
    votes: dict[int, int] = {}
    for k, net in enumerate(chain.nets):
        if is_rail(net):
            continue
        for column in columns:
            if (height := column.height(net)) is not None:
                votes[height - k] = votes.get(height - k, 0) + 1
    if votes:
        return max(votes, key=lambda row: (votes[row], -abs(row)))
    return 0


def _mirrored(columns: Sequence[Column]) -> set[tuple[int, int]]:
    """(column, place in it) of transistors whose gate is at the right: gates that are one net face each other, as in
    a mirror, and the second transistor of a pair looks away from the first."""
    found: set[tuple[int, int]] = set()
    rows = [{c.row + k: (k, e) for k, e in enumerate(c.chain.elements) if _is_transistor(e)} for c in columns]
    for i in range(len(columns) - 1):
        for row, (k, first) in rows[i].items():
            if row not in rows[i + 1] or (i, k) in found:
                continue
            j, second = rows[i + 1][row]
            gates = first.nodes[1], second.nodes[1]
            if gates[0] == gates[1] or gates == (second.nodes[0], first.nodes[0]):
                found.add((i, k))
            elif first.nodes[2] == second.nodes[2] and not is_rail(first.nodes[2]):
                found.add((i + 1, j))
    return found


def _placed(columns: Sequence[Column]) -> Group:
    """Symbols of a group: columns as far apart as their texts and the names of their nets ask for."""
    mirrored = _mirrored(columns)
    group: list[Symbol] = []
    edge = 0.0
    for i, column in enumerate(columns):
        symbols, nets = [], column.chain.nets
        for k, element in enumerate(column.chain.elements):
            if _is_transistor(element):
                symbol = transistor(element, nets[k], nets[k + 1], (i, k) in mirrored)
            else:
                symbol = standing(element, nets[k])
            symbols.append(symbol.moved(0, -PITCH * (column.row + k)))
        left, right = _sides(symbols)
        x = up(edge + left)
        group += [s.moved(x, 0) for s in symbols]
        edge = x + right + 0.75
    return tuple(group)


def _sides(symbols: Sequence[Symbol]) -> tuple[float, float]:
    """How far a column reaches to the left and to the right, with room for names: of gates on their sides, of the nets
    between elements at the right."""
    extent = around(s.extent for s in symbols)
    left, right = -extent.x0, extent.x1
    for symbol in symbols:
        for pin in symbol.pins:
            wide = abs(pin.x) + STUB + text_width(pin.net) + 0.2
            if pin.dx < 0:
                left = max(left, wide)
            elif not (pin.dy and is_low(pin.net)):
                right = max(right, wide)
    return left, right
