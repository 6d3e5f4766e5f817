"""What a backend can do. Two implementations answer alike; agreement is the specification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Ints, Params
from netlearn.errors import BackendError
from netlearn.solve.lesson import Flaws, Lesson
from netlearn.solve.solution import Solution

NUMBERS = 200_000_000  # in the answer of a transient: 1.6 GB
ACCURACY = 1e-6
BRIEFEST, LONGEST = 1e-30, 1e30  # s


@dataclass(frozen=True)
class Transient:
    """Waveforms for D draws and S samples: time (K,) in s, common to all; x (D, S, K, size) node voltages (V) and
    branch currents (A). Times are 0, step, 2 step, ... stop and every corner of a source's waveform between. damped: how
    many lanes could be followed only by a formula that takes energy from oscillations."""

    time: Floats
    x: Floats
    damped: int = 0


@dataclass(frozen=True)
class Taught:
    """Where learning steps have led: states (D, S), the steps done, points asked for and found (D,).

    Where `steps` is less than was asked for, the next one is to be done phase by phase.
    """

    states: Floats
    steps: int
    solves: Ints
    settled: Ints


class Backend(Protocol):
    """Solves one circuit. A backend may keep state to be fast (loaded decks, warm starts), never to be right:
    after `reset` its answers are a function of the calls since."""

    circuit: FlatCircuit

    def operating_points(self, params: Params, boundary: Boundary, start: Solution | None = None) -> Solution:
        """Operating points over all draws and samples; lanes that do not settle say so."""
        ...

    def teach(
        self, params: Params, lesson: Lesson, rows: Ints, spans: Floats | None = None, flaws: Flaws | None = None
    ) -> Taught | None:
        """Learning steps, done within the engine as far as it can: `rows` of the lesson, one (steps,) or several
        (steps, B) samples a step, each with a span (steps,) of its own instead of the lesson's, by update circuitry with
        these flaws. None where it has no such way for this circuit and lesson."""
        ...

    def transient(
        self,
        params: Params,
        boundary: Boundary,
        stop: float,
        step: float,
        start: Floats | None = None,
        accuracy: float = ACCURACY,
    ) -> Transient:
        """All draws and samples over time, from their operating points at t = 0 to `stop` seconds; held nodes and fed
        currents stay as they are. No step, and no gap between two times of the answer, is longer than `step` seconds.
        With `start` (D, S, size), where another transient ended, it goes on from there instead. `accuracy`: the error that
        a step of time may make, as a part of what it is made in.

        CircuitError where the connections leave an unknown without a value; BackendError for times that make no sense
        and where a lane has no operating point at t = 0 or cannot be followed to the end.
        """
        ...

    def reset(self) -> None:
        """Forget warm starts."""
        ...

    def close(self) -> None:
        """Give back processes and memory."""
        ...


def check_laws(circuit: FlatCircuit) -> None:
    """Refuse what only ngspice can solve, by name: BackendError."""
    for bank in circuit.banks.values():
        if bank.device.kit:
            raise BackendError(
                f"{bank.device.name} {bank.names[0]}: its law is in the process kit {bank.device.kit}, which only ngspice reads",
                "add --backend ngspice",
            )


def check_times(
    circuit: FlatCircuit, lanes: int, stop: float, step: float, most: int = NUMBERS, accuracy: float = ACCURACY
) -> None:
    """Refuse a transient whose times make no sense, or whose answer has more than so many numbers: BackendError."""
    if not (0 < step <= stop < np.inf):
        raise BackendError(f"a transient of {stop:g} s in steps of {step:g} s", "give 0 < step <= stop")
    if step < BRIEFEST or stop > LONGEST:
        raise BackendError(
            f"a transient of {stop:g} s in steps of {step:g} s", f"give times from {BRIEFEST:g} s to {LONGEST:g} s"
        )
    corners = sum(wave.count(stop) for bank in circuit.banks.values() for wave in bank.waves.values())
    if not 1e-9 <= accuracy <= 1e-2:
        raise BackendError(f"a transient with errors of {accuracy:g}", "give an accuracy from 1e-9 to 1e-2")
    times = stop / step + corners
    if times * max(lanes, 1) * circuit.size > most:
        raise BackendError(
            f"a transient of {stop:g} s would have {times:.3g} times, more than fit",
            "give a longer step or an earlier end" if corners < 0.5 * times else "give pulses a longer period",
        )


def solved(
    connections: Connections, params: Params, boundary: Boundary, solve: Callable[[Boundary, Ints], Solution]
) -> Solution:
    """`solve` for the samples whose unknowns are all determined by the circuit's connections; the others have
    not settled, and their `worst` unknown is one that is not. `solve` is given the rows it is to answer."""
    if connections.sound(boundary):
        return solve(boundary, np.arange(boundary.samples))
    lost = connections.lanes(boundary)
    good = np.flatnonzero(lost < 0)
    answer = empty(connections.circuit, params.draws, boundary.samples)
    answer.worst[:] = lost
    if len(good):
        found = solve(boundary.of(good), good)
        for name in ("x", "settled", "steps", "residual", "worst"):
            getattr(answer, name)[:, good] = getattr(found, name)
    return answer


def empty(circuit: FlatCircuit, draws: int, samples: int) -> Solution:
    """A solution with nothing settled, to be filled."""
    shape = (draws, samples)
    flags: NDArray[np.bool_] = np.zeros(shape, dtype=bool)
    unknown = np.full(shape, -1, dtype=np.int64)
    return Solution(
        np.full((*shape, circuit.size), np.nan), flags, np.zeros(shape, dtype=np.int64), np.full(shape, np.nan), unknown
    )
