"""`netlearn transient`: a circuit over time, as a table or as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netlearn import units
from netlearn.backends import open_backend
from netlearn.backends.protocol import NUMBERS, check_times
from netlearn.circuit.flat import FlatCircuit, Floats, boundary
from netlearn.cli.solving import Subject, input_values, quantity
from netlearn.errors import CircuitError
from netlearn.lang.values import suggest

POINTS = 1000  # where no step is given


@dataclass(frozen=True)
class Waves:
    """Node voltages (K,) by name at times (K,) in s."""

    time: Floats
    volts: Mapping[str, Floats]


def waves(
    subject: Subject, given: Sequence[str], stop: str, step: str | None, nets: Sequence[str], backend: str
) -> Waves:
    """The voltages of some nets, or of all, from an operating point at t = 0 on; CircuitError, BackendError."""
    circuit = subject.circuit
    end = quantity(stop, f"--stop {stop}", units.SECOND)
    longest = quantity(step, f"--step {step}", units.SECOND) if step is not None else end / POINTS
    check_times(circuit, 1, end, longest, NUMBERS // 10)  # a table takes ten times the room
    places = _places(circuit, nets)
    inputs = input_values(circuit, given, subject.inputs)
    solver = open_backend(backend, circuit)
    try:
        found = solver.transient(subject.params, boundary(circuit, inputs[None, :]), end, longest)
    finally:
        solver.close()
    return Waves(found.time, {name: found.x[0, 0, :, k] for name, k in places.items()})


def _places(circuit: FlatCircuit, nets: Sequence[str]) -> dict[str, int]:
    known = {name: k for name, k in circuit.node_index.items() if k > 0}
    for net in nets:
        if net not in known:
            raise CircuitError(
                f"--net {net}: there is no such net", suggest(net, known) or f"known: {', '.join(list(known)[:20])}"
            )
    return {net: known[net] for net in nets} if nets else known


def table(found: Waves) -> str:
    """Comma-separated values, a row a time; floats as Python writes them, so that nothing is lost."""
    rows = np.column_stack([found.time, *found.volts.values()]).tolist()
    names = ",".join(["t_s", *(f"V({name})" for name in found.volts)])
    return "\n".join([names, *(",".join(map(repr, row)) for row in rows)]) + "\n"


def as_json(found: Waves) -> dict[str, Any]:
    return {"time_s": found.time.tolist(), "volts": {name: v.tolist() for name, v in found.volts.items()}}


def draw(figure: Any, found: Waves) -> None:
    """Every voltage against time."""
    axes = figure.add_subplot()
    power = int(np.clip(np.floor(np.log10(found.time[-1]) / 3), -5, 0))
    unit = {0: "s", -1: "ms", -2: "µs", -3: "ns", -4: "ps", -5: "fs"}[power]
    for name, volts in found.volts.items():
        axes.plot(found.time / 1000.0**power, volts, lw=1.3, label=name)
    axes.set(xlabel=f"time ({unit})", ylabel="voltage (V)")
    axes.set_xlim(0, found.time[-1] / 1000.0**power)
    axes.grid(alpha=0.25)
    if 0 < len(found.volts) <= 12:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
