"""The ngspice backend: a FlatCircuit's operating points and transients from the real SPICE.

One `Simulator` (a worker process with one deck loaded) serves all lanes of a draw; every number that moves
comes in through an external source or is altered in place, so learning never reloads a deck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from netlearn.backends.ngspice import deck as decks
from netlearn.backends.ngspice.deck import Deck, Key
from netlearn.backends.ngspice.simulator import RUN_AWAY, Points, Simulator, Teaching, Waveforms, transient
from netlearn.backends.protocol import ACCURACY, Taught, Transient, check_times, solved
from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import IDENTITY, Boundary, FlatCircuit, Floats, Ints, Params, boundary, check_params
from netlearn.circuit.waveform import time_points
from netlearn.errors import CircuitError, SimulatorRefused
from netlearn.solve.lesson import PUSHED, Flaws, Lesson
from netlearn.solve.solution import Solution

TRAPEZOIDAL, GEAR = "trap", "gear"
STUCK = "Timestep too small"
"""What ngspice says where the trapezoidal rule rings behind a switch until no step is short enough. Gear's formula, of second
order as well, damps that; it also takes energy from oscillations, and so comes second."""


@dataclass
class _Loaded:
    """A running simulator, its deck, and the numbers that are in it now.

    external: device and parameter to (elements, columns) of the numbers that come in through sources.
    unknowns: the place in x of each vector that is read.
    """

    simulator: Simulator
    deck: Deck
    params: Params
    draw: int
    external: tuple[tuple[str, str, Ints, Ints], ...]
    unknowns: Ints
    plans: dict[tuple[bytes, bytes], _Plan]
    teachings: dict[int, Teaching]


@dataclass(frozen=True)
class _Plan:
    """Where the columns of one kind of boundary go: positions in `held` or `fed`, columns of the sources."""

    always: Ints
    always_columns: Ints
    always_nodes: Ints
    switched: Ints
    targets: Ints
    switches: Ints
    fed_columns: Ints


class Ngspice:
    """See `netlearn.backends.protocol.Backend`."""

    def __init__(self, circuit: FlatCircuit, timeout: float = 60.0) -> None:
        self.circuit, self.timeout = circuit, timeout
        self.moving = frozenset((rule.device, rule.param) for rule in circuit.rules)
        self.connections = Connections(circuit)
        self.loaded: _Loaded | None = None

    def operating_points(self, params: Params, boundary: Boundary, start: Solution | None = None) -> Solution:
        """Operating points; `start` is not needed: each point starts from the one before it."""
        check_params(self.circuit, params, self.loaded.params if self.loaded else None)
        return solved(self.connections, params, boundary, lambda part, _rows: self._solve(params, part))

    def _solve(self, params: Params, boundary: Boundary) -> Solution:
        shape = (params.draws, boundary.samples)
        x, settled, steps = np.zeros((*shape, self.circuit.size)), np.zeros(shape, bool), np.zeros(shape, np.int64)
        answer = Solution(x, settled, steps, np.full(shape, np.nan), np.full(shape, -1))
        for draw in range(params.draws):
            self._draw(params, draw, boundary, answer)
        return answer

    def _draw(self, params: Params, draw: int, boundary: Boundary, answer: Solution) -> None:
        loaded, plan = self._ready(params, draw, boundary)
        points = _sane(loaded.simulator, self._columns(loaded, plan, params, draw, boundary))
        x = answer.x[draw]
        x[:, loaded.unknowns] = points.values
        x[:, plan.always_nodes] = boundary.voltages.take(plan.always, axis=1)
        if np.count_nonzero(points.settled) < len(x):
            x[~points.settled] = np.nan
        answer.settled[draw] = points.settled
        answer.steps[draw] = points.iterations

    def _ready(self, params: Params, draw: int, boundary: Boundary) -> tuple[_Loaded, _Plan]:
        """The simulator with a deck for this boundary and the numbers of this draw in it."""
        loaded, key = self.loaded, (boundary.held.tobytes(), boundary.fed.tobytes())
        plan = loaded.plans.get(key) if loaded is not None else None
        if loaded is None or plan is None or np.isnan(boundary.voltages.take(plan.always, axis=1)).any():
            loaded = self._for(params, draw, boundary)
            plan = loaded.plans[key] = _plan(loaded.deck, boundary)
        if not self._update(loaded, params, draw):
            deck = loaded.deck
            loaded = self._load(params, draw, tuple(deck.held), tuple(deck.switched), tuple(deck.fed))
            plan = loaded.plans[key] = _plan(loaded.deck, boundary)
        return loaded, plan

    def _for(self, params: Params, draw: int, boundary: Boundary) -> _Loaded:
        """A loaded deck that can impose this boundary: the present one if it can, else a new one."""
        free_at_times = np.asarray(np.isnan(boundary.voltages).any(axis=0))
        never_free = {int(n) for n, free in zip(boundary.held, free_at_times, strict=True) if not free}
        always = never_free & set(self.circuit.driven["V"][0].tolist())
        others = {int(n) for n in boundary.held} - always
        fed = {int(n) for n in boundary.fed}
        loaded = self.loaded
        if loaded is not None:
            deck = loaded.deck
            if set(deck.held) == always and others <= set(deck.switched) and fed <= set(deck.fed):
                return loaded
        switched = others | self.circuit.clampable - always
        if loaded is not None:  # what one phase has and the next has not is switched, not loaded again
            switched, fed = switched | set(loaded.deck.switched) - always, fed | set(loaded.deck.fed)
        return self._load(params, draw, tuple(sorted(always)), tuple(sorted(switched)), tuple(sorted(fed)))

    def _load(
        self, params: Params, draw: int, held: tuple[int, ...], switched: tuple[int, ...], fed: tuple[int, ...]
    ) -> _Loaded:
        self.close()
        values = {d: {p: v[draw] for p, v in of.items()} for d, of in params.values.items()}
        deck = decks.write(self.circuit, values, held, switched, fed, self.moving)
        simulator = Simulator(deck.text, deck.sources, [name for name, _ in deck.reads], timeout=self.timeout)
        if deck.alterable:  # ngspice reads a number in a deck and in a command differently in the last bit
            simulator.alter(
                [(*place, float(values[k.device][k.param][k.element])) for k, place in deck.alterable.items()]
            )
        unknowns = np.array([unknown for _, unknown in deck.reads], dtype=np.int64)
        self.loaded = _Loaded(simulator, deck, params, draw, _external(deck), unknowns, {}, {})
        return self.loaded

    def _update(self, loaded: _Loaded, params: Params, draw: int) -> bool:
        """Bring the numbers of a draw into the deck; False if it must be written anew."""
        changes: list[tuple[str, str, float]] = []
        for device, of in params.values.items():
            if of is loaded.params.values[device] and draw == loaded.draw:
                continue
            for param, values in of.items():
                before = loaded.params.values[device][param]
                if values is before and draw == loaded.draw:
                    continue
                for element in np.flatnonzero(before[loaded.draw] != values[draw]):
                    key = Key(device, param, int(element))
                    if key in loaded.deck.external:
                        break  # all numbers of a moving parameter come in alike
                    if key not in loaded.deck.alterable:
                        return False
                    name, spelled = loaded.deck.alterable[key]
                    changes.append((name, spelled, float(values[draw, element])))
        loaded.params, loaded.draw = params, draw
        if changes:
            loaded.simulator.alter(changes)
        return True

    def _columns(self, loaded: _Loaded, plan: _Plan, params: Params, draw: int, boundary: Boundary) -> Floats:
        """What each external source gives in each sample, (S, sources)."""
        columns = np.zeros((boundary.samples, len(loaded.deck.sources)))
        columns[:, plan.always_columns] = boundary.voltages.take(plan.always, axis=1)
        if len(plan.switched):
            voltages = boundary.voltages.take(plan.switched, axis=1)
            holds = np.isfinite(voltages)
            columns[:, plan.switches] = holds
            columns[:, plan.targets] = np.where(holds, voltages, 0.0)
        if len(plan.fed_columns):
            np.add.at(columns.T, plan.fed_columns, boundary.currents.T)
        for device, param, elements, places in loaded.external:
            columns[:, places] = params.values[device][param][draw].take(elements)
        return columns

    def teach(
        self, params: Params, lesson: Lesson, rows: Ints, spans: Floats | None = None, flaws: Flaws | None = None
    ) -> Taught | None:
        """Steps done in ngspice's own process, where all that learns comes in through sources: those of rules that count
        in steps and single samples."""
        if spans is not None or flaws is not None or rows.ndim > 1 or lesson.kinds[2] != PUSHED:
            return None
        given = boundary(self.circuit, lesson.inputs[rows[:1]])
        if params.draws > 1 or params.off or not len(rows) or not self.connections.sound(given):
            return None
        check_params(self.circuit, params, self.loaded.params if self.loaded else None)
        loaded, plan = self._ready(params, 0, given)
        teaching = loaded.teachings.get(id(lesson)) or self._teaching(loaded, lesson)
        if teaching is None:
            return None
        taught = loaded.simulator.teach(teaching, self._columns(loaded, plan, params, 0, given)[0], rows)
        states = params.states.copy()
        states[0, teaching.gates[1]] = taught.values[teaching.gates[0]]
        solves = np.array([taught.solves])
        return Taught(states, taught.steps, solves, solves)

    def _teaching(self, loaded: _Loaded, lesson: Lesson) -> Teaching | None:
        """Where a lesson's quantities are in a loaded deck; None where some have no source of their own."""
        deck, circuit = loaded.deck, self.circuit
        gates = [
            (deck.external.get(Key(rule.device, rule.param, int(element)), -1), int(state))
            for rule in circuit.rules
            for element, state in zip(rule.elements, rule.inputs[:, 0], strict=True)
        ]
        (held, drivers), (fed, feeders) = circuit.driven["V"], circuit.driven["I"]
        if any(column < 0 for column, _ in gates) or any(rule.law != IDENTITY for rule in circuit.rules):
            return None
        if not set(lesson.clamps[0]) <= set(deck.switched):
            return None
        teaching = Teaching(
            lesson,
            circuit.size,
            loaded.unknowns,
            np.array([[deck.held[int(n)] for n in held], held, drivers]),
            np.array([[deck.fed[int(n)] for n in fed], feeders], dtype=np.int64),
            np.array([deck.switched[int(n)] for n in lesson.clamps[0]], dtype=np.int64).T,
            np.array(gates, dtype=np.int64).T,
        )
        loaded.teachings[id(lesson)] = teaching
        return teaching

    def transient(
        self,
        params: Params,
        boundary: Boundary,
        stop: float,
        step: float,
        start: Floats | None = None,
        accuracy: float = ACCURACY,
    ) -> Transient:
        """All lanes over time, a run of ngspice each. Its time points are of its own choice, no further than `step`
        apart and on every corner; values at the common ones are interpolated (`between`)."""
        check_params(self.circuit, params)
        check_times(self.circuit, params.draws * boundary.samples, stop, step, accuracy=accuracy)
        waves = (wave for bank in self.circuit.banks.values() for wave in bank.waves.values())
        time, _ = time_points(waves, stop, step)
        x = np.zeros((params.draws, boundary.samples, len(time), self.circuit.size))
        damped = 0
        for draw in range(params.draws):
            for sample in range(boundary.samples):
                begin = start[draw, sample] if start is not None else None
                unknowns, found, method = self._waveforms(params, boundary, draw, sample, stop, step, begin, accuracy)
                damped += method == GEAR
                x[draw, sample][:, unknowns] = between(time, found.time, found.values)
        return Transient(time, x, damped)

    def _waveforms(
        self,
        params: Params,
        boundary: Boundary,
        draw: int,
        sample: int,
        stop: float,
        step: float,
        start: Floats | None,
        accuracy: float,
    ) -> tuple[list[int], Waveforms, str]:
        """Unknowns, what ngspice says of them in one lane, and by which method of integration."""
        values = {d: {p: v[draw] for p, v in of.items()} for d, of in params.values.items()}
        held = {
            int(n): float(v) for n, v in zip(boundary.held, boundary.voltages[sample], strict=True) if np.isfinite(v)
        }
        if lost := self.connections.undetermined(held):
            raise CircuitError(lost.message, lost.help)
        fed = {int(n): float(i) for n, i in zip(boundary.fed, boundary.currents[sample], strict=True)}
        try:
            return self._integrated(values, held, fed, stop, step, start, accuracy, TRAPEZOIDAL)
        except SimulatorRefused as refusal:
            if STUCK not in str(refusal):
                raise
            return self._integrated(values, held, fed, stop, step, start, accuracy, GEAR)

    def _integrated(
        self,
        values: Mapping[str, Mapping[str, Floats]],
        held: Mapping[int, float],
        fed: Mapping[int, float],
        stop: float,
        step: float,
        start: Floats | None,
        accuracy: float,
        method: str,
    ) -> tuple[list[int], Waveforms, str]:
        deck = decks.write_transient(self.circuit, values, held, fed, start, accuracy, method)
        waves = transient(deck.text, [name for name, _ in deck.reads], step=step, stop=stop, max_step=step)
        return [unknown for _, unknown in deck.reads], waves, method

    def reset(self) -> None:
        """Forget the last point, and a deck that earlier boundaries made more of than the circuit's ports need."""
        if self.loaded is None:
            return
        if set(self.loaded.deck.switched) == self.circuit.clampable:
            self.loaded.simulator.reset()
        else:
            self.close()

    def close(self) -> None:
        if self.loaded is not None:
            self.loaded.simulator.close()
            self.loaded = None


def between(time: Floats, points: Floats, values: Floats) -> Floats:
    """Values (K, N) at `time` (K,), from those (M, N) at `points` (M,) that rise: on a straight line between
    neighbours, bent by the harmonic mean of how two parabolas bend, each through one more neighbour. Where these
    disagree, at a corner or jump, that is hardly any bend; where a curve is smooth the error is of fourth order."""
    at = np.clip(np.searchsorted(points, time, side="right") - 1, 0, len(points) - 2)
    left, right = (time - points[at])[:, None], (time - points[at + 1])[:, None]
    slopes = np.diff(values, axis=0) / np.diff(points)[:, None]
    bends = np.zeros_like(values)
    bends[1:-1] = np.diff(slopes, axis=0) / (points[2:] - points[:-2])[:, None]
    one, two = bends[at], bends[at + 1]
    agree = one * two > 0
    mean = np.divide(2 * one * two, one + two, out=np.zeros_like(one), where=agree)
    return np.asarray(values[at] + slopes[at] * left + mean * left * right)


def _sane(simulator: Simulator, columns: Floats) -> Points:
    """Operating points without run-aways: far out, ngspice's relative tolerance takes any huge number for an
    answer. Such a lane is solved once more from a cold start, and has not settled if that runs away as well."""
    points = simulator.operating_points(columns)
    if not points.values.size or np.abs(points.values).max() < RUN_AWAY:
        return points  # nothing ran away, and nothing is NaN
    wild = points.settled & ~(np.abs(points.values) < RUN_AWAY).all(axis=1)
    for lane in np.flatnonzero(wild):
        simulator.reset()
        again = simulator.operating_points(columns[lane : lane + 1])
        points.values[lane] = again.values[0]
        points.settled[lane] = bool(again.settled[0]) and bool((np.abs(again.values) < RUN_AWAY).all())
    return points


def _plan(deck: Deck, boundary: Boundary) -> _Plan:
    held = [int(n) for n in boundary.held]
    always = [k for k, n in enumerate(held) if n in deck.held]
    switched = [k for k, n in enumerate(held) if n not in deck.held]
    switches = [deck.switched[held[k]] for k in switched]
    lists = (
        always,
        [deck.held[held[k]] for k in always],
        [held[k] for k in always],
        switched,
        [target for target, _ in switches],
        [on for _, on in switches],
        [deck.fed[int(n)] for n in boundary.fed],
    )
    return _Plan(*(np.array(numbers, dtype=np.int64) for numbers in lists))


def _external(deck: Deck) -> tuple[tuple[str, str, Ints, Ints], ...]:
    """The external numbers by device and parameter, as index arrays."""
    groups: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for key, column in deck.external.items():
        groups.setdefault((key.device, key.param), []).append((key.element, column))
    return tuple(
        (device, param, np.array([e for e, _ in pairs]), np.array([c for _, c in pairs]))
        for (device, param), pairs in groups.items()
    )
