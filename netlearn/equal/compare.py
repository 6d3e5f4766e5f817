"""Whether two graphs are the same but for their names: a layout-versus-schematic comparison that knows symmetry.

A mapping of nets to nets is looked for under which every part becomes a part of the same kind on the mapped nets, with numbers
within the tolerance. Ground and ports of one name correspond. Numbers are put into classes first (those that neighbours within
the tolerance join), kinds and classes are the first colours, and refinement (netlearn.equal.partition) tells nets apart by
what surrounds them. What stays alike is tried: one net of the first graph against each of the second in its cell, the cell
being the smallest there is. Nets that are told apart cut the rest into pieces. Two pieces are alike or not, whatever the others
are, and being alike is an equivalence, so that a piece that has found its like is never looked at again: n equal
pieces take at most n^2 trials, not n!.

The mapping found is checked part by part before two circuits are called equal; that they differ is said only when the classes
leave no mapping. Where numbers are so close to each other that classes are wider than the tolerance, it may be that neither holds:
that is an error. Parts in series or in parallel are not merged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from netlearn.equal.differences import Colours, differences
from netlearn.equal.graph import Graph, Part, near
from netlearn.equal.partition import Partition
from netlearn.errors import CircuitError

MOST_WORK = 30_000_000  # edges looked at while nets are tried: half a minute


@dataclass(frozen=True)
class Verdict:
    """Whether two graphs are equal; if so, nets and parts of the first by name to those of the second, else why not."""

    equal: bool
    nets: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    why: tuple[str, ...] = ()


def compare(a: Graph, b: Graph, tolerance: float = 1e-6) -> Verdict:
    """The verdict on two graphs; CircuitError where it cannot be had."""
    colours = Colours(a, b, _classes((*a.parts, *b.parts), tolerance))
    search = _Search(a, b, colours)
    try:
        found = search.balanced() and search.solved(range(len(a.nets)))
    except RecursionError:
        raise CircuitError(
            "these circuits are too large and too symmetric to compare", "compare their modules"
        ) from None
    if not found:
        return Verdict(False, why=differences(a, b, colours))
    return _checked(a, b, colours, search, tolerance)


def _classes(parts: Sequence[Part], tolerance: float) -> dict[tuple[str, str, float], int]:
    """(kind, name of a number, number) to its class."""
    values: defaultdict[tuple[str, str], set[float]] = defaultdict(set)
    for part in parts:
        for name, value in part.values.items():
            values[part.kind, name].add(value)
    found = {}
    for (kind, name), numbers in values.items():
        count, line = 0, sorted(numbers)
        found[kind, name, line[0]] = 0
        for one, two in pairwise(line):
            count += not near(one, two, tolerance)
            found[kind, name, two] = count
    return found


class _Search:
    """Both graphs as one, nets in front of parts and the first graph in front of the second."""

    def __init__(self, a: Graph, b: Graph, colours: Colours) -> None:
        self.nets = len(a.nets), len(a.nets) + len(b.nets)
        both = [*((part, 0) for part in a.parts), *((part, self.nets[0]) for part in b.parts)]
        edges: list[list[tuple[int, int]]] = [[] for _ in range(self.nets[1] + len(both))]
        labels = {label: k for k, label in enumerate(sorted({label for part, _ in both for label in part.labels}))}
        for vertex, (part, offset) in enumerate(both, self.nets[1]):
            for net, label in zip(part.nets, part.labels, strict=True):
                edges[vertex].append((labels[label], net + offset))
                edges[net + offset].append((labels[label], vertex))
        sides = [1] * len(a.nets) + [-1] * len(b.nets) + [1] * len(a.parts) + [-1] * len(b.parts)
        self.edges = edges
        self.partition = Partition(edges, sides, colours.first())

    def balanced(self) -> bool:
        """Whether both have as many of everything, before anything is tried."""
        cells = range(len(self.partition.size))
        sides = self.partition.sides
        return not any(sum(sides[v] for v in self.partition.members(c)) for c in cells) and self.partition.refined(
            cells
        )

    def solved(self, nets: Iterable[int]) -> bool:
        """Find who each of these nets of the first graph corresponds to; what was found stays in the partition."""
        for piece in self._pieces(nets):
            one = min(piece, key=lambda v: (self.partition.size[self.partition.cell[v]], v))
            for two in self.partition.members(self.partition.cell[one]):
                if two < self.nets[0]:
                    continue
                mark = self.partition.mark
                if self._tried(one, two) and self.solved(v for v in piece if v != one):
                    break
                self.partition.undo(mark)
            else:
                return False
        return True

    def _tried(self, one: int, two: int) -> bool:
        if self.partition.work > MOST_WORK:
            raise CircuitError(
                "it takes too long to tell whether these circuits are equal: too many of their nets are alike",
                "give some of them the same names in both, as ports",
            )
        return self.partition.separate(one, two)

    def _pieces(self, nets: Iterable[int]) -> list[list[int]]:
        """The nets that are not told apart yet, by what parts join."""
        open_ = dict.fromkeys(v for v in nets if not self.partition.alone(v))
        pieces: list[list[int]] = []
        seen: set[int] = set()
        while open_:
            piece = [open_.popitem()[0]]
            for net in piece:
                for part in (part for _, part in self.edges[net] if part not in seen):
                    seen.add(part)
                    for _, other in self.edges[part]:
                        if other in open_:
                            del open_[other]
                            piece.append(other)
            pieces.append(piece)
        return pieces


def _checked(a: Graph, b: Graph, colours: Colours, search: _Search, tolerance: float) -> Verdict:
    """The verdict by a mapping of nets, after every part was held against its partner."""
    count = len(a.nets)
    to = [search.partition.partner(v) - count for v in range(count)]
    groups: defaultdict[object, list[Part]] = defaultdict(list)
    for part in b.parts:
        groups[_at(part, part.nets)].append(part)
    theirs = {key: sorted(parts, key=colours.numbers) for key, parts in groups.items()}
    groups.clear()
    for part in a.parts:
        groups[_at(part, [to[net] for net in part.nets])].append(part)
    parts = {}
    for key, ours in groups.items():
        for one, two in zip(sorted(ours, key=colours.numbers), theirs.pop(key, ()), strict=True):
            if not all(near(value, two.values[name], tolerance) for name, value in one.values.items()):
                raise CircuitError(
                    f"within this tolerance {one.name} and {two.name} may or may not be the same: too many numbers are close",
                    f"give a smaller one than --tolerance {tolerance:g}",
                )
            parts[one.name] = two.name
    assert not theirs
    return Verdict(True, {net: b.nets[to[k]] for k, net in enumerate(a.nets)}, parts)


def _at(part: Part, nets: Sequence[int]) -> object:
    """What parts have in common that may correspond: kind, and the nets at each label."""
    return part.kind, tuple(sorted(zip(part.labels, nets, strict=True)))
