"""Memory: what becomes of a task that was learned while another one is held, and of gates while the outputs stay.

The first task is learned until its error no longer falls. Then the second is held: an ideal network moves as far as that
task asks of it and stops, a biased one drifts along that task's solutions, and forgets the first task on the way, until its
gates are at their limits.

And in the cycle of both tasks gates go a long way round while the outputs hardly change: representational drift,

    gates    rms over the learnable values of G(end of the first task) - G(its beginning)
    outputs  rms over all samples and outputs of the same difference
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.study.cycle import CHUNK, steady_cycle
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.stand import Stand

LOOK = 0.02  # s of learning between two looks at an error that should fall
FALLING, PATIENCE = 0.99, 5  # an error that has not fallen by a hundredth in so many looks no longer falls
LONGEST = 30.0  # s of learning of the first task
POINTS, FIRST = 40, 1e-3  # looks at the second, from the first one (s) on in geometric steps
COLUMNS = ("t_s", "mse_first_V2", "mse_second_V2", "moved_V")


@dataclass(frozen=True)
class Fading:
    """states (D, S) as the first task left them, after `seconds`; rows of COLUMNS, medians over draws."""

    states: Floats
    seconds: float
    rows: list[list[float]]


def trained(stand: Stand, task: int, start: Floats) -> tuple[Floats, float]:
    """States (D, S) when the error of a task (the median over draws) no longer falls, and the time (s) until then."""
    steps = stand.hold(task, LOOK)
    best, states, looks, waited = np.inf, start, 0, 0
    while waited < PATIENCE and looks * LOOK < LONGEST:
        states = stand.learn(states, steps)
        looks += 1
        error = float(np.median(stand.errors(states)[:, task]))
        waited = 0 if error < FALLING * best else waited + 1
        best = min(best, error)
    return states, looks * LOOK


def fading(stand: Stand, seconds: float) -> Fading:
    """What happens to the first task while the second is held for a time."""
    learned, took = trained(stand, 0, stand.start)
    times = np.concatenate([[0.0], np.geomspace(min(FIRST, 0.1 * seconds), seconds, POINTS)])
    states, rows = learned, []
    for k, time in enumerate(times):
        if k:
            states = stand.learn(states, stand.hold(1, time - times[k - 1]))
        first, second = np.median(stand.errors(states), axis=0)[:2]
        moved = np.median(np.linalg.norm(states - learned, axis=1))
        rows.append([float(time), float(first), float(second), float(moved)])
    return Fading(learned, took, rows)


def drift(stand: Stand, period: float, most: float | None) -> tuple[float, float]:
    """How far gates and outputs (rms, V) move during the first task of a steady cycle; medians over draws."""
    cycle = steady_cycle(stand, period, stand.start, most)
    one, two = cycle.states[:2]
    outputs = stand.outputs(two) - stand.outputs(one)
    gates = np.sqrt(((two - one) ** 2).mean(axis=1))
    return float(np.median(gates)), float(np.median(np.sqrt((outputs**2).mean(axis=(1, 2)))))


def study(stand: Stand, seconds: float, period: float, most: float | None, drawer: Drawer, tell: Tell) -> Findings:
    """Forgetting, on this board and on an ideal one, and the drift of a steady cycle."""
    if len(stand.tasks) != 2:
        raise TaskError(
            f"memory is about two tasks, and there are {len(stand.tasks)}", "name two with --tasks alpha,beta"
        )
    stand.pulses(stand.rows[1], seconds)
    stand.periods(period, CHUNK)
    tables, took = {}, {}
    for k, (name, on) in enumerate((("memory", stand), ("ideal", stand.built(())))):
        found = drawer.once(name, partial(_fading, on, seconds))
        tables[name], took[name] = Table(COLUMNS, found["rows"]), found["seconds"]
        tell(k + 1, 3)
    gates, outputs = drawer.once("drift", lambda: list(drift(stand, period, most)))
    tell(3, 3)
    tables["drift"] = Table(("period_s", "gates_rms_V", "outputs_rms_V"), [(period, gates, outputs)])
    numbers: dict[str, Any] = {
        "trained_s": took["memory"],
        "forgotten_s": forgotten(tables["memory"]),
        "saturated_V2": saturated(tables["memory"]),
        "ideal_V2": saturated(tables["ideal"]),
        "gates_rms_V": gates,
        "outputs_rms_V": outputs,
    }
    title = f"{stand.board.circuit.name}: {stand.tasks[0].spec.name}, then {stand.tasks[1].spec.name}"
    return Findings("memory", title, tables, _text(stand, tables, numbers, period), numbers)


def _fading(stand: Stand, seconds: float) -> dict[str, object]:
    found = fading(stand, seconds)
    return {"seconds": found.seconds, "rows": found.rows}


def saturated(table: Table) -> float:
    """Error of the first task over the last tenth of the time, in V^2."""
    times, errors = (np.array(table.column(name)) for name in ("t_s", "mse_first_V2"))
    return float(errors[times >= 0.9 * times[-1]].mean())


def forgotten(table: Table) -> float:
    """When the error of the first task has come half of the way to its largest (s)."""
    times, errors = (np.array(table.column(name)) for name in ("t_s", "mse_first_V2"))
    half = 0.5 * (errors[0] + errors.max())
    return float(times[np.argmax(errors >= half)])


def _text(stand: Stand, tables: dict[str, Table], numbers: dict[str, Any], period: float) -> str:
    first, second = (task.spec.name for task in stand.tasks)
    learned, last = tables["memory"].rows[0], tables["memory"].rows[-1]
    ideal = tables["ideal"].rows[-1]
    gates, outputs = numbers["gates_rms_V"], numbers["outputs_rms_V"]
    ratio = f"{gates / outputs:.3g} times as far" if outputs > 0 else "while outputs stay"
    return (
        f"{stand.board.circuit.name}: {first} is learned to {learned[1]:.3g} V^2 in {numbers['trained_s']:.3g} s. While "
        f"{second} is held its error grows to {numbers['saturated_V2']:.3g} V^2 within {last[0]:g} s, half of it in "
        f"{numbers['forgotten_s']:.3g} s, and the learnable values move {last[3]:.3g} V; on an ideal board they move "
        f"{ideal[3]:.3g} V and the error ends at {numbers['ideal_V2']:.3g} V^2. In the cycle with a period of "
        f"{period:g} s a learnable value moves {gates:.3g} V while outputs move {outputs:.3g} V (rms): {ratio}."
    )
