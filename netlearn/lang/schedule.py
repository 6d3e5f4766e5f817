"""`schedule` blocks: which tasks a network learns, one after the other, and for how long each is held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from netlearn.lang.evaluate import Evaluator
from netlearn.lang.task import TaskSpec
from netlearn.lang.values import Fault, Piece, suggest

MOST = 10_000_000


@dataclass(frozen=True)
class Hold:
    """A task that is held for so many seconds."""

    task: str
    seconds: float


@dataclass(frozen=True)
class ScheduleSpec:
    """A checked schedule: `holds` one after the other, all of it `repeat` times."""

    name: str
    holds: tuple[Hold, ...]
    repeat: int


def read_schedule(tree: Piece, tasks: Mapping[str, TaskSpec]) -> ScheduleSpec:
    """Fault where a task is none, two of them are on different circuits, or a time is no time."""
    evaluate = Evaluator({})
    holds: list[Hold] = []
    repeat = None
    for statement in tree.children[1:]:
        if statement.data == "repeat":
            if repeat is not None:
                raise Fault("a second 'repeat' in one schedule", statement, "a schedule has one")
            repeat = evaluate.integer(statement.children[0], "the number of times", 1, MOST)
            continue
        *names, time = statement.children
        for name in names:
            if str(name) not in tasks:
                known = f"known: {', '.join(tasks) or 'none'}"
                raise Fault(f"there is no task '{name}' before this schedule", name, suggest(str(name), tasks) or known)
        if statement.data == "alternate":
            period = evaluate.seconds(time, "a period", "write every 20ms")
            holds += [Hold(str(name), period / len(names)) for name in names]
        else:
            holds.append(Hold(str(names[0]), evaluate.seconds(time, "how long a task is held", "write for 10ms")))
    if not holds:
        raise Fault("a schedule holds at least one task", tree.children[0], "write alternate alpha, beta every 20ms")
    for one, two in pairwise(dict.fromkeys(hold.task for hold in holds)):
        if tasks[one].circuit != tasks[two].circuit:
            raise Fault(f"tasks {one} and {two} are on different circuits", tree.children[0], "schedule one circuit")
    if len(holds) * (repeat or 1) > MOST:
        raise Fault(f"{len(holds) * (repeat or 1)} holds", tree.children[0], f"a schedule has at most {MOST} of them")
    return ScheduleSpec(str(tree.children[0]), tuple(holds), repeat or 1)
