"""A ring of points in two classes, ever smaller: what standard and overclamped learning make of it (arXiv 2505.22887, fig 5).

The points of a task lie on a circle in the plane of its two inputs; `diameter` scales all about their centre. From the same
starting gates, on the same boards, each mode is shown as many pulses; then

    hinge         mean over the points of (what is missing of the margin)^2, in V^2
    error         part of the ring's points whose output is nearer to the other class's label
    grid error    the same of a 5 x 5 grid over the square about the ring, its classes divided by the line through the
                  centre that divides the ring's (points on the line are left out)
    learning time for which the learning switch was on until nothing was missed, or in all
    moving        by how much per second of pulses the gates still move at the end, |dG| over all of them, in V/s

The switch is on for all pulses of the standard rule. Where an overclamped rule shares a pulse among N points, N pulses'
time goes by for each of its steps, so that its switch is on for a part 1/N of the time at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.learn.losses import Hinge
from netlearn.solve.lesson import SHARED
from netlearn.study.cycle import at_limits
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.modes import OVERCLAMPED, STANDARD, coarser, duty, modes
from netlearn.study.stand import Stand

ROUND = 1e-3  # part of its radius by which a point of a ring may be off the circle
PARTS = (1.0, 0.8, 0.6, 0.4, 0.2)  # of the ring's own diameter
LOOK = 0.02  # s of learning between two looks at whether something is missed
LAST = 0.25  # s of learning over which gates are watched at the end
GRID, MAP = 5, 21  # points along a side
COLUMNS = (
    "diameter_V", "mode", "hinge_V2", "error", "gates_at_limit", "learning_time_s", "grid_error", "gates_at_ceiling",
    "moving_V_s", "solved",
)  # fmt: skip
FOUND = COLUMNS[2:]


@dataclass(frozen=True)
class Ring:
    """centre (2,) and diameter in V."""

    centre: Floats
    diameter: float


@dataclass(frozen=True)
class Course:
    """Where a mode ends: states (D, S), learning time (D,) in s."""

    states: Floats
    seconds: Floats


def ring_of(stand: Stand) -> Ring | None:
    """The circle on which the samples of all tasks lie; None where they do not, or are no two classes of a hinge."""
    inputs, outputs = stand.task.inputs, stand.task.labels.shape[1]
    if not isinstance(stand.task.loss, Hinge) or outputs != 1 or inputs.shape[1] != 2 or len(stand.task.known) != 2:
        return None
    centre = inputs[stand.rows[0]].mean(axis=0)
    radii = np.linalg.norm(inputs - centre, axis=1)
    if len(stand.rows[0]) < 3 or np.abs(radii - radii[0]).max() > ROUND * radii[0]:
        return None
    return Ring(centre, 2.0 * float(radii[0]))


def scaled(stand: Stand, ring: Ring, diameter: float) -> Stand:
    """The same with rings of another diameter."""
    return stand.shown(ring.centre + diameter / ring.diameter * (stand.task.inputs - ring.centre))


def course(stand: Stand, task: int, seconds: float) -> Course:
    """What a task that is held for so many seconds of pulses makes of the starting states, all draws beside each other;
    it ends as soon as nothing is missed, where the switch is off then."""
    rows, method, states = stand.rows[task], stand.method, stand.start
    whole = seconds / len(rows) if method.switch == SHARED else seconds
    before = duty(method, stand.missed(states)[:, rows])
    on, left = np.zeros(len(states)), whole
    while left > 1e-9 and before.any():
        span = min(LOOK, left) if not _always(stand) else left
        states, left = stand.learn(states, stand.hold(task, span)), left - span
        after = duty(method, stand.missed(states)[:, rows])
        on += span * (before if method.switch == SHARED else 0.5 * (before + after))
        before = after
    return Course(states, on)


def _always(stand: Stand) -> bool:
    """Whether the switch is on with nothing missed as well."""
    return bool(stand.method.times(np.zeros(1), 1.0)[0] > 0.0)


def judged(stand: Stand, ring: Ring, task: int, diameter: float, found: Course) -> dict[str, list[float]]:
    """FOUND of each draw."""
    rows, plan, states = stand.rows[task], stand.board.plan, found.states
    missed = stand.missed(states)[:, rows]
    right = _right(stand, stand.outputs(states)[:, rows], stand.task.labels[rows])
    inputs, labels = _grid(stand, ring, task, diameter)
    known = _right(stand, outputs_at(stand, states, inputs), labels)
    moved = np.linalg.norm(stand.learn(states, stand.hold(task, LAST)) - states, axis=1)
    near = 1e-6 * np.where(np.isfinite(plan.high - plan.low), plan.high - plan.low, 1.0)
    values = (
        (missed**2).mean(axis=1),
        1.0 - right.mean(axis=1),
        at_limits(stand, states).astype(float),
        found.seconds,
        1.0 - known.mean(axis=1),
        (plan.free & (states >= plan.high - near)).sum(axis=1).astype(float),
        moved / LAST,
        (missed.max(axis=1) == 0.0).astype(float),
    )
    return {name: of.tolist() for name, of in zip(FOUND, values, strict=True)}


def _right(stand: Stand, outputs: Floats, labels: Floats) -> Any:
    """Whether each sample of each draw is nearer to its own label, (D, N)."""
    return np.stack([stand.task.loss.right(of, labels, stand.task.known) for of in outputs])


def outputs_at(stand: Stand, states: Floats, inputs: Floats) -> Floats:
    """Outputs (D, K, 1) at other inputs (K, 2)."""
    return stand.shown(inputs).outputs(states)


def _grid(stand: Stand, ring: Ring, task: int, diameter: float) -> tuple[Floats, Floats]:
    """Inputs (K, 2) of the test grid and their labels (K, 1)."""
    rows, known = stand.rows[task], stand.task.known
    high = stand.task.labels[rows, 0] == known.max()
    points = stand.task.inputs[rows]
    across = points[high].mean(axis=0) - points[~high].mean(axis=0)
    inputs = square(ring, diameter, GRID)
    side = (inputs - ring.centre) @ across / (np.linalg.norm(across) * diameter)
    clear = np.abs(side) > 1e-6
    return inputs[clear], np.where(side[clear, None] > 0, known.max(), known.min())


def square(ring: Ring, diameter: float, points: int) -> Floats:
    """A grid (points^2, 2) over the square about a ring, the first input slow."""
    along = np.linspace(-0.5 * diameter, 0.5 * diameter, points)
    return np.asarray(ring.centre + np.stack(np.meshgrid(along, along, indexing="ij"), axis=-1).reshape(-1, 2))


def study(
    stand: Stand, ring: Ring, diameters: Sequence[float], seconds: float, at_once: float, drawer: Drawer, tell: Tell
) -> Findings:
    """Both modes for each diameter, and maps of what they make of the first ring."""
    rules = {mode: coarser(rule, at_once) for mode, rule in modes(stand).items() if mode in (STANDARD, OVERCLAMPED)}
    rows, draws = [], []
    parts = [(diameter, mode) for diameter in diameters for mode in rules]
    for k, (diameter, mode) in enumerate(parts):
        on = scaled(stand, ring, diameter).taught(rules[mode])
        found = drawer.once(f"{mode}-{diameter:.12g}", partial(_one, on, ring, diameter, seconds))
        rows.append((diameter, mode, *(_middle(found, name) for name in FOUND)))
        for task, of in zip(stand.tasks, found, strict=True):
            for d, seed in enumerate(stand.seeds):
                draws.append((seed, task.spec.name, diameter, mode, *(of[name][d] for name in FOUND)))
        tell(k + 1, len(parts) + 1)
    maps = drawer.once("maps", partial(_maps, stand, ring, rules, diameters[0], seconds))
    tell(len(parts) + 1, len(parts) + 1)
    tables = {
        "overclamp": Table(COLUMNS, rows),
        "draws": Table(("seed", "labelling", *COLUMNS), draws),
        "maps": Table(("V1_V", "V2_V", "before_V", STANDARD + "_V", OVERCLAMPED + "_V"), maps),
        "points": Table(("V1_V", "V2_V", "label_V"), _points(stand, ring, diameters[0])),
    }
    title = f"{stand.board.circuit.name}: a ring of {len(stand.rows[0])} points"
    numbers = {"seconds": seconds, "draws": len(stand.seeds), "labellings": len(stand.tasks)}
    return Findings("overclamp", title, tables, _text(title, tables["overclamp"], numbers), numbers)


def _one(stand: Stand, ring: Ring, diameter: float, seconds: float) -> list[dict[str, list[float]]]:
    """FOUND of each draw, for each labelling."""
    return [judged(stand, ring, k, diameter, course(stand, k, seconds)) for k in range(len(stand.tasks))]


def _middle(found: Sequence[dict[str, list[float]]], name: str) -> float:
    """The median over draws and labellings; of what is solved the part."""
    values = np.concatenate([of[name] for of in found])
    return float(values.mean() if name == "solved" else np.median(values))


def _maps(stand: Stand, ring: Ring, rules: Any, diameter: float, seconds: float) -> list[list[float]]:
    """Inputs on a grid and outputs there of the first draw, before and after learning the first labelling."""
    one = scaled(stand.first(1), ring, diameter)
    inputs = square(ring, 1.2 * diameter, MAP)
    ends = [one.start, *(course(one.taught(rule), 0, seconds).states for rule in rules.values())]
    table: list[list[float]] = np.column_stack([inputs, *(outputs_at(one, g, inputs)[0, :, 0] for g in ends)]).tolist()
    return table


def _points(stand: Stand, ring: Ring, diameter: float) -> list[list[float]]:
    rows = stand.rows[0]
    table: list[list[float]] = np.column_stack(
        [scaled(stand, ring, diameter).task.inputs[rows], stand.task.labels[rows]]
    ).tolist()
    return table


def _text(title: str, table: Table, numbers: dict[str, Any]) -> str:
    pairs = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    words = [
        f"{title}, on {numbers['draws']} boards and with {numbers['labellings']} labellings (medians over both); "
        f"each mode is shown {numbers['seconds']:g} s of pulses."
    ]
    for plain, over in list(pairwise(pairs))[::2]:
        words.append(
            f"At {1e3 * plain['diameter_V']:.0f} mV standard learning leaves a hinge of {1e6 * plain['hinge_V2']:.3g} mV^2, "
            f"{100 * plain['error']:.3g} % of the points wrong and {plain['gates_at_ceiling']:g} gates at the ceiling; "
            f"overclamped {1e6 * over['hinge_V2']:.3g} mV^2, {100 * over['error']:.3g} % and "
            f"{over['gates_at_ceiling']:g} gates, in {over['learning_time_s']:.3g} s of learning, all points solved in "
            f"{100 * over['solved']:.0f} % of the runs, gates "
            + (f"moving at {over['moving_V_s']:.2g} V/s." if over["moving_V_s"] else "at rest.")
        )
    return " ".join(words)
