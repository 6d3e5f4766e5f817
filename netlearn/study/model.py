"""The linear model of alternating tasks against the simulated cycle, and against what was measured where that is at hand.

The wells are those at the tasks' solutions (`netlearn.study.wells`), as the paper has them (`model_tangent`), or as steep as
the cycle finds them (`model`, see `netlearn.study.averaged`); the bias is the one that their drifts tell when each is
held alone (`netlearn.study.drift`), the cycle is the closed form of `netlearn.study.linear`; a late learning switch lengthens
every hold. D is the model's; the combined error is that of the full network at the model's values.

What it leaves out: limits; for the tangent that the update is quadratic in the drops, so that where an output is off by e the
force is off by the order of e / drop (which vanishes with the bias); and that what twins which differ do is not one bias for all tasks, which
shows in drifts that no one bias fits (`misfit`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import BackendError, CircuitError, TaskError
from netlearn.study.averaged import averaged
from netlearn.study.cycle import CHUNK, COLUMNS, of_period
from netlearn.study.drift import held, listed_rates
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.linear import Held, Well, bias, misfit, steady
from netlearn.study.stand import Stand
from netlearn.study.wells import Site, rests, site, slope, well

Row = tuple[float, float, float]
ONE = 0.05  # of drifts may be left for all tasks to have one bias


@dataclass(frozen=True)
class Model:
    """Tasks of a stand as wells, what each held alone has come to, and the bias (n,) in V/s that this tells."""

    site: Site
    wells: tuple[Well, ...]
    compatible: bool
    held: tuple[Held, ...]
    bias: Floats

    def times(self, period: float) -> list[float]:
        """How long each task is held (s)."""
        return [period / len(self.wells) + self.site.stand.late] * len(self.wells)

    def tangent(self, period: float) -> Floats:
        """The cycle with the wells of the solutions: values (T + 1, n) at the beginning of each hold, and at the end."""
        return steady(self.wells, self.bias, self.times(period))

    def cycle(self, period: float) -> Floats:
        """The same with wells as steep as the cycle finds them."""
        rows, times = self.site.stand.rows, self.times(period)
        low, high = self.site.bounds

        def steep(task: int, values: Floats) -> Floats:  # solutions may lie where the network cannot be
            return slope(self.site, rows[task], np.clip(values, low, high))

        wells = averaged(self.wells, self.bias, times, steep, low, high)
        return steady(wells, self.bias, times)

    def within(self, values: Floats) -> bool:
        """Whether a cycle keeps off the bounds."""
        low, high = self.site.bounds
        return bool(((values > low) & (values < high)).all())

    def row(self, period: float, values: Floats) -> Row:
        """Period, D and E of a cycle; E is NaN where the network has no operating point at the model's values."""
        try:
            error = float(self.site.stand.errors(self.site.states(values[:-1])).mean())
        except (BackendError, CircuitError):  # or none that could be made
            error = float("nan")
        return period, float(np.linalg.norm(values[1] - values[0])), error


def model(stand: Stand) -> Model:
    """The model of the tasks of a stand of one draw."""
    on = site(stand)
    places, compatible = rests(on)
    wells = [well(on, rows, place) for rows, place in zip(stand.rows, places, strict=True)]
    found = [held(on, k, one) for k, one in enumerate(wells)]
    return Model(on, tuple(wells), compatible, tuple(found), bias(found))


def study(
    stand: Stand,
    periods: Sequence[float],
    compare: bool,
    measured: Sequence[Row],
    most: float | None,
    drawer: Drawer,
    tell: Tell,
) -> Findings:
    """The model's cycles of these periods, the simulated ones too if they are to be compared, and measured ones."""
    if len(stand.tasks) < 2:
        raise TaskError("one task does not alternate", "name two with --tasks alpha,beta")
    for period in periods:
        stand.periods(period, CHUNK)
    of = model(stand)
    cycles = [of.cycle(period) for period in periods]
    rows = [of.row(period, values) for period, values in zip(periods, cycles, strict=True)]
    tangents = [of.row(period, of.tangent(period)) for period in periods]
    tables = {"model": Table(COLUMNS, rows), "model_tangent": Table(COLUMNS, tangents)}
    limited = [not of.within(values) for values in cycles]
    numbers = _numbers(stand, of, periods)
    if compare:
        found = []
        for k, period in enumerate(periods):
            found.append(drawer.once(f"period-{period:.12g}", partial(of_period, stand, period, most)))
            tell(k + 1, len(periods))
        simulated = [(period, one["D_V"][0], one["mse_V2"][0]) for period, one in zip(periods, found, strict=True)]
        tables["model_sim"] = Table(COLUMNS, simulated)
        limited = [bool(one["at_limits"]) for one in found]
        for key, of_model in (("simulation", rows), ("tangent", tangents)):
            differences = [_difference(d, to) for (_, d, _), (_, to, _) in zip(of_model, simulated, strict=True)]
            numbers |= {
                key: differences,
                f"{key}_worst": _worst([d for d, at in zip(differences, limited, strict=True) if not at]),
                f"{key}_tenth_s": _tenth(periods, differences),
            }
    end = min([period for period, at in zip(periods, limited, strict=True) if at], default=float("inf"))
    numbers |= {"at_limits": limited, "limits_from_s": end if np.isfinite(end) else None}
    if measured:
        tables["measured"] = Table(COLUMNS, list(measured))
        spans = [of.row(period, of.cycle(period))[1] for period, *_ in measured]
        differences = [_difference(span, to) for span, (_, to, _) in zip(spans, measured, strict=True)]
        within = [d for (period, *_), d in zip(measured, differences, strict=True) if period < end]
        numbers |= {
            "measured": [[row[0], d] for row, d in zip(measured, differences, strict=True)],
            "measured_worst": _worst(within),
            "measured_tenth_s": _tenth([period for period, *_ in measured], differences),
        }
    title = f"{stand.title}, the linear model"
    return Findings("model", title, tables, _text(stand, title, of, periods, numbers), numbers)


def _difference(ours: float, theirs: float) -> float | None:
    """Relative; None where there is nothing to compare with."""
    return ours / theirs - 1.0 if np.isfinite(theirs) and theirs > 1e-9 else None


def _worst(differences: Sequence[float | None]) -> float | None:
    """The one that is largest either way."""
    known = [d for d in differences if d is not None]
    return max(known, key=abs) if known else None


def _tenth(periods: Sequence[float], differences: Sequence[float | None]) -> float | None:
    """The period up to which all differ by a tenth at most."""
    far = None
    for period, difference in sorted(zip(periods, differences, strict=True), key=lambda pair: pair[0]):
        if difference is not None and abs(difference) > 0.1:
            break
        far = period
    return far


def _numbers(stand: Stand, of: Model, periods: Sequence[float]) -> dict[str, Any]:
    names = [task.spec.name for task in stand.tasks]
    return {
        "periods": list(periods),
        "compatible": of.compatible,
        "eigenvalues": {name: one.rates.tolist() for name, one in zip(names, of.wells, strict=True)},
        "rest": {name: one.rest.tolist() for name, one in zip(names, of.wells, strict=True)},
        "drift": {name: one.velocity.tolist() for name, one in zip(names, of.held, strict=True)},
        "bias_given": stand.board.flaws.drift[0, of.site.free].tolist(),
        "bias_measured": of.bias.tolist(),
        "bias_misfit": misfit(of.held, of.bias),
    }


def _text(stand: Stand, title: str, of: Model, periods: Sequence[float], numbers: dict[str, Any]) -> str:
    words = [f"{title}, for periods from {periods[0]:g} s to {periods[-1]:g} s."]
    for name in (task.spec.name for task in stand.tasks):
        rates = listed_rates(numbers["eigenvalues"][name])
        words.append(f"M of {name} has eigenvalues {rates} 1/s at G* = ({_listed(numbers['rest'][name])}) V.")
    words.append(
        "One place solves all tasks." if of.compatible else "No place solves all tasks; each has a solution of its own."
    )
    words.append(
        f"The bias is ({_listed(numbers['bias_given'])}) V/s as given, "
        f"({_listed(numbers['bias_measured'])}) V/s as the drifts of single tasks tell it."
    )
    if numbers["bias_misfit"] > ONE:
        words.append(f"No one bias tells all drifts: {100 * numbers['bias_misfit']:.2g} % of them are left.")
    end = numbers["limits_from_s"]
    if end is not None:
        words.append(f"Gates meet their limits from {end:g} s on, of which the model knows nothing.")
    for key, what in (("simulation", "simulated"), ("tangent", "simulated"), ("measured", "measured")):
        worst, far = numbers.get(f"{key}_worst"), numbers.get(f"{key}_tenth_s")
        if worst is not None:
            close = f"within 10 % of what was {what} up to {far:g} s" if far else f"more than 10 % off what was {what}"
            limits = " before gates meet limits" if end is not None else ""
            lead = "With the wells of the solutions themselves D is" if key == "tangent" else "D is"
            words.append(f"{lead} {close}; the largest difference{limits} is {100 * worst:+.2g} %.")
    return " ".join(words)


def _few(values: Sequence[float]) -> Sequence[float]:
    return values[:6]


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{v:.4g}" for v in _few(values)) + (", ..." if len(values) > 6 else "")
