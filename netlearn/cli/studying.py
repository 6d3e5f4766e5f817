"""`netlearn study`: what all studies share: a netlist on a stand, a folder, progress, a picture, what is printed."""

from __future__ import annotations

import json
import math
from pathlib import Path

from netlearn.cli.progress import counting, working
from netlearn.cli.reading import read_text
from netlearn.cli.study import Asked, Question
from netlearn.errors import TaskError
from netlearn.lang.compile import Netlist, compile_netlist
from netlearn.lang.schedule import ScheduleSpec
from netlearn.store import new_folder
from netlearn.study.findings import Drawer, Findings
from netlearn.study.stand import stand

MOST_DRAWS = 1_000_000


def run(question: Question, name: str, asked: Asked, out: Path | None, quiet: bool) -> tuple[Findings, Path]:
    """Do a study and leave all it found in a folder."""
    from netlearn.plot.picture import write_picture
    from netlearn.plot.studies import PICTURES

    netlist = question.netlist
    if not 1 <= question.draws <= MOST_DRAWS:
        raise TaskError(f"{question.draws} draws", f"give --draws a number from 1 to {MOST_DRAWS}")
    if question.seed < 0:
        raise TaskError(f"seed {question.seed}", "a seed is not negative")
    if not math.isfinite(question.bias):
        raise TaskError(f"a bias {question.bias:g} times that of the netlist", "give --bias a finite number")
    seeds = tuple(range(question.seed, question.seed + question.draws))
    names = names_of(netlist, asked.tasks or question.tasks)
    on = stand(netlist, names, seeds, question.backend).biased(question.bias)
    try:
        folder = out if out is not None else new_folder(Path("runs") / f"{question.stem}-{name}")
        every = {
            "netlist": Path(netlist.source.name).name,
            "text": [netlist.source.text, *(netlist.files[file] for file in sorted(netlist.files))],
            "tasks": [task.spec.name for task in on.tasks],
            "bias": question.bias,
            "seed": question.seed,
            "draws": question.draws,
            "backend": question.backend,
            **asked.options,
        }
        drawer = Drawer(folder, name, every)
        with working(drawer):
            with counting(name, quiet) as tell:
                found = asked.study(on, drawer, tell)
            drawer.keep(found)
            size, draw = PICTURES[name]
            write_picture(folder / f"{name}.svg", size, lambda figure: draw(figure, found))
    finally:
        on.trainer.backend.close()
    return found, folder


def netlist_of(file: Path, allowed: tuple[Path, ...]) -> Netlist:
    """A netlist, checked."""
    text, path = read_text(file)
    return compile_netlist(text, path, Path(path).parent, allowed)


def schedule_of(netlist: Netlist, typed: str | None) -> ScheduleSpec:
    """The schedule that was named, else the only one."""
    known = netlist.schedules
    if not known:
        raise TaskError("this netlist has no schedule", "write schedule name { alternate alpha, beta every 20ms }")
    if typed is None and len(known) > 1:
        raise TaskError(f"this netlist has {len(known)} schedules", f"choose one with --schedule: {', '.join(known)}")
    name = next(iter(known)) if typed is None else typed
    if name not in known:
        raise TaskError(f"there is no schedule '{name}'", f"known: {', '.join(known)}")
    return known[name]


def names_of(netlist: Netlist, typed: str | None) -> list[str]:
    """The tasks that were named, else those of the first schedule, else all with the rule of the first one."""
    if typed is not None:
        names = [name.strip() for name in typed.split(",")]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise TaskError(f"task {twice[0]} is named twice", "name each once: --tasks alpha,beta")
        return names
    for schedule in netlist.schedules.values():
        return list(dict.fromkeys(hold.task for hold in schedule.holds))
    if not netlist.tasks:
        raise TaskError("this netlist has no task", "write task name on Circuit { data ... -> ... }")
    first = next(iter(netlist.tasks.values()))
    return [
        n for n, spec in netlist.tasks.items() if (spec.rule.name, spec.circuit) == (first.rule.name, first.circuit)
    ]


def told(found: Findings, folder: Path, json_wanted: bool) -> str:
    """What a study prints."""
    if json_wanted:
        return json.dumps({"out": str(folder), "study": found.study, **found.numbers})
    return f"{found.text}\n{folder / f'{found.study}.svg'}"
