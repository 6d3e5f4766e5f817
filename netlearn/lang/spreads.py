"""Tolerances as they are written, `~ offset 2mV lot 5mV`: laws of spread with their units checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from lark import Token, Tree

from netlearn import units
from netlearn.circuit.model import Tolerance
from netlearn.errors import TaskError
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.values import Fault, Piece, in_unit, suggest
from netlearn.lang.write import write
from netlearn.units import NONE, Dimension, Quantity
from netlearn.variation.laws import LAWS, Law

METRE = units.UNITS["m"]


def read_tolerance(evaluate: Evaluator, tree: Piece, value: str, known: Mapping[str, Dimension | None]) -> Tolerance:
    """The tolerance of a parameter: the one that is named, or `value`, the main one. known: the dimensions of those that
    there are, None where any will do."""
    param = next((str(c) for c in tree.children if isinstance(c, Token)), value)
    if param not in known:
        raise Fault(
            f"there is no parameter '{param}' to spread"
            if param
            else "this kind has no main value; name the parameter that spreads",
            tree,
            suggest(param, known) or f"write ~ {next(iter(known), 'offset')} 1%; what there is: {', '.join(known)}",
        )
    return of_param(evaluate, tree, param, known[param])


def read_tolerances(
    evaluate: Evaluator, trees: Sequence[Piece], value: str, known: Mapping[str, Dimension | None]
) -> tuple[Tolerance, ...]:
    """Those of one element, each of another parameter."""
    found: dict[str, Tolerance] = {}
    for tree in trees:
        tolerance = read_tolerance(evaluate, tree, value, known)
        if tolerance.param in found:
            raise Fault(f"'{tolerance.param}' has two tolerances", tree, "remove one of them")
        found[tolerance.param] = tolerance
    return tuple(found.values())


def of_param(evaluate: Evaluator, tree: Piece, param: str, unit: Dimension | None) -> Tolerance:
    """The spreads of a tolerance, within a die, apart and from lot to lot, for a parameter of this dimension."""
    spreads = {
        str(c.data) if c.data != "spread" else "within": c.children[0] if c.data != "spread" else c
        for c in tree.children
        if isinstance(c, Tree)
    }
    return Tolerance(param, **{name: read_spread(c, evaluate, unit) for name, c in spreads.items()})


def read_spread(tree: Piece, evaluate: Evaluator, unit: Dimension | None) -> Law:
    """`1%`, `2mV`, `pelgrom(5mV*um, par_l = 0.1um)`, `lognormal(1pA, 50%)` for a parameter of this dimension."""
    first = tree.children[0]
    if first.type == "NUMBER":
        law, given = LAWS["normal"], {"sd": Tree("number", [first])}
    elif str(first) not in LAWS:
        raise Fault(f"unknown distribution '{first}'", first, suggest(str(first), LAWS) or f"known: {', '.join(LAWS)}")
    else:
        law = LAWS[str(first)]
        given = _options(tree, law)
    fields = {f.name: f for f in dataclasses.fields(law) if f.name != "relative"}
    missing = [f.name for f in fields.values() if f.default is dataclasses.MISSING and f.name not in given]
    if missing:
        raise Fault(f"{first} is not given its {missing[0]}", tree, f"write ~ {_form(str(first), law)}")
    scale = next((n for n in ("median", *fields) if n in given and fields[n].metadata["of"] in ("value", "area")), "")
    relative = "%" in write(given[scale]) if scale else True
    numbers = {
        name: _number(evaluate, where, fields[name].metadata["of"], unit, relative, str(name))
        for name, where in given.items()
    }
    try:
        return law(**numbers, relative=relative)
    except TaskError as error:
        raise Fault(error.message, given.get(error.about, tree), error.help) from None


def _options(tree: Piece, law: type[Law]) -> dict[str, Any]:
    """Option to its expression, by position or by name."""
    known = [f.name for f in dataclasses.fields(law) if f.name != "relative"]
    arguments = tree.children[1:]
    positional = [a for a in arguments if a.data != "named"]
    order = next((names for names in law.order if len(names) == len(positional)), ())
    if len(order) != len(positional) or any(a.data != "named" for a in arguments[len(positional) :]):
        raise Fault(f"{tree.children[0]} does not take these numbers", tree, f"write ~ {_form(tree.children[0], law)}")
    given = dict(zip(order, positional, strict=True))
    for item in arguments[len(positional) :]:
        key = str(item.children[0])
        if key not in known:
            raise Fault(
                f"{tree.children[0]} has no option '{key}'", item, suggest(key, known) or f"known: {', '.join(known)}"
            )
        if key in given:
            raise Fault(f"'{key}' is given twice", item, "remove one of them")
        given[key] = item.children[1]
    return given


EXAMPLES = {"value": "1%", "area": "5mV*um", "length": "1um", "part": "50%"}


def _form(name: str, law: type[Law]) -> str:
    fields = {f.name: f for f in dataclasses.fields(law)}
    return f"{name}({', '.join(EXAMPLES[fields[option].metadata['of']] for option in law.order[0])})"


def _number(evaluate: Evaluator, tree: Any, of: str, unit: Dimension | None, relative: bool, name: str) -> float:
    quantity: Quantity = evaluate.number(tree, f"'{name}'", None)
    if unit is None and of != "length":
        return quantity.number
    base = NONE if relative or of in ("part", "length") else unit or NONE
    wanted = units.multiply(base, METRE) if of in ("area", "length") else base
    if quantity.dimension != wanted:
        if of in ("value", "area") and "%" not in write(tree) and quantity.dimension == NONE:
            message = f"{write(tree)} does not say what it is a part of, or in which unit"
            raise Fault(message, tree, f"write {write(tree)}% or give it {in_unit(wanted)}")
        if relative and of == "area":
            raise Fault(f"'{name}' is a part times a length", tree, f"write {write(tree)}*um")
        raise Fault(
            f"'{name}' is {in_unit(wanted)}, and this is {in_unit(quantity.dimension)}",
            tree,
            "a part is written 1%" if of == "value" else f"give it {in_unit(wanted)}",
        )
    return quantity.number
