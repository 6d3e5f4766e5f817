"""Which edges a learnable value steers, and what each of them sees of its own two states.

A state acts on an element through one of its parameters, or, where it sets the voltage of a node, through a
control terminal on that node (a gate); edges are elements that the outputs depend on, so that update circuitry which
looks at a gate is none. In a twin (a bundle with halves free and clamped) one edge lies in each
half; in a single network the same edge is observed in two phases. Locality: everything below is a function of
an element's own terminal voltages, free and clamped.

Signals of an edge with drop d and current i(d; theta):

    d_F^2 - d_C^2                           what an analog multiplier forms
    dE/dtheta(F), dE/dtheta(C)              E(d; theta) = integral of i from 0 to d, its content: half the
                                            dissipated power for a linear edge, and the quantity whose sum a
                                            resistive network minimises

dE/dtheta is the integral of di/dtheta along the straight path from zero drop, by Gauss-Legendre quadrature: exact for
polynomial laws up to degree 15; for a linear law the middle of the path is enough. theta and its parameter are what they are
meant to be: update circuitry does not know by how much manufacture has put its edge off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.core import Core, core
from netlearn.circuit.flat import CLAMPED, FREE, FlatCircuit, Floats, Ints, Params, Rule, rule_slopes, rule_values
from netlearn.devices import Device, Kernel, kernel, known_law
from netlearn.errors import TaskError

PATH = [(0.5 * (node + 1.0), 0.5 * weight) for node, weight in zip(*np.polynomial.legendre.leggauss(8), strict=True)]
HOLDING = ("V", "Cm")


@dataclass(frozen=True)
class Group:
    """Edges of one device on which one parameter or control terminal acts.

    `column`: position of the parameter in p, or of the terminal in x (`terminal` True). rule, rows: where
    the slope d theta / d state is found. states (K,), elements (K,), half (K,). unknowns (K, T + U): x of every local
    unknown.
    """

    device: str
    column: int
    terminal: bool
    elements: Ints
    states: Ints
    half: Ints
    plus: Ints
    minus: Ints
    unknowns: Ints
    rule: Rule
    rows: Ints
    input: int

    @cached_property
    def twin(self) -> bool:
        """Whether these edges lie in the two halves of a twin."""
        return bool(self.half.any())

    @cached_property
    def distinct(self) -> bool:
        """Whether no state steers two of these edges."""
        return len(np.unique(self.states)) == len(self.states)

    @cached_property
    def locals(self) -> Ints:
        """The same (T + U, K)."""
        return np.ascontiguousarray(self.unknowns.T)

    @cached_property
    def place(self) -> slice | Ints:
        """The states of the edges as an index, a slice where they follow each other."""
        first = int(self.states[0])
        follow = np.array_equal(self.states, np.arange(first, first + len(self.states)))
        return slice(first, first + len(self.states)) if follow else self.states


def edge_groups(circuit: FlatCircuit) -> list[Group]:
    """Every (state, edge) pair of a circuit, grouped by device and handle. TaskError if a state steers nothing."""
    groups: list[Group] = []
    network = core(circuit)
    for rule in circuit.rules:
        for k in range(rule.inputs.shape[1]):
            if rule.device in HOLDING:
                groups += _gates(circuit, rule, k)
            elif circuit.banks[rule.device].device.drop is not None and not circuit.banks[rule.device].device.waveform:
                column = circuit.banks[rule.device].device.param_names.index(rule.param)
                rows = np.arange(len(rule.elements))
                groups.append(_group(circuit, rule.device, column, False, rule.elements, rule, rows, k))
    groups = [_learning(circuit, g) for g in groups]
    steered = {int(s) for g in groups for s in g.states}
    inside = {int(s) for g in groups for s in g.states[network.elements[g.device][g.elements]]}
    groups = [_some(g, _edges(g, network, inside)) for g in groups]
    groups = [part for g in groups for part in _apart(g)]
    idle = [circuit.states[i].name for i in circuit.free_states if int(i) not in steered]
    if idle:
        raise TaskError(
            f"state '{idle[0]}' steers no edge, so no local rule can teach it",
            "let it set a parameter of an element, or a gate (V or C with ic)",
        )
    return [g for g in groups if len(g.states)]


def _edges(group: Group, network: Core, inside: set[int]) -> NDArray[np.bool_]:
    """Which of the elements that a state steers are edges: those of the network, for what looks at a gate is none; or all
    of them where none is, as between two nodes that are held."""
    return np.asarray(network.elements[group.device][group.elements] | ~np.isin(group.states, list(inside)))


def _learning(circuit: FlatCircuit, group: Group) -> Group:
    return _some(group, np.isin(group.states, circuit.free_states))


def _apart(group: Group) -> list[Group]:
    """Edges in the halves of a twin and edges in neither, which see two phases."""
    halved = group.half > 0
    return [_some(group, ~halved), _some(group, halved)] if group.twin and not halved.all() else [group]


def _some(group: Group, keep: np.ndarray) -> Group:
    fields = {n: getattr(group, n)[keep] for n in ("elements", "states", "half", "plus", "minus", "unknowns", "rows")}
    return Group(group.device, group.column, group.terminal, rule=group.rule, input=group.input, **fields)


def _gates(circuit: FlatCircuit, rule: Rule, k: int) -> list[Group]:
    """Edges whose control terminal lies on a node that a state holds."""
    if rule.param not in ("dc", "ic"):
        return []
    holder = circuit.banks[rule.device].nodes[rule.elements]
    at = {int(p): row for row, (p, n) in enumerate(holder) if n == 0}
    found: list[Group] = []
    for name, bank in circuit.banks.items():
        if bank.device.drop is None:
            continue
        for terminal in bank.device.control:
            column = bank.device.terminals.index(terminal)
            hits = [(e, at[int(n)]) for e, n in enumerate(bank.nodes[:, column]) if int(n) in at]
            if hits:
                elements, rows = (np.array(v, dtype=np.int64) for v in zip(*hits, strict=True))
                found.append(_group(circuit, name, column, True, elements, rule, rows, k))
    return found


def _group(
    circuit: FlatCircuit, device: str, column: int, terminal: bool, elements: Ints, rule: Rule, rows: Ints, k: int
) -> Group:
    bank = circuit.banks[device]
    drop = bank.device.drop
    assert drop is not None
    plus, minus = (bank.nodes[elements, bank.device.terminals.index(t)] for t in drop)
    sides = np.stack([circuit.halves[plus], circuit.halves[minus]])
    if ((sides == FREE).any(axis=0) & (sides == CLAMPED).any(axis=0)).any():
        raise TaskError(f"a learning edge of {device} joins the free and the clamped half", "keep the two halves apart")
    states = rule.inputs[rows, k]
    half, unknowns = sides.max(axis=0), bank.unknowns[elements]
    return Group(device, column, terminal, elements, states, half, plus, minus, unknowns, rule, rows, k)


@dataclass(frozen=True)
class Seen:
    """What every learning edge sees in one phase: unknowns x (D, S, size).

    `twins`: the unknowns that edges of a twin are read in, of which those of one `half` count (FREE or CLAMPED);
    hardware reads both halves at once, in the nudged phase.
    """

    circuit: FlatCircuit
    groups: Sequence[Group]
    params: Params
    x: Floats
    twins: Floats
    half: int

    def _x(self, group: Group) -> Floats:
        return self.twins if group.twin else self.x

    def _own(self, group: Group, values: Floats) -> Floats:
        """Zero for edges of the other half."""
        return np.where(group.half == self.half, values, 0.0) if group.twin else values

    @cached_property
    def drops(self) -> list[Floats]:
        """Drop of each edge, one array (D, S, K) a group."""
        return [self._own(g, self._x(g).take(g.plus, axis=-1) - self._x(g).take(g.minus, axis=-1)) for g in self.groups]

    @cached_property
    def squares(self) -> list[Floats]:
        """Square of each drop."""
        return [d**2 for d in self.drops]

    @cached_property
    def contents(self) -> list[Floats]:
        """dE/d state of each edge, E its content."""
        return [self._own(g, self._slope(g) * self._of_law(g, content_slope)) for g in self.groups]

    @cached_property
    def current_slopes(self) -> list[Floats]:
        """di/d state of the current through each edge, at its present drop."""
        return [self._own(g, self._slope(g) * self._of_law(g, current_slope)) for g in self.groups]

    def _slope(self, group: Group) -> Floats:
        return rule_slopes(group.rule, self.params.states)[:, None, group.rows, group.input]

    def _of_law(self, group: Group, signal: Callable[..., Floats]) -> Floats:
        bank = self.circuit.banks[group.device]
        local = self._x(group).take(group.locals, axis=-1).swapaxes(-1, -2)
        p = [self.params.values[group.device][n][:, None, group.elements] for n in bank.device.param_names]
        if self.params.off and not group.terminal:
            p[group.column] = rule_values(group.rule, self.params.states)[:, None, group.rows]
        return signal(bank.device, local, p, group.column, group.terminal)

    def to_states(self, values: Sequence[Floats]) -> Floats:
        """Sum edge values (D, S, K), one array a group, onto the states: (D, S, states)."""
        first = values[0]
        total = np.zeros((*first.shape[:2], len(self.circuit.states)), dtype=np.result_type(*values))
        for group, value in zip(self.groups, values, strict=True):
            if group.distinct:
                total[..., group.place] += value
            else:
                np.add.at(np.moveaxis(total, -1, 0), group.states, np.moveaxis(value, -1, 0))
        return total


def content_slope(device: Device, local: Floats, p: Sequence[Floats], column: int, terminal: bool) -> Floats:
    """Integral over s in 0..1 of di/dtheta(x(s)) d ds, where x(s) moves the two ends of the edge apart
    symmetrically from their mean, from zero drop (s = 0) to the drop d (s = 1)."""
    a, _ = ends(device)
    return integral(device, local, lambda x: _slope_of_law(known_law(device), x, p, a, column, terminal))


def content(device: Device, local: Floats, p: Sequence[Floats]) -> Floats:
    """The content of an edge itself: the integral of its current along the same path."""
    a, _ = ends(device)
    return integral(device, local, lambda x: known_law(device).evaluate(x, p)[a])


def integral(device: Device, local: Floats, of: Callable[[Sequence[Floats]], Floats]) -> Floats:
    """Of a function of an edge's unknowns x, over its drop, along the path of `content_slope`."""
    a, b = ends(device)
    d = local[..., a] - local[..., b]

    def at(s: float) -> Floats:
        x, back = [local[..., k] for k in range(local.shape[-1])], 0.5 * (1.0 - s) * d
        x[a], x[b] = x[a] - back, x[b] + back
        return of(x)

    return np.asarray((at(0.5) if kernel(device).linear else reduce(add, (weight * at(s) for s, weight in PATH))) * d)


def current_slope(device: Device, local: Floats, p: Sequence[Floats], column: int, terminal: bool) -> Floats:
    """di/dtheta of the current from the first to the second end of an edge."""
    a, _ = ends(device)
    x = [local[..., k] for k in range(local.shape[-1])]
    return np.broadcast_to(_slope_of_law(known_law(device), x, p, a, column, terminal), local.shape[:-1])


def ends(device: Device) -> tuple[int, int]:
    """Positions of the two terminals whose difference is an edge's drop."""
    assert device.drop is not None
    a, b = (device.terminals.index(t) for t in device.drop)
    return a, b


def _slope_of_law(
    law: Kernel, x: Sequence[Floats], p: Sequence[Floats], row: int, column: int, terminal: bool
) -> Floats:
    """d(current into the first end) / d(parameter or control voltage)."""
    with np.errstate(all="ignore"):
        if terminal:
            values = law.evaluate(x, p)[len(x) :]
            entries = law.entries
        else:
            values, entries = law.sensitivity(x, p), law.sensitivity_entries
    found = [value for entry, value in zip(entries, values, strict=True) if entry == (row, column)]
    return np.asarray(reduce(add, found, 0.0) if len(found) != 1 else found[0])


def polarities(circuit: FlatCircuit, groups: Sequence[Group], params: Params) -> list[Floats]:
    """+1 where raising the state raises an edge's conductance, -1 where it lowers it, (K,) a group.

    Judged at a drop of 50 mV near ground with the state halfway to its upper bound, so that a transistor
    conducts. TaskError where the state does nothing even there.
    """
    return [_polarity(circuit, group, params) for group in groups]


def _polarity(circuit: FlatCircuit, group: Group, params: Params) -> Floats:
    bank = circuit.banks[group.device]
    a, b = ends(bank.device)
    p = [params.values[group.device][n][0, group.elements] for n in bank.device.param_names]
    x = [np.zeros(len(group.elements)) for _ in range(bank.unknowns.shape[1])]
    x[a], x[b] = x[a] + 0.05, x[b]
    if group.terminal:
        learns = [circuit.states[s].learn for s in group.states]
        x[group.column] = np.array(
            [_high(learn.high, params.states[0, s]) for learn, s in zip(learns, group.states, strict=True)]
        )
    slope = _slope_of_law(kernel(bank.device), x, p, a, group.column, group.terminal)
    slope = np.sign(
        np.broadcast_to(slope, len(group.elements)) * rule_slopes(group.rule, params.states)[0, group.rows, group.input]
    )
    if (slope == 0).any():
        name = bank.names[int(group.elements[int(np.argmin(np.abs(slope)))])]
        raise TaskError(f"the learnable value of {name} does not change its current", "check its law and bounds")
    return np.asarray(slope)


def _high(bound: float, now: float) -> float:
    return bound if np.isfinite(bound) else now + 1.0
