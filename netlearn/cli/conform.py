"""`netlearn check --rule`: whether learning cells do what the rules they implement say, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netlearn import units
from netlearn.circuit.model import Cell
from netlearn.cli.progress import counting
from netlearn.cli.solving import quantity
from netlearn.errors import CircuitError
from netlearn.lang.compile import Netlist
from netlearn.lang.values import suggest
from netlearn.learn.options import numbers
from netlearn.machine.conform import Bench, Measured, measure
from netlearn.machine.verdict import Tolerances, Verdict, judge

SHOWN = 5  # draws that went wrong

Checked = tuple[Measured, Verdict]


def conform(netlist: Netlist, module: str | None, bench: Bench, limits: Tolerances, quiet: bool) -> list[Checked]:
    """Measure and judge the modules that implement a rule, or one of them; NetlistError, CircuitError, BackendError."""
    found = []
    for cell in _chosen(netlist, module):
        with counting(f"{cell.name}: random states", quiet) as tell:
            measured = measure(netlist, cell, bench, tell)
        found.append((measured, judge(measured, limits)))
    return found


def _chosen(netlist: Netlist, module: str | None) -> list[Cell]:
    known = {cell.name: cell for cell in netlist.cells if cell.implements is not None}
    if not known:
        raise CircuitError(
            "no module of this netlist implements a rule",
            "write module Edge(a: twin, b: twin, clk) implements sign(delta = 1) { ... }, and place it in a circuit",
        )
    if module is not None and module not in known:
        raise CircuitError(
            f"--module {module}: no module of this name implements a rule",
            suggest(module, known) or f"those that do: {', '.join(known)}",
        )
    return list(known.values()) if module is None else [known[module]]


def bench_of(asked: Mapping[str, Any]) -> Bench:
    """Of the options by name that were typed; CircuitError."""
    low, high = _range(asked["ends"]) if "ends" in asked else (Bench.low, Bench.high)
    plain = {name: asked[name] for name in ("draws", "seed", "backend") if name in asked}
    return Bench(low=low, high=high, **plain)


def limits_of(asked: Mapping[str, Any]) -> Tolerances:
    """Of the options by name that were typed; CircuitError."""
    plain = {name: asked[name] for name in ("agreement", "gain", "fit") if name in asked}
    if "band" in asked:
        plain["band"] = quantity(asked["band"], f"--band {asked['band']}", units.VOLT)
    return Tolerances(**plain)


def _range(text: str) -> tuple[float, float]:
    low, dots, high = text.partition("..")
    if not dots:
        raise CircuitError(f"--ends {text}: this is no range", "write --ends 0V..0.45V")
    said = f"--ends {text}"
    return quantity(low.strip(), said, units.VOLT), quantity(high.strip(), said, units.VOLT)


def told(measured: Measured, verdict: Verdict) -> str:
    """What a person reads of one cell."""
    subject, around, n = measured.subject, measured.subject.surroundings, verdict.numbers
    lines = [
        f"module {subject.cell.name} implements {_rule(subject.cell)}: {len(measured.starts)} random states on "
        f"{measured.bench.backend} in {measured.seconds:.2g} s, learning steps of {around.every:g} s"
    ]
    if around.circuit:
        lines.append(f"  clocks        as in circuit {around.circuit}")
    if subject.undriven:
        lines.append(f"  clocks        a pulse of 5 V in the middle of the step on {', '.join(subject.undriven)}")
    way = "raises" if measured.polarity > 0 else "lowers"
    lines.append(f"  state         {subject.state_name}, which {way} the conductance")
    lines += _squares(n) if measured.rule.squares else _signs(n, len(measured.starts), len(verdict.wrong))
    lines += [_wrong(measured, k) for k in verdict.wrong[:SHOWN]]
    if len(verdict.wrong) > SHOWN:
        lines.append(f"  and {len(verdict.wrong) - SHOWN} more")
    return "\n".join(
        [*lines, *(f"  DISAGREES     {words}" for words in verdict.words or ())] + ["  agrees"] * verdict.agrees
    )


def _rule(cell: Cell) -> str:
    assert cell.implements is not None
    rule = cell.implements.rule
    values = {key: np.atleast_1d(numbers(value)) for key, value in rule.options.items()}
    given = ", ".join(f"{key} = {', '.join(f'{v:g}' for v in value)}" for key, value in values.items())
    return f"{rule.name}({given})" if given else rule.name


def _signs(n: Mapping[str, float], draws: int, wrong: int) -> list[str]:
    return [
        f"  signs         {draws - wrong} of {draws} right; {100 * n['agreement']:.4g} % outside the band, "
        f"{n['draws_in_band']:g} draws within it",
        f"  step          {n['step']:.5g} with a standard deviation of {n['step_spread']:.2g}; the rule's is {n['rule_step']:g}",
    ]


def _squares(n: Mapping[str, float]) -> list[str]:
    return [
        f"  gain          {n['gain']:.5g} a V^2, {n['gain_ratio']:.4g} times the rule's; R^2 {n['r2']:.6g}",
        f"  offset        {n['offset']:.3g}, as of {n['offset_V2']:.3g} V^2; largest deviation {n['largest_deviation']:.3g}",
    ]


def _wrong(m: Measured, k: int) -> str:
    free, clamped = m.drops[k]
    return (
        f"  wrong sign    at d_F {free:.4f} V, d_C {clamped:.4f} V, {m.subject.state_name} {m.starts[k]:.4g}: "
        f"moves {m.updates[k]:+.3g}, not {m.wanted[k]:+.3g}"
    )


def as_json(cells: Sequence[Checked]) -> dict[str, Any]:
    return {"agree": all(verdict.agrees for _, verdict in cells), "modules": [_one(m, v) for m, v in cells]}


def _one(m: Measured, verdict: Verdict) -> dict[str, Any]:
    subject = m.subject
    return {
        "module": subject.cell.name,
        "rule": _rule(subject.cell),
        "agrees": verdict.agrees,
        "words": list(verdict.words),
        "backend": m.bench.backend,
        "seconds": m.seconds,
        "circuit": subject.surroundings.circuit or None,
        "step_s": subject.surroundings.every,
        "undriven": list(subject.undriven),
        "state": subject.state_name,
        "polarity": int(m.polarity),
        "numbers": dict(verdict.numbers),
        "wrong": verdict.wrong.tolist(),
        "drops_V": m.drops.tolist(),
        "starts": m.starts.tolist(),
        "updates": m.updates.tolist(),
        "wanted": m.wanted.tolist(),
    }
