"""Rules compared on one task: every training of a grid of cells, and what their estimates are worth.

A folder takes the results: `compare.json` what was asked for and found, `cells/` one file a finished training (a
comparison that was killed goes on where it was), `compare.csv` all of them as one table, `bias.csv` and `noise.csv`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from netlearn.backends.native.packing import cores
from netlearn.errors import RunError
from netlearn.learn.bench import Ledger
from netlearn.store import read_json, write_bytes, write_json
from netlearn.study.biases import bias_against_nudge, noise_bias
from netlearn.study.comparison import Bias, Comparison, NoiseBias, Plan
from netlearn.study.courses import COLUMNS, Course, Row, course
from netlearn.study.entrants import scale_of
from netlearn.study.room import compiled, room
from netlearn.study.telling import as_json, paragraph
from netlearn.study.workers import done

KINDS = (int, float, float, int, int, float, float, float)  # of the numbers of a row


def compare(plan: Plan, out: Path, jobs: int | None = None) -> Iterator[int | Comparison]:
    """Do what is left to do of a plan in its folder: how many trainings are done, now and then, and the comparison at
    the end. RunError where something else lies in the folder."""
    _claim(plan, out)
    every = plan.cells
    found = {k: saved for k in range(len(every)) if (saved := _saved(out, k)) is not None}
    yield len(found)
    left = {
        k: (plan.subject, cell, plan.methods[cell.entrant.label], plan.epochs)
        for k, cell in enumerate(every)
        if k not in found
    }
    for k, trained in done(course, left, jobs or cores()):
        _save(out, k, trained)
        found[k] = trained
        yield len(found)
    courses = tuple(found[k] for k in range(len(every)))
    comparison = Comparison(plan, courses, tuple(_biases(plan)), tuple(_noise(plan)))
    _write(comparison, out)
    yield comparison


def _biases(plan: Plan) -> Iterator[Bias]:
    for entrant in plan.entrants:
        for nudge, off, cosine in bias_against_nudge(plan.subject, entrant, plan.methods[entrant.label], 0):
            yield Bias(entrant.label, nudge, off, cosine)


def _noise(plan: Plan) -> Iterator[NoiseBias]:
    for sigma in (s for s in plan.noises if s > 0):
        for entrant in plan.entrants:
            method = plan.methods[entrant.label]
            found = noise_bias(plan.subject, entrant, method, 0, sigma)
            scale = getattr(method, scale_of(entrant.name))
            names = room(plan.subject, method, entrant.name, 0).plan.names
            for name, *numbers in zip(names, *((of / scale).tolist() for of in found), strict=True):
                yield NoiseBias(entrant.label, name, sigma, *numbers)


def _claim(plan: Plan, out: Path) -> None:
    """Make the folder, or see that it is this plan's."""
    config = out / "compare.json"
    if config.is_file():
        if read_json(config, "comparison", {"digest": (str,)})["digest"] != plan.digest:
            raise RunError(f"{out} has another comparison", "name another folder with --out")
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out} exists", "name another folder with --out")
    spec, _ = compiled(plan.subject)
    asked = {
        "netlist": Path(plan.subject.name).name,
        "task": spec.name,
        "backend": plan.subject.backend,
        "methods": [e.label for e in plan.entrants],
        "seeds": plan.seeds,
        "fractions": plan.fractions,
        "noises": plan.noises,
        "epochs": plan.epochs,
    }
    write_json(config, {"digest": plan.digest, **asked})


def _cell_file(out: Path, k: int) -> Path:
    return out / "cells" / f"{k:05d}.json"


def _save(out: Path, k: int, done: Course) -> None:
    rows = [list(astuple(row)) for row in done.rows]
    write_json(_cell_file(out, k), {"rows": rows, "ledger": asdict(done.ledger), "samples": done.samples})


def _saved(out: Path, k: int) -> Course | None:
    if not _cell_file(out, k).is_file():
        return None
    known = {"rows": (list,), "ledger": (dict,), "samples": (int,)}
    found = read_json(_cell_file(out, k), "comparison", known)
    try:
        rows = tuple(
            Row(str(name), *(kind(v) for kind, v in zip(KINDS, row, strict=True))) for name, *row in found["rows"]
        )
        return Course(rows, Ledger(**{name: int(v) for name, v in found["ledger"].items()}), found["samples"])
    except (TypeError, ValueError, OverflowError):
        raise RunError(f"{_cell_file(out, k)} is damaged", "remove it, and compare again") from None


def _write(comparison: Comparison, out: Path) -> None:
    write_bytes(out / "compare.csv", _table(COLUMNS, comparison.rows).encode())
    write_bytes(out / "bias.csv", _table(tuple(Bias.__dataclass_fields__), comparison.biases).encode())
    write_bytes(out / "noise.csv", _table(tuple(NoiseBias.__dataclass_fields__), comparison.noise).encode())
    write_bytes(out / "compare.md", (paragraph(comparison) + "\n").encode())
    config = read_json(out / "compare.json", "comparison", {})
    write_json(out / "compare.json", {**config, **as_json(comparison)})


def _table(columns: Sequence[str], rows: Sequence[Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow("" if isinstance(v, float) and math.isnan(v) else v for v in astuple(row))
    return text.getvalue()
