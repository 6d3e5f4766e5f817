"""Elimination from index tables against numpy's dense solver, for one lane and for eight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netlearn.jit import compiled
from netlearn.solve import sparse
from netlearn.solve.lanes import eight
from netlearn.solve.sparse import eliminate, factor, substitute, substitute_transposed


@compiled
def _one(t: Any, values: Any, work: Any, b: Any, transposed: Any) -> None:
    factor(t, values, work, 0.0)
    substitute(t, values, b, 0.0)
    substitute_transposed(t, values, transposed, 0.0)


@compiled
def _eight(t: Any, values: Any, work: Any, b: Any, transposed: Any) -> None:
    like = eight()
    factor(t, values, work, like)
    substitute(t, values, b, like)
    substitute_transposed(t, values, transposed, like)


def _network(size: int, seed: int, branches: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entries of a random connected network of conductances, the last unknowns currents of sources between nodes."""
    rng = np.random.default_rng(seed)
    dense = np.zeros((size, size))
    nodes = size - branches
    for a in range(1, nodes):
        for b in {int(rng.integers(0, a)), int(rng.integers(0, a))}:
            g = 10.0 ** rng.uniform(-4, -2)
            dense[a, a] += g
            dense[b, b] += g
            dense[a, b] -= g
            dense[b, a] -= g * rng.uniform(0.5, 1.0)
    dense[0, 0] += 1e-3
    for k in range(branches):
        a = 2 * k + 1  # a node of its own for each, so that no loop of sources arises
        dense[a, nodes + k] += 1.0
        dense[nodes + k, a] += 1.0
    rows, columns = np.nonzero(dense)
    return rows, columns, dense[rows, columns]


@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize(("size", "branches"), [(1, 0), (2, 0), (9, 3), (40, 0), (40, 12), (500, 30)])
def test_solutions_and_transposed_solutions_are_those_of_numpy(size: int, branches: int, lanes: int) -> None:
    rows, columns, values = _network(size, size, branches)
    plan = eliminate(size, rows, columns, values, values)
    rng = np.random.default_rng(1)
    numbers = values[:, None] * rng.uniform(0.9, 1.1, (len(values), lanes))
    dense = np.zeros((lanes, size, size))
    dense[:, rows, columns] = numbers.T
    b = rng.normal(size=(lanes, size))
    flat = np.zeros((plan.entries, lanes))
    flat[plan.places(rows, columns)] = numbers
    right, left = np.zeros((size, lanes)), np.zeros((size, lanes))
    right[plan.row_place], left[plan.column_place] = b.T, b.T
    one, other = right.ravel(), left.ravel()
    (_one if lanes == 1 else _eight)(plan.factors, flat.ravel(), np.zeros(2 * size * lanes), one, other)
    for found, place, matrix in (
        (one, plan.column_place, dense),
        (other, plan.row_place, dense.swapaxes(1, 2)),
    ):
        wanted = np.linalg.solve(matrix, b[..., None])[..., 0]
        got = found.reshape(size, lanes)[place].T
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-10 * np.abs(wanted).max())


def test_our_order_fills_about_as_little_as_the_library() -> None:
    index = np.arange(19 * 19).reshape(19, 19)
    a = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
    b = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    rows, columns = np.concatenate([a, b, index.ravel()]), np.concatenate([b, a, index.ravel()])
    values = np.where(rows == columns, 5.0, -1.0)
    ours = eliminate(361, rows, columns, values, values)
    before, sparse.SMALL = sparse.SMALL, 0
    try:
        theirs = eliminate(361, rows, columns, values, values)
    finally:
        sparse.SMALL = before
    assert len(ours.factors.rows) < 1.3 * len(theirs.factors.rows)


def test_an_empty_system_has_an_elimination() -> None:
    none = np.zeros(0, np.int64)
    assert eliminate(0, none, none, np.zeros(0), np.zeros(0)).entries == 0


def test_a_number_that_vanishes_in_another_system_is_no_pivot() -> None:
    rows, columns = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    values, others = np.array([1e-4, 5.0, 7.0, 1e-4]), np.array([1e-4, 0.0, 7.0, 1e-4])
    plan = eliminate(2, rows, columns, values, others)
    for numbers in (values, others):
        flat, x, other = np.zeros(plan.entries), np.zeros(2), np.zeros(2)
        flat[plan.places(rows, columns)] = numbers
        x[plan.row_place] = [1.0, 2.0]
        _one(plan.factors, flat, np.zeros(4), x, other)
        np.testing.assert_allclose(x[plan.column_place], np.linalg.solve(numbers.reshape(2, 2), [1.0, 2.0]), rtol=1e-9)
