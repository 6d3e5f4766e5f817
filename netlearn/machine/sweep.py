"""`netlearn machine`: a circuit that learns by itself, followed sample by sample, for each value of a parameter.

What is told of a sample is what its own outputs say at the end of its time, before anything else is shown: an error while
it learns, not after. Where a sample is shown again and again and learning never stops, that is error against time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.flat import initial
from netlearn.errors import TaskError
from netlearn.machine.drive import make_machine, rows_of
from netlearn.machine.run import damped, energy_of_edge, followed, shown_error, stretch_size
from netlearn.machine.subject import Subject
from netlearn.study.findings import Drawer, Findings, Table, restored
from netlearn.units import Quantity, describe, engineering


@dataclass(frozen=True)
class Sweep:
    """Runs of so many samples on a backend, one for each value of a parameter (one in all where none is swept)."""

    subject: Subject
    steps: int
    backend: str
    name: str
    values: tuple[Quantity, ...]


@dataclass(frozen=True)
class Passage:
    """What came of one run: `errors` (steps,) of the samples in V^2, the power of all sources and of the learning edges
    (W) over time, one for each stretch, what an edge takes a sample at the end (J), seconds; how many stretches a formula
    that damps was needed for; why it `failed`, if so."""

    errors: list[float]
    power: list[float]
    edges: list[float]
    edge_energy: float
    seconds: float
    damped: int
    failed: str


def make_sweep(subject: Subject, steps: int, backend: str, name: str = "", values: Sequence[Quantity] = ()) -> Sweep:
    """TaskError where the circuit has no such parameter, a value is there twice or in another unit, or the circuit does
    not learn by itself; BackendError where there is no such backend."""
    here = subject.rung({})
    if name and name not in here.written.settings:
        known = ", ".join(here.written.settings) or "none"
        raise TaskError(f"circuit {here.written.name} has no parameter '{name}'", f"known: {known}")
    _check_values(name, values)
    if values:
        here = subject.rung({name: values[0]})
    make_machine(here.written, here.circuit, here.task(()))
    open_backend(backend, here.circuit).close()
    return Sweep(subject, steps, backend, name, tuple(values))


def _check_values(name: str, values: Sequence[Quantity]) -> None:
    for k, value in enumerate(values):
        if value.number in [other.number for other in values[:k]]:
            raise TaskError(f"--sweep: {name} is {value.number:g} twice", "give each value once")
        if value.dimension != values[0].dimension:
            units = " and ".join(describe(v.dimension) for v in (values[0], value))
            raise TaskError(f"--sweep: {name} is in {units}", "give all values in one unit")


def sweep(asked: Sweep, drawer: Drawer, tell: Callable[[str, int, int], None]) -> Findings:
    """All runs. `tell`: told which one is how far."""
    settings: list[Mapping[str, Quantity]] = [{asked.name: value} for value in asked.values] or [{}]
    passages = []
    for setting in settings:
        name = "_".join(f"{key}_{value.number!r}" for key, value in setting.items()) or "run"
        found = drawer.once(name, partial(_passage, asked, setting, name, drawer, tell))
        passages.append(restored(Passage, found))
    return _findings(asked, settings, passages)


def _passage(
    asked: Sweep, setting: Mapping[str, Quantity], name: str, drawer: Drawer, tell: Callable[[str, int, int], None]
) -> dict[str, Any]:
    rung = asked.subject.rung(setting)
    task = rung.task(())
    machine = make_machine(rung.written, rung.circuit, task)
    params, rows = initial(machine.circuit, rung.seed), rows_of(task, rung.seed, asked.steps)
    size, once = stretch_size(task), drawer.under(name)
    done, failed = followed(machine, params, rows, asked.backend, size, once, partial(tell, name))
    errors = [
        error
        for found in done
        for error in shown_error(np.array(found.outputs), task.labels[rows[found.first : found.last]]).tolist()
    ]
    heat = [float(np.sum(d.heat)) for d in done]
    energy = energy_of_edge(machine, done[-1]) if done else 0.0
    seconds, damped_ = sum(d.seconds for d in done), sum(d.damped for d in done)
    return asdict(Passage(errors, [d.power for d in done], heat, energy, seconds, damped_, failed))


def _findings(asked: Sweep, settings: Sequence[Mapping[str, Quantity]], passages: Sequence[Passage]) -> Findings:
    rung = asked.subject.rung({})
    every, name = rung.written.every, asked.name or "run"
    values = [next(iter(s.values())).number if s else 0.0 for s in settings]
    rows = [
        (v, k + 1, (k + 1) * every, e) for v, p in zip(values, passages, strict=True) for k, e in enumerate(p.errors)
    ]
    curve = Table((name, "sample", "time_s", "mse_V2"), rows)
    epoch = len(rung.task(()).train)
    ends = [
        (v, _mean(p.errors[:epoch]), _mean(p.errors[-epoch:]), p.power[-1], p.edges[-1], p.edge_energy, p.seconds)
        for v, p in zip(values, passages, strict=True)
        if p.errors
    ]
    table = Table((name, "first_mse_V2", "last_mse_V2", "power_W", "edges_W", "edge_J", "seconds"), ends)
    title = f"{rung.written.name}, task {asked.subject.task}, seed {asked.subject.seed}, {asked.backend}"
    numbers = {
        "runs": [dict(zip(table.columns, row, strict=True)) for row in ends],
        "nodes": len(rung.circuit.nodes) - 1,
        "failed": [{name: v, "why": p.failed} for v, p in zip(values, passages, strict=True) if p.failed],
    }
    return Findings("machine", title, {"curve": curve, "runs": table}, _told(asked, passages, ends, every), numbers)


def _mean(errors: Sequence[float]) -> float:
    return float(np.mean(errors))


def _told(asked: Sweep, passages: Sequence[Passage], ends: Sequence[tuple[float, ...]], every: float) -> str:
    parts = []
    some = [p for p in passages if p.errors]
    for passage, (value, first, last, power, edges, energy, seconds) in zip(some, ends, strict=True):
        count = len(passage.errors)
        where = f"At {asked.name} = {value:g} the" if asked.name else "The"
        parts.append(
            f"{where} error of what is shown goes from {1e3 * first**0.5:.3g} to {1e3 * last**0.5:.3g} mV rms in {count} "
            f"samples of {engineering(every, 's')}; at the end all sources deliver {engineering(power, 'W')}, learning edges take "
            f"{engineering(edges, 'W')}, {engineering(energy, 'J')} each a sample ({1e3 * seconds / count:.3g} ms of computing each)."
            + damped(passage.damped, len(passage.power))
        )
    parts += [
        f"It could not be followed to the end, {len(p.errors)} of {asked.steps} samples: {p.failed}."
        for p in passages
        if p.failed
    ]
    return "\n\n".join(parts)
