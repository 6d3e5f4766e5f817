"""`netlearn mc`: the chips of an order, and what is to be said of them: yields, errors, what spreading more would cost.

OUT/chips/*.parquet      every chip
OUT/tolerance-2/ ...     the first of them with everything twice as uncertain, for the curve of yield against tolerance
OUT/area-4/ ...          the first of them with four times the area
OUT/only-clamp/ ...      the first of them with nothing off but this; without-clamp/ ...: with everything but this
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.factory import rows, sensitivity, tails, worst
from netlearn.factory.learning import DONE, LOST
from netlearn.factory.line import Line
from netlearn.factory.numbers import causes, keeping
from netlearn.factory.order import LOTS, Order, ideal, make, make_all
from netlearn.factory.yields import Yield, good, wilson
from netlearn.study.findings import Drawer, Findings, Table
from netlearn.units import engineering

WAYS = {"learned": "", "kept": "kept_", "programmed": "programmed_"}
"""How chips are used, and the beginning of the names of their metrics."""
WORDS = {
    "learned": "that learn by themselves",
    "kept": "that have learned by themselves, as they keep it,",
    "programmed": "with what an ideal circuit learned",
}
COLUMNS = ("corner", "way", "chips", "good", "yield", "low", "high", "median", "p90", "worst", "worst_draw")
BINS = 60
CURVE = ("quantity", "factor", "way", "chips", "good", "yield", "low", "high", "median")
ALONE = ("cause", "kept", *CURVE[2:])
Say = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Curves:
    """Factors of all spreads and of all areas at which the yield of the first `draws` chips is asked for as well."""

    tolerances: tuple[float, ...] = ()
    areas: tuple[float, ...] = ()
    draws: int = 512


@dataclass(frozen=True)
class Causes:
    """What else is asked for: whether sensitivities of programmed chips; of so many chips, what they do with one cause at a
    time, and without (0: not); the way in which chips are used whose failures are too rare to count, and how many of them on
    each level."""

    sensitivity: bool = False
    only_draws: int = 0
    tail: str | None = None
    tail_draws: int = 1000


def study(order: Order, curves: Curves, wanted: Causes, drawer: Drawer, say: Say) -> Findings:
    """Make what is not there yet of an order and its curves, and say what came of it."""
    if wanted.tail:
        tails.check(order, wanted.tail)
    once = drawer.once("trained", lambda: ideal(order.line))
    order = replace(order, line=replace(order.line, trained=np.array([once["states"]])))
    make(order, drawer.folder / "chips", lambda done, every: say("chips", done, every))
    yields = [row for corner in order.corners for row in _yields(order, drawer.folder / "chips", corner)]
    _save_worst(order, drawer.folder, yields)
    ends = _ends(order, drawer.folder / "chips")
    curve = list(_curve(order, curves, drawer.folder, say))
    alone = list(_alone(order, wanted.only_draws, drawer.folder, say)) if wanted.only_draws else []
    more = [sensitivity.study(order, drawer)] if wanted.sensitivity else []
    more += [tails.study(order, wanted.tail, wanted.tail_draws, drawer, say)] if wanted.tail else []
    tables = {
        "yield": Table(COLUMNS, yields),
        "curve": Table(CURVE, curve),
        "alone": Table(ALONE, alone),
        "histogram": Table(("way", "low", "high", "chips"), list(_histogram(order, drawer.folder / "chips"))),
    }
    one_at_a_time = [_known(dict(zip(ALONE, row, strict=True))) for row in alone]
    numbers = {
        "draws": order.draws,
        "first": order.first,
        "seed": order.line.seed,
        "spec": [one.text for one in order.wanted],
        "metric": metric(order),
        "ideal": _known(once["metrics"]),
        "yield": [_known(dict(zip(COLUMNS, row, strict=True))) for row in yields],
        "curve": [_known(dict(zip(CURVE, row, strict=True))) for row in curve],
        "alone": one_at_a_time,
        "ends": ends,
    }
    text = "\n".join([_text(order, numbers), *_of_causes(one_at_a_time), *(of.text for of in more)])
    for of in more:
        tables |= of.tables
        numbers[of.study] = of.numbers
    return Findings("mc", order.line.circuit.name, tables, text, numbers)


def ways(order: Order) -> dict[str, str]:
    """Those in which the chips of an order are used."""
    own = ("learned", *(("kept",) if order.line.memories else ())) if order.line.learns else ()
    return {way: WAYS[way] for way in (*own, "programmed")}


def metric(order: Order) -> str:
    """What chips are compared by: error (V), where the loss has it."""
    known = order.line.metrics
    return "error" if "error" in known else known[0]


def read(order: Order, folder: Path, corner: str, way: str) -> tuple[dict[str, Floats], Floats]:
    """Metrics of the chips of a corner used in one way, (D,) each, and their draws."""
    paths = [folder / f"{name}.parquet" for name, line, *_ in order.pieces() if line.corner == corner]
    names = {name: f"{WAYS[way]}{name}" for name in order.line.metrics}
    counted = ["steps"] if way != "programmed" else []
    found = rows.load(paths, ["draw", *names.values(), *counted], order.first + order.draws)
    metrics = {name: np.asarray(found[column], dtype=float) for name, column in names.items()}
    return metrics | {name: np.asarray(found[name], dtype=float) for name in counted}, np.asarray(found["draw"])


def yield_of(order: Order, metrics: Mapping[str, Floats]) -> Yield:
    """Of chips with these metrics."""
    known = {"steps": np.zeros(len(next(iter(metrics.values())))), **metrics}
    met = good(known, order.wanted)
    return wilson(int(met.sum()), len(met))


def _yields(order: Order, folder: Path, corner: str) -> Iterator[tuple[Any, ...]]:
    for way in ways(order):
        metrics, draws = read(order, folder, corner, way)
        of, error = yield_of(order, metrics), metrics[metric(order)]
        last = int(np.argmax(np.where(np.isfinite(error), error, -np.inf)))
        yield (
            corner or LOTS,
            way,
            of.chips,
            of.good,
            of.part,
            of.low,
            of.high,
            *_percentiles(error, 50, 90),
            float(error[last]),
            int(draws[last]),
        )


def _save_worst(order: Order, folder: Path, yields: Sequence[tuple[Any, ...]]) -> None:
    """The worst chip of each way."""
    every = [dict(zip(COLUMNS, row, strict=True)) for row in yields]
    for way in ways(order):
        row = max((row for row in every if row["way"] == way and np.isfinite(row["worst"])), key=_badness, default=None)
        if row is not None:
            corner = "" if row["corner"] == LOTS else row["corner"]
            metrics, draws = read(order, folder / "chips", corner, way)
            at = int(np.flatnonzero(draws == row["worst_draw"])[0])
            worst.save(
                order, folder, way, corner, row["worst_draw"], {name: float(of[at]) for name, of in metrics.items()}
            )


def _badness(row: Mapping[str, Any]) -> float:
    return float(row["worst"])


def _percentiles(error: Floats, *at: float) -> list[float]:
    """Of the chips that have an error; NaN where none has."""
    known = error[np.isfinite(error)]
    return [float(np.percentile(known, one)) if len(known) else np.nan for one in at]


def _known(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has them: nothing where there is no number."""
    return {name: None if isinstance(of, float) and not math.isfinite(of) else of for name, of in numbers.items()}


def _histogram(order: Order, folder: Path) -> Iterator[tuple[str, float, float, int]]:
    """Chips of all corners by their error, in bins of equal ratio."""
    each = {
        way: np.concatenate([read(order, folder, corner, way)[0][metric(order)] for corner in order.corners])
        for way in ways(order)
    }
    known = np.concatenate([error[np.isfinite(error) & (error > 0)] for error in each.values()])
    if not len(known):
        return
    edges = np.geomspace(0.999 * known.min(), 1.001 * known.max(), BINS + 1)
    for way, error in each.items():
        counts, _ = np.histogram(error[np.isfinite(error)], edges)
        for low, high, count in zip(edges, edges[1:], counts, strict=False):
            yield way, float(low), float(high), int(count)


def _ends(order: Order, folder: Path) -> dict[str, int]:
    """How many chips stopped learning for which reason."""
    if not order.line.learns:
        return {}
    ends = rows.load(order.places(folder), ["end"], order.first + order.draws)["end"]
    return {str(end): int(count) for end, count in zip(*np.unique(ends, return_counts=True), strict=True)}


def _curve(order: Order, curves: Curves, folder: Path, say: Say) -> Iterator[tuple[Any, ...]]:
    lines = {("tolerance", factor): replace(order.line, tolerance=factor) for factor in curves.tolerances}
    lines |= {("area", factor): replace(order.line, area=factor) for factor in curves.areas}
    few = {
        folder / f"{quantity}-{factor:.12g}": _few(order, curves.draws, lines[quantity, factor])
        for quantity, factor in lines
    }
    yield from _points(dict(zip(few, lines, strict=True)), few, "curves", say)


def _alone(order: Order, draws: int, folder: Path, say: Say) -> Iterator[tuple[Any, ...]]:
    """Chips that have nothing off but one cause, and chips that have everything but it."""
    every = causes(order.line)
    named = {cause: {"only": {cause}, "without": {*every} - {cause}} for cause in every}
    kept = {(cause, quantity): names for cause, of in named.items() for quantity, names in of.items()}
    few = {
        folder / f"{quantity}-{re.sub(r'[^A-Za-z0-9_.]+', '-', cause)}": _few(order, draws, keeping(order.line, names))
        for (cause, quantity), names in kept.items()
    }
    yield from _points(dict(zip(few, kept, strict=True)), few, "causes", say)


def _few(order: Order, draws: int, line: Line) -> Order:
    """The first chips of another line."""
    return replace(order, corners=order.corners[:1], draws=min(order.draws, draws), line=line)


def _points(
    names: Mapping[Path, tuple[Any, ...]], few: Mapping[Path, Order], what: str, say: Say
) -> Iterator[tuple[Any, ...]]:
    """Rows that begin with the names of their folders, for each way."""
    if few:
        make_all(few, lambda done, every: say(what, done, every))
    for where, own in few.items():
        for way in ways(own):
            metrics, _ = read(own, where, own.corners[0], way)
            of, middle = yield_of(own, metrics), _percentiles(metrics[metric(own)], 50)
            yield *names[where], way, of.chips, of.good, of.part, of.low, of.high, *middle


def _text(order: Order, numbers: Mapping[str, Any]) -> str:
    """A paragraph."""
    wanted = " and ".join(numbers["spec"]) or "an error that is a number"
    lines = [
        f"{order.line.circuit.name}: {order.draws:,} chips of seed {order.line.seed} in each of "
        f"{', '.join(corner or LOTS for corner in order.corners)}; good are those with {wanted}."
    ]
    for row in numbers["yield"]:
        of = Yield(row["chips"], row["good"], row["low"], row["high"])
        what = WORDS[row["way"]]
        lines.append(
            f"{row['corner']}, chips {what}: {of}; {numbers['metric']} {_volts(row['median'])} (median), "
            f"{_volts(row['p90'])} (one in ten is worse), {_volts(row['worst'])} at worst (draw {row['worst_draw']})."
        )
    if lost := numbers["ends"].get(LOST, 0):
        lines.append(f"{lost} chips are lost: their values ran away.")
    if numbers["ends"].get(DONE):
        lines.append(f"{numbers['ends'][DONE]:,} chips met the stop rule of their task.")
    return "\n".join(lines)


def _of_causes(alone: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """For each way, which cause by itself leaves the fewest chips good, and without which the most are."""
    for way in dict.fromkeys(row["way"] for row in alone):
        only, without = ([r for r in alone if (r["way"], r["kept"]) == (way, kept)] for kept in ("only", "without"))
        one, other = min(only, key=_goodness), max(without, key=_goodness)
        parts = [f"{row['cause']} ({100 * row['yield']:.4g} %, {_volts(row['median'])})" for row in (one, other)]
        yield (
            f"Chips {WORDS[way]}: of all causes by themselves the fewest are good with {parts[0]}; with one left out, the most "
            f"without {parts[1]}."
        )


def _goodness(row: Mapping[str, Any]) -> tuple[float, float]:
    """Yield, and where it is alike the median error."""
    return float(row["yield"]), -math.inf if row["median"] is None else -float(row["median"])


def _volts(found: float | None) -> str:
    return "unknown" if found is None else engineering(found, "V")
