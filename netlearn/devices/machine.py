"""A law as machine code: many elements at once, in blocks of eight.

`points` reads local unknowns x and prepared parameters p, writes currents and slopes, and keeps memories m, all in
blocks: number k of the j-th item of block b lies at b * 8 * (numbers an item) + 8 * k + j. Items are lanes of one element or, for a single
lane, elements; so the eight go through straight-line code side by side (SIMD), and what a block works on stays in the
nearest cache.

A law, built in or of a user's `element`, is compiled once a machine (a few tenths of a second) and kept on disk.

Over time a law is replaced by its companion: with a stored charge or flux q of which an integration formula says
dq/dt = rate q - past (rate in 1/s; see `netlearn.solve.transient`), every q(x) in the law becomes the current (of a
flux: the voltage) rate q(x) - past. So a time step is an operating point of companions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlearn.cache import cache_folder
from netlearn.devices import law as laws
from netlearn.devices.primitives import FUNCTIONS as ARRAYS
from netlearn.devices.vector import FUNCTIONS, ceiling, grown, traced
from netlearn.jit import callback, types

block_kernel = callback(types.void(*[types.int64] * 5))


@dataclass(frozen=True)
class Machine:
    """The compiled law of a device: results are the currents `rows` and the slopes `entries` (row, column).

    prepare: parameters to the `prepared` numbers that `points`, at `address`, wants for each element. A companion
    that stores `stored` charges and fluxes has their values as its last results, and as its last prepared numbers (zero
    at first) the rate and, in the same order, each one's past. `memories`: how many numbers it keeps of an element
    from one step of Newton's method to the next (see `vector.ceiling`); infinity there asks for the law itself.
    """

    rows: tuple[int, ...]
    entries: tuple[tuple[int, int], ...]
    prepare: Callable[[Sequence[NDArray[np.float64]]], tuple[Any, ...]]
    address: int
    prepared: int
    stored: int
    memories: int
    kept: Any = None

    @property
    def results(self) -> int:
        """How many numbers `points` writes for an element."""
        return len(self.rows) + len(self.entries) + self.stored


@cache
def machine(terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> Machine:
    """Machine code of a law at rest: what is stored carries no current."""
    return _loaded("machine", terminals, params, law)


@cache
def companion(terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> Machine:
    """Machine code of a law over time."""
    return _loaded("companion", terminals, params, law)


def _loaded(kind: str, terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> Machine:
    name = f"{kind}_{laws.digest(repr((laws.generator(), terminals, params, law)))}"
    source = laws.cached(f"{name}.py", lambda: _generate(kind, terminals, params, law))
    module = _module(f"netlearn_{name}", source, str(cache_folder() / f"{name}.py"))
    constants: dict[str, Any] = dict(ARRAYS)
    exec(compile(source.partition("def law(")[0], module.__file__ or name, "exec"), constants)
    return Machine(
        module.ROWS,
        module.ENTRIES,
        constants["prepare"],
        module.points.address,
        module.PREPARED,
        module.STORED,
        module.MEMORIES,
        module,
    )


def _module(name: str, source: str, path: str) -> Any:
    """Generated source as a module that can be imported: numba finds what it has kept by the module's name."""
    module = ModuleType(name)
    module.__file__ = path
    vars(module).update(FUNCTIONS, ceiling=ceiling, grown=grown, traced=traced, block_kernel=block_kernel)
    sys.modules[name] = module
    exec(compile(source, path, "exec"), vars(module))
    return module


def _generate(kind: str, terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> str:
    from netlearn.devices import symbolic

    return str(getattr(symbolic, kind)(terminals, params, law))
