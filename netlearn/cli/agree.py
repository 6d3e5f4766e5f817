"""`netlearn agree`: the same operating points on two backends, and where they differ most.

Two backends agree where every sample settles on both or on neither, and where it settles, every node voltage differs
by at most 1e-6 of the sample's largest voltage or of 1 V, whichever is more, and every branch current by 1e-6 of its
largest current or of 1 mA. The backends solve to about 1e-9 V, so that a real difference of a law, a sign or an
operating point is far above the limit, and what rounding leaves on an ill-conditioned circuit stays below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlearn.backends import open_backend
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Params, boundary, flatten, initial
from netlearn.cli.solving import choose_circuit, input_values
from netlearn.errors import BackendError
from netlearn.lang.compile import Netlist
from netlearn.learn.session import choose_task
from netlearn.solve.solution import Solution

LIMIT = 1e-6
VOLT, AMPERE = 1.0, 1e-3  # what differences are measured against at least
SHOWN = 10


@dataclass(frozen=True)
class Case:
    """What is solved: a circuit with its numbers at some samples, and what it is called."""

    name: str
    circuit: FlatCircuit
    params: Params
    boundary: Boundary


@dataclass(frozen=True)
class Largest:
    """The largest difference of one unknown over the samples, and both of its values there (V or A)."""

    name: str
    sample: int
    values: tuple[float, float]
    difference: float


def agree(case: Case, backends: Sequence[str]) -> dict[str, Any]:
    """Solve a case on two backends. Samples that did not settle on both are left out of the differences."""
    one, two = (_solve(case, name) for name in backends)
    nodes = len(case.circuit.nodes)
    names = [*case.circuit.nodes, *_branches(case.circuit)]
    both = (one.settled & two.settled)[0]
    apart = np.where(both[:, None], np.abs(one.x[0] - two.x[0]), -1.0)
    close = _within(one.x[0], apart, slice(nodes), VOLT) & _within(one.x[0], apart, slice(nodes, None), AMPERE)
    volts = _ranked(names, one.x[0], two.x[0], apart, range(nodes)) if both.any() else []
    amperes = _ranked(names, one.x[0], two.x[0], apart, range(nodes, len(names))) if both.any() else []
    first = volts[0] if volts else None
    return {
        "agree": bool(np.array_equal(one.settled, two.settled) and close.all()),
        "max_difference_V": first.difference if first else None,
        "node": first.name if first else None,
        "sample": first.sample if first else None,
        "max_difference_A": amperes[0].difference if amperes else None,
        "branch": amperes[0].name if amperes else None,
        "solved": case.name,
        "samples": case.boundary.samples,
        "backends": list(backends),
        "settled": {name: int(found.settled.sum()) for name, found in zip(backends, (one, two), strict=True)},
        "only_one_settled": np.flatnonzero(one.settled[0] != two.settled[0]).tolist(),
        "differences": [_row(v, backends, "V") for v in volts] + [_row(a, backends, "A") for a in amperes],
    }


def _solve(case: Case, backend: str) -> Solution:
    solver = open_backend(backend, case.circuit)
    try:
        return solver.operating_points(case.params, case.boundary)
    finally:
        solver.close()


def _branches(circuit: FlatCircuit) -> list[str]:
    """Names of the branch currents in the order of x."""
    pairs = [
        (int(unknown), f"I({name})")
        for bank in circuit.banks.values()
        for name, row in zip(bank.names, bank.branches, strict=True)
        for unknown in row
    ]
    return [name for _, name in sorted(pairs)]


def _within(x: Floats, apart: Floats, part: slice, least: float) -> NDArray[np.bool_]:
    """Whether a sample's differences in some unknowns stay below the limit, (S,)."""
    scale = np.nan_to_num(np.abs(x[:, part])).max(axis=1, initial=least)
    return np.asarray(apart[:, part].max(axis=1, initial=0.0) <= LIMIT * scale)


def _ranked(names: Sequence[str], one: Floats, two: Floats, apart: Floats, part: range) -> list[Largest]:
    """The unknowns that differ most, each at its worst sample."""
    if not len(part):
        return []
    worst = apart[:, part.start : part.stop].argmax(axis=0)
    unknowns = np.arange(part.start, part.stop)
    found = apart[worst, unknowns]
    rows = np.argsort(-found, kind="stable")[:SHOWN]
    return [
        Largest(names[u], int(s), (float(one[s, u]), float(two[s, u])), float(d))
        for u, s, d in zip(unknowns[rows], worst[rows], found[rows], strict=True)
    ]


def _row(found: Largest, backends: Sequence[str], unit: str) -> dict[str, Any]:
    values = dict(zip(backends, found.values, strict=True))
    return {"name": found.name, "sample": found.sample, f"difference_{unit}": found.difference, **values}


def case_of(netlist: Netlist, task: str | None, circuit: str | None, given: Sequence[str], seed: int) -> Case:
    """All samples of a task; without one (or where inputs are given) the circuit at its inputs."""
    if netlist.tasks and circuit is None and not given:
        spec = choose_task(netlist, task)
        flat = flatten(netlist.circuits[spec.circuit])
        inputs = np.array(spec.inputs, dtype=float).reshape(len(spec.labels), -1)
        return Case(f"task {spec.name} on {flat.name}", flat, initial(flat, seed), boundary(flat, inputs))
    flat = flatten(choose_circuit(netlist, circuit))
    values = input_values(flat, given, None)
    return Case(f"circuit {flat.name}", flat, initial(flat, seed), boundary(flat, values[None, :]))


def two_names(text: str) -> tuple[str, str]:
    """Two backends from `native,ngspice`; BackendError where it is something else."""
    names = [name.strip() for name in text.split(",")]
    if len(names) != 2 or names[0] == names[1]:
        raise BackendError(f"--backends {text}: two different backends are compared", "write --backends native,ngspice")
    return names[0], names[1]


def table(answer: dict[str, Any]) -> str:
    """What a person reads of it."""
    one, two = answer["backends"]
    settled = ", ".join(f"{count} settled on {name}" for name, count in answer["settled"].items())
    lines = [f"{answer['solved']}: {answer['samples']} samples, {settled}"]
    if answer["only_one_settled"]:
        lines.append(f"settled on one of them only: samples {', '.join(map(str, answer['only_one_settled'][:SHOWN]))}")
    if answer["differences"]:
        lines.append(f"{'':<24} {'sample':>6} {one:>18} {two:>18}  difference")
    for row in answer["differences"]:
        unit = "V" if "difference_V" in row else "A"
        apart = row[f"difference_{unit}"]
        lines.append(f"{row['name']:<24} {row['sample']:>6} {row[one]:>18.12g} {row[two]:>18.12g}  {apart:.2e} {unit}")
    return "\n".join([*lines, "they agree" if answer["agree"] else "they do not agree"])
