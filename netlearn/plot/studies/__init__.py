"""The pictures of studies: a size in inches, and what draws the findings of that study on a figure."""

from collections.abc import Callable
from typing import Any

from netlearn.plot.studies import (
    ablation,
    components,
    cycle,
    drift,
    floor,
    ladder,
    machine,
    mc,
    memory,
    model,
    overclamp,
    schedule,
)
from netlearn.study.findings import Findings

PICTURES: dict[str, tuple[tuple[float, float], Callable[[Any, Findings], None]]] = {
    "ablation": (ablation.SIZE, ablation.draw),
    "components": (components.SIZE, components.draw),
    "cycle": (cycle.SIZE, cycle.draw),
    "drift": (drift.SIZE, drift.draw),
    "floor": (floor.SIZE, floor.draw),
    "ladder": (ladder.SIZE, ladder.draw),
    "machine": (machine.SIZE, machine.draw),
    "mc": (mc.SIZE, mc.draw),
    "memory": (memory.SIZE, memory.draw),
    "model": (model.SIZE, model.draw),
    "overclamp": (overclamp.SIZE, overclamp.draw),
    "schedule": (schedule.SIZE, schedule.draw),
}
