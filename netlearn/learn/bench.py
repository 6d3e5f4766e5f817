"""The bench a method experiments on: one circuit, some samples of its task, and a ledger of what is asked of them.

A method may do what an experimenter can: settle the circuit under a boundary of its choice (inputs on or off, outputs
free, held or fed), read its outputs, and let every edge combine signals of its own. Nothing else is within its reach,
and each of these is counted while it happens:

    settles   operating points asked for
    reads     numbers read outside of the network
    stored    values an edge had to remember: a signal of an earlier phase that is used after a later one has settled
              was kept by the edge in between (in a twin both halves are seen at once, and nothing is kept)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from netlearn.backends import Backend
from netlearn.circuit.flat import CLAMPED, FREE, Boundary, FlatCircuit, Floats, Params, boundary, hold, with_states
from netlearn.learn.board import Board
from netlearn.learn.edges import Seen
from netlearn.learn.losses import Loss
from netlearn.learn.nudge import Nudge
from netlearn.learn.phases import Aim, Phase
from netlearn.learn.plan import Plan
from netlearn.learn.tick import Tick
from netlearn.solve.solution import Solution, read


@dataclass
class Ledger:
    """See the module. `settled`: of the settles, those that found an operating point."""

    settles: int = 0
    settled: int = 0
    reads: int = 0
    stored: int = 0

    def add(self, other: Ledger) -> None:
        """Sums; of what is stored the most."""
        self.settles, self.settled = self.settles + other.settles, self.settled + other.settled
        self.reads, self.stored = self.reads + other.reads, max(self.stored, other.stored)


@dataclass
class Progress:
    """What phases leave behind within one step, for all benches of it."""

    ledger: Ledger = field(default_factory=Ledger)
    phases: int = 0
    kept: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Bench:
    """One step of learning from S samples. inputs (S, I), labels (S, O); `known` the distinct labels (C, O).

    `shown`: samples that the mean of a change is over. `alive` (S,): lanes all of whose phases have settled so far.
    `board`: what its parts are off by; `span`: learning time of the step (s), where it is not the rule's own.
    """

    circuit: FlatCircuit
    backend: Backend
    plan: Plan
    params: Params
    loss: Loss
    known: Floats
    inputs: Floats
    labels: Floats
    tick: Tick
    shown: int
    alive: NDArray[np.bool_]
    progress: Progress
    board: Board
    span: float | None = None

    @property
    def ledger(self) -> Ledger:
        return self.progress.ledger

    def settle(self, imposed: Boundary, start: Phase | None = None, states: Floats | None = None) -> Phase:
        """The circuit at rest under a boundary; at other `states` (D, states) than its own where they are given."""
        params = self.params if states is None else with_states(self.circuit, self.params.copies(len(states)), states)
        return self._settled(imposed, start, params)

    def settle_each(self, imposed: Sequence[Boundary], start: Phase) -> list[Phase]:
        """The circuit at rest under boundaries that differ in their numbers alone, one phase after the other; the
        backend works on them side by side, from the same start."""
        samples = np.arange(len(imposed) * len(self.inputs)).reshape(len(imposed), -1)
        together = Boundary(
            imposed[0].held,
            np.concatenate([one.voltages for one in imposed]),
            imposed[0].fed,
            np.concatenate([one.currents for one in imposed]),
        )
        starts = start.solution.of(samples.ravel() % len(self.inputs))
        found = self.backend.operating_points(self.params, together, starts)
        return [self._phase(one, found.of(own), self.params) for one, own in zip(imposed, samples, strict=True)]

    def free(self, states: Floats | None = None) -> Phase:
        """Inputs on, outputs free."""
        return self.settle(boundary(self.circuit, self.inputs), None, states)

    def dark(self, imposed: Boundary) -> Phase:
        """At rest with inputs, and every source that does not learn, at zero, but for the currents that `imposed` feeds
        beyond them."""
        inputs = len(self.circuit.driven["I"][0])
        currents = imposed.currents.copy()
        currents[:, :inputs] = 0.0
        off = replace(imposed, voltages=np.where(np.isnan(imposed.voltages), np.nan, 0.0), currents=currents)
        return self._settled(off, None, silenced(self.circuit, self.params))

    def _settled(self, imposed: Boundary, start: Phase | None, params: Params) -> Phase:
        solution = self.backend.operating_points(params, imposed, start.solution if start is not None else None)
        return self._phase(imposed, solution, params)

    def _phase(self, imposed: Boundary, solution: Solution, params: Params) -> Phase:
        """What was found, and is counted."""
        progress = self.progress
        progress.phases += 1
        progress.ledger.settles += solution.settled.size
        progress.ledger.settled += int(np.count_nonzero(solution.settled))
        self.alive[:] &= solution.settled.all(axis=0)
        return Phase(progress.phases, imposed, solution, params)

    def clamped(self, free: Phase, pull: Floats) -> Boundary:
        """The boundary of a clamped phase, but for its sources: each clamped node by its share of a `pull` (S, T) away from
        where it is (NaN: it floats), as the parts of the board read it, drive it and hold it."""
        nodes, starts, outputs, shares = self.circuit.clamping
        goal = self.board.read(free.x[0].take(starts, axis=1), outputs) + shares * pull
        return hold(free.boundary, nodes, self.board.drive(goal) + self.board.flaws.clamp)

    def clamp(self, imposed: Boundary, free: Phase) -> Phase:
        """The clamped phase: what drives the clamped network is not quite what drives the free one."""
        voltages = imposed.voltages.copy()
        voltages[:, : self.board.flaws.source.shape[1]] += self.board.flaws.source
        return self.settle(replace(imposed, voltages=voltages), free)

    def drops(self, seen: Seen) -> list[Floats]:
        """The drops of `seen`, one array (D, S, K) a group, as the circuitry of each edge sees them."""
        offsets = np.split(self.board.flaws.offsets, 2, axis=1)[seen.half == CLAMPED]
        found, first = [], 0
        for group, drops in zip(self.plan.groups, seen.drops, strict=True):
            off = offsets[:, None, first : first + len(group.states)]
            found.append(np.where(group.half == seen.half if group.twin else True, drops + off, 0.0))
            first += len(group.states)
        return found

    def outputs(self, phase: Phase) -> Floats:
        """The outputs (D, S, O), read from outside; zero where a lane has not settled."""
        found = self._read(phase)
        self.ledger.reads += found.size
        return found

    def cost(self, phase: Phase) -> Floats:
        """C (D, S), one number a sample from outside."""
        cost = np.stack([self.loss.cost(of, self.labels, self.known) for of in self._read(phase)])
        self.ledger.reads += cost.size
        return cost

    def _read(self, phase: Phase) -> Floats:
        found = read(self.circuit, phase.params, phase.x)
        return np.where(np.isfinite(found), found, 0.0)

    def aim(self, phase: Phase) -> Aim:
        """Where the outputs of a free phase should go."""
        outputs = self.board.read(self.outputs(phase)[0], np.arange(len(self.circuit.outputs)))
        loss, given = self.loss, (outputs, self.labels, self.known)
        return Aim(outputs, loss.target(*given), loss.slope(*given), loss.cost(*given), loss.miss(*given))

    def pushed(self, nudge: Nudge) -> tuple[Bench, Phase, Aim] | None:
        """The samples that a nudge has something to do with, at their free phase; None where there are none."""
        free = self.free()
        aim = self.aim(free)
        wanted = nudge.wanted(aim) & self.alive
        if not wanted.any():
            return None
        return (self, free, aim) if wanted.all() else (self.of(wanted), free.of(wanted), aim.of(wanted))

    def of(self, rows: NDArray[np.bool_]) -> Bench:
        """The bench with some of its samples; what is counted is counted for both."""
        return replace(self, inputs=self.inputs[rows], labels=self.labels[rows], alive=self.alive[rows])

    def seen(self, phase: Phase, twins: Phase | None = None, half: int = FREE) -> Seen:
        """What the edges see in a phase; those of a twin in their half of the phase `twins`, or of the same."""
        other = phase if twins is None else twins
        for one, halved in ((phase, False), (other, True)):
            if one.number != self.progress.phases and any(g.twin is halved for g in self.plan.groups):
                self.progress.kept.add(one.number)
        self.remember(len(self.progress.kept))
        return Seen(self.circuit, self.plan.groups, self.params, phase.x, other.x, half)

    def nudged(self, phase: Phase) -> Seen:
        """What the edges see in a nudged phase: those of a twin in its clamped half."""
        return self.seen(phase, None, CLAMPED)

    def remember(self, values: int) -> None:
        """So many values an edge are kept from one phase to another."""
        self.ledger.stored = max(self.ledger.stored, values)

    def mean(self, signal: Floats) -> Floats:
        """The mean (D, states) over all samples shown of a signal (D, S, states); lanes that did not settle count
        as zero."""
        return np.asarray(np.where(self.alive[:, None], signal, 0.0).sum(axis=1) / self.shown)


def silenced(circuit: FlatCircuit, params: Params) -> Params:
    """The circuit with every voltage and current source at zero that no learnable value sets."""
    values = dict(params.values)
    for device in ("V", "I"):
        if device in circuit.banks:
            learns = np.zeros(len(circuit.banks[device].names), dtype=bool)
            for rule in circuit.rules:
                if rule.device == device:
                    learns[rule.elements] = True
            values[device] = values[device] | {"dc": np.where(learns, values[device]["dc"], 0.0)}
    return replace(params, values=values)
