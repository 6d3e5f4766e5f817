"""A training run with its folder: `start` or `resume`, then iterate; everything needed to go on is on disk.

A checkpoint is written when the trainer has forgotten its warm starts (`Moment.checkpoint`), so that a run that
was killed and resumed takes the same path, bit for bit, as one that never stopped.
"""

from __future__ import annotations

import hashlib
import math
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from netlearn.backends import DEFAULT_BACKEND, open_backend
from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import FlatCircuit, Floats, Params, boundary, flatten, initial, with_states
from netlearn.circuit.temperature import NOMINAL_CELSIUS, at
from netlearn.errors import CircuitError, RunError, TaskError
from netlearn.lang.compile import Netlist, compile_file
from netlearn.lang.library import shipped
from netlearn.lang.task import TaskSpec
from netlearn.learn.plan import make_plan
from netlearn.learn.task import Task, make_task
from netlearn.learn.train import Metrics, Moment, Trainer, equipped, train, untrained
from netlearn.solve.solution import read
from netlearn.store import Lock, RunFolder, create, new_folder, open_run
from netlearn.units import Quantity

RECORDED = 200  # epochs of which all states are kept; later ones ever more sparsely


@dataclass
class Session:
    """One run: what it is a function of, its folder, and what has been seen so far."""

    run: RunFolder
    netlist: Netlist
    trainer: Trainer
    lock: Lock
    history: list[dict[str, float]] = field(default_factory=list)
    recorded: list[tuple[int, Floats]] = field(default_factory=list)
    seconds: float = 0.0
    start: Moment | None = None

    def __iter__(self) -> Iterator[Moment]:
        """Moments until the run is finished; checkpoints and, at the end, results are written on the way."""
        begun = time.monotonic() - self.seconds
        if self.start is not None and self.start.finished:  # killed between its last checkpoint and its result
            self._finish(self.start)
            yield self.start
        for moment in train(self.trainer, self.start):
            self.seconds = time.monotonic() - begun
            self._note(moment)
            if moment.checkpoint:
                self._save(moment)
            if moment.finished:
                self._finish(moment)
            yield moment

    def close(self) -> None:
        self.trainer.backend.close()
        self.lock.release()

    @property
    def result(self) -> dict[str, Any]:
        return self.run.result

    def _note(self, moment: Moment) -> None:
        columns = ("steps", *self.trainer.task.loss.metrics)
        self.history.append({"epoch": moment.epoch, **{k: moment.metrics[k] for k in columns}})
        if _recorded(moment.epoch) or moment.finished:
            self.recorded.append((moment.epoch, moment.states[0].copy()))

    def _save(self, moment: Moment) -> None:
        arrays = {
            "epoch": np.array(moment.epoch),
            "steps": np.array(moment.steps),
            "states": moment.states,
            "solves": np.array(moment.solves),
            "settled": np.array(moment.settled),
            "unsettled": np.array(moment.metrics.unsettled, dtype=np.int64),
            "finished": np.array(moment.finished),
            "seconds": np.array(self.seconds),
            "recorded_epochs": np.array([e for e, _ in self.recorded]),
            "recorded_states": np.array([s for _, s in self.recorded]),
        }
        columns = {name: np.array([row[name] for row in self.history]) for name in self.history[0]}
        columns |= {name: columns[name].astype(np.int64) for name in ("epoch", "steps")}
        self.run.save_checkpoint(arrays, columns)

    def _finish(self, moment: Moment) -> None:
        self.run.save_solution(_solution(self.trainer, moment))
        self.run.save_result(_result(self, moment))
        self.lock.release()


def _recorded(epoch: int) -> bool:
    return epoch <= RECORDED or epoch % (10 ** int(math.log10(epoch / RECORDED) + 1)) == 0


def _result(session: Session, moment: Moment) -> dict[str, Any]:
    task, metrics = session.trainer.task, moment.metrics
    held = len(task.test) > 0
    return {
        "error": _known(metrics["mse"]),
        "accuracy": metrics.get("accuracy") if held else None,
        "train_accuracy": metrics.get("train_accuracy"),
        "metrics": {name: _known(metrics[name]) for name in task.loss.metrics},
        "unsettled": list(metrics.unsettled),
        "steps": moment.steps,
        "epochs": moment.epoch,
        "seconds": round(session.seconds, 3),
        "settled": moment.settled / max(1, moment.solves),
        "asserts": {c.text: c(metrics) for c in task.spec.asserts},
        "run": str(session.run.path),
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _solution(trainer: Trainer, moment: Moment) -> dict[str, Any]:
    """Node voltages and outputs of every sample before and after learning."""
    circuit, task = trainer.circuit, trainer.task
    arrays: dict[str, Any] = {"inputs": task.inputs, "labels": task.labels, "train": task.train, "test": task.test}
    arrays["nodes"] = np.array(circuit.nodes)
    before = untrained(trainer)
    for name, params in (("before", before), ("after", with_states(circuit, before, moment.states))):
        solution = trainer.backend.operating_points(params, boundary(circuit, task.inputs))
        arrays[f"x_{name}"] = solution.x[0]
        arrays[f"outputs_{name}"] = read(circuit, params, solution.x)[0]
        arrays[f"states_{name}"] = params.states[0]
    return arrays


def start(
    netlist: Netlist,
    task: str | None = None,
    backend: str = DEFAULT_BACKEND,
    seed: int = 0,
    steps: int | None = None,
    out: Path | None = None,
    allowed: Sequence[Path] = (),
    celsius: float = NOMINAL_CELSIUS,
) -> Session:
    """A new run of a checked netlist; its folder is made now."""
    if steps is not None and steps < 0:
        raise TaskError(f"{steps} steps", "give a number of steps that is not negative")
    if seed < 0:
        raise TaskError(f"seed {seed}", "a seed is not negative")
    spec = choose_task(netlist, task)
    source = Path(netlist.source.name)
    files, folder = _files(netlist, source)
    chosen = make_task(spec, seed)
    circuit = equipped(flatten(netlist.circuits[spec.circuit]), chosen)
    trainer = Trainer(circuit, chosen, open_backend(backend, circuit), seed, steps, celsius=celsius)
    make_plan(circuit, untrained(trainer))  # what cannot learn leaves no folder behind
    if lost := Connections(circuit).undetermined(circuit.driven["V"][0]):
        raise CircuitError(lost.message, lost.help)
    config = {
        "netlist": source.name,
        "folder": folder,
        "allowed": [str(a.resolve()) for a in allowed],
        "sha256": _digests(netlist) if folder else {},
        "settings": {name: [value.number, *value.dimension] for name, value in netlist.settings.items()},
        "task": spec.name,
        "backend": backend,
        "seed": seed,
        "steps": steps,
        "celsius": celsius,
        "checkpoint_steps": trainer.checkpoint_steps,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(backend),
    }
    path = out if out is not None else new_folder(Path("runs") / f"{source.stem}-{spec.name}-{seed}")
    run, lock = create(path, config, files)
    return Session(run, netlist, trainer, lock)


def resume(path: str | Path) -> Session:
    """Go on with a run from its last checkpoint; RunError where it is finished or cannot be read."""
    run = open_run(path)
    if run.finished:
        raise RunError(f"{run.path} is finished", f"look at it with netlearn report {run.path}")
    lock = run.lock()
    try:
        config = run.config
        netlist, circuit, task = _loaded(run)
        saved = _checkpoint(run, circuit, task)
        backend = open_backend(config["backend"], circuit)
        trainer = Trainer(circuit, task, backend, config["seed"], config["steps"], celsius=celsius_of(run))
        session = Session(run, netlist, trainer, lock)
        if saved is not None:
            _restore(session, saved)
    except BaseException:
        lock.release()
        raise
    return session


def _loaded(run: RunFolder) -> tuple[Netlist, FlatCircuit, Task]:
    """What a run is about, from its folder."""
    netlist = load_netlist(run)
    spec = choose_task(netlist, run.config["task"])
    task = make_task(spec, run.config["seed"])
    return netlist, equipped(flatten(netlist.circuits[spec.circuit]), task), task


def trained(run: RunFolder) -> tuple[FlatCircuit, Task, dict[str, Any]]:
    """The circuit and the task of a run, and the arrays of its last checkpoint with `history`, a table by name."""
    _, circuit, task = _loaded(run)
    saved = _checkpoint(run, circuit, task)
    if saved is None:
        raise RunError(f"{run.path} has no checkpoint yet", f"netlearn resume {run.path}")
    return circuit, task, saved


def celsius_of(run: RunFolder) -> float:
    """How warm the circuit of a run is; one of before there were temperatures is at 27 C."""
    return float(run.config.get("celsius", NOMINAL_CELSIUS))


def params_of(run: RunFolder, circuit: FlatCircuit, states: Floats, celsius: float | None = None) -> Params:
    """The circuit of a run at some states (D, S), as warm as it was or as is asked for."""
    warm = celsius_of(run) if celsius is None else celsius
    return with_states(circuit, at(circuit, initial(circuit, run.config["seed"]), warm), states)


def _checkpoint(run: RunFolder, circuit: FlatCircuit, task: Task) -> dict[str, Any] | None:
    """The arrays of the last checkpoint, with its history by name; None where there is none yet, RunError where it
    does not fit the netlist."""
    saved: dict[str, Any] | None = run.checkpoint()
    if saved is None:
        return None
    columns = {k.removeprefix("history_"): v for k, v in saved.items() if k.startswith("history_")}
    missing = [name for name in task.loss.metrics if name not in columns]
    sizes = {len(circuit.states), saved["states"].shape[-1], saved["recorded_states"].shape[-1]}
    if missing or len(sizes) > 1 or not len(columns["steps"]):
        raise RunError(f"the checkpoint of {run.path} does not fit its netlist", "put it back as it was, or train anew")
    return saved | {"history": columns}


def load_netlist(run: RunFolder) -> Netlist:
    """The netlist of a run, from its folder."""
    config = run.config
    extra = [Path(a) for a in config.get("allowed", [])]
    settings = {name: Quantity(v[0], tuple(v[1:])) for name, v in config.get("settings", {}).items()}
    if not config.get("folder"):
        return compile_file(run.netlist, extra, settings)
    netlist = compile_file(Path(config["folder"]) / config["netlist"], extra, settings)
    now = _digests(netlist)
    changed = [path for path, digest in config["sha256"].items() if now.get(path) != digest]
    if changed:
        raise RunError(f"{changed[0]} has changed since {run.path} was made", "put it back as it was, or train anew")
    return netlist


def _digests(netlist: Netlist) -> dict[str, str]:
    """Hashes of a netlist and of all it read, for a run that cannot keep copies."""
    texts = {netlist.source.name: netlist.source.text} | {str(p): text for p, text in netlist.files.items()}
    return {str(Path(name).resolve()): hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def _restore(session: Session, saved: dict[str, Any]) -> None:
    columns = saved["history"]
    session.history = [{k: float(v[i]) for k, v in columns.items()} for i in range(len(columns["steps"]))]
    session.recorded = list(zip(map(int, saved["recorded_epochs"]), saved["recorded_states"], strict=True))
    session.seconds = float(saved["seconds"])
    last = session.history[-1]
    names = ("steps", *session.trainer.task.loss.metrics)
    metrics = Metrics({k: last[k] for k in names} | {"epochs": last["epoch"]}, saved["unsettled"].tolist())
    session.start = Moment(
        int(saved["epoch"]),
        int(saved["steps"]),
        saved["states"],
        int(saved["solves"]),
        int(saved["settled"]),
        metrics,
        bool(saved["finished"]),
        checkpoint=True,
    )


def choose_task(netlist: Netlist, name: str | None) -> TaskSpec:
    """The task by name, or the only one."""
    if not netlist.tasks:
        raise TaskError("this netlist has no task", "write task name on Circuit { data ... -> ... }")
    if name is None:
        if len(netlist.tasks) > 1:
            raise TaskError("this netlist has several tasks", f"choose one with --task {'|'.join(netlist.tasks)}")
        return netlist.task
    if name not in netlist.tasks:
        raise TaskError(f"there is no task '{name}'", f"known: {', '.join(netlist.tasks)}")
    return netlist.tasks[name]


def _files(netlist: Netlist, source: Path) -> tuple[dict[str, str], str]:
    """Copies for the run folder: file name to text, with the netlist; the original folder only where a file
    lies elsewhere than beside the netlist or in the library, so that copies could not be found again."""
    files = {source.name: netlist.source.text}
    for path, text in netlist.files.items():
        bases = [b for b in (source.parent.resolve(), shipped().resolve()) if path.is_relative_to(b)]
        if not bases:
            return files, str(source.parent.resolve())
        files[str(path.relative_to(bases[0]))] = text
    return files, ""


def versions(backend: str) -> dict[str, str]:
    """What took part, by version."""
    found = {
        "netlearn": metadata.version("netlearn") if _installed() else "checkout",
        "python": platform.python_version(),
    }
    found |= {name: metadata.version(name) for name in ("numpy", "numba", "lark")}
    if backend == "ngspice":
        from netlearn.backends.ngspice.simulator import version

        found["ngspice"] = version()
    return {**found, "platform": sys.platform}


def _installed() -> bool:
    try:
        metadata.version("netlearn")
    except metadata.PackageNotFoundError:
        return False
    return True
