"""One task held alone on a biased board: it relaxes to its solutions, then drifts along them until a gate meets its limit.

With a well M round the task's solutions and a bias B (`netlearn.study.linear`) the outputs' errors e relax with the rates of M,

    e(t) = p + q t + a exp(-lambda t)            q = 0 where the task has one solution only

and the values drift at the projection of B on the directions that the task does not feel. lambda is found by least squares of
this in e, over the time in which only the slowest rate is left; the drift as the way between the end of relaxation and the first
limit. On a network of two edges the solutions of one sample are a line, G_2 = slope G_1 + offset (V), by least squares along
the drift: where a task has several samples each is held alone as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.errors import TaskError
from netlearn.study.cycle import at_limits
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.linear import Held, Well
from netlearn.study.measured import LINES
from netlearn.study.stand import Stand, Steps
from netlearn.study.wells import Site, errors, rest, rests, site, update, well

RELAXED = 7.0  # e-foldings after which nothing of a start is left
AMID = 2.5  # e-foldings, in the middle of what the rate is told from
POINTS = 150  # of each of three time scales
LEAST = 1e-3  # V of drift that make a line
NOTHING = float("nan")


def held(site: Site, task: int, begin: Well) -> Held:
    """What a task held alone from its place of rest has come to: its drift, once nothing else is left, and its well there.

    TaskError where a gate meets its limit before.
    """
    stand, rows, name = site.stand, site.stand.rows[task], site.stand.tasks[task].spec.name
    if begin.slowest <= 0:
        raise TaskError(
            f"task {name} does not act on any learnable value", "give it samples that the network can get wrong"
        )
    first = stand.learn(site.states(begin.rest[None, :]), stand.show(rows, RELAXED / begin.slowest))
    last = stand.learn(first, stand.show(rows, 1.0 / begin.slowest))
    if at_limits(stand, last)[0]:
        raise TaskError(
            f"a gate meets its limit before the drift of task {name} can be told",
            "give a smaller --bias, or wider bounds",
        )
    place = 0.5 * (first + last)[0, site.free]
    velocity = (last - first)[0, site.free] * begin.slowest
    if begin.has_flat:
        return Held(place, velocity, well(site, rows, rest(site, rows, place)))
    mean = 0.5 * (begin.matrix - update(site, rows, place)[1])  # along the way between the two places
    return Held(place, velocity, Well(mean, begin.rest))


@dataclass(frozen=True)
class Way:
    """Times (K,) in s and the values (K, n) in V that learn; how many of those points come before a limit is met."""

    times: Floats
    values: Floats
    clear: int


def way(site: Site, rows: Ints, seconds: float, start: Floats, scales: Sequence[float]) -> Way:
    """Samples held alone from values (n,), recorded on time scales (s) besides that of the whole."""
    stand, size = site.stand, len(rows)
    steps = stand.show(rows, seconds)
    ends = np.concatenate([[0.0], np.cumsum(steps.spans)])
    wanted = np.concatenate([np.linspace(0.0, min(scale, seconds), POINTS) for scale in (*scales, seconds)])
    cuts = np.unique(np.round(np.searchsorted(ends, wanted - 1e-12) / size).astype(int) * size)
    cuts = np.unique(np.clip(cuts, 0, len(steps.spans)))
    states = [site.states(start[None, :])]
    for a, b in pairwise(cuts.tolist()):
        states.append(stand.learn(states[-1], Steps(steps.rows[a:b], steps.spans[a:b])))
    found = np.concatenate(states)
    limited = np.flatnonzero(at_limits(stand, found))
    return Way(ends[cuts], found[:, site.free], int(limited[0]) if len(limited) else len(cuts))


def limit(site: Site, rows: Ints, along: Way) -> tuple[float, Floats] | None:
    """When (s) a gate first meets its limit, to a pulse, and at what values (n,); None where none does."""
    if along.clear == len(along.times):
        return None
    if along.clear == 0:
        return 0.0, along.values[0]
    stand, time = site.stand, float(along.times[along.clear - 1])
    states = site.states(along.values[along.clear - 1 : along.clear])
    steps = stand.show(rows, float(along.times[along.clear]) - time)
    for k in range(len(steps.spans)):
        states = stand.learn(states, Steps(steps.rows[k : k + 1], steps.spans[k : k + 1]))
        time += float(steps.spans[k])
        if at_limits(stand, states)[0]:
            break
    return time, states[0, site.free]


def relaxation(times: Floats, misses: Floats, expected: float, drifts: bool) -> float:
    """lambda (1/s) of misses (K, m) over times (K,), looked for round what is expected; NaN where nothing relaxes."""
    from scipy.optimize import minimize_scalar

    if len(times) < 8 or np.abs(misses - misses[-1]).max() < 1e-9:
        return NOTHING

    def left(exponent: float) -> float:
        columns = [np.ones_like(times), np.exp(-np.exp(exponent) * (times - times[0]))]
        basis = np.column_stack([*columns, times] if drifts else columns)
        return float(((misses - basis @ np.linalg.lstsq(basis, misses, rcond=None)[0]) ** 2).sum() / (misses**2).sum())

    around = float(np.log(expected))
    found = minimize_scalar(left, bounds=(around - 1.5, around + 1.5), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def drift(site: Site, rows: Ints, seconds: float, start: Floats) -> dict[str, Any]:
    """All that is told of samples held alone from values (n,), as JSON."""
    begin = well(site, rows, rest(site, rows, start))
    slowest = begin.slowest or 1.0 / seconds
    along = way(site, rows, seconds, start, (RELAXED / max(begin.rates[0], slowest), RELAXED / slowest))
    met = limit(site, rows, along)
    end = met[0] if met else seconds
    settled = along.values[np.searchsorted(along.times, min(AMID / slowest, 0.5 * end))]
    here = well(site, rows, rest(site, rows, settled))
    if not here.has_flat:
        here = well(site, rows, along.values[-1])  # it rests where the bias has moved it to
    slow = here.slowest or slowest
    others = here.rates[here.rates > 1.001 * slow]
    first = max(1.0 / slow, 4.0 / others[-1] if len(others) else 0.0)
    clear = np.arange(len(along.times)) < along.clear
    chosen = clear & (along.times >= first) & (along.times <= RELAXED / slow)
    outputs = len(rows) * len(site.engine.circuit.outputs)
    misses = np.array([errors(site, rows, values)[0] for values in along.values[chosen]]).reshape(-1, outputs)
    rate = relaxation(along.times[chosen], misses, slow, here.has_flat)
    gone = np.flatnonzero(clear & (along.times >= RELAXED / slow))
    velocity = np.full(len(start), NOTHING)
    line = (NOTHING, NOTHING)
    if len(gone) >= 3:
        a, b = gone[0], gone[-1]
        velocity = (along.values[b] - along.values[a]) / (along.times[b] - along.times[a])
        if len(start) == 2 and np.ptp(along.values[gone], axis=0).max() > LEAST and here.has_flat:
            line = straight(*along.values[gone].T)
    given = site.stand.board.flaws.drift[0, site.free]
    return {
        "way": np.column_stack([along.times, along.values]).tolist(),
        "rates": here.rates.tolist(),
        "relaxation": _real(rate),
        "expected": slow,
        "rest": here.rest.tolist(),
        "velocity": [_real(v) for v in velocity],
        "speed": _real(float(np.linalg.norm(velocity))),
        "projection": float(np.linalg.norm(here.flat @ given)),
        "limit": None if met is None else {"t_s": met[0], "G": met[1].tolist()},
        "line": [_real(v) for v in line],
    }


def straight(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope and offset of the line through most points (K,): by least squares, twice more without those that lie off it,
    for solutions bend where an edge ceases to conduct."""
    for _ in range(3):
        slope, offset = np.polyfit(x, y, 1).tolist()
        off = np.abs(y - slope * x - offset)
        x, y = x[off <= 2.0 * np.median(off) + 1e-9], y[off <= 2.0 * np.median(off) + 1e-9]
    return slope, offset


def _real(value: float) -> float | None:
    """As JSON has it."""
    return float(value) if np.isfinite(value) else None


def study(stand: Stand, seconds: float, solution: bool, stem: str, drawer: Drawer, tell: Tell) -> Findings:
    """Each task, and on two edges each sample of one that has several, held alone for so long; from the joint solution
    where that is wanted, else from the netlist's start."""
    if seconds < stand.method.pulse:
        raise TaskError(f"{seconds:g} s are less than a pulse of {stand.method.pulse:g} s", "give --seconds more")
    on = site(stand)
    start = rests(on)[0][0] if solution else stand.start[0, on.free]
    subjects = {task.spec.name: rows for task, rows in zip(stand.tasks, stand.rows, strict=True)}
    two = len(on.free) == 2
    for task, rows in zip(stand.tasks, stand.rows, strict=True):
        if two and len(rows) > 1:
            subjects.update({f"{task.spec.name}_{k + 1}": rows[k : k + 1] for k in range(len(rows))})
    found: dict[str, dict[str, Any]] = {}
    for k, (name, rows) in enumerate(subjects.items()):
        found[name] = drawer.once(f"drift-{name}", partial(drift, on, rows, seconds, start))
        tell(k + 1, len(subjects))
    columns = ("t_s", *(f"G_{k + 1}" for k in range(len(on.free))))
    tables = {f"drift_{name}": Table(columns, one["way"]) for name, one in found.items()}
    lines = [(name, *one["line"]) for name, one in found.items() if one["line"][0] is not None]
    if two:
        tables["lines"] = Table(("task", "slope", "offset_V"), lines)
    numbers = {name: {key: value for key, value in one.items() if key != "way"} for name, one in found.items()}
    title = f"{stand.board.circuit.name}: {', '.join(task.spec.name for task in stand.tasks)} held alone"
    return Findings("drift", title, tables, _text(title, seconds, found, LINES.get(stem, {})), numbers)


def _text(
    title: str, seconds: float, found: Mapping[str, dict[str, Any]], lines: Mapping[str, tuple[float, float]]
) -> str:
    words = [f"{title}, for {seconds:g} s each."]
    for name, one in found.items():
        said = [f"{name}: the eigenvalues of M are {listed_rates(one['rates'])} 1/s"]
        if one["relaxation"] is not None:
            said.append(f"the slowest relaxation is {one['relaxation']:.3g} 1/s ({one['expected']:.3g} from M)")
        if one["speed"] is not None:
            said.append(
                f"then it moves at {one['speed']:.3g} V/s ({one['projection']:.3g}: the projection of the bias)"
            )
        if one["limit"] is not None:
            at = ", ".join(f"{v:.3f}" for v in one["limit"]["G"])
            said.append(f"a gate meets its limit after {one['limit']['t_s']:.3g} s, at ({at}) V")
        if one["line"][0] is not None:
            said.append(_line(*one["line"]) + (f" (measured: {_line(*lines[name])})" if name in lines else ""))
        words.append("; ".join(said) + ".")
    return " ".join(words)


def listed_rates(rates: Sequence[float]) -> str:
    """The first few, with what is rounding as zero."""
    shown = ", ".join("0" if abs(rate) < 1e-6 else f"{rate:.3g}" for rate in rates[:6])
    return shown + (", ..." if len(rates) > 6 else "")


def _line(slope: float, offset: float) -> str:
    return f"G_2 = {slope:.4f} G_1 {'+' if offset >= 0 else '-'} {abs(offset):.4f} V"
