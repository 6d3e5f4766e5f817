"""Run folders: everything a run is, in files that other tools read, safe against a kill at any moment.

    run.json         what was asked for: netlist, task, backend, seed, steps, versions, when
    netlist/         the netlist and every file it read
    checkpoint.npz   where it stands: epoch, steps, states, and the history so far (numpy)
    history.csv      one line an epoch: steps and metrics
    result.json      the outcome, once it is finished
    solution.npz     node voltages, outputs and labels of every sample, before and after learning (numpy)
    lock             held by the process that works on the run

A file is written beside its place and moved there in one step, so that it is whole or absent; what a kill leaves beside it
goes when the folder is next locked. `checkpoint.npz` alone decides where a run goes on, and what is newer than it is made
again.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlearn.errors import RunError

FORMAT = 1
PARTIAL = ".partial"
"""How the names of files end that are not whole yet."""
Arrays = Mapping[str, NDArray[Any]]
DAMAGED = "the run folder is damaged"
CONFIG: dict[str, tuple[type, ...]] = {
    "netlist": (str,),
    "folder": (str,),
    "allowed": (list,),
    "sha256": (dict,),
    "task": (str,),
    "backend": (str,),
    "seed": (int,),
    "steps": (int, type(None)),
    "created": (str,),
    "versions": (dict,),
}
"""What a run.json has, and of which type."""
NUMBER = (int, float)
RESULT: dict[str, tuple[type, ...]] = {
    "metrics": (dict,),
    "steps": NUMBER,
    "seconds": NUMBER,
    "settled": NUMBER,
    "unsettled": (list,),
    "asserts": (dict,),
}
"""What a result.json has that is read again."""
CHECKPOINT = (
    *("epoch", "steps", "states", "solves", "settled", "unsettled", "finished", "seconds"),
    *("recorded_epochs", "recorded_states", "history_epoch", "history_steps"),
)
SOLUTION = ("inputs", "labels", *(f"{n}_{when}" for n in ("x", "outputs", "states") for when in ("before", "after")))


@dataclass(frozen=True)
class RunFolder:
    """A run on disk. RunError where what it should have is missing or cannot be read."""

    path: Path

    @property
    def config(self) -> dict[str, Any]:
        return read_json(self.path / "run.json", "run", CONFIG)

    @property
    def finished(self) -> bool:
        return (self.path / "result.json").is_file()

    @property
    def result(self) -> dict[str, Any]:
        return read_json(self.path / "result.json", "finished run", RESULT)

    @property
    def netlist(self) -> Path:
        name = str(self.config["netlist"])
        if Path(name).name != name:
            raise RunError(f"{self.path}/run.json names the netlist '{name}'", "its name has no folder in it")
        return self.path / "netlist" / name

    def checkpoint(self) -> dict[str, NDArray[Any]] | None:
        """The arrays of the last checkpoint, or None where there is none yet."""
        path = self.path / "checkpoint.npz"
        return read_arrays(path, CHECKPOINT) if path.is_file() else None

    def solution(self) -> dict[str, NDArray[Any]]:
        if not (self.path / "solution.npz").is_file():
            raise RunError(f"{self.path} is not finished", f"netlearn resume {self.path}")
        return read_arrays(self.path / "solution.npz", SOLUTION)

    def lock(self) -> Lock:
        """The right to work on this run, for one process at a time, without what one that was killed left half written;
        RunError where another one has it."""
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise RunError(f"another process works on {self.path}", "wait for its end, or end it") from None
        for left in self.path.rglob(f".*{PARTIAL}"):
            left.unlink(missing_ok=True)
        return Lock(handle)

    def save_checkpoint(self, arrays: Arrays, history: Mapping[str, NDArray[Any]]) -> None:
        """History first: a kill in between leaves a history that is newer than its checkpoint, which is made again."""
        write_bytes(self.path / "history.csv", _table(history).encode())
        write_arrays(self.path / "checkpoint.npz", {**arrays, **{f"history_{k}": v for k, v in history.items()}})

    def save_solution(self, arrays: Arrays) -> None:
        write_arrays(self.path / "solution.npz", arrays)

    def save_result(self, result: Mapping[str, Any]) -> None:
        write_json(self.path / "result.json", result)


class Lock:
    """A lock on a run folder, given back by `release` or by the end of the process."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def create(path: Path, config: Mapping[str, Any], files: Mapping[str, str]) -> tuple[RunFolder, Lock]:
    """A new run folder, locked; RunError where something lies there already, or another process makes it."""
    run = RunFolder(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        _check_empty(path)
        lock = run.lock()
        try:
            _check_empty(path)  # two may have found it empty
            for name, text in files.items():
                write_bytes(path / "netlist" / name, text.encode())
            write_json(path / "run.json", {"format": FORMAT, **config})
        except BaseException:
            lock.release()
            raise
    except FileExistsError:
        raise RunError(f"{path} is a file", "name another folder with --out") from None
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}") from None
    return run, lock


def _check_empty(path: Path) -> None:
    if any(found.name != "lock" for found in path.iterdir()):
        raise RunError(f"{path} exists", f"go on with netlearn resume {path}, or name another folder with --out")


def open_run(path: str | Path) -> RunFolder:
    """An existing run folder; RunError where it is none or of another format."""
    run = RunFolder(Path(path))
    if not (run.path / "run.json").is_file():
        raise RunError(f"{path} is not a run folder", "a run folder is made by netlearn train")
    found = read_json(run.path / "run.json", "run", {}).get("format")
    if found != FORMAT:
        raise RunError(f"{path} has format {found}, this netlearn reads {FORMAT}", "train anew")
    _ = run.config
    return run


def new_folder(base: Path) -> Path:
    """A folder made just now: `base`, or `base-2`, `base-3`, ... where that is there already."""
    for name in (base.name, *(f"{base.name}-{k}" for k in range(2, 10_000))):
        path = base.with_name(name)
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:
            continue
        except OSError as error:
            raise RunError(f"{path} cannot be made: {error.strerror}") from None
    raise RunError(f"{base} and many more like it are there already", "name another folder with --out")


def read_json(path: Path, what: str, known: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    """A JSON object that has at least what is `known`."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path.parent} is no {what}: {path.name}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise RunError(f"{path} is not JSON", DAMAGED) from None
    if not isinstance(value, dict):
        raise RunError(f"{path} is not a JSON object", DAMAGED)
    for key, types in known.items():
        if key not in value:
            raise RunError(f"{path} has no '{key}'", DAMAGED)
        if not isinstance(value[key], types):
            raise RunError(f"{path}: its '{key}' cannot be {json.dumps(value[key])[:40]}", DAMAGED)
    return value


def read_arrays(path: Path, known: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Arrays by name, with at least those that are `known`."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except Exception as error:  # numpy and zipfile raise what they meet
        raise RunError(f"{path} cannot be read: {error}", DAMAGED) from None
    missing = [name for name in known if name not in arrays]
    if missing:
        raise RunError(f"{path} has no '{missing[0]}'", DAMAGED)
    return arrays


def write_json(path: Path, value: Mapping[str, Any] | Sequence[Any]) -> None:
    write_bytes(path, (json.dumps(value, indent=2) + "\n").encode())


def write_arrays(path: Path, arrays: Arrays) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    write_bytes(path, buffer.getvalue())


def write_bytes(path: Path, data: bytes) -> None:
    """Write whole or not at all: a new file, flushed to disk, moved into place. What is no file (a terminal, a pipe)
    is written to."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _table(columns: Mapping[str, NDArray[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(c.tolist() for c in columns.values()), strict=True))
    return text.getvalue()
