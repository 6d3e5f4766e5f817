"""What a design answers to small signals at its operating point, by our own laws.

The equations of a circuit are  f(x, s) + d/dt q(x) = 0, x its node voltages and branch currents, s the values of its sources. At
an operating point f(x0, s0) = 0 a signal s0 + a exp(jwt) that is small makes x0 + y exp(jwt), to first order in a:

    (df/dx + jw dq/dx) y = -(df/ds) a

Charges and fluxes, of which an operating point shows nothing, are in this. Every source around the device under test has a signal
of its own size, so that what lies between two of them has one, too; sources inside of it have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from netlearn.circuit.flat import Bank, Floats, Ints
from netlearn.devices import known_law
from netlearn.export.again import Again, again
from netlearn.export.design import Design

FREQUENCIES = tuple(10.0**k for k in range(3, 10))
"""Hz."""
Entry = tuple[Ints, Ints, Any]
"""Rows (E,), columns (E,) and values of a slope of every element of a bank."""


def signal(ports: Sequence[str], nets: Iterable[str]) -> float:
    """The size of the signal of a source between two nets, in V or A: it is told by its ports, which no format calls otherwise."""
    return 1.0 + sum(ports.index(net) for net in nets if net in ports)


def responses(design: Design) -> dict[float, dict[str, complex]]:
    """By frequency, the signal of each node by its name, in V. KitError for a transistor whose law is not known, CircuitError
    where there is no operating point."""
    found = again(design)
    banks = found.shape.banks.values()
    held, drive = _driven(found, design)
    still = _matrix([e for b in banks for e in _entries(found, b, moving=False)], found.shape.size, held)
    moving = _matrix([e for b in banks for e in _entries(found, b, moving=True)], found.shape.size, held)
    still += coo_array((np.ones(len(held)), (held, held)), shape=still.shape)
    places, answers = found.places(design), {}
    for frequency in FREQUENCIES:
        slopes = (still + 2j * np.pi * frequency * moving).tocsr()
        scale = 1.0 / abs(slopes).max(axis=1).toarray().ravel()  # a junction may have 1e20 S
        y = splu(slopes.multiply(scale[:, None]).tocsc()).solve(scale * drive)
        answers[frequency] = {name: complex(y[k]) for name, k in places.items()}
    return answers


def _entries(found: Again, bank: Bank, moving: bool) -> list[Entry]:
    """df/dx of a bank at rest, or dq/dx of what it is over time."""
    local = [found.x[bank.unknowns[:, k]] for k in range(bank.unknowns.shape[1])]
    law = known_law(bank.device.over_time if moving else bank.device)
    entries, of = (law.charge_entries, law.charge) if moving else (law.entries, law.evaluate)
    values = of(local, _numbers(found, bank))[len(local) :]
    return [(bank.unknowns[:, i], bank.unknowns[:, j], v) for (i, j), v in zip(entries, values, strict=True)]


def _numbers(found: Again, bank: Bank) -> list[Floats]:
    return [found.params.values[bank.device.name][p][0] for p in bank.device.param_names]


def _matrix(entries: Sequence[Entry], size: int, held: Sequence[int]) -> coo_array:
    """The sum of entries, without the rows of held nodes."""
    rows, columns, values = (
        np.concatenate([np.broadcast_to(e[k], e[0].shape) for e in entries]) if entries else np.zeros(0, int)
        for k in range(3)
    )
    free = ~np.isin(rows, held)
    return coo_array((values[free], (rows[free], columns[free])), shape=(size, size))


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
