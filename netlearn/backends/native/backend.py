"""The native backend: compiled Newton over lanes, eight at a time or one by one.

Lanes are draws x samples. The parts that do not change are kept from call to call: the shape of the equations for each
set of held nodes, the stamps of a set of parameters. A lane that does not settle is tried again in the ways of SPICE:
half steps, long steps, conductances to ground taken away by decades (`netlearn.solve.newton.CHAIN`), and by the
reference solver with its source stepping and pivots that are searched for. What is left has not settled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from netlearn.backends.native.gradients import Gradient, gradient, no_gradient
from netlearn.backends.native.lessons import Classroom, open_classroom
from netlearn.backends.native.packing import (
    FEW,
    Ready,
    cores,
    in_threads,
    known,
    of_groups,
    packed_lanes,
    patterns,
    same,
    unpacked_lanes,
)
from netlearn.backends.native.transients import name_of, transient
from netlearn.backends.protocol import ACCURACY, Taught, Transient, check_laws, check_times, empty, solved
from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Ints, Params, boundary, check_params
from netlearn.errors import BackendError, CircuitError
from netlearn.jit import WIDTH
from netlearn.solve import reference
from netlearn.solve.lesson import SPAN, Flaws, Lesson
from netlearn.solve.newton import SETTLED, Report, points_of_eight, points_of_one, scratch
from netlearn.solve.shape import Shape
from netlearn.solve.solution import Solution
from netlearn.solve.transient import moments, over_time, with_sources

np.empty(1 << 21)  # glibc keeps blocks up to the size of the largest that was freed: this saves a page fault per 4 kB


class Native:
    """See `netlearn.backends.protocol.Backend`."""

    def __init__(self, circuit: FlatCircuit, threads: int | None = None) -> None:
        check_laws(circuit)
        self.circuit = circuit
        self.connections = Connections(circuit)
        self.threads = threads or cores()
        self._shapes: dict[frozenset[int], Shape] = {}
        self._common: dict[tuple[bytes, bytes], Shape | None] = {}
        self._held: dict[frozenset[int], Ready] = {}
        self._checked: Params | None = None
        self._classroom: Classroom | None = None

    def operating_points(self, params: Params, boundary: Boundary, start: Solution | None = None) -> Solution:
        """Operating points, from `start` where it settled."""
        self._check(params)
        fits = start is not None and start.settled.shape == (params.draws, boundary.samples)

        def solve(part: Boundary, rows: Ints) -> Solution:
            return self._solve(params, part, start.x[:, rows] if start is not None and fits else None)

        return solved(self.connections, params, boundary, solve)

    def _check(self, params: Params) -> None:
        check_params(self.circuit, params, self._checked)
        self._checked = params

    def _solve(self, params: Params, boundary: Boundary, start: Floats | None) -> Solution:
        groups = list(self._groups(params, boundary))
        if len(groups) == 1:
            return self._lanes(groups[0][0], params, boundary, start)
        answer = empty(self.circuit, params.draws, boundary.samples)
        for shape, rows in groups:
            found = self._lanes(shape, params, boundary.of(rows), None if start is None else start[:, rows])
            for name in ANSWER:
                getattr(answer, name)[:, rows] = getattr(found, name)
        return answer

    def _groups(self, params: Params, boundary: Boundary) -> Iterator[tuple[Shape, Ints]]:
        """Samples that can be solved with one shape: all of them, where nodes that only some samples hold can be
        masked in the others, else those that hold the same nodes."""
        holds = np.isfinite(boundary.voltages)
        key = (boundary.held.tobytes(), holds.all(axis=0).tobytes())
        if key not in self._common:
            always = set(boundary.held[holds.all(axis=0)].tolist()) - self.circuit.clampable
            shape = self._shape(frozenset(always), params)
            self._common[key] = shape if shape.maskable(set(boundary.held.tolist()) - always) else None
        common = self._common[key]
        if common is not None:
            yield common, np.arange(boundary.samples)
            return
        for pattern, rows in patterns(boundary):
            yield self._shape(frozenset(boundary.held[pattern].tolist()), params), rows

    def _shape(self, held: frozenset[int], params: Params) -> Shape:
        if held not in self._shapes:
            self._shapes[held] = Shape(self.circuit, held, params)
        return self._shapes[held]

    def _ready(self, shape: Shape, params: Params) -> Ready:
        known = self._held.get(shape.held)
        if known is not None and known.params is not params and same(params, known.params, shape.only_held):
            known = self._held[shape.held] = replace(known, params=params)
        if known is None or known.params is not params:
            devices = [bank.device for bank in shape.nonlinear]
            if known is not None and all(params.values[d] is known.params.values[d] for d in devices):
                prepared = known.prepared
            else:
                prepared = shape.prepared(params)
            known = self._held[shape.held] = Ready(shape, params, shape.stamps(params), prepared)
        return known

    def _lanes(self, shape: Shape, params: Params, boundary: Boundary, start: Floats | None) -> Solution:
        ready = self._ready(shape, params)
        lanes = params.draws * boundary.samples
        if not lanes:
            return empty(self.circuit, params.draws, boundary.samples)
        x = known(self.circuit, shape, params, boundary, start).reshape(lanes, -1)
        flat = _solved(ready, boundary, x, start is None, self.threads)
        left = np.flatnonzero(~flat.settled)
        if len(left):
            flat.x[left] = np.nan
            self._pivoting(params, boundary, left, flat)
        values = (getattr(flat, name) for name in ANSWER)
        return Solution(*(v.reshape(params.draws, boundary.samples, *v.shape[1:]) for v in values))

    def _pivoting(self, params: Params, boundary: Boundary, left: Ints, flat: Solution) -> None:
        draws, samples = np.divmod(left, max(boundary.samples, 1))
        for draw in np.unique(draws):
            rows = samples[draws == draw]
            part = boundary.of(rows)
            found = reference.operating_points(self.circuit, params.of(slice(draw, draw + 1)), part)
            at = left[draws == draw]
            flat.x[at], flat.settled[at] = found.x[0], found.settled[0]
            flat.residual[at], flat.worst[at] = found.residual[0], found.worst[0]
            flat.steps[at] += found.steps[0]

    def gradient(
        self,
        params: Params,
        boundary: Boundary,
        solution: Solution,
        slopes: Floats,
        wanted: Sequence[tuple[str, str]] = (),
    ) -> Gradient:
        """dL/d states from dL/dx (D, S, size) at a solution; `wanted`: (device, parameter) pairs to have as well.

        Lanes that did not settle, or that have no slopes, add nothing.
        """
        self._check(params)
        total = no_gradient(self.circuit, params, wanted)
        slopes = np.where(solution.settled[..., None], slopes, 0.0)
        x = np.where(solution.settled[..., None], solution.x, 0.0)
        for shape, rows in self._groups(params, boundary) if boundary.samples else ():
            ready = self._ready(shape, params)
            total += gradient(ready, boundary.of(rows), x[:, rows], slopes[:, rows], wanted, self.threads)
        return total

    def teach(
        self, params: Params, lesson: Lesson, rows: Ints, spans: Floats | None = None, flaws: Flaws | None = None
    ) -> Taught | None:
        """Steps of every draw on its own trajectory, in machine code; None where a state acts in a way it lacks."""
        self._check(params)
        room = self._classroom
        if room is None or not room.fits(params, lesson, flaws):
            if not self.connections.sound(boundary(self.circuit, lesson.inputs[:1])):
                return None
            shape = self._shape(frozenset(self.circuit.driven["V"][0].tolist()), params)
            room = self._classroom = open_classroom(shape, params, lesson, flaws)
        if room is None:
            return None
        spans = np.full(len(rows), lesson.numbers[SPAN]) if spans is None else spans
        return room.teach(params.states, rows.reshape(len(rows), -1), spans, self.threads)

    def transient(
        self,
        params: Params,
        boundary: Boundary,
        stop: float,
        step: float,
        start: Floats | None = None,
        accuracy: float = ACCURACY,
    ) -> Transient:
        """All lanes over time, eight side by side; those of a group share their steps."""
        check_times(self.circuit, params.draws * boundary.samples, stop, step, accuracy=accuracy)
        start = self._beginning(params, boundary) if start is None else start.copy()
        moving = over_time(self.circuit)
        x = transient(moving, params, boundary, start, stop, step, accuracy, self.threads)
        return Transient(moments(moving, stop, step)[0], x)

    def _beginning(self, params: Params, boundary: Boundary) -> Floats:
        """The operating points (D, S, size) that transients begin with."""
        for row in np.isfinite(boundary.voltages):
            if lost := self.connections.undetermined(boundary.held[row]):
                raise CircuitError(lost.message, lost.help)
        at_zero = with_sources(self.circuit, params, lambda wave: wave.value(0.0))
        found = self.operating_points(at_zero, boundary)
        if not found.settled.all():
            draw, sample = (int(k) for k in np.argwhere(~found.settled)[0])
            worst = int(found.worst[draw, sample])
            where = f", {name_of(self.circuit, worst)} least of all" if worst >= 0 else ""
            raise BackendError(
                f"no operating point to begin with at t = 0 (draw {draw}, sample {sample}){where}",
                "see whether the circuit has one with the waveforms' first values",
            )
        return found.x

    def reset(self) -> None:
        """Forget where learning steps have left the circuit."""
        if self._classroom is not None:
            self._classroom.forget()

    def close(self) -> None:
        return


ANSWER = ("x", "settled", "steps", "residual", "worst")


def _solved(ready: Ready, boundary: Boundary, x: Floats, cold: bool, threads: int) -> Solution:
    """All lanes (L,), from x (L, size), one after the other; `cold`: which is no guess."""
    lanes, shape = len(x), ready.shape
    wide = WIDTH if lanes > FEW else 1
    tables, groups = ready.tables(wide), -(-lanes // wide)
    padded = np.minimum(np.arange(groups * wide), lanes - 1)
    packed, numbers = packed_lanes(x, wide), ready.numbers(boundary, padded, wide)
    floats, ints = np.zeros((2, groups, wide)), np.zeros((2, groups, wide), np.int64)
    report = Report(floats[0], ints[0], floats[1], ints[1])
    run = points_of_eight if wide > 1 else points_of_one

    def solve(some: slice) -> None:
        run(
            tables,
            of_groups(numbers, some),
            packed[some],
            cold,
            Report(report.settled[some], report.steps[some], report.residual[some], report.worst[some]),
            _random(len(tables.unknowns)),
            scratch(tables, wide),
        )

    in_threads(solve, groups, threads)
    return Solution(
        unpacked_lanes(packed, wide)[:lanes],
        report.settled.reshape(-1)[:lanes] == SETTLED,
        report.steps.reshape(-1)[:lanes],
        report.residual.reshape(-1)[:lanes],
        _row_unknowns(shape)[report.worst.reshape(-1)[:lanes]],
    )


@cache
def _random(count: int) -> Floats:
    """Right-hand sides, see `netlearn.solve.newton`."""
    return np.random.default_rng(0).uniform(0.5, 1.5, count)


def _row_unknowns(shape: Shape) -> Ints:
    """The unknown whose equation each row is; -1 for none."""
    found = np.full(shape.rows + 1, -1, dtype=np.int64)
    at = np.flatnonzero(shape.row >= 0)
    found[shape.row[at]] = at
    return found
