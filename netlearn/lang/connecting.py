"""What an instance is joined to: terminals and ports to nets, and expressions to hidden nets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from netlearn import units
from netlearn.circuit.model import (
    GROUND,
    Element,
    Formula,
)
from netlearn.devices import Device, Param
from netlearn.lang.draft import (
    Draft,
)
from netlearn.lang.formulas import leaves, numbered
from netlearn.lang.values import (
    BundleNet,
    Fault,
    Net,
    NetArray,
    Piece,
    Symbolic,
    kind_of,
    leaf,
    suggest,
)
from netlearn.units import Quantity


def connect(
    draft: Draft,
    names: Sequence[str],
    connections: Piece | None,
    ends: list[Net | BundleNet],
    kind: Piece,
    what: str,
) -> dict[str, tuple[Any, Any]]:
    """Terminal or port name to (value, tree), positional or by name, never mixed."""
    given: dict[str, tuple[Any, Any]] = {n: (v, kind) for n, v in zip(names, ends, strict=False)}
    arguments = list(connections.children) if connections else []
    positional = [a for a in arguments if a.data != "named"]
    if positional and len(positional) != len(arguments):
        raise Fault("connections by position and by name are mixed", connections, form(what, names))
    if positional and ends:
        raise Fault(
            "in a mesh the first two connections are the edge's ends; name the others",
            connections,
            "write of Edge(clk = clk)",
        )
    if len(positional) > len(names):
        raise Fault(
            f"{what} has {len(names)} terminals, and {len(positional)} nets are given",
            connections,
            form(what, names),
        )
    for key, argument in zip(names, positional, strict=False):
        given[key] = (edge_value(draft, argument), argument)
    for argument in arguments if not positional else []:
        key = str(argument.children[0])
        if key not in names:
            raise Fault(
                f"{what} has no terminal '{key}'", argument.children[0], suggest(key, names) or form(what, names)
            )
        if key in given:
            raise Fault(f"'{key}' is connected twice", argument, "remove one of them")
        given[key] = (edge_value(draft, argument.children[1]), argument.children[1])
    return given


def value_of(draft: Draft, tree: Any) -> Any:
    """The value of an expression; the edges of one mesh share it."""
    if draft.memo is None:
        return draft.evaluate(tree)
    if id(tree) not in draft.memo:
        draft.memo[id(tree)] = draft.evaluate(tree)
    return draft.memo[id(tree)]


def edge_value(draft: Draft, tree: Any) -> Any:
    """The value of an expression for the edge of a mesh that is being placed: a list or an array of nets has one
    entry for each edge, everything else is shared."""
    value = value_of(draft, tree)
    if draft.memo is None or not isinstance(value, (list, NetArray)):
        return value
    if isinstance(value, NetArray):
        draft.memo[id(tree)] = value = value.flat()
    k, count = draft.edge
    if len(value) != count:
        raise Fault(
            f"here are {len(value)} entries, and this mesh has {count} edges", tree, "give one entry for each edge"
        )
    return value[k]


def node_name(draft: Draft, value: Any, where: Any, name: str, terminal: str) -> str:
    if isinstance(value, Net):
        return value.name
    if isinstance(value, BundleNet):
        raise Fault(
            f"'{value.name}' is a bundle; a terminal takes one net", where, f"write {value.name}.{value.members[0]}"
        )
    symbol = leaf(value)
    if symbol is None:
        help = f"write {value.name}[{value.shape[0][0]}]" if isinstance(value, NetArray) else "write the name of a net"
        raise Fault(f"terminal '{terminal}' takes a net, not {kind_of(value)}", where, help)
    if isinstance(value, Quantity) and value.dimension != units.VOLT:
        help = "ground is gnd" if value.number == 0 else "a net that is held at a voltage is written 0.5V"
        raise Fault(f"terminal '{terminal}' takes a net, not a number", where, help)
    for net in leaves(symbol.tree, "n"):
        if net not in draft.nets and net not in draft.uses and net != GROUND:
            raise Fault(f"'{net}' lies within an instance", where, "give the module a port for it")
    return drive(draft, symbol, f"{name}.{terminal}")


def by_name(items: Iterable[Piece], known: Sequence[str], what: str) -> dict[str, Any]:
    """The trees of `name = value` items by name; Fault where a name is not one of `known`, or comes twice."""
    given: dict[str, Any] = {}
    for item in items:
        key = str(item.children[0])
        if key not in known:
            raise Fault(
                f"{what} has no parameter '{key}'",
                item.children[0],
                suggest(key, known) or f"its parameters are {', '.join(known) or 'none'}",
            )
        if key in given:
            raise Fault(f"'{key}' is given twice", item, "remove one of them")
        given[key] = item.children[1]
    return given


def drive(draft: Draft, symbol: Symbolic, name: str) -> str:
    """A hidden net held at the value of an expression of voltages and states; gives its name."""
    text, numbers, states, nets = numbered(symbol.tree)
    sources = tuple(f"x{i}" for i in range(len(nets)))
    names = [f"c{i}" for i in range(len(numbers))] + [f"s{i}" for i in range(len(states))]
    device = Device(
        name=f"Expression {text}",
        doc="a voltage computed from other voltages",
        terminals=("out", "ref", *sources),
        params=tuple(Param(n, "", None, "") for n in names),
        law=f"voltage e(out, ref) = {text}",
        control=sources,
    )
    params: dict[str, float | Formula] = {f"c{i}": c for i, c in enumerate(numbers)}
    params |= {f"s{i}": Formula("s0", (), (s,)) for i, s in enumerate(states)}
    net = f"{name}'"
    draft.add_nets([net], None)
    draft.uses[net] += 2
    for used in nets:
        draft.uses[used] += 1
    draft.elements.append(Element(f"{name}=", device, (net, GROUND, *nets), params))
    return net


def form(name: str, terminals: Sequence[str]) -> str:
    return f"write {name.removeprefix('module ')} x({', '.join(terminals)})"
