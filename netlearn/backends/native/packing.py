"""Circuits' numbers as the engine wants them: lanes side by side, parameters in blocks, work in threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Ints, Params
from netlearn.jit import WIDTH
from netlearn.solve.newton import Numbers
from netlearn.solve.shape import Shape, Stamps, Tables

FEW = 3  # lanes that are solved one by one
ENOUGH = 4  # groups that are worth a thread


@dataclass(frozen=True)
class Ready:
    """A shape with a set of parameters as the engine wants them. `packed`: what depends on these alone, by how many lanes
    there are, of how many samples each draw, in groups of which width; of a single draw all lanes share one group. Sets
    that differ in held voltages only share it, so that chips that learn through their gates are packed once."""

    shape: Shape
    params: Params
    stamps: Stamps
    prepared: list[Floats]
    packed: dict[tuple[int, int, int], dict[str, Floats]] = field(default_factory=dict)

    def tables(self, wide: int) -> Tables:
        return self.shape.eight if wide > 1 else self.shape.one

    def numbers(self, boundary: Boundary, lanes: Ints, wide: int) -> Numbers:
        """Numbers of some lanes (draw after draw, a multiple of `wide`) in groups; what all share is there once."""
        draws, rows = np.divmod(lanes, boundary.samples)
        own = self._known(draws if self.params.draws > 1 else np.zeros(wide, np.int64), boundary.samples, wide)
        places = self.shape.column[boundary.held]
        flags = np.isfinite(boundary.voltages[rows][:, places >= 0]).astype(float)
        return Numbers(
            **own,
            fed=self.shape.row[boundary.fed],
            feeds=packed_lanes(boundary.currents[rows], wide),
            masks=places[places >= 0],
            flags=packed_lanes(flags, wide),
        )

    def _known(self, draws: Ints, samples: int, wide: int) -> dict[str, Floats]:
        key = len(draws), samples, wide
        if key not in self.packed:
            if self.params.draws > 1:
                self.packed.clear()  # one of them is large enough
            self.packed[key] = self._of_draws(draws, wide)
        return self.packed[key]

    def _of_draws(self, draws: Ints, wide: int) -> dict[str, Floats]:
        """What depends on parameters alone."""
        names = ("inner", "outer", "border", "offset")
        if self.params.draws == 1:
            stamped = {name: np.repeat(getattr(self.stamps, name), wide, axis=1) for name in names}
        else:
            stamped = {name: packed_lanes(getattr(self.stamps, name)[draws], wide) for name in names}
        return {"p": self._packed(draws, wide), **stamped}

    def _packed(self, draws: Ints, wide: int) -> Floats:
        """Prepared parameters in blocks: lanes of each element, or eight elements of the lane."""
        parts = [np.zeros((len(draws) // wide, 0))]
        for values in self.prepared:
            chosen, (_, count, each) = values[draws], values.shape
            if wide > 1:
                parts.append(packed_lanes(chosen.reshape(len(draws), -1), wide))
                continue
            blocks = -(-count // WIDTH)
            filled = chosen[:, np.minimum(np.arange(blocks * WIDTH), count - 1)]
            parts.append(filled.reshape(len(draws), blocks, WIDTH, each).swapaxes(2, 3).reshape(len(draws), -1))
        return np.concatenate(parts, axis=1)


def same(one: Params, two: Params, but: set[tuple[str, str]]) -> bool:
    """Whether all numbers are the very same arrays, except those of some (device, parameter) pairs."""
    for device, of in one.values.items():
        other = two.values[device]
        if of is not other and any(v is not other[p] and (device, p) not in but for p, v in of.items()):
            return False
    return True


def patterns(boundary: Boundary) -> Iterator[tuple[Ints, Ints]]:
    """Samples by which nodes they hold: the places of these in `held`, and the samples."""
    found, group = np.unique(np.isfinite(boundary.voltages), axis=0, return_inverse=True)
    for k, pattern in enumerate(found):
        yield np.flatnonzero(pattern), np.flatnonzero(group.reshape(-1) == k)


def known(circuit: FlatCircuit, shape: Shape, params: Params, boundary: Boundary, start: Floats | None) -> Floats:
    """First x (D, S, size): `start` where there is one, else zero; held nodes at their voltages."""
    x = np.zeros((params.draws, boundary.samples, circuit.size)) if start is None else start.copy()
    if start is not None:
        x[np.isnan(start[:, :, 0])] = 0.0  # what has not settled
    finite = np.isfinite(boundary.voltages)
    x[:, :, boundary.held] = np.where(finite, boundary.voltages, x[:, :, boundary.held])
    for device, (elements, nodes, signs) in shape.holding.items():
        values = params.values[device][circuit.banks[device].device.holds]
        x[:, :, nodes] = (signs * values[:, elements])[:, None]
    return x


def packed_lanes(values: Floats, wide: int) -> Floats:
    """(L, m) to (G, m W), the lanes of a number side by side; the last lane fills its group up."""
    (lanes, count), full = values.shape, len(values) // wide
    packed = np.empty((-(-lanes // wide), count, wide))
    packed[:full] = values[: full * wide].reshape(full, wide, count).swapaxes(1, 2)
    if full < len(packed):
        packed[full] = values[np.minimum(np.arange(full * wide, (full + 1) * wide), lanes - 1)].T
    return packed.reshape(len(packed), -1)


def unpacked_lanes(values: Floats, wide: int) -> Floats:
    """(G, m W) to (G W, m)."""
    groups, count = values.shape
    return values.reshape(groups, count // wide, wide).swapaxes(1, 2).reshape(groups * wide, -1)


def of_groups(numbers: Numbers, some: slice) -> Numbers:
    """The numbers of some groups; what all groups share stays."""
    return Numbers(**{name: v[some] if v.ndim == 2 and len(v) > 1 else v for name, v in numbers._asdict().items()})


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[slice], None], groups: int, threads: int, enough: int = ENOUGH) -> None:
    """Do the work on contiguous parts of the groups, side by side; no lane depends on another. So many groups are
    `enough` for a thread."""
    threads = min(threads, groups // enough)
    if threads <= 1:
        return work(slice(0, groups))
    bounds = np.linspace(0, groups, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, [slice(a, b) for a, b in pairwise(bounds)]))
    return None
