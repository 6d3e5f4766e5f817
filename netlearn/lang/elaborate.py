"""From definitions to cells: statements are carried out, names and units checked, loops unrolled.

One `Builder` makes one `Cell`. A fault in a statement is reported and the next statement is tried, so that
one run shows every mistake that can be found.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lark import Token, Tree

from netlearn import units
from netlearn.circuit.model import (
    GROUND,
    Cell,
    Circuit,
    Element,
    Formula,
    Input,
    Instance,
    Learn,
    Output,
    Spread,
    Tolerance,
)
from netlearn.circuit.waveform import Waveform
from netlearn.devices import DEVICES, Device, Param
from netlearn.errors import Source
from netlearn.lang.budget import LIMITS, Budget, TooLarge
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.library import Definition, File, Report
from netlearn.lang.lints import Groups, Paths
from netlearn.lang.values import (
    Broken,
    BundleNet,
    Edges,
    ElementRef,
    Fault,
    Followed,
    LearnSpec,
    Named,
    Net,
    NetArray,
    Piece,
    Random,
    Range,
    StateRef,
    Symbolic,
    WaveValue,
    in_unit,
    kind_of,
    leaf,
    span_of,
    suggest,
)
from netlearn.lang.write import write
from netlearn.units import NONE, Quantity

MAX_HIERARCHY = 40
MAX_DIMENSIONS = 4
STATEMENT = 40  # characters: what a loop makes is counted in statements of this length
SIGNAL = "signal"
STATE = "state"


@dataclass
class Session:
    """What all builders of one compilation share: diagnostics, limits, and the cells made so far."""

    report: Report
    budget: Budget = field(default_factory=Budget)
    cells: dict[Any, tuple[Cell, int]] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)
    paths: dict[int, Groups] = field(default_factory=dict)


@dataclass
class _Port:
    """A port of a definition: its nets inside, or a state or signal."""

    name: str
    type: str
    members: tuple[str, ...] = ()

    def nets(self) -> list[str]:
        return [f"{self.name}.{m}" for m in self.members] if self.members else [self.name]


class Builder:
    """Carries out the statements of one definition with given parameter values."""

    def __init__(self, definition: Definition, session: Session, depth: int, top: bool) -> None:
        self.definition, self.session, self.depth, self.top = definition, session, depth, top
        self.file, self.source = definition.file, definition.file.source
        self.scope: dict[str, Any] = {}
        self.declared: dict[str, Token] = {}
        self.nets: dict[str, Token | None] = {}
        self.uses: Counter[str] = Counter()
        self.elements: list[Element] = []
        self.instances: list[Instance] = []
        self.states: dict[str, Learn] = {}
        self.inputs: list[Input] = []
        self.outputs: list[Output] = []
        self.ports: list[_Port] = []
        self.evaluate = Evaluator(self.scope, budget=session.budget)
        self.failed = False
        self.weight = 0
        self.memo: dict[int, Any] | None = None

    # -- names -------------------------------------------------------------------------------------

    def declare(self, token: Token, value: Any) -> None:
        name = str(token)
        if name in self.declared:
            raise Fault(
                f"'{name}' is already declared on line {self.declared[name].line}", token, "choose another name"
            )
        if name in ("true", "false", "V", "I"):
            raise Fault(f"'{name}' is a word of the language", token, "choose another name")
        self.declared[name] = token
        self.scope[name] = value

    def add_net(self, name: str, token: Token | None) -> None:
        self.session.budget.spend("nets", 1, token)
        self.weight += 1
        if name != GROUND:
            self.nets[name] = token

    def body(self, block: Piece) -> None:
        for statement in block.children:
            try:
                getattr(self, f"_{statement.data}")(statement)
            except Placed:
                raise
            except TooLarge as fault:
                raise Placed(fault, self.source) from None
            except RecursionError:
                raise Placed(TooLarge("this is nested too deeply", statement, "nest it less"), self.source) from None
            except Fault as fault:
                if not isinstance(fault, Followed):
                    self.session.report.fault(fault, self.source)
                self.failed, self.memo = True, None
                self._spare(statement)

    def _spare(self, statement: Piece) -> None:
        """Declare what a faulty statement would have declared, so that its uses do not fail as well."""
        for token in statement.children:
            if isinstance(token, Token) and token.type == "NAME" and str(token) not in self.scope:
                self.scope[str(token)] = Broken()
                self.declared.setdefault(str(token), token)
                break

    # -- ports and parameters ------------------------------------------------------------------------

    def open_ports(self, tree: Piece | None, given: Mapping[str, Any]) -> None:
        """Declare ports and parameters; `given` has the values of parameters (already checked for names)."""
        for child in tree.children if tree else ():
            token = child.children[0]
            if child.data == "port":
                self._port(child)
            elif str(token) in given:
                self.declare(token, given[str(token)])
            else:
                self._default(child)

    def _port(self, tree: Piece) -> None:
        token, kind = tree.children[0], tree.children[1] if len(tree.children) > 1 else None
        port = port_of(tree, self.file)
        self.ports.append(port)
        if port.type == STATE:
            self.declare(token, StateRef(str(token), NONE))
        elif port.members:
            self.declare(token, BundleNet(str(token), str(kind), port.members))
        else:
            self.declare(token, Net(str(token)))
        if port.type != STATE:
            for net in port.nets():
                self.uses[net] = 0

    def _default(self, tree: Piece) -> None:
        token = tree.children[0]
        if not isinstance(tree.children[-1], Tree):
            raise Fault(f"parameter '{token}' is never given a value", token, f"give it a default: {token} = 1k")
        self.declare(token, self.evaluate(tree.children[-1]))

    # -- statements ----------------------------------------------------------------------------------

    def _net(self, tree: Piece) -> None:
        for name in tree.children:
            self._one_net(name)

    def _one_net(self, tree: Piece) -> None:
        token = tree.children[0]
        indices = [c for c in tree.children[1:] if isinstance(c, Tree)]
        kind = tree.children[-1] if len(tree.children) > 1 and isinstance(tree.children[-1], Token) else None
        members = self.file.bundle(kind) if kind is not None else None
        if kind is not None and members is None:
            raise Fault(f"unknown bundle '{kind}'", kind, suggest(str(kind), self.file.names(lambda f: f.bundles)))
        if len(indices) > MAX_DIMENSIONS:
            raise Fault(f"an array has at most {MAX_DIMENSIONS} indices", tree, f"write net {token}[3][4]")
        shape = tuple(self._extent(i) for i in indices)
        if not shape:
            self.declare(token, self._new_net(str(token), str(kind), members, token))
            return
        count = math.prod(high - low + 1 for low, high in shape)
        if count > LIMITS["nets"]:
            raise TooLarge(f"'{token}' has more than {LIMITS['nets']} nets", tree, "make it smaller")
        items: dict[tuple[int, ...], Net | BundleNet] = {}
        for at in _indices(shape):
            full = str(token) + "".join(f"[{i}]" for i in at)
            items[at] = self._new_net(full, str(kind), members, token)
        self.declare(token, NetArray(str(token), shape, items))

    def _new_net(self, name: str, bundle: str, members: tuple[str, ...] | None, token: Token) -> Net | BundleNet:
        if members is None:
            self.add_net(name, token)
            return Net(name)
        for member in members:
            self.add_net(f"{name}.{member}", token)
        return BundleNet(name, bundle, members)

    def _extent(self, index: Piece) -> tuple[int, int]:
        inside = index.children[0]
        if isinstance(inside, Token):
            raise Fault("an array needs a size", index, "write n[9] or n[0..8]")
        value = self.evaluate(inside)
        if isinstance(value, Range) and value.whole():
            low, high = int(value.low.number), int(value.high.number)
        elif isinstance(value, Quantity) and value.number == int(value.number):
            low, high = 0, int(value.number) - 1
        else:
            raise Fault("the size of an array is a whole number or a range", index, "write n[9] or n[0..8]")
        if high < low:
            raise Fault("this array is empty", index, "write n[9] or n[0..8]")
        return low, high

    def _state(self, tree: Piece) -> None:
        token, value = tree.children[0], self.evaluate(tree.children[-1])
        if not isinstance(value, LearnSpec):
            raise Fault("a state is a learnable value", tree.children[-1], "write state k = learn(64, 1..127)")
        sizes = [self._extent(i) for i in tree.children[1:-1]]
        if len(sizes) > 1 or (sizes and sizes[0][0] != 0):
            raise Fault("a state array has one index that starts at 0", tree, "write state k[8] = learn(64, 1..127)")
        if not value.bounded:
            self.session.report.lint(
                f"state '{token}' learns without bounds", self.source, tree, "write learn(start, low..high)"
            )
        count = sizes[0][1] + 1 if sizes else None
        self.session.budget.spend("nets", count or 1, tree)
        self.weight += count or 1
        self.declare(token, StateRef(str(token), value.dimension, count))
        for name in [str(token)] if count is None else [f"{token}[{i}]" for i in range(count)]:
            self.states[name] = value.learn

    def _let(self, tree: Piece) -> None:
        self.declare(tree.children[0], self.evaluate(tree.children[1]))

    def _assert_(self, tree: Piece) -> None:
        if not self.evaluate._truth(tree.children[0]):
            raise Fault("this assertion does not hold", tree.children[0], self._sides(tree.children[0]))

    def _sides(self, tree: Piece) -> str:
        if tree.data != "compare":
            return "change the circuit, or the assertion"
        left, sign, right = tree.children
        return f"{write(left)} is {_shown(self.evaluate(left))}, and {sign} {_shown(self.evaluate(right))} is wanted"

    def _for_(self, tree: Piece) -> None:
        token, over, block = tree.children
        value = self.evaluate(over)
        rounds = _rounds(value, over)
        self.session.budget.spend("statements of loops and modules", len(rounds) * _statements(block), over)
        hidden = self.scope.get(str(token))
        for item in rounds:
            self.scope[str(token)] = item
            before = len(self.declared)
            self.body(block)
            for name in list(islice(self.declared, before, None)):
                if isinstance(self.scope.get(name), (Quantity, Broken)):  # a `let` lives for one round
                    del self.declared[name], self.scope[name]
        self.scope.pop(str(token), None)
        if hidden is not None:
            self.scope[str(token)] = hidden

    def _if_(self, tree: Piece) -> None:
        while tree.data == "if_":
            condition, *branches = tree.children
            if self.evaluate._truth(condition):
                return self.body(branches[0])
            if len(branches) == 1:
                return None
            tree = branches[1]
        return self.body(tree)

    def _instance(self, tree: Piece) -> None:
        kind, token = tree.children[0], tree.children[1]
        indices = [c for c in tree.children[2:] if isinstance(c, Tree) and c.data == "index"]
        name = str(token) + "".join(f"[{self.evaluate.integer(i.children[0], 'an index')}]" for i in indices)
        parts = {c.data: c for c in tree.children[2:] if isinstance(c, Tree)}
        placed = self.place(kind, name, tree.children[2:], [], tree)
        if not indices:
            self.declare(token, ElementRef(name, None, placed))
        elif name in self.scope:
            raise Fault(f"'{name}' is already placed", token, "choose another name or index")
        else:
            self.scope[name] = ElementRef(name, None, placed)
            known = self.scope.get(str(token))
            if known is not None and not isinstance(known, ElementRef):
                line = self.declared[str(token)].line
                raise Fault(f"'{token}' is already declared on line {line}", token, "choose another name")
            self.scope[str(token)] = ElementRef(str(token), (known.count or 0) + 1 if known else 1, placed)
            self.declared.setdefault(str(token), token)
        del parts

    def _mesh(self, tree: Piece) -> None:
        token = tree.children[0]
        at = next(i for i, c in enumerate(tree.children) if isinstance(c, Tree) and c.data == "kind")
        front = [c for c in tree.children[1:at] if not (isinstance(c, Tree) and c.data == "index")]
        indices = [c for c in tree.children[1:at] if isinstance(c, Tree) and c.data == "index"]
        name = str(token) + "".join(f"[{self.evaluate.integer(i.children[0], 'an index')}]" for i in indices)
        edges = self.evaluate(front[0])
        if not isinstance(edges, Edges):
            raise Fault(
                f"a mesh is made of edges, not of {kind_of(edges)}",
                front[0],
                "write grid(3, 3), ring(8), dense(4, 2), random(10, 20, seed = 1) or graph([0--1])",
            )
        ends = self._mesh_nodes(edges, front[1:], tree)
        self.session.budget.spend("elements", len(edges.pairs), tree)
        placed, self.memo = True, {}
        for k, (a, b) in enumerate(edges.pairs):
            placed = self.place(
                tree.children[at], f"{name}[{k}]", tree.children[at + 1 :], [ends[0][a], ends[-1][b]], tree
            )
        self.memo = None
        if indices:
            self.declared.setdefault(str(token), token)
            known = self.scope.get(str(token))
            count = len(edges.pairs) + (known.count or 0 if isinstance(known, ElementRef) else 0)
            self.scope[str(token)] = ElementRef(str(token), count, placed)
        else:
            self.declare(token, ElementRef(name, len(edges.pairs), placed))

    def _mesh_nodes(self, edges: Edges, on: Sequence[Any], tree: Piece) -> list[list[Net | BundleNet]]:
        arrays = [self._flat_nets(self.evaluate(o), o) for o in on]
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

    def _flat_nets(self, value: Any, where: Any) -> list[Net | BundleNet]:
        """The nets of an array or list, counted."""
        self.evaluate.spend(len(value) if isinstance(value, NetArray) else getattr(value, "size", 1), where)
        return _flat_nets(value, where)

    def _input(self, tree: Piece) -> None:
        for name, value, where in self._listed(tree):
            if not isinstance(value, Named) or value.name not in ("V", "I"):
                raise Fault("an input drives a node: V(net) or I(net)", where, "write input x = V(in)")
            if len(value.arguments) != 1 or not isinstance(value.arguments[0], (Net, BundleNet)):
                raise Fault("an input drives one node against ground", where, "write input x = V(in)")
            nets = _net_names(value.arguments[0])
            if GROUND in nets:
                raise Fault("ground cannot be driven", where, "drive another net")
            for net in nets:
                self.uses[net] += 2
            self.inputs.append(Input(name, "V" if value.name == "V" else "I", tuple(nets)))

    def _output(self, tree: Piece) -> None:
        for name, value, where in self._listed(tree):
            self.outputs.append(self._read(name, value, where))

    def _read(self, name: str, value: Any, where: Any) -> Output:
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
            for one in _net_names(net):
                self.uses[one] += 1
        return Output(name, "V", _half(plus, minus, "free", where), _half(plus, minus, "clamped", where))

    def _listed(self, tree: Piece) -> list[tuple[str, Any, Any]]:
        """(channel name, value, tree) for `x = a` and `x[0..2] = a, b, c` and `x[0..2] = V(n[0..2])`."""
        token = tree.children[0]
        indices = [c for c in tree.children[1:] if c.data == "index"]
        values = []
        for where in (c for c in tree.children[1:] if c.data != "index"):
            value = self._port_expression(where)
            several = isinstance(value, Named) and any(isinstance(a, (list, NetArray)) for a in value.arguments)
            values += [(v, where) for v in (_spread(value, where) if several else [value])]
        if not indices:
            if len(values) != 1:
                raise Fault(
                    f"'{token}' is one quantity, and {len(values)} are given",
                    tree,
                    f"write {token}[0..{len(values) - 1}] = ...",
                )
            self.declare(token, ElementRef(str(token), None, False))
            return [(str(token), values[0][0], values[0][1])]
        if len(indices) > 1:
            raise Fault("inputs and outputs have one index", indices[1], f"write {token}[0..3]")
        low, high = (
            self._extent(indices[0])
            if self._is_range(indices[0])
            else (self.evaluate.integer(indices[0].children[0], "an index"),) * 2
        )
        if high - low + 1 != len(values):
            raise Fault(
                f"{token}[{low}..{high}] are {high - low + 1} quantities, and {len(values)} are given",
                tree,
                f"write {token}[{low}..{low + len(values) - 1}], or give the others",
            )
        if str(token) not in self.declared:
            self.declare(token, ElementRef(str(token), None, False))
        return [(f"{token}[{low + k}]", v, where) for k, (v, where) in enumerate(values)]

    def _is_range(self, index: Piece) -> bool:
        return isinstance(index.children[0], Tree) and index.children[0].data == "range"

    def _port_expression(self, tree: Any) -> Any:
        """V(a) - V(b) is a differential reading; everything else is an ordinary expression."""
        if tree.data == "group":
            return self._port_expression(tree.children[0])
        if tree.data == "binary" and str(tree.children[1]) == "-":
            a, b = self._port_expression(tree.children[0]), self._port_expression(tree.children[2])
            if (
                isinstance(a, Named)
                and isinstance(b, Named)
                and a.name == b.name == "V"
                and len(a.arguments) == len(b.arguments) == 1
            ):
                return _Difference(a.arguments[0], b.arguments[0])
            raise Fault("this is not a difference of two voltages", tree, "write V(a) - V(b)")
        return self.evaluate(tree)

    # -- placing elements and instances ----------------------------------------------------------------

    def place(self, kind: Piece, name: str, parts: Sequence[Any], ends: list[Net | BundleNet], tree: Piece) -> bool:
        """Put one device or module down; True for a device."""
        by = {c.data: c for c in parts if isinstance(c, Tree)}
        spreads = [c for c in parts if isinstance(c, Tree) and c.data == "tolerance"]
        match = str(by["match"].children[0]) if "match" in by else ""
        definition = self.file.find(kind.children, lambda f: f.modules)
        if definition is not None:
            self._place_module(definition, kind, name, by, ends, spreads, match, tree)
            return False
        device = self.file.device(kind.children)
        if device is None:
            self._unknown_kind(kind)
        assert device is not None
        self._place_device(device, kind, name, by, ends, spreads, match, tree)
        return True

    def _unknown_kind(self, kind: Piece) -> None:
        text = ".".join(kind.children)
        if len(kind.children) > 1 and str(kind.children[0]) not in self.file.imports:
            raise Fault(
                f"nothing is imported as '{kind.children[0]}'",
                kind,
                f'write import "std/update.nl" as {kind.children[0]}',
            )
        known = [*DEVICES, *self.file.names(lambda f: f.modules), *self.file.names(lambda f: f.devices)]
        raise Fault(
            f"unknown kind '{text}'",
            kind,
            suggest(text, known) or _LIKE_SPICE.get(text.upper(), "") or "a kind is a device, an element or a module",
        )

    def _place_device(
        self,
        device: Device,
        kind: Piece,
        name: str,
        by: Mapping[str, Piece],
        ends: list[Net | BundleNet],
        spreads: Sequence[Piece],
        match: str,
        tree: Piece,
    ) -> None:
        if not ends:
            self.session.budget.spend("elements", 1, tree)
        given = self._given(device, by)
        if device.name == "C" and "ic" in given:
            device = DEVICES["Cm"]
        numbers, wave = self._device_params(device, given, name, tree, by)
        nodes = self._device_nodes(device, by.get("connections"), ends, name, kind)
        tolerances = tuple(self._tolerance(t, device.value, device.param_names) for t in spreads)
        self.elements.append(Element(name, device, nodes, numbers, tolerances, match, wave))

    def _given(self, device: Device, by: Mapping[str, Piece]) -> dict[str, Any]:
        """Parameter name to its expression (or to a number, from a model card)."""
        given: dict[str, Any] = {}
        named: list[Any] = []
        if "value" in by:
            first, *rest = by["value"].children
            named += rest
            if not device.value:
                raise Fault(
                    f"{device.name} has no main value",
                    by["value"],
                    f"write {{ {device.param_names[0]} = ... }}" if device.params else "",
                )
            given[device.value] = first
        named += by["props"].children if "props" in by else []
        known = (*device.param_names, "model", *(("ic",) if device.name == "C" else ()))
        for item in named:
            key = str(item.children[0])
            if key not in known:
                raise Fault(
                    f"{device.name} has no parameter '{key}'",
                    item.children[0],
                    suggest(key, known) or f"its parameters are {', '.join(device.param_names)}",
                )
            if key in given:
                raise Fault(f"'{key}' is given twice", item, "remove one of them")
            given[key] = item.children[1]
        if "model" in given:
            card = self._card(given.pop("model"), device)
            given = {**card, **given}
        return given

    def _card(self, tree: Any, device: Device) -> dict[str, float]:
        if tree.data != "ref" or len(tree.children) != 1:
            raise Fault("a model is named by one word", tree, "write { model = ald1106 }")
        card = self.file.model(tree.children[0])
        if card is None:
            from netlearn.devices import CARDS

            name = str(tree.children[0])
            raise Fault(
                f"unknown model '{name}'",
                tree,
                suggest(name, [*CARDS, *self.file.names(lambda f: f.models)]) or f"known: {', '.join(CARDS)}",
            )
        if card.device != device.name:
            raise Fault(
                f"model '{card.name}' is for {card.device}, not for {device.name}", tree, f"write {card.device} ..."
            )
        return dict(card.params)

    def _device_params(
        self, device: Device, given: Mapping[str, Any], name: str, tree: Piece, by: Mapping[str, Piece]
    ) -> tuple[dict[str, float | Formula], Waveform | None]:
        numbers: dict[str, float | Formula] = {}
        wave: Waveform | None = None
        for param in device.params:
            if param.name not in given:
                if param.default is None:
                    raise Fault(
                        f"{device.name} {name} is never given its {param.doc}",
                        tree.children[1] if tree.data == "instance" else tree,
                        "write = 10k"
                        if param.unit == "Ohm"
                        else f"give {param.name}" + (f" in {param.unit}" if param.unit else ""),
                    )
                numbers[param.name] = param.default
                continue
            value = given[param.name]
            if isinstance(value, float | int):
                numbers[param.name] = float(value)
                continue
            result = self._argument(value)
            if isinstance(result, WaveValue) and device.waveform == param.name:
                self._same_unit(param, result.dimension, value)
                wave, numbers[param.name] = result.wave, result.wave.value(0.0)
            else:
                numbers[param.name] = self.parameter(
                    param, result, value, f"{name}.{param.name}", device.learn.get(param.name)
                )
        return numbers, wave

    def parameter(
        self, param: Param, value: Any, where: Any, path: str, bounds: tuple[float, float] | None = None
    ) -> float | Formula:
        """A value for a device parameter: a number, or a formula over states (made here for learn(...))."""
        if isinstance(value, Quantity):
            self._same_unit(param, value.dimension, where)
            if fault := param.fault(value.number):
                raise Fault(fault, where, "write another number")
            return value.number
        if isinstance(value, (LearnSpec, Random)):
            self._same_unit(param, value.dimension, where)
            self.states[path] = self._anonymous(param, value, where, bounds)
            return Formula("s0", (), (path,))
        symbol = leaf(value)
        if symbol is None:
            raise Fault(f"{param.name} must be a number, not {kind_of(value)}", where, "write a number with its unit")
        if _leaves(symbol.tree, "n"):
            raise Fault(f"{param.name} cannot depend on a voltage", where, "write an element with that law")
        if symbol.dimension != NONE:
            self._same_unit(param, symbol.dimension, where)
        return formula(symbol)

    def _anonymous(
        self, param: Param, value: LearnSpec | Random, where: Any, bounds: tuple[float, float] | None
    ) -> Learn:
        if isinstance(value, Random):
            return Learn(value.uniform, value.uniform.low, value.uniform.high, frozen=True)
        learn = value.learn
        low, high = bounds or (
            (1e-30 if param.allowed == "positive" else 0.0 if param.allowed == "not negative" else -math.inf),
            math.inf,
        )
        if not value.bounded:
            if bounds is None:
                self.session.report.lint(
                    f"{param.name} learns without bounds", self.source, where, "write learn(start, low..high)"
                )
            learn = Learn(learn.init, low, high, learn.law, learn.step)
        for edge in (learn.low, learn.high):
            if math.isfinite(edge) and (fault := param.fault(edge)):
                raise Fault(f"the bounds reach too far: {fault}", where, "move the bounds")
        return learn

    def _same_unit(self, param: Param, dimension: units.Dimension, where: Any) -> None:
        wanted = units.dimension(param.unit)
        if dimension not in (NONE, wanted):
            raise Fault(
                f"{param.name} is {in_unit(wanted)}, and this is {in_unit(dimension)}",
                where,
                _kilo(where, dimension) or (f"give it in {param.unit}" if param.unit else "write it without a unit"),
            )

    def _device_nodes(
        self, device: Device, connections: Piece | None, ends: list[Net | BundleNet], name: str, kind: Piece
    ) -> tuple[str, ...]:
        given = self._connect(device.terminals, connections, ends, kind, device.name)
        nodes = []
        for terminal in device.terminals:
            if terminal in given:
                nodes.append(self._node(given[terminal][0], given[terminal][1], name, terminal))
            elif terminal in device.grounded:
                nodes.append(GROUND)
            else:
                raise Fault(
                    f"terminal '{terminal}' of {device.name} {name} is not connected",
                    connections or kind,
                    _form(device.name, device.terminals),
                )
        for node in nodes:
            self.uses[node] += 1
        return tuple(nodes)

    def _node(self, value: Any, where: Any, name: str, terminal: str) -> str:
        if isinstance(value, Net):
            return value.name
        if isinstance(value, BundleNet):
            raise Fault(
                f"'{value.name}' is a bundle; a terminal takes one net", where, f"write {value.name}.{value.members[0]}"
            )
        symbol = leaf(value)
        if symbol is None:
            help = (
                f"write {value.name}[{value.shape[0][0]}]" if isinstance(value, NetArray) else "write the name of a net"
            )
            raise Fault(f"terminal '{terminal}' takes a net, not {kind_of(value)}", where, help)
        if isinstance(value, Quantity) and value.dimension != units.VOLT:
            help = "ground is gnd" if value.number == 0 else "a net that is held at a voltage is written 0.5V"
            raise Fault(f"terminal '{terminal}' takes a net, not a number", where, help)
        return self.drive(symbol, f"{name}.{terminal}")

    def drive(self, symbol: Symbolic, name: str) -> str:
        """A hidden net held at the value of an expression of voltages and states; gives its name."""
        text, numbers, states, nets = _numbered(symbol.tree)
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
        self.add_net(net, None)
        self.uses[net] += 2
        for used in nets:
            self.uses[used] += 1
        self.elements.append(Element(f"{name}=", device, (net, GROUND, *nets), params))
        return net

    def _connect(
        self,
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
            raise Fault("connections by position and by name are mixed", connections, _form(what, names))
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
                _form(what, names),
            )
        for key, argument in zip(names, positional, strict=False):
            given[key] = (self._argument(argument), argument)
        for argument in arguments if not positional else []:
            key = str(argument.children[0])
            if key not in names:
                raise Fault(
                    f"{what} has no terminal '{key}'", argument.children[0], suggest(key, names) or _form(what, names)
                )
            if key in given:
                raise Fault(f"'{key}' is connected twice", argument, "remove one of them")
            given[key] = (self._argument(argument.children[1]), argument.children[1])
        return given

    def _argument(self, tree: Any) -> Any:
        """The value of an expression; the edges of one mesh share it."""
        if self.memo is None:
            return self.evaluate(tree)
        if id(tree) not in self.memo:
            self.memo[id(tree)] = self.evaluate(tree)
        return self.memo[id(tree)]

    def _tolerance(self, tree: Piece, value: str, known: Sequence[str]) -> Tolerance:
        param = next((str(c) for c in tree.children if isinstance(c, Token)), value)
        if param not in known:
            raise Fault(
                f"there is no parameter '{param}' to spread"
                if param
                else "this kind has no main value; name the parameter that spreads",
                tree,
                suggest(param, known) or "write ~ offset 2mV",
            )
        spreads = [self.spread(c) for c in tree.children if isinstance(c, Tree)]
        return Tolerance(param, spreads[0], spreads[1] if len(spreads) > 1 else None)

    def spread(self, tree: Piece) -> Spread:
        return read_spread(tree, self.evaluate)

    # -- modules ---------------------------------------------------------------------------------------

    def _place_module(
        self,
        definition: Definition,
        kind: Piece,
        name: str,
        by: Mapping[str, Piece],
        ends: list[Net | BundleNet],
        spreads: Sequence[Piece],
        match: str,
        tree: Piece,
    ) -> None:
        if "value" in by:
            raise Fault(
                f"module {definition.name} has no main value",
                by["value"],
                "give its parameters in braces: { rmax = 100k }",
            )
        if self.depth >= MAX_HIERARCHY:
            raise Fault(
                f"modules are nested more than {MAX_HIERARCHY} deep",
                kind,
                "a module that places itself needs an if to end it",
            )
        header = _child(definition.tree, "ports")
        ports = [port_of(c, definition.file) for c in header.children if c.data == "port"] if header else []
        known = [str(c.children[0]) for c in header.children if c.data == "param"] if header else []
        params, imports = self._module_params(definition, known, by.get("props"))
        hidden = {k: self.scope.get(k) for k in params}
        self.scope.update({k: v for k, v in params.items() if k not in self.declared})
        try:
            given = self._connect(
                [p.name for p in ports], by.get("connections"), ends, kind, f"module {definition.name}"
            )
        finally:
            for key, value in hidden.items():
                if key not in self.declared:
                    self.scope.pop(key, None)
                    if value is not None:
                        self.scope[key] = value
        nets: dict[str, str] = {}
        states = dict(imports)
        for port in ports:
            self._join(port, given, nets, states, definition, name, by.get("connections") or kind)
        cell, weight = build_cell(definition, params, self.session, self.depth + 1, kind)
        self.session.budget.spend("elements", weight, kind)
        self.weight += weight + 1
        tolerances = tuple(self._tolerance(t, "", known) for t in spreads)
        self.instances.append(Instance(name, cell, nets, states, tolerances, match))

    def _module_params(
        self, definition: Definition, known: Sequence[str], props: Piece | None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Values for a module's parameters; formulas over our states come with the names they get inside."""
        params: dict[str, Any] = {}
        imports: dict[str, str] = {}
        for item in props.children if props else ():
            key = str(item.children[0])
            if key not in known:
                raise Fault(
                    f"module {definition.name} has no parameter '{key}'",
                    item.children[0],
                    suggest(key, known) or f"its parameters are {', '.join(known) or 'none'}",
                )
            if key in params:
                raise Fault(f"'{key}' is given twice", item, "remove one of them")
            value = self._argument(item.children[1])
            if isinstance(value, StateRef) and value.size is None:
                value = leaf(value)
            if isinstance(value, Symbolic):
                if _leaves(value.tree, "n"):
                    raise Fault("a parameter cannot depend on a voltage", item, "make it a port of type signal")
                inner = {s: f"{key}'{i}" for i, s in enumerate(_leaves(value.tree, "s"))}
                imports |= {mine: theirs for theirs, mine in inner.items()}
                value = Symbolic(_renamed(value.tree, inner), value.dimension)
            params[key] = value
        return params, imports

    def _join(
        self,
        port: _Port,
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
                self.uses[f"{value.name}.{member}"] += 1
        else:
            nets[port.name] = self._node(value, tree, name, port.name)
            if port.name == GROUND and nets[GROUND] != GROUND:
                raise Fault(
                    "port 'gnd' is the reference node, and this is another net", tree, "connect gnd, or rename the port"
                )
            self.uses[nets[port.name]] += 1

    # -- the result ------------------------------------------------------------------------------------

    def finish(self, name: str) -> Cell:
        cell = Cell(
            name=name,
            ports=tuple(n for p in self.ports if p.type != STATE for n in p.nets()),
            nets=tuple(self.nets),
            elements=tuple(self.elements),
            instances=tuple(self.instances),
            states=dict(self.states),
            implements=_implements(self.definition.tree),
        )
        self._lint(cell)
        return cell

    def _lint_paths(self, paths: Paths, cell: Cell) -> None:
        driven = [net for i in self.inputs if i.kind == "V" for net in i.nodes]
        nets = [net for net, token in self.nets.items() if token is not None and self.uses[net] > 1]
        for island in paths.floating(nets, [GROUND, *driven, *(() if self.top else cell.ports)]):
            others = f" (nor have {len(island) - 1} nets joined to it)" if len(island) > 1 else ""
            self.session.report.lint(
                f"net '{island[0]}' has no conducting path to ground{others}",
                self.source,
                self.nets[island[0]],
                "drive it with an input or a source, or join it to gnd",
            )

    def _lint(self, cell: Cell) -> None:
        paths = Paths(cell.elements, cell.instances, self.session.paths)
        self.session.paths[id(cell)] = paths.groups(cell.ports)
        if self.failed:
            return
        self._lint_paths(paths, cell)
        report = self.session.report
        unused: dict[tuple[int, int], list[str]] = {}
        for net, token in self.nets.items():
            if token is not None and self.uses[net] < 2:
                unused.setdefault((id(token), self.uses[net]), []).append(net)
        for (_, uses), nets in unused.items():
            half = f", the {nets[0].rsplit('.', 1)[1]} half of a bundle," if "." in nets[0] else ""
            more = f" (like {len(nets) - 1} more of {self.nets[nets[0]]})" if len(nets) > 1 else ""
            message, help = (
                ("is never used", "remove it or connect it")
                if uses == 0
                else ("has one connection only: it floats", "connect a second terminal, drive it, or read it")
            )
            report.lint(f"net '{nets[0]}'{half} {message}{more}", self.source, self.nets[nets[0]], help)
        for port in self.ports:
            for net in port.nets():
                if port.type != STATE and self.uses[net] == 0 and net != GROUND:
                    report.lint(
                        f"port '{net}' is not used inside {self.definition.name}", self.source, self.declared[port.name]
                    )


class Placed(Exception):
    """A TooLarge on its way out of the builders, with the source it was found in."""

    def __init__(self, fault: TooLarge, source: Source) -> None:
        super().__init__(fault.message)
        self.fault, self.source = fault, source


@dataclass(frozen=True)
class _Difference:
    plus: Net | BundleNet
    minus: Net | BundleNet


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


def _kilo(where: Any, dimension: units.Dimension) -> str:
    """10K is ten kelvin: probably 10k was meant."""
    text = write(where) if isinstance(where, Tree) and where.data == "number" else ""
    return f"kilo is k here: write {text[:-1]}k" if dimension == units.UNITS["K"] and text.endswith("K") else ""


def _form(name: str, terminals: Sequence[str]) -> str:
    return f"write {name.removeprefix('module ')} x({', '.join(terminals)})"


def _child(tree: Piece, data: str) -> Piece | None:
    return next((c for c in tree.children if isinstance(c, Tree) and c.data == data), None)


def _implements(tree: Piece) -> str:
    expr = next((c for c in tree.children[1:] if isinstance(c, Tree) and c.data in ("call", "ref")), None)
    return " ".join(str(t) for t in expr.scan_values(lambda _: True)) if expr is not None else ""


def port_of(tree: Piece, file: File) -> _Port:
    token = tree.children[0]
    if len(tree.children) == 1:
        return _Port(str(token), "net")
    kind = tree.children[1]
    if str(kind) in (STATE, SIGNAL, "net"):
        return _Port(str(token), str(kind))
    members = file.bundle(kind)
    if members is None:
        raise Fault(
            f"unknown bundle '{kind}'", kind, suggest(str(kind), [*file.names(lambda f: f.bundles), STATE, SIGNAL])
        )
    return _Port(str(token), str(kind), members)


def read_spread(tree: Piece, evaluate: Evaluator) -> Spread:
    """`1%`, `2mV`, `pelgrom(5mV*um)`, `lognormal(1pA, 50%)`: a distribution in SI units."""
    first = tree.children[0]
    if first.type == "NUMBER":
        quantity = evaluate(Tree("number", [first]))
        return Spread("normal", (quantity.number,), relative=str(first).endswith("%"))
    if str(first) not in ("normal", "uniform", "lognormal", "pelgrom"):
        raise Fault(
            f"unknown distribution '{first}'",
            first,
            suggest(str(first), ["normal", "uniform", "lognormal", "pelgrom"])
            or "known: normal, uniform, lognormal, pelgrom",
        )
    numbers = [evaluate.number(a, "a number of a distribution", None) for a in tree.children[1:]]
    if not numbers:
        raise Fault(f"{first} needs its numbers", tree, f"write ~ {first}(1%)")
    return Spread(
        str(first),
        tuple(q.number for q in numbers),
        relative="%" in str(next(tree.scan_values(lambda t: isinstance(t, Token) and t.type == "NUMBER"), "")),
    )


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


def _indices(shape: Sequence[tuple[int, int]]) -> Iterable[tuple[int, ...]]:
    if not shape:
        yield ()
        return
    for i in range(shape[0][0], shape[0][1] + 1):
        for rest in _indices(shape[1:]):
            yield (i, *rest)


def _flat_nets(value: Any, where: Any) -> list[Net | BundleNet]:
    if isinstance(value, NetArray):
        return value.flat()
    if isinstance(value, list):
        return [n for v in value for n in _flat_nets(v, where)]
    if isinstance(value, (Net, BundleNet)):
        return [value]
    raise Fault(f"a mesh lies on an array of nets, not on {kind_of(value)}", where, "write on n, with net n[16]")


def _net_names(net: Net | BundleNet) -> list[str]:
    return [net.name] if isinstance(net, Net) else [f"{net.name}.{m}" for m in net.members]


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
        a if isinstance(a, list) else _flat_nets(a, where) if isinstance(a, NetArray) else None for a in value.arguments
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


def _leaves(tree: tuple[Any, ...], kind: str) -> list[str]:
    """Names of the leaves of one kind, each once, in order."""
    if tree[0] == kind:
        return [tree[1]]
    if tree[0] in ("c", "s", "n"):
        return []
    return list(dict.fromkeys(n for part in tree[1:] for n in _leaves(part, kind)))


def _renamed(tree: tuple[Any, ...], names: Mapping[str, str]) -> tuple[Any, ...]:
    if tree[0] == "s":
        return ("s", names[tree[1]])
    if tree[0] in ("c", "n"):
        return tree
    return (tree[0], *(_renamed(t, names) for t in tree[1:]))


_LOGIC = "logistic(4 * ({} - 2.5))"  # a 5 V logic level as a number between 0 and 1


def _numbered(tree: tuple[Any, ...]) -> tuple[str, list[float], list[str], list[str]]:
    """Law text of an expression over c0.., s0.. and V(x0).., with the numbers and names they stand for."""
    numbers: list[float] = []
    states, nets = _leaves(tree, "s"), _leaves(tree, "n")

    def text(t: tuple[Any, ...]) -> str:
        if t[0] == "c":
            numbers.append(float(t[1]))
            return f"c{len(numbers) - 1}"
        if t[0] == "s":
            return f"s{states.index(t[1])}"
        if t[0] == "n":
            return f"V(x{nets.index(t[1])})"
        if t[0] == "neg":
            return f"(0 - {text(t[1])})"
        if t[0] == "^":
            return f"({text(t[1])})^{_exponent(t[2][1])}"
        if t[0] == "xor":
            a, b = _LOGIC.format(text(t[1])), _LOGIC.format(text(t[2]))
            return f"5 * ({a} + {b} - 2 * {a} * {b})"
        return f"({text(t[1])} {t[0]} {text(t[2])})"

    return text(tree), numbers, states, nets


def _exponent(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and value >= 0 else f"(0 {'-' if value < 0 else '+'} {abs(value)!r})"


def formula(symbol: Symbolic) -> Formula:
    text, numbers, states, _ = _numbered(symbol.tree)
    return Formula(text, tuple(numbers), tuple(states))


def build_cell(
    definition: Definition, params: Mapping[str, Any], session: Session, depth: int, where: Any
) -> tuple[Cell, int]:
    """The cell of a module with these parameters, made once, and its weight: elements and nets when flat."""
    key = (id(definition), tuple(sorted((k, repr(v)) for k, v in params.items())))
    if key in session.cells:
        return session.cells[key]
    builder = Builder(definition, session, depth, top=False)
    block = _child(definition.tree, "block")
    session.budget.spend("statements of loops and modules", _statements(block), where)
    try:
        builder.open_ports(_child(definition.tree, "ports"), params)
        builder.body(block)
    except TooLarge as fault:
        raise Placed(fault, definition.file.source) from None
    except Fault as fault:
        session.report.fault(fault, definition.file.source)
    if builder.inputs or builder.outputs:
        session.report.fault(
            Fault(
                "inputs and outputs belong to a circuit, not to a module",
                definition.tree.children[0],
                "move them into the circuit, and connect a port",
            ),
            definition.file.source,
        )
    number = session.names[definition.name]
    session.names[definition.name] += 1
    cell = builder.finish(definition.name if number == 0 else f"{definition.name}_{number + 1}")
    session.cells[key] = (cell, builder.weight + len(builder.elements))
    return session.cells[key]


def _statements(block: Any) -> int:
    """The size of a block in statements of usual length."""
    here = span_of(block)
    return 1 + (here[1] - here[0]) // STATEMENT if here else 1


def build_circuit(definition: Definition, session: Session, params: Mapping[str, Any] | None = None) -> Circuit:
    """A circuit with its default parameters (or the given ones)."""
    builder = Builder(definition, session, 0, top=True)
    header = _child(definition.tree, "ports")
    try:
        builder.open_ports(header, params or {})
        for port in builder.ports:
            if port.type == STATE:
                raise Fault("a circuit has no state ports", definition.tree.children[0])
            for net in port.nets():
                builder.add_net(net, definition.tree.children[0])
        builder.body(_child(definition.tree, "block"))
    except TooLarge as fault:
        raise Placed(fault, definition.file.source) from None
    except Fault as fault:
        session.report.fault(fault, definition.file.source)
        builder.failed = True
    return Circuit(definition.name, builder.finish(definition.name), tuple(builder.inputs), tuple(builder.outputs))


def source_of(definition: Definition) -> Source:
    return definition.file.source
