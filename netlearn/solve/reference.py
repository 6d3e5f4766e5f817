"""The reference solver: Newton over lanes with pivoting, straight from the device laws.

Unknowns x = (node voltages, branch currents). Every device adds its f to the residual and its df/dx to the
matrix (Kirchhoff's current law at nodes, the branch equations at branches); a held node's row is replaced by
x = voltage, ground's by x = 0. Newton's step solves J dx = -F, shortened so that no voltage moves by more than
`STEP` volts, which keeps exponentials within reach; the current law makes F linear in what it can be, so a
linear circuit takes two steps. Where that fails the circuit is solved with a conductance from every node to
ground that is taken away by decades (gmin stepping), then with sources raised from zero (source stepping).

It is written to be read and trusted, not to be fast. Every matrix is factored anew with its pivots searched for:
by LAPACK while it is small, O(n^3) a step and O(n^2) memory a lane, by SuperLU where it is large. A boundary may be
complex, where the laws are holomorphic: then so are the voltages, and Newton's method is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Ints, Params, check_params
from netlearn.devices import kernel
from netlearn.solve.solution import Solution, bank_params

STEP = 0.5  # V
MAX_STEPS = 150
SMALL = 400  # unknowns up to which a full matrix costs less than a sparse one
CHUNK = 200_000_000  # bytes of matrices at a time
GMINS = [10.0**-k for k in range(3, 13)]
SINGULAR = 2e13  # 1 over the rounding error of a few additions; gmin against 10 S is less
RISE = np.linspace(0.05, 1.0, 20)


@dataclass(frozen=True)
class Pattern:
    """Where a circuit's matrix has entries: rows (M,) and columns (M,) ascending by column, then row, all of the
    diagonal among them; `stamps`: the entry that each slope of each bank is added to, and `diagonal` (size,)."""

    rows: Ints
    columns: Ints
    stamps: Mapping[str, Sequence[Ints]]
    diagonal: Ints

    @property
    def size(self) -> int:
        return len(self.diagonal)


def pattern(circuit: FlatCircuit) -> Pattern:
    """The pattern of a circuit's matrix."""
    size, own = circuit.size, np.arange(circuit.size)
    keys = {
        name: [bank.unknowns[:, j] * size + bank.unknowns[:, i] for i, j in kernel(bank.device).entries]
        for name, bank in circuit.banks.items()
    }
    every = np.unique(np.concatenate([own * size + own, *(key for of in keys.values() for key in of)]))
    stamps = {name: [np.searchsorted(every, key) for key in of] for name, of in keys.items()}
    return Pattern(every % size, every // size, stamps, np.searchsorted(every, own * size + own))


@dataclass(frozen=True)
class _Lanes:
    """One group of lanes with the numbers a step needs. Arrays have the lanes first."""

    circuit: FlatCircuit
    pattern: Pattern
    params: dict[str, list[Floats]]
    held: Ints
    voltages: Floats
    fed: Ints
    currents: Floats


def operating_points(
    circuit: FlatCircuit, params: Params, boundary: Boundary, start: Solution | None = None
) -> Solution:
    """Operating points of every draw and sample, from `start` where it settled, else from zero volts."""
    check_params(circuit, params)
    places = pattern(circuit)
    wide = circuit.size**2 if circuit.size <= SMALL else len(places.rows)
    draws, samples = params.draws, boundary.samples
    dtype = np.result_type(boundary.voltages, boundary.currents, float)
    x = np.zeros((draws, samples, circuit.size), dtype)
    if start is not None and start.x.shape == x.shape:
        x = np.where(np.isfinite(start.x), start.x, 0.0).astype(dtype)
    chunk = max(1, int(CHUNK / (wide * 8 * 2)))
    parts = []
    for d in range(draws):
        for s in range(0, max(1, samples), chunk):
            parts.append(_solve(_lanes(circuit, places, params, boundary, d, slice(s, s + chunk)), x[d, s : s + chunk]))
    x, settled, steps, residual, worst = (np.concatenate([p[k] for p in parts]) for k in range(5))
    shape = (draws, samples)
    return Solution(
        x.reshape(*shape, circuit.size),
        settled.reshape(shape),
        steps.reshape(shape),
        residual.reshape(shape),
        worst.reshape(shape),
    )


def _lanes(
    circuit: FlatCircuit, places: Pattern, params: Params, boundary: Boundary, draw: int, samples: slice
) -> _Lanes:
    one = params.of(slice(draw, draw + 1))
    numbers = {d: [p[0] for p in bank_params(circuit, d, one)] for d in circuit.banks}
    part = boundary.of(samples)
    return _Lanes(circuit, places, numbers, part.held, part.voltages, part.fed, part.currents)


_Answer = tuple[Floats, np.ndarray, Ints, Floats, Ints]


def _solve(lanes: _Lanes, x: Floats) -> _Answer:
    x, settled, steps = _newton(lanes, x, _nothing)
    for fallback in (_half_steps, _long_steps, _gmin_stepping, _source_stepping):
        if settled.all():
            break
        bad = ~settled
        again, well, more = fallback(_pick(lanes, bad))
        x[bad], settled[bad] = again, well
        steps[bad] += more
    settled &= ~_singular(lanes, x)
    f, _ = assemble(lanes, x)
    f = np.abs(np.where(np.isfinite(f), f, np.inf))
    worst = f.argmax(axis=1)
    residual = f[np.arange(len(f)), worst]
    x[~settled] = np.nan
    return x, settled, steps, residual, worst


def _nowhere(lanes: _Lanes) -> Floats:
    """Zero volts in every lane."""
    return np.zeros((len(lanes.voltages), lanes.circuit.size), np.result_type(lanes.voltages, lanes.currents))


def _pick(lanes: _Lanes, chosen: np.ndarray) -> _Lanes:
    return replace(lanes, voltages=lanes.voltages[chosen], currents=lanes.currents[chosen])


def _nothing(_f: Floats, _slopes: Floats, _x: Floats) -> None:
    """No change to residual and matrix."""


def _half_steps(lanes: _Lanes) -> tuple[Floats, np.ndarray, Ints]:
    """Newton's method with half steps: where a law has a kink, full ones can go to and fro for ever."""
    return _newton(lanes, _nowhere(lanes), _nothing, share=0.5)


def _long_steps(lanes: _Lanes) -> tuple[Floats, np.ndarray, Ints]:
    """Newton's method with full steps, for the hundreds of volts of a circuit that is next to linear."""
    return _newton(lanes, _nowhere(lanes), _nothing, step=np.inf)


def _gmin_stepping(lanes: _Lanes) -> tuple[Floats, np.ndarray, Ints]:
    nodes = len(lanes.circuit.nodes)
    x = _nowhere(lanes)
    total = np.zeros(len(x), dtype=np.int64)
    for gmin in GMINS:

        def shunt(f: Floats, slopes: Floats, x: Floats, g: float = gmin) -> None:
            f[:, 1:nodes] += g * x[:, 1:nodes]
            slopes[:, lanes.pattern.diagonal[1:nodes]] += g

        x, _, steps = _newton(lanes, x, shunt)
        total += steps
    x, settled, steps = _newton(lanes, x, _nothing)
    return x, settled, total + steps


def _source_stepping(lanes: _Lanes) -> tuple[Floats, np.ndarray, Ints]:
    x = _nowhere(lanes)
    total = np.zeros(len(x), dtype=np.int64)
    settled = np.zeros(len(x), dtype=bool)
    for part in RISE:
        scaled = replace(
            lanes,
            params=_scaled_sources(lanes, float(part)),
            voltages=lanes.voltages * part,
            currents=lanes.currents * part,
        )
        x, settled, steps = _newton(scaled, x, _nothing)
        total += steps
    return x, settled, total


def _scaled_sources(lanes: _Lanes, part: float) -> dict[str, list[Floats]]:
    sources = {d for d, bank in lanes.circuit.banks.items() if bank.device.waveform or d == "Cm"}
    return {d: [v * part for v in p] if d in sources else p for d, p in lanes.params.items()}


Extra = Callable[[Floats, Floats, Floats], None]


def _newton(
    lanes: _Lanes, x: Floats, extra: Extra, step: float = STEP, share: float = 1.0
) -> tuple[Floats, np.ndarray, Ints]:
    """Newton's method on all lanes; a lane rests once its last full step was below 1e-12 V."""
    x = x.copy()
    count = len(x)
    settled = np.zeros(count, dtype=bool)
    steps = np.zeros(count, dtype=np.int64)
    active = np.arange(count)
    nodes = len(lanes.circuit.nodes)
    last = np.full(count, np.inf)
    for _ in range(MAX_STEPS):
        part = _pick(lanes, active)
        f, slopes = assemble(part, x[active])
        extra(f, slopes, x[active])
        _impose(part, f, slopes, x[active])
        dx, fine = _linear(part.pattern, slopes, -f)
        move = np.abs(dx[:, :nodes]).max(axis=1)
        dx *= np.minimum(share, step / np.maximum(move, 1e-300))[:, None]
        x[active] += dx
        steps[active] += 1
        scale = 1e-12 * (1.0 + np.abs(x[active, :nodes]).max(axis=1))
        stuck = (move < 1e-9) & (move >= last[active])  # rounding is all that is left
        done = fine & ((move < scale) | stuck)
        last[active] = move
        settled[active[done]] = True
        active = active[fine & ~done]
        if not len(active):
            break
    return x, settled, steps


def _singular(lanes: _Lanes, x: Floats) -> np.ndarray:
    """Whether the matrix at x is singular but for rounding: then x is one answer of many. With each equation scaled
    to 1, an answer to random right-hand sides shows it that comes near 1 over the rounding error."""
    f, slopes = assemble(lanes, x)
    _impose(lanes, f, slopes, x)
    rows, largest = lanes.pattern.rows, np.zeros(f.shape)
    np.maximum.at(largest.T, rows, np.abs(slopes).T)
    scaled = slopes / np.where(largest > 0, largest, 1.0)[:, rows]
    random = np.random.default_rng(0).uniform(0.5, 1.5, f.shape[1:]).astype(f.dtype)
    answer, fine = _linear(lanes.pattern, scaled, np.broadcast_to(random, f.shape))
    return np.asarray(~fine | (np.abs(answer).max(axis=1) > SINGULAR))


def assemble(lanes: _Lanes, x: Floats) -> tuple[Floats, Floats]:
    """Residual F (L, n) and the entries of the matrix (L, M) of the circuit alone, fed currents included."""
    f, slopes = np.zeros_like(x), np.zeros((len(x), len(lanes.pattern.rows)), x.dtype)
    at = np.arange(len(x))[:, None]
    for name, bank in lanes.circuit.banks.items():
        law = kernel(bank.device)
        unknowns = bank.unknowns
        local = [x[:, unknowns[:, k]] for k in range(unknowns.shape[1])]
        with np.errstate(all="ignore"):
            values = law.evaluate(local, lanes.params[name])
        for row, value in enumerate(values[: unknowns.shape[1]]):
            np.add.at(f, (at, unknowns[:, row][None, :]), value)
        for place, value in zip(lanes.pattern.stamps[name], values[unknowns.shape[1] :], strict=True):
            np.add.at(slopes, (at, place[None, :]), value)
    np.subtract.at(f, (at, lanes.fed[None, :]), lanes.currents)
    _fix(lanes.pattern, f, slopes, 0, x[:, 0], slice(None))
    return _held_rows(lanes, f, x), slopes


def _fix(places: Pattern, f: Floats, slopes: Floats, node: int, gap: Floats, on: Any) -> None:
    """The equation of a node becomes: the gap to where it belongs is zero."""
    f[on, node] = gap
    chosen = np.flatnonzero(places.rows == node)
    slopes[np.ix_(np.arange(len(slopes))[on], chosen)] = 0.0
    slopes[on, places.diagonal[node]] = 1.0


def _held_rows(lanes: _Lanes, f: Floats, x: Floats) -> Floats:
    """Zero the residual where a node is held: what flows there is the driver's business."""
    for k, node in enumerate(lanes.held):
        on = np.isfinite(lanes.voltages[:, k])
        f[on, node] = x[on, node] - lanes.voltages[on, k]
    return f


def _impose(lanes: _Lanes, f: Floats, slopes: Floats, x: Floats) -> None:
    for k, node in enumerate(lanes.held):
        on = np.isfinite(lanes.voltages[:, k])
        _fix(lanes.pattern, f, slopes, node, x[on, node] - lanes.voltages[on, k], on)


def multipliers(circuit: FlatCircuit, params: Params, boundary: Boundary, x: Floats, slopes: Floats) -> Floats:
    """lambda (S, size) of J^T lambda = dL/dx, `slopes` (S, size), at operating points x (S, size) of the first draw: of
    each equation, at ground and at held nodes of what holds them. NaN where the matrix is singular."""
    lanes = _lanes(circuit, pattern(circuit), params, boundary, 0, slice(None))
    f, entries = assemble(lanes, x)
    _impose(lanes, f, entries, x)
    places = lanes.pattern
    order = np.lexsort((places.columns, places.rows))  # the transpose, ascending by column
    turned = replace(places, rows=places.columns[order], columns=places.rows[order])
    found, fine = _linear(turned, entries[:, order], slopes)
    found[~fine] = np.nan
    return found


def _linear(places: Pattern, slopes: Floats, b: Floats) -> tuple[Floats, np.ndarray]:
    """Solve every lane; a singular or overflowing one gives zeros and False."""
    good = np.asarray(np.isfinite(slopes).all(axis=1) & np.isfinite(b).all(axis=1))
    dx = np.zeros_like(b)
    if good.any():
        solve = _full if places.size <= SMALL else _sparse
        dx[good], good[good] = solve(places, slopes[good], b[good])
    finite = np.asarray(np.isfinite(dx).all(axis=1))
    dx[~finite] = 0.0
    return dx, good & finite


def _full(places: Pattern, slopes: Floats, b: Floats) -> tuple[Floats, np.ndarray]:
    j = np.zeros((len(b), places.size, places.size), b.dtype)
    j[:, places.rows, places.columns] = slopes
    dx, good = np.zeros_like(b), np.ones(len(b), dtype=bool)
    try:
        dx[:] = np.linalg.solve(j, b[..., None])[..., 0]
    except np.linalg.LinAlgError:
        for lane in range(len(b)):
            try:
                dx[lane] = np.linalg.solve(j[lane], b[lane])
            except np.linalg.LinAlgError:
                good[lane] = False
    return dx, good


def _sparse(places: Pattern, slopes: Floats, b: Floats) -> tuple[Floats, np.ndarray]:
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    starts = np.searchsorted(places.columns, np.arange(places.size + 1))
    dx, good = np.zeros_like(b), np.ones(len(b), dtype=bool)
    for lane in range(len(b)):
        try:
            dx[lane] = splu(csc_array((slopes[lane], places.rows, starts), shape=(places.size,) * 2)).solve(b[lane])
        except RuntimeError:  # "Factor is exactly singular"
            good[lane] = False
    return dx, good
