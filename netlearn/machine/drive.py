"""A circuit that learns by itself, made ready to be run: what a task shows it becomes waveforms.

While a rule is applied from outside, inputs are held and outputs clamped by whoever does it. A machine is left alone: its
inputs are sources, its labels lie on nets of its own (`label y = V(goal) every 1ms`), its clocks are sources of the
netlist, and its clamps, comparators, multipliers and counters do the rest. Sample k of a run is on show from k T to
(k + 1) T, T what `every` says; within the first hundredth of T inputs and labels move from the last sample to this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, islice

import numpy as np

from netlearn.circuit.equip import Attached, attach
from netlearn.circuit.flat import FlatCircuit, Floats, Ints, Params, initial
from netlearn.circuit.model import GROUND, Circuit
from netlearn.circuit.waveform import Pwl, Sine, Waveform, part
from netlearn.devices import DEVICES
from netlearn.errors import TaskError
from netlearn.learn.edges import Group
from netlearn.learn.plan import make_plan
from netlearn.learn.task import Task, order

MOVING = 0.01  # of T, in which a new sample comes up
MOST_PERIODS = 10_000  # of a clock while a sample is shown


@dataclass(frozen=True)
class Machine:
    """`circuit` without inputs, driven by sources: `sources` has the bank, element and column of (inputs, labels) of each.
    every: T in s. groups: the learning edges. memories (states,): the node whose voltage a state is."""

    circuit: FlatCircuit
    every: float
    sources: tuple[tuple[str, int, int], ...]
    groups: tuple[Group, ...]
    memories: Ints
    shows: Floats
    """(N, inputs + labels): what is on show for each sample of the task."""


def make_machine(written: Circuit, circuit: FlatCircuit, task: Task) -> Machine:
    """TaskError where the circuit has no labels, a state that no capacitor keeps, or clocks that do not fit T."""
    if not written.labels:
        raise TaskError(
            f"circuit {written.name} does not learn by itself: it has no labels",
            f"write label {written.outputs[0].name if written.outputs else 'y'} = V(goal) every 1ms",
        )
    _check_clocks(circuit, written.every)
    added, columns = _of_inputs(circuit)
    driven = replace(attach(circuit, added, DEVICES), inputs=())
    places = {
        (bank, name): k
        for bank in ("V", "I")
        if bank in driven.banks
        for k, name in enumerate(driven.banks[bank].names)
    }
    sources = [(a.device, places[a.device, a.name], column) for a, column in zip(added, columns, strict=True)]
    names = [port.name for port in circuit.outputs]
    for label in written.labels:
        column = len(circuit.inputs) + names.index(label.output)
        sources.append(("V", places["V", label.source], column))
    groups = make_plan(circuit, initial(circuit)).groups
    shows = np.concatenate([task.inputs, task.labels], axis=1)
    return Machine(driven, written.every, tuple(sources), groups, _memories(circuit, groups), shows)


def _of_inputs(circuit: FlatCircuit) -> tuple[list[Attached], list[int]]:
    """A source for each node that an input drives, and the input it follows."""
    added, columns = [], []
    for k, port in enumerate(circuit.inputs):
        for node in port.nodes:
            ends = (circuit.nodes[node], GROUND) if port.kind == "V" else (GROUND, circuit.nodes[node])
            added.append(Attached(port.kind, f"input {port.name} {circuit.nodes[node]}", ends, {"dc": 0.0}))
            columns.append(k)
    return added, columns


def _memories(circuit: FlatCircuit, groups: Sequence[Group]) -> Ints:
    """The node that keeps each state: the gate through which it steers its edges. 0 for one that steers none."""
    found = np.zeros(len(circuit.states), dtype=np.int64)
    for group in groups:
        if not group.terminal:
            raise TaskError(
                f"nothing keeps the state {circuit.states[group.states[0]].name} while the circuit runs",
                "keep it on a capacitor, C memory(q, gnd) = 1uF, ic = k, and let V(q) steer the edges",
            )
        found[group.states] = circuit.banks[group.device].nodes[group.elements, group.column]
    return found


def _check_clocks(circuit: FlatCircuit, every: float) -> None:
    """TaskError where a wave does not begin anew with every sample, or too often within one."""
    for name, bank in circuit.banks.items():
        for element, wave in bank.waves.items():
            period = 1.0 / wave.frequency if isinstance(wave, Sine) and wave.frequency else getattr(wave, "period", 0.0)
            if period and abs(every / period - round(every / period)) > 1e-9 * every / period:
                raise TaskError(
                    f"{name} {bank.names[element]} repeats every {period:g} s, and a sample is shown for {every:g} s",
                    "let a whole number of periods fit a sample",
                )
            if every > MOST_PERIODS * (period or every):
                raise TaskError(
                    f"{name} {bank.names[element]} repeats {every / period:.3g} times while a sample is shown",
                    f"give it a longer period: at most {MOST_PERIODS} of them fit a sample",
                )


def rows_of(task: Task, seed: int, steps: int) -> Ints:
    """The samples (steps,) of a run, one after the other."""
    epochs = (np.concatenate(order(task, seed, epoch)) for epoch in count())
    return np.fromiter(islice(chain.from_iterable(epochs), steps), np.int64)


def stretch(machine: Machine, rows: Ints, first: int, last: int) -> FlatCircuit:
    """The circuit with waves from sample `first` of a run to before `last`, its time beginning at 0; rows: all samples of
    the run."""
    banks = dict(machine.circuit.banks)
    start, stop = first * machine.every, last * machine.every
    waves: dict[str, dict[int, Waveform]] = {
        name: {element: part(wave, start, stop) for element, wave in bank.waves.items()} for name, bank in banks.items()
    }
    shown = machine.shows[rows[max(first - 1, 0) : last]]
    if first == 0:
        shown = np.concatenate([shown[:1], shown])
    for name, element, column in machine.sources:
        waves[name][element] = _steps(shown[:, column], machine.every)
    return replace(machine.circuit, banks={name: replace(bank, waves=waves[name]) for name, bank in banks.items()})


def _steps(values: Floats, every: float) -> Pwl:
    """From the first value to each of the others at the beginning of its time."""
    starts = every * np.arange(len(values) - 1)
    times = np.stack([starts, starts + MOVING * every], axis=1).ravel()
    return Pwl(tuple(times.tolist()), tuple(np.repeat(values, 2)[1:-1].tolist()))


def states_of(machine: Machine, params: Params, x: Floats) -> Floats:
    """The states (K, S) at points x (K, size)."""
    kept = machine.memories > 0
    states = np.repeat(params.states, len(x), axis=0)
    states[:, kept] = x[:, machine.memories[kept]]
    return states
