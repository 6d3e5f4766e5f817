"""A learning cell alone on a bench: sources at its four ends and on its other ports, its state on a capacitor.

The other ports (clocks, supplies, references) get what drives them where the netlist places the cell: the sources to
ground on the nets that they are joined to. A port that nothing there drives, and every one of a cell that no circuit
places, gets one pulse from 0 V to 5 V in the middle half of the learning step. A learning step takes as long as the circuit
shows a sample (`label ... every`), else a period of the slowest clock, else 1 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Floats, Params, Rule, flatten, initial, rule_slopes, with_states
from netlearn.circuit.model import GROUND, Cell, Circuit, Element, Formula, Instance, Learn
from netlearn.circuit.waveform import Pulse, Waveform
from netlearn.devices import DEVICES
from netlearn.errors import CircuitError
from netlearn.lang.compile import Netlist

STEP = 1e-3  # s, where nothing says how long a learning step is
HIGH = 5.0  # V
HALVES = ("free", "clamped")
MEMORY = "Cm"

Drive = Waveform | float


@dataclass(frozen=True)
class Surroundings:
    """What drives the ports of a cell, by port; how long a learning step takes (s); the circuit that says so, or ""."""

    drives: Mapping[str, Drive]
    every: float
    circuit: str = ""


@dataclass(frozen=True)
class Memory:
    """The capacitor that holds a state: one of the elements of the rule that sets its voltage, and which input the state
    is."""

    rule: Rule
    row: int
    input: int

    def volts(self, circuit: FlatCircuit, x: Floats) -> Floats:
        """(D,) of unknowns x (D, size)."""
        plus, minus = circuit.banks[MEMORY].nodes[self.rule.elements[self.row]]
        return np.asarray(x[:, plus] - x[:, minus])

    def slopes(self, states: Floats) -> Floats:
        """(D,) in V a unit of the state, at states (D, S)."""
        return np.asarray(rule_slopes(self.rule, states)[:, self.row, self.input])


@dataclass(frozen=True)
class Alone:
    """A cell with sources on all its ports. state: which of the circuit's; undriven: the ports that got the pulse.

    `sources`: elements of bank V at the free and the clamped end a, then at the free and the clamped end b."""

    cell: Cell
    circuit: FlatCircuit
    surroundings: Surroundings
    undriven: tuple[str, ...]
    state: int
    memory: Memory
    sources: tuple[int, ...]

    @property
    def learn(self) -> Learn:
        return self.circuit.states[self.state].learn

    @property
    def state_name(self) -> str:
        """Within the cell."""
        return self.circuit.states[self.state].name.partition(".")[2]

    def params(self, states: Floats, volts: Floats) -> Params:
        """Its numbers for D draws: states (D,), and voltages (D, 4) of its ends in the order of `sources`."""
        drawn = initial(self.circuit).copies(len(states))
        every = drawn.states.copy()
        every[:, self.state] = states
        drawn = with_states(self.circuit, drawn, every)
        drawn.values["V"]["dc"][:, list(self.sources)] = volts
        return drawn

    def currents(self, x: Floats) -> Floats:
        """(D, 2) that flow into the free and the clamped end a, of unknowns x (D, size), in A."""
        branches = self.circuit.banks["V"].branches[list(self.sources[:2]), 0]
        return np.asarray(-x[:, branches])


def alone(netlist: Netlist, cell: Cell) -> Alone:
    """A cell of a netlist on the bench; CircuitError where it is not an edge with two twin ends and one state on a
    capacitor."""
    ends = [port.removesuffix(".free") for port in cell.ports if port.endswith(".free")]
    ends = [end for end in ends if f"{end}.clamped" in cell.ports]
    if len(ends) != 2:
        raise CircuitError(
            f"module {cell.name} has {len(ends)} twin ports, and an edge has two",
            f"write bundle twin {{ free, clamped }}, and module {cell.name}(a: twin, b: twin, clk)",
        )
    if given := _states_given(cell):
        raise CircuitError(
            f"module {cell.name} is given its state {given[0]} from outside",
            f"let it have the state itself: state {given[0]} = learn(start, low..high)",
        )
    held = [f"{end}.{half}" for end in ends for half in HALVES]
    around = surroundings(netlist, cell)
    others = [port for port in cell.ports if port not in (*held, GROUND)]
    undriven = tuple(port for port in others if port not in around.drives)
    pulse = Pulse(0.0, HIGH, 0.25 * around.every, 1e-3 * around.every, 1e-3 * around.every, 0.499 * around.every)
    drives: dict[str, Drive] = {port: around.drives.get(port, pulse) for port in others}
    circuit = flatten(_bench(cell, dict.fromkeys(held, 0.0) | drives))
    state, memory = _memory(cell, circuit)
    names = circuit.banks["V"].names
    sources = tuple(names.index(_source(port)) for port in held)
    return Alone(cell, circuit, around, undriven, state, memory, sources)


def _states_given(cell: Cell) -> list[str]:
    """States that a cell uses and does not have."""
    formulas = [value for e in cell.elements for value in e.params.values() if isinstance(value, Formula)]
    used = [name for formula in formulas for name in formula.states]
    used += [name for instance in cell.instances for name in instance.states.values()]
    return [name for name in used if name not in cell.states]


def _bench(cell: Cell, drives: Mapping[str, Drive]) -> Circuit:
    nets = {port: port for port in cell.ports}
    sources = tuple(
        Element(_source(port), DEVICES["V"], (port, GROUND), {"dc": drive})
        if isinstance(drive, float)
        else Element(_source(port), DEVICES["V"], (port, GROUND), {"dc": drive.value(0.0)}, wave=drive)
        for port, drive in drives.items()
    )
    top = Cell("bench", (), tuple(drives), sources, (Instance("cell", cell, nets),), {})
    return Circuit(f"{cell.name} alone", top, (), ())


def _source(port: str) -> str:
    return f"hold {port}"


def _memory(cell: Cell, circuit: FlatCircuit) -> tuple[int, Memory]:
    """The state that learns, and the capacitor that holds it."""
    free = circuit.free_states.tolist()
    if len(free) != 1:
        raise CircuitError(
            f"module {cell.name} has {len(free)} states that learn, and a rule is of one",
            "write state k = learn(64, 1..127)" if not free else "let the others be parameters",
        )
    for rule in (rule for rule in circuit.rules if (rule.device, rule.param) == (MEMORY, "ic")):
        rows, inputs = np.nonzero(rule.inputs == free[0])
        if len(rows):
            return free[0], Memory(rule, int(rows[0]), int(inputs[0]))
    name = circuit.states[free[0]].name.partition(".")[2]
    raise CircuitError(
        f"no capacitor in module {cell.name} holds its state {name}, so nothing there can move it",
        f"write C memory(count, {GROUND}) = 1uF, ic = {name}",
    )


def surroundings(netlist: Netlist, cell: Cell) -> Surroundings:
    """What the first circuit that places a cell has at its ports."""
    for circuit in netlist.circuits.values():
        placed = next((nets for inner, nets in _placed(circuit.top, "", {GROUND: GROUND}) if inner is cell), None)
        if placed is not None:
            sources = _sources(flatten(circuit))
            drives = {port: sources[net] for port, net in placed.items() if net in sources}
            slowest = max((d.period for d in drives.values() if isinstance(d, Pulse)), default=0.0)
            return Surroundings(drives, circuit.every or slowest or STEP, circuit.name)
    return Surroundings({}, STEP)


def _placed(cell: Cell, prefix: str, nets: Mapping[str, str]) -> Iterator[tuple[Cell, Mapping[str, str]]]:
    """Every cell within one, and the paths of the nets on its ports."""
    paths = {**{net: prefix + net for net in cell.nets}, **nets}
    for instance in cell.instances:
        inner = {port: paths[net] for port, net in instance.nets.items()}
        yield instance.cell, inner
        yield from _placed(instance.cell, f"{prefix}{instance.name}.", {GROUND: GROUND, **inner})


def _sources(circuit: FlatCircuit) -> dict[str, Drive]:
    """Net to what holds it against ground: a waveform, or volts."""
    found: dict[str, Drive] = {GROUND: 0.0}
    bank = circuit.banks.get("V")
    for element, (plus, minus) in enumerate(bank.nodes.tolist() if bank else []):
        volts = float(circuit.base["V"]["dc"][element])
        if bank is not None and minus == 0 and np.isfinite(volts):
            found[circuit.nodes[plus]] = bank.waves.get(element, volts)
    return found
