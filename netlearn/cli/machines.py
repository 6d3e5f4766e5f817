"""`netlearn machine` and `netlearn ladder`: a folder that can be gone on with, and what is printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from netlearn import units
from netlearn.cli.progress import telling, working
from netlearn.cli.reading import compiled
from netlearn.errors import TaskError
from netlearn.machine.ladder import ladder, make_climb
from netlearn.machine.subject import Subject, make_subject
from netlearn.machine.sweep import make_sweep, sweep
from netlearn.store import new_folder, write_json
from netlearn.study.findings import Drawer, Findings
from netlearn.study.numbers import MOST
from netlearn.units import Quantity

Find = Callable[[Drawer, Callable[[str, int, int], None]], Findings]


@dataclass(frozen=True)
class Question:
    """What was typed."""

    file: Path
    task: str | None
    seed: int
    steps: int | None
    given: tuple[str, ...]
    allowed: tuple[Path, ...]
    out: Path | None
    quiet: bool

    def subject(self) -> Subject:
        netlist = compiled(self.file, self.allowed, self.quiet, self.given)
        return make_subject(netlist, self.task, self.seed, self.steps, self.allowed)


def climb(question: Question, levels: str) -> tuple[Findings, Path]:
    """`netlearn ladder`."""
    subject = question.subject()
    chosen = make_climb(subject, [level.strip() for level in levels.split(",")], question.steps)
    options = {"levels": list(chosen.levels)}
    found, folder = _kept(question, subject, "ladder", options, partial(ladder, chosen))
    write_json(folder / "ladder.json", found.numbers["levels"])
    return found, folder


def follow(question: Question, backend: str, swept: str | None) -> tuple[Findings, Path]:
    """`netlearn machine`."""
    subject = question.subject()
    name, values = _values(swept) if swept is not None else ("", ())
    steps = question.steps if question.steps is not None else 1000
    asked = make_sweep(subject, steps, backend, name, values)
    options = {"backend": backend, "sweep": swept}
    return _kept(question, subject, "machine", options, partial(sweep, asked))


def _values(text: str) -> tuple[str, tuple[Quantity, ...]]:
    """`c=1nF:1uF:7` (geometric) or `c=1nF,10nF`."""
    help = "write --sweep c=1nF:1uF:7 (first:last:count, in geometric steps) or --sweep c=1nF,10nF"
    name, sign, listed = (part.strip() for part in text.partition("="))
    if not sign or not name.isidentifier():
        raise TaskError(f"--sweep {text}", help)
    try:
        if listed.count(":") == 2:
            first, last, count = listed.split(":")
            low, high = units.parse_signed(first.strip()), units.parse_signed(last.strip())
            if (
                not _is_count(count.strip())
                or not (low.number > 0 and high.number > 0)
                or low.dimension != high.dimension
            ):
                raise TaskError(f"--sweep {text}", help)
            numbers = np.geomspace(low.number, high.number, int(count))
            return name, tuple(Quantity(float(f"{n:.12g}"), low.dimension) for n in numbers)
        return name, tuple(units.parse_signed(one.strip()) for one in listed.split(","))
    except units.UnitFault as fault:
        raise TaskError(f"--sweep {text}: {fault}", fault.help) from None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST


def _kept(
    question: Question, subject: Subject, name: str, options: Mapping[str, Any], find: Find
) -> tuple[Findings, Path]:
    """Have something found, or go on with it, and leave it in a folder."""
    from netlearn.plot.picture import write_picture
    from netlearn.plot.studies import PICTURES

    netlist = subject.netlist
    folder = question.out if question.out is not None else new_folder(Path("runs") / f"{question.file.stem}-{name}")
    asked = {
        "netlist": Path(netlist.source.name).name,
        "text": [netlist.source.text, *(netlist.files[path] for path in sorted(netlist.files))],
        "task": subject.task,
        "seed": subject.seed,
        "steps": question.steps,
        "set": list(question.given),
        **options,
    }
    drawer = Drawer(folder, name, asked)
    with working(drawer):
        with telling(question.quiet) as tell:
            found = find(drawer, tell)
        drawer.keep(found)
        size, draw = PICTURES[name]
        write_picture(folder / f"{name}.svg", size, lambda figure: draw(figure, found))
    return found, folder


def failures(found: Findings) -> list[str]:
    """What did not come out as it should: runs that could not be followed, asserts of the task that fail."""
    failed = [f"could not be followed: {what}" for what in found.numbers.get("failed", ())]
    asserts = found.numbers.get("asserts", {})
    return failed + [
        f"assert {text} on {level}" for level, of in asserts.items() for text, holds in of.items() if not holds
    ]


def told(found: Findings, folder: Path, json_wanted: bool) -> str:
    """What a command prints."""
    if json_wanted:
        return json.dumps({"out": str(folder), **found.numbers})
    return f"{found.text}\n{folder / f'{found.study}.svg'}"
