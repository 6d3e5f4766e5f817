"""What a study finds: tables, a paragraph, numbers for programs; and the folder that keeps them.

study.json   which study of which netlist with which options, and at the end its numbers
cells/       one file a finished part, so that a study that was killed goes on where it was
NAME.csv     its tables
STUDY.md     its paragraph
STUDY.svg    its picture (see `netlearn.plot`)
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from netlearn.errors import RunError
from netlearn.store import RunFolder, read_json, write_bytes, write_json

Kind = TypeVar("Kind")
Tell = Callable[[int, int], None]
"""Told how many parts of how many are done."""


Once = Callable[[str, Callable[[], Any]], Any]
"""Finds something by its name, or has found it before."""


@dataclass(frozen=True)
class Table:
    """Rows of numbers and words under their names."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]

    def column(self, name: str) -> list[Any]:
        k = self.columns.index(name)
        return [row[k] for row in self.rows]

    @property
    def text(self) -> str:
        """As CSV: numbers to 9 digits, what is not there (NaN) empty."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([_cell(value) for value in row] for row in self.rows)
        return out.getvalue()


def _cell(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.9g}"


@dataclass(frozen=True)
class Findings:
    """Of a study by its name. `numbers`: what programs may want of it, as JSON; `title`: of its netlist."""

    study: str
    title: str
    tables: Mapping[str, Table]
    text: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def restored(kind: type[Kind], found: Mapping[str, Any]) -> Kind:
    """What was found as what it was made of; RunError where another netlearn has found it."""
    try:
        return kind(**found)
    except TypeError:
        raise RunError(
            f"another netlearn has found a {kind.__name__} of this folder", "name another folder: --out"
        ) from None


class Drawer:
    """The folder of one study while it is done. RunError where another one lies in it. Within `with` it is this process's
    alone: RunError where another process has it."""

    def __init__(self, folder: Path, study: str, asked: Mapping[str, Any]) -> None:
        self.folder = folder
        digest = _digest({"study": study, **asked})
        config = folder / "study.json"
        if config.is_file():
            if read_json(config, "study", {"digest": (str,)})["digest"] != digest:
                raise RunError(f"{folder} has another study, or one of another netlist", "name another folder: --out")
            return
        if folder.exists() and (not folder.is_dir() or any(found.name != "lock" for found in folder.iterdir())):
            raise RunError(f"{folder} exists", "name another folder with --out")
        shown = {key: value for key, value in asked.items() if key != "text"}
        write_json(config, {"digest": digest, "study": study, **shown})

    def __enter__(self) -> Drawer:
        self._lock = RunFolder(self.folder).lock()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def once(self, name: str, find: Callable[[], Any]) -> Any:
        """What `find` finds (as JSON has it), or has found before."""
        path = self.folder / "cells" / f"{name}.json"
        if path.is_file():
            kept = read_json(path, "study", {"found": (dict, list, float, int), "digest": (str,)})
            if _digest(kept["found"]) != kept["digest"]:
                raise RunError(f"{path} is not what was found", "it was changed: delete it, and it is found again")
            return kept["found"]
        found = find()
        write_json(path, {"found": found, "digest": _digest(found)})
        return found

    def under(self, name: str) -> Once:
        """The same for the parts of a part."""
        return lambda part, find: self.once(f"{name}_{part}", find)

    def keep(self, findings: Findings) -> None:
        """Write all but the picture."""
        for name, table in findings.tables.items():
            write_bytes(self.folder / f"{name}.csv", table.text.encode())
        write_bytes(self.folder / f"{findings.study}.md", (findings.text + "\n").encode())
        config = read_json(self.folder / "study.json", "study", {})
        write_json(
            self.folder / "study.json",
            {**config, "title": findings.title, "tables": list(findings.tables), "numbers": dict(findings.numbers)},
        )
