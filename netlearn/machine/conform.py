"""What a learning cell does to its state in one learning step, over random states of its ends and of itself.

The cell is put on a bench (`netlearn.machine.alone`). Its four ends are held at voltages drawn evenly from a range, its
state starts anywhere in the middle nine tenths of its bounds, so that neither the cell nor the rule runs into one, and the
step is a transient from the operating point with the state held. With v the voltage of the capacitor that holds
the state theta, v = v(theta),

    update = (v(T) - v(0)) / (dv / d theta)              divided by theta(0) where the state moves by its logarithm

and the drops that the rule is asked about are those of the ends. Which way the state steers the edge is measured as well:
by the currents into the ends at POKE with the state at its bounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from netlearn.backends import open_backend
from netlearn.backends.protocol import Backend
from netlearn.circuit.flat import Floats, boundary
from netlearn.circuit.model import Cell, Learn
from netlearn.errors import CircuitError
from netlearn.lang.compile import Netlist
from netlearn.machine.alone import Alone, alone
from netlearn.machine.rule import EdgeRule, edge_rule, method_of

POKE = 0.05  # V across the edge, from ground
INNER = 0.9  # of the bounds: where states are drawn
POINTS = 50  # a learning step at least
AT_ONCE = 64  # draws, so that their waveforms fit and somebody waiting is told
LEAST = 1e-6  # of the current: less is no change of it


Tell = Callable[[int, int], None]
"""Told how many draws of how many are done."""


@dataclass(frozen=True)
class Bench:
    """How a cell is measured: draws of end voltages from low to high (V), an engine."""

    draws: int = 200
    seed: int = 0
    low: float = 0.0
    high: float = 0.45
    backend: str = "native"

    def __post_init__(self) -> None:
        if not 2 <= self.draws <= 1_000_000:
            raise CircuitError(f"{self.draws} draws", "give a number from 2 to 1000000")
        if self.seed < 0:
            raise CircuitError(f"seed {self.seed}", "a seed is not negative")
        if not -1e6 < self.low < self.high < 1e6:
            raise CircuitError(f"ends from {self.low:g} V to {self.high:g} V", "give a lower and a higher voltage")


@dataclass(frozen=True)
class Measured:
    """N updates of a cell and what its rule asks for: volts (N, 4) of the free and clamped end a, then b; starts, updates
    and wanted (N,) of the state. polarity: +1 where raising the state raises the conductance. seconds: of the engine."""

    subject: Alone
    rule: EdgeRule
    bench: Bench
    polarity: float
    volts: Floats
    starts: Floats
    updates: Floats
    seconds: float

    @property
    def drops(self) -> Floats:
        """(N, 2), free and clamped, in V."""
        return np.asarray(self.volts[:, :2] - self.volts[:, 2:])

    @property
    def signal(self) -> Floats:
        return self.rule.signal(self.drops)

    @property
    def wanted(self) -> Floats:
        return self.rule.change(self.drops)


def measure(netlist: Netlist, cell: Cell, bench: Bench, tell: Tell = lambda done, total: None) -> Measured:
    """What a cell that implements a rule does; NetlistError, CircuitError or BackendError where that cannot be known."""
    assert cell.implements is not None
    method = method_of(cell.implements)
    subject = alone(netlist, cell)
    _check_bounds(subject)
    volts, starts = draw(subject.learn, bench)
    solver = open_backend(bench.backend, subject.circuit)
    try:
        polarity = _polarity(subject, solver)
        rule = edge_rule(cell.implements.rule.name, method, subject.learn, polarity)
        begun = time.perf_counter()
        updates = _updates(subject, solver, starts, volts, tell)
        seconds = time.perf_counter() - begun
    finally:
        solver.close()
    if rule.logarithmic:
        updates = np.log1p(np.maximum(updates / starts, np.nextafter(-1.0, 0.0)))
    return Measured(subject, rule, bench, polarity, volts, starts, updates, seconds)


def _check_bounds(subject: Alone) -> None:
    learn = subject.learn
    if not np.isfinite([learn.low, learn.high]).all():
        name = subject.state_name
        raise CircuitError(
            f"state {name} of module {subject.cell.name} has no bounds to draw it from",
            f"write state {name} = learn(start, low..high)",
        )


def draw(learn: Learn, bench: Bench) -> tuple[Floats, Floats]:
    """Voltages (N, 4) of the ends and states (N,) within the bounds, on their steps."""
    random = np.random.default_rng(bench.seed)
    volts = random.uniform(bench.low, bench.high, (bench.draws, 4))
    part = 0.5 + INNER * (random.random(bench.draws) - 0.5)
    if learn.law == "log":
        return volts, np.asarray(learn.low * (learn.high / learn.low) ** part)
    starts = learn.low + part * (learn.high - learn.low)
    if learn.step:
        starts = learn.low + np.round((starts - learn.low) / learn.step) * learn.step
    return volts, np.asarray(starts)


def _updates(subject: Alone, solver: Backend, starts: Floats, volts: Floats, tell: Tell) -> Floats:
    """(N,) changes of the state in a learning step."""
    found = []
    every = subject.surroundings.every
    for first in range(0, len(starts), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        params = subject.params(starts[some], volts[some])
        x = solver.transient(params, boundary(subject.circuit, np.zeros((1, 0))), every, every / POINTS).x[:, 0]
        before, after = (subject.memory.volts(subject.circuit, x[:, k]) for k in (0, -1))
        found.append((after - before) / subject.memory.slopes(params.states))
        tell(min(first + AT_ONCE, len(starts)), len(starts))
    return np.concatenate(found)


def _polarity(subject: Alone, solver: Backend) -> float:
    """Which way the state moves the conductance of both halves."""
    learn = subject.learn
    params = subject.params(np.array([learn.low, learn.high]), np.array([[POKE, POKE, 0.0, 0.0]] * 2))
    found = solver.operating_points(params, boundary(subject.circuit, np.zeros((1, 0))))
    if not found.settled.all():
        raise CircuitError(
            f"module {subject.cell.name} has no operating point with its state at a bound",
            "see netlearn solve with this cell in a circuit",
        )
    low, high = subject.currents(found.x[:, 0])
    change = high - low
    ways = np.where(np.abs(change) > LEAST * np.maximum(np.abs(low), np.abs(high)), np.sign(change), 0.0)
    name = subject.state_name
    if not ways.all():
        half = ("free", "clamped")[int(np.flatnonzero(ways == 0)[0])]
        raise CircuitError(
            f"state {name} of module {subject.cell.name} changes nothing between its {half} ends",
            f"let an element between a.{half} and b.{half} follow it: a gate, or the control terminal of an element",
        )
    if ways[0] != ways[1]:
        raise CircuitError(
            f"state {name} of module {subject.cell.name} raises one of the twin conductances and lowers the other",
            "let both halves follow the state alike",
        )
    return float(ways[0])
