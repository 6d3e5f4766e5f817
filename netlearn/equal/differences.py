"""Why two circuits are not the same, in the words of their netlists.

Colours spread from numbers and ports round by round: a part's next colour is its own with those of its nets, a net's that of
the ends that meet there. The first rounds in which a colour is not as frequent in both are nearest to what differs.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from netlearn.equal.graph import Graph, Part

ROUNDS, MOST, LATER, CANDIDATES = 50, 3, 1, 1000


@dataclass(frozen=True)
class Colours:
    """The two graphs and the classes of their numbers."""

    a: Graph
    b: Graph
    classes: Mapping[tuple[str, str, float], int]

    def of_part(self, part: Part) -> Hashable:
        """What a part is, wherever it is."""
        return part.kind, part.labels, tuple(self.classes[part.kind, n, v] for n, v in part.values.items())

    def numbers(self, part: Part) -> tuple[object, ...]:
        """An order of parts on the same nets: by classes, then by the numbers themselves."""
        return self.of_part(part), tuple(part.values.values())

    @cached_property
    def anchors(self) -> Mapping[str, int]:
        """Ports that both have."""
        return {name: k for k, name in enumerate(sorted(self.a.ports.keys() & self.b.ports.keys()), 1)}

    def meeting(self, graph: Graph) -> list[Counter[Hashable]]:
        """The ends that meet at each net, by what they are ends of."""
        found: list[Counter[Hashable]] = [Counter() for _ in graph.nets]
        for part in graph.parts:
            for label, net in zip(part.labels, part.nets, strict=True):
                found[net][label, self.of_part(part)] += 1
        return found

    def of_nets(self, graph: Graph) -> list[int]:
        """A number for each net: of the port that it is, or 0."""
        found = [0] * len(graph.nets)
        for name, net in graph.ports.items():
            found[net] = found[net] or self.anchors.get(name, 0)
        return found

    def first(self) -> list[int]:
        """The first colour of every vertex: nets of both, parts of both."""
        nets = [("net", colour) for graph in (self.a, self.b) for colour in self.of_nets(graph)]
        parts = [("part", repr(self.of_part(part))) for graph in (self.a, self.b) for part in graph.parts]
        seen: dict[Hashable, int] = {}
        return [seen.setdefault(colour, len(seen)) for colour in [*nets, *parts]]


def differences(a: Graph, b: Graph, colours: Colours) -> tuple[str, ...]:
    """Sentences that say where two graphs differ; the most telling first."""
    found = _counts(a, b)
    meeting = {id(graph): colours.meeting(graph) for graph in (a, b)}
    kinds = [[colours.of_part(part) for part in graph.parts] for graph in (a, b)]
    nets: list[list[Hashable]] = [list(colours.of_nets(graph)) for graph in (a, b)]
    parts = [list(kind) for kind in kinds]
    uneven: list[tuple[int, int, Hashable, Callable[[], str]]] = []
    for number in range(ROUNDS):
        places = [[_place(part, net) for part in graph.parts] for graph, net in zip((a, b), nets, strict=True)]
        for say, of in ((_of_parts, parts), (_of_nets, nets)):
            for c in _concerns(a, b, of):
                uneven.append(
                    (len(c.more) + len(c.fewer), number, (say, c.names[0], c.more[0]), partial(say, c, meeting))
                )
        if uneven and number >= min(n for _, n, *_ in uneven) + LATER:
            break
        parts, before = (
            _numbered([list(zip(kind, place, strict=True)) for kind, place in zip(kinds, places, strict=True)]),
            nets,
        )
        nets = _numbered([_met(graph, net, part) for graph, net, part in zip((a, b), nets, parts, strict=True)])
        if not uneven and _distinct(nets) == _distinct(before):
            break
    least = min((size for size, *_ in uneven), default=0)
    said = {subject: text for size, _, subject, text in uneven if size == least}
    found += [text() for text in list(said.values())[:MOST]]
    return tuple(found) or (
        "every element and every net of A has its like in B, but no mapping of all of them joins what is joined",
    )


def _counts(a: Graph, b: Graph) -> list[str]:
    one, two = (Counter(part.kind for part in graph.parts) for graph in (a, b))
    return [f"A has {one[kind]} {kind}, B has {two[kind]}" for kind in sorted(one | two) if one[kind] != two[kind]]


def _place(part: Part, nets: Sequence[Hashable]) -> Hashable:
    """Where a part is: the colours of its nets, by label."""
    return tuple(sorted((label, repr(nets[net])) for label, net in zip(part.labels, part.nets, strict=True)))


def _met(graph: Graph, nets: Sequence[Hashable], parts: Sequence[Hashable]) -> list[Hashable]:
    """The next colour of every net: its own, and the ends that meet there."""
    ends: list[list[tuple[str, Hashable]]] = [[] for _ in graph.nets]
    for part, colour in zip(graph.parts, parts, strict=True):
        for label, net in zip(part.labels, part.nets, strict=True):
            ends[net].append((label, colour))
    return [(net, tuple(sorted(met, key=repr))) for net, met in zip(nets, ends, strict=True)]


def _numbered(colours: Sequence[Sequence[Hashable]]) -> list[list[Hashable]]:
    """Colours of both graphs as numbers."""
    seen: dict[Hashable, int] = {}
    return [[seen.setdefault(colour, len(seen)) for colour in of] for of in colours]


def _distinct(colours: Sequence[Sequence[Hashable]]) -> int:
    return len({colour for of in colours for colour in of})


_Meeting = Mapping[int, Sequence[Counter[Hashable]]]
"""Graph (its identity) to what meets at each of its nets."""


@dataclass(frozen=True)
class _Concern:
    """A colour that one graph, `here`, has more of than the other: indices in both, and in the other what is uneven as well."""

    here: Graph
    there: Graph
    names: tuple[str, str]
    more: Sequence[int]
    fewer: Sequence[int]
    others: Sequence[int]


def _concerns(a: Graph, b: Graph, colours: Sequence[Sequence[Hashable]]) -> Iterator[_Concern]:
    """Every colour that is not as frequent in both graphs."""
    groups: defaultdict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, of in enumerate(colours):
        for index, colour in enumerate(of):
            groups[colour][side].append(index)
    uneven = [pair for pair in groups.values() if len(pair[0]) != len(pair[1])]
    others = [[k for pair in uneven if len(pair[side]) > len(pair[1 - side]) for k in pair[side]] for side in (0, 1)]
    for ours, theirs in uneven:
        if len(ours) > len(theirs):
            yield _Concern(a, b, ("A", "B"), ours, theirs, others[1])
        else:
            yield _Concern(b, a, ("B", "A"), theirs, ours, others[0])


def _of_parts(c: _Concern, meeting: _Meeting) -> str:
    part, (one, two) = c.here.parts[c.more[0]], c.names
    text = f"{shown(c.here, part)} of {one} has no partner"
    if c.fewer:
        text = f"{one} has {len(c.more)} such as {shown(c.here, part)}, {two} has {len(c.fewer)}"
    others = [k for k in c.others if c.there.parts[k].kind == part.kind][:CANDIDATES]
    if not others:
        return text
    ours = _around(part, meeting[id(c.here)])

    def far(k: int) -> tuple[float, ...]:
        other = c.there.parts[k]
        pairs = [(v, other.values[n]) for n, v in part.values.items() if v != other.values[n]]
        off = sum(abs(x - y) / max(abs(x), abs(y)) for x, y in pairs if math.isfinite(x) and math.isfinite(y))
        return (
            len(pairs),
            _apart(ours, _around(other, meeting[id(c.there)])),
            off,
            part.name.lower() != other.name.lower(),
            k,
        )

    nearest = min(others, key=far)
    return f"{text}; the nearest in {two} is {shown(c.there, c.there.parts[nearest])}"


def _of_nets(c: _Concern, meeting: _Meeting) -> str:
    net, (one, two) = c.more[0], c.names
    text = f"{one} has a net {joined(c.here, net)}; {two} has none like it"
    if c.fewer:
        text = f"{one} has {len(c.more)} nets such as {joined(c.here, net)}; {two} has {len(c.fewer)}"
    if not c.others:
        return text
    ours, theirs = meeting[id(c.here)][net], meeting[id(c.there)]
    nearest = min(
        c.others[:CANDIDATES], key=lambda k: (_apart(ours, theirs[k]), c.there.nets[k] != c.here.nets[net], k)
    )
    return f"{text}; the nearest is {joined(c.there, nearest)}"


def _around(part: Part, meeting: Sequence[Counter[Hashable]]) -> Counter[Hashable]:
    """All ends that meet at the nets of a part."""
    found: Counter[Hashable] = Counter()
    for net in part.nets:
        found += meeting[net]
    return found


def _apart(one: Counter[Hashable], two: Counter[Hashable]) -> int:
    """How many things are in one and not in the other."""
    return (one - two).total() + (two - one).total()


def shown(graph: Graph, part: Part) -> str:
    """A part as a netlist has it: `R r7(n3, n9) = 10k`."""
    nets = ", ".join(graph.nets[net] for net in part.nets)
    kind, numbers = part.kind.split(" {")[0], [f"{part.values[name]:.10g}" for name in part.told]
    if part.told == (part.main,):
        return f"{kind} {part.name}({nets}) = {numbers[0]}"
    given = ", ".join(f"{name} = {number}" for name, number in zip(part.told, numbers, strict=True))
    return f"{kind} {part.name}({nets})" + (f" {{ {given} }}" if given else "")


def joined(graph: Graph, net: int) -> str:
    """A net and what it joins: `n3, which joins r1.p, r2.n and 3 more`."""
    ends = [f"{p.name}.{t}" for p in graph.parts for t, n in zip(p.terminals, p.nets, strict=True) if n == net]
    more = f" and {len(ends) - 4} more" if len(ends) > 5 else ""
    return f"{graph.nets[net]}, which joins {', '.join(ends[: 4 if more else 5]) or 'nothing'}{more}"
