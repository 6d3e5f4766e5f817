"""What a design answers to small signals at its operating point, by our own laws.

The equations of a circuit are  f(x, s) + d/dt q(x) = 0, x its node voltages and branch currents, s the values of its sources. At
an operating point f(x0, s0) = 0 a signal s0 + a exp(jwt) that is small makes x0 + y exp(jwt), to first order in a:

    (df/dx + jw dq/dx) y = -(df/ds) a

Charges and fluxes, of which an operating point shows nothing, are in this. Every source around the device under test has a signal
of its own size, so that what lies between two of them has one, too; sources inside of it have none.

A large capacitor between two nodes that next to nothing ties to ground makes the sum of slopes at a node forget what ties it: where
470 uF are beside 1 MOhm, 16 digits end at 5e-4 at 1 GHz. So a solution is refined: what it leaves of the equations is worked out slope
by slope, each on both ends of an element, and summed as if in 32 digits (Ogita, Rump, Oishi, Accurate sum and dot product, SIAM
J. Sci. Comput. 26, 2005, algorithm 4.1); and it is said what a simulator that does not do so may be off by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from netlearn.circuit.flat import Bank, Floats, Ints
from netlearn.devices import known_law
from netlearn.export.again import Again, again
from netlearn.export.design import Design

FREQUENCIES = tuple(10.0**k for k in range(3, 10))
"""Hz."""
REFINEMENTS, SURE, SMALL = 20, 1e-9, 1e-3
"""How often at most, and until the last step is no more than so much of a signal, or of one of so many V."""
EPSILON, CHANCES = float(np.finfo(float).eps), 8
Complexes = NDArray[np.complex128]
Entry = tuple[Ints, Ints, Any]
"""Rows (E,), columns (E,) and values of a slope of every element of a bank."""


def signal(ports: Sequence[str], nets: Iterable[str]) -> float:
    """The size of the signal of a source between two nets, in V or A: it is told by its ports, which no format calls otherwise."""
    return 1.0 + sum(ports.index(net) for net in nets if net in ports)


@dataclass(frozen=True)
class Responses:
    """By frequency and name of a node: its signal, in V, and what rounding to 16 digits may make of it, in V."""

    signals: Mapping[float, Mapping[str, complex]]
    rounding: Mapping[float, Mapping[str, float]]


def responses(design: Design) -> Responses:
    """The signals of all nodes. KitError for a transistor whose law is not known, CircuitError where there is no operating point."""
    found = again(design)
    banks, size = found.shape.banks.values(), found.shape.size
    held, drive = _driven(found, design)
    still = _terms([e for b in banks for e in _entries(found, b, moving=False)], held)
    moving = _terms([e for b in banks for e in _entries(found, b, moving=True)], held)
    fixed = np.array(held), np.array(held), np.ones(len(held))
    rows, columns, _ = (np.concatenate(parts) for parts in zip(still, moving, fixed, strict=True))
    turns, places = _turns(rows), found.places(design)
    signals, rounding = {}, {}
    for frequency in FREQUENCIES:
        slopes = np.concatenate([still[2], 2j * np.pi * frequency * moving[2], fixed[2]])
        y, lost = _solved(rows, columns, slopes, turns, drive.astype(complex), size)
        signals[frequency] = {name: complex(y[k]) for name, k in places.items()}
        rounding[frequency] = {name: float(lost[k]) for name, k in places.items()}
    return Responses(signals, rounding)


def _solved(
    rows: Ints, columns: Ints, slopes: Complexes, turns: Sequence[Ints], drive: Complexes, size: int
) -> tuple[Complexes, Floats]:
    """The solution, (size,), and what rounding may make of one that is not refined: the effect of changing every term of the
    equations by a last digit, up or down by chance; infinite where a solution is not even refined."""
    matrix = coo_array((slopes, (rows, columns)), shape=(size, size)).tocsr()
    scale = 1.0 / abs(matrix).max(axis=1).toarray().ravel()  # a junction may have 1e20 S
    solver = splu(matrix.multiply(scale[:, None]).tocsc())
    y = solver.solve(scale * drive)
    for _ in range(REFINEMENTS):
        step = solver.solve(scale * (drive - _sums(rows, slopes * y[columns], turns, size)))
        y += step
        if np.all(abs(step) <= SURE * np.maximum(abs(y), SMALL)):
            break
    else:
        return y, np.full(size, np.inf)
    last = EPSILON * np.bincount(rows, abs(slopes * y[columns]), size)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (CHANCES, size))
    return y, np.max([abs(solver.solve((scale * last * sign).astype(complex))) for sign in signs], axis=0)


def _turns(rows: Ints) -> list[Ints]:
    """Where terms are in turns: each has one term at most of every row."""
    order = np.argsort(rows, kind="stable")
    begins = np.flatnonzero(np.diff(rows[order], prepend=-1))
    turn = np.arange(len(rows)) - np.repeat(begins, np.diff(begins, append=len(rows)))
    by_turn = order[np.argsort(turn, kind="stable")]
    return np.split(by_turn, np.cumsum(np.bincount(turn))[:-1])


def _sums(rows: Ints, terms: Complexes, turns: Sequence[Ints], size: int) -> Complexes:
    """The sum of the terms of each row, with what rounding loses of each partial sum added at the end."""
    total, lost = np.zeros((2, size), complex)
    for turn in turns:
        at, term, before = rows[turn], terms[turn], total[rows[turn]]
        after = before + term
        part = after - before
        lost[at] += (before - (after - part)) + (term - part)
        total[at] = after
    return total + lost


def _entries(found: Again, bank: Bank, moving: bool) -> list[Entry]:
    """df/dx of a bank at rest, or dq/dx of what it is over time."""
    local = [found.x[bank.unknowns[:, k]] for k in range(bank.unknowns.shape[1])]
    law = known_law(bank.device.over_time if moving else bank.device)
    entries, of = (law.charge_entries, law.charge) if moving else (law.entries, law.evaluate)
    values = of(local, _numbers(found, bank))[len(local) :]
    return [(bank.unknowns[:, i], bank.unknowns[:, j], v) for (i, j), v in zip(entries, values, strict=True)]


def _numbers(found: Again, bank: Bank) -> list[Floats]:
    return [found.params.values[bank.device.name][p][0] for p in bank.device.param_names]


def _terms(entries: Sequence[Entry], held: Sequence[int]) -> tuple[Ints, Ints, Floats]:
    """Rows, columns and values of all entries, without the rows of held nodes."""
    if not entries:
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    rows, columns, values = (np.concatenate([np.broadcast_to(e[k], e[0].shape) for e in entries]) for k in range(3))
    free = ~np.isin(rows, held)
    return rows[free], columns[free], values[free]


def _driven(found: Again, design: Design) -> tuple[list[int], Floats]:
    """Nodes that are held, ground among them, and the right-hand side, (size,): -(df/ds) a, for a held node its signal. f is
    linear in what sources are, so that the difference of two of its values is its slope."""
    shape, ports, drive = found.shape, design.top.ports, np.zeros(found.shape.size)
    sources = {f"e{k}": part for k, part in enumerate(design.bench.sources)}
    for bank in shape.banks.values():
        if bank.device.waveform:
            law, numbers = known_law(bank.device), _numbers(found, bank)
            sizes = np.array([signal(ports, sources[e].nets) if e in sources else 0.0 for e in bank.names])
            louder = [
                v + sizes if p == bank.device.waveform else v
                for p, v in zip(bank.device.param_names, numbers, strict=True)
            ]
            local = [found.x[bank.unknowns[:, k]] for k in range(bank.unknowns.shape[1])]
            for row in range(len(local)):
                more = law.evaluate(local, louder)[row] - law.evaluate(local, numbers)[row]
                np.subtract.at(drive, bank.unknowns[:, row], np.broadcast_to(more, sizes.shape))
    for node in found.boundary.fed:
        drive[node] += signal(ports, [shape.nodes[node]])
    held = [0, *found.boundary.held.tolist()]
    drive[held] = [0.0, *(signal(ports, [shape.nodes[node]]) for node in held[1:])]
    return held, drive
