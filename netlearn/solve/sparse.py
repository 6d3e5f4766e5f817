"""Sparse elimination from index tables: the order and the fill-in are found once, the numbers follow for every lane.

A = L U with the pattern of A made symmetric, pivots on the diagonal, in an order that keeps the fill-in small. Below
the diagonal column j of L holds L[i, j] (unit diagonal), and at the same places row j of U holds U[j, i], so one
pattern serves both. Left-looking, column after column, with a work column a for L and one for U:

    a = A[j:, j],  b = A[j, j+1:]
    for every k < j with L[j, k] in the pattern:  a -= L[j:, k] U[k, j],   b -= U[k, j+1:] L[j, k]
    D[j] = a[j],   L[j+1:, j] = a[j+1:] / D[j],   U[j, j+1:] = b

Numbers of a matrix and of its factors are kept in one flat array of lanes: the diagonal, then the places of L, then
those of U. Pivots are not searched for: rows are matched to columns beforehand so that the diagonal is strong
(`matched`), and whoever uses the answer has to check it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Floats, Ints
from netlearn.jit import called, compiled
from netlearn.solve.lanes import every, get, minus_product, minus_run, over, put, times, width

Places = NDArray[np.int32]  # large tables take half the memory
LEAST = 1e-9  # of the largest number in its row: what a pivot should be
WEAK = 1e-6  # what a number counts for at least that is smaller in another system
SMALL = 400  # unknowns; up to here the order is found by our own minimum degree, which needs no library to load


class Factors(NamedTuple):
    """Index tables of n unknowns in the order of elimination.

    Column j of L has its rows at rows[starts[j]:starts[j + 1]], ascending. Row j of L lies at places
    row_places[row_starts[j]:row_starts[j + 1]], in columns row_columns of the same span.
    """

    starts: Places
    rows: Places
    row_starts: Places
    row_places: Places
    row_columns: Places


@dataclass(frozen=True)
class Elimination:
    """Where the unknowns of a system go: `place` (n,) of each column and of the row `matched` to it."""

    factors: Factors
    column_place: Ints
    row_place: Ints

    @property
    def size(self) -> int:
        return len(self.column_place)

    @property
    def entries(self) -> int:
        """Numbers in a matrix: diagonal, L and U."""
        return self.size + 2 * len(self.factors.rows)

    def places(self, rows: Ints, columns: Ints) -> Ints:
        """Where entries (row, column) of the system are kept; all must be in the pattern."""
        i, j = self.row_place[rows], self.column_place[columns]
        low, high = np.minimum(i, j), np.maximum(i, j)
        keys = self._keys()
        at = np.searchsorted(keys, low * self.size + high)
        nonzeros = len(self.factors.rows)
        return np.where(i == j, i, self.size + at + np.where(i < j, nonzeros, 0)).astype(np.int64)

    def _keys(self) -> Ints:
        keys = np.repeat(self.size * np.arange(self.size), np.diff(self.factors.starts))
        keys += self.factors.rows
        return keys


def eliminate(size: int, rows: Ints, columns: Ints, values: Floats, others: Floats) -> Elimination:
    """Index tables for systems with entries (row, column); `values` and `others` are typical numbers of two of them.

    Where rows cannot all have their own diagonal, what is next to nothing in either is a pivot only if nothing else can
    be one: a slope that has a current for a factor will vanish, however large it is at a random point.
    """
    mate = np.arange(size)  # column of each row
    own = _strong(size, rows, columns, values)
    if not own:
        values = np.copysign(np.clip(np.abs(others), WEAK * np.abs(values), np.abs(values)), values)
        mate = matched(size, rows, columns, values)
    place = np.empty(size, dtype=np.int64)
    place[ordered(size, *_pairs(size, mate[rows], columns))] = np.arange(size)
    found = _planned(size, rows, columns, place, place[mate])
    return found if own or _sound(found, rows, columns, values) else _pivoted(found, rows, columns, values)


def _planned(size: int, rows: Ints, columns: Ints, column_place: Ints, row_place: Ints) -> Elimination:
    """The tables where columns and rows are eliminated at these places, or in an order that comes to the same."""
    after = _postordered(size, *_pairs(size, row_place[rows], column_place[columns]))
    column_place, row_place = after[column_place], after[row_place]
    row, column = _pairs(size, row_place[rows], column_place[columns])
    factors = _filled(size, np.searchsorted(row, np.arange(size + 1)), column)
    return Elimination(factors, column_place, row_place)


def _sound(plan: Elimination, rows: Ints, columns: Ints, values: Floats) -> bool:
    """Whether no pivot is next to nothing at typical numbers, of what its row had."""
    numbers, largest = np.zeros(plan.entries), np.zeros(plan.size)
    np.add.at(numbers, plan.places(rows, columns), values)
    np.maximum.at(largest, plan.row_place[rows], np.abs(values))
    _factor_one(plan.factors, numbers, np.zeros(2 * plan.size))
    return bool((np.abs(numbers[: plan.size]) > LEAST * largest).all())


def _pivoted(plan: Elimination, rows: Ints, columns: Ints, values: Floats) -> Elimination:
    """An order whose pivots SuperLU has searched for at typical numbers; the same plan where these are singular."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    matrix = coo_array((values, (rows, columns)), shape=(plan.size, plan.size)).tocsc()
    try:
        solver = splu(matrix)
    except RuntimeError:  # "Factor is exactly singular"
        return plan
    return _planned(plan.size, rows, columns, *(p.astype(np.int64) for p in (solver.perm_c, solver.perm_r)))


def _postordered(size: int, row: Ints, column: Ints) -> Ints:
    """New numbers for columns such that those that are eliminated into each other follow one another: the fill-in stays
    what it is, and rows of a column of L often come in a row (`minus_run`)."""
    parent, after = np.full(size, -1), np.empty(size, dtype=np.int64)
    _tree(np.searchsorted(row, np.arange(size + 1)), column, parent, np.full(size, -1))
    _postorder(parent, *np.full((3, size), -1), after)
    return after


def _pairs(size: int, i: Ints, j: Ints) -> tuple[Ints, Ints]:
    """The different pairs (larger, smaller) of numbers below `size`, ascending."""
    keys = np.unique(np.maximum(i, j)[i != j] * size + np.minimum(i, j)[i != j])
    return keys // max(size, 1), keys % max(size, 1)


def _strong(size: int, rows: Ints, columns: Ints, values: Floats) -> bool:
    """Whether no row's own diagonal is missing or small."""
    diagonal, largest = np.zeros(size), np.zeros(size)
    own = rows == columns
    np.add.at(diagonal, rows[own], values[own])
    np.maximum.at(largest, rows, np.abs(values))
    return bool((np.abs(diagonal) > 1e-3 * largest).all())


def matched(size: int, rows: Ints, columns: Ints, values: Floats) -> Ints:
    """The column whose diagonal each row provides, in a matching with the largest product of magnitudes."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    matrix = coo_array((values, (rows, columns)), shape=(size, size)).tocsr()
    matrix.data = np.abs(matrix.data)
    matrix.eliminate_zeros()
    scale = np.repeat(matrix.max(axis=1).toarray().ravel(), np.diff(matrix.indptr))
    matrix.data = 2.0 - np.log10(np.maximum(matrix.data / scale, 1e-300))
    try:
        row, column = min_weight_full_bipartite_matching(matrix)
    except ValueError:  # singular whatever the numbers are: the answer will show it
        return np.arange(size)
    found = np.empty(size, dtype=np.int64)
    found[row] = column
    return found


def ordered(size: int, rows: Ints, columns: Ints) -> Ints:
    """An order of elimination with little fill-in for a symmetric pattern: minimum degree. Each pair is given once."""
    if size <= SMALL:
        return _minimum_degree(size, rows, columns)
    from scipy.sparse import coo_array, eye_array
    from scipy.sparse.linalg import splu

    below = coo_array((np.full(len(rows), -1e-9), (rows, columns)), shape=(size, size)).tocsc()
    solver = splu(
        (below + below.T + eye_array(size)).tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return np.argsort(solver.perm_c).astype(np.int64)


def _minimum_degree(size: int, rows: Ints, columns: Ints) -> Ints:
    near: list[set[int]] = [set() for _ in range(size)]
    for a, b in zip(rows.tolist(), columns.tolist(), strict=True):
        near[a].add(b)
        near[b].add(a)
    left, order = set(range(size)), []
    while left:
        best = min(left, key=lambda k: (len(near[k]), k))
        left.remove(best)
        order.append(best)
        for k in near[best]:
            near[k] |= near[best]
            near[k] -= {k, best}
    return np.array(order, dtype=np.int64)


def _filled(n: int, starts: Ints, columns: Ints) -> Factors:
    """Factors of a pattern given by the columns of each row below the diagonal."""
    parent, row_starts, column_starts = np.full(n, -1), np.zeros(n + 1, np.int32), np.zeros(n + 1, np.int32)
    _tree(starts, columns, parent, np.full(n, -1))
    _count(starts, columns, parent, np.full(n, -1), row_starts, column_starts)
    total = int(column_starts[-1])
    rows, row_places, row_columns = (np.empty(total, np.int32) for _ in range(3))
    _fill(
        starts,
        columns,
        parent,
        np.full(n, -1),
        row_starts,
        column_starts,
        rows,
        row_places,
        row_columns,
        np.empty(n, np.int64),
    )
    return Factors(column_starts, rows, row_starts, row_places, row_columns)


@compiled
def _tree(starts: Ints, columns: Ints, parent: Ints, ancestor: Ints) -> None:
    """The elimination tree (Liu 1990)."""
    for i in range(parent.size):
        for q in range(starts[i], starts[i + 1]):
            k = columns[q]
            while k != -1 and k < i:
                above = ancestor[k]
                ancestor[k] = i
                if above == -1:
                    parent[k] = i
                    break
                k = above


@compiled
def _postorder(parent: Ints, child: Ints, brother: Ints, stack: Ints, after: Ints) -> None:
    """The place of each number when all children come right before their parent; `child`, `brother`, `stack` are -1."""
    n, count = parent.size, 0
    for k in range(n - 1, -1, -1):
        if parent[k] >= 0:
            brother[k] = child[parent[k]]
            child[parent[k]] = k
    for root in range(n):
        if parent[root] >= 0:
            continue
        top = 0
        stack[0] = root
        while top >= 0:
            k = stack[top]
            below = child[k]
            if below >= 0:
                child[k] = brother[below]
                top += 1
                stack[top] = below
            else:
                after[k] = count
                count += 1
                top -= 1


@compiled
def _count(starts: Ints, columns: Ints, parent: Ints, mark: Ints, row_starts: Places, column_starts: Places) -> None:
    """How long each row and column of L is.

    Row i of L is what can be reached in the tree from the row's own columns, below i.
    """
    n = parent.size
    for i in range(n):
        mark[i] = i
        for q in range(starts[i], starts[i + 1]):
            k = columns[q]
            while mark[k] != i:
                mark[k] = i
                row_starts[i + 1] += 1
                column_starts[k + 1] += 1
                k = parent[k]
    for i in range(n):
        row_starts[i + 1] += row_starts[i]
        column_starts[i + 1] += column_starts[i]


@compiled
def _fill(
    starts: Ints,
    columns: Ints,
    parent: Ints,
    mark: Ints,
    row_starts: Places,
    column_starts: Places,
    rows: Places,
    row_places: Places,
    row_columns: Places,
    free: Ints,
) -> None:
    """Rows of each column of L, and where each row of L is found; `free` (n,) is scratch."""
    n = parent.size
    for k in range(n):
        free[k] = column_starts[k]
    for i in range(n):  # ascending, so that each column's rows are
        mark[i] = i
        for q in range(starts[i], starts[i + 1]):
            k = columns[q]
            while mark[k] != i:
                mark[k] = i
                rows[free[k]] = i
                free[k] += 1
                k = parent[k]
    for i in range(n):
        free[i] = row_starts[i]
    for k in range(n):
        for p in range(column_starts[k], column_starts[k + 1]):
            i = rows[p]
            row_columns[free[i]] = k
            row_places[free[i]] = p
            free[i] += 1


@called
def factor(t: Factors, values: Floats, work: Floats, like: Any) -> None:
    """Replace the numbers of a matrix by those of its factors; `work` holds 2 n numbers, zero before and after."""
    n, nonzeros = t.starts.size - 1, t.rows.size
    low, up = n, n + nonzeros
    zero, single = every(0.0, like), width(like) == 1
    for j in range(n):
        first, last = t.starts[j], t.starts[j + 1]
        diagonal = get(values, j, like)
        for p in range(first, last):
            put(work, t.rows[p], get(values, low + p, like))
            put(work, n + t.rows[p], get(values, up + p, like))
        for q in range(t.row_starts[j], t.row_starts[j + 1]):
            k, here = t.row_columns[q], t.row_places[q]
            below, right = get(values, low + here, like), get(values, up + here, like)
            diagonal = minus_product(diagonal, below, right)
            p, end = here + 1, t.starts[k + 1]
            while p < end:
                i = t.rows[p]
                if single and p + 7 < end and t.rows[p + 7] == i + 7:  # eight rows one after the other
                    minus_run(work, i, values, low + p, right)
                    minus_run(work, n + i, values, up + p, below)
                    p += 8
                else:
                    put(work, i, minus_product(get(work, i, like), get(values, low + p, like), right))
                    put(work, n + i, minus_product(get(work, n + i, like), get(values, up + p, like), below))
                    p += 1
        put(values, j, diagonal)
        inverse = over(every(1.0, like), diagonal)
        for p in range(first, last):
            i = t.rows[p]
            put(values, low + p, times(get(work, i, like), inverse))
            put(values, up + p, get(work, n + i, like))
            put(work, i, zero)
            put(work, n + i, zero)


@compiled
def _factor_one(t: Factors, values: Floats, work: Floats) -> None:
    factor(t, values, work, 0.0)


@called
def substitute(t: Factors, values: Floats, b: Floats, like: Any) -> None:
    """Replace b by the solution of A x = b."""
    n, nonzeros = t.starts.size - 1, t.rows.size
    for j in range(n):
        known = get(b, j, like)
        for p in range(t.starts[j], t.starts[j + 1]):
            put(b, t.rows[p], minus_product(get(b, t.rows[p], like), get(values, n + p, like), known))
    for j in range(n - 1, -1, -1):
        left = get(b, j, like)
        for p in range(t.starts[j], t.starts[j + 1]):
            left = minus_product(left, get(values, n + nonzeros + p, like), get(b, t.rows[p], like))
        put(b, j, over(left, get(values, j, like)))


@called
def substitute_transposed(t: Factors, values: Floats, b: Floats, like: Any) -> None:
    """Replace b by the solution of A^T x = b."""
    n, nonzeros = t.starts.size - 1, t.rows.size
    for j in range(n):
        known = over(get(b, j, like), get(values, j, like))
        put(b, j, known)
        for p in range(t.starts[j], t.starts[j + 1]):
            put(b, t.rows[p], minus_product(get(b, t.rows[p], like), get(values, n + nonzeros + p, like), known))
    for j in range(n - 1, -1, -1):
        left = get(b, j, like)
        for p in range(t.starts[j], t.starts[j + 1]):
            left = minus_product(left, get(values, n + p, like), get(b, t.rows[p], like))
        put(b, j, left)
