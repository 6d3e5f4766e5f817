"""Expressions: a tree and the names in scope to a value, with units checked on the way."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from lark import Token

from netlearn import units
from netlearn.circuit.model import Learn, Uniform
from netlearn.circuit.over_time import COMPARE
from netlearn.circuit.waveform import Pulse, Pwl, Sine
from netlearn.lang.arguments import check_arity, known_options
from netlearn.lang.budget import Budget
from netlearn.lang.meshes import MAX_EDGES, MESHES
from netlearn.lang.values import (
    Broken,
    BundleNet,
    ElementRef,
    Fault,
    Followed,
    Inside,
    Items,
    LearnSpec,
    Named,
    Net,
    NetArray,
    Pair,
    Piece,
    Random,
    Range,
    StateRef,
    Symbolic,
    WaveValue,
    Where,
    in_unit,
    kind_of,
    leaf,
    suggest,
)
from netlearn.units import NONE, VOLT, Dimension, Quantity, UnitFault, describe

MAX_LIST = 1_000_000
LONGEST = 1e9  # s
MAX_FORMULA = 1000
MAX_POWER = 10
_quantity = lru_cache(maxsize=10_000)(units.parse_number)


class Evaluator:
    """Evaluates expressions in one scope. `calls` are extra functions (tasks have some of their own)."""

    def __init__(
        self,
        scope: Mapping[str, Any],
        calls: Mapping[str, Callable[..., Any]] | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.scope = scope
        self.budget = budget or Budget()
        self.calls = {**CALLS, **(calls or {})}

    def __call__(self, tree: Any) -> Any:
        found = getattr(self, f"_{tree.data}", None)
        if found is None:
            raise Fault(f"a {tree.data} cannot stand here", tree)
        return found(tree)

    def number(self, tree: Any, what: str, unit: Dimension | None = NONE) -> Quantity:
        """A quantity of the wanted dimension; a plain number fits every dimension."""
        value = self(tree)
        if not isinstance(value, Quantity):
            raise Fault(f"{what} must be a number, not {kind_of(value)}", tree, "write a number")
        if unit is not None and value.dimension not in (NONE, unit):
            raise Fault(f"{what} is {in_unit(unit)}, and this is {in_unit(value.dimension)}", tree, _unit_help(unit))
        return value

    def integer(self, tree: Any, what: str, low: int = 0, high: int = MAX_EDGES) -> int:
        number = self.number(tree, what).number
        if number != int(number) if math.isfinite(number) else True:
            raise Fault(f"{what} must be a whole number, not {number:g}", tree, "write a whole number")
        if not low <= number <= high:
            raise Fault(f"{what} is {number:g}, outside {low}..{high}", tree, f"write a number in {low}..{high}")
        return int(number)

    def seconds(self, tree: Any, what: str, form: str) -> float:
        """A time; `form`: how one is written."""
        value = self.number(tree, what, None)
        if value.dimension not in (NONE, units.SECOND):
            raise Fault(f"{what} is {in_unit(units.SECOND)}, and this is {in_unit(value.dimension)}", tree, form)
        if not 0 < value.number < LONGEST:
            raise Fault(f"{what} lies between 0 and {LONGEST:g} s", tree, form)
        return value.number

    def _number(self, tree: Any) -> Quantity:
        try:
            return _quantity(str(tree.children[0]))
        except UnitFault as fault:
            raise Fault(str(fault), tree, fault.help) from None

    def _string(self, tree: Any) -> str:
        return str(tree.children[0])[1:-1]

    def _group(self, tree: Any) -> Any:
        return self(tree.children[0])

    def _list(self, tree: Any) -> Items:
        items = Items(self(c) for c in tree.children)
        items.size = sum(v.size if isinstance(v, Items) else 1 for v in items)
        self.spend(items.size, tree)
        return items

    def spend(self, count: int, tree: Any) -> None:
        self.budget.spend("items of lists and meshes", count, tree)

    def _range(self, tree: Any) -> Range:
        low, high = (self(c) for c in tree.children)
        if not (isinstance(low, Quantity) and isinstance(high, Quantity)):
            raise Fault("a range goes from one number to another", tree, "write 1k..100k or 0..15")
        if low.dimension != high.dimension and NONE not in (low.dimension, high.dimension):
            raise Fault(f"a range from {describe(low.dimension)} to {describe(high.dimension)}", tree)
        return Range(low, high)

    def _edge(self, tree: Any) -> Pair:
        return Pair(
            self.integer(tree.children[0], "a node of an edge"), self.integer(tree.children[1], "a node of an edge")
        )

    def _ref(self, tree: Any) -> Any:
        value = self.lookup(tree.children[0])
        for part in tree.children[1:]:
            value = self._member(value, part) if isinstance(part, Token) else self._item(value, part)
        return value

    def lookup(self, token: Token) -> Any:
        name = str(token)
        if name in self.scope:
            if isinstance(self.scope[name], Broken):
                raise Followed(f"'{name}' is not known", token)
            return self.scope[name]
        if name in ("true", "false"):
            return name == "true"
        if name == "gnd":
            return Net("gnd")
        raise Fault(
            f"unknown name '{name}'",
            token,
            suggest(name, self.scope) or f"declare it first: net {name}, or let {name} = ...",
        )

    def _member(self, value: Any, token: Token) -> Any:
        if isinstance(value, BundleNet):
            if str(token) in value.members:
                return value.member(str(token))
            raise Fault(
                f"bundle {value.bundle} has no member '{token}'",
                token,
                suggest(str(token), value.members) or f"its members are {', '.join(value.members)}",
            )
        if isinstance(value, Inside) or (
            isinstance(value, ElementRef) and value.count is None and not value.is_element
        ):
            return Inside(f"{value.name}.{token}")
        raise Fault(
            f"{kind_of(value)} has no member '{token}'", token, f"remove .{token}, or declare a bundle: net a: twin"
        )

    def _item(self, value: Any, index: Piece) -> Any:
        inside = index.children[0]
        if isinstance(inside, Token):
            raise Fault("[*] stands for everything only in a mismatch block", index)
        at = self(inside)
        if isinstance(at, Range) and at.whole():
            low, high = (int(at.low.number), int(at.high.number))
            if high - low >= MAX_LIST:
                raise Fault(f"this range has more than {MAX_LIST} items", index, "make it smaller")
            self.spend(max(1, high - low + 1), index)
            if isinstance(value, NetArray) and len(value.shape) == 1 and low <= high:
                return _stretch(value, low, high, index)
            items = Items(self._one(value, i, index) for i in range(low, high + 1))
            items.size = sum(v.size if isinstance(v, Items) else 1 for v in items)
            return items
        if not isinstance(at, Quantity) or at.number != int(at.number):
            raise Fault("an index is a whole number", index, "write n[0] or n[0..3]")
        return self._one(value, int(at.number), index)

    def _one(self, value: Any, i: int, where: Where) -> Any:
        if isinstance(value, NetArray):
            return pick(value, i, where)
        if isinstance(value, list):
            if not 0 <= i < len(value):
                raise Fault(f"index {i} is outside 0..{len(value) - 1}", where, _inside(0, len(value) - 1))
            return value[i]
        if isinstance(value, (StateRef, ElementRef)) and _size(value) is not None:
            size = _size(value) or 0
            if not 0 <= i < size:
                raise Fault(f"index {i} is outside 0..{size - 1}", where, _inside(0, size - 1))
            if isinstance(value, StateRef):
                return StateRef(f"{value.name}[{i}]", value.dimension)
            return ElementRef(f"{value.name}[{i}]", None, value.is_element)
        if isinstance(value, Inside):
            return Inside(f"{value.name}[{i}]")
        raise Fault(f"{kind_of(value)} cannot be indexed", where, "remove the index, or declare an array: net n[4]")

    def _negative(self, tree: Any) -> Any:
        return self._arithmetic("-", Quantity(0.0), self(tree.children[0]), tree, unary=True)

    def _binary(self, tree: Any) -> Any:
        a, sign, b = tree.children
        return self._arithmetic(str(sign), self(a), self(b), tree)

    def _power(self, tree: Any) -> Any:
        base, exponent = self(tree.children[0]), self(tree.children[1])
        if not isinstance(exponent, Quantity) or exponent.dimension != NONE:
            raise Fault("an exponent is a plain number", tree.children[1], "write it without a unit")
        if isinstance(base, Quantity):
            self._power_of_unit(base.dimension, exponent.number, tree)
            return self._finite(
                lambda: base.number**exponent.number, units.power(base.dimension, exponent.number), tree
            )
        symbol = leaf(base)
        if symbol is None:
            raise Fault(f"{kind_of(base)} has no power", tree)
        self._power_of_unit(symbol.dimension, exponent.number, tree)
        dimension = units.power(symbol.dimension, exponent.number)
        return self._formula(("^", symbol.tree, ("c", exponent.number)), dimension, symbol.size + 2, tree)

    def _power_of_unit(self, dimension: Dimension, exponent: float, tree: Any) -> None:
        if dimension != NONE and abs(exponent) > MAX_POWER:
            raise Fault(f"a unit to the power {exponent:g}", tree, f"exponents of units stay within {MAX_POWER}")

    def _formula(self, tree: tuple[Any, ...], dimension: Dimension, size: int, where: Any) -> Symbolic:
        if size > MAX_FORMULA:
            raise Fault(f"this formula has more than {MAX_FORMULA} parts", where, "make it shorter")
        return Symbolic(tree, dimension, size)

    def _finite(self, compute: Callable[[], Any], dimension: Dimension, tree: Any) -> Quantity:
        try:
            number = compute()
        except (OverflowError, ZeroDivisionError, ValueError):
            number = math.nan
        if isinstance(number, complex) or not math.isfinite(number):
            raise Fault("this is not a finite number", tree, "check for a division by zero or an overflow")
        return Quantity(float(number), dimension)

    def _arithmetic(self, sign: str, a: Any, b: Any, tree: Any, unary: bool = False) -> Any:
        dimension = self._dimension(sign, a, b, tree, unary)
        if isinstance(a, Quantity) and isinstance(b, Quantity) and sign in _ARITHMETIC:
            return self._finite(lambda: _ARITHMETIC[sign](a.number, b.number), dimension, tree)
        left, right = leaf(a), leaf(b)
        if left is None or right is None:
            wrong = a if left is None else b
            raise Fault(f"{kind_of(wrong)} cannot be used with '{sign}'", tree, "use numbers, states and nets")
        if sign == "%":
            raise Fault("'%' works on whole numbers, not on voltages or states", tree)
        if unary:
            return self._formula(("neg", right.tree), dimension, right.size + 1, tree)
        size = left.size + right.size + 1
        return self._formula((sign, left.tree, right.tree), VOLT if sign == "xor" else dimension, size, tree)

    def _dimension(self, sign: str, a: Any, b: Any, tree: Any, unary: bool) -> Dimension:
        da, db = (v.dimension if isinstance(v, Quantity) else getattr(leaf(v), "dimension", NONE) for v in (a, b))
        if unary or sign == "%":
            return db if unary else da
        if sign == "*":
            return units.multiply(da, db)
        if sign == "/":
            return units.divide(da, db)
        if da != db and sign != "xor":
            raise Fault(
                f"{describe(da)} '{sign}' {describe(db)} does not make sense", tree, "both sides need the same unit"
            )
        return da

    def _compare(self, tree: Any) -> bool:
        a, sign, b = tree.children
        x, y = self(a), self(b)
        if isinstance(x, str) and isinstance(y, str) and sign in ("==", "!="):
            return bool((x == y) == (sign == "=="))
        if not (isinstance(x, Quantity) and isinstance(y, Quantity)):
            raise Fault(f"'{sign}' compares numbers, not {kind_of(x if not isinstance(x, Quantity) else y)}", tree)
        if x.dimension != y.dimension and NONE not in (x.dimension, y.dimension):
            raise Fault(
                f"{describe(x.dimension)} '{sign}' {describe(y.dimension)} does not make sense",
                tree,
                "both sides need the same unit",
            )
        return bool(COMPARE[str(sign)](x.number, y.number))

    def truth(self, tree: Any) -> bool:
        """The value of a condition."""
        value = self(tree)
        if not isinstance(value, bool):
            raise Fault(f"a condition is true or false, not {kind_of(value)}", tree, "compare with == or <")
        return value

    def _and_(self, tree: Any) -> bool:
        return self.truth(tree.children[0]) and self.truth(tree.children[1])

    def _or_(self, tree: Any) -> bool:
        return self.truth(tree.children[0]) or self.truth(tree.children[1])

    def _not_(self, tree: Any) -> bool:
        return not self.truth(tree.children[0])

    def _named(self, tree: Any) -> Any:
        raise Fault("a named argument cannot stand here", tree)

    def _call(self, tree: Any) -> Any:
        ref, arguments = tree.children[0], tree.children[1:]
        name = str(ref.children[0])
        if len(ref.children) > 1:
            raise Fault("only plain names can be called", ref)
        if name not in self.calls:
            raise Fault(f"unknown function '{name}'", ref, suggest(name, self.calls))
        positional = [a for a in arguments if a.data != "named"]
        options = {}
        for a in arguments:
            if a.data == "named":
                if str(a.children[0]) in options:
                    raise Fault(f"'{a.children[0]}' is given twice", a, "remove one of them")
                options[str(a.children[0])] = a.children[1]
        return self.calls[name](self, tree, positional, options)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


def _size(value: StateRef | ElementRef) -> int | None:
    return value.size if isinstance(value, StateRef) else value.count


def _unit_help(unit: Dimension) -> str:
    return f"give it in {describe(unit)}" if unit != NONE else "divide it by a value of the same unit"


def _inside(low: int, high: int) -> str:
    return f"write an index in {low}..{high}" if high >= low else "there is nothing to index"


def _stretch(array: NetArray, low: int, high: int, where: Where) -> Items:
    """Neighbouring nets of a row: what `pick` gives one by one, for rows of a million."""
    pick(array, low, where)
    pick(array, high, where)
    items = Items(array.items[(*array.at, i)] for i in range(low, high + 1))
    items.size = len(items)
    return items


def pick(array: NetArray, i: int, where: Where) -> Net | BundleNet | NetArray:
    low, high = array.shape[0]
    if not low <= i <= high:
        raise Fault(f"index {i} is outside {low}..{high} of {array.name}", where, _inside(low, high))
    if len(array.shape) == 1:
        return array.items[(*array.at, i)]
    return NetArray(f"{array.name}[{i}]", array.shape[1:], array.items, (*array.at, i))


Call = Callable[[Evaluator, Any, list[Any], dict[str, Any]], Any]


def _learn(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> LearnSpec:
    known_options(tree, options, ("law", "step"))
    check_arity(tree, given, 1, 2, "learn(start, low..high)")
    start = e(given[0])
    bounds = e(given[1]) if len(given) == 2 else None
    if bounds is not None and not isinstance(bounds, Range):
        raise Fault("the second argument of learn is a range", given[1], "write learn(10k, 1k..100k)")
    init, dimension = _start(start, given[0])
    low, high = (bounds.low.number, bounds.high.number) if bounds else (-math.inf, math.inf)
    if bounds:
        dimension = _bounded(init, dimension, bounds, given)
    law = "linear"
    if "law" in options:
        law = str(options["law"].children[0]) if options["law"].data == "ref" else ""
        if law not in ("linear", "log"):
            raise Fault("the law of a learnable value is linear or log", options["law"], "write law = log")
        if law == "log" and not low > 0:
            raise Fault("a logarithmic law needs bounds above zero", given[-1], "write learn(10k, 1k..100k, law = log)")
    step = e.number(options["step"], "step", None).number if "step" in options else 0.0
    if step < 0:
        raise Fault("a step is not negative", options["step"])
    return LearnSpec(Learn(init, low, high, "log" if law == "log" else "linear", step), dimension, bounds is not None)


def _start(start: Any, where: Any) -> tuple[float | Uniform, Dimension]:
    if isinstance(start, Quantity):
        return start.number, start.dimension
    if isinstance(start, Random):
        return start.uniform, start.dimension
    raise Fault(f"a learnable value starts at a number, not at {kind_of(start)}", where, "write learn(10k, 1k..100k)")


def _bounded(init: float | Uniform, dimension: Dimension, bounds: Range, given: list[Any]) -> Dimension:
    found = bounds.low.dimension if bounds.low.dimension != NONE else bounds.high.dimension
    if NONE not in (dimension, found) and dimension != found:
        raise Fault(
            f"the start is {in_unit(dimension)}, and the bounds are {in_unit(found)}",
            given[1],
            "give both the same unit",
        )
    low, high = bounds.low.number, bounds.high.number
    if not low < high:
        raise Fault(f"the bounds {low:g}..{high:g} are empty", given[1], "the lower bound comes first")
    ends = (init.low, init.high) if isinstance(init, Uniform) else (init, init)
    if ends[0] < low or ends[1] > high:
        start = f"{init.low:g}..{init.high:g}" if isinstance(init, Uniform) else f"{init:g}"
        raise Fault(
            f"the start {start} lies outside the bounds {low:g}..{high:g}", given[0], "write a start between them"
        )
    return dimension if dimension != NONE else found


def _uniform(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Random:
    known_options(tree, options, ())
    check_arity(tree, given, 2, 2, "uniform(low, high)")
    low, high = (e.number(g, "a bound of uniform", None) for g in given)
    if low.dimension != high.dimension and NONE not in (low.dimension, high.dimension):
        raise Fault("the bounds of uniform have different units", tree)
    if not low.number <= high.number:
        raise Fault("the bounds of uniform are in the wrong order", tree)
    return Random(Uniform(low.number, high.number), low.dimension if low.dimension != NONE else high.dimension)


def _pulse(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> WaveValue:
    times = ("delay", "rise", "fall", "width", "period")
    known_options(tree, options, times)
    check_arity(tree, given, 2, 2, "pulse(0V, 1V, delay = 1ms, width = 2ms, period = 4ms)")
    low, high = (e.number(g, "a level of a pulse", None) for g in given)
    kwargs = {k: e.number(v, k, units.SECOND).number for k, v in options.items()}
    for name, seconds in kwargs.items():
        if seconds < 0 or (seconds == 0 and name in ("rise", "fall", "width")):
            raise Fault(f"{name} must be longer than zero", options[name])
    return WaveValue(
        Pulse(low.number, high.number, **kwargs), low.dimension if low.dimension != NONE else high.dimension
    )


def _sine(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> WaveValue:
    known_options(tree, options, ("delay",))
    check_arity(tree, given, 3, 3, "sine(0V, 1V, 1kHz)")
    offset, amplitude = (e.number(g, "a level of a sine", None) for g in given[:2])
    frequency = e.number(given[2], "the frequency of a sine", (0, 0, -1, 0, 0)).number
    delay = e.number(options["delay"], "delay", units.SECOND).number if "delay" in options else 0.0
    dimension = offset.dimension if offset.dimension != NONE else amplitude.dimension
    return WaveValue(Sine(offset.number, amplitude.number, frequency, delay), dimension)


def _pwl(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> WaveValue:
    known_options(tree, options, ())
    values = [e.number(g, "a point of pwl", None) for g in given]
    if len(values) < 2 or len(values) % 2:
        raise Fault("pwl takes pairs of time and value", tree, "write pwl(0s, 0V, 1ms, 1V)")
    times = [q.number for q in values[::2]]
    if any(b <= a for a, b in pairwise(times)):
        raise Fault("the times of pwl must rise", tree)
    return WaveValue(Pwl(tuple(times), tuple(q.number for q in values[1::2])), values[1].dimension)


def _voltage(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Any:
    known_options(tree, options, ())
    check_arity(tree, given, 1, 2, "V(node) or V(a, b)")
    ends = [e(g) for g in given]
    for end, where in zip(ends, given, strict=True):
        if not isinstance(end, (Net, BundleNet, NetArray, Inside)) and not isinstance(end, list):
            raise Fault(f"V reads a net, not {kind_of(end)}", where, "write V(a), with net a")
    return Named("V", tuple(ends), {})


def _current(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Named:
    known_options(tree, options, ())
    check_arity(tree, given, 1, 1, "I(element) or I(net)")
    return Named("I", (e(given[0]),), {})


def _count(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Quantity:
    known_options(tree, options, ())
    check_arity(tree, given, 1, 1, "count(mesh)")
    value = e(given[0])
    if isinstance(value, NetArray):
        return Quantity(float(len(value)))
    if isinstance(value, list):
        return Quantity(float(len(value)))
    if isinstance(value, ElementRef):
        return Quantity(float(value.count if value.count is not None else 1))
    raise Fault(f"{kind_of(value)} cannot be counted", tree)


def _function(compute: Callable[..., float], arity: int, like: str) -> Call:
    """A function of numbers; `like`: '1' plain numbers to a plain number, 'x' keeps the dimension."""

    def call(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Quantity:
        known_options(tree, options, ())
        name = str(tree.children[0].children[0])
        check_arity(tree, given, arity, arity, f"{name}({', '.join('xyz'[:arity])})")
        values = [e.number(g, f"an argument of {name}", NONE if like == "1" else None) for g in given]
        dimension = NONE if like == "1" else values[0].dimension
        if like == "x" and any(v.dimension != dimension for v in values):
            raise Fault(f"the arguments of {name} have different units", tree)
        if like == "r":
            dimension = units.power(dimension, 0.5)
        return e._finite(lambda: compute(*[v.number for v in values]), dimension, tree)

    return call


def _abs(e: Evaluator, tree: Any, given: list[Any], options: dict[str, Any]) -> Quantity | Symbolic:
    known_options(tree, options, ())
    check_arity(tree, given, 1, 1, "abs(x)")
    value = e(given[0])
    symbol = leaf(value)
    if symbol is None:
        raise Fault(f"an argument of abs must be a number, not {kind_of(value)}", given[0], "write a number")
    if isinstance(value, Quantity):
        return Quantity(abs(value.number), value.dimension)
    return e._formula(("abs", symbol.tree), symbol.dimension, symbol.size + 1, tree)


CALLS: dict[str, Call] = {
    "learn": _learn,
    "uniform": _uniform,
    **MESHES,
    "pulse": _pulse,
    "sine": _sine,
    "pwl": _pwl,
    "V": _voltage,
    "I": _current,
    "count": _count,
    "sqrt": _function(math.sqrt, 1, "r"),
    "exp": _function(math.exp, 1, "1"),
    "log": _function(math.log, 1, "1"),
    "tanh": _function(math.tanh, 1, "1"),
    "sin": _function(math.sin, 1, "1"),
    "cos": _function(math.cos, 1, "1"),
    "abs": _abs,
    "min": _function(min, 2, "x"),
    "max": _function(max, 2, "x"),
    "floor": _function(math.floor, 1, "1"),
}
