"""Which part of overclamping does the work, and how far it goes (arXiv 2505.22887).

Overclamping is two things: a nudge that is large whatever the error, and a learning time in proportion to the error. Each is
taken away in turn (`netlearn.study.modes`), then what they depend on is varied, one at a time, on the same boards:

    mode         standard, nudge (the large nudge alone), time (the proportional time alone), overclamped (both)
    rails        how far the rails are apart, in V
    eta          the part of the way there that a nudge goes
    normalised   whether the samples of a step share one pulse
    least        the shortest pulse that the switch can make, in s
    bias         overclamped, and standard, under so many times the bias

Measured is the steady cycle of alternating tasks (D and E of `netlearn.study.cycle`) or, of a ring of two classes
(`netlearn.study.ring`), by how much the gates still move in the last quarter of a second of pulses, and the hinge.

An output that the bias drives at J B (J = dO/dG, V/s) is brought back at J S by the fixed nudge (S = dG/dt that it makes alone):
overclamping can hold only as long as J S > J B for every sample. The least J S / J B is more than the bias may grow by, since
what one sample has put right the time that another one is learned for can put wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from netlearn.errors import TaskError
from netlearn.learn.board import Board
from netlearn.learn.imperfections.switch import Switch
from netlearn.learn.methods.integrator import Integrator
from netlearn.learn.methods.overclamp import Overclamp
from netlearn.learn.options import check_positive
from netlearn.study import overclamp, ring
from netlearn.study.cycle import of_period, steady_cycle
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.modes import MODES, OVERCLAMPED, STANDARD, coarser, modes, overclamped
from netlearn.study.stand import Stand, Steps

COLUMNS = ("part", "value", "motion_V", "error_V2")
RAILS = (0.05, 0.1, 0.2, 0.5, 1.0)  # of their distance
ETAS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
LEAST = (1e-7, 1e-6, 3e-6, 1e-5, 3e-5)  # s
BIASES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
BROKEN = 0.1  # part of the standard rule's error above which overclamping is of no use
STEP = 1e-4  # V, of a gate where a slope is asked for


@dataclass(frozen=True)
class Asked:
    """period: of tasks that alternate (s), most: to wait for a steady cycle; seconds: of pulses a ring is shown;
    at_once: pulses (s) that are taken as one, None: what suits."""

    period: float = 0.08
    most: float = 10.0
    seconds: float = 20.0
    at_once: float | None = None


@dataclass(frozen=True)
class Variant:
    """One experiment: a rule, the shortest pulse (s) and a multiple of the bias."""

    part: str
    value: str | float
    rule: Integrator
    least: float | None = None
    bias: float = 1.0


def variants(stand: Stand) -> list[Variant]:
    """All of them, in the order of the module."""
    rules, over = modes(stand), overclamped(stand)
    middle, half = 0.5 * (over.low + over.high), 0.5 * (over.high - over.low)
    return [
        *(Variant("mode", mode, rules[mode]) for mode in MODES),
        *(Variant("rails", 2 * half * part, _apart(over, middle, half * part)) for part in RAILS),
        *(Variant("eta", eta, replace(over, eta=eta)) for eta in ETAS),
        *(Variant("normalised", float(on), replace(over, normalised=float(on))) for on in (0, 1)),
        *(Variant("least", least, over, least) for least in LEAST),
        *(Variant("bias", factor, over, bias=factor) for factor in BIASES),
        *(Variant("bias, standard", factor, rules[STANDARD], bias=factor) for factor in BIASES),
    ]


def _apart(over: Overclamp, middle: float, half: float) -> Overclamp:
    return replace(over, low=middle - half, high=middle + half)


def study(stand: Stand, asked: Asked, drawer: Drawer, tell: Tell) -> Findings:
    """All variants on a ring, or on tasks that alternate."""
    check_positive(period=asked.period, most=asked.most, seconds=asked.seconds)
    circle = ring.ring_of(stand)
    if circle is None and len(stand.tasks) < 2:
        raise TaskError("one task does not alternate, and its samples are no ring", "name two with --tasks alpha,beta")
    every, rows, draws = variants(stand), [], []
    for k, variant in enumerate(every):
        find = partial(_cell, stand, circle, asked, variant)
        found = drawer.once(f"{variant.part.replace(', ', '-')}-{variant.value}", find)
        rows.append((variant.part, variant.value, *(float(np.median(found[name])) for name in COLUMNS[2:])))
        for d, seed in enumerate(stand.seeds):
            draws.append((seed, variant.part, variant.value, *(found[name][d] for name in COLUMNS[2:])))
        tell(k + 1, len(every))
    numbers: dict[str, Any] = {"breakdown": breakdown(rows), "what": "hinge" if circle else "combined error"}
    if circle is None:
        numbers["holds_up_to"] = drawer.once("margin", partial(margin, stand, asked))
    tables = {"ablation": Table(COLUMNS, rows)}
    if len(stand.seeds) > 1:
        tables["draws"] = Table(("seed", *COLUMNS), draws)
    title = f"{stand.board.circuit.name}: a ring" if circle else stand.title
    return Findings("ablation", title, tables, _text(title, rows, numbers), numbers)


def _cell(stand: Stand, circle: ring.Ring | None, asked: Asked, variant: Variant) -> dict[str, list[float]]:
    """Motion and error of each draw."""
    at_once = asked.at_once if asked.at_once is not None else (overclamp.AT_ONCE if circle else 0.0)
    rule = coarser(variant.rule, at_once)
    on = stand.taught(rule).biased(variant.bias)
    if variant.least is not None:  # it grows with the pulses that are taken as one
        on = replace(on, board=_slow(on.board, variant.least * rule.pulse / variant.rule.pulse))
    if circle is None:
        found = of_period(on, asked.period, asked.most)
        return {"motion_V": found["D_V"], "error_V2": found["mse_V2"]}
    judged = ring.judged(on, circle, 0, circle.diameter, ring.course(on, 0, asked.seconds))
    return {"motion_V": [ring.LAST * v for v in judged["moving_V_s"]], "error_V2": judged["hinge_V2"]}


def _slow(board: Board, least: float) -> Board:
    """The board with a switch that makes no shorter pulse."""
    return Switch(least=least).onto(board)


def breakdown(rows: Sequence[tuple[Any, ...]]) -> float | None:
    """The least multiple of the bias at which overclamping leaves a tenth of the standard rule's error, or more."""
    over, plain = ([row for row in rows if row[0] == part] for part in ("bias", "bias, standard"))
    lost = [a[1] for a, b in zip(over, plain, strict=True) if a[3] > BROKEN * b[3]]
    return float(min(lost)) if lost else None


def margin(stand: Stand, asked: Asked) -> float:
    """The least J S / J B of any sample where overclamped learning has come to rest, on the first draw: see the module."""
    over = replace(overclamped(stand), power=0.0, normalised=0.0)
    one = stand.first(1)
    cycle = steady_cycle(one.taught(overclamped(stand)), asked.period, one.start, asked.most)
    rest = cycle.states[0]
    nudged = one.taught(over).biased(0.0)
    count = rest.shape[1]
    moved = one.outputs(np.concatenate([rest, rest + STEP * np.eye(count)]))[:, :, 0]
    slopes = (moved[1:] - moved[0]) / STEP  # (S, N)
    least = np.inf
    for row, label in enumerate(one.task.labels[:, 0]):
        slope = slopes[:, row]
        driven = float(slope @ one.board.flaws.drift[0])
        if driven == 0.0 or not slope.any():
            continue
        off = (label + np.sign(driven) * 1e-3 - moved[0, row]) / (slope @ slope)  # to where the bias has driven it
        away = rest + off * slope
        span = over.pulse
        back = (nudged.learn(away, Steps(np.array([[row]]), np.array([span]))) - away)[0] / span
        least = min(least, max(-float(slope @ back) * np.sign(driven), 0.0) / abs(driven))
    return float(least)


def _text(title: str, rows: Sequence[tuple[Any, ...]], numbers: dict[str, Any]) -> str:
    what = numbers["what"]
    by = {(part, value): (motion, error) for part, value, motion, error in rows}
    plain = by["mode", STANDARD]
    words = [
        f"{title}. Standard learning leaves a {what} of {plain[1]:.3g} V^2 while its gates move by {plain[0]:.3g} V."
    ]
    for mode, name in (
        ("nudge", "The large nudge alone"),
        ("time", "The proportional time alone"),
        (OVERCLAMPED, "Both"),
    ):
        motion, error = by["mode", mode]
        words.append(f"{name}: {error:.3g} V^2 and {motion:.3g} V.")
    for part, name in (
        ("rails", "rails (V)"),
        ("eta", "eta"),
        ("normalised", "normalised"),
        ("least", "least pulse (s)"),
    ):
        found = [f"{error:.2g} V^2 at {value:g}" for of, value, _, error in rows if of == part]
        words.append(f"{what.capitalize()} against {name}: {', '.join(found)}.")
    if numbers["breakdown"] is not None:
        words.append(f"Overclamping breaks down at {numbers['breakdown']:g} times the bias.")
    else:
        words.append(f"Overclamping holds up to {max(BIASES):g} times the bias.")
    if "holds_up_to" in numbers:
        words.append(
            f"The fixed nudge brings outputs back {numbers['holds_up_to']:.3g} times as fast as the bias drives them away, "
            "which is the most that could be borne."
        )
    return " ".join(words)
