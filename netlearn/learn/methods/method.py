"""What a learning method is: an experiment on a bench, and the change of the learnable values it asks for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.circuit.flat import FlatCircuit, Floats, Ints
from netlearn.errors import TaskError
from netlearn.learn.bench import Bench
from netlearn.learn.plan import Plan, along
from netlearn.solve.lesson import PUSHED


@dataclass(frozen=True)
class Formula:
    """A method as one of the formulas of `netlearn.solve.lesson`, for backends that do whole steps in machine code.

    eta: the nudge. signal: SQUARES or MAGNITUDES. switch: PUSHED or one of the others, for rules that count in time, whose
    `numbers` of a lesson are given by their place. scales (states,): how each state takes a change. weights, inverse: w
    and m of the edges, one array and one number a group.
    """

    eta: float
    signal: int
    gain: float
    scales: Ints
    weights: Sequence[Floats]
    inverse: Sequence[int]
    dead: float = 0.0
    switch: int = PUSHED
    numbers: Mapping[int, float] = field(default_factory=dict)


CLAMPED = ("clamp", "codes", "sources", "twins")
"""What every twin with clamps can be imperfect by, whatever its update circuitry."""


class Method(ABC):
    """A value: its options are its fields (see `netlearn.learn.options`). `holds`: whether it holds outputs at voltages,
    so that no two of them can be read at one node. `parts`: the imperfections that its circuitry can have, by name; a rule
    that is a formula has none."""

    holds: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ()

    @property
    def alpha(self) -> float:
        """V/s that its circuitry makes of a V^2; 0 where it learns in steps, not in time."""
        return 0.0

    @property
    def capacitance(self) -> float:
        """F of the gate capacitor that each of its edges learns on; 0 where it learns in steps."""
        return 0.0

    @abstractmethod
    def change(self, bench: Bench) -> Floats | None:
        """What the samples on the bench, on average, would change of every state, (D, states); None: nothing."""

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        """New states (D, states) after a change (D, states), wherever their bounds are."""
        return along(states, change, plan)

    def formula(self, circuit: FlatCircuit, plan: Plan) -> Formula | None:
        """The same as a formula; None where it is none."""
        return None

    def equip(self, circuit: FlatCircuit) -> FlatCircuit:
        """The circuit with what the experiment attaches to it."""
        return circuit


def check_eta(eta: float) -> None:
    if not 0 < eta <= 1:
        raise TaskError(f"eta is {eta:g}", "the nudge lies between 0 and 1: rule coupled(eta = 0.5)", "eta")
