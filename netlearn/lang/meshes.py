"""The functions that make meshes: which positions of one or two arrays of nets an edge joins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from netlearn.lang.arguments import check_arity, known_options
from netlearn.lang.values import Edges, Fault, Pair

if TYPE_CHECKING:
    from netlearn.lang.evaluate import Evaluator

MAX_EDGES = 1_000_000


def _edges(pairs: Iterable[tuple[int, int]], *nodes: int) -> Edges:
    return Edges(tuple(pairs), nodes)


def _limit(e: Evaluator, count: int, tree: Any) -> None:
    if count > MAX_EDGES:
        raise Fault(f"this mesh has more than {MAX_EDGES} edges", tree, "make it smaller")
    e.spend(count, tree)


def _grid(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Edges:
    known_options(tree, options, ("periodic",))
    check_arity(tree, given, 2, 2, "grid(rows, columns, periodic = true)")
    rows, columns = (e.integer(g, "a size of a grid", 1) for g in given)
    periodic = bool(e.truth(options["periodic"])) if "periodic" in options else False
    _limit(e, 2 * rows * columns, tree)
    if periodic and min(rows, columns) < 3:
        raise Fault("a periodic grid needs at least 3 rows and 3 columns", tree, "smaller ones have doubled edges")
    return _edges(grid_pairs(rows, columns, periodic), rows * columns)


def grid_pairs(rows: int, columns: int, periodic: bool) -> Iterable[tuple[int, int]]:
    """Row by row: each node's edge to the right, then its edge down."""
    for r in range(rows):
        for c in range(columns):
            if c + 1 < columns or periodic:
                yield r * columns + c, r * columns + (c + 1) % columns
            if r + 1 < rows or periodic:
                yield r * columns + c, (r + 1) % rows * columns + c


def _ring(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Edges:
    known_options(tree, options, ())
    check_arity(tree, given, 1, 1, "ring(nodes)")
    n = e.integer(given[0], "the size of a ring", 3)
    _limit(e, n, tree)
    return _edges(((i, (i + 1) % n) for i in range(n)), n)


def _dense(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Edges:
    known_options(tree, options, ())
    check_arity(tree, given, 2, 2, "dense(from, to)")
    n, m = (e.integer(g, "a size of a dense layer", 1) for g in given)
    _limit(e, n * m, tree)
    return _edges(((i, j) for i in range(n) for j in range(m)), n, m)


def _complete(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Edges:
    known_options(tree, options, ())
    check_arity(tree, given, 1, 1, "complete(nodes)")
    n = e.integer(given[0], "the size of a complete graph", 2)
    _limit(e, n * (n - 1) // 2, tree)
    return _edges(((i, j) for i in range(n) for j in range(i + 1, n)), n)


def _random(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Edges:
    known_options(tree, options, ("seed",))
    check_arity(tree, given, 2, 3, "random(nodes, edges, seed = 1)")
    n = e.integer(given[0], "the nodes of a random graph", 2)
    m = e.integer(given[1], "the edges of a random graph", 1)
    seed_tree = given[2] if len(given) == 3 else options.get("seed")
    seed = e.integer(seed_tree, "a seed", 0, 2**31) if seed_tree is not None else 0
    if not n - 1 <= m <= n * (n - 1) // 2:
        raise Fault(
            f"a connected graph of {n} nodes has between {n - 1} and {n * (n - 1) // 2} edges",
            given[1],
            "write another number of edges",
        )
    _limit(e, m + n, tree)
    return _edges(random_pairs(n, m, seed), n)


def random_pairs(n: int, m: int, seed: int) -> list[tuple[int, int]]:
    """A random spanning tree, then edges drawn evenly among the missing ones."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    parents = (rng.random(n) * np.arange(n)).astype(int)
    found = {_sorted(int(order[i]), int(order[parents[i]])) for i in range(1, n)}
    if 4 * m > n * (n - 1) // 2:
        missing = [(a, b) for a in range(n) for b in range(a + 1, n) if (a, b) not in found]
        found.update(missing[k] for k in rng.permutation(len(missing))[: m - len(found)])
    while len(found) < m:
        for a, b in rng.integers(n, size=(m - len(found), 2)).tolist():
            if a != b:
                found.add(_sorted(a, b))
    return sorted(found)


def _sorted(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _graph(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Edges:
    known_options(tree, options, ())
    check_arity(tree, given, 1, 1, "graph([0--1, 1--2])")
    pairs = e(given[0])
    if not isinstance(pairs, list) or not all(isinstance(p, Pair) for p in pairs):
        raise Fault("graph takes a list of edges", given[0], "write graph([0--1, 1--2])")
    _limit(e, len(pairs), tree)
    for k, pair in enumerate(pairs):
        if pair.a == pair.b:
            where = given[0].children[k] if given[0].data == "list" else given[0]
            raise Fault(f"edge {pair.a}--{pair.b} joins a node to itself", where, "name two different nodes")
    return _edges(((p.a, p.b) for p in pairs), 1 + max((max(p.a, p.b) for p in pairs), default=0))


MESHES: dict[str, Callable[[Evaluator, Any, list[Any], dict[str, Any]], Edges]] = {
    "grid": _grid,
    "ring": _ring,
    "dense": _dense,
    "complete": _complete,
    "random": _random,
    "graph": _graph,
}
