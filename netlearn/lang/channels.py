"""Inputs and outputs of a circuit: what is driven and what is read, in both halves of a twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lark import Tree

from netlearn.circuit.model import (
    GROUND,
    Input,
    Output,
)
from netlearn.lang.draft import (
    Draft,
    extent,
    flat_nets,
    net_names,
)
from netlearn.lang.values import (
    BundleNet,
    ElementRef,
    Fault,
    Named,
    Net,
    NetArray,
    Piece,
    kind_of,
)


@dataclass(frozen=True)
class _Difference:
    plus: Net | BundleNet
    minus: Net | BundleNet


def read_inputs(draft: Draft, tree: Piece) -> None:
    for name, value, where in _listed(draft, tree):
        if not isinstance(value, Named) or value.name not in ("V", "I"):
            raise Fault("an input drives a node: V(net) or I(net)", where, "write input x = V(in)")
        if len(value.arguments) != 1 or not isinstance(value.arguments[0], (Net, BundleNet)):
            raise Fault("an input drives one node against ground", where, "write input x = V(in)")
        nets = net_names(value.arguments[0])
        if GROUND in nets:
            raise Fault("ground cannot be driven", where, "drive another net")
        if value.name == "V":
            if nets[0] in draft.driven:
                raise Fault(f"this net is already driven by input {draft.driven[nets[0]]}", where, "drive another net")
            draft.driven |= dict.fromkeys(nets, name)
        for net in nets:
            draft.uses[net] += 2
        draft.inputs.append(Input(name, "V" if value.name == "V" else "I", tuple(nets)))


def read_outputs(draft: Draft, tree: Piece) -> None:
    for name, value, where in _listed(draft, tree):
        draft.outputs.append(_output(draft, name, value, where))


def _output(draft: Draft, name: str, value: Any, where: Any) -> Output:
    if isinstance(value, Named) and value.name == "I":
        target = value.arguments[0]
        if not isinstance(target, ElementRef) or target.count is not None or not target.is_element:
            raise Fault("I reads the current of one element", where, "write output i = I(r1)")
        return Output(name, "I", element=target.name)
    if isinstance(value, Named) and value.name == "V":
        plus = value.arguments[0]
        minus = value.arguments[1] if len(value.arguments) == 2 else Net(GROUND)
    elif isinstance(value, _Difference):
        plus, minus = value.plus, value.minus
    else:
        raise Fault("an output reads V(net), V(a) - V(b), V(a, b) or I(element)", where, "write output y = V(out)")
    for net in (plus, minus):
        if not isinstance(net, (Net, BundleNet)):
            raise Fault(f"V reads one net, not {kind_of(net)}", where)
        for one in net_names(net):
            draft.uses[one] += 1
    return Output(name, "V", _half(plus, minus, "free", where), _half(plus, minus, "clamped", where))


def _listed(draft: Draft, tree: Piece) -> list[tuple[str, Any, Any]]:
    """(channel name, value, tree) for `x = a` and `x[0..2] = a, b, c` and `x[0..2] = V(n[0..2])`."""
    token = tree.children[0]
    values = listed_values(draft, tree.children[1:])
    names = indexed_names(draft, tree.children, len(values), tree)
    if str(token) not in draft.declared or names == [str(token)]:
        draft.declare(token, ElementRef(str(token), None, False))
    return [(name, value, where) for name, (value, where) in zip(names, values, strict=True)]


def listed_values(draft: Draft, parts: Sequence[Any]) -> list[tuple[Any, Any]]:
    """(value, tree) of each quantity among the parts of a statement."""
    values = []
    for where in (c for c in parts if c.data != "index"):
        value = _reading(draft, where)
        several = isinstance(value, Named) and any(isinstance(a, (list, NetArray)) for a in value.arguments)
        values += [(v, where) for v in (_spread(value, where) if several else [value])]
    return values


def indexed_names(draft: Draft, parts: Sequence[Any], count: int, tree: Piece) -> list[str]:
    """The names that a statement gives to so many quantities: `x`, or `x[0]` and on."""
    token, indices = parts[0], [c for c in parts[1:] if c.data == "index"]
    if not indices:
        if count != 1:
            raise Fault(
                f"'{token}' is one quantity, and {count} are given",
                tree,
                f"write {token}[0..{count - 1}] = ...",
            )
        return [str(token)]
    if len(indices) > 1:
        raise Fault("inputs and outputs have one index", indices[1], f"write {token}[0..3]")
    low, high = (
        extent(draft, indices[0])
        if _is_range(draft, indices[0])
        else (draft.evaluate.integer(indices[0].children[0], "an index"),) * 2
    )
    if high - low + 1 != count:
        raise Fault(
            f"{token}[{low}..{high}] are {high - low + 1} quantities, and {count} are given",
            tree,
            f"write {token}[{low}..{low + count - 1}], or give the others",
        )
    return [f"{token}[{low + k}]" for k in range(count)]


def _is_range(draft: Draft, index: Piece) -> bool:
    return isinstance(index.children[0], Tree) and index.children[0].data == "range"


def _reading(draft: Draft, tree: Any) -> Any:
    """V(a) - V(b) is a differential reading; everything else is an ordinary expression."""
    if tree.data == "group":
        return _reading(draft, tree.children[0])
    if tree.data == "binary" and str(tree.children[1]) == "-":
        a, b = _reading(draft, tree.children[0]), _reading(draft, tree.children[2])
        if (
            isinstance(a, Named)
            and isinstance(b, Named)
            and a.name == b.name == "V"
            and len(a.arguments) == len(b.arguments) == 1
        ):
            return _Difference(a.arguments[0], b.arguments[0])
        raise Fault("this is not a difference of two voltages", tree, "write V(a) - V(b)")
    return draft.evaluate(tree)


def _half(plus: Any, minus: Any, half: str, where: Any) -> tuple[str, str]:
    """The two nodes of a reading in one half of a twin; the same nodes where there is no twin."""
    ends = []
    for net in (plus, minus):
        if isinstance(net, BundleNet):
            if not {"free", "clamped"} <= set(net.members):
                raise Fault(
                    f"bundle {net.bundle} has no halves free and clamped", where, "read one member, V(n.member)"
                )
            ends.append(f"{net.name}.{half}")
        else:
            ends.append(net.name)
    return ends[0], ends[1]


def _spread(value: Named, where: Any) -> list[Named]:
    """V(n[0..3]) as four readings."""
    columns = [
        a if isinstance(a, list) else flat_nets(a, where) if isinstance(a, NetArray) else None for a in value.arguments
    ]
    length = max(len(c) for c in columns if c is not None)
    return [
        Named(
            value.name,
            tuple(c[k] if c is not None and k < len(c) else a for c, a in zip(columns, value.arguments, strict=True)),
            {},
        )
        for k in range(length)
    ]
