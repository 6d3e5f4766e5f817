"""Which unknowns no equation can determine, read from the shape of a circuit before anything is solved.

A numerical solver need not notice a singular matrix: rounding gives a floating node some voltage. Three signs in
the pattern of the Jacobian prove that it is singular, whatever the numbers (ground and held nodes are fixed):

    no current  a set of nodes into which no current depends on any unknown, so that the sum of their current
                laws is a constant: a node behind a capacitor, a lone gate, a node fed by a current source only
    no voltage  a set of nodes whose common shift changes no equation: what hangs on a controlled current alone
    a loop      voltage branches in a circle: a current can go round, or the voltages contradict each other

Numbers that happen to cancel (a conductance of zero) are left to the solvers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from netlearn.circuit.flat import Bank, Boundary, FlatCircuit, Floats, Ints
from netlearn.devices import Device, Kernel, kernel

LOOP = "sources, inductors and stored voltages in a circle: put a resistor in series, or take one out"
MOST_NAMED = 6
Pair = tuple[int, int]
Pick = Callable[[Device, Kernel], Iterator[Pair]]
Branch = tuple[int, str, int, int]
"""A voltage branch: unknown, element, the two nodes."""


@dataclass(frozen=True)
class Undetermined:
    """Unknowns without a value, the node or element that is told of first, why, and what to do about it."""

    unknowns: tuple[int, ...]
    name: str
    message: str
    help: str


class Connections:
    """What a circuit's connections say of each way of holding its nodes."""

    def __init__(self, circuit: FlatCircuit) -> None:
        self.circuit = circuit
        self._flow = _components(len(circuit.nodes), _node_pairs(circuit, _flows))
        self._sense = _components(len(circuit.nodes), _node_pairs(circuit, _senses))
        self._loops = [list(_branches(circuit, pick)) for pick in (_loose, _stiff)]
        self._known: dict[frozenset[int], Undetermined | None] = {}
        self._firsts: dict[bytes, int] = {}

    def undetermined(self, held: Iterable[int]) -> Undetermined | None:
        """What has no value while these nodes are held."""
        key = frozenset(int(n) for n in held)
        if key not in self._known:
            self._known[key] = self._floating(key | {0}) or self._loop(key | {0})
        return self._known[key]

    def sound(self, boundary: Boundary) -> bool:
        """Whether all samples hold the same nodes and every unknown has a value; the quick way to know."""
        held = np.count_nonzero(np.isfinite(boundary.voltages)) == boundary.voltages.size
        return bool(held) and self._first(boundary.held) < 0

    def lanes(self, boundary: Boundary) -> Ints:
        """(S,) an unknown without a value in each sample, -1 where all have one."""
        return np.array([self._first(boundary.held[row]) for row in np.isfinite(boundary.voltages)], dtype=np.int64)

    def _first(self, held: Ints) -> int:
        key = held.tobytes()
        if key not in self._firsts:
            found = self.undetermined(held)
            self._firsts[key] = found.unknowns[0] if found else -1
        return self._firsts[key]

    def _floating(self, fixed: frozenset[int]) -> Undetermined | None:
        for labels, lack in ((self._flow, "no path for a current"), (self._sense, "nothing that sets the voltage")):
            lost = np.flatnonzero(~np.isin(labels, labels[sorted(fixed)]))
            if len(lost):
                together = lost[labels[lost] == labels[lost[0]]]
                return Undetermined(
                    tuple(int(n) for n in together),
                    self.circuit.nodes[together[0]],
                    f"{_listed([self.circuit.nodes[n] for n in together])}: {lack} from there to ground or an input",
                    "connect it, through a large resistor if need be, or give its capacitor an ic",
                )
        return None

    def _loop(self, fixed: frozenset[int]) -> Undetermined | None:
        for branches in self._loops:
            parent: dict[int, int] = dict.fromkeys(fixed, 0)
            before: list[tuple[str, int, int]] = []
            for unknown, name, *pair in branches:
                a, b = (0 if node in fixed else node for node in pair)  # what is held is joined as if at ground
                ends = _root(parent, a), _root(parent, b)
                if ends[0] == ends[1]:
                    rest = _with(_way(before, a, b), not fixed.isdisjoint({*pair} - {0}))
                    return Undetermined((unknown,), name, f"{name} closes a loop of voltages{rest}", LOOP)
                parent[max(ends)] = min(ends)
                before.append((name, a, b))
        return None


def _with(others: list[str], held: bool) -> str:
    """The rest of a loop, in words."""
    shown = [*others[:MOST_NAMED], *(["others"] if len(others) > MOST_NAMED else []), *(["an input"] if held else [])]
    return f" with {' and '.join(shown)}" if shown else ": both its ends are one node"


def _way(edges: list[tuple[str, int, int]], start: int, end: int) -> list[str]:
    """The names of the edges on the shortest way between two nodes that they join."""
    around: dict[int, list[tuple[str, int]]] = {}
    for name, a, b in edges:
        around.setdefault(a, []).append((name, b))
        around.setdefault(b, []).append((name, a))
    ways: dict[int, list[str]] = {start: []}
    waiting = [start]
    for node in waiting:
        for name, other in around.get(node, []):
            if other not in ways:
                ways[other] = [*ways[node], name]
                waiting.append(other)
    return ways[end]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"node{'s' if len(names) > 1 else ''} {', '.join(names[:MOST_NAMED])}{more} float{'' if len(names) > 1 else 's'}"


def _root(parent: dict[int, int], node: int) -> int:
    """The root of a node's tree; the path to it is shortened on the way."""
    while (up := parent.get(node, node)) != node:
        parent[node] = parent.get(up, up)
        node = up
    return node


def _components(count: int, pairs: Iterable[Pair]) -> Ints:
    """The smallest node that each node is joined to."""
    parent: dict[int, int] = {}
    for a, b in pairs:
        ends = _root(parent, a), _root(parent, b)
        parent[max(ends)] = min(ends)
    return np.array([_root(parent, n) for n in range(count)], dtype=np.int64)


def _node_pairs(circuit: FlatCircuit, pick: Pick) -> Iterator[Pair]:
    """Nodes joined by any element, from the pairs of terminals that its device joins (-1: ground)."""
    for bank in circuit.banks.values():
        nodes = np.concatenate([bank.nodes, np.zeros((len(bank.names), 1), dtype=np.int64)], axis=1)
        for a, b in set(pick(bank.device, kernel(bank.device))):
            yield from zip(nodes[:, a].tolist(), nodes[:, b].tolist(), strict=True)


def _flows(device: Device, law: Kernel) -> Iterator[Pair]:
    """Terminals whose currents depend on the same unknown and together do not: what enters one leaves another."""
    slopes, terminals = _slopes(device, law), len(device.terminals)
    for column in sorted({c for _, c in slopes}):
        yield from _chains({r: s for (r, c), s in slopes.items() if c == column and r < terminals})


def _senses(device: Device, law: Kernel) -> Iterator[Pair]:
    """Terminals of which an equation sees only differences of voltage; with -1, ground, where it sees more."""
    slopes, terminals = _slopes(device, law), len(device.terminals)
    for row in sorted({r for r, _ in slopes}):
        yield from _chains({c: s for (r, c), s in slopes.items() if r == row and c < terminals})


def _slopes(device: Device, law: Kernel) -> dict[Pair, Floats]:
    """The Jacobian of a device at random points, by (row, column)."""
    rng = np.random.default_rng(0)
    tries, size = 256, len(device.terminals) + len(law.branches)
    x = [rng.uniform(-3.0, 3.0, tries) for _ in range(size)]
    p: list[Floats] = [rng.uniform(0.5, 2.0, tries) * (param.default or 1.0) for param in device.params]
    with np.errstate(all="ignore"):
        found = law.evaluate(x, p)[size:]
    return {entry: np.broadcast_to(v, tries) for entry, v in zip(law.entries, found, strict=True)}


def _chains(slopes: dict[int, Floats]) -> Iterator[Pair]:
    """Terminals joined in small groups whose slopes sum to zero at every point; what is left, with -1 if need be."""
    left = dict(slopes)
    for size in range(1, 5):
        for group in combinations(sorted(slopes), size):
            if left.keys() >= set(group) and _cancel([slopes[k] for k in group]):
                yield from pairwise(group)
                left = {k: s for k, s in left.items() if k not in group}
    yield from pairwise(left if _cancel(list(left.values())) else [*left, -1])


def _cancel(slopes: list[Floats]) -> bool:
    with np.errstate(all="ignore"):
        return not (np.abs(sum(slopes)) > 1e-9 * sum(np.abs(s) for s in slopes)).any()


def _branches(circuit: FlatCircuit, wanted: Callable[[Bank, int], bool]) -> Iterator[Branch]:
    for bank in circuit.banks.values():
        law, terminals = kernel(bank.device), bank.device.terminals
        ends = [(terminals.index(a), terminals.index(b)) for kind, _, a, b, _ in law.parts if kind == "V"]
        for k, (a, b) in enumerate(ends):
            if wanted(bank, k):
                for name, nodes, unknowns in zip(bank.names, bank.nodes, bank.branches, strict=True):
                    yield int(unknowns[k]), name, int(nodes[a]), int(nodes[b])


def _loose(bank: Bank, k: int) -> bool:
    """Whether only current laws see the current of branch k: in a loop it can go round."""
    terminals = len(bank.device.terminals)
    return all(row < terminals for row, column in kernel(bank.device).entries if column == terminals + k)


def _stiff(bank: Bank, k: int) -> bool:
    """Whether branch k sets the voltage of its own two ends and looks at nothing else: a loop contradicts itself."""
    terminals = len(bank.device.terminals)
    return sum(row == terminals + k for row, _ in kernel(bank.device).entries) == 2
