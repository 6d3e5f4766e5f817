"""`netlearn compare`: its arguments as a plan, progress on standard error, pictures into its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from netlearn.cli.progress import counting
from netlearn.cli.reading import read_text
from netlearn.store import new_folder
from netlearn.study.compare import compare
from netlearn.study.comparison import Comparison, Plan, make_plan
from netlearn.study.entrants import entrants, number
from netlearn.study.room import Subject
from netlearn.study.telling import as_json, paragraph


@dataclass(frozen=True)
class Question:
    """What was typed."""

    file: Path
    methods: str
    task: str | None
    seeds: int
    fractions: str
    noise: str
    steps: int | None
    backend: str
    allowed: tuple[Path, ...]


def plan_of(question: Question) -> Plan:
    """The plan that was typed; TaskError where it is none."""
    text, name = read_text(question.file)
    allowed = tuple(str(path) for path in question.allowed)
    subject = Subject(text, name, allowed, question.task, question.backend)
    named = entrants(question.methods)
    numbers = _numbers("--fractions", question.fractions), _numbers("--noise", question.noise)
    return make_plan(subject, named, question.seeds, *numbers, question.steps)


def _numbers(option: str, text: str) -> list[float]:
    return [number(part.strip(), option) for part in text.split(",")]


def run(question: Question, out: Path | None, quiet: bool) -> tuple[Comparison, Path]:
    """Compare, and leave results and picture in a folder."""
    from netlearn.plot.comparison import draw
    from netlearn.plot.picture import write_picture

    plan = plan_of(question)  # with its rules, before there is a folder
    folder = out if out is not None else new_folder(Path("runs") / f"{question.file.stem}-compare")
    comparison = None
    with counting("trainings", quiet) as tell:
        for found in compare(plan, folder):
            if isinstance(found, Comparison):
                comparison = found
            else:
                tell(found, len(plan.cells))
    assert comparison is not None
    done = comparison
    write_picture(folder / "compare.svg", (10.5, 6.2), lambda figure: draw(figure, done))
    return done, folder


def told(comparison: Comparison, folder: Path, json_wanted: bool) -> str:
    """What the command prints."""
    if json_wanted:
        return json.dumps({"out": str(folder), "cells": len(comparison.courses), **as_json(comparison)})
    return f"{paragraph(comparison)}\n{folder / 'compare.svg'}"
