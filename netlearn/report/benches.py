"""Benches of cells: circuits that show a cell at work over time, run on ngspice in each of their versions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.flat import boundary, flatten, initial
from netlearn.circuit.model import Cell, Circuit
from netlearn.circuit.over_time import Check, checked
from netlearn.errors import BackendError, CircuitError, NetlistError
from netlearn.lang.compile import Netlist, compile_file
from netlearn.plot.waves import Traces
from netlearn.units import Quantity

SWITCH = "transistors"
"""The parameter that chooses between the versions of a cell and of its bench."""
VERSIONS = {0: "behavioural", 1: "transistor level"}
BACKEND = "ngspice"
POINTS = 1000


@dataclass(frozen=True)
class Measured:
    """One version of a bench: its circuit, its traces and assertions, the seconds it took; fault: why there are none."""

    version: str
    circuit: Circuit
    traces: Traces | None = None
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0
    fault: str = ""


@dataclass(frozen=True)
class Bench:
    """A circuit that asserts something at a time, and the names of the cells that it places."""

    name: str
    places: frozenset[str]
    versions: tuple[Measured, ...]


def setting(version: int) -> dict[str, Quantity]:
    return {SWITCH: Quantity(float(version))}


def benches(file: Path, netlist: Netlist) -> list[Bench]:
    """Every bench of a file, run; BackendError where there is no ngspice."""
    ones = {name: c for name, c in netlist.circuits.items() if c.watches}
    chosen: Mapping[int, Netlist] = {}
    if any(SWITCH in circuit.settings for circuit in ones.values()):
        chosen = {version: compile_file(file, (), setting(version)) for version in VERSIONS}
    found = []
    for name, circuit in ones.items():
        if SWITCH in circuit.settings:
            circuits = {VERSIONS[v]: of.circuits[name] for v, of in chosen.items()}
        else:
            circuits = {"": circuit}
        places = frozenset(i.cell.name for c in circuits.values() for i in c.top.instances)
        found.append(Bench(name, places, tuple(measured(c, version) for version, c in circuits.items())))
    return found


def measured(circuit: Circuit, version: str) -> Measured:
    """A circuit up to its last assertion, from an operating point on; inputs at 0."""
    started = time.perf_counter()
    end = max(watch.time for watch in circuit.watches)
    try:
        flat = flatten(circuit)
        solver = open_backend(BACKEND, flat)
    except (CircuitError, NetlistError) as fault:
        return Measured(version, circuit, fault=str(fault))
    try:
        held = boundary(flat, np.zeros((1, len(flat.inputs))))
        found = solver.transient(initial(flat, 0), held, end, end / POINTS)
    except (BackendError, CircuitError) as fault:
        return Measured(version, circuit, seconds=time.perf_counter() - started, fault=str(fault))
    finally:
        solver.close()
    volts = {name: found.x[0, 0, :, k] for name, k in flat.node_index.items()}
    checks = checked(circuit.watches, found.time, volts)
    return Measured(version, circuit, Traces(version, found.time, volts), checks, time.perf_counter() - started)


def is_of(cell: Cell | str, module: str) -> bool:
    """A cell is of a module: modules with several settings of their parameters are numbered."""
    name = cell if isinstance(cell, str) else cell.name
    base, _, number = name.rpartition("_")
    return name == module or (base == module and number.isdigit())
