"""One netlist and one task on four levels, from the rule as a formula to a circuit that is left alone.

    L0  the network alone, every parameter at its ideal value, the rule as a formula           native engine
    L1  the network alone as it is, the rule with the task's imperfections                      native engine
    L2  the whole circuit at rest, update circuitry and all, the same rule applied from outside ngspice
    L3  the whole circuit over time, driven by sources: no update from outside                  ngspice

The network alone is the core of the circuit (`netlearn.circuit.core`): what its outputs depend on. Every level starts from
the same states, is shown the same samples in the same order, and is judged by its free outputs at rest on all training
samples, so that errors can be compared. Cost and error are of the same run.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.core import core, pruned
from netlearn.circuit.flat import FlatCircuit, Floats, flatten, initial, with_states
from netlearn.circuit.model import Circuit
from netlearn.lang.task import TaskSpec
from netlearn.learn.task import Task, make_task
from netlearn.learn.train import Metrics, Trainer, equipped, evaluate, train
from netlearn.machine.drive import Machine, make_machine, rows_of
from netlearn.machine.run import Stretch, energy_of_edge, followed, stretch_size
from netlearn.study.findings import Once, Tell

POINTS = 50  # of a learning curve


@dataclass(frozen=True)
class Rung:
    """What is learned, at some settings of its parameters: a circuit as it is written and flat, and its task."""

    written: Circuit
    circuit: FlatCircuit
    spec: TaskSpec
    seed: int

    def task(self, imperfections: Iterable[int] | None = None) -> Task:
        """The task, with all of its imperfections or some of them."""
        kept = self.spec.imperfections
        chosen = kept if imperfections is None else tuple(kept[k] for k in imperfections)
        return make_task(replace(self.spec, imperfections=chosen), self.seed)


@dataclass(frozen=True)
class Course:
    """What came of learning on one level. curve: (samples shown, mse in V^2); states (S,) at its end; settled: of the
    operating points and stretches asked for, the part that was found; `measured`: what only a machine tells; why it
    `failed`, if so; asserts of the task, and whether they hold at the end."""

    level: str
    backend: str
    curve: list[list[float]]
    states: list[float]
    settled: float
    seconds: float
    nodes: int
    elements: int
    measured: dict[str, float]
    failed: str = ""
    asserts: dict[str, bool] = field(default_factory=dict)

    @property
    def error(self) -> float:
        return self.curve[-1][1]

    @property
    def steps(self) -> int:
        return int(self.curve[-1][0])


def make_rung(written: Circuit, spec: TaskSpec, seed: int) -> Rung:
    return Rung(written, flatten(written), spec, seed)


def network(rung: Rung) -> Rung:
    """The same without what only looks at it."""
    return replace(rung, circuit=pruned(rung.circuit, core(rung.circuit)))


def outside(level: str, rung: Rung, backend: str, steps: int | None, imperfections: Sequence[int] | None) -> Course:
    """Learning by a rule that is applied from outside; without `steps` until the task's stop rule holds."""
    task = rung.task(imperfections)
    circuit = equipped(rung.circuit, task)
    solver = open_backend(backend, circuit)
    try:
        for _ in train(Trainer(circuit, task, solver, rung.seed, 1)):  # once per machine, laws are compiled
            pass
        begun = time.monotonic()
        moments = [
            (m.steps, m.metrics, m.states, m.settled / max(1, m.solves))
            for m in train(Trainer(circuit, task, solver, rung.seed, steps))
        ]
        seconds = time.monotonic() - begun
    finally:
        solver.close()
    kept = sorted({*np.linspace(0, len(moments) - 1, POINTS).round().astype(int).tolist()})
    curve = [[float(moments[k][0]), moments[k][1]["mse"]] for k in kept]
    size = len(circuit.nodes) - 1, circuit.element_count
    states, settled = moments[-1][2][0].tolist(), moments[-1][3]
    asserts = {c.text: c(moments[-1][1]) for c in task.spec.asserts}
    return Course(level, backend, curve, states, settled, seconds, *size, {}, "", asserts)


def inside(level: str, rung: Rung, backend: str, steps: int, once: Once, tell: Tell) -> Course:
    """Learning by the circuit itself; a machine that cannot be followed says where it `failed`."""
    task = rung.task(())
    machine = make_machine(rung.written, rung.circuit, task)
    epoch = max(1, len(task.train))
    points = {*np.linspace(0, steps // epoch, POINTS).round().astype(int) * epoch, steps}
    params, rows = initial(machine.circuit, rung.seed), rows_of(task, rung.seed, steps)
    done, failed = followed(machine, params, rows, backend, stretch_size(task), once, tell)
    judge = Trainer(rung.circuit, task, open_backend(backend, rung.circuit), rung.seed, steps)
    try:
        judged = [_judged(judge, params.states, 0)]
        for found in done:
            seen = enumerate(found.states, found.first + 1)
            judged += [_judged(judge, np.array([states]), n) for n, states in seen if n in points]
    finally:
        judge.backend.close()
    states = done[-1].states[-1] if done else params.states[0].tolist()
    spent = sum(found.seconds for found in done)
    part = (done[-1].last if done else 0) / steps * float(np.mean([good for _, good in judged]))
    extent = len(rung.circuit.nodes) - 1, rung.circuit.element_count
    measured = _measured(machine, done) if done else {}
    curve = [[metrics["steps"], metrics["mse"]] for metrics, _ in judged]
    asserts = {c.text: c(judged[-1][0]) for c in task.spec.asserts}
    return Course(level, backend, curve, states, part, spent, *extent, measured, failed, asserts)


def _judged(judge: Trainer, states: Floats, shown: int) -> tuple[Metrics, float]:
    """The metrics at states (1, S) after so many samples, and the part of the samples that settled."""
    params = with_states(judge.circuit, initial(judge.circuit, judge.seed), states)
    metrics, found = evaluate(judge, params, shown // max(1, len(judge.task.train)), shown)
    return metrics, float(found.settled.mean())


def _measured(machine: Machine, done: Sequence[Stretch]) -> dict[str, float]:
    """Of the last stretch: power of all sources and of the learning edges (W), and what an edge takes a sample (J)."""
    last = done[-1]
    return {
        "power_W": last.power,
        "edges_W": float(np.sum(last.heat)),
        "edge_J": energy_of_edge(machine, last),
        "s_per_step": float(np.sum([d.seconds for d in done])) / last.last,
        "every_s": machine.every,
        "stretches": len(done),
        "damped": sum(one.damped for one in done),
    }
