"""`netlearn ladder`: the levels side by side, and which effect accounts for the gaps between them.

An effect is something that is not ideal: an imperfection of the task, or a parameter for which the circuit says what would
be ideal (`ideal offset = 0V`). It is switched off alone, all else as it is, and the level learned anew: what its error
changes by is what the effect accounts for. L1 is done again by the native engine; a machine as well, on which it is first
followed as it is: where both engines agree on that, the native one may speak for the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from netlearn.errors import TaskError
from netlearn.machine.drive import make_machine
from netlearn.machine.levels import Course, Rung, inside, network, outside
from netlearn.machine.run import damped
from netlearn.machine.subject import Subject
from netlearn.study.findings import Drawer, Findings, Table, restored
from netlearn.units import Quantity, engineering

LEVELS = ("L0", "L1", "L2", "L3")


@dataclass(frozen=True)
class Effect:
    """Something that is not ideal: number of an imperfection, or a parameter and its ideal value."""

    name: str
    imperfection: int | None = None
    setting: tuple[str, Quantity] | None = None


@dataclass(frozen=True)
class Climb:
    """What is compared: a subject on some levels; without `steps` as many samples as L0 needs."""

    subject: Subject
    levels: tuple[str, ...]
    steps: int | None


def make_climb(subject: Subject, levels: Sequence[str], steps: int | None) -> Climb:
    """TaskError where there is no such level, nobody says when to stop, or L3 is wanted of what is no machine."""
    for level in levels:
        if level not in LEVELS:
            raise TaskError(f"there is no level '{level}'", f"levels are {', '.join(LEVELS)}")
    here = subject.rung({})
    if steps is None and here.spec.stop is None:
        raise TaskError(f"task {subject.task} has no stop rule", "write stop steps > 1000, or give --steps")
    if "L3" in levels:
        make_machine(here.written, here.circuit, here.task(()))
    return Climb(subject, tuple(level for level in LEVELS if level in levels), steps)


def ladder(climb: Climb, drawer: Drawer, tell: Callable[[str, int, int], None]) -> Findings:
    """All levels that are wanted, and their effects. `tell`: told which part is how far."""
    here = climb.subject.rung({})
    ideals = {name: value for name, value in here.written.ideals.items() if here.written.settings[name] != value}
    best = climb.subject.rung(ideals)
    imperfections = range(len(here.spec.imperfections))
    steps = climb.steps
    courses: dict[str, Course] = {}

    def outside_once(name: str, level: str, rung: Rung, backend: str, kept: Sequence[int]) -> Course:
        found = drawer.once(name, lambda: asdict(outside(level, rung, backend, steps, kept)))
        tell(name, 1, 1)
        return restored(Course, found)

    def inside_once(name: str, rung: Rung, backend: str, steps: int) -> Course:
        kept, told = drawer.under(name), partial(tell, name)
        found = drawer.once(name, lambda: asdict(inside("L3", rung, backend, steps, kept, told)))
        return restored(Course, found)

    if "L0" in climb.levels or steps is None:
        courses["L0"] = outside_once("L0", "L0", network(best), "native", ())
        steps = steps or courses["L0"].steps
    if "L1" in climb.levels:
        courses["L1"] = outside_once("L1", "L1", network(here), "native", imperfections)
    if "L2" in climb.levels:
        courses["L2"] = outside_once("L2", "L2", here, "ngspice", imperfections)
    if "L3" in climb.levels:
        courses["L3"] = inside_once("L3", here, "ngspice", steps)
    effects = [Effect(f"imperfection {here.spec.imperfections[k].name}", k) for k in imperfections]
    effects += [Effect(name, None, (name, value)) for name, value in ideals.items()]
    rows: list[tuple[str, str, float, float]] = []
    for effect in effects:
        settings = dict([effect.setting]) if effect.setting else {}
        rung = climb.subject.rung(settings) if settings else here
        if "L1" in courses:
            others = [k for k in imperfections if k != effect.imperfection]
            without = outside_once(f"L1_without_{_file(effect)}", "L1", network(rung), "native", others)
            one, two = (np.array(course.states)[here.circuit.free_states] for course in (without, courses["L1"]))
            if not np.array_equal(one, two):  # else it has no part in this level
                rows.append(("L1", effect.name, courses["L1"].error, without.error))
        if "L3" in courses and settings:
            as_it_is = inside_once("L3_native", here, "native", steps)
            without = inside_once(f"L3_without_{_file(effect)}", rung, "native", steps)
            rows.append(("L3", effect.name, as_it_is.error, without.error))
            courses["L3 native"] = as_it_is
    return _findings(climb, here, courses, rows)


def _file(effect: Effect) -> str:
    number = "" if effect.imperfection is None else f"_{effect.imperfection}"
    return effect.name.replace(" ", "_") + number


def _findings(climb: Climb, rung: Rung, courses: Mapping[str, Course], rows: Sequence[tuple[Any, ...]]) -> Findings:
    levels = {name: course for name, course in courses.items() if name in LEVELS}
    curve = Table(("level", "steps", "mse_V2"), [(name, int(n), e) for name, c in courses.items() for n, e in c.curve])
    columns = ("level", "backend", "steps", "initial_mse_V2", "mse_V2", "seconds", "settled", "nodes", "elements")
    table = Table(
        columns,
        [
            (n, c.backend, c.steps, c.curve[0][1], c.error, c.seconds, c.settled, c.nodes, c.elements)
            for n, c in courses.items()
        ],
    )
    states = Table(
        ("state", *levels),
        [(rung.circuit.states[k].name, *(c.states[k] for c in levels.values())) for k in rung.circuit.free_states],
    )
    effects = Table(("level", "effect", "mse_V2", "mse_without_V2"), list(rows))
    numbers: dict[str, Any] = {
        "levels": [
            {
                "level": name,
                "initial_error": _known(c.curve[0][1]),
                "error": _known(c.error),
                "steps": c.steps,
                "seconds": round(c.seconds, 3),
                "settled": c.settled,
            }
            for name, c in levels.items()
        ]
    }
    if failed := {name: course.failed for name, course in courses.items() if course.failed}:
        numbers["failed"] = failed
    if asserts := {name: dict(course.asserts) for name, course in levels.items() if course.asserts}:
        numbers["asserts"] = asserts
    if "L3" in courses and courses["L3"].measured:
        numbers["machine"] = {**courses["L3"].measured, "nodes": courses["L3"].nodes}
    if {"L3", "L3 native"} <= courses.keys():
        apart = np.abs(np.array(courses["L3"].states) - np.array(courses["L3 native"].states)).max()
        numbers["engines_apart"] = float(apart)
    title = f"{rung.written.name}, task {climb.subject.task}, seed {climb.subject.seed}"
    return Findings(
        "ladder",
        title,
        {"curve": curve, "levels": table, "states": states, "effects": effects},
        _told(courses, rows, numbers),
        numbers,
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _told(courses: Mapping[str, Course], rows: Sequence[tuple[Any, ...]], numbers: Mapping[str, Any]) -> str:
    parts = []
    for name, course in courses.items():
        start, end = (1e3 * math.sqrt(e) for e in (course.curve[0][1], course.error))
        each = 1e3 * course.seconds / max(1, course.steps)
        parts.append(
            f"{name} ({course.backend}, {course.nodes} nodes): {start:.3g} to {end:.3g} mV rms in {course.steps} steps of "
            f"{each:.3g} ms" + (f"; it could not be followed further: {course.failed}" if course.failed else "")
        )
    text = ". ".join(parts) + "."
    if measured := numbers.get("machine"):
        text += (
            f"\n\nThe machine has {measured['nodes']} nodes; at the end its sources deliver {engineering(measured['power_W'], 'W')}; learning "
            f"edges take {engineering(measured['edges_W'], 'W')}, {engineering(measured['edge_J'], 'J')} an edge and sample of "
            f"{engineering(measured['every_s'], 's')} (behavioural cells draw nothing from a supply)."
            + damped(measured["damped"], measured["stretches"])
        )
    if "engines_apart" in numbers:
        text += (
            f" Followed by the native engine it ends with states that differ by {numbers['engines_apart']:.2g} at most."
        )
    for level, effect, error, without in rows:
        with_mv, without_mv = (1e3 * math.sqrt(e) for e in (error, without))
        text += f"\n\n{level} without {effect}: {without_mv:.3g} mV instead of {with_mv:.3g} mV rms."
    return text
