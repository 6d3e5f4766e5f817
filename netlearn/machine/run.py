"""Running a machine: stretch after stretch of samples, each a transient that goes on where the last one ended.

Nobody computes an update here. What is read is what a bystander with a voltmeter could read: at the end of each sample's
time the free outputs, which no clamp touches; the states, as voltages of their capacitors; and over the time of a stretch
the power that all independent sources deliver, and what of it the learning edges turn into heat,

    P = - sum over sources V I,        P_e = i_e d_e,     i_e from the law of the edge at its own voltages.

Behavioural cells draw nothing from a supply: their power is not in P.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from netlearn.backends import open_backend
from netlearn.backends.protocol import check_times
from netlearn.circuit.flat import Bank, FlatCircuit, Floats, Ints, Params, boundary
from netlearn.devices import known_law
from netlearn.errors import BackendError, SimulatorDied, SimulatorMissing
from netlearn.learn.edges import Group, ends
from netlearn.learn.task import Task
from netlearn.machine.drive import Machine, states_of, stretch
from netlearn.study.findings import Once, Tell, restored

LEAST, MOST = 40, 1000  # samples of a stretch
TIMES = 40  # points of time a sample at least
ACCURACY = 1e-5  # of the steps of time: what contrasts are made of is larger


def stretch_size(task: Task) -> int:
    """How many samples are followed before they are kept: whole epochs, where these are not too long."""
    epoch = max(1, len(task.train))
    return min(epoch * -(-LEAST // epoch), MOST)


@dataclass(frozen=True)
class Stretch:
    """What came of samples `first` to before `last`: x (size,) at the end; at the end of each of them the states
    (last - first, S) and the free outputs (last - first, O); mean power (W) of all sources and of each learning edge
    (edges,); seconds it took; whether its time was integrated by a formula that damps (`Transient.damped`)."""

    first: int
    last: int
    x: list[float]
    states: list[list[float]]
    outputs: list[list[float]]
    power: float
    heat: list[float]
    seconds: float
    damped: bool


def followed(
    machine: Machine, params: Params, rows: Ints, backend: str, size: int, once: Once, tell: Tell
) -> tuple[list[Stretch], str]:
    """The stretches of a run, as far as it could be followed, and why no further."""
    done: list[Stretch] = []
    try:
        for found in run(machine, params, rows, backend, size, once):
            done.append(found)
            tell(found.last, len(rows))
    except (SimulatorMissing, SimulatorDied):  # says nothing about the machine
        raise
    except BackendError as error:
        return done, f"{error.message} (time from the end of sample {done[-1].last if done else 0} on)"
    return done, ""


def damped(count: float, of: int) -> str:
    """How many stretches were integrated by a formula that damps, in words."""
    return f" {count:.0f} of {of} stretches were followed by Gear's formula, which damps oscillations." if count else ""


def run(machine: Machine, params: Params, rows: Ints, backend: str, size: int, once: Once) -> Iterator[Stretch]:
    """Stretches of `size` samples, from the operating point at the states of `params` on; BackendError where one cannot
    be followed."""
    x: Floats | None = None
    for first in range(0, len(rows), size):
        last = min(first + size, len(rows))
        follow = partial(_follow, machine, params, rows, backend, first, last, x)
        found = once(f"samples_{first}_{last}", lambda follow=follow: asdict(follow()))  # type: ignore[misc]
        done = restored(Stretch, found)
        x = np.array(done.x)
        yield done


def _follow(
    machine: Machine,
    params: Params,
    rows: Ints,
    backend: str,
    first: int,
    last: int,
    x: Floats | None,
) -> Stretch:
    begun = time.monotonic()
    span = (last - first) * machine.every
    check_times(machine.circuit, 1, span, machine.every / TIMES)  # before waves are cut to it
    circuit = stretch(machine, rows, first, last)
    solver = open_backend(backend, circuit)
    try:
        found = solver.transient(
            params,
            boundary(circuit, np.zeros((1, 0))),
            span,
            machine.every / TIMES,
            x if x is None else x[None, None],
            ACCURACY,
        )
    finally:
        solver.close()
    waves = found.x[0, 0]
    ends_ = np.searchsorted(found.time, machine.every * np.arange(1, last - first + 1) * (1 - 1e-9))
    plus, minus = circuit.read_nodes["free"]
    mean = _mean_over(found.time)
    return Stretch(
        first,
        last,
        waves[-1].tolist(),
        states_of(machine, params, waves[ends_]).tolist(),
        (waves[ends_][:, plus] - waves[ends_][:, minus]).tolist(),
        float(mean @ delivered(circuit, params, found.time, waves)),
        (mean @ heat(circuit, params, machine.groups, waves)).tolist(),
        time.monotonic() - begun,
        found.damped > 0,
    )


def _mean_over(times: Floats) -> Floats:
    """Weights (K,) of the mean over time."""
    gaps = np.diff(times)
    return np.asarray((np.append(gaps, 0.0) + np.append(0.0, gaps)) / (2.0 * (times[-1] - times[0])))


def delivered(circuit: FlatCircuit, params: Params, time: Floats, x: Floats) -> Floats:
    """What all sources deliver (W), at points x (K, size) in time (K,)."""
    held, fed = circuit.banks["V"], circuit.banks.get("I")
    total = _taken(held, x, x[:, held.branches[:, 0]])
    if fed is not None:
        currents = np.tile(params.values["I"]["dc"][0], (len(x), 1))
        for element, wave in fed.waves.items():
            currents[:, element] = [wave.value(t) for t in time.tolist()]
        total += _taken(fed, x, currents)
    return -total


def _taken(bank: Bank, x: Floats, currents: Floats) -> Floats:
    """What elements take, (K,), by currents (K, E) into their first terminal."""
    return np.asarray(((x[:, bank.nodes[:, 0]] - x[:, bank.nodes[:, 1]]) * currents).sum(axis=1))


def heat(circuit: FlatCircuit, params: Params, groups: Sequence[Group], x: Floats) -> Floats:
    """What each learning edge turns into heat (W), (K, edges), at points x (K, size)."""
    found = []
    for group in groups:
        bank = circuit.banks[group.device]
        a, b = ends(bank.device)
        local = x[:, bank.unknowns[group.elements]]
        p = [params.values[group.device][n][0, group.elements] for n in bank.device.param_names]
        current = known_law(bank.device).evaluate([local[..., k] for k in range(local.shape[-1])], p)[a]
        found.append(current * (local[..., a] - local[..., b]))
    return np.concatenate(found, axis=1)


def energy_of_edge(machine: Machine, of: Stretch) -> float:
    """What an edge, in a twin both of its transistors, takes in the time of a sample (J), on average."""
    edges = len({int(state) for group in machine.groups for state in group.states})
    return float(np.sum(of.heat)) / edges * machine.every


def shown_error(outputs: Floats, labels: Floats) -> Floats:
    """The mean squared miss of each sample (V^2), (K,), of outputs (K, O) from labels (K, O)."""
    return np.asarray(((outputs - labels) ** 2).mean(axis=1))
