"""Wires between pins of one net: the shortest way with few bends on a grid of half units, around what is drawn there.

Wires of two nets may cross at right angles; they never lie on each other. What would be too long or too bent stays
apart, and is joined by its name instead.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from netlearn.plot.schematic.shapes import Box, Pin, Symbol
from netlearn.plot.schematic.symbols import is_rail, is_several

Node = tuple[int, int]
"""A point in half units."""
Edge = tuple[Node, Node]
"""From a node to the one to the right of it or above it."""
WAYS = ((1, 0), (-1, 0), (0, 1), (0, -1))
STEP, BEND, CROSSING = 0.5, 1.5, 3.0
FARTHEST = 22.0  # units between the ends of a wire
MANY = 7  # pins of a net that is joined by name, but for those close by
CLOSE = 7.0


@dataclass
class Wiring:
    """Edges and pins by net, and the parts that hang together: sets of nodes."""

    edges: dict[Edge, str] = field(default_factory=dict)
    nodes: dict[Node, str] = field(default_factory=dict)
    parts: dict[str, list[set[Node]]] = field(default_factory=dict)

    def lines(self) -> list[tuple[str, Node, Node]]:
        """Straight lines (net, from, to), as long as they go."""
        found: list[tuple[str, Node, Node]] = []
        done: set[Edge] = set()
        for edge, net in sorted(self.edges.items()):
            if edge in done:
                continue
            (x, y), (x1, y1) = edge
            dx, dy = x1 - x, y1 - y
            end = (x, y)
            while self.edges.get((end, (end[0] + dx, end[1] + dy))) == net:
                done.add((end, (end[0] + dx, end[1] + dy)))
                end = (end[0] + dx, end[1] + dy)
            found.append((net, (x, y), end))
        return found


def node(pin: Pin) -> Node:
    return round(2 * pin.x), round(2 * pin.y)


def edge(a: Node, b: Node) -> Edge:
    return (a, b) if a <= b else (b, a)


def route(symbols: Sequence[Symbol], taken: Iterable[Box], wanted: bool = True) -> Wiring:
    """Wires for all nets but rails, around symbols and what else is taken; none where they are not wanted."""
    wiring = Wiring()
    pins = [pin for symbol in symbols for pin in symbol.pins]
    for pin in pins:
        wiring.nodes[node(pin)] = pin.net
        parts = wiring.parts.setdefault(pin.net, [])
        if not any(node(pin) in part for part in parts):
            parts.append({node(pin)})
    if not wanted:
        return wiring
    walls = _walls(symbols, taken)
    nets = [net for net, parts in wiring.parts.items() if len(parts) > 1 and not (is_rail(net) or is_several(net))]
    for net in sorted(nets, key=lambda net: (_spread(wiring.parts[net]), net)):
        _join(net, wiring, walls)
    return wiring


def _spread(parts: Sequence[set[Node]]) -> int:
    many = [n for part in parts for n in part]
    return max(x for x, _ in many) - min(x for x, _ in many) + max(y for _, y in many) - min(y for _, y in many)


def _walls(symbols: Sequence[Symbol], taken: Iterable[Box]) -> set[Node | Edge]:
    """Nodes and edges where no wire goes: bodies, texts, and leads up to their pins."""
    boxes = [*taken, *(t.box for s in symbols for t in s.texts)]
    walls: set[Node | Edge] = set()
    for box in boxes:
        _fill(walls, box, 0.15)
    for symbol in symbols:
        _fill(walls, symbol.body, 0.1)
        for pin in symbol.pins:
            x, y = node(pin)
            for _ in range(4):
                walls.add(edge((x, y), (x - pin.dx, y - pin.dy)))
                x, y = x - pin.dx, y - pin.dy
                if (x, y) in walls:
                    break
                walls.add((x, y))
    ends = {node(pin) for symbol in symbols for pin in symbol.pins}
    return {wall for wall in walls if wall not in ends}


def _fill(walls: set[Node | Edge], box: Box, more: float) -> None:
    x0, x1, y0, y1 = box.x0 - more, box.x1 + more, box.y0 - more, box.y1 + more
    for x in range(int(2 * x0) - 2, int(2 * x1) + 3):
        for y in range(int(2 * y0) - 2, int(2 * y1) + 3):
            if x0 < x / 2 < x1 and y0 < y / 2 < y1:
                walls.add((x, y))
            if y0 < y / 2 < y1 and x / 2 < x1 and (x + 1) / 2 > x0:
                walls.add(((x, y), (x + 1, y)))
            if x0 < x / 2 < x1 and y / 2 < y1 and (y + 1) / 2 > y0:
                walls.add(((x, y), (x, y + 1)))


def _join(net: str, wiring: Wiring, walls: set[Node | Edge]) -> None:
    """Join the parts of a net one after the other as far as there are good ways."""
    parts = wiring.parts[net]
    farthest = FARTHEST if sum(map(len, parts)) <= MANY else CLOSE
    apart: list[set[Node]] = []
    while len(parts) > 1:
        part = parts.pop(0)
        start, goal = (_open(net, nodes, wiring) for nodes in (part, set().union(*parts)))
        path = _path(net, start, goal, wiring, walls, farthest) if start and goal else None
        if path is None:
            apart.append(part)
            continue
        for a, b in itertools.pairwise(path):
            wiring.edges[edge(a, b)] = net
        for n in path:
            wiring.nodes[n] = net
        met = next(other for other in parts if path[-1] in other)
        met |= part | set(path)
    wiring.parts[net] = [*apart, *parts]


def _open(net: str, nodes: set[Node], wiring: Wiring) -> set[Node]:
    """Nodes where a wire may begin or end: not those at which another net's wire crosses."""
    around = ((edge(n, (n[0] + dx, n[1] + dy)), n) for n in nodes for dx, dy in WAYS)
    return nodes - {n for step, n in around if wiring.edges.get(step, net) != net}


def _path(
    net: str, start: set[Node], goal: set[Node], wiring: Wiring, walls: set[Node | Edge], farthest: float
) -> list[Node] | None:
    """The cheapest way from one set of nodes to another, or None where there is no good one."""
    near = min(abs(x - u) + abs(y - v) for x, y in start for u, v in goal) / 2
    if near > farthest:
        return None
    most = near + 6 * BEND + 4.0
    low_x, high_x = min(x for x, _ in goal), max(x for x, _ in goal)
    low_y, high_y = min(y for _, y in goal), max(y for _, y in goal)

    def rest(at: Node) -> float:  # the least that is still to go
        return STEP * (max(low_x - at[0], at[0] - high_x, 0) + max(low_y - at[1], at[1] - high_y, 0))

    queue = [(rest(n), 0.0, n, k) for n in sorted(start) for k in range(4)]
    heapq.heapify(queue)
    cost = {(n, k): 0.0 for _, _, n, k in queue}
    before: dict[tuple[Node, int], tuple[Node, int]] = {}
    while queue:
        _, spent, here, way = heapq.heappop(queue)
        if spent > cost[here, way]:
            continue
        if here in goal:
            return _back(before, (here, way))
        for k, (dx, dy) in enumerate(WAYS):
            crossing = wiring.nodes.get(here, net) != net
            if crossing and k != way:
                continue  # straight across the wire of another net
            there = here[0] + dx, here[1] + dy
            if k != way and WAYS[way] == (-dx, -dy) and here not in start:
                continue
            more = _price(net, here, there, k, wiring, walls)
            if more is None:
                continue
            total = spent + more + (BEND if k != way and here not in start else 0.0)
            if total + rest(there) <= most and total < cost.get((there, k), float("inf")):
                cost[there, k] = total
                before[there, k] = (here, way)
                heapq.heappush(queue, (total + rest(there), total, there, k))
    return None


def _price(net: str, here: Node, there: Node, way: int, wiring: Wiring, walls: set[Node | Edge]) -> float | None:
    """What a step costs; None where there is no way."""
    step = edge(here, there)
    if step in walls or there in walls or wiring.edges.get(step, net) != net:
        return None
    other = wiring.nodes.get(there, net)
    if other == net:
        return STEP
    dx, dy = WAYS[way]
    across = [edge(there, (there[0] + dy, there[1] + dx)), edge(there, (there[0] - dy, there[1] - dx))]
    along = [edge(there, (there[0] + dx, there[1] + dy)), edge(there, (there[0] - dx, there[1] - dy))]
    straight = all(wiring.edges.get(e) == other for e in across) and not any(wiring.edges.get(e) for e in along)
    return STEP + CROSSING if straight else None


def _back(before: dict[tuple[Node, int], tuple[Node, int]], last: tuple[Node, int]) -> list[Node]:
    path = [last[0]]
    while last in before:
        last = before[last]
        path.append(last[0])
    return path[::-1]
