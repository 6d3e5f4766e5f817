"""Transients on the native engine: shapes, lanes in groups, groups in threads."""

from __future__ import annotations

import numpy as np

from netlearn.backends.native.packing import FEW, Ready, in_threads, of_groups, packed_lanes, patterns
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Ints, Params
from netlearn.errors import BackendError
from netlearn.jit import WIDTH
from netlearn.solve import transient as moving
from netlearn.solve.newton import SETTLED, STATE, Scratch
from netlearn.solve.transient import MovingShape


def transient(
    circuit: FlatCircuit,
    params: Params,
    boundary: Boundary,
    x: Floats,
    stop: float,
    step: float,
    accuracy: float,
    threads: int,
) -> Floats:
    """x (D, S, K, size) of a circuit that is `over_time`, at `moments`, from operating points x (D, S, size)."""
    quiet = moving.with_sources(circuit, params, lambda _wave: 0.0)
    times, _ = moving.moments(circuit, stop, step)
    out = np.empty((*x.shape[:2], len(times), circuit.size))
    for pattern, rows in patterns(boundary):
        part = Boundary(
            boundary.held[pattern], boundary.voltages[rows][:, pattern], boundary.fed, boundary.currents[rows]
        )
        shape = MovingShape(circuit, part.held.tolist(), params, 1.0 / step)
        ready = Ready(shape, quiet, shape.stamps(quiet), shape.prepared(quiet))
        out[:, rows] = _lanes(ready, part, x[:, rows], rows, (stop, step, accuracy), threads)
    return out


def _lanes(
    ready: Ready, boundary: Boundary, x: Floats, rows: Ints, times: tuple[float, float, float], threads: int
) -> Floats:
    """x (D, S, K, size) of samples that hold the same nodes; `rows`: which samples of the caller they are; `times`: stop,
    step (s) and accuracy."""
    shape = ready.shape
    assert isinstance(shape, MovingShape)
    draws, samples, size = x.shape
    lanes = draws * samples
    wide = WIDTH if lanes > FEW else 1
    course = moving.course_of(shape, ready.params, x, *times, wide)
    waves, run = moving.waves_of(shape, times[0]), moving.run_eight if wide > 1 else moving.run_one
    groups = -(-lanes // wide)
    padded = np.minimum(np.arange(groups * wide), lanes - 1)
    packed, numbers = packed_lanes(x.reshape(lanes, size), wide), ready.numbers(boundary, padded, wide)
    out = np.empty((draws * samples, len(course.times), size))

    def follow(some: slice) -> None:
        for g in range(some.start, some.stop):
            own = of_groups(numbers, slice(g, g + 1))
            own = own._replace(p=own.p.copy())  # the rates and pasts in it are the group's own
            journey = moving.journey(ready.tables(wide), own, course, waves, packed[g], wide)
            run(journey)
            reached = float(journey.reached[0])
            if reached < course.times[-1]:
                raise _refusal(shape, reached, journey.newton, padded[g * wide : (g + 1) * wide], rows)
            count = min(wide, lanes - g * wide)
            out[g * wide : g * wide + count] = journey.out.reshape(-1, size, wide).transpose(2, 0, 1)[:count]

    in_threads(follow, groups, threads, enough=1)
    return out.reshape(draws, samples, len(course.times), size)


def _refusal(shape: MovingShape, reached: float, work: Scratch, lanes: Ints, rows: Ints) -> BackendError:
    """Why a run has ended at a time: the unknown that Newton's method has moved most at last in a lane that failed."""
    wide = len(lanes)
    failed = work.lane[STATE * wide : (STATE + 1) * wide] != SETTLED
    moved = np.where(failed, np.abs(work.f.reshape(-1, wide)[: len(shape.left)]), -1.0)
    place, lane = np.unravel_index(int(np.nan_to_num(moved, nan=np.inf, posinf=np.inf).argmax()), moved.shape)
    unknown = int(np.flatnonzero(shape.column == place)[0])
    draw, sample = divmod(int(lanes[lane]), len(rows))
    return BackendError(
        f"no step, however short, leads on from {reached:g} s: {name_of(shape.circuit, unknown)} does not settle "
        f"(draw {draw}, sample {rows[sample]})",
        "look for a jump there, or give its node a capacitor to ground",
    )


def name_of(circuit: FlatCircuit, unknown: int) -> str:
    """An unknown in words: "node out", "the current of l1"."""
    if unknown < len(circuit.nodes):
        return f"node {circuit.nodes[unknown]}"
    found = (
        (bank.names[element], bank.device.name)
        for bank in circuit.banks.values()
        for element in np.flatnonzero((bank.branches == unknown).any(axis=1))
    )
    name, device = next(found)
    return f"the current of {device} {name}"
