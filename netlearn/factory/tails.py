"""Failures that are too rare to be counted: subset simulation (Au, Beck, Probabilistic Engineering Mechanics 16, 263, 2001).

A chip with standard normal numbers z (K,) fails where g(z) >= limit. With b_1 < b_2 < ... < b_m = limit

    P = P(g >= b_1)  P(g >= b_2 | g >= b_1)  ...  P(g >= b_m | g >= b_(m-1))

and each b_j put where one in ten (PART) of N chips of its level lies above it, P is a product of parts that a thousand chips tell
well: 1e-6 takes six levels. Chips of a level j > 1 come from Markov chains that begin at those above b_(j-1) and never leave it.
A step proposes

    z' = rho z + sqrt(1 - rho^2) n,      n standard normal

which keeps z standard normal in any number of dimensions (preconditioned Crank-Nicolson; "conditional sampling" of
Papaioannou, Betz, Zwirglmaier, Straub, same journal 41, 89, 2015), and stays where it is if g(z') < b_(j-1). sigma^2 = 1 - rho^2 is
adapted as in the latter, one group of chains after the other: log sigma grows by (accepted - 0.44) / sqrt(group), so that every
chain has one kernel all along.

Each part p_j is uncertain by the coefficient of variation

    delta_j^2 = (1 - p_j) / (p_j N) (1 + gamma_j),      gamma_j = 2 sum over k of (1 - k / n) rho_j(k)

n steps a chain, rho_j(k) the correlation of "lies above b_j" k steps apart in the chains (gamma_1 = 0). Levels are not quite
independent either, for what is above b_j descends from few chains: the paper bounds delta of P between sqrt(sum of delta_j^2) and
sum of delta_j. In between is

    delta^2 = sum of delta_j^2 + 2 NEXT sum of delta_j delta_(j+1)

with neighbours correlated by NEXT = 1/2, with which intervals P exp(+- 1.96 s), s^2 = ln(1 + delta^2), have held what is known in
19 of 20 runs (linear limits in 1 to 300 dimensions at 3 to 5 standard deviations). Failures that lie apart, as those of a network
whose lot may be off to either side, are found by fewer chains: there 8 of 10 runs of 1,000 chips a level held what 20,000 say, so
that a number to rely on is one from more chips.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlearn.backends.native import Native
from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.factory.learning import learned, shown
from netlearn.factory.numbers import Works
from netlearn.factory.order import LOTS, Order
from netlearn.factory.yields import Z
from netlearn.study.findings import Drawer, Findings, Once, Table, restored

PART = 0.1
GROUPS = 5  # of chains, one after the other
ACCEPTED = 0.44
SIGMA = 0.6  # of the first chains
NEXT = 0.5  # correlation of levels that follow each other
LEVELS = 15
HUGE = 1e300
NAMED = 3  # numbers of chips that fail
COLUMNS = ("way", "level", "threshold", "part", "probability", "variation", "accepted", "evaluations")
Performance = Callable[[Floats], Floats]
"""g (D,) of numbers z (D, K); HUGE for what has failed without one."""


@dataclass(frozen=True)
class Level:
    """threshold: b_j; part: p_j; variation: delta_j; accepted: part of the steps (1 of the first level, which has none); evaluations: of g;
    sigma: of the next chains; z, g: of the chips above the threshold that these begin at; centre: the mean z of all above."""

    threshold: float
    part: float
    variation: float
    accepted: float
    evaluations: int
    sigma: float
    z: list[list[float]]
    g: list[float]
    centre: list[float]


@dataclass(frozen=True)
class Tail:
    """Probability of failure, its interval (95 %), and what it took. `levels` may end before the limit, where nothing lies
    above their last threshold but with a probability below `high`; probability and low are 0 then."""

    probability: float
    low: float
    high: float
    levels: tuple[Level, ...]
    limit: float

    @property
    def evaluations(self) -> int:
        return sum(level.evaluations for level in self.levels)

    @property
    def variation(self) -> float:
        """delta."""
        each = np.array([level.variation for level in self.levels])
        return float(np.sqrt((each**2).sum() + 2.0 * NEXT * (each[1:] * each[:-1]).sum()))

    @property
    def plain(self) -> float:
        """As many chips would have to be counted for the same coefficient of variation."""
        p = self.probability
        return (1.0 - p) / (p * self.variation**2) if p and self.variation else float("nan")


def subset(g: Performance, limit: float, count: int, draws: int, seed: int, once: Once) -> Tail:
    """The probability that g of `count` standard normal numbers is not below `limit`, by `draws` (a multiple of 100) chips a
    level. A function of the seed; `once` keeps finished levels."""
    levels: list[Level] = []
    while not levels or (levels[-1].threshold < limit and len(levels) < LEVELS):
        before = levels[-1] if levels else None
        find = partial(_level, g, limit, count, draws, (seed, len(levels)), before)
        levels.append(restored(Level, once(f"{len(levels)}", find)))
    product = float(np.prod([level.part for level in levels]))
    if levels[-1].threshold < limit:
        return Tail(0.0, 0.0, product, tuple(levels), limit)
    tail = Tail(product, 0.0, 0.0, tuple(levels), limit)
    far = np.exp(Z * np.sqrt(np.log1p(tail.variation**2)))
    return Tail(product, product / far, min(1.0, product * far), tuple(levels), limit)


def _level(
    g: Performance, limit: float, count: int, draws: int, key: tuple[int, int], before: Level | None
) -> dict[str, Any]:
    rng = np.random.Generator(np.random.Philox(key=np.array(key, dtype=np.uint64)))
    seeds = round(PART * draws)
    accepted, sigma = 1.0, SIGMA
    if before is None:
        z = rng.standard_normal((draws, 1, count))
        values, evaluations = g(z[:, 0])[:, None], draws
    else:
        z, values, accepted, sigma = _chains(g, before, draws // seeds, rng)
        evaluations = values.size - seeds
    flat = values.reshape(-1)
    order = np.argsort(-flat, kind="stable")
    threshold = min(limit, float(0.5 * (flat[order[seeds - 1]] + flat[order[seeds]])))
    above = values >= threshold
    chosen = order[:seeds]
    done = threshold >= limit
    return {
        "threshold": threshold,
        "part": float(above.mean()),
        "variation": _variation(above),
        "accepted": accepted,
        "evaluations": evaluations,
        "sigma": sigma,
        "z": [] if done else z.reshape(-1, count)[chosen].tolist(),
        "g": [] if done else flat[chosen].tolist(),
        "centre": z[above].mean(axis=0).tolist(),
    }


def _chains(g: Performance, before: Level, steps: int, rng: np.random.Generator) -> tuple[Floats, Floats, float, float]:
    """z (chains, steps, K) and g (chains, steps) of chains from the chips of a level on, the part of the steps that were
    accepted, and sigma as it has become."""
    start, known = np.array(before.z), np.array(before.g)
    z, values = np.repeat(start[:, None], steps, axis=1), np.repeat(known[:, None], steps, axis=1)
    sigma, moved = before.sigma, 0
    for k, group in enumerate(np.array_split(rng.permutation(len(start)), GROUPS)):
        taken = 0
        for step in range(1, steps):
            here = z[group, step - 1]
            tried = np.sqrt(1.0 - sigma**2) * here + sigma * rng.standard_normal(here.shape)
            found = g(tried)
            good = found >= before.threshold
            z[group, step] = np.where(good[:, None], tried, here)
            values[group, step] = np.where(good, found, values[group, step - 1])
            taken += int(good.sum())
        part = taken / (len(group) * (steps - 1))
        sigma = float(min(1.0, sigma * np.exp((part - ACCEPTED) / np.sqrt(k + 1.0))))
        moved += taken
    return z, values, moved / (len(start) * (steps - 1)), sigma


def _variation(above: NDArray[np.bool_]) -> float:
    """delta_j from what lies above (chains, steps)."""
    (chains, steps), part = above.shape, float(above.mean())
    if part in (0.0, 1.0):
        return 0.0
    gamma, spread = 0.0, part * (1.0 - part)
    for k in range(1, steps):
        alike = float((above[:, :-k] & above[:, k:]).mean()) - part**2
        gamma += 2.0 * (1.0 - k / steps) * alike / spread
    return float(np.sqrt((1.0 - part) / (part * chains * steps) * max(0.0, 1.0 + gamma)))


def _programmed(works: Works, z: Floats) -> Mapping[str, NDArray[np.generic]]:
    return shown(works.trainer, works.programmed(z))


def _learned(works: Works, z: Floats) -> Mapping[str, NDArray[np.generic]]:
    return learned(works.trainer, works.board(works.given(z)), (works.line.seed,) * len(z))


WAYS = {"programmed": _programmed, "learned": _learned}
"""How chips are used: from their numbers z (D, K) to their metrics (D,)."""


def performance(works: Works, way: str, metric: str) -> Performance:
    """g of the chips of a line: one of their metrics."""

    def g(z: Floats) -> Floats:
        each = [WAYS[way](works, z[k : k + works.chunk])[metric] for k in range(0, len(z), works.chunk)]
        values = np.concatenate(each).astype(float)
        return np.where(np.isfinite(values), values, HUGE)

    return g


def wanted(order: Order) -> tuple[str, float]:
    """What fails a chip: a metric, and the number that it should be below. TaskError where that is not all that is wanted."""
    limits = [one.limit for one in order.wanted]
    if len(limits) != 1 or limits[0] is None or limits[0][0] not in order.line.metrics:
        texts = " and ".join(one.text for one in order.wanted) or "nothing"
        raise TaskError(
            f"tails are of one error that has to be below a limit, and a good chip here is one with {texts}",
            "give --spec 'error < 10mV'",
        )
    return limits[0]


def check(order: Order, way: str) -> None:
    """TaskError where there is no such way, or no such limit."""
    if way not in WAYS:
        raise TaskError(f"--tail {way}", f"how chips are used is one of {', '.join(WAYS)}")
    wanted(order)


def study(order: Order, way: str, draws: int, drawer: Drawer, say: Callable[[str, int, int], None]) -> Findings:
    """How rarely chips of an order (its first corner), used in one way, are not good."""
    metric, limit = wanted(order)
    line = next(order.pieces())[1]
    works = Works(line, Native(line.circuit, threads=order.jobs))
    once = drawer.under(f"tail_{line.corner or LOTS}_{way}_{draws}_{metric}_{limit:.9g}")

    def told(level: str, find: Callable[[], Any]) -> Any:
        say(f"tail, {way}", int(level), LEVELS)
        return once(level, find)

    tail = subset(performance(works, way, metric), limit, len(works.numbers), draws, line.seed, told)
    product = np.cumprod([level.part for level in tail.levels])
    rows = [
        (way, k, of.threshold, of.part, float(product[k]), of.variation, of.accepted, of.evaluations)
        for k, of in enumerate(tail.levels)
    ]
    numbers = {
        "way": way,
        "spec": order.wanted[0].text,
        "probability": tail.probability,
        "low": tail.low,
        "high": tail.high,
        "variation": tail.variation,
        "evaluations": tail.evaluations,
        "plain_evaluations": tail.plain,
        "numbers": len(works.numbers),
        "centre": _centre(works, tail.levels[-1]),
    }
    return Findings("tail", line.circuit.name, {"tail": Table(COLUMNS, rows)}, _text(tail, numbers), numbers)


def _centre(works: Works, last: Level) -> list[dict[str, Any]]:
    """The numbers that chips beyond the last threshold have furthest off on average, in standard deviations, as far as they
    stand out: chips that descend from few are off in everything by a little."""
    owners = {k: name for name, of in works.groups.items() for k in of.tolist()}
    far = np.abs(last.centre)
    furthest = [k for k in np.argsort(-far, kind="stable")[:NAMED].tolist() if far[k] >= 0.5 * far.max()]
    return [{"group": owners[k], "part": works.numbers[k][1], "sigma": last.centre[k]} for k in furthest]


def _text(tail: Tail, numbers: Mapping[str, Any]) -> str:
    what = f"{numbers['way'].capitalize()} chips without {numbers['spec']}"
    how = f"{tail.evaluations:,} chips on {len(tail.levels)} levels, {numbers['numbers']} numbers each"
    if not tail.probability:
        return f"{what}: fewer than {tail.high:.2g}, by {how}; none of them came as far as the limit."
    part = f"{tail.probability:.3g} ({tail.low:.2g} to {tail.high:.2g}, 95 %)"
    saved = tail.plain / tail.evaluations
    rare = (
        f"to count as surely takes {tail.plain:,.0f}, {saved:.3g} times as many"
        if saved > 1
        else "not too rare to count"
    )
    where = ", ".join(f"{of['group']} of {of['part']} {of['sigma']:+.2g}" for of in numbers["centre"])
    return f"{what}: {part}, by {how}; {rare}. On average these have, in standard deviations: {where}."
