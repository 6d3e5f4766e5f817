"""Verilog-A modules as openvaf compiles them, against our kernels: currents, charges and all of their slopes.

openvaf gives a residual and a Jacobian for its own unknowns (nodes, and currents of branches), each in two parts, resistive and
reactive. Rows of branches have the other sign there. What rounds off is allowed for: 1e-13 of the largest value of a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netlearn.devices import Device, kernel
from netlearn.devices.primitives import NOMINAL
from netlearn.export.leaves import law_names
from netlearn.verify.child import asked
from netlearn.verify.compiled import Point, compiled

Floats = NDArray[np.float64]
Rows = dict[tuple[int, int], Floats]


def worst(device: Device, text: str, folder: Path, x: Sequence[Floats], p: Mapping[str, float]) -> float:
    """How far a module is from our kernel at local unknowns x, (points,) each: the relative difference, of what is not rounding
    of the largest value."""
    law = kernel(device.over_time)
    span = max(float(np.abs(v).max()) for v in x[: len(device.terminals)])
    f, q, df, dq = evaluated(device, text, folder, x, p)
    ours, charges = law.evaluate(x, list(p.values())), law.charge(x, list(p.values()))
    n, still = len(f), np.zeros(len(x[0]))
    volts = [0.0] * len(device.terminals) + [1e-15 * span] * len(law.branches)  # rounding of V - (V - I), say
    rows = [([f[k]], [ours[k]], volts[k]) for k in range(n)] + [([q[k]], [charges[k]], 0.0) for k in range(n)]
    for found, entries, values in ((df, law.entries, ours[n:]), (dq, law.charge_entries, charges[n:])):
        mine = dict(zip(entries, values, strict=True))
        for k in range(n):
            at = [(k, column) for column in range(n) if {(k, column)} & {*found, *mine}]
            rows.append(([found.get(a, still) for a in at], [mine.get(a, still) for a in at], 0.0))
    return max(_apart(np.array(one), np.array([v + still for v in two]), lost) for one, two, lost in rows if one)


def _apart(one: Floats, two: Floats, lost: float) -> float:
    off = np.maximum(np.abs(one - two) - 1e-13 * np.abs(two).max() - lost, 0.0)
    return float((off / np.where(two == 0.0, 1e-300, np.abs(two))).max())


def evaluated(
    device: Device, text: str, folder: Path, x: Sequence[Floats], p: Mapping[str, float], hot: float = NOMINAL
) -> tuple[Floats, Floats, Rows, Rows]:
    """f, q (rows, points) and their slopes at (row, column), as openvaf_py works them out from a module, at `hot` (K)."""
    known, law = law_names(device), kernel(device.over_time)
    for name, value in p.items():  # as variables: openvaf_py loses some of what it works out of parameters beforehand
        text, count = re.subn(rf"\(\*.*\*\) parameter real {known['p', name]} = .*;", f"real {known['p', name]};", text)
        text = text.replace("analog begin\n", f"analog begin\n    {known['p', name]} = {value!r};\n")
        if count != 1:
            raise ValueError(f"the module has no parameter {known['p', name]}")
    (folder / "device.va").write_text(text)
    order = [*device.terminals, *law.branches]
    names, points = asked(compiled, folder / "device.va", _known(device, x), hot)
    rows = _rows(device, names)
    sign = np.array([1.0] * len(device.terminals) + [-1.0] * len(law.branches))  # of a branch, where it says x - V = 0
    f, q = np.zeros((2, len(order), len(x[0])))
    df: Rows = {}
    dq: Rows = {}
    for k, (found, slopes) in enumerate(points):
        for row, (resistive, reactive) in enumerate(found):
            f[rows[row], k] += sign[rows[row]] * resistive
            q[rows[row], k] += sign[rows[row]] * reactive
        for row, column, resistive, reactive in slopes:
            at = rows[row], rows[column]
            df.setdefault(at, np.zeros(len(x[0])))[k] += sign[at[0]] * resistive
            dq.setdefault(at, np.zeros(len(x[0])))[k] += sign[at[0]] * reactive
    return f, q, df, dq


def _rows(device: Device, names: Sequence[str]) -> list[int]:
    """Which of our unknowns each of the compiler's is: a terminal, the inside of one, or the current of a branch."""
    known, branches = law_names(device), kernel(device.over_time).branches
    wanted = {known["v", t]: k for k, t in enumerate(device.terminals)}
    wanted |= {f"{known['v', t]}_inner": device.terminals.index(t) for _, t in device.series}
    wanted |= {f"flow({known['i', b]})": len(device.terminals) + k for k, b in enumerate(branches)}
    return [wanted[name] for name in names]


def _known(device: Device, x: Sequence[Floats]) -> list[Point]:
    """What a module is given at each point."""
    known, branches = law_names(device), kernel(device.over_time).branches
    points: list[Point] = []
    for at in zip(*x, strict=True):
        volts = {known["v", t]: float(v) for t, v in zip(device.terminals, at, strict=False)}
        volts |= {f"{known['v', t]}_inner": volts[known["v", t]] for _, t in device.series}
        currents = {f"I({known['i', b]})": float(i) for b, i in zip(branches, at[len(device.terminals) :], strict=True)}
        points.append((volts, currents))
    return points
