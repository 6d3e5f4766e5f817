"""From definitions to cells: statements are carried out, names and units checked, loops unrolled.

A fault in a statement is reported and the next statement is tried, so that one run shows every mistake that can
be found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from lark import Token, Tree

from netlearn.circuit.model import (
    Cell,
    Circuit,
    Implements,
    Instance,
)
from netlearn.devices import DEVICES
from netlearn.errors import Source
from netlearn.lang.budget import LIMITS, TooLarge
from netlearn.lang.channels import read_inputs, read_outputs
from netlearn.lang.choices import read_choice
from netlearn.lang.connecting import connect
from netlearn.lang.draft import (
    MAX_DIMENSIONS,
    STATE,
    Draft,
    Placement,
    Session,
    child,
    every_index,
    extent,
    flat_nets,
    port_of,
)
from netlearn.lang.library import Definition
from netlearn.lang.lints import lint_cell
from netlearn.lang.place_device import place_device
from netlearn.lang.place_module import join, module_params, spread_param
from netlearn.lang.readings import read_ideal, read_labels, read_plot, read_watch, setting
from netlearn.lang.values import (
    Broken,
    BundleNet,
    Edges,
    ElementRef,
    Fault,
    Followed,
    LearnSpec,
    Net,
    NetArray,
    Piece,
    Range,
    StateRef,
    kind_of,
    span,
    span_of,
    suggest,
)
from netlearn.lang.write import write
from netlearn.units import NONE, Quantity

MAX_HIERARCHY = 40
STATEMENT = 40  # characters: what a loop makes is counted in statements of this length


class Placed(Exception):
    """A TooLarge on its way out of the builders, with the source it was found in."""

    def __init__(self, fault: TooLarge, source: Source) -> None:
        super().__init__(fault.message)
        self.fault, self.source = fault, source


def body(draft: Draft, block: Piece) -> None:
    for statement in block.children:
        try:
            STATEMENTS[statement.data](draft, statement)
        except Placed:
            raise
        except TooLarge as fault:
            raise Placed(fault, draft.source) from None
        except RecursionError:
            raise Placed(TooLarge("this is nested too deeply", statement, "nest it less"), draft.source) from None
        except Fault as fault:
            if not isinstance(fault, Followed):
                draft.session.report.fault(fault, draft.source)
            draft.failed, draft.memo = True, None
            _spare(draft, statement)


def _spare(draft: Draft, statement: Piece) -> None:
    """Declare what a faulty statement would have declared, so that its uses do not fail as well."""
    for token in statement.children:
        if isinstance(token, Token) and token.type == "NAME" and str(token) not in draft.scope:
            draft.scope[str(token)] = Broken()
            draft.declared.setdefault(str(token), token)
            break


def open_ports(draft: Draft, tree: Piece | None, given: Mapping[str, Any]) -> None:
    """Declare ports and parameters; `given` has the values of parameters (already checked for names)."""
    for item in tree.children if tree else ():
        token = item.children[0]
        if item.data == "port":
            _port(draft, item)
            continue
        if str(token) in given:
            draft.declare(token, given[str(token)])
        else:
            _default(draft, item)
        draft.settings[str(token)] = draft.scope[str(token)]


def _port(draft: Draft, tree: Piece) -> None:
    token, kind = tree.children[0], tree.children[1] if len(tree.children) > 1 else None
    port = port_of(tree, draft.file)
    draft.ports.append(port)
    if port.type == STATE:
        draft.declare(token, StateRef(str(token), NONE))
    elif port.members:
        draft.declare(token, BundleNet(str(token), str(kind), port.members))
    else:
        draft.declare(token, Net(str(token)))
    if port.type != STATE:
        for net in port.nets():
            draft.uses[net] = 0


def _default(draft: Draft, tree: Piece) -> None:
    token = tree.children[0]
    if not isinstance(tree.children[-1], Tree):
        raise Fault(f"parameter '{token}' is never given a value", token, f"give it a default: {token} = 1k")
    draft.declare(token, draft.evaluate(tree.children[-1]))


def _net(draft: Draft, tree: Piece) -> None:
    for name in tree.children:
        _one_net(draft, name)


def _one_net(draft: Draft, tree: Piece) -> None:
    token = tree.children[0]
    indices = [c for c in tree.children[1:] if isinstance(c, Tree)]
    kind = tree.children[-1] if len(tree.children) > 1 and isinstance(tree.children[-1], Token) else None
    members = draft.file.bundle(kind) if kind is not None else None
    if kind is not None and members is None:
        raise Fault(f"unknown bundle '{kind}'", kind, suggest(str(kind), draft.file.names(lambda f: f.bundles)))
    if len(indices) > MAX_DIMENSIONS:
        raise Fault(f"an array has at most {MAX_DIMENSIONS} indices", tree, f"write net {token}[3][4]")
    shape = tuple(extent(draft, i) for i in indices)
    if not shape:
        draft.declare(token, _new_nets(draft, [str(token)], str(kind), members, token)[0])
        return
    count = math.prod(high - low + 1 for low, high in shape)
    if count > LIMITS["nets"]:
        raise TooLarge(f"'{token}' has more than {LIMITS['nets']} nets", tree, "make it smaller")
    pattern = str(token) + "[%d]" * len(shape)
    names = [pattern % at for at in every_index(shape)]
    made = _new_nets(draft, names, str(kind), members, token)
    draft.declare(token, NetArray(str(token), shape, dict(zip(every_index(shape), made, strict=True))))


def _new_nets(
    draft: Draft, names: Sequence[str], bundle: str, members: tuple[str, ...] | None, token: Token
) -> Sequence[Net | BundleNet]:
    if members is None:
        draft.add_nets(names, token)
        return [Net(name) for name in names]
    draft.add_nets([f"{name}.{member}" for name in names for member in members], token)
    return [BundleNet(name, bundle, members) for name in names]


def _state(draft: Draft, tree: Piece) -> None:
    token, value = tree.children[0], draft.evaluate(tree.children[-1])
    if not isinstance(value, LearnSpec):
        raise Fault("a state is a learnable value", tree.children[-1], "write state k = learn(64, 1..127)")
    sizes = [extent(draft, i) for i in tree.children[1:-1]]
    if len(sizes) > 1 or (sizes and sizes[0][0] != 0):
        raise Fault("a state array has one index that starts at 0", tree, "write state k[8] = learn(64, 1..127)")
    if not value.bounded:
        draft.session.report.lint(
            f"state '{token}' learns without bounds", draft.source, tree, "write learn(start, low..high)"
        )
    count = sizes[0][1] + 1 if sizes else None
    draft.session.budget.spend("nets", count or 1, tree)
    draft.weight += count or 1
    draft.declare(token, StateRef(str(token), value.dimension, count))
    for name in [str(token)] if count is None else [f"{token}[{i}]" for i in range(count)]:
        draft.states[name] = value.learn


def _let(draft: Draft, tree: Piece) -> None:
    draft.declare(tree.children[0], draft.evaluate(tree.children[1]))


def _assert_(draft: Draft, tree: Piece) -> None:
    if not draft.evaluate.truth(tree.children[0]):
        raise Fault("this assertion does not hold", tree.children[0], _sides(draft, tree.children[0]))


def _sides(draft: Draft, tree: Piece) -> str:
    if tree.data != "compare":
        return "change the circuit, or the assertion"
    left, sign, right = tree.children
    return f"{write(left)} is {_shown(draft.evaluate(left))}, and {sign} {_shown(draft.evaluate(right))} is wanted"


def _for_(draft: Draft, tree: Piece) -> None:
    token, over, block = tree.children
    value = draft.evaluate(over)
    rounds = _rounds(value, over)
    draft.session.budget.spend("statements of loops and modules", len(rounds) * _statements(block), over)
    hidden = draft.scope.get(str(token))
    for item in rounds:
        draft.scope[str(token)] = item
        before = len(draft.declared)
        body(draft, block)
        for name in list(islice(draft.declared, before, None)):
            if isinstance(draft.scope.get(name), (Quantity, Broken)):  # a `let` lives for one round
                del draft.declared[name], draft.scope[name]
    draft.scope.pop(str(token), None)
    if hidden is not None:
        draft.scope[str(token)] = hidden


def _if_(draft: Draft, tree: Piece) -> None:
    while tree.data == "if_":
        condition, *branches = tree.children
        if draft.evaluate.truth(condition):
            return body(draft, branches[0])
        if len(branches) == 1:
            return None
        tree = branches[1]
    return body(draft, tree)


def _indexed(draft: Draft, token: Token, parts: Sequence[Any]) -> str:
    """A name with the indices among the parts behind it, such as `w[1]`."""
    return str(token) + "".join(f"[{draft.evaluate.integer(i, 'an index')}]" for i in _indices(parts))


def _indices(parts: Sequence[Any]) -> list[Piece]:
    return [c.children[0] for c in parts if isinstance(c, Tree) and c.data == "index"]


def _instance(draft: Draft, tree: Piece) -> None:
    kind, token = tree.children[0], tree.children[1]
    name = _indexed(draft, token, tree.children[2:])
    placed = place(draft, kind, name, tree.children[2:], [], tree)
    if name == token:
        draft.declare(token, ElementRef(name, None, placed))
    elif name in draft.scope:
        raise Fault(f"'{name}' is already placed", token, "choose another name or index")
    else:
        if [index.data for index in _indices(tree.children[2:])] == ["number"]:
            draft.numbered[name] = token
        draft.scope[name] = ElementRef(name, None, placed)
        known = draft.scope.get(str(token))
        if known is not None and not isinstance(known, ElementRef):
            line = draft.declared[str(token)].line
            raise Fault(f"'{token}' is already declared on line {line}", token, "choose another name")
        draft.scope[str(token)] = ElementRef(str(token), (known.count or 0) + 1 if known else 1, placed)
        draft.declared.setdefault(str(token), token)


def _mesh(draft: Draft, tree: Piece) -> None:
    token = tree.children[0]
    at = next(i for i, c in enumerate(tree.children) if isinstance(c, Tree) and c.data == "kind")
    front = [c for c in tree.children[1:at] if not (isinstance(c, Tree) and c.data == "index")]
    name = _indexed(draft, token, tree.children[1:at])
    edges = draft.evaluate(front[0])
    if not isinstance(edges, Edges):
        raise Fault(
            f"a mesh is made of edges, not of {kind_of(edges)}",
            front[0],
            "write grid(3, 3), ring(8), dense(4, 2), random(10, 20, seed = 1) or graph([0--1])",
        )
    ends = _mesh_nodes(draft, edges, front[1:], tree)
    draft.session.budget.spend("elements", len(edges.pairs), tree)
    placed, draft.memo = True, {}
    for k, (a, b) in enumerate(edges.pairs):
        draft.edge = (k, len(edges.pairs))
        placed = place(
            draft, tree.children[at], f"{name}[{k}]", tree.children[at + 1 :], [ends[0][a], ends[-1][b]], tree
        )
    draft.memo = None
    if name != token:
        draft.declared.setdefault(str(token), token)
        known = draft.scope.get(str(token))
        count = len(edges.pairs) + (known.count or 0 if isinstance(known, ElementRef) else 0)
        draft.scope[str(token)] = ElementRef(str(token), count, placed)
    else:
        draft.declare(token, ElementRef(name, len(edges.pairs), placed))


def _mesh_nodes(draft: Draft, edges: Edges, on: Sequence[Any], tree: Piece) -> list[list[Net | BundleNet]]:
    arrays = [_mesh_array(draft, draft.evaluate(o), o) for o in on]
    if len(arrays) != len(edges.nodes):
        raise Fault(
            f"this mesh lies on {len(edges.nodes)} array{'s' * (len(edges.nodes) > 1)} of nets, not {len(arrays)}",
            on[-1] if on else tree,
            "dense joins two arrays: on a, b" if len(edges.nodes) == 2 else "name one array: on n",
        )
    for need, array, where in zip(edges.nodes, arrays, on, strict=True):
        if len(array) < need:
            raise Fault(
                f"this mesh needs {need} nets, and here are {len(array)}",
                where,
                f"declare more: net {write(where)}[{need}]",
            )
    return arrays


def _mesh_array(draft: Draft, value: Any, where: Any) -> list[Net | BundleNet]:
    """The nets of an array or list, counted."""
    draft.evaluate.spend(len(value) if isinstance(value, NetArray) else getattr(value, "size", 1), where)
    return flat_nets(value, where)


def place(draft: Draft, kind: Piece, name: str, parts: Sequence[Any], ends: list[Net | BundleNet], tree: Piece) -> bool:
    """Put one device or module down; True for a device."""
    by = {c.data: c for c in parts if isinstance(c, Tree)}
    spreads = [c for c in parts if isinstance(c, Tree) and c.data == "tolerance"]
    placement = Placement(kind, name, by, ends, spreads, tree)
    definition = draft.file.find(kind.children, lambda f: f.modules)
    if definition is not None:
        _place_module(draft, definition, placement)
        return False
    device = draft.file.device(kind.children)
    if device is None:
        _unknown_kind(draft, kind)
    assert device is not None
    place_device(draft, device, placement)
    return True


def _unknown_kind(draft: Draft, kind: Piece) -> None:
    text = ".".join(kind.children)
    if len(kind.children) > 1 and str(kind.children[0]) not in draft.file.imports:
        raise Fault(
            f"nothing is imported as '{kind.children[0]}'",
            kind,
            f'write import "std/update.nl" as {kind.children[0]}',
        )
    known = [*DEVICES, *draft.file.names(lambda f: f.modules), *draft.file.names(lambda f: f.devices)]
    raise Fault(
        f"unknown kind '{text}'",
        kind,
        suggest(text, known) or _LIKE_SPICE.get(text.upper(), "") or "a kind is a device, an element or a module",
    )


def _place_module(draft: Draft, definition: Definition, placement: Placement) -> None:
    kind, name, by = placement.kind, placement.name, placement.parts
    if "value" in by:
        raise Fault(
            f"module {definition.name} has no main value",
            by["value"],
            "give its parameters in braces: { rmax = 100k }",
        )
    if draft.depth >= MAX_HIERARCHY:
        raise Fault(
            f"modules are nested more than {MAX_HIERARCHY} deep",
            kind,
            "a module that places itself needs an if to end it",
        )
    header = child(definition.tree, "ports")
    ports = [port_of(c, definition.file) for c in header.children if c.data == "port"] if header else []
    known = [str(c.children[0]) for c in header.children if c.data == "param"] if header else []
    params, imports = module_params(draft, definition, known, by.get("props"))
    tolerances = tuple(spread_param(draft, definition, name, t, params, imports) for t in placement.spreads)
    hidden = {k: draft.scope.get(k) for k in params}
    draft.scope.update({k: v for k, v in params.items() if k not in draft.declared})
    try:
        given = connect(
            draft, [p.name for p in ports], by.get("connections"), placement.ends, kind, f"module {definition.name}"
        )
    finally:
        for key, value in hidden.items():
            if key not in draft.declared:
                draft.scope.pop(key, None)
                if value is not None:
                    draft.scope[key] = value
    nets: dict[str, str] = {}
    states = dict(imports)
    for port in ports:
        join(draft, port, given, nets, states, definition, name, by.get("connections") or kind)
    cell, weight = build_cell(definition, params, draft.session, draft.depth + 1, kind)
    for inside, outside in nets.items():  # one use, which stands for all there are inside
        draft.uses[outside] += max(0, draft.session.uses.get(id(cell), {}).get(inside, 0) - 1)
    draft.session.budget.spend("elements", weight, kind)
    draft.weight += weight + 1
    draft.instances.append(Instance(name, cell, nets, states, tolerances, placement.match))


STATEMENTS: dict[str, Callable[[Draft, Piece], None]] = {
    "net": _net,
    "state": _state,
    "let": _let,
    "assert_": _assert_,
    "for_": _for_,
    "if_": _if_,
    "instance": _instance,
    "mesh": _mesh,
    "input": read_inputs,
    "output": read_outputs,
    "label": read_labels,
    "watch": read_watch,
    "plot": read_plot,
    "ideal": read_ideal,
}


_LIKE_SPICE = {
    "X": "an instance is placed by its module's name: Edge e1(a, b)",
    "M": "a transistor is NMOS m1(d, g, s, b) { model = ald1106 }",
    "Q": "there is no bipolar transistor; write an element with its law",
    "E": "a voltage-controlled voltage source is VCVS e1(p, n, cp, cn) = 2",
    "F": "a current-controlled current source is CCCS f1(p, n, cp, cn) = 2",
    "H": "a current-controlled voltage source is CCVS h1(p, n, cp, cn) = 1k",
    "B": "a behavioural source is an element with its law",
}


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, Quantity) else repr(value)


def _rounds(value: Any, where: Any) -> list[Any]:
    if isinstance(value, Range):
        low, high = value.low.number, value.high.number
        if low != int(low) or high != int(high):
            raise Fault("a loop runs over whole numbers", where, "write for i in 0..7")
        if high - low >= LIMITS["statements of loops and modules"]:
            raise TooLarge("this loop has too many rounds", where, "make it shorter, or make a mesh")
        return [Quantity(float(i)) for i in range(int(low), int(high) + 1)]
    if isinstance(value, list):
        return value
    raise Fault(f"a loop runs over a range or a list, not over {kind_of(value)}", where, "write for i in 0..7")


def finish(draft: Draft, name: str) -> Cell:
    cell = Cell(
        name=name,
        ports=tuple(n for p in draft.ports if p.type != STATE for n in p.nets()),
        nets=tuple(draft.nets),
        elements=tuple(draft.elements),
        instances=tuple(draft.instances),
        states=dict(draft.states),
        implements=draft.implements,
    )
    lint_cell(draft, cell)
    return cell


def _implements(draft: Draft) -> Implements | None:
    """The rule of a module's head; its options may use the module's parameters."""
    given = [c for c in draft.definition.tree.children[1:] if isinstance(c, Tree) and c.data not in ("ports", "block")]
    if not given:
        return None
    form = "implements hardware(rate = 0.3)"
    return Implements(read_choice(draft.evaluate, "implements", given[0], form), draft.source)


def build_cell(
    definition: Definition, params: Mapping[str, Any], session: Session, depth: int, where: Any
) -> tuple[Cell, int]:
    """The cell of a module with these parameters, made once, and its weight: elements and nets when flat."""
    key = (id(definition), tuple(sorted((k, repr(v)) for k, v in params.items())))
    if key in session.cells:
        return session.cells[key]
    draft = Draft(definition, session, depth, top=False)
    block = child(definition.tree, "block")
    session.budget.spend("statements of loops and modules", _statements(block), where)
    try:
        open_ports(draft, child(definition.tree, "ports"), params)
        body(draft, block)
        draft.implements = _implements(draft)
    except TooLarge as fault:
        raise Placed(fault, definition.file.source) from None
    except Fault as fault:
        session.report.fault(fault, definition.file.source)
    if draft.inputs or draft.outputs or draft.labels or draft.watches or draft.plots or draft.ideals:
        session.report.fault(
            Fault(
                "inputs and outputs, labels, plots and what is asserted at a time belong to a circuit, not to a module",
                definition.tree.children[0],
                "move them into the circuit, and connect a port",
            ),
            definition.file.source,
        )
    number = session.names[definition.name]
    session.names[definition.name] += 1
    cell = finish(draft, definition.name if number == 0 else f"{definition.name}_{number + 1}")
    session.cells[key] = (cell, draft.weight + len(draft.elements))
    return session.cells[key]


def _statements(block: Any) -> int:
    """The size of a block in statements of usual length."""
    here = span_of(block)
    return 1 + (here[1] - here[0]) // STATEMENT if here else 1


def build_circuit(definition: Definition, session: Session, settings: Mapping[str, Quantity]) -> Circuit:
    """A circuit with its default parameters, but for those that are set."""
    draft = Draft(definition, session, 0, top=True)
    header = child(definition.tree, "ports")
    try:
        open_ports(draft, header, settings)
        for item in header.children if header else ():
            if str(item.children[0]) in settings and isinstance(item.children[-1], Tree):
                name, default = str(item.children[0]), draft.evaluate(item.children[-1])
                value = setting(default, settings[name], item, f"{name} as it is set")
                draft.scope[name] = draft.settings[name] = value
        for port in draft.ports:
            if port.type == STATE:
                raise Fault("a circuit has no state ports", definition.tree.children[0])
            for net in port.nets():
                draft.add_nets([net], definition.tree.children[0])
        body(draft, child(definition.tree, "block"))
    except TooLarge as fault:
        raise Placed(fault, definition.file.source) from None
    except Fault as fault:
        session.report.fault(fault, definition.file.source)
        draft.failed = True
    tokens = {"": definition.tree.children[0], **draft.declared}
    session.places[definition.name] = {name: span(token) for name, token in tokens.items()}
    if draft.labels and not draft.failed and (missing := [o for o in draft.outputs if o.name not in _labelled(draft)]):
        help = f"write label {missing[0].name} = V(goal) every {draft.every:g}s"
        session.report.fault(
            Fault(f"output '{missing[0].name}' has no label, and others have", definition.tree.children[0], help),
            definition.file.source,
        )
    return Circuit(
        definition.name,
        finish(draft, definition.name),
        tuple(draft.inputs),
        tuple(draft.outputs),
        tuple(draft.labels),
        draft.every,
        tuple(draft.watches),
        tuple(draft.plots),
        draft.settings,
        draft.ideals,
    )


def _labelled(draft: Draft) -> set[str]:
    return {label.output for label in draft.labels}
