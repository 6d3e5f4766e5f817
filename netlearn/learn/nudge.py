"""Nudges: how a teacher pulls at the outputs, as values of one kind (arXiv 2602.03546, generalized equilibrium propagation).

With E the content of a circuit and y its voltages, F(beta) = E(y) + n(beta, y), and y at rest where dF/dy = 0. A nudge n
is of order k where the rest energy answers to it as beta^k,

    F(beta) = F(0) + beta^k l + o(beta^k),        dF(beta)/dtheta - dF(0)/dtheta = beta^k dl/dtheta + o(beta^k)

and, y being at rest, dF/dtheta is what each edge sees of itself, dE/dtheta, plus dn/dtheta at fixed y, which is there only
if the nudge is made from the free outputs f(theta). What a teacher does to the outputs u is the current -dn/du.

    Feed     n = beta [C(f) + e (u - f)]    constant currents, e = dC/du at f                  k = 1, l = C
    Energy   any formula in beta, u and the target y, the free output f, the slope e           k as it says
    Hold     u = f + beta (y - f)   n is zero there and infinite elsewhere                     k = 2, l = (y-f) K (y-f) / 2
    Series   an EMF beta e in series with the resistor across each output, i its current from  k = 1, l = e i
             first to second end: it raises i where a source beside it would lower those of the rest, so the energy at
             rest has the other sign, sense = -1 (algorithm 1 of the paper)

K is the stiffness of the outputs: the conductances between them with the inputs held. `netlearn.learn.gep` measures l and
its gradient for any of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from netlearn.cache import digest
from netlearn.circuit.equip import Attached, attach, split
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, OutputPort, hold
from netlearn.circuit.model import GROUND
from netlearn.devices import DEVICES, Device, kernel
from netlearn.errors import TaskError
from netlearn.learn.gradient import slopes_of_outputs
from netlearn.learn.phases import Aim, Phase
from netlearn.solve.solution import currents, read
from netlearn.syntax import ReadFault

BESIDE = "nudge."  # what a teacher adds to a circuit has names of its own


@dataclass(frozen=True)
class Terms:
    """A nudge's part in F at an operating point: n (S,), and the slopes of F at fixed theta and y in what the nudge is
    made from: the unknowns `start` (S, size) of the free phase, the targets and the slopes of C (S, O)."""

    n: Floats
    start: Floats
    target: Floats
    slope: Floats


class Nudge(ABC):
    """`order`: k. `sense`: of dF/dtheta in the gradient. All methods take S samples."""

    order: ClassVar[int] = 1
    sense: ClassVar[float] = 1.0

    def equip(self, circuit: FlatCircuit) -> FlatCircuit:
        """The circuit with what the teacher attaches to it; it changes nothing as long as nobody drives that."""
        return circuit

    def wanted(self, aim: Aim) -> NDArray[np.bool_]:
        """(S,) whether there is anything to push at."""
        return np.asarray((aim.slope != 0.0).any(axis=1))

    @abstractmethod
    def impose(self, circuit: FlatCircuit, free: Phase, aim: Aim, beta: float) -> Boundary:
        """The boundary of the nudged phase."""

    @abstractmethod
    def terms(self, circuit: FlatCircuit, phase: Phase, aim: Aim, beta: float) -> Terms:
        """What the nudge adds to F in a phase that it was imposed in (the free one for beta = 0)."""


@dataclass(frozen=True)
class Hold(Nudge):
    """Each output that has a target is held at O + beta (target - O); a difference of two nodes moves both by half of
    that, apart."""

    order: ClassVar[int] = 2

    def wanted(self, aim: Aim) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(aim.target).any(axis=1))

    def impose(self, circuit: FlatCircuit, free: Phase, aim: Aim, beta: float) -> Boundary:
        nodes, starts, outputs, shares = circuit.clamping
        push = beta * (aim.target - aim.outputs)
        return hold(free.boundary, nodes, free.x[0].take(starts, axis=1) + shares * push.take(outputs, axis=1))

    def terms(self, circuit: FlatCircuit, phase: Phase, aim: Aim, beta: float) -> Terms:
        """A held voltage moves F by the current that holds it."""
        nodes, starts, outputs, shares = circuit.clamping
        force = np.where(np.isfinite(aim.target[:, outputs]), supplied(circuit, phase)[:, nodes], 0.0)
        push = np.zeros_like(aim.outputs)
        np.add.at(push.T, outputs, (beta * shares * force).T)
        start = -slopes_of_outputs(circuit, push)
        np.add.at(start.T, starts, force.T)
        return Terms(np.zeros(len(push)), start, push, np.zeros_like(push))


def supplied(circuit: FlatCircuit, phase: Phase) -> Floats:
    """The current (S, nodes) into each node from whatever holds it in a phase; zero at nodes that are free."""
    total = np.zeros((phase.boundary.samples, len(circuit.nodes)))
    for name, bank in circuit.banks.items():
        for nodes, drawn in zip(bank.nodes.T, currents(circuit, phase.params, phase.x, name), strict=True):
            np.add.at(total.T, nodes, drawn[0].T)
    np.subtract.at(total.T, phase.boundary.fed, phase.boundary.currents.T)
    return total


@dataclass(frozen=True)
class Feed(Nudge):
    """A constant current -beta dC/du into each output, from its other end."""

    def impose(self, circuit: FlatCircuit, free: Phase, aim: Aim, beta: float) -> Boundary:
        return fed(free.boundary, circuit, -beta * aim.slope, "clamped")

    def terms(self, circuit: FlatCircuit, phase: Phase, aim: Aim, beta: float) -> Terms:
        away = _nudged(circuit, phase) - aim.outputs
        n = beta * (aim.cost + (aim.slope * away).sum(axis=1))
        return Terms(n, np.zeros((len(n), circuit.size)), np.zeros_like(away), beta * away)


def _nudged(circuit: FlatCircuit, phase: Phase) -> Floats:
    """The outputs (S, O) that a nudge acts on."""
    return np.asarray(read(circuit, phase.params, phase.x, "clamped")[0])


def fed(imposed: Boundary, circuit: FlatCircuit, currents: Floats, half: str) -> Boundary:
    """A boundary with currents (S, O) fed into the outputs of one half, and out of their other ends."""
    plus, minus = circuit.read_nodes[half]
    nodes, both = np.concatenate([plus, minus]), np.concatenate([currents, -currents], axis=1)
    real = nodes != 0
    return replace(
        imposed,
        fed=np.concatenate([imposed.fed, nodes[real]]),
        currents=np.concatenate([imposed.currents, both[:, real]], axis=1),
    )


STEER = ("beta", "y", "f", "e")
SWITCH = "on"


@dataclass(frozen=True)
class Energy(Nudge):
    """A nudge a user writes: `energy` is a formula of the language in u (an output), beta, y (its target), f (its free
    value) and e (dC/du there), summed over the outputs that have a target. `k`: its order. At beta = 0 it should be at
    rest at u = f, so that nothing moves: it is switched on with the nudged phase only.

    >>> spring = Energy("beta * (u - y)^2 / 2", 1)
    >>> clamp = Energy("1e3 * (u - f - beta * (y - f))^2 / 2", 2)  # Hold with a conductance of 1000 S
    """

    energy: str
    k: int = 1

    @property
    def order(self) -> int:  # type: ignore[override]
        return self.k

    def __post_init__(self) -> None:
        if self.k < 1:
            raise TaskError(f"a nudge of order {self.k}", "give the power of beta its energy begins with: 1, 2, ...")
        try:
            kernel(self.device)
        except (KeyError, ReadFault, ArithmeticError, TypeError, ValueError) as error:
            known = f"a nudge is a formula in u, {', '.join(STEER)}, such as beta * (u - y)^2 / 2"
            what = f"unknown name {error} in" if isinstance(error, KeyError) else "no formula can be read from"
            raise TaskError(f"{what} the nudge {self.energy}", known) from None

    @cached_property
    def device(self) -> Device:
        """The element that draws dn/du from each output, steered by the voltages of its other terminals."""
        return self._device("pull", f"V({SWITCH}) * slope({self.energy}, V(p))")

    def _device(self, what: str, current: str) -> Device:
        names = "".join(f"let {name} = V({name})\n" for name in STEER)
        law = f"{names}let u = V(p, n)\ncurrent i(p, n) = {current}"
        name = f"Nudge_{what}_{digest(self.energy.encode())[:8]}"
        control = (SWITCH, *STEER)
        return Device(name, "a teacher's pull", ("p", "n", *control), (), law, control=control)

    def equip(self, circuit: FlatCircuit) -> FlatCircuit:
        device = self.device
        added = [Attached("R", f"{BESIDE}beta", (f"{BESIDE}beta", GROUND), {"r": 1.0})]
        plus, minus = circuit.read_nodes["clamped"]
        for k, (p, n) in enumerate(zip(plus, minus, strict=True)):
            own = [f"{BESIDE}{name}[{k}]" for name in (SWITCH, "y", "f", "e")]
            added += [Attached("R", name, (name, GROUND), {"r": 1.0}) for name in own]
            ends = (circuit.nodes[p], circuit.nodes[n], own[0], f"{BESIDE}beta", *own[1:])
            added.append(Attached(device.name, f"{BESIDE}pull[{k}]", ends, {}))
        return attach(circuit, added, {**DEVICES, device.name: device})

    def impose(self, circuit: FlatCircuit, free: Phase, aim: Aim, beta: float) -> Boundary:
        samples = len(aim.outputs)
        nodes, voltages = [_node(circuit, f"{BESIDE}beta")], [np.full(samples, beta)]
        on = np.where(np.isfinite(aim.target), 1.0, 0.0)
        for k in range(len(circuit.outputs)):
            for name, values in ((SWITCH, on), ("y", aim.target), ("f", aim.outputs), ("e", aim.slope)):
                nodes.append(_node(circuit, f"{BESIDE}{name}[{k}]"))
                voltages.append(np.nan_to_num(values[:, k]))
        return hold(free.boundary, np.array(nodes), np.stack(voltages, axis=1))

    def terms(self, circuit: FlatCircuit, phase: Phase, aim: Aim, beta: float) -> Terms:
        on, law = np.isfinite(aim.target), kernel(self._device("energy", self.energy))
        u, y, f, e = map(np.nan_to_num, (_nudged(circuit, phase), aim.target, aim.outputs, aim.slope))
        x = [u, np.zeros(()), np.ones(()), np.full(u.shape, beta), y, f, e]
        found = law.evaluate(x, [])
        slopes = {c: v for (r, c), v in zip(law.entries, found[len(x) :], strict=True) if r == 0}
        y, f, e = (np.where(on, slopes.get(column, 0.0), 0.0) for column in (4, 5, 6))
        n = np.where(on, found[0], 0.0).sum(axis=1)
        return Terms(n, slopes_of_outputs(circuit, f), y, e)


@dataclass(frozen=True)
class Series(Nudge):
    """An EMF beta dC/du in series with the resistor across each output, from its first end to its second."""

    sense: ClassVar[float] = -1.0

    def equip(self, circuit: FlatCircuit) -> FlatCircuit:
        for k, port in enumerate(circuit.outputs):
            name, inner = f"{BESIDE}emf[{k}]", f"{BESIDE}inner[{k}]"
            circuit = split(circuit, *_across(circuit, port), inner)
            end = circuit.nodes[port.clamped[1]]
            added = [
                Attached("VCVS", f"{BESIDE}series[{k}]", (inner, end, name, GROUND), {"gain": 1.0}),
                Attached("R", name, (name, GROUND), {"r": 1.0}),
            ]
            circuit = attach(circuit, added, DEVICES)
        return circuit

    def impose(self, circuit: FlatCircuit, free: Phase, aim: Aim, beta: float) -> Boundary:
        nodes = np.array([_node(circuit, f"{BESIDE}emf[{k}]") for k in range(len(circuit.outputs))])
        return hold(free.boundary, nodes, beta * aim.slope)

    def terms(self, circuit: FlatCircuit, phase: Phase, aim: Aim, beta: float) -> Terms:
        """An EMF takes its own part of the drop away from the resistor it is in series with."""
        bank = circuit.banks["VCVS"]
        own = [bank.names.index(f"{BESIDE}series[{k}]") for k in range(len(circuit.outputs))]
        push = -beta * phase.x[0][:, bank.branches[own, 0]]
        return Terms(np.zeros(len(push)), np.zeros((len(push), circuit.size)), np.zeros_like(push), push)


def _across(circuit: FlatCircuit, port: OutputPort) -> tuple[str, int, int]:
    """Device, element and terminal of the one resistor between the two ends of an output, at its second end."""
    found: list[tuple[str, int, int]] = []
    for name in ("R", "G"):
        if name in circuit.banks:
            ends = circuit.banks[name].nodes
            found += [(name, int(e), 1) for e in np.flatnonzero((ends == port.clamped).all(axis=1))]
            found += [(name, int(e), 0) for e in np.flatnonzero((ends == port.clamped[::-1]).all(axis=1))]
    if len(found) != 1:
        raise TaskError(
            f"output {port.name} has {len(found) or 'no'} resistor{'s' * (len(found) > 1)} across it, and a nudge in "
            "series needs one",
            "put one between the nodes that are read, such as R ro(a, b) = 1 for y = V(a) - V(b)",
        )
    return found[0]


def _node(circuit: FlatCircuit, name: str) -> int:
    if name not in circuit.node_index:
        raise TaskError(
            f"the circuit lacks {name}, with which this rule nudges it",
            "open the backend on equipped(circuit, task): netlearn.equipped",
        )
    return circuit.node_index[name]
