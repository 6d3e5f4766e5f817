"""`mismatch` blocks: what manufacture does, checked against the circuit that it is of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lark import Token, Tree

from netlearn import units
from netlearn.circuit.flat import FlatCircuit, flatten
from netlearn.circuit.model import Choice, Circuit, Tolerance
from netlearn.errors import CircuitError, Source, TaskError
from netlearn.lang.choices import read_choice
from netlearn.lang.conditions import Condition, read_condition
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.spreads import of_param
from netlearn.lang.values import Fault, Piece
from netlearn.lang.write import write
from netlearn.variation.corners import CORNERS
from netlearn.variation.draws import varied
from netlearn.variation.select import Chosen, select


@dataclass(frozen=True)
class MismatchSpec:
    """A checked mismatch block. chosen: tolerances by (device, parameter, element) of the flat circuit, which take the place of
    those at the elements. corners: of the process; none where lots are drawn. memories: how what is learned is kept."""

    name: str
    circuit: str
    source: Source
    seed: int = 0
    samples: int = 1000
    corners: tuple[str, ...] = ()
    chosen: tuple[tuple[tuple[str, str, int], Tolerance], ...] = ()
    yields: tuple[Condition, ...] = ()
    memories: tuple[Choice, ...] = ()

    @property
    def spread(self) -> tuple[str, ...]:
        """What it spreads, as people call it."""
        return tuple(dict.fromkeys(f"{device}.{param}" if device else param for (device, param, _), _ in self.chosen))


def read_mismatch(
    tree: Piece, circuit: Circuit, source: Source, lint: Callable[[str, Piece, str], None]
) -> MismatchSpec:
    """A block about a circuit; `lint` is told of selectors that select nothing."""
    evaluate, flat = Evaluator({}), flatten(circuit)
    spec = MismatchSpec(str(tree.children[0]), circuit.name, source)
    chosen: dict[tuple[str, str, int], Tolerance] = {}
    for statement in tree.children[2:]:
        match statement.data:
            case "seed":
                number = evaluate.integer(Tree("number", statement.children), "a seed", 0, 2**31)
                spec = replace(spec, seed=number)
            case "samples":
                number = evaluate.integer(Tree("number", statement.children), "the number of samples", 1, 10_000_000)
                spec = replace(spec, samples=number)
            case "corner":
                spec = replace(spec, corners=_corners(statement.children))
            case "yield_":
                spec = replace(spec, yields=(*spec.yields, read_condition(evaluate, statement.children[0])))
            case "memory":
                choice = read_choice(evaluate, "memory", statement.children[0], "memory levels(bits = 7)")
                spec = replace(spec, memories=(*spec.memories, choice))
            case _:
                found = _deviation(statement, evaluate, flat)
                if not found:
                    lint(
                        f"{selector(statement.children[0])} names nothing in {circuit.name}",
                        statement,
                        "is it spelled so?",
                    )
                chosen |= found
    try:
        varied(flat, chosen)
    except CircuitError as error:
        raise Fault(error.message, tree.children[0], error.help) from None
    return replace(spec, chosen=tuple(chosen.items()))


def _corners(tokens: Sequence[Token]) -> tuple[str, ...]:
    named: list[str] = []
    for token in tokens:
        if str(token) not in CORNERS:
            raise Fault(f"unknown corner '{token}'", token, f"known: {', '.join(CORNERS)}")
        if str(token) in named:
            raise Fault(f"corner '{token}' is named twice", token, "name each once")
        named.append(str(token))
    return tuple(named)


def selector(tree: Piece) -> str:
    """As it is written."""
    return ".".join(_parts(tree))


def _parts(tree: Piece) -> list[str]:
    """`e[*].mf.vto` as ["e[*]", "mf", "vto"]."""
    found: list[str] = []
    for child in tree.children:
        if isinstance(child, Tree):
            found[-1] += f"[{write(child.children[0])}]"
        else:
            found.append(str(child))
    return found


def _deviation(statement: Any, evaluate: Evaluator, flat: FlatCircuit) -> dict[tuple[str, str, int], Tolerance]:
    chooser, tolerance = statement.children
    if any(isinstance(child, Token) for child in tolerance.children):
        raise Fault("the selector names the parameter here", tolerance, "write NMOS.vto ~ pelgrom(5mV*um)")
    try:
        found = select(flat, _parts(chooser))
    except TaskError as error:
        raise Fault(error.message, chooser, error.help) from None
    if not found:
        of_param(evaluate, tolerance, "", None)  # what is wrong with it is wrong here as well
    return {
        (one.device, one.param, element): tolerances
        for one in found
        for element, tolerances in _tolerances(evaluate, tolerance, flat, one).items()
    }


def _tolerances(evaluate: Evaluator, tree: Piece, flat: FlatCircuit, one: Chosen) -> dict[int, Tolerance]:
    """By element."""
    if one.device:
        unit = units.dimension(flat.banks[one.device].device.param(one.param).unit)
        return dict.fromkeys(one.elements.tolist(), of_param(evaluate, tree, one.param, unit))
    before = {k: flat.states[k].tolerance for k in one.elements.tolist()}
    return {k: of_param(evaluate, tree, old.param, None) for k, old in before.items() if old is not None}
