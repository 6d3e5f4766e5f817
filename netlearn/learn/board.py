"""The board of a learning network: its devices and its update circuitry, off by what real parts are off by.

A transistor edge learns by dG/dt = alpha [(d_F)^2 - (d_C)^2], its two drops formed by amplifiers, squared and subtracted by a
multiplier, integrated on a gate capacitor while a learning switch is on. Each part of this is imperfect in its own way
(arXiv 2505.22887), and the parts add up to

    dG/dt = alpha sum_e s_e [(d_F + o_F)^2 - (d_C + o_C)^2] + B - (G - G_rest) / tau

with the clamped outputs off by what the clamp is off by, the sources of the clamped network off those of the free one, and
transistors that are not quite twins. An edge with comparators instead, which steps up or down, has offsets of its drops too:

    step = delta sgn(|d_C + o_C| - |d_F + o_F|)

and each time that the learning switch goes off a gate jumps by what its charge does to it.

A `Board` has these numbers for D draws; each imperfection of a task puts its own part
onto it (`netlearn.learn.imperfections`). What is drawn is a matter of chance (`netlearn.circuit.chance`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np

from netlearn.circuit.chance import Draws
from netlearn.circuit.flat import FlatCircuit, Floats, Ints, Params
from netlearn.learn.plan import Plan
from netlearn.solve.lesson import DRIVE, EXTRA, LEAST, READ, Flaws


@dataclass(frozen=True)
class Converters:
    """Converters of a full scale (V) whose codes are off by waves over it: `waves` (D, K, M), in V, of the m-th half wave."""

    full: float
    waves: Floats

    def off(self, volts: Floats, which: Ints) -> Floats:
        """By how much (S, K) voltages (S, K) are off in the first draw; nothing beyond the scale."""
        part = np.clip(volts / self.full, 0.0, 1.0)
        shapes = np.sin(np.pi * part[..., None] * np.arange(1, self.waves.shape[2] + 1))
        return np.asarray(np.einsum("skm,km->sk", shapes, self.waves[0, which]))


@dataclass(frozen=True)
class Board:
    """See the module. alpha in V/s a V^2 and the gate capacitors in F (0: a rule that learns in steps). params, flaws and
    chance are of D draws.
    `numbers`: those of a lesson that imperfections set, by their place. `converters`: those whose codes do not lie on a line,
    READ one for each output, DRIVE one for each clamped node. `again`: how many of the kind that
    is being put on it there are already, for what is there twice is drawn twice."""

    circuit: FlatCircuit
    plan: Plan
    alpha: float
    capacitance: float
    params: Params
    chance: Draws
    flaws: Flaws
    numbers: Mapping[int, float] = field(default_factory=dict)
    converters: Mapping[int, Converters] = field(default_factory=dict)
    again: int = 0

    @property
    def edges(self) -> tuple[str, ...]:
        """A name for each learning edge, group after group."""
        return tuple(self.circuit.banks[g.device].names[int(e)] for g in self.plan.groups for e in g.elements)

    def of(self, some: Ints | slice) -> Board:
        """Some of the draws."""
        flaws = Flaws(*(flaw[some] for flaw in self.flaws))
        converters = {place: replace(one, waves=one.waves[some]) for place, one in self.converters.items()}
        params, chance = self.params.of(some), self.chance.of(some)
        return replace(self, params=params, chance=chance, flaws=flaws, converters=converters)

    @cached_property
    def flawed(self) -> bool:
        """Whether any of it is off, but for the circuit itself (`params`)."""
        return bool(self.numbers) or bool(self.converters) or any(flaw.any() for flaw in self.flaws)

    def normal(self, what: str, names: Sequence[str]) -> Floats:
        """Standard normal numbers (D, names): one for each draw and part."""
        return self.chance.normal(f"{what}#{self.again}" if self.again else what, names)

    def add(self, **parts: Floats) -> Board:
        """More of some flaws."""
        now = self.flaws._asdict()
        return replace(self, flaws=self.flaws._replace(**{name: now[name] + part for name, part in parts.items()}))

    def set(self, place: int, number: float) -> Board:
        return replace(self, numbers={**self.numbers, place: number})

    def read(self, volts: Floats, outputs: Ints) -> Floats:
        """Voltages (S, K) as they are read outside, each by the converter of an output (K,)."""
        if READ in self.converters:
            volts = volts + self.converters[READ].off(volts, outputs)
        return rounded(volts, self.numbers.get(READ, 0.0))

    def drive(self, volts: Floats) -> Floats:
        """Voltages (S, T) as they are made outside, one for each clamped node."""
        codes = rounded(volts, self.numbers.get(DRIVE, 0.0))
        if DRIVE in self.converters:
            codes = codes + self.converters[DRIVE].off(codes, np.arange(codes.shape[1]))
        return codes

    def on(self, times: Floats) -> Floats:
        """For how long the learning switch is on where it should be for `times` (s)."""
        long = (times > 0.0) & (times >= self.numbers.get(LEAST, 0.0))
        return np.where(long, times + self.numbers.get(EXTRA, 0.0), 0.0)


class Circuitry(Protocol):
    """What a board knows of the rule that it is for (`netlearn.learn.methods.method.Method`)."""

    holds: ClassVar[bool]

    @property
    def alpha(self) -> float: ...

    @property
    def capacitance(self) -> float: ...


def ideal(circuit: FlatCircuit, plan: Plan, rule: Circuitry, params: Params, chance: Draws) -> Board:
    """A board without a flaw, for draws with these parameters."""
    draws, states = params.states.shape
    edges = sum(len(g.states) for g in plan.groups)
    clamps, driven = len(circuit.clamping[0]) if rule.holds else 0, len(circuit.driven["V"][0])
    counts = (states, states, states, 2 * edges, clamps, driven, states)
    flaws = Flaws(*(np.zeros((draws, count)) for count in counts))
    return Board(circuit, plan, rule.alpha, rule.capacitance, params, chance, flaws)


def rounded(volts: Floats, step: float) -> Floats:
    """On the codes of a converter; as they are where it has none (0)."""
    return np.asarray(np.round(volts / step) * step) if step > 0.0 else volts
