"""Things attached to a flat circuit from outside: more elements, more nodes, a connection cut open.

An experiment may need what the circuit itself does not have, such as sources at its outputs. Nodes are added after those
there are, and elements after those of their bank, so that every element and state keeps its place; branch currents come
after all nodes and move up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from netlearn.circuit.flat import Bank, FlatCircuit, Ints
from netlearn.devices import Device, kernel


@dataclass(frozen=True)
class Attached:
    """An element by device, name, nodes (a new name is a new node) and parameters."""

    device: str
    name: str
    nodes: tuple[str, ...]
    params: Mapping[str, float]


def attach(circuit: FlatCircuit, added: Sequence[Attached], devices: Mapping[str, Device]) -> FlatCircuit:
    """The circuit with more elements; what their parameters leave out is the device's default."""
    circuit = _with_nodes(circuit, [name for element in added for name in element.nodes])
    banks, base = dict(circuit.banks), {d: dict(of) for d, of in circuit.base.items()}
    unknown = circuit.size
    for element in added:
        device = devices[element.device]
        names = kernel(device).branches
        bank = banks.get(device.name) or _empty(device)
        nodes = np.array([[circuit.node_index[n] for n in element.nodes]], dtype=np.int64)
        branches = np.arange(unknown, unknown + len(names), dtype=np.int64)[None, :]
        unknown += len(names)
        banks[device.name] = replace(
            bank,
            names=(*bank.names, element.name),
            nodes=np.concatenate([bank.nodes, nodes]),
            branches=np.concatenate([bank.branches, branches]),
        )
        of = base.setdefault(device.name, {p: np.zeros(0) for p in device.param_names})
        for param in device.params:
            value = {param.name: param.default, **element.params}[param.name]
            of[param.name] = np.append(of[param.name], np.nan if value is None else value)
    return replace(circuit, banks=banks, base=base, branch_count=unknown - len(circuit.nodes))


def split(circuit: FlatCircuit, device: str, element: int, terminal: int, inner: str) -> FlatCircuit:
    """The circuit with one terminal of an element taken off its node and put on a new one, `inner`."""
    circuit = _with_nodes(circuit, [inner])
    bank = circuit.banks[device]
    nodes = bank.nodes.copy()
    nodes[element, terminal] = circuit.node_index[inner]
    return replace(circuit, banks={**circuit.banks, device: replace(bank, nodes=nodes)})


def _with_nodes(circuit: FlatCircuit, names: Sequence[str]) -> FlatCircuit:
    new = [n for n in dict.fromkeys(names) if n not in circuit.node_index]
    banks = {d: replace(b, branches=b.branches + len(new)) for d, b in circuit.banks.items()}
    halves: Ints = np.concatenate([circuit.halves, np.zeros(len(new), dtype=np.int64)])
    return replace(circuit, nodes=(*circuit.nodes, *new), banks=banks, halves=halves)


def _empty(device: Device) -> Bank:
    return Bank(
        device,
        (),
        np.zeros((0, len(device.terminals)), dtype=np.int64),
        np.zeros((0, len(kernel(device).branches)), dtype=np.int64),
        {},
    )
