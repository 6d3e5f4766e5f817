"""The part of a circuit that its outputs depend on at rest: the network, without what only looks at it.

At rest a circuit is as many equations as unknowns: Kirchhoff's law at every node that nothing holds, and the law of every
voltage branch. Each unknown is matched with an equation of its own in which it appears; then it depends on the other
unknowns of that equation, on those of theirs, and so on. Whatever matching is taken, the unknowns that are reached from an
output are the same ones (the fine decomposition of Dulmage and Mendelsohn, 1958). What is not among the equations that
are reached changes nothing: comparators, multipliers and counters that look at a network and do not load it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_bipartite_matching

from netlearn.circuit.flat import Bank, FlatCircuit, Ints, OutputPort, Rule
from netlearn.devices import kernel

Mask = NDArray[np.bool_]
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Core:
    """unknowns (size,): those that the outputs depend on. elements: a bank's that have a part in their equations (E,)."""

    unknowns: Mask
    elements: Mapping[str, Mask]


def core(circuit: FlatCircuit) -> Core:
    """That of a circuit with outputs; all of one that has none."""
    if not circuit.outputs:
        banks = circuit.banks.items()
        return Core(np.ones(circuit.size, bool), {name: np.ones(len(bank.names), bool) for name, bank in banks})
    fixed = np.zeros(circuit.size, dtype=bool)
    fixed[[0, *circuit.driven["V"][0]]] = True
    table = _table(circuit, fixed)
    matched = maximum_bipartite_matching(table, perm_type="row")  # of each unknown its equation, -1 for none
    own = np.where(matched >= 0, matched, np.arange(circuit.size))
    wanted = np.zeros(circuit.size, dtype=bool)
    wanted[[n for port in circuit.outputs for n in _read(circuit, port)]] = True
    while True:
        reached = _reached(table[own], wanted) & ~fixed
        equations = np.zeros(circuit.size, dtype=bool)
        equations[own[reached]] = True
        elements = {name: _any(equations, bank) for name, bank in circuit.banks.items()}
        laws = np.concatenate([bank.branches[elements[name]].ravel() for name, bank in circuit.banks.items()])
        lacking = laws[~equations[laws]]  # an element is there with all of its laws or not at all
        if not len(lacking):
            return Core(reached, elements)
        wanted = reached | np.isin(own, lacking)


def _table(circuit: FlatCircuit, fixed: Mask) -> csr_array:
    """Which equation (row) has which unknown (column) in it."""
    rows, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for bank in circuit.banks.values():
        for row, column in kernel(bank.device).entries:
            rows.append(bank.unknowns[:, row])
            columns.append(bank.unknowns[:, column])
    at, of = np.concatenate(rows), np.concatenate(columns)
    free = ~fixed[at] & ~fixed[of]
    shape = (circuit.size, circuit.size)
    return csr_array((np.ones(int(free.sum()), np.int8), (at[free], of[free])), shape=shape)


def _reached(depends: csr_array, wanted: Mask) -> Mask:
    """What is wanted, and all that it depends on: what a search finds that begins at one more unknown, which depends on
    all that is wanted."""
    size, found = len(wanted), depends.tocoo()
    start = np.flatnonzero(wanted)
    rows = np.concatenate([found.coords[0], np.full(len(start), size)])
    columns = np.concatenate([found.coords[1], start])
    graph = csr_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(size + 1, size + 1))
    reached = np.zeros(size + 1, dtype=bool)
    reached[breadth_first_order(graph, size, return_predecessors=False)] = True
    return reached[:size]


def _read(circuit: FlatCircuit, port: OutputPort) -> Iterator[int]:
    if port.kind == "V":
        yield from (*port.free, *port.clamped)
    else:
        yield from circuit.banks[port.element[0]].unknowns[port.element[1]].tolist()


def _any(equations: Mask, bank: Bank) -> Mask:
    """Elements whose law has a part in any of these equations."""
    terminals = bank.device.terminals
    names = kernel(bank.device).branches
    places = {terminals.index(t) for kind, _, a, b, _ in kernel(bank.device).parts if kind in "IV" for t in (a, b)}
    places |= {len(terminals) + names.index(name) for kind, name, *_ in kernel(bank.device).parts if kind == "V"}
    found = np.zeros(len(bank.names), dtype=bool)
    for place in places:
        found |= equations[bank.unknowns[:, place]]
    return found


def pruned(circuit: FlatCircuit, found: Core) -> FlatCircuit:
    """The core as a circuit of its own, with the same states, inputs and outputs. What its elements join outside of it is
    at ground there, where none of its equations looks."""
    ports = [n for port in circuit.inputs for n in port.nodes]
    ports += [n for port in circuit.outputs if port.kind == "V" for n in (*port.free, *port.clamped)]
    used = found.unknowns[: len(circuit.nodes)].copy()
    used[[0, *ports]] = True
    nodes = np.flatnonzero(used)
    place = np.zeros(len(circuit.nodes), dtype=np.int64)
    place[nodes] = np.arange(len(nodes))
    banks: dict[str, Bank] = {}
    unknown = len(nodes)
    for name, bank in circuit.banks.items():
        keep = np.flatnonzero(found.elements[name])
        if not len(keep):
            continue
        shape = (len(keep), bank.branches.shape[1])
        branches = np.arange(unknown, unknown + shape[0] * shape[1], dtype=np.int64).reshape(shape)
        unknown += branches.size
        kept = {e: k for k, e in enumerate(keep.tolist())}
        banks[name] = Bank(
            bank.device,
            tuple(bank.names[e] for e in keep),
            place[bank.nodes[keep]],
            branches,
            _of_kept(bank.waves, kept),
            _of_kept(bank.tolerances, kept),
            _of_kept(bank.matches, kept),
        )
    return replace(
        circuit,
        nodes=tuple(circuit.nodes[n] for n in nodes),
        banks=banks,
        branch_count=unknown - len(nodes),
        rules=tuple(rule for old in circuit.rules for rule in _kept(old, found)),
        base={name: {p: v[found.elements[name]] for p, v in circuit.base[name].items()} for name in banks},
        inputs=tuple(replace(port, nodes=tuple(place[list(port.nodes)].tolist())) for port in circuit.inputs),
        outputs=tuple(_moved(port, place, found) for port in circuit.outputs),
        halves=circuit.halves[nodes],
    )


def _of_kept(of: Mapping[int, Kind], kept: Mapping[int, int]) -> dict[int, Kind]:
    """What some elements have, by the new number of each that is kept."""
    return {kept[element]: what for element, what in of.items() if element in kept}


def _kept(rule: Rule, found: Core) -> Iterator[Rule]:
    keep = found.elements[rule.device][rule.elements]
    if keep.any():
        elements = _places(found.elements[rule.device])[rule.elements[keep]]
        yield replace(rule, elements=elements, inputs=rule.inputs[keep], constants=rule.constants[keep])


def _places(kept: Mask) -> Ints:
    """The new number of each element that is kept."""
    return np.cumsum(kept) - 1


def _moved(port: OutputPort, place: Ints, found: Core) -> OutputPort:
    if port.kind == "I":
        device, element = port.element
        return replace(port, element=(device, int(_places(found.elements[device])[element])))
    free, clamped = (tuple(place[list(ends)].tolist()) for ends in (port.free, port.clamped))
    return replace(port, free=free, clamped=clamped)
