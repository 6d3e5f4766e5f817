"""`netlearn solve`: one operating point of a netlist or of a trained run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netlearn import units
from netlearn.backends import open_backend
from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import FlatCircuit, Floats, Params, boundary, flatten, initial
from netlearn.circuit.model import GROUND, Circuit
from netlearn.circuit.temperature import NOMINAL_CELSIUS, at
from netlearn.cli.reading import compiled
from netlearn.errors import CircuitError, RunError
from netlearn.lang.compile import Netlist
from netlearn.solve.solution import Solution, read


@dataclass(frozen=True)
class Subject:
    """What is solved: a circuit, its numbers, input values and labels where a task has some, and the circuit as it is
    written."""

    circuit: FlatCircuit
    params: Params
    inputs: Floats | None
    written: Circuit | None = None
    labels: Floats | None = None


def operating_point(subject: Subject, given: Sequence[str], backend: str) -> tuple[Floats, Solution]:
    """Values of the inputs (inputs,), given ones first, and what the circuit does with them."""
    inputs = input_values(subject.circuit, given, subject.inputs)
    solver = open_backend(backend, subject.circuit)
    try:
        return inputs, solver.operating_points(subject.params, boundary(subject.circuit, inputs[None, :]))
    finally:
        solver.close()


def solve_one(subject: Subject, given: Sequence[str], backend: str) -> dict[str, Any]:
    """nodes: name to volts (None where not settled); outputs by name; inputs used; settled."""
    circuit, params = subject.circuit, subject.params
    inputs, solution = operating_point(subject, given, backend)
    values = read(circuit, params, solution.x)[0, 0]
    nodes = {n: _number(v) for n, v in zip(circuit.nodes, solution.x[0, 0], strict=False)}
    return {
        "nodes": nodes | {GROUND: 0.0},
        "outputs": {p.name: _number(v) for p, v in zip(circuit.outputs, values, strict=True)},
        "inputs": {p.name: float(v) for p, v in zip(circuit.inputs, inputs, strict=True)},
        "settled": bool(solution.settled.all()),
    }


def unsettled(subject: Subject) -> CircuitError:
    """Why a circuit did not settle, as far as its connections tell."""
    found = Connections(subject.circuit).undetermined(subject.circuit.driven["V"][0])
    if found is None:
        return CircuitError(
            "the circuit did not settle", "look for wrong values and for feedback without a stable point"
        )
    return CircuitError(f"the circuit did not settle: {found.message}", found.help)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def find_subject(
    target: Path,
    circuit: str | None,
    seed: int | None,
    given: list[str] | None,
    allow: list[Path] | None,
    celsius: float | None,
    quiet: bool,
) -> Subject:
    """What is to be solved: a circuit of a netlist as it is before it learns, or of a run as it is afterwards."""
    if not target.is_dir():
        warm = NOMINAL_CELSIUS if celsius is None else celsius
        return drawn(compiled(target, allow, quiet, given), circuit, seed or 0, warm)
    refuse_of_run({"--circuit": circuit, "--seed": seed, "--set": given, "--allow": allow})
    return trained(target, celsius)


def refuse_of_run(typed: Mapping[str, object]) -> None:
    """RunError where an option was typed that a run folder answers itself."""
    for option, value in typed.items():
        if value not in (None, (), []):
            raise RunError(f"{option} means nothing for a run", "a run knows its circuit, its seed and its files")


def trained(run: Path, celsius: float | None = None) -> Subject:
    """The circuit of a run as it was trained, as warm as it was then or as is asked for, and the first sample of its task."""
    from netlearn.learn import session
    from netlearn.store import open_run

    folder = open_run(run)
    circuit, task, saved = session.trained(folder)
    params = session.params_of(folder, circuit, saved["states"], celsius)
    return Subject(circuit, params, task.inputs[0])


def drawn(netlist: Netlist, name: str | None, seed: int, celsius: float = NOMINAL_CELSIUS) -> Subject:
    """A circuit of a netlist before it learns, and the first sample of its first task."""
    if seed < 0:
        raise CircuitError(f"seed {seed}", "a seed is not negative")
    chosen = choose_circuit(netlist, name)
    task = next((t for t in netlist.tasks.values() if t.circuit == chosen.name), None)
    circuit = flatten(chosen)
    inputs, labels = (np.array(task.inputs[0]), np.array(task.labels[0])) if task is not None else (None, None)
    return Subject(circuit, at(circuit, initial(circuit, seed), celsius), inputs, chosen, labels)


def choose_circuit(netlist: Netlist, name: str | None) -> Circuit:
    """The circuit by name, or the only one."""
    if not netlist.circuits:
        raise CircuitError("there is no circuit in this netlist", "write circuit Name { ... }")
    if name is not None and name not in netlist.circuits:
        raise CircuitError(f"there is no circuit '{name}'", f"known: {', '.join(netlist.circuits)}")
    return netlist.circuits[name] if name is not None else netlist.circuit


def input_values(circuit: FlatCircuit, given: Sequence[str], defaults: Floats | None) -> Floats:
    """Input values by name; what is not given comes from the task's first sample."""
    kinds = {port.name: port.kind for port in circuit.inputs}
    names = list(kinds)
    values = dict(zip(names, defaults, strict=True)) if defaults is not None else {}
    for text in given:
        key, sign, number = text.partition("=")
        if not sign or key.strip() not in names:
            raise CircuitError(
                f"--input {text}: there is no such input",
                f"write name=value with a name of {', '.join(names) or 'no input at all'}",
            )
        unit = units.VOLT if kinds[key.strip()] == "V" else units.AMPERE
        values[key.strip()] = quantity(number.strip(), f"--input {text}", unit)
    missing = [n for n in names if n not in values]
    if missing:
        raise CircuitError(f"input {missing[0]} has no value", f"give --input {missing[0]}=0.3V")
    return np.array([values[n] for n in names], dtype=float)


def quantity(text: str, said: str, unit: units.Dimension) -> float:
    """A number in a unit, in SI; `said`: how the command line has it. CircuitError where it is none."""
    try:
        found = units.parse_signed(text)
    except units.UnitFault as fault:
        raise CircuitError(f"{said}: {fault}", fault.help) from None
    if found.dimension not in (units.NONE, unit):
        raise CircuitError(
            f"{said}: this is in {units.describe(unit)}, not in {units.describe(found.dimension)}",
            f"give it in {units.describe(unit)}",
        )
    return found.number
