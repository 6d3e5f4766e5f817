"""The board of a learning network: its devices and its update circuitry, off by what real parts are off by.

A transistor edge learns by dG/dt = alpha [(d_F)^2 - (d_C)^2], its two drops formed by amplifiers, squared and subtracted by a
multiplier, integrated on a gate capacitor while a learning switch is on. Each part of this is imperfect in its own way
(arXiv 2505.22887), and the parts add up to

    dG/dt = alpha sum_e s_e [(d_F + o_F)^2 - (d_C + o_C)^2] + B - (G - G_rest) / tau

with the clamped outputs off by what the clamp is off by, the sources of the clamped network off those of the free one, and
transistors that are not quite twins. An edge with comparators instead, which steps up or down, has offsets of its drops too:

    step = delta sgn(|d_C + o_C| - |d_F + o_F|)

A `Board` has these numbers for D draws; each imperfection of a task puts its own part
onto it (`netlearn.learn.imperfections`). A draw is a function of a seed, what is drawn and the path of the part alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import NormalDist
from typing import ClassVar, Protocol

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Floats, Params
from netlearn.learn.plan import Plan
from netlearn.solve.lesson import DRIVE, EXTRA, LEAST, READ, Flaws

STANDARD = NormalDist()


@dataclass(frozen=True)
class Board:
    """See the module. alpha in V/s a V^2 (0: a rule that learns in steps). params, flaws and seeds are of D draws.
    `numbers`: those of a lesson that imperfections set, by their place. `again`: how many of the kind that
    is being put on it there are already, for what is there twice is drawn twice."""

    circuit: FlatCircuit
    plan: Plan
    alpha: float
    params: Params
    seeds: tuple[int, ...]
    flaws: Flaws
    numbers: Mapping[int, float] = field(default_factory=dict)
    again: int = 0

    @property
    def edges(self) -> tuple[str, ...]:
        """A name for each learning edge, group after group."""
        return tuple(self.circuit.banks[g.device].names[int(e)] for g in self.plan.groups for e in g.elements)

    @cached_property
    def flawed(self) -> bool:
        """Whether any of it is off, but for the circuit itself (`params`)."""
        return bool(self.numbers) or any(flaw.any() for flaw in self.flaws)

    def normal(self, what: str, names: Sequence[str]) -> Floats:
        """Standard normal numbers (D, names): one for each draw and part."""
        what = f"{what}#{self.again}" if self.again else what
        return np.array([[_normal(seed, what, name) for name in names] for seed in self.seeds]).reshape(-1, len(names))

    def add(self, **parts: Floats) -> Board:
        """More of some flaws."""
        now = self.flaws._asdict()
        return replace(self, flaws=self.flaws._replace(**{name: now[name] + part for name, part in parts.items()}))

    def set(self, place: int, number: float) -> Board:
        return replace(self, numbers={**self.numbers, place: number})

    def read(self, volts: Floats) -> Floats:
        """Voltages as they are read outside."""
        return rounded(volts, self.numbers.get(READ, 0.0))

    def drive(self, volts: Floats) -> Floats:
        """Voltages as they are made outside."""
        return rounded(volts, self.numbers.get(DRIVE, 0.0))

    def on(self, times: Floats) -> Floats:
        """For how long the learning switch is on where it should be for `times` (s)."""
        long = (times > 0.0) & (times >= self.numbers.get(LEAST, 0.0))
        return np.where(long, times + self.numbers.get(EXTRA, 0.0), 0.0)


class Circuitry(Protocol):
    """What a board knows of the rule that it is for (`netlearn.learn.methods.method.Method`)."""

    holds: ClassVar[bool]

    @property
    def alpha(self) -> float: ...


def ideal(circuit: FlatCircuit, plan: Plan, rule: Circuitry, params: Params, seeds: Sequence[int]) -> Board:
    """A board without a flaw, for draws with these parameters and seeds."""
    draws, states = params.states.shape
    edges = sum(len(g.states) for g in plan.groups)
    clamps, driven = len(circuit.clamping[0]) if rule.holds else 0, len(circuit.driven["V"][0])
    counts = (states, states, states, 2 * edges, clamps, driven)
    return Board(
        circuit, plan, rule.alpha, params, tuple(seeds), Flaws(*(np.zeros((draws, count)) for count in counts))
    )


def rounded(volts: Floats, step: float) -> Floats:
    """On the codes of a converter; as they are where it has none (0)."""
    return np.asarray(np.round(volts / step) * step) if step > 0.0 else volts


def _normal(seed: int, what: str, name: str) -> float:
    digest = hashlib.sha256(f"{seed}/{what}/{name}".encode()).digest()
    return STANDARD.inv_cdf(((int.from_bytes(digest[:8], "big") >> 12) + 0.5) / 2**52)
