"""A flat circuit as a graph to compare: nets, and parts with labelled ends and numbers.

Ends of a part that can change places have one label (`Device.symmetric`). Of a transistor whose two sides differ in their own
parameters (`Device.mirrored`), the side with the larger ones comes first, and its ends have labels of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from netlearn.circuit.flat import Bank, FlatCircuit, initial
from netlearn.circuit.model import GROUND, Cell, Circuit, Formula
from netlearn.circuit.waveform import Pulse, Pwl, Sine, Waveform
from netlearn.devices import DEVICES, Device
from netlearn.errors import CircuitError


@dataclass(frozen=True)
class Part:
    """An element: its kind, path, ends (terminal, net), the label of each end, numbers by name, and which of them is its value."""

    kind: str
    name: str
    terminals: tuple[str, ...]
    nets: tuple[int, ...]
    labels: tuple[str, ...]
    values: Mapping[str, float]
    main: str
    told: tuple[str, ...]
    """The numbers that are not what they usually are."""


@dataclass(frozen=True)
class Graph:
    """Nets by path, and parts. `ports`: nets that are known by name outside, in small letters to their index."""

    nets: tuple[str, ...]
    parts: tuple[Part, ...]
    ports: Mapping[str, int]


def graph(circuit: FlatCircuit, ports: Iterable[str], tolerance: float) -> Graph:
    """The graph of a circuit as it is before it learns (seed 0). `ports`: paths of nets; ground is always one."""
    params = initial(circuit, 0)
    parts = []
    for name, bank in circuit.banks.items():
        numbers = {param: values[0].tolist() for param, values in params.values[name].items()}
        for k, path in enumerate(bank.names):
            own = {param: float(values[k]) for param, values in numbers.items()}
            parts.append(_part(bank, k, path, own, tolerance))
    index = circuit.node_index
    known = {net.lower(): index[net] for net in ports if net in index}
    return Graph(circuit.nodes, tuple(parts), {**known, GROUND: 0})


def with_ends(graph: Graph, circuit: Circuit) -> Graph:
    """The graph with a part for each input and output of its circuit: its kind on its nets, whatever it is called."""
    index = {net: k for k, net in enumerate(graph.nets)}
    known = {part.name: part for part in graph.parts}
    ends = []
    for given in circuit.inputs:
        nets = tuple(index[net] for net in given.nodes)
        ends.append(_end(f"input of {given.kind}", f"input {given.name}", nets, ("net",) * len(nets)))
    for read in circuit.outputs:
        name = f"output {read.name}"
        if read.kind == "V":
            nets = tuple(index[net] for net in (*read.free, *read.clamped))
            ends.append(_end("output of V", name, nets, ("plus", "minus", "clamped plus", "clamped minus")))
        else:  # the current into the first terminal of an element, which is not that into another
            of = known[read.element]
            ends.append(replace(of, kind=f"output of I in {of.kind}", name=name, labels=of.terminals))
    return replace(graph, parts=(*graph.parts, *ends))


def _end(kind: str, name: str, nets: tuple[int, ...], labels: tuple[str, ...]) -> Part:
    return Part(kind, name, labels, nets, labels, {}, "", ())


def standing(cell: Cell) -> Circuit:
    """A module's cell as a circuit of its own; CircuitError where it takes states from outside."""
    lost = sorted(
        {s for e in cell.elements for v in e.params.values() if isinstance(v, Formula) for s in v.states}
        - {*cell.states}
    )
    lost += sorted({s for i in cell.instances for s in i.states.values()} - {*cell.states, *lost})
    if lost:
        raise CircuitError(
            f"module {cell.name} takes a state '{lost[0]}' from outside", "compare a circuit that uses it"
        )
    nets = tuple(port for port in cell.ports if port not in cell.nets and port != GROUND)
    return Circuit(cell.name, replace(cell, nets=(*nets, *cell.nets)), (), ())


def near(a: float, b: float, tolerance: float) -> bool:
    """Whether two numbers differ by no more than a part of the larger one."""
    return a == b or abs(a - b) <= tolerance * max(abs(a), abs(b))


def _part(bank: Bank, k: int, path: str, values: dict[str, float], tolerance: float) -> Part:
    device, nets = bank.device, tuple(bank.nodes[k].tolist())
    labels = [next((g[0] for g in device.symmetric if t in g), t) for t in device.terminals]
    pairs = [(values[a], values[b]) for a, b in device.mirrored]
    if any(not near(a, b, tolerance) for a, b in pairs):
        labels = list(device.terminals)
        if [a for a, _ in pairs] < [b for _, b in pairs]:
            values |= {
                name: value
                for (a, b), (x, y) in zip(device.mirrored, pairs, strict=True)
                for name, value in ((a, y), (b, x))
            }
            first, second = (device.terminals.index(t) for t in device.symmetric[0])
            nets = tuple(nets[{first: second, second: first}.get(i, i)] for i in range(len(nets)))
    kind = _kind(device)
    if k in bank.waves:
        shape, more = _shape(bank.waves[k])
        kind, values = f"{kind} {shape}", {**values, **more}
    usual = {param.name: param.default for param in device.params}
    told = tuple(name for name, value in values.items() if value != usual.get(name))
    return Part(kind, path, device.terminals, nets, tuple(labels), values, device.value, told)


def _kind(device: Device) -> str:
    """What a device is called; one of a netlist's own with its law, which is what it is."""
    known = device.kit or DEVICES.get(device.name) is device
    return device.name if known else f"{device.name} {{ {' '.join(device.law.split())} }}"


def _shape(wave: Waveform) -> tuple[str, dict[str, float]]:
    """A function of time as its name and numbers."""
    match wave:
        case Pulse():
            numbers = {n: getattr(wave, n) for n in ("low", "high", "delay", "rise", "fall", "width", "period")}
            return "pulse", numbers
        case Sine():
            return "sine", {n: getattr(wave, n) for n in ("offset", "amplitude", "frequency", "delay")}
        case Pwl():
            points = zip(wave.times, wave.values, strict=True)
            return f"pwl of {len(wave.times)} points", {
                f"{n}{k}": v for k, p in enumerate(points) for n, v in zip("tv", p, strict=True)
            }
