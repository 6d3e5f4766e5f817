"""The native backend: compiled Newton over lanes, eight at a time or one by one.

Lanes are draws x samples. The parts that do not change are kept from call to call: the shape of the equations for each
set of held nodes, the stamps of a set of parameters. A lane that does not settle is tried again in the ways of SPICE:
half steps, long steps, conductances to ground taken away by decades, and where the circuit is small the dense reference
solver with its source stepping and full pivoting. What is left has not settled.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from netlearn.backends.protocol import Taught, Transient, empty, solved
from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Ints, Params, check_params
from netlearn.devices.vector import WIDTH
from netlearn.errors import BackendError
from netlearn.solve import dense
from netlearn.solve.lesson import Lesson
from netlearn.solve.newton import SETTLED, Control, Numbers, Report, points_of_eight, points_of_one, scratch
from netlearn.solve.shape import Shape, Stamps
from netlearn.solve.solution import Solution

PLAIN = Control(1.0, 0.5, 0.0, 100)
HALF = Control(0.5, 0.5, 0.0, 150)
LONG = Control(1.0, np.inf, 0.0, 100)
GMINS = [10.0**-k for k in range(3, 13)]
FEW = 3  # lanes that are solved one by one
SMALL = 400  # unknowns that the dense solver takes on where all else has failed


@dataclass(frozen=True)
class _Held:
    """Parameters as the engine wants them, for one shape."""

    params: Params
    stamps: Stamps
    prepared: list[Floats]


class Native:
    """See `netlearn.backends.protocol.Backend`."""

    def __init__(self, circuit: FlatCircuit, threads: int | None = None) -> None:
        self.circuit = circuit
        self.connections = Connections(circuit)
        self.threads = threads or os.cpu_count() or 1
        driven = {n for port in circuit.inputs for n in port.nodes} | {0}
        self._clampable = {n for p in circuit.outputs if p.kind == "V" for n in p.clamped} - driven
        self._shapes: dict[frozenset[int], Shape] = {}
        self._held: dict[frozenset[int], _Held] = {}
        self._checked: Params | None = None

    def operating_points(self, params: Params, boundary: Boundary, start: Solution | None = None) -> Solution:
        """Operating points, from `start` where it settled."""
        check_params(self.circuit, params, self._checked)
        self._checked = params
        fits = start is not None and start.settled.shape == (params.draws, boundary.samples)

        def solve(part: Boundary, rows: Ints) -> Solution:
            return self._solve(params, part, start.x[:, rows] if start is not None and fits else None)

        return solved(self.connections, params, boundary, solve)

    def _solve(self, params: Params, boundary: Boundary, start: Floats | None) -> Solution:
        holds = np.isfinite(boundary.voltages)
        always = set(boundary.held[holds.all(axis=0)].tolist()) - self._clampable
        some = set(boundary.held[holds.any(axis=0)].tolist()) - always
        shape = self._shape(frozenset(always), params)
        if shape.maskable(some):
            return self._lanes(shape, params, boundary, start)
        answer = empty(self.circuit, params.draws, boundary.samples)
        patterns, group = np.unique(holds, axis=0, return_inverse=True)
        for k, pattern in enumerate(patterns):
            rows = np.flatnonzero(group.reshape(-1) == k)
            part = replace(boundary, voltages=boundary.voltages[rows], currents=boundary.currents[rows])
            shape = self._shape(frozenset(boundary.held[pattern].tolist()), params)
            found = self._lanes(shape, params, part, None if start is None else start[:, rows])
            for name in ("x", "settled", "steps", "residual", "worst"):
                getattr(answer, name)[:, rows] = getattr(found, name)
        return answer

    def _shape(self, held: frozenset[int], params: Params) -> Shape:
        if held not in self._shapes:
            self._shapes[held] = Shape(self.circuit, held, params)
        return self._shapes[held]

    def _ready(self, shape: Shape, params: Params) -> _Held:
        known = self._held.get(shape.held)
        if known is None or known.params is not params:
            known = self._held[shape.held] = _Held(params, shape.stamps(params), shape.prepared(params))
        return known

    def _lanes(self, shape: Shape, params: Params, boundary: Boundary, start: Floats | None) -> Solution:
        ready = self._ready(shape, params)
        x = _known(self.circuit, shape, params, boundary, start)
        lanes = np.arange(params.draws * boundary.samples)
        answer = empty(self.circuit, params.draws, boundary.samples)
        flat = Solution(*(getattr(answer, name).reshape(len(lanes), *getattr(answer, name).shape[2:]) for name in ANSWER))
        flat.steps[:] = 0
        cold = _known(self.circuit, shape, params, boundary, None).reshape(len(lanes), -1)
        work = _Work(shape, ready, boundary, self.threads)
        self._attempt(work, lanes, x.reshape(len(lanes), -1), [PLAIN], flat)
        for controls in ([PLAIN], [HALF], [LONG], [*(replace_gmin(g) for g in GMINS), PLAIN]):
            left = np.flatnonzero(~flat.settled)
            if not len(left):
                break
            self._attempt(work, left, cold[left], controls, flat)
        left = np.flatnonzero(~flat.settled)
        if len(left) and self.circuit.size <= SMALL:
            self._dense(params, boundary, left, flat)
        return answer

    def _attempt(self, work: _Work, lanes: Ints, x: Floats, controls: list[Control], flat: Solution) -> None:
        """Solve some lanes from x (L, size), and note what has settled."""
        for control in controls:
            x, settled, steps, residual, worst = work.solve(lanes, x, control)
            flat.steps[lanes] += steps
        flat.residual[lanes], flat.worst[lanes] = residual, worst
        good = lanes[settled]
        flat.x[good], flat.settled[good] = x[settled], True

    def _dense(self, params: Params, boundary: Boundary, left: Ints, flat: Solution) -> None:
        draws, samples = np.divmod(left, max(boundary.samples, 1))
        for draw in np.unique(draws):
            rows = samples[draws == draw]
            one = Params(
                params.states[draw : draw + 1],
                {d: {p: v[draw : draw + 1] for p, v in of.items()} for d, of in params.values.items()},
            )
            part = replace(boundary, voltages=boundary.voltages[rows], currents=boundary.currents[rows])
            found = dense.operating_points(self.circuit, one, part)
            at = left[draws == draw]
            flat.x[at], flat.settled[at] = found.x[0], found.settled[0]
            flat.residual[at], flat.worst[at] = found.residual[0], found.worst[0]
            flat.steps[at] += found.steps[0]

    def teach(self, params: Params, lesson: Lesson, rows: Ints) -> Taught | None:
        """No way of its own yet."""
        return None

    def transient(self, params: Params, boundary: Boundary, stop: float, step: float) -> Transient:
        raise BackendError("the native backend finds operating points only", "use --backend ngspice for transients")

    def reset(self) -> None:
        """Nothing to forget: an answer depends on its arguments alone."""

    def close(self) -> None:
        return


ANSWER = ("x", "settled", "steps", "residual", "worst")


def replace_gmin(gmin: float) -> Control:
    return PLAIN._replace(gmin=gmin)


def _known(circuit: FlatCircuit, shape: Shape, params: Params, boundary: Boundary, start: Floats | None) -> Floats:
    """First x (D, S, size): `start` where there is one, else zero; held nodes at their voltages."""
    x = np.zeros((params.draws, boundary.samples, circuit.size))
    if start is not None:
        x = np.where(np.isfinite(start), start, 0.0)
    finite = np.isfinite(boundary.voltages)
    for k, node in enumerate(boundary.held):
        x[:, finite[:, k], node] = boundary.voltages[finite[:, k], k]
    for holder in shape.holders:
        param = circuit.banks[holder.device].device.holds
        x[:, :, holder.node] = holder.sign * params.values[holder.device][param][:, None, holder.element]
    return x


@dataclass(frozen=True)
class _Work:
    """A shape with its numbers, ready to solve any of the lanes of a boundary."""

    shape: Shape
    ready: _Held
    boundary: Boundary
    threads: int

    def solve(self, lanes: Ints, x: Floats, control: Control) -> tuple[Floats, np.ndarray, Ints, Floats, Ints]:
        """x, settled, steps, residual and worst unknown of some lanes, from x (L, size)."""
        wide = WIDTH if len(lanes) > FEW else 1
        tables = self.shape.eight if wide > 1 else self.shape.one
        groups = -(-len(lanes) // wide)
        padded = np.concatenate([lanes, np.repeat(lanes[-1:], groups * wide - len(lanes))])
        packed = packed_lanes(np.concatenate([x, np.repeat(x[-1:], len(padded) - len(x), axis=0)]), wide)
        numbers = self._numbers(padded, wide)
        report = Report(
            np.zeros((groups, wide)),
            np.zeros((groups, wide), np.int64),
            np.zeros((groups, wide)),
            np.zeros((groups, wide), np.int64),
        )
        random = np.random.default_rng(0).uniform(0.5, 1.5, len(tables.unknowns))
        run = points_of_eight if wide > 1 else points_of_one
        for some in _parts(groups, self.threads):
            run(tables, _of_groups(numbers, some), packed[some], control, Report(*(a[some] for a in report)), random, scratch(tables, wide))
        count = len(lanes)
        worst = np.append(np.argsort(self.shape.row)[-self.shape.rows :], -1) if self.shape.rows else np.array([-1])
        place_to_unknown = _row_unknowns(self.shape)
        return (
            unpacked_lanes(packed, wide)[:count],
            report.settled.reshape(-1)[:count] == SETTLED,
            report.steps.reshape(-1)[:count],
            report.residual.reshape(-1)[:count],
            place_to_unknown[report.worst.reshape(-1)[:count]],
        )

    def _numbers(self, lanes: Ints, wide: int) -> Numbers:
        samples = max(self.boundary.samples, 1)
        stamps, alone = self.ready.stamps, self.ready.params.draws == 1
        draws = np.zeros(wide, np.int64) if alone else lanes // samples
        rows = lanes % samples
        clamped = [(int(self.shape.column[n]), k) for k, n in enumerate(self.boundary.held) if self.shape.column[n] >= 0]
        masks = np.array([place for place, _ in clamped], dtype=np.int64)
        flags = np.isfinite(self.boundary.voltages[rows][:, [k for _, k in clamped]]).astype(float)
        return Numbers(
            p=self._prepared(draws, wide),
            matrix=packed_lanes(stamps.matrix[draws], wide),
            inner=packed_lanes(stamps.inner[draws], wide),
            outer=packed_lanes(stamps.outer[draws], wide),
            border=packed_lanes(stamps.border[draws], wide),
            offset=packed_lanes(stamps.offset[draws], wide),
            fed=self.shape.row[self.boundary.fed],
            feeds=packed_lanes(self.boundary.currents[rows], wide),
            masks=masks,
            flags=packed_lanes(flags, wide),
        )

    def _prepared(self, draws: Ints, wide: int) -> Floats:
        """Prepared parameters in blocks: lanes of each element, or eight elements of the lane."""
        parts = []
        for values in self.ready.prepared:
            chosen = values[draws]
            if wide > 1:
                parts.append(packed_lanes(chosen.reshape(len(draws), -1), wide))
                continue
            _, count, each = values.shape
            blocks = -(-count // WIDTH)
            filled = chosen[:, np.minimum(np.arange(blocks * WIDTH), count - 1)]
            parts.append(filled.reshape(len(draws), blocks, WIDTH, each).swapaxes(2, 3).reshape(len(draws), -1))
        return np.concatenate([*parts, np.zeros((len(draws) // wide, 0))], axis=1)


def _row_unknowns(shape: Shape) -> Ints:
    """The unknown whose equation each row is; -1 for none."""
    found = np.full(shape.rows + 1, -1, dtype=np.int64)
    at = np.flatnonzero(shape.row >= 0)
    found[shape.row[at]] = at
    return found


def packed_lanes(values: Floats, wide: int) -> Floats:
    """(L, m) to (L / W, m W), the lanes of a number side by side."""
    lanes, count = values.shape
    return np.ascontiguousarray(values.reshape(lanes // wide, wide, count).swapaxes(1, 2)).reshape(lanes // wide, -1)


def unpacked_lanes(values: Floats, wide: int) -> Floats:
    """(G, m W) to (G W, m)."""
    groups, count = values.shape
    return values.reshape(groups, count // wide, wide).swapaxes(1, 2).reshape(groups * wide, -1)


def _parts(groups: int, threads: int) -> list[slice]:
    """Groups in contiguous parts, one a thread."""
    return [slice(0, groups)]


def _of_groups(numbers: Numbers, some: slice) -> Numbers:
    """The numbers of some groups; what all groups share stays."""
    def chosen(values: np.ndarray) -> np.ndarray:
        return values[some] if values.ndim == 2 and len(values) > 1 else values
    return Numbers(*(chosen(v) for v in numbers))
