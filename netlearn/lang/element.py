"""`element` blocks: user devices from their law, checked for names and units before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lark import Tree

from netlearn import units
from netlearn.devices import DEVICES, Device, Param
from netlearn.devices.primitives import CONSTANTS
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.values import Fault, Piece, Range, in_unit, suggest
from netlearn.lang.write import write
from netlearn.syntax import parse
from netlearn.units import AMPERE, NONE, VOLT, Dimension, Quantity, describe

MAX_LAW = 4000
MAX_SPREAD = 4000
"""Operations of a statement with what `let` calls by name in its place: a few lets could make it as large as the world."""
COULOMB = units.UNITS["C"]
WEBER: Dimension = (1, 0, 1, 0, 0)
ARITY = {
    "exp": 1, "log": 1, "sqrt": 1, "tanh": 1, "sin": 1, "cos": 1, "abs": 1, "sign": 1,
    "limexp": 1, "softplus": 1, "logistic": 1, "pos": 1, "min": 2, "max": 2, "where": 3,
}  # fmt: skip
RESERVED = {"V", "I", "v", *CONSTANTS, *ARITY}


def read_element(tree: Piece) -> Device:
    """The device an `element` block describes."""
    token, header = tree.children[0], tree.children[1]
    if str(token) in DEVICES:
        raise Fault(f"'{token}' is a built-in device", token, "choose another name")
    terminals, params = _header(header)
    if len(terminals) < 2:
        raise Fault("an element has at least two terminals", header, f"write element {token}(p, n; g = 1mS)")
    statements = [c for c in tree.children[2:] if isinstance(c, Tree)]
    check = _Check(terminals, params)
    for statement in statements:
        check.statement(statement)
    if not any(s.data in ("current", "charge", "voltage") for s in statements):
        raise Fault(f"element {token} has no law", token, "write current i = g * v")
    law = "\n".join(write(s) for s in statements if s.data != "learnable")
    if len(law) > MAX_LAW:
        raise Fault(f"the law of {token} is longer than {MAX_LAW} characters", token)
    return Device(
        name=str(token),
        doc="element of the netlist",
        terminals=tuple(terminals),
        params=tuple(params.values()),
        law=law,
        value=next(iter(params), ""),
        drop=(terminals[0], terminals[1]),
        control=tuple(t for t in terminals[2:] if t not in check.carrying),
        learn=check.bounds,
    )


def check_law(device: Device) -> None:
    """Fault or ReadFault where the law of a device that somebody else has written is none of its terminals and parameters."""
    tree = parse(device.law[: MAX_LAW + 1], start="law")
    check = _Check(list(device.terminals), {p.name: p for p in device.params})
    if len(device.law) > MAX_LAW:
        raise Fault(f"it is longer than {MAX_LAW} characters", tree)
    for statement in tree.children:
        check.statement(statement)


def _header(header: Piece) -> tuple[list[str], dict[str, Param]]:
    terminals: list[str] = []
    params: dict[str, Param] = {}
    evaluate = Evaluator({})
    for child in header.children:
        token = child.children[0]
        if str(token) in terminals or str(token) in params:
            raise Fault(f"'{token}' is declared twice", token)
        if child.data == "port":
            terminals.append(str(token))
            continue
        if str(token) in RESERVED:
            raise Fault(f"'{token}' is a word of the law language", token, "choose another name")
        if not isinstance(child.children[-1], Tree):
            raise Fault(
                f"parameter '{token}' needs a default, which also gives its unit", token, f"write {token} = 1mS"
            )
        value = evaluate.number(child.children[-1], "a default", None)
        if str(token) == "temp" and value.dimension != units.UNITS["K"]:
            raise Fault("temp is the temperature that vt is at", token, "write temp = 300.15K, or choose another name")
        params[str(token)] = Param(str(token), units.unit_name(value.dimension), value.number, "parameter")
    return terminals, params


class _Check:
    """Names and dimensions of a law's statements."""

    def __init__(self, terminals: list[str], params: Mapping[str, Param]) -> None:
        self.terminals, self.params = terminals, params
        self.names: dict[str, Dimension] = {p.name: units.dimension(p.unit) for p in params.values()}
        self.names |= {"vt": VOLT, "gmin": units.UNITS["S"], "pi": NONE}
        self.sizes: dict[str, int] = {}
        self.branches: set[str] = set()
        self.carrying: set[str] = set()
        self.bounds: dict[str, tuple[float, float]] = {}

    def statement(self, tree: Piece) -> None:
        token = tree.children[0]
        if tree.data == "learnable":
            return self._learnable(tree)
        size = self._size(tree.children[-1])
        if size > MAX_SPREAD:
            help = "make it of fewer lets that use others twice"
            raise Fault(f"'{token}' has {size} operations when every let is put in; {MAX_SPREAD} are read", token, help)
        found = self.dimension(tree.children[-1])
        wanted = {"current": AMPERE, "charge": COULOMB, "voltage": VOLT, "flux": WEBER}.get(tree.data)
        if wanted is not None and found not in (wanted, None):
            raise Fault(
                f"a {tree.data} is in {describe(wanted)}, and this is {in_unit(found or NONE)}",
                tree.children[-1],
                f"multiply or divide by a parameter, so that it is in {describe(wanted)}",
            )
        for child in tree.children[1:-1]:
            self._branch(child)
        if tree.data in ("current", "voltage"):
            ends = [str(c) for b in tree.children[1:-1] for c in b.children] or self.terminals[:2]
            self.carrying.update(ends)
        if tree.data == "flux":
            if str(token) not in self.branches:
                raise Fault(f"there is no voltage branch '{token}'", token, f"write voltage {token} = 0 first")
            return None
        if str(token) in self.names or str(token) in RESERVED:
            raise Fault(f"'{token}' is already a name", token, "choose another name")
        if tree.data == "voltage":
            self.branches.add(str(token))
        else:
            self.names[str(token)], self.sizes[str(token)] = found if found is not None else NONE, size
        return None

    def _size(self, tree: Any) -> int:
        """How many operations an expression has with what lets say put in."""
        if not isinstance(tree, Tree):
            return self.sizes.get(str(tree), 0)
        return 1 + sum(map(self._size, tree.children))

    def _branch(self, tree: Piece) -> None:
        for token in tree.children:
            if str(token) not in self.terminals:
                raise Fault(f"'{token}' is not a terminal", token, suggest(str(token), self.terminals))
        if str(tree.children[0]) == str(tree.children[1]):
            raise Fault("a branch joins two different terminals", tree)

    def _learnable(self, tree: Piece) -> None:
        token = tree.children[0]
        if str(token) not in self.params:
            raise Fault(f"there is no parameter '{token}'", token, suggest(str(token), self.params))
        bounds = Evaluator({})(tree.children[1])
        if not isinstance(bounds, Range) or not bounds.low.number < bounds.high.number:
            raise Fault("bounds are a range", tree.children[1], f"write learn {token} 1uS..10mS")
        self.bounds[str(token)] = (bounds.low.number, bounds.high.number)

    def dimension(self, tree: Any) -> Dimension | None:
        """The dimension of an expression; None for a literal zero, which fits every dimension."""
        match tree.data:
            case "number":
                value = Evaluator({})(tree)
                return None if value == Quantity(0.0) else value.dimension
            case "group":
                return self.dimension(tree.children[0])
            case "negative":
                return self.dimension(tree.children[0])
            case "ref":
                return self._name(tree)
            case "call":
                return self._call(tree)
            case "power":
                return self._power(tree)
            case "binary":
                return self._binary(tree)
            case "compare":
                self._same(tree, tree.children[0], tree.children[2])
                return NONE
            case "and_" | "or_" | "not_":
                for child in tree.children:
                    self.dimension(child)
                return NONE
        raise Fault(f"a {tree.data} cannot stand in a law", tree)

    def _name(self, tree: Any) -> Dimension:
        token = tree.children[0]
        if len(tree.children) > 1:
            raise Fault("a law uses plain names", tree)
        if str(token) == "v":
            return VOLT
        if str(token) not in self.names:
            help = f"write V({token})" if str(token) in self.terminals else suggest(str(token), self.names)
            raise Fault(f"unknown name '{token}' in a law", token, help or "declare it as a parameter: (p, n; g = 1mS)")
        return self.names[str(token)]

    def _call(self, tree: Any) -> Dimension | None:
        token, given = tree.children[0].children[0], tree.children[1:]
        name = str(token)
        if name == "V":
            for g in given:
                if g.data != "ref" or str(g.children[0]) not in self.terminals:
                    raise Fault(
                        "V reads a terminal of this element", g, f"its terminals are {', '.join(self.terminals)}"
                    )
            if not 1 <= len(given) <= 2:
                raise Fault("write V(a) or V(a, b)", tree)
            return VOLT
        if name == "I":
            if len(given) != 1 or given[0].data != "ref" or str(given[0].children[0]) not in self.branches:
                raise Fault(
                    "I reads the current of a voltage branch of this element", tree, "write voltage e(p, n) = ... first"
                )
            return AMPERE
        if name not in ARITY:
            raise Fault(
                f"unknown function '{name}' in a law",
                token,
                suggest(name, [*ARITY, "V", "I"]) or f"known: {', '.join(ARITY)}",
            )
        if len(given) != ARITY[name] or any(g.data == "named" for g in given):
            raise Fault(f"{name} takes {ARITY[name]} argument{'s' * (ARITY[name] > 1)}", tree)
        if name == "where":
            self.dimension(given[0])
            return self._same(tree, given[1], given[2])
        if name in ("min", "max"):
            return self._same(tree, given[0], given[1])
        inside = self.dimension(given[0])
        if name in ("abs", "pos"):
            return inside
        if name == "sqrt":
            return units.power(inside or NONE, 0.5)
        if inside not in (NONE, None) and name != "sign":
            raise Fault(
                f"{name} takes a plain number, not {describe(inside or NONE)}",
                given[0],
                "divide by a value of the same unit, such as vt",
            )
        return NONE

    def _same(self, tree: Any, a: Any, b: Any) -> Dimension | None:
        x, y = self.dimension(a), self.dimension(b)
        if x is not None and y is not None and x != y:
            raise Fault(f"{describe(x)} and {describe(y)} cannot be compared or chosen between", tree)
        return x if x is not None else y

    def _power(self, tree: Any) -> Dimension:
        if not any(True for kind in ("ref", "call") for _ in tree.find_data(kind)):
            Evaluator({})(tree)  # Fault where it is no finite number
        base = self.dimension(tree.children[0]) or NONE
        try:
            exponent = Evaluator({})(tree.children[1])
        except Fault:
            exponent = None
        if isinstance(exponent, Quantity) and exponent.dimension == NONE and math.isfinite(exponent.number):
            return units.power(base, exponent.number)
        if base != NONE or self.dimension(tree.children[1]) not in (NONE, None):
            raise Fault("a varying power needs plain numbers", tree)
        return NONE

    def _binary(self, tree: Any) -> Dimension | None:
        sign = str(tree.children[1])
        a, b = self.dimension(tree.children[0]), self.dimension(tree.children[2])
        if sign == "*":
            return units.multiply(a or NONE, b or NONE)
        if sign == "/":
            return units.divide(a or NONE, b or NONE)
        if sign in ("+", "-"):
            if a is not None and b is not None and a != b:
                raise Fault(
                    f"{describe(a)} '{sign}' {describe(b)} does not make sense", tree, "both sides need the same unit"
                )
            return a if a is not None else b
        raise Fault(f"'{sign}' cannot stand in a law", tree)


def read_model(tree: Piece, device: Device) -> dict[str, float]:
    """The parameter values of a `model` statement."""
    evaluate = Evaluator({})
    values: dict[str, float] = {}
    for item in tree.children[2].children:
        token = item.children[0]
        if str(token) not in device.param_names:
            raise Fault(f"{device.name} has no parameter '{token}'", token, suggest(str(token), device.param_names))
        if str(token) in values:
            raise Fault(f"'{token}' is given twice", token)
        param = device.param(str(token))
        number = evaluate.number(
            item.children[1], param.name, None if param.unit == "" else units.dimension(param.unit)
        ).number
        if fault := param.fault(number):
            raise Fault(fault, item)
        values[str(token)] = number
    return values
