"""A cell in the making, and what all cells of one compilation share."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lark import Token, Tree

from netlearn.circuit.model import (
    GROUND,
    Cell,
    Element,
    Implements,
    Input,
    Instance,
    Label,
    Learn,
    Output,
    Plot,
    Watch,
)
from netlearn.errors import Span
from netlearn.lang.budget import Budget
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.library import Definition, File, Report
from netlearn.lang.values import (
    BundleNet,
    Fault,
    Net,
    NetArray,
    Piece,
    Range,
    kind_of,
    suggest,
)
from netlearn.units import Quantity

MAX_DIMENSIONS = 4
SIGNAL = "signal"
STATE = "state"

Groups = tuple[tuple[str, ...], ...]
"""Ports of a cell (and ground) that its inside joins by a conducting path."""


@dataclass
class Session:
    """What all builders of one compilation share: diagnostics, limits, and the cells made so far."""

    report: Report
    budget: Budget = field(default_factory=Budget)
    cells: dict[Any, tuple[Cell, int]] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)
    paths: dict[int, Groups] = field(default_factory=dict)
    uses: dict[int, dict[str, int]] = field(default_factory=dict)
    """Cell to how often each net is used inside."""
    places: dict[str, dict[str, Span]] = field(default_factory=dict)
    """Circuit to where each name of its top level is declared; "" is the circuit's own name."""


@dataclass
class Port:
    """A port of a definition: its nets inside, or a state or signal."""

    name: str
    type: str
    members: tuple[str, ...] = ()

    def nets(self) -> list[str]:
        return [f"{self.name}.{m}" for m in self.members] if self.members else [self.name]


class Draft:
    """A cell while it is made: the names of its definition and what has been placed so far."""

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
        self.labels: list[Label] = []
        self.every = 0.0
        self.watches: list[Watch] = []
        self.plots: list[Plot] = []
        self.settings: dict[str, Any] = {}  # parameters, with their values
        self.ideals: dict[str, Any] = {}
        self.implements: Implements | None = None
        self.numbered: dict[str, Token] = {}  # elements whose only index is a number as it is written
        self.driven: dict[str, str] = {}  # net to the input that holds it
        self.ports: list[Port] = []
        self.evaluate = Evaluator(self.scope, budget=session.budget)
        self.failed = False
        self.weight = 0
        self.memo: dict[int, Any] | None = None
        self.edge = (0, 0)  # the edge of a mesh that is being placed, and how many it has

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

    def add_nets(self, names: Sequence[str], token: Token | None) -> None:
        self.session.budget.spend("nets", len(names), token)
        self.weight += len(names)
        self.nets.update(dict.fromkeys(names, token))
        self.nets.pop(GROUND, None)


@dataclass(frozen=True)
class Placement:
    """One device or module as it is written: its kind and name, its parts by what they are, the ends that a mesh
    gives it, its tolerances, and the statement it is of."""

    kind: Piece
    name: str
    parts: Mapping[str, Piece]
    ends: list[Net | BundleNet]
    spreads: Sequence[Piece]
    tree: Piece

    @property
    def match(self) -> str:
        return str(self.parts["match"].children[0]) if "match" in self.parts else ""


def port_of(tree: Piece, file: File) -> Port:
    token = tree.children[0]
    if len(tree.children) == 1:
        return Port(str(token), "net")
    kind = tree.children[1]
    if str(kind) in (STATE, SIGNAL, "net"):
        return Port(str(token), str(kind))
    members = file.bundle(kind)
    if members is None:
        raise Fault(
            f"unknown bundle '{kind}'", kind, suggest(str(kind), [*file.names(lambda f: f.bundles), STATE, SIGNAL])
        )
    return Port(str(token), str(kind), members)


def extent(draft: Draft, index: Piece) -> tuple[int, int]:
    inside = index.children[0]
    if isinstance(inside, Token):
        raise Fault("an array needs a size", index, "write n[9] or n[0..8]")
    value = draft.evaluate(inside)
    if isinstance(value, Range) and value.whole():
        low, high = int(value.low.number), int(value.high.number)
    elif isinstance(value, Quantity) and value.number == int(value.number):
        low, high = 0, int(value.number) - 1
    else:
        raise Fault("the size of an array is a whole number or a range", index, "write n[9] or n[0..8]")
    if high < low:
        raise Fault("this array is empty", index, "write n[9] or n[0..8]")
    return low, high


def every_index(shape: Sequence[tuple[int, int]]) -> Iterable[tuple[int, ...]]:
    return itertools.product(*(range(low, high + 1) for low, high in shape))


def flat_nets(value: Any, where: Any) -> list[Net | BundleNet]:
    if isinstance(value, NetArray):
        return value.flat()
    if isinstance(value, list):
        return [n for v in value for n in flat_nets(v, where)]
    if isinstance(value, (Net, BundleNet)):
        return [value]
    raise Fault(f"a mesh lies on an array of nets, not on {kind_of(value)}", where, "write on n, with net n[16]")


def net_names(net: Net | BundleNet) -> list[str]:
    return [net.name] if isinstance(net, Net) else [f"{net.name}.{m}" for m in net.members]


def child(tree: Piece, data: str) -> Piece | None:
    return next((c for c in tree.children if isinstance(c, Tree) and c.data == data), None)
