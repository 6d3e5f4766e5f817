"""Run folders: everything a run is, in files that other tools read, safe against a kill at any moment.

    run.json         what was asked for: netlist, task, backend, seed, steps, versions, when
    netlist/         the netlist and every file it read
    checkpoint.npz   where it stands: epoch, steps, states, and the history so far (numpy)
    history.csv      one line an epoch: steps and metrics
    result.json      the outcome, once it is finished
    solution.npz     node voltages, outputs and labels of every sample, before and after learning (numpy)

A file is written beside its place and moved there in one step, so that it is whole or absent; `checkpoint.npz` alone
decides where a run goes on, and what is newer than it is made again.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from netlearn.errors import RunError

FORMAT = 1
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class RunFolder:
    """A run on disk."""

    path: Path

    @property
    def config(self) -> dict[str, Any]:
        return read_json(self.path / "run.json", "run")

    @property
    def finished(self) -> bool:
        return (self.path / "result.json").is_file()

    @property
    def result(self) -> dict[str, Any]:
        return read_json(self.path / "result.json", "finished run")

    @property
    def netlist(self) -> Path:
        name = str(self.config["netlist"])
        if Path(name).name != name:
            raise RunError(f"{self.path}/run.json names the netlist '{name}'", "its name has no folder in it")
        return self.path / "netlist" / name

    def checkpoint(self) -> dict[str, NDArray[Any]] | None:
        """The arrays of the last checkpoint, or None where there is none yet."""
        return read_arrays(self.path / "checkpoint.npz") if (self.path / "checkpoint.npz").is_file() else None

    def solution(self) -> dict[str, NDArray[Any]]:
        if not (self.path / "solution.npz").is_file():
            raise RunError(f"{self.path} is not finished", f"netlearn resume {self.path}")
        return read_arrays(self.path / "solution.npz")

    def save_checkpoint(self, arrays: Arrays, history: Mapping[str, NDArray[Any]]) -> None:
        """History first: a kill in between leaves a history that is newer than its checkpoint, which is made again."""
        write_bytes(self.path / "history.csv", _table(history).encode())
        write_arrays(self.path / "checkpoint.npz", {**arrays, **{f"history_{k}": v for k, v in history.items()}})

    def save_solution(self, arrays: Arrays) -> None:
        write_arrays(self.path / "solution.npz", arrays)

    def save_result(self, result: Mapping[str, Any]) -> None:
        write_json(self.path / "result.json", result)


def create(path: Path, config: Mapping[str, Any], files: Mapping[str, str]) -> RunFolder:
    """A new run folder; RunError where something lies there already."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} exists", f"go on with netlearn resume {path}, or name another folder with --out")
    try:
        for name, text in files.items():
            place = path / "netlist" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(place, text.encode())
        write_json(path / "run.json", {"format": FORMAT, **config})
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror}") from None
    return RunFolder(path)


def open_run(path: str | Path) -> RunFolder:
    """An existing run folder; RunError where it is none or of another format."""
    run = RunFolder(Path(path))
    if not (run.path / "run.json").is_file():
        raise RunError(f"{path} is not a run folder", "a run folder is made by netlearn train")
    if run.config.get("format") != FORMAT:
        raise RunError(f"{path} has format {run.config.get('format')}, this netlearn reads {FORMAT}")
    return run


def free_name(base: Path) -> Path:
    """`base`, or `base-2`, `base-3`, ... where it exists."""
    candidates = [base, *(base.with_name(f"{base.name}-{k}") for k in range(2, 10_000))]
    return next(c for c in candidates if not c.exists())


def read_json(path: Path, what: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path.parent} is no {what}: {path.name}: {error.strerror}") from None
    except ValueError:
        raise RunError(f"{path} is not JSON", "the run folder is damaged") from None
    if not isinstance(value, dict):
        raise RunError(f"{path} is not a JSON object", "the run folder is damaged")
    return value


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, KeyError, BadZipFile) as error:
        raise RunError(f"{path} cannot be read: {error}", "the run folder is damaged") from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    write_bytes(path, (json.dumps(value, indent=2) + "\n").encode())


def write_arrays(path: Path, arrays: Arrays) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    write_bytes(path, buffer.getvalue())


def write_bytes(path: Path, data: bytes) -> None:
    """Write whole or not at all: a new file, flushed to disk, moved into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
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
