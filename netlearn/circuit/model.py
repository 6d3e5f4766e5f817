"""The hierarchical circuit, as the checker leaves it: cells that hold elements and instances of other cells.

Cells are shared: two instances of one module with equal parameters are one `Cell`, so that hierarchical
exports keep the designer's structure. Names inside a cell are local; a bundle net `a` with members free and
clamped is two nets, `a.free` and `a.clamped`. `flatten` (netlearn.circuit.flat) gives the shape the solvers use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.waveform import Waveform
from netlearn.devices.model import Device
from netlearn.errors import Source, Span
from netlearn.units import Quantity

GROUND = "gnd"


@dataclass(frozen=True)
class Uniform:
    """A number drawn evenly between low and high when a run starts (its seed decides)."""

    low: float
    high: float


@dataclass(frozen=True)
class Learn:
    """A learnable value: start, bounds, the scale it moves on (linear or log), smallest step (0: any).

    `frozen` values are drawn or shared like the others and never move.
    """

    init: float | Uniform
    low: float
    high: float
    law: Literal["linear", "log"] = "linear"
    step: float = 0.0
    frozen: bool = False


@dataclass(frozen=True)
class Formula:
    """A parameter as a function of states: law text over s0.. (states, by name) and c0.. (constants)."""

    text: str
    constants: tuple[float, ...]
    states: tuple[str, ...]


class Spread(Protocol):
    """By how much manufacture puts a parameter off (see `netlearn.variation.laws`)."""

    @property
    def relative(self) -> bool:
        """Whether it is a part of the parameter's value, or in its unit."""
        ...

    def grown(self, area: float) -> Spread:
        """The same for a part of so many times the area."""
        ...

    def off(
        self, normal: NDArray[np.float64], width: NDArray[np.float64], length: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Of standard normal numbers (D, E) for parts of these sizes (E,) in m, NaN where one has none; NaN where a size is
        wanted that is not there, or not above zero."""
        ...


@dataclass(frozen=True)
class Tolerance:
    """What manufacture may do to a parameter: `within` a die each part by itself; `apart`, over the die, alike for parts that
    are matched (laid out together, in one package); from `lot` to lot all of a kind alike."""

    param: str
    within: Spread
    lot: Spread | None = None
    apart: Spread | None = None


@dataclass(frozen=True)
class Element:
    """One device in a cell. `nodes` are local nets in the order of the device's terminals. A parameter that is not given has
    its default."""

    name: str
    device: Device
    nodes: tuple[str, ...]
    params: Mapping[str, float | Formula]
    tolerances: tuple[Tolerance, ...] = ()
    match: str = ""
    wave: Waveform | None = None

    def __post_init__(self) -> None:
        missing = {p.name: p.default for p in self.device.params if p.name not in self.params and p.default is not None}
        if missing:
            object.__setattr__(self, "params", {**self.params, **missing})


@dataclass(frozen=True)
class Instance:
    """One use of a cell: its ports on local nets, its imported states on local states."""

    name: str
    cell: Cell
    nets: Mapping[str, str]
    states: Mapping[str, str] = field(default_factory=dict)
    tolerances: tuple[Tolerance, ...] = ()
    match: str = ""


@dataclass(frozen=True)
class Choice:
    """A rule, a loss or an update by name, with its options as they are written.

    Which there are is known above the language; `places` has where each option stands, and the name under ""."""

    name: str
    options: Mapping[str, Quantity | tuple[Quantity, ...]]
    places: Mapping[str, Span]

    def place(self, option: str) -> Span:
        """Where an option stands, or the name where it is not given."""
        return self.places.get(option, self.places[""])


@dataclass(frozen=True)
class Implements:
    """The rule that a module says its update follows, and the text in which it says so."""

    rule: Choice
    source: Source


@dataclass(frozen=True)
class Cell:
    """A module with its parameters filled in."""

    name: str
    ports: tuple[str, ...]
    nets: tuple[str, ...]
    elements: tuple[Element, ...]
    instances: tuple[Instance, ...]
    states: Mapping[str, Learn]
    implements: Implements | None = None


@dataclass(frozen=True)
class Input:
    """A driven quantity: `V` holds nodes at a voltage (both halves of a twin), `I` feeds a current into them."""

    name: str
    kind: Literal["V", "I"]
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Output:
    """A read quantity. kind V: V(plus) - V(minus), in the free half and in the clamped half (the same where
    there is no twin); kind I: the current into the first terminal of an element."""

    name: str
    kind: Literal["V", "I"]
    free: tuple[str, str] = ("", "")
    clamped: tuple[str, str] = ("", "")
    element: str = ""


@dataclass(frozen=True)
class Label:
    """Where a circuit that learns by itself finds what an output should be: an element V of the top cell."""

    output: str
    source: str


@dataclass(frozen=True)
class Reading:
    """An expression of node voltages, as it is written and as a tree (see `netlearn.circuit.over_time`)."""

    text: str
    tree: tuple[Any, ...]


@dataclass(frozen=True)
class Watch:
    """A comparison of two readings that should hold at a time (s)."""

    text: str
    left: Reading
    sign: str
    right: Reading
    time: float
    span: Span


@dataclass(frozen=True)
class Plot:
    """Curves that show what a circuit does: over time, or against a reading."""

    curves: tuple[Reading, ...]
    against: Reading | None = None


@dataclass(frozen=True)
class Circuit:
    """A whole circuit: its top cell, what is driven and what is read. Names of inputs are `x` or `x[0]`.

    A circuit that learns by itself has a label for every output, and shows a sample `every` so many seconds. settings:
    the values of its parameters; ideals: those at which a parameter does no harm."""

    name: str
    top: Cell
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    labels: tuple[Label, ...] = ()
    every: float = 0.0
    watches: tuple[Watch, ...] = ()
    plots: tuple[Plot, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    ideals: Mapping[str, Any] = field(default_factory=dict)
