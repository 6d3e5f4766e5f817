"""The three values every solver, learning rule and export works on: FlatCircuit, Params, Boundary.

The unknowns of a circuit are x = (node voltages, branch currents); x[0] is ground and always zero. A lane is
one pair of a draw (a manufactured copy: first axis of Params) and a sample (first axis of Boundary).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.model import GROUND, Cell, Circuit, Element, Formula, Learn, Output, Tolerance, Uniform
from netlearn.circuit.waveform import Waveform
from netlearn.devices import DEVICES, Device, Param, kernel
from netlearn.errors import CircuitError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FREE, CLAMPED = 1, 2
HALVES = {"free": FREE, "clamped": CLAMPED}


def _ints(numbers: Sequence[int]) -> Ints:
    return np.array(numbers, dtype=np.int64)


@dataclass(frozen=True)
class Bank:
    """All elements of one device: names, node index a terminal (E, T), unknown index a branch (E, U).

    By element, where there are any: waveforms, tolerances, and the path of the group that one is matched in."""

    device: Device
    names: tuple[str, ...]
    nodes: Ints
    branches: Ints
    waves: Mapping[int, Waveform]
    tolerances: Mapping[int, tuple[Tolerance, ...]] = field(default_factory=dict)
    matches: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def unknowns(self) -> Ints:
        """Index into x of every local unknown, (E, T + U)."""
        return np.concatenate([self.nodes, self.branches], axis=1)


@dataclass(frozen=True)
class Rule:
    """Parameters computed from states: one formula text, many elements.

    `device.param[elements] = law(states[inputs], constants)`; inputs (K, S), constants (K, C).
    """

    device: str
    param: str
    elements: Ints
    law: Device
    inputs: Ints
    constants: Floats


@dataclass(frozen=True)
class State:
    """A learnable value of the flat circuit, by path. One that stands for a parameter of an instance has what manufacture does
    to it, of a parameter `MODULE.PARAM`, and the path of the group that the instance is matched in, or ""."""

    name: str
    learn: Learn
    tolerance: Tolerance | None = None
    match: str = ""


@dataclass(frozen=True)
class InputPort:
    """A driven quantity by node index; `nodes` has both halves of a twin."""

    name: str
    kind: str
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class OutputPort:
    """A read quantity by node index (plus, minus) a half; kind I reads an element of a bank."""

    name: str
    kind: str
    free: tuple[int, int] = (0, 0)
    clamped: tuple[int, int] = (0, 0)
    element: tuple[str, int] = ("", 0)


@dataclass(frozen=True)
class FlatCircuit:
    """The shape of a circuit: nodes by path (nodes[0] is ground), banks by device name, states, ports."""

    name: str
    nodes: tuple[str, ...]
    banks: Mapping[str, Bank]
    branch_count: int
    states: tuple[State, ...]
    rules: tuple[Rule, ...]
    base: Mapping[str, Mapping[str, Floats]]
    inputs: tuple[InputPort, ...]
    outputs: tuple[OutputPort, ...]
    halves: Ints
    """(nodes,) 1 where a node belongs to the free half of a twin, 2 to the clamped half, 0 elsewhere."""

    @property
    def size(self) -> int:
        """Length of x."""
        return len(self.nodes) + self.branch_count

    @cached_property
    def node_index(self) -> Mapping[str, int]:
        return {name: i for i, name in enumerate(self.nodes)}

    @cached_property
    def driven(self) -> Mapping[str, tuple[Ints, Ints]]:
        """Kind of input (V, I) to the nodes it acts on and the input that each of them follows."""
        pairs = {
            kind: [(n, i) for i, port in enumerate(self.inputs) if port.kind == kind for n in port.nodes]
            for kind in ("V", "I")
        }
        return {k: (_ints([n for n, _ in p]), _ints([i for _, i in p])) for k, p in pairs.items()}

    @cached_property
    def read_nodes(self) -> Mapping[str, tuple[Ints, Ints]]:
        """Half to the nodes (plus, minus) of every output; ground twice for a current."""
        halves = {"free": [port.free for port in self.outputs], "clamped": [port.clamped for port in self.outputs]}
        return {half: (_ints([p for p, _ in ends]), _ints([m for _, m in ends])) for half, ends in halves.items()}

    @cached_property
    def held_nodes(self) -> frozenset[int]:
        """Nodes that always have a given voltage: ground, driven ones, and those of sources with the other end at ground."""
        found = {0, *self.driven["V"][0].tolist()}
        for bank in self.banks.values():
            if bank.device.holds:
                found |= {p + n for p, n in bank.nodes.tolist() if 0 in (p, n)}
        return frozenset(found)

    @cached_property
    def clampable(self) -> frozenset[int]:
        """Nodes a clamped phase may hold: all that are read and not held anyway."""
        driven = {n for port in self.inputs if port.kind == "V" for n in port.nodes} | {0}
        return frozenset({n for port in self.outputs if port.kind == "V" for n in port.clamped} - driven)

    @cached_property
    def clamping(self) -> tuple[Ints, Ints, Ints, Floats]:
        """What a clamped phase moves: a node, the node of the free half it starts from, the output that pushes
        it and its share of that push: 1, or 1/2 and -1/2 where an output is a difference of two nodes that are both
        free to move."""
        moved: list[tuple[int, int, int, float]] = []
        for k, port in enumerate(self.outputs):
            if port.clamped[1] in self.held_nodes:
                moved.append((port.clamped[0], port.free[0], k, 1.0))
            else:
                moved += [(port.clamped[0], port.free[0], k, 0.5), (port.clamped[1], port.free[1], k, -0.5)]
        nodes = [node for node, *_ in moved]
        for node in nodes:
            if nodes.count(node) > 1:
                raise CircuitError(f"two outputs clamp the node {self.nodes[node]}", "read outputs at different nodes")
        return _ints(nodes), _ints([m[1] for m in moved]), _ints([m[2] for m in moved]), np.array([m[3] for m in moved])

    @cached_property
    def free_states(self) -> Ints:
        """Indices of the states that learn."""
        return np.array([i for i, s in enumerate(self.states) if not s.learn.frozen], dtype=np.int64)

    @property
    def element_count(self) -> int:
        return sum(len(bank.names) for bank in self.banks.values())


class Off(NamedTuple):
    """What was meant as `x` is gain x + shift; both (D, .)."""

    gain: Floats
    shift: Floats

    def of(self, values: Floats) -> Floats:
        return self.gain * values + self.shift


STATES = ("", "")
LEAST = 0.1


@dataclass(frozen=True)
class Params:
    """The numbers of a circuit: states (D, S) and values[device][param] (D, E), for D draws.

    `off`: what manufacture does to parameters that states set, by (device, param), (D, E), and to states (STATES), (D, S), on
    their way into parameters; what nothing is off in is not there."""

    states: Floats
    values: Mapping[str, dict[str, Floats]]
    off: Mapping[tuple[str, str], Off] = field(default_factory=dict)

    @property
    def draws(self) -> int:
        return len(self.states)

    def of(self, draws: Ints | slice) -> Params:
        """The numbers of some draws, one of them as often as it is named."""
        values = {d: {p: v[draws] for p, v in of.items()} for d, of in self.values.items()}
        off = {key: Off(of.gain[draws], of.shift[draws]) for key, of in self.off.items()}
        return Params(self.states[draws], values, off)

    def copies(self, count: int) -> Params:
        """`count` copies like the first draw."""
        return self.of(np.zeros(count, dtype=np.int64))


@dataclass(frozen=True)
class Boundary:
    """What is imposed from outside, for S samples.

    held: node indices (H,) at `voltages` (S, H); NaN there leaves the node free in that sample.
    fed: node indices (F,) into which `currents` (S, F) flow.
    """

    held: Ints
    voltages: Floats
    fed: Ints
    currents: Floats

    @property
    def samples(self) -> int:
        return len(self.voltages)

    def of(self, samples: Ints | slice) -> Boundary:
        """The same for some of the samples."""
        return Boundary(self.held, self.voltages[samples], self.fed, self.currents[samples])


def with_states(circuit: FlatCircuit, params: Params, states: Floats) -> Params:
    """The parameters at new states (D, S): every rule is evaluated again, every other array is shared."""
    values = dict(params.values)
    for device in {rule.device for rule in circuit.rules}:
        values[device] = dict(values[device])
    inside = params.off[STATES].of(states) if STATES in params.off else states
    for rule in circuit.rules:
        new = values[rule.device][rule.param].copy()
        new[:, rule.elements] = rule_values(rule, inside)
        if (rule.device, rule.param) in params.off:
            meant, (gain, shift) = new[:, rule.elements], params.off[rule.device, rule.param]
            with np.errstate(over="ignore", invalid="ignore"):  # solvers refuse what is no number
                made = gain[:, rule.elements] * meant + shift[:, rule.elements]
            new[:, rule.elements] = buildable(circuit.banks[rule.device].device.param(rule.param), made, meant)
        values[rule.device][rule.param] = new
    return Params(states, values, params.off)


def buildable(param: Param, made: Floats, meant: Floats) -> Floats:
    """Numbers that a part can have: within the bounds of the parameter, and of one that must not be negative at least a tenth
    (LEAST) of what was meant: further out than that a normal law is no model of anything."""
    inside = np.clip(made, param.least, param.most)
    return inside if param.allowed == "any" else np.maximum(inside, LEAST * meant)


def slopes_of(params: Params, rule: Rule) -> Floats:
    """d value / d state of a rule for every element and input, (D, K, S), as the parts are."""
    if not params.off:
        return rule_slopes(rule, params.states)
    off = params.off.get(STATES)
    slopes = rule_slopes(rule, params.states if off is None else off.of(params.states))
    if off is not None:
        slopes = slopes * off.gain[:, rule.inputs]
    if (rule.device, rule.param) in params.off:
        slopes = slopes * params.off[rule.device, rule.param].gain[:, rule.elements, None]
    return slopes


def _arguments(rule: Rule, states: Floats) -> list[Floats]:
    inputs = [states[:, rule.inputs[:, k]] for k in range(rule.inputs.shape[1])]
    return inputs + [rule.constants[:, k][None, :] for k in range(rule.constants.shape[1])]


_NO_VOLTAGE = (np.zeros(1), np.zeros(1))


def rule_values(rule: Rule, states: Floats) -> Floats:
    """Value of a rule for every element, (D, K)."""
    if rule.law == IDENTITY:
        return states.take(rule.inputs[:, 0], axis=1)
    shape = (len(states), len(rule.elements))
    return np.broadcast_to(kernel(rule.law).evaluate(_NO_VOLTAGE, _arguments(rule, states))[0], shape)


def rule_slopes(rule: Rule, states: Floats) -> Floats:
    """d value / d state for every element and input, (D, K, S)."""
    shape = (len(states), len(rule.elements))
    if rule.law == IDENTITY:
        return np.ones((*shape, 1))
    law = kernel(rule.law)
    slopes = np.zeros((*shape, rule.inputs.shape[1]))
    found = law.sensitivity(_NO_VOLTAGE, _arguments(rule, states))
    for (row, column), value in zip(law.sensitivity_entries, found, strict=True):
        if row == 0 and column < rule.inputs.shape[1]:
            slopes[:, :, column] = value
    return slopes


def formula_law(text: str, states: int, constants: int) -> Device:
    """A formula as a device law, so that it shares evaluation, derivatives and printing with devices."""
    names = [f"s{i}" for i in range(states)] + [f"c{i}" for i in range(constants)]
    return Device(
        name=f"formula {text}",
        doc="a parameter as a function of states",
        terminals=("out", "ref"),
        params=tuple(Param(n, "", None, "") for n in names),
        law=f"current i(out, ref) = {text}",
    )


IDENTITY = formula_law("s0", 1, 0)


def initial(circuit: FlatCircuit, seed: int = 0) -> Params:
    """One copy of the circuit as drawn on paper, random starting values from `seed` and each state's path."""
    starts = np.array([[_start(s, seed) for s in circuit.states]]).reshape(1, len(circuit.states))
    values = {d: {p: v[None, :].copy() for p, v in of.items()} for d, of in circuit.base.items()}
    return with_states(circuit, Params(starts, values), starts)


def _start(state: State, seed: int) -> float:
    init = state.learn.init
    if not isinstance(init, Uniform):
        return init
    digest = hashlib.sha256(f"{seed}/{state.name}".encode()).digest()
    fraction = int.from_bytes(digest[:8], "big") / 2**64
    if state.learn.law == "log":
        return float(init.low * (init.high / init.low) ** fraction)
    value = init.low + (init.high - init.low) * fraction
    step = state.learn.step
    return float(state.learn.low + round((value - state.learn.low) / step) * step) if step else value


def check_params(circuit: FlatCircuit, params: Params, known: Params | None = None) -> None:
    """Refuse numbers no solver should see, by instance and parameter: CircuitError.

    What `known`, parameters checked before, has as well (the same objects) is not looked at again.
    """
    for name, of in params.values.items():
        if known is not None and of is known.values[name]:
            continue
        device = circuit.banks[name].device
        for param in device.params:
            values = of[param.name]
            if known is not None and values is known.values[name][param.name]:
                continue
            bad = ~np.isfinite(values) | (values > param.most) | (values < param.least)
            if param.allowed == "positive":
                bad |= ~(values > 0)
            elif param.allowed == "not negative":
                bad |= values < 0
            if bad.any():
                draw, element = (int(i) for i in np.argwhere(bad)[0])
                path = circuit.banks[name].names[element]
                raise CircuitError(
                    f"{name} {path}: {param.fault(float(values[draw, element]))}",
                    f"give {path} a value of {param.doc} that is {param.allowed if param.allowed != 'any' else 'finite'}",
                )


def boundary(circuit: FlatCircuit, x: Floats) -> Boundary:
    """The free phase: inputs x (S, inputs) held at nodes or fed into them, all halves of a twin alike."""
    x = np.atleast_2d(np.asarray(x, dtype=float))
    if x.shape[1] != len(circuit.inputs):
        raise CircuitError(f"{x.shape[1]} input values for a circuit with {len(circuit.inputs)} inputs")
    if not np.isfinite(x).all():
        bad = circuit.inputs[int(np.argwhere(~np.isfinite(x))[0][1])].name
        raise CircuitError(f"input {bad} is not a finite number", "give every input a finite value")
    held, fed = circuit.driven["V"], circuit.driven["I"]
    return Boundary(held[0], x.take(held[1], axis=1), fed[0], x.take(fed[1], axis=1))


def hold(boundary: Boundary, nodes: Ints, voltages: Floats) -> Boundary:
    """The same boundary with more nodes held: voltages (S, len(nodes)), NaN leaves one free."""
    held = np.concatenate([boundary.held, nodes])
    return Boundary(held, np.concatenate([boundary.voltages, voltages], axis=1), boundary.fed, boundary.currents)


def flatten(circuit: Circuit) -> FlatCircuit:
    """Walk the hierarchy once: every element under its path, banks by device, nodes numbered."""
    walk = _Walk()
    walk.cell(circuit.top, "", {GROUND: GROUND}, {}, "")
    return walk.finish(circuit)


class _Walk:
    """Collects elements, nodes and states of a hierarchy; `finish` makes the arrays."""

    def __init__(self) -> None:
        self.nodes: dict[str, int] = {GROUND: 0}
        self.elements: dict[str, list[tuple[str, Element, tuple[int, ...], Mapping[str, str]]]] = {}
        self.states: dict[str, Learn] = {}
        self.halves: dict[str, int] = {}
        self.spread: dict[str, tuple[Tolerance, str]] = {}
        self.matches: dict[str, str] = {}

    def cell(self, cell: Cell, prefix: str, nets: Mapping[str, str], states: Mapping[str, str], group: str) -> None:
        """All of a cell; `group`: what it is matched in as a whole."""
        paths = {**{n: prefix + n for n in cell.nets}, **nets}
        for net in cell.nets:
            self.halves[paths[net]] = HALVES.get(net.rpartition(".")[2] if "." in net else "", 0)
        own = {name: prefix + name for name in cell.states}
        self.states.update({prefix + name: learn for name, learn in cell.states.items()})
        known = {**own, **states}
        for element in cell.elements:
            self.matches[prefix + element.name] = prefix + element.match if element.match else group
            self.element(element, prefix, paths, known)
        for instance in cell.instances:
            inner = {port: paths[net] for port, net in instance.nets.items()}
            imported = {mine: known[theirs] for mine, theirs in instance.states.items()}
            within = prefix + instance.match if instance.match else group
            for tolerance in instance.tolerances:
                _, _, param = tolerance.param.rpartition(".")
                self.spread[known[f"{instance.name}.{param}"]] = tolerance, within
            self.cell(instance.cell, f"{prefix}{instance.name}.", {GROUND: GROUND, **inner}, imported, within)

    def node(self, path: str) -> int:
        """The number of a node; nets that nothing touches never get one."""
        return self.nodes.setdefault(path, len(self.nodes))

    def element(self, element: Element, prefix: str, paths: Mapping[str, str], states: Mapping[str, str]) -> None:
        path = prefix + element.name
        nodes = [self.node(paths[n]) for n in element.nodes]
        for param, terminal in element.device.series:
            value = element.params[param]
            if isinstance(value, Formula) or value > 0:
                nodes[element.device.terminals.index(terminal)] = self._series(
                    path, param, value, nodes, element, terminal, states
                )
        self._add(path, element, tuple(nodes), states)

    def _series(
        self,
        path: str,
        param: str,
        value: float | Formula,
        nodes: list[int],
        element: Element,
        terminal: str,
        states: Mapping[str, str],
    ) -> int:
        """A resistor between a terminal and the inside of an element; gives the inner node."""
        outer = nodes[element.device.terminals.index(terminal)]
        inner = self.node(f"{path}.{terminal}'")
        tolerances = tuple(replace(t, param="r") for t in element.tolerances if t.param == param)
        resistor = Element(f"{element.name}.{param}", DEVICES["R"], (), {"r": value}, tolerances)
        self.matches[f"{path}.{param}"] = self.matches.get(path, "")
        self._add(f"{path}.{param}", resistor, (outer, inner), states)
        return inner

    def _add(self, path: str, element: Element, nodes: tuple[int, ...], states: Mapping[str, str]) -> None:
        self.elements.setdefault(element.device.name, []).append((path, element, nodes, states))

    def finish(self, circuit: Circuit) -> FlatCircuit:
        for port in circuit.inputs:
            for path in port.nodes:
                self.node(path)
        for read in circuit.outputs:
            for path in (*read.free, *read.clamped) if read.kind == "V" else ():
                self.node(path)
        state_index = {name: i for i, name in enumerate(self.states)}
        banks: dict[str, Bank] = {}
        base: dict[str, dict[str, Floats]] = {}
        rules: list[Rule] = []
        unknown = len(self.nodes)
        outside = {path for path, *_ in self.elements.get("R", ())}  # series resistances, which have their tolerances
        for name, found in self.elements.items():
            device = found[0][1].device
            count = len(kernel(device).branches)
            branches = np.arange(unknown, unknown + count * len(found), dtype=np.int64).reshape(len(found), count)
            unknown += count * len(found)
            nodes = np.array([f[2] for f in found], dtype=np.int64).reshape(len(found), len(device.terminals))
            waves = {i: f[1].wave for i, f in enumerate(found) if f[1].wave is not None}
            own = [tuple(t for t in f[1].tolerances if f"{f[0]}.{t.param}" not in outside) for f in found]
            tolerances = {i: given for i, given in enumerate(own) if given}
            matches = {i: self.matches[f[0]] for i, f in enumerate(found) if self.matches.get(f[0])}
            banks[name] = Bank(device, tuple(f[0] for f in found), nodes, branches, waves, tolerances, matches)
            base[name] = {}
            for param in device.param_names:
                given = [(f[1].params[param], f[3]) for f in found]
                base[name][param] = np.array([np.nan if isinstance(v, Formula) else v for v, _ in given])
                rules += _rules(name, param, given, state_index)
        at = {path: (bank, i) for bank, b in banks.items() for i, path in enumerate(b.names)}
        return FlatCircuit(
            name=circuit.name,
            nodes=tuple(self.nodes),
            banks=banks,
            branch_count=unknown - len(self.nodes),
            states=tuple(State(n, learn, *self.spread.get(n, ())) for n, learn in self.states.items()),
            rules=tuple(rules),
            base=base,
            inputs=tuple(InputPort(p.name, p.kind, tuple(self.nodes[n] for n in p.nodes)) for p in circuit.inputs),
            outputs=tuple(self._output(o, at) for o in circuit.outputs),
            halves=_ints([self.halves.get(path, 0) for path in self.nodes]),
        )

    def _output(self, o: Output, at: Mapping[str, tuple[str, int]]) -> OutputPort:
        if o.kind == "I":
            return OutputPort(o.name, "I", element=at[o.element])
        free = (self.nodes[o.free[0]], self.nodes[o.free[1]])
        clamped = (self.nodes[o.clamped[0]], self.nodes[o.clamped[1]])
        return OutputPort(o.name, "V", free, clamped)


def _rules(
    device: str, param: str, given: Sequence[tuple[float | Formula, Mapping[str, str]]], states: Mapping[str, int]
) -> list[Rule]:
    groups: dict[str, list[tuple[int, Formula, Mapping[str, str]]]] = {}
    for i, (value, names) in enumerate(given):
        if isinstance(value, Formula):
            groups.setdefault(value.text, []).append((i, value, names))
    rules = []
    for text, members in groups.items():
        first = members[0][1]
        law = IDENTITY if text == "s0" else formula_law(text, len(first.states), len(first.constants))
        inputs = np.array([[states[names[s]] for s in f.states] for _, f, names in members], dtype=np.int64)
        constants = np.array([f.constants for _, f, _ in members]).reshape(len(members), len(first.constants))
        rules.append(Rule(device, param, np.array([i for i, _, _ in members]), law, inputs, constants))
    return rules
