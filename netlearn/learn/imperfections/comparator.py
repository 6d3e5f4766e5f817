"""The two comparators of an edge have offsets of their own, and the XOR of both decides.

    sgn(|d_C| - |d_F|) -> sgn[(d_C - d_F + o1)(d_C + d_F + o2)],   o1, o2 ~ N(0, offset)

The same as offsets of the two drops, o_F = (o2 - o1) / 2 and o_C = (o2 + o1) / 2: a product of a difference and a sum is a
difference of squares. Drawn for each pair of edges in the halves of a twin, under the path of the free one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.flat import CLAMPED, FREE, Ints
from netlearn.errors import TaskError
from netlearn.learn.board import Board
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative


@dataclass(frozen=True)
class Comparator(Imperfection):
    """See the module."""

    offset: float = field(default=2e-3, metadata={"doc": "standard deviation of o1 and o2", "unit": "V"})

    def __post_init__(self) -> None:
        check_not_negative(offset=self.offset)

    def onto(self, board: Board) -> Board:
        edges = board.edges
        free, clamped = _pairs(board)
        names = [edges[e] for e in free]
        first, second = (self.offset * board.normal(f"comparator/{what}", names) for what in ("difference", "sum"))
        offsets = np.zeros((board.params.draws, 2 * len(edges)))
        offsets[:, free] = 0.5 * (second - first)
        offsets[:, len(edges) + clamped] = 0.5 * (second + first)
        return board.add(offsets=offsets)


def _pairs(board: Board) -> tuple[Ints, Ints]:
    """Learning edges in the free half of a twin, and in the clamped half the one of each that the same value steers, in
    their order."""
    groups, count = board.plan.groups, len(board.plan.names)
    half, state = (np.concatenate([getattr(g, what) for g in groups]) for what in ("half", "states"))
    of = {side: np.bincount(state[half == side], minlength=count) for side in (FREE, CLAMPED)}
    alone = np.bincount(state, minlength=count) - 2 * np.minimum(of[FREE], of[CLAMPED])
    if alone.any():
        name = board.plan.names[int(np.argmax(alone > 0))]
        raise TaskError(
            f"comparators compare the two halves of a twin, and {name} steers edges that have no twin",
            "build the network of twin nets, free and clamped, or take this out",
        )
    free, clamped = (np.flatnonzero(half == side) for side in (FREE, CLAMPED))
    return tuple(side[np.argsort(state[side], kind="stable")] for side in (free, clamped))  # type: ignore[return-value]
