"""What each part of a board adds to the bias: its update at a solution of the ideal network, where that has none.

Each cause is put alone onto an otherwise ideal board, at the size measured in the lab of arXiv 2505.22887 or at the typical
size of a datasheet, and what is measured is

    b_e(sample) = dG/dt of that board - dG/dt of the ideal one

for every draw, sample and learnable value. rms over them in V/s, and over alpha as an offset of dV_F^2 - dV_C^2 in V^2. `alike`
is the part of b^2 that is the same for all samples: a constant bias. The rest is of another size, or sign, for each of
them, so that a network in alternation is moved back and forth by it for ever.

A clamp that lands e too high moves the label by e / eta, and the network learns that: it is no drift. So the sum is given
without it as well, which is what a bias amounts to that is measured from the clamped voltages as they are.

The board's multiplier is W = X Y / 10 V (AD633), its scale V0: drops are amplified by A = sqrt(10 V / V0) = 5.5 before it.
An offset of W moves the gate by W / (R C), whatever the drops; one of an input is of size o / A at the drop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.imperfections import Imperfection
from netlearn.learn.imperfections.clamp import Clamp
from netlearn.learn.imperfections.codes import Codes
from netlearn.learn.imperfections.leak import Leak
from netlearn.learn.imperfections.multiplier import Multiplier
from netlearn.learn.imperfections.sources import Sources
from netlearn.learn.imperfections.twins import Twins
from netlearn.study.cycle import combined_error, steady_cycle
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.stand import Stand

AD633 = 10.0  # V, of W = X Y / 10 V
COLUMNS = ("cause", "size", "rms_V_per_s", "rms_V2", "share", "alike")
ALL, BUT, MEASURED = "all together", "all but the clamp", "clamp and sources, as measured"


@dataclass(frozen=True)
class Cause:
    """One part of the board, and the size of what it is off by, in words; `part`: from the multiplier's scale V0 (V)."""

    name: str
    size: str
    part: Callable[[float], Imperfection]


CAUSES = (
    Cause("clamp", "+10 mV, sd 2.5 mV (measured)", lambda v0: Clamp(error=10e-3, sd=2.5e-3)),
    Cause("twin sources", "+1.3 mV, sd 1.5 mV (measured: -1 to 3.6 mV)", lambda v0: Sources(mean=1.3e-3, sd=1.5e-3)),
    Cause("multiplier output", "5 mV of W (AD633, typical)", lambda v0: Multiplier(output=5e-3 * v0)),
    Cause(
        "multiplier inputs",
        "5 mV before the gain of sqrt(10 V / V0) (AD633, typical)",
        lambda v0: Multiplier(amplifier=5e-3 / sqrt(AD633 / v0)),
    ),
    Cause("amplifiers of the drops", "3 mV (operational amplifiers, typical)", lambda v0: Multiplier(amplifier=3e-3)),
    Cause("threshold within a twin", "10 mV (ALD1106, largest)", lambda v0: Twins(vt=10e-3 / sqrt(2))),
    Cause("beta within a twin", "0.5 %", lambda v0: Twins(beta=5e-3 / sqrt(2))),
    Cause("converters", "12 bit read, 8 bit driven of 453 mV", lambda v0: Codes(full=0.4532)),
    Cause("leak of the gate capacitor", "500 s (film or ceramic, 500 MOhm uF)", lambda v0: Leak(tau=500.0)),
)


def solved(stand: Stand, period: float, most: float | None) -> tuple[Stand, Floats, float]:
    """The ideal network, the states (D, S) it comes to rest at, and the combined error there (V^2, median)."""
    ideal = stand.built(())
    cycle = steady_cycle(ideal, period, ideal.start, most)
    return ideal, cycle.states[0], float(np.median(combined_error(ideal, cycle)))


def pushes(stand: Stand, states: Floats, parts: Sequence[Imperfection]) -> Floats:
    """b (D, N, S) in V/s of these parts at these states; learnable values alone."""
    free = stand.board.plan.free
    return np.asarray((stand.built(parts).rates(states) - stand.built(()).rates(states))[:, :, free])


def fitting(stand: Stand) -> list[Cause]:
    """The causes that a board with these edges can have: transistors are none where none learn."""
    found = []
    for cause in CAUSES:
        try:
            stand.built([cause.part(stand.method.v0)])
        except TaskError:
            continue
        found.append(cause)
    return found


def rms(pushed: Floats) -> float:
    return float(np.sqrt((pushed**2).mean()))


def alike(pushed: Floats) -> float:
    """The part of b^2 (D, N, S) that is the same for all samples."""
    whole = float((pushed**2).mean())
    return float((pushed.mean(axis=1) ** 2).mean()) / whole if whole > 0 else float("nan")


def study(stand: Stand, period: float, most: float | None, drawer: Drawer, tell: Tell) -> Findings:
    """Every cause alone, and all of them together."""
    rest = drawer.once("solution", partial(_solution, stand, period, most))
    states = np.array(rest["states"])
    causes = fitting(stand)
    v0, alpha = stand.method.v0, stand.method.alpha
    found: dict[str, Any] = {}
    groups = [(cause.name, [cause.part(v0)]) for cause in causes] + [
        (MEASURED, [cause.part(v0) for cause in causes if "measured" in cause.size]),
        (BUT, [cause.part(v0) for cause in causes if cause.name != "clamp"]),
        (ALL, [cause.part(v0) for cause in causes]),
    ]
    for k, (name, parts) in enumerate(groups):
        found[name] = drawer.once(name.replace(" ", "-"), partial(_measured, stand, states, parts))
        tell(k + 1, len(groups))
    total = sum(found[cause.name]["rms"] ** 2 for cause in causes)
    rows = [
        (cause.name, cause.size, one["rms"], one["rms"] / alpha, one["rms"] ** 2 / total, one["alike"])
        for cause in causes
        for one in [found[cause.name]]
    ]
    rows.sort(key=lambda row: -row[2])
    sums = [
        (
            name,
            "",
            found[name]["rms"],
            found[name]["rms"] / alpha,
            found[name]["rms"] ** 2 / total,
            found[name]["alike"],
        )
        for name in (MEASURED, BUT, ALL)
    ]
    table = Table(COLUMNS, [*rows, *sums])
    numbers = {
        "rms_V_per_s": found[ALL]["rms"],
        "measured_V_per_s": found[MEASURED]["rms"],
        "without_clamp_V_per_s": found[BUT]["rms"],
        "without_clamp_V2": found[BUT]["rms"] / alpha,
        "without_clamp_alike": found[BUT]["alike"],
        "first": rows[0][0],
        "mse_V2": rest["mse_V2"],
    }
    title = f"{stand.board.circuit.name}: where its bias comes from"
    return Findings("components", title, {"components": table}, _text(stand, rows, numbers), numbers)


def _solution(stand: Stand, period: float, most: float | None) -> dict[str, object]:
    _, states, error = solved(stand, period, most)
    return {"states": states.tolist(), "mse_V2": error}


def _measured(stand: Stand, states: Floats, parts: Sequence[Imperfection]) -> dict[str, float]:
    pushed = pushes(stand, states, parts)
    return {"rms": rms(pushed), "alike": alike(pushed)}


def _text(stand: Stand, rows: Sequence[tuple[Any, ...]], numbers: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{name} {push:.2g} V/s ({100 * share:.0f} %)" for name, _, push, _, share, _ in rows)
    return (
        f"{stand.board.circuit.name}, {len(stand.seeds)} draws, where the ideal network has learned its tasks to "
        f"{numbers['mse_V2']:.2g} V^2: {parts}. Together {numbers['rms_V_per_s']:.3g} V/s rms a learnable value; without the "
        f"clamp, which moves labels rather than gates, {numbers['without_clamp_V_per_s']:.3g} V/s, an offset of "
        f"{numbers['without_clamp_V2']:.2g} V^2, of whose square {100 * numbers['without_clamp_alike']:.0f} % is the same for "
        f"every sample; clamp and sources alone, which were measured, {numbers['measured_V_per_s']:.3g} V/s. The bias in the "
        "lab: 0.9 V/s (0.7e-3 V^2) an edge of 32, 1.3 to 3.9 V/s an edge of two."
    )
