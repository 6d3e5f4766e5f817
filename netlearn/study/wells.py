"""What a task does to learnable values near its solution: the unbiased update and its exact derivative.

With d_F and d_C the drops of edge e in the free and the clamped half, the ideal board learns a task of N samples by

    F_i(G) = alpha / N sum over samples, edges e of state i:  s_e [d_F^2 - d_C^2],       M = -dF/dG

d_F belongs to the free operating point x_F(G), d_C to the clamped one x_C(G, y) with outputs held at y(x_F). Both solve
f(x, G) = 0, so dx/dG is known from the factored Jacobian of f, and the chain rule

    dF/dG = dF/dx_C dx_C/dG  +  [dF/dx_F + dF/dy dy/dx_F] dx_F/dG

is exact. It is summed by the adjoint, once for each state: the native engine gives dL/dG for any slopes dL/dx, the reference
solver dL/dy as the multipliers at held nodes. Where dF/dG is of a task solved exactly, x_F = x_C, and M = alpha / N sum of
outer products (what an error makes of the drops) x (what G makes of the error): one zero mode for every value more than there
are outputs to satisfy.

The solution of tasks is the point at which their outputs are as labelled, by Gauss-Newton steps of least length from where it
begins; where there is none, the point of the least squared error, and from there the nearest root of F by Newton's method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlearn.backends.native import Native
from netlearn.circuit.flat import CLAMPED, FREE, Boundary, Floats, Ints, Params, boundary, with_states
from netlearn.errors import BackendError, TaskError
from netlearn.learn.board import ideal
from netlearn.learn.edges import Seen
from netlearn.learn.losses import Square
from netlearn.learn.methods.integrator import Integrator
from netlearn.learn.phases import Phase
from netlearn.learn.plan import LOG
from netlearn.learn.tick import Tick
from netlearn.learn.train import bench_of
from netlearn.solve import reference
from netlearn.solve.solution import Solution, read
from netlearn.study.linear import Well, strongest
from netlearn.study.stand import Stand

SOLVED = 1e-7  # V of outputs
STILL = 1e-9  # V of learnable values
TURNS = 100
FORCE = 1e-6  # of the largest singular value: less is not followed


@dataclass(frozen=True)
class Site:
    """One board of a stand, its values that learn (n,), and an engine that has derivatives."""

    stand: Stand
    engine: Native
    free: Ints

    @property
    def params(self) -> Params:
        return self.stand.board.params.of(slice(0, 1))

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        plan = self.stand.board.plan
        return plan.low[self.free], plan.high[self.free]

    def states(self, values: Floats) -> Floats:
        """All states (K, S) of values (K, n) that learn."""
        found = np.repeat(self.stand.start[:1], len(values), axis=0)
        found[:, self.free] = values
        return found

    def at(self, values: Floats) -> Params:
        """The parameters with values (n,)."""
        return with_states(self.engine.circuit, self.params, self.states(values[None, :]))


def site(stand: Stand) -> Site:
    """TaskError where the update is not one of this kind."""
    task = stand.task
    if len(stand.seeds) > 1:
        raise TaskError(f"the model is one of one board, not of {len(stand.seeds)} draws", "give one seed")
    if type(task.method) is not Integrator:
        raise TaskError(f"rule {task.spec.rule.name} is not linear in small errors", "write rule integrator(...)")
    if not isinstance(task.loss, Square):
        raise TaskError(f"loss {task.spec.loss.name} lets go of outputs", "the model is one of loss square")
    if task.updates:
        raise TaskError("the model has no update but the rule's own", "leave out the lines that begin with update")
    free = np.flatnonzero(stand.board.plan.free)
    if (stand.board.plan.scale[free] == LOG).any():
        raise TaskError("the model is one of values that move on a linear scale", "leave out law = log")
    return Site(stand, Native(stand.board.circuit), free)


def errors(site: Site, rows: Ints, values: Floats) -> tuple[Floats, Floats]:
    """Outputs less labels (m,) in V of samples, output after output, and their derivative (m, n)."""
    circuit, task = site.engine.circuit, site.stand.task
    params, imposed = site.at(values), boundary(circuit, task.inputs[rows])
    found = site.engine.operating_points(params, imposed)
    _check(found)
    misses = (read(circuit, params, found.x)[0] - task.labels[rows]).ravel()
    outputs = len(circuit.outputs)
    slopes = np.zeros((len(misses), len(rows), circuit.size))
    plus, minus = circuit.read_nodes["free"]
    for k in range(len(misses)):
        sample, output = divmod(k, outputs)
        slopes[k, sample, plus[output]] += 1.0
        slopes[k, sample, minus[output]] -= 1.0
    slopes[..., 0] = 0.0
    return misses, _gradients(site, params, imposed, found, slopes)


def update(site: Site, rows: Ints, values: Floats) -> tuple[Floats, Floats]:
    """The unbiased update F (n,) by samples in V/s, and its derivative dF/dG (n, n) in 1/s."""
    stand, circuit = site.stand, site.engine.circuit
    params, method = site.at(values), stand.method
    plan = stand.board.plan
    board = ideal(circuit, plan, method, params, stand.board.chance)
    bench = bench_of(stand.trainer, board, params, rows, stand.task.labels[rows], Tick(0, 0, 0))
    free = bench.free()
    clamped = bench.settle(method.clamped(bench, free, bench.aim(free)), free)
    _check(free.solution)
    _check(clamped.solution)
    gain = method.alpha / len(rows)
    velocity, by_free = _squares(site, params, free, FREE, gain)
    more, by_clamped = _squares(site, params, clamped, CLAMPED, -gain)
    by_free = by_free + _through_clamps(site, params, clamped, by_clamped)
    slopes = _gradients(site, params, clamped.boundary, clamped.solution, by_clamped)
    slopes = slopes + _gradients(site, params, free.boundary, free.solution, by_free)
    return velocity + more, slopes


def _squares(site: Site, params: Params, phase: Phase, half: int, gain: float) -> tuple[Floats, Floats]:
    """gain times the squared drops of each value's edges, summed (n,), and what that changes by with x (n, N, size)."""
    circuit, plan = site.engine.circuit, site.stand.board.plan
    seen = Seen(circuit, plan.groups, params, phase.x, phase.x, half)
    total = np.zeros(len(circuit.states))
    slopes = np.zeros((len(circuit.states), *phase.x.shape[1:]))
    for group, polarity, drops in zip(plan.groups, plan.polarity, seen.drops, strict=True):
        for k, state in enumerate(group.states):
            drop = drops[0, :, k]  # zero where the edge is of the other half
            total[state] += gain * polarity[k] * (drop**2).sum()
            slopes[state, :, group.plus[k]] += 2.0 * gain * polarity[k] * drop
            slopes[state, :, group.minus[k]] -= 2.0 * gain * polarity[k] * drop
    slopes[..., 0] = 0.0
    return total[site.free], slopes[site.free]


def _through_clamps(site: Site, params: Params, clamped: Phase, slopes: Floats) -> Floats:
    """What slopes (n, N, size) in the clamped phase are in the free one (n, N, size), for clamps follow free outputs:
    y = x_start + share eta (label - x_plus + x_minus)."""
    circuit, eta = site.engine.circuit, site.stand.method.eta
    nodes, starts, outputs, shares = circuit.clamping
    plus, minus = (ends[outputs] for ends in circuit.read_nodes["free"])
    found = np.zeros_like(slopes)
    for k, one in enumerate(slopes):
        held = reference.multipliers(circuit, params, clamped.boundary, clamped.x[0], one)[:, nodes]
        for t in range(len(nodes)):
            found[k, :, starts[t]] += held[:, t]
            found[k, :, plus[t]] -= shares[t] * eta * held[:, t]
            found[k, :, minus[t]] += shares[t] * eta * held[:, t]
    found[..., 0] = 0.0
    return found


def _gradients(site: Site, params: Params, imposed: Boundary, found: Solution, slopes: Floats) -> Floats:
    """d/dG (K, n) of K functions with slopes (K, N, size) in the unknowns of one operating point."""
    count = len(slopes)
    many = Solution(
        np.repeat(found.x, count, axis=0),
        np.repeat(found.settled, count, axis=0),
        np.repeat(found.steps, count, axis=0),
        np.repeat(found.residual, count, axis=0),
        np.repeat(found.worst, count, axis=0),
    )
    return site.engine.gradient(params.copies(count), imposed, many, slopes).states[:, site.free]


def _check(found: Solution) -> None:
    if not found.settled.all():
        raise BackendError("the network has no operating point near its solution", "give values narrower bounds")


def solved(site: Site, rows: Ints, start: Floats) -> tuple[Floats, float]:
    """The values (n,) nearest to `start` at which samples have the least error, and that error (root mean square, V)."""
    low, high = site.bounds
    values = np.clip(start, low, high)
    misses, slopes = errors(site, rows, values)
    for _ in range(TURNS):
        step = -np.linalg.lstsq(slopes, misses, rcond=FORCE)[0]
        for _ in range(30):
            tried = np.clip(values + step, low, high)
            found = errors(site, rows, tried)
            if (found[0] ** 2).sum() <= (misses**2).sum():
                break
            step = 0.5 * step
        else:
            break
        moved, values, (misses, slopes) = float(np.abs(tried - values).max()), tried, found
        if moved < STILL:
            break
    return values, float(np.sqrt((misses**2).mean()))


def rest(site: Site, rows: Ints, start: Floats) -> Floats:
    """Where samples would come to rest without a bias, near `start` (n,). TaskError where it does not within the bounds."""
    values, miss = solved(site, rows, start)
    if miss < SOLVED:
        return values
    low, high = site.bounds
    for _ in range(TURNS):
        velocity, slopes = update(site, rows, values)
        step = -np.linalg.lstsq(slopes, velocity, rcond=FORCE)[0]
        moved = np.clip(values + np.clip(step, -0.2, 0.2), low, high)
        far, values = float(np.abs(moved - values).max()), moved
        if far < STILL:
            break
    size = float(np.abs(update(site, rows, values)[0]).max())
    if size > 1e-3:
        owner = next(k for k, own in enumerate(site.stand.rows) if rows[0] in own)
        raise TaskError(
            f"task {site.stand.tasks[owner].spec.name} has no place to rest within the bounds (the unbiased rule still moves values at {size:.2g} V/s)",
            "the model is linear round such a place: give values wider bounds, or another task",
        )
    return values


def rests(site: Site) -> tuple[list[Floats], bool]:
    """Where each task would rest without a bias, (n,) each, and whether that is one place for all of them.

    Tasks that one place solves rest there. Of others each rests at its own solution nearest to where their joint error is
    least, which is what they alternate about.
    """
    stand = site.stand
    every = np.concatenate(stand.rows)
    together, miss = solved(site, every, stand.start[0, site.free])
    if miss < SOLVED:
        return [together] * len(stand.tasks), True
    return [rest(site, rows, together) for rows in stand.rows], False


def well(site: Site, rows: Ints, values: Floats) -> Well:
    """The well of samples, whose place of rest is `values` (n,). Where the halves of a board are not quite twins it has others too, too weak to hold against any bias."""
    return Well(slope(site, rows, values), values)


def slope(site: Site, rows: Ints, values: Floats) -> Floats:
    """M (n, n) of samples at values (n,): as many directions as there are outputs to satisfy, the strongest."""
    return strongest(-update(site, rows, values)[1], len(rows) * len(site.engine.circuit.outputs))
