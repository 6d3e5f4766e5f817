"""`mismatch` blocks: what manufacture does, kept in the checked netlist for the studies that draw from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lark import Token, Tree

from netlearn.circuit.model import Circuit, Spread
from netlearn.lang.connecting import read_spread
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.task import Condition, read_condition
from netlearn.lang.values import Fault, Piece
from netlearn.lang.write import write

CORNERS = ("tt", "ss", "ff", "sf", "fs")


@dataclass(frozen=True)
class Deviation:
    """A spread for everything a selector names, e.g. `NMOS.vto` or `*.cg.leak`."""

    selector: str
    within: Spread
    lot: Spread | None


@dataclass(frozen=True)
class MismatchSpec:
    """A checked mismatch block."""

    name: str
    circuit: str
    seed: int
    samples: int
    corners: tuple[str, ...]
    deviations: tuple[Deviation, ...]
    yields: tuple[Condition, ...]


def read_mismatch(tree: Piece, circuit: Circuit) -> MismatchSpec:
    evaluate = Evaluator({})
    seed, samples = 0, 100
    corners: tuple[str, ...] = ("tt",)
    deviations: list[Deviation] = []
    yields: list[Condition] = []
    for statement in tree.children[2:]:
        match statement.data:
            case "seed":
                seed = evaluate.integer(Tree("number", statement.children), "a seed", 0, 2**31)
            case "samples":
                samples = evaluate.integer(Tree("number", statement.children), "the number of samples", 1, 10_000_000)
            case "corner":
                corners = tuple(_corner(t) for t in statement.children)
            case "yield_":
                yields.append(read_condition(evaluate, statement.children[0]))
            case _:
                deviations.append(_deviation(statement, evaluate))
    return MismatchSpec(str(tree.children[0]), circuit.name, seed, samples, corners, tuple(deviations), tuple(yields))


def _corner(token: Token) -> str:
    if str(token) not in CORNERS:
        raise Fault(f"unknown corner '{token}'", token, f"known: {', '.join(CORNERS)}")
    return str(token)


def _deviation(statement: Any, evaluate: Evaluator) -> Deviation:
    selector, tolerance = statement.children
    if any(isinstance(c, Token) for c in tolerance.children):
        raise Fault("the selector names the parameter here", tolerance, "write NMOS.vto ~ pelgrom(5mV*um)")
    spreads = [read_spread(c, evaluate) for c in tolerance.children]
    text = "".join(
        f"[{write(c.children[0])}]" if isinstance(c, Tree) else f".{c}" if i else str(c)
        for i, c in enumerate(selector.children)
    )
    return Deviation(text, spreads[0], spreads[1] if len(spreads) > 1 else None)
