"""`netlearn transient`: a circuit over time, as a table or as a picture, and what it asserts of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netlearn import units
from netlearn.backends import open_backend
from netlearn.backends.protocol import NUMBERS, check_times
from netlearn.circuit.flat import FlatCircuit, Floats, Params, boundary
from netlearn.circuit.model import GROUND, Plot
from netlearn.circuit.over_time import Check, checked, reading
from netlearn.circuit.waveform import SAME
from netlearn.cli.solving import Subject, input_values, quantity
from netlearn.errors import CircuitError
from netlearn.lang.values import suggest
from netlearn.plot.waves import against, over_time

POINTS = 1000  # where no step is given


@dataclass(frozen=True)
class Waves:
    """Node voltages (K,) by name at times (K,) in s: those `shown`; `checks`: what the circuit asserts;
    `later`: of it what lies beyond the end. `damped`: see `Transient`."""

    time: Floats
    volts: Mapping[str, Floats]
    shown: Sequence[str]
    checks: tuple[Check, ...] = ()
    plots: tuple[Plot, ...] = ()
    later: tuple[str, ...] = ()
    damped: bool = False


def waves(
    subject: Subject, given: Sequence[str], stop: str | None, step: str | None, nets: Sequence[str], backend: str
) -> Waves:
    """The voltages of some nets, or of all, from an operating point at t = 0 on; CircuitError, BackendError."""
    circuit, written = subject.circuit, subject.written
    watches = written.watches if written is not None else ()
    if stop is None and not watches:
        raise CircuitError("nobody says when to stop", "give --stop 5ms, or write assert V(out) > 4V at 5ms")
    last = max((watch.time for watch in watches), default=0.0)
    end = quantity(stop, f"--stop {stop}", units.SECOND) if stop is not None else last
    longest = quantity(step, f"--step {step}", units.SECOND) if step is not None else end / POINTS
    check_times(circuit, 1, end, longest, NUMBERS // 10)  # a table takes ten times the room
    shown = _shown(circuit, nets)
    known = _labels(subject)
    labels = [text for text in given if text.partition("=")[0].strip() in known]
    inputs = input_values(circuit, [text for text in given if text not in labels], subject.inputs)
    params = _labelled(subject, known, labels)
    solver = open_backend(backend, circuit)
    try:
        found = solver.transient(params, boundary(circuit, inputs[None, :]), end, longest)
    finally:
        solver.close()
    volts = {name: found.x[0, 0, :, k] for name, k in circuit.node_index.items()}
    reached = end * (1 + SAME)
    checks = checked([watch for watch in watches if watch.time <= reached], found.time, volts)
    later = tuple(watch.text for watch in watches if watch.time > reached)
    plots = written.plots if written is not None and not nets else ()
    return Waves(found.time, volts, shown, checks, plots, later, found.damped > 0)


def _labels(subject: Subject) -> dict[str, int]:
    """Labelled output to the source of its label among the voltage sources."""
    labels = subject.written.labels if subject.written is not None else ()
    return {label.output: subject.circuit.banks["V"].names.index(label.source) for label in labels}


def _labelled(subject: Subject, places: Mapping[str, int], given: Sequence[str]) -> Params:
    """The numbers with the labels of the task's first sample, or those given as y=0.2V."""
    if not places:
        return subject.params
    volts = {port.name: 0.0 for port in subject.circuit.outputs}
    if subject.labels is not None:
        volts |= dict(zip(volts, subject.labels.tolist(), strict=True))
    for text in given:
        name, _, number = text.partition("=")
        volts[name.strip()] = quantity(number.strip(), f"--input {text}", units.VOLT)
    values = subject.params.values
    dc = values["V"]["dc"].copy()
    for name, place in places.items():
        dc[:, place] = volts[name]
    return replace(subject.params, values={**values, "V": {**values["V"], "dc": dc}})


def _shown(circuit: FlatCircuit, nets: Sequence[str]) -> list[str]:
    known = [name for name in circuit.nodes if name != GROUND]
    for net in nets:
        if net not in known:
            raise CircuitError(
                f"--net {net}: there is no such net", suggest(net, known) or f"known: {', '.join(known[:20])}"
            )
    return list(nets) or known


def table(found: Waves) -> str:
    """Comma-separated values, a row a time; floats as Python writes them, so that nothing is lost."""
    rows = np.column_stack([found.time, *(found.volts[name] for name in found.shown)]).tolist()
    names = ",".join(["t_s", *(f"V({name})" for name in found.shown)])
    return "\n".join([names, *(",".join(map(repr, row)) for row in rows)]) + "\n"


def as_json(found: Waves) -> dict[str, Any]:
    return {
        "time_s": found.time.tolist(),
        "volts": {name: found.volts[name].tolist() for name in found.shown},
        "asserts": {
            **{check.watch.text: check.holds for check in found.checks},
            **dict.fromkeys(found.later),
        },
    }


def extent(found: Waves) -> tuple[float, float]:
    """Inches of the picture: an axes for each plot."""
    return (7.6, 3.8 * max(1, len(found.plots)))


def draw(figure: Any, found: Waves) -> None:
    """The circuit's plots, one below the other, or every voltage against time."""
    rows = figure.subplots(max(1, len(found.plots)), squeeze=False)[:, 0]
    if found.plots:
        for axes, plot in zip(rows, found.plots, strict=True):
            curves = {curve.text: reading(curve, found.volts, found.time) for curve in plot.curves}
            if plot.against is None:
                over_time(axes, found.time, curves, "")
            else:
                against(axes, plot.against.text, reading(plot.against, found.volts, found.time), curves)
    else:
        over_time(rows[0], found.time, {name: found.volts[name] for name in found.shown}, "voltage (V)")
