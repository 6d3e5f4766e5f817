"""A schedule of a netlist: tasks one after the other as it says, states carried over, and all that a phase portrait needs.

Rows are looks: at the beginning, and after every part of a hold. A schedule of few holds is looked at several times a hold,
one of very many only at the ends of some, so that a table has some two thousand rows at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.lang.schedule import Hold, ScheduleSpec
from netlearn.study.cycle import at_limits
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.stand import MOST_STEPS, Stand, Steps

MOST_ROWS, MOST_LOOKS, BLOCK = 2000, 60, 100  # looks: at one hold


@dataclass(frozen=True)
class Stretch:
    """What happens between two looks: holds (or parts of one), the seconds they take, and the task of the last."""

    steps: tuple[Steps, ...]
    seconds: float
    task: str


def stretches(stand: Stand, spec: ScheduleSpec) -> list[Stretch]:
    """The schedule cut at every look."""
    places = {task.spec.name: k for k, task in enumerate(stand.tasks)}
    holds = len(spec.holds) * spec.repeat
    pulses = sum(stand.pulses(stand.rows[places[hold.task]], hold.seconds) for hold in spec.holds)
    if pulses > MOST_STEPS:
        raise TaskError(
            f"the holds of schedule {spec.name} are {pulses} pulses together",
            f"at most {MOST_STEPS} are shown at once: write fewer, and repeat them",
        )
    if holds > MOST_ROWS:
        every = ceil(holds / MOST_ROWS)
        whole = {hold: stand.hold(places[hold.task], hold.seconds) for hold in spec.holds}
        some = [
            [spec.holds[k % len(spec.holds)] for k in range(a, min(a + every, holds))] for a in range(0, holds, every)
        ]
        return [Stretch(tuple(whole[h] for h in part), sum(h.seconds for h in part), part[-1].task) for part in some]
    count = min(MOST_LOOKS, MOST_ROWS // holds)
    one = [part for hold in spec.holds for part in _parts(stand, hold, places[hold.task], count)]
    return one * spec.repeat


def _parts(stand: Stand, hold: Hold, task: int, count: int) -> list[Stretch]:
    steps = stand.hold(task, hold.seconds)
    scale = hold.seconds / float(steps.spans.sum())  # a late switch is no part of the hold
    return [Stretch((some,), scale * float(some.spans.sum()), hold.task) for some in steps.parts(count)]


def study(stand: Stand, spec: ScheduleSpec, drawer: Drawer, tell: Tell) -> Findings:
    """All looks at the first draw."""
    todo = stretches(stand, spec)
    names = [task.spec.name for task in stand.tasks]
    states = stand.start
    rows = [_row(stand, 0.0, todo[0].task, states)]
    blocks = [todo[a : a + BLOCK] for a in range(0, len(todo), BLOCK)]
    for k, block in enumerate(blocks):
        found = drawer.once(f"block-{k}", partial(_block, stand, block, rows[-1][0], states))
        rows += found["rows"]
        states = np.array(found["states"])
        tell(k + 1, len(blocks))
    columns = ("t_s", "task", *(f"mse_{name}_V2" for name in names), *(f"G_{k + 1}" for k in range(len(stand.names))))
    errors = dict(zip(names, rows[-1][2 : 2 + len(names)], strict=True))
    limits = int(at_limits(stand, states)[0])
    numbers = {"seconds": rows[-1][0], "errors_V2": errors, "at_limits": limits, "names": stand.names}
    title = f"{stand.board.circuit.name}: schedule {spec.name}"
    ends = ", ".join(f"{name} {error:.3g} V^2" for name, error in errors.items())
    moved = float(np.linalg.norm(states[0] - stand.start[0]))
    text = (
        f"{title}: {len(spec.holds) * spec.repeat} holds, {rows[-1][0]:.6g} s. At the end the errors are {ends}; the learnable "
        f"values have moved {moved:.3g} V, and {limits} of {len(stand.names)} are at their limits."
    )
    return Findings("schedule", title, {"schedule": Table(columns, rows)}, text, numbers)


def _block(stand: Stand, block: list[Stretch], time: float, states: Floats) -> dict[str, object]:
    rows: list[list[Any]] = []
    for stretch in block:
        for steps in stretch.steps:
            states = stand.learn(states, steps)
        time += stretch.seconds
        rows.append(_row(stand, time, stretch.task, states))
    return {"rows": rows, "states": states.tolist()}


def _row(stand: Stand, time: float, task: str, states: Floats) -> list[Any]:
    return [time, task, *stand.errors(states)[0].tolist(), *states[0].tolist()]
