"""Generalized equilibrium propagation (arXiv 2602.03546): the gradient that a nudge descends, whatever the nudge.

A circuit rests where its energy E(theta, y) does: E is the content of its elements, the integral of each one's current over
its drop, less the work of the currents fed into it, so dE/dy are the current laws of its free nodes. A nudge adds
n(beta, f, y) with n = O(beta^k) at the free voltages y_0, made from the free outputs f(theta). With y_beta at rest in

    F(beta, theta, y) = E(theta, y) + n(beta, f(theta), y)
    l(theta) = beta^-k [F(beta, theta, y_beta) - F(0, theta, y_0)]

dF/dy is zero at y_beta, so how the circuit moves with theta does not matter (the envelope theorem), at any beta:

    dl/dtheta = beta^-k { [dE/dtheta](y_beta) - [dE/dtheta](y_0) } + beta^-k [dn/df](y_beta) df/dtheta
                          ^ local: what each edge sees of itself      ^ told: because the teacher aims from where f is

Edges know the first part: it is what `contrastive.contrast` measures. The second is zero where n does not look at f, as for
equilibrium propagation with springs (k = 1), and small where it looks at f to first order only (`Feed`: O(beta)); for
coupled learning (`Hold`, k = 2) n is a constraint, dF/df the current that holds the output times 1 - beta, and both parts
are of the order of beta: the local one over beta is the gradient of e K e / 2 with the stiffness K frozen (e = f - y), both
together over beta^2 that of e K e / 2 itself. Where a teacher knows slopes e = dC/du, or aims at targets that depend on f,
these are differentiated as well (`Loss.bends`). What f(theta) does is the native engine's adjoint.

>>> found = propagate(bench, Energy("beta * (u - y)^2 / 2", 1), 1e-3)
>>> found.objective, found.local + found.told
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlearn.circuit.flat import Bank, FlatCircuit, Floats, Ints, Params
from netlearn.devices import kernel, known_law
from netlearn.errors import TaskError
from netlearn.learn.bench import Bench
from netlearn.learn.edges import content, ends
from netlearn.learn.gradient import gradient, slopes_of_outputs
from netlearn.learn.methods.contrastive import contents
from netlearn.learn.nudge import BESIDE, Nudge, Terms
from netlearn.learn.phases import Aim, Phase
from netlearn.solve.solution import bank_params


@dataclass(frozen=True)
class Propagated:
    """l and its gradient (states,) in two parts: see the module. Means over all samples shown."""

    objective: float
    local: Floats
    told: Floats

    @property
    def gradient(self) -> Floats:
        return self.local + self.told


def propagate(bench: Bench, nudge: Nudge, beta: float) -> Propagated | None:
    """Free phase, nudged phase, and what they say; None where there is nothing to nudge at.

    The circuit is equipped by the nudge. TaskError where an element has no content; BackendError where the teacher's aim
    depends on f and the backend has no gradients. A nudge that acts the other way round (`Nudge.sense`) is turned.
    """
    found = bench.pushed(nudge)
    if found is None:
        return None
    some, free, aim = found
    nudged = some.settle(nudge.impose(some.circuit, free, aim, beta), free)
    edges = contents(some.nudged(nudged)) - contents(some.seen(free, nudged))
    after, before = (nudge.terms(some.circuit, phase, aim, b) for phase, b in ((nudged, beta), (free, 0.0)))
    rise = _rest(some, nudged, free) + after.n - _rest(some, free, free) - before.n
    pulls = np.where(some.alive[:, None], _told(some, aim, after) - _told(some, aim, before), 0.0)
    told = np.zeros(len(some.circuit.states))
    if pulls.any():
        told = gradient(some.backend, free.params, free.boundary, free.solution, pulls)[0] / some.shown
    scale = nudge.sense / beta**nudge.order
    objective = float(np.where(some.alive, rise, 0.0).sum() / some.shown)
    return Propagated(scale * objective, scale * some.mean(edges)[0], scale * told)


def _rest(bench: Bench, phase: Phase, free: Phase) -> Floats:
    """E (S,) in a phase: content less the work of what the inputs feed."""
    fed = free.boundary
    work = (fed.currents * phase.x[0][:, fed.fed]).sum(axis=1)
    return np.asarray(energy(bench.circuit, phase.params, phase.x)[0] - work)


def _told(bench: Bench, aim: Aim, terms: Terms) -> Floats:
    """dn/dx (S, size) in the free unknowns, with all that the loss makes of the outputs."""
    targets, slopes = bench.loss.bends(aim.outputs, bench.labels, bench.known)
    bent = np.einsum("so,sop->sp", terms.target, targets) + np.einsum("so,sop->sp", terms.slope, slopes)
    return terms.start + slopes_of_outputs(bench.circuit, bent)


def energy(circuit: FlatCircuit, params: Params, x: Floats) -> Floats:
    """Content (D, S) of a circuit at unknowns x (D, S, size), without what a teacher attached to it.

    Elements that fix a voltage have none. TaskError where an element's current does not follow from its own drop, or
    where what steers it is not held.
    """
    total = np.zeros(x.shape[:2])
    for bank in circuit.banks.values():
        own = np.array([not name.startswith(BESIDE) for name in bank.names])
        if own.any():
            total += _contents(circuit, bank, params, x, np.flatnonzero(own))
    return total


def _contents(circuit: FlatCircuit, bank: Bank, params: Params, x: Floats, own: Ints) -> Floats:
    """The same (D, S) of some elements of a bank."""
    device, law, held = bank.device, known_law(bank.device), list(circuit.held_nodes)
    count = len(device.terminals)
    if device.drop is None or set(device.terminals) - {*device.drop, *device.control}:
        raise _without(bank, own[0], "current flows elsewhere than between two ends")
    for terminal in device.control:
        loose = ~np.isin(bank.nodes[own, device.terminals.index(terminal)], held)
        if loose.any():
            raise _without(bank, own[int(loose.argmax())], f"what steers it at {terminal} is not held")
    if law.branches:
        if any((row < count) == (column < count) for row, column in law.entries):
            raise _without(bank, own[0], "its voltage depends on its current")
        return np.zeros(x.shape[:2])
    local = x[..., bank.unknowns[own]]
    p = [values[..., own] for values in bank_params(circuit, device.name, params)]
    with np.errstate(all="ignore"):
        drift, size = _drift(bank, local, p)
        if (moved := (drift > 1e-9 * size).any(axis=(0, 1))).any():
            raise _without(bank, own[int(moved.argmax())], "its current depends on more than its drop")
        return np.asarray(content(device, local, p).sum(axis=-1))


def _drift(bank: Bank, local: Floats, p: list[Floats]) -> tuple[Floats, Floats]:
    """By how much currents move with both ends together, and with each (D, S, E)."""
    law, both = kernel(bank.device), ends(bank.device)
    values = law.evaluate(list(np.moveaxis(local, -1, 0)), p)[local.shape[-1] :]
    slopes = [v for (r, c), v in zip(law.entries, values, strict=True) if r == both[0] and c in both]
    shape = local.shape[:-1]
    total, size = (sum((f(v) for v in slopes), start=np.zeros(())) for f in (np.asarray, np.abs))
    return np.broadcast_to(np.abs(total), shape), np.broadcast_to(size, shape)


def _without(bank: Bank, element: int, why: str) -> TaskError:
    return TaskError(
        f"{bank.device.name} {bank.names[element]} has no content: {why}",
        "energies are those of elements whose current follows from their own drop: R, G, D, I, elements of two terminals",
    )
