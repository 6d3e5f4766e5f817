"""What an expression of the language can evaluate to, besides `Quantity`, bool, str and lists."""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lark import Token, Tree

from netlearn.circuit.model import Learn, Uniform
from netlearn.circuit.waveform import Waveform
from netlearn.errors import Span
from netlearn.units import NONE, VOLT, Dimension, Quantity, describe

Piece = Any  # a lark Tree or Token: which of them stands where is the grammar's promise, which types cannot see
Where = Tree[Token] | Token | None


class Fault(Exception):
    """A mistake found while checking, at a piece of the tree."""

    def __init__(self, message: str, where: Where, help: str = "") -> None:
        super().__init__(message)
        self.message, self.where, self.help = message, where, help


class Broken:
    """Stands for a name whose declaration was faulty."""


class Followed(Fault):
    """A fault that only follows from one reported before: nobody needs to read it."""


def in_unit(dim: Dimension) -> str:
    """How a message says what something is measured in."""
    return f"in {describe(dim)}" if dim != NONE else describe(dim)


def span(where: Where) -> Span:
    """The stretch of the first line that a piece of the tree covers."""
    first, last = _first(where), _last(where)
    if first is None or last is None:
        return Span(1, 1)
    line, column = first.line or 1, first.column or 1
    end = (last.end_column or column + 1) if (last.line or 1) == line else column + len(first)
    return Span(line, column, max(1, end - column))


def suggest(name: str, known: Iterable[str]) -> str:
    """'did you mean ...?' or nothing."""
    close = difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""


def span_of(where: Where) -> tuple[int, int] | None:
    """Where a piece of the tree begins and ends, in characters of the text."""
    first, last = _first(where), _last(where)
    return (first.start_pos or 0, last.end_pos or 0) if first is not None and last is not None else None


def _first(where: Where) -> Token | None:
    stack: list[Any] = [where]
    while stack:
        node = stack.pop()
        if isinstance(node, Token):
            return node
        if isinstance(node, Tree):
            stack.extend(reversed(node.children))
    return None


def _last(where: Where) -> Token | None:
    stack: list[Any] = [where]
    while stack:
        node = stack.pop()
        if isinstance(node, Token):
            return node
        if isinstance(node, Tree):
            stack.extend(node.children)
    return None


@dataclass(frozen=True)
class Net:
    """One node of a cell, by its local name."""

    name: str


@dataclass(frozen=True)
class Inside:
    """A net within an instance, by its path from here: it can be read and nothing else."""

    name: str


@dataclass(frozen=True)
class BundleNet:
    """A net of a bundle type: one node a member."""

    name: str
    bundle: str
    members: tuple[str, ...]

    def member(self, name: str) -> Net:
        return Net(f"{self.name}.{name}")


@dataclass(frozen=True)
class NetArray:
    """Nets by index tuple. `shape` has (low, high) a dimension; `at` the indices given so far."""

    name: str
    shape: tuple[tuple[int, int], ...]
    items: Mapping[tuple[int, ...], Net | BundleNet]
    at: tuple[int, ...] = ()

    def __len__(self) -> int:
        return math.prod(high - low + 1 for low, high in self.shape)

    def flat(self) -> list[Net | BundleNet]:
        """Its nets in order, the last index running fastest."""
        ranges = [range(low, high + 1) for low, high in self.shape]
        return [self.items[self.at + rest] for rest in itertools.product(*ranges)]


class Items(list[Any]):
    """A list of the language; `size` counts what lists inside it hold as well."""

    size: int


@dataclass(frozen=True)
class Range:
    """low..high, both ends included where it counts things."""

    low: Quantity
    high: Quantity

    def whole(self) -> bool:
        """Whether it goes from one whole number to another."""
        return self.low.number.is_integer() and self.high.number.is_integer()


@dataclass(frozen=True)
class Pair:
    """a--b, an edge of a graph."""

    a: int
    b: int


@dataclass(frozen=True)
class Edges:
    """A mesh: pairs of positions, over one array of nodes or from a first to a second one."""

    pairs: tuple[tuple[int, int], ...]
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class Symbolic:
    """An expression over states and net voltages: nested tuples of an operator and its operands.

    Leaves: ("c", number), ("s", state name), ("n", net name).
    """

    tree: tuple[Any, ...]
    dimension: Dimension = NONE
    size: int = 1


@dataclass(frozen=True)
class StateRef:
    """A state of this cell by local name, or an array of them."""

    name: str
    dimension: Dimension
    size: int | None = None


@dataclass(frozen=True)
class LearnSpec:
    """learn(...), not yet tied to a place."""

    learn: Learn
    dimension: Dimension
    bounded: bool


@dataclass(frozen=True)
class Random:
    """uniform(low, high)."""

    uniform: Uniform
    dimension: Dimension


@dataclass(frozen=True)
class WaveValue:
    """A function of time with the dimension of its values."""

    wave: Waveform
    dimension: Dimension


@dataclass(frozen=True)
class ElementRef:
    """A placed element, instance or mesh by name; `count` for arrays and meshes."""

    name: str
    count: int | None = None
    is_element: bool = True


@dataclass(frozen=True)
class Named:
    """A call kept as it is written, for rules, losses, spreads: name and evaluated arguments."""

    name: str
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]


def leaf(value: Any) -> Symbolic | None:
    """A value as a symbolic operand, if it can be one."""
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, Quantity):
        return Symbolic(("c", value.number), value.dimension)
    if isinstance(value, StateRef) and value.size is None:
        return Symbolic(("s", value.name), value.dimension)
    if isinstance(value, Net):
        return Symbolic(("n", value.name), VOLT)
    if (
        isinstance(value, Named)
        and value.name == "V"
        and all(isinstance(end, (Net, Inside)) for end in value.arguments)
    ):
        ends = tuple(("n", end.name) for end in value.arguments)
        return Symbolic(ends[0] if len(ends) == 1 else ("-", *ends), VOLT)
    return None


def kind_of(value: Any) -> str:
    """How an error names what a value is."""
    names = {
        Quantity: "a number",
        bool: "a truth value",
        str: "a text",
        list: "a list",
        Items: "a list",
        Net: "a net",
        Inside: "a net within an instance",
        BundleNet: "a bundle of nets",
        NetArray: "an array of nets",
        Range: "a range",
        Pair: "an edge",
        Edges: "a mesh",
        Symbolic: "an expression of voltages or states",
        StateRef: "a state",
        LearnSpec: "a learnable value",
        Random: "a random value",
        WaveValue: "a function of time",
        ElementRef: "an element",
        Named: "a call",
    }
    return names.get(type(value), type(value).__name__)
