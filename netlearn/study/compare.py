"""Rules compared on one task: every training of a grid of cells, what their estimates are worth, and what to say of it.

A folder takes the results: `compare.json` what was asked for and found, `cells/` one file a finished training (a
comparison that was killed goes on where it was), `compare.csv` all of them as one table, `bias.csv` and `noise.csv`.
"""

from __future__ import annotations

import csv
import io
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, astuple, dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import RunError, TaskError
from netlearn.learn.bench import Ledger
from netlearn.learn.methods import Method
from netlearn.store import read_json, write_bytes, write_json
from netlearn.study.biases import bias_against_nudge, noise_bias
from netlearn.study.courses import COLUMNS, LONGEST, Cell, Course, Row, budget, cells, course
from netlearn.study.entrants import Entrant, scale_of
from netlearn.study.room import Subject, compiled, method_of, room

NOTHING = 1e-6  # of an estimate
MOST = 100_000  # trainings
KINDS = (int, float, float, int, int, float, float, float)  # of the numbers of a row


@dataclass(frozen=True)
class Plan:
    """What is compared. fractions: parts of the values that learn, the largest first; noises: standard deviations on
    the labels, V, the smallest first; methods: each label's rule with the options it has."""

    subject: Subject
    entrants: tuple[Entrant, ...]
    seeds: int
    fractions: tuple[float, ...]
    noises: tuple[float, ...]
    epochs: int
    methods: Mapping[str, Method]

    @property
    def cells(self) -> list[Cell]:
        return cells(self.entrants, self.seeds, self.fractions, self.noises)

    @property
    def digest(self) -> str:
        """Of everything that decides the results."""
        asked = self.subject, self.entrants, self.seeds, self.fractions, self.noises, self.epochs
        return sha256(repr(asked).encode()).hexdigest()


@dataclass(frozen=True)
class Bias:
    """`biases.bias_against_nudge` of one rule at one strength of its nudge."""

    method: str
    nudge: float
    bias: float
    cosine: float


@dataclass(frozen=True)
class NoiseBias:
    """`biases.noise_bias` of one rule in one learnable value."""

    method: str
    value: str
    noise: float
    estimate: float
    predicted: float
    measured: float


@dataclass(frozen=True)
class Comparison:
    """What was found; courses in the order of the plan's cells."""

    plan: Plan
    courses: tuple[Course, ...]
    biases: tuple[Bias, ...]
    noise: tuple[NoiseBias, ...]

    @property
    def methods(self) -> Mapping[str, Method]:
        return self.plan.methods

    @property
    def rows(self) -> list[Row]:
        return [row for done in self.courses for row in done.rows]

    def of(self, method: str, fraction: float, noise: float) -> list[Course]:
        """The trainings of a rule, one a seed."""
        found = []
        for cell, done in zip(self.plan.cells, self.courses, strict=True):
            if (cell.entrant.label, cell.fraction, cell.noise) == (method, fraction, noise):
                found.append(done)
        return found


def make_plan(
    subject: Subject,
    entrants: Sequence[Entrant],
    seeds: int,
    fractions: Sequence[float],
    noises: Sequence[float],
    steps: int | None,
) -> Plan:
    """TaskError where a number cannot be."""
    if seeds < 1:
        raise TaskError(f"{seeds} seeds", "give one or more")
    for name, numbers, bad in (
        ("fraction", fractions, [f for f in fractions if not 0 < f <= 1]),
        ("noise", noises, [s for s in noises if not 0 <= s < math.inf]),
    ):
        if bad or len(set(numbers)) < len(numbers) or not numbers:
            what = f"a {name} of {bad[0]:g}" if bad else f"a {name} is given twice, or none is"
            raise TaskError(what, "write --fractions 1,.5,.1" if name == "fraction" else "write --noise 0,0.5")
    count = len(entrants) * seeds * len(fractions) * len(noises)
    if count > MOST:
        raise TaskError(f"{count} trainings", f"at most {MOST}: give fewer methods, seeds, fractions or noises")
    if steps is not None and steps < 1:
        raise TaskError(f"{steps} steps", "give a number of steps above zero")
    epochs = budget(subject, steps)
    if epochs > LONGEST:
        raise TaskError(f"{epochs} epochs", f"at most {LONGEST}: give fewer --steps")
    methods = {e.label: method_of(subject, e) for e in entrants}
    parts, sigmas = tuple(sorted(fractions, reverse=True)), tuple(sorted(noises))
    return Plan(subject, tuple(entrants), seeds, parts, sigmas, epochs, methods)


def compare(plan: Plan, out: Path, jobs: int | None = None) -> Iterator[int | Comparison]:
    """Do what is left to do of a plan in its folder: how many trainings are done, now and then, and the comparison at
    the end. RunError where something else lies in the folder."""
    _claim(plan, out)
    every, methods = plan.cells, plan.methods
    found = {k: done for k in range(len(every)) if (done := _saved(out, k)) is not None}
    yield len(found)
    left = [k for k in range(len(every)) if k not in found]
    workers = min(jobs or len(os.sched_getaffinity(0)), max(1, len(left)))
    if workers == 1 or len(left) < 2:
        for k in left:
            found[k] = course(plan.subject, every[k], methods[every[k].entrant.label], plan.epochs)
            _save(out, k, found[k])
            yield len(found)
    else:
        watched = (os.getpid(),)
        with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_leave_with, initargs=watched) as pool:
            asked = {
                pool.submit(course, plan.subject, every[k], methods[every[k].entrant.label], plan.epochs): k
                for k in left
            }
            try:
                for future in as_completed(asked):
                    k = asked[future]
                    found[k] = future.result()
                    _save(out, k, found[k])
                    yield len(found)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    courses = tuple(found[k] for k in range(len(every)))
    comparison = Comparison(plan, courses, tuple(_biases(plan, methods)), tuple(_noise(plan, methods)))
    _write(comparison, out)
    yield comparison


def _leave_with(parent: int) -> None:
    """End this process soon after its parent has been killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _biases(plan: Plan, methods: Mapping[str, Method]) -> Iterator[Bias]:
    for entrant in plan.entrants:
        for nudge, off, cosine in bias_against_nudge(plan.subject, entrant, methods[entrant.label], 0):
            yield Bias(entrant.label, nudge, off, cosine)


def _noise(plan: Plan, methods: Mapping[str, Method]) -> Iterator[NoiseBias]:
    for sigma in (s for s in plan.noises if s > 0):
        for entrant in plan.entrants:
            method = methods[entrant.label]
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


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation over seeds; NaN where there is nothing."""
    known: Floats = np.array([v for v in values if not math.isnan(v)])
    if not len(known):
        return math.nan, math.nan
    return float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else 0.0


def costs(comparison: Comparison, label: str) -> dict[str, float]:
    """What a rule asks of the circuit: settles and reads a sample shown, values an edge stores."""
    first = [
        c for c, cell in zip(comparison.courses, comparison.plan.cells, strict=True) if cell.entrant.label == label
    ]
    shown = max(1, sum(c.samples for c in first))
    total = Ledger()
    for one in first:
        total.add(one.ledger)
    return {"settles": total.settles / shown, "reads": total.reads / shown, "stored": float(total.stored)}


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Numbers for programs: each rule's options, what it asks of the circuit, where its trainings end."""
    found = []
    for label, method in comparison.methods.items():
        ends = [
            {
                "fraction": fraction,
                "noise": noise,
                **_ends(comparison.of(label, fraction, noise)),
            }
            for fraction in comparison.plan.fractions
            for noise in comparison.plan.noises
        ]
        found.append({"method": label, "options": asdict(method), **costs(comparison, label), "ends": ends})  # type: ignore[call-overload]
    return {"found": found}


def _ends(done: Sequence[Course]) -> dict[str, float | None]:
    last = [c.rows[-1] for c in done]
    values = {
        "train_error": spread([r.train_error for r in last]),
        "test_accuracy": spread([r.test_accuracy for r in last]),
        "first_cosine": spread([c.rows[0].cosine for c in done]),
        "cosine": spread([r.cosine for c in done for r in c.rows]),
    }
    flat = {f"{k}{part}": v[i] for k, v in values.items() for i, part in enumerate(("", "_sd"))}
    return {k: None if math.isnan(v) else v for k, v in flat.items()}


def paragraph(comparison: Comparison) -> str:
    """What was compared and what came out, in sentences."""
    plan = comparison.plan
    spec, flat = compiled(plan.subject)
    head = (
        f"Task {spec.name} of {Path(plan.subject.name).name} on {plan.subject.backend}: {len(flat.free_states)} learnable values, "
        f"{len(spec.labels)} samples, {comparison.courses[0].samples:,} shown in each training, {plan.seeds} "
        f"seed{'s' * (plan.seeds > 1)}."
    )
    return " ".join(
        [head, *(_sentence(comparison, label) for label in comparison.methods), *_noise_sentences(comparison)]
    )


def _sentence(comparison: Comparison, label: str) -> str:
    plan, asked = comparison.plan, costs(comparison, label)
    first = comparison.of(label, plan.fractions[0], plan.noises[0])
    ends = _ends(first)
    text = f"{label} asks for {asked['settles']:.3g} settles and {asked['reads']:.3g} numbers read a sample and {asked['stored']:.0f} stored an edge; its cost falls from {spread([c.rows[0].train_error for c in first])[0]:.3g} to {ends['train_error']:.3g} +- {ends['train_error_sd']:.1g}"
    if ends["test_accuracy"] is not None:
        text += f", with {100 * ends['test_accuracy']:.1f} +- {100 * (ends['test_accuracy_sd'] or 0):.1f} % right"
    if ends["first_cosine"] is not None:
        text += f", its cosine with the exact gradient is {ends['first_cosine']:.3f} at the start and {ends['cosine']:.3f} on average"
    others = [
        f"{_score(comparison.of(label, fraction, noise))} with {'' if fraction == 1 and noise > 0 else f'{100 * fraction:g} % of the values'}{' and ' * (fraction != 1 and noise > 0)}{f'noise of {noise:g} V' if noise > 0 else ''}"
        for fraction in plan.fractions
        for noise in plan.noises
        if (fraction, noise) != (plan.fractions[0], plan.noises[0])
    ]
    return f"{text}{'; ' if others else ''}{', '.join(others)}."


def _score(done: Sequence[Course]) -> str:
    ends = _ends(done)
    if ends["test_accuracy"] is not None:
        return f"{100 * ends['test_accuracy']:.1f} +- {100 * (ends['test_accuracy_sd'] or 0):.1f} % right"
    return f"a cost of {ends['train_error']:.3g}"


def _noise_sentences(comparison: Comparison) -> list[str]:
    found = []
    for label in comparison.methods:
        for sigma in sorted({n.noise for n in comparison.noise}):
            of = [n for n in comparison.noise if n.method == label and n.noise == sigma]
            clean, predicted, measured = (
                np.array([getattr(n, key) for n in of]) for key in ("estimate", "predicted", "measured")
            )
            share = float(np.linalg.norm(predicted) / np.linalg.norm(clean))
            if share < NOTHING:
                found.append(f"Noise of {sigma:g} V on the labels does not bias {label}.")
                continue
            ratio = float(measured @ predicted / (predicted @ predicted))
            found.append(
                f"Noise of {sigma:g} V biases {label} by {100 * share:.2g} % of its estimate; measured {ratio:.3f} of that."
            )
    return found
