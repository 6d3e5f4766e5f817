"""What an expression of the language can evaluate to, besides `Quantity`, bool, str and lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lark import Token, Tree

from netlearn.circuit.model import Learn, Uniform
from netlearn.circuit.waveform import Waveform
from netlearn.errors import Span
from netlearn.units import NONE, Dimension, Quantity

Piece = Any  # a lark Tree or Token: which of them stands where is the grammar's promise, which types cannot see
Where = Tree[Token] | Token | None


class Fault(Exception):
    """A mistake found while checking, at a piece of the tree."""

    def __init__(self, message: str, where: Where, help: str = "") -> None:
        super().__init__(message)
        self.message, self.where, self.help = message, where, help


def span(where: Where) -> Span:
    """The stretch of the first line that a piece of the tree covers."""
    first, last = _first(where), _last(where)
    if first is None or last is None:
        return Span(1, 1)
    line, column = first.line or 1, first.column or 1
    end = (last.end_column or column + 1) if (last.line or 1) == line else column + len(first)
    return Span(line, column, max(1, end - column))


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
class BundleNet:
    """A net of a bundle type: one node a member."""

    name: str
    bundle: str
    members: tuple[str, ...]

    def member(self, name: str) -> Net:
        return Net(f"{self.name}.{name}")


@dataclass(frozen=True)
class NetArray:
    """Nets by index tuple; partly indexed arrays are arrays again. `shape` has (low, high) a dimension."""

    name: str
    shape: tuple[tuple[int, int], ...]
    items: Mapping[tuple[int, ...], Net | BundleNet]


@dataclass(frozen=True)
class Range:
    """low..high, both ends included where it counts things."""

    low: Quantity
    high: Quantity


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
        return Symbolic(("n", value.name), (1, 0, 0, 0, 0))
    return None


def kind_of(value: Any) -> str:
    """How an error names what a value is."""
    names = {
        Quantity: "a number",
        bool: "a truth value",
        str: "a text",
        list: "a list",
        Net: "a net",
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
