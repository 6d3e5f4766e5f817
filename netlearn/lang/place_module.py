"""Placing one module: its parameters and what its ports are joined to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lark import Token, Tree

from netlearn.circuit.model import GROUND, Learn, Tolerance
from netlearn.lang.connecting import by_name, node_name, value_of
from netlearn.lang.draft import (
    STATE,
    Draft,
    Port,
)
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.formulas import leaves, renamed
from netlearn.lang.library import Definition
from netlearn.lang.spreads import read_tolerance
from netlearn.lang.values import (
    BundleNet,
    Fault,
    Piece,
    StateRef,
    Symbolic,
    kind_of,
    leaf,
)
from netlearn.units import NONE, Dimension, Quantity


def module_params(
    draft: Draft, definition: Definition, known: Sequence[str], props: Piece | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Values for a module's parameters; formulas over our states come with the names they get inside."""
    params: dict[str, Any] = {}
    imports: dict[str, str] = {}
    trees = by_name(props.children if props else (), known, f"module {definition.name}")
    for key, tree in trees.items():
        value = value_of(draft, tree)
        if isinstance(value, StateRef) and value.size is None:
            value = leaf(value)
        if isinstance(value, Symbolic):
            if leaves(value.tree, "n"):
                raise Fault("a parameter cannot depend on a voltage", tree, "make it a port of type signal")
            inner = {s: f"{key}'{i}" for i, s in enumerate(leaves(value.tree, "s"))}
            imports |= {mine: theirs for theirs, mine in inner.items()}
            value = Symbolic(renamed(value.tree, inner), value.dimension)
        params[key] = value
    return params, imports


def spread_param(
    draft: Draft, definition: Definition, name: str, tree: Piece, params: dict[str, Any], imports: dict[str, str]
) -> Tolerance:
    """The tolerance of a module's parameter, as one of `MODULE.PARAM`. The parameter becomes a state of ours that never learns,
    so that what inside depends on it follows what manufacture makes of it."""
    header = next(c for c in definition.tree.children if isinstance(c, Tree) and c.data == "ports")
    defaults = {str(c.children[0]): c.children[-1] for c in header.children if c.data == "param"}
    param = next((str(c) for c in tree.children if isinstance(c, Token)), "")
    value = params.get(param)
    if value is None and isinstance(default := defaults.get(param), Tree):
        value = Evaluator({}, budget=draft.session.budget)(default)
    if param in defaults and not isinstance(value, Quantity):
        what = "nothing" if value is None else kind_of(value)
        raise Fault(f"'{param}' is {what} here, and only a number can spread", tree, f"write {{ {param} = 1mV }}")
    units: dict[str, Dimension | None] = dict.fromkeys(defaults)
    if isinstance(value, Quantity):
        units[param] = value.dimension if value.dimension != NONE else None
    tolerance = read_tolerance(draft.evaluate, tree, "", units)
    assert isinstance(value, Quantity)
    state, inner = f"{name}.{param}", f"{param}'"
    draft.states[state] = Learn(value.number, value.number, value.number, frozen=True)
    params[param], imports[inner] = Symbolic(("s", inner), value.dimension), state
    return replace(tolerance, param=f"{definition.name}.{param}")


def join(
    draft: Draft,
    port: Port,
    given: Mapping[str, tuple[Any, Any]],
    nets: dict[str, str],
    states: dict[str, str],
    definition: Definition,
    name: str,
    where: Any,
) -> None:
    if port.name not in given:
        if port.name == GROUND:
            nets[GROUND] = GROUND
            return
        raise Fault(
            f"port '{port.name}' of module {definition.name} is not connected",
            where,
            f"connect it: {port.name} = ...",
        )
    value, tree = given[port.name]
    if port.type == STATE:
        if not isinstance(value, StateRef) or value.size is not None:
            raise Fault(
                f"port '{port.name}' takes a state, not {kind_of(value)}",
                tree,
                "declare one: state k = learn(64, 1..127)",
            )
        states[port.name] = value.name
    elif port.members:
        if not isinstance(value, BundleNet) or value.members != port.members:
            raise Fault(
                f"port '{port.name}' takes a bundle {port.type}, not {kind_of(value)}",
                tree,
                f"declare it: net a: {port.type}",
            )
        for member in port.members:
            nets[f"{port.name}.{member}"] = f"{value.name}.{member}"
            draft.uses[f"{value.name}.{member}"] += 1
    else:
        nets[port.name] = node_name(draft, value, tree, name, port.name)
        if port.name == GROUND and nets[GROUND] != GROUND:
            raise Fault(
                "port 'gnd' is the reference node, and this is another net", tree, "connect gnd, or rename the port"
            )
        draft.uses[nets[port.name]] += 1
