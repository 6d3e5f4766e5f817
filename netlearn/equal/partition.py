"""Colour refinement of two graphs at once: a partition of all their vertices that is made finer until it is equitable.

A vertex of one graph can only correspond to one of the other graph in its own cell. Every cell has to have as many of the
one as of the other; as soon as one has not, the two differ. Refinement (Hopcroft, 1971; Paige and Tarjan, 1987): of a cell, count
for every vertex and label how many of its edges lead there, and split cells by these counts; of the pieces all but the
largest are to be looked at again, so that E edges take O(E log V). Cells are stretches of one array, a new cell
the end of an old one, so that what was split last is put together again by moving one border.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

Edges = Sequence[Sequence[tuple[int, int]]]
"""Vertex to (label, vertex) of each of its edges."""


class Partition:
    """Cells of vertices by number; `sides`: 1 for a vertex of the first graph, -1 for one of the second."""

    def __init__(self, edges: Edges, sides: Sequence[int], colours: Sequence[int]) -> None:
        self.edges, self.sides = edges, sides
        self.work = 0  # edges that were looked at
        self.order = sorted(range(len(sides)), key=lambda v: colours[v])
        self.place = [0] * len(sides)
        self.cell = [0] * len(sides)
        self.start: list[int] = []
        self.size: list[int] = []
        self.parent: list[int] = []
        before = None
        for at, vertex in enumerate(self.order):
            if colours[vertex] != before:
                self.start.append(at)
                self.size.append(0)
                self.parent.append(-1)
                before = colours[vertex]
            self.size[-1] += 1
            self.place[vertex], self.cell[vertex] = at, len(self.size) - 1

    def members(self, cell: int) -> list[int]:
        """The vertices of a cell."""
        return self.order[self.start[cell] : self.start[cell] + self.size[cell]]

    def alone(self, vertex: int) -> bool:
        """Whether a vertex has at most one that it can correspond to."""
        return self.size[self.cell[vertex]] <= 2

    def partner(self, vertex: int) -> int:
        """Who it corresponds to, where that is only one."""
        one, two = self.members(self.cell[vertex])
        return two if one == vertex else one

    def refined(self, cells: Iterable[int]) -> bool:
        """Make the partition equitable, where these cells are new; False as soon as a cell is out of balance."""
        queue = deque(cells)
        waiting = set(queue)
        while queue:
            cell = queue.popleft()
            waiting.discard(cell)
            hits: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
            for vertex in self.members(cell):
                self.work += len(self.edges[vertex])
                for label, other in self.edges[vertex]:
                    hits[label][other] += 1
            for label in sorted(hits):
                groups: defaultdict[int, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
                for vertex, count in hits[label].items():
                    groups[self.cell[vertex]][count].append(vertex)
                for split, by_count in groups.items():
                    pieces = self._split(split, [by_count[count] for count in sorted(by_count)])
                    if pieces is None:
                        return False
                    if split not in waiting:
                        pieces.remove(max(pieces, key=lambda c: self.size[c]))
                    for piece in pieces:
                        if piece not in waiting:
                            waiting.add(piece)
                            queue.append(piece)
        return True

    def separate(self, one: int, two: int) -> bool:
        """Let two vertices of one cell correspond to each other; False where that cannot be."""
        cell = self.cell[one]
        return self.refined([self._new(cell, [one, two])])

    @property
    def mark(self) -> int:
        """What `undo` goes back to."""
        return len(self.size)

    def undo(self, mark: int) -> None:
        """Put together what was split since a mark."""
        while len(self.size) > mark:
            cell, parent = len(self.size) - 1, self.parent.pop()
            for vertex in self.members(cell):
                self.cell[vertex] = parent
            self.size[parent] += self.size[cell]
            self.start.pop()
            self.size.pop()

    def _split(self, cell: int, groups: list[list[int]]) -> list[int] | None:
        """Make cells of disjoint groups of vertices of a cell: all pieces, the old one first; None out of balance."""
        if any(sum(self.sides[v] for v in group) for group in groups):
            return None
        if sum(map(len, groups)) == self.size[cell]:
            groups.remove(max(groups, key=len))
        return [cell, *(self._new(cell, group) for group in groups)]

    def _new(self, cell: int, group: Sequence[int]) -> int:
        """A new cell of some vertices of a cell, at its end."""
        end = self.start[cell] + self.size[cell]
        for vertex in group:
            end -= 1
            other, at = self.order[end], self.place[vertex]
            self.order[at], self.order[end] = other, vertex
            self.place[other], self.place[vertex] = at, end
        self.size[cell] -= len(group)
        self.start.append(end)
        self.size.append(len(group))
        self.parent.append(cell)
        for vertex in group:
            self.cell[vertex] = len(self.size) - 1
        return len(self.size) - 1
