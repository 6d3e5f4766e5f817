"""A law as machine code: many elements at once, in blocks of eight.

`points` reads local unknowns x and prepared parameters p and writes currents and slopes, all in blocks: number k of
the j-th item of block b lies at b * 8 * (numbers an item) + 8 * k + j. Items are lanes of one element or, for a single
lane, elements; so the eight go through straight-line code side by side (SIMD), and what a block works on stays in the
nearest cache.

A law, built in or of a user's `element`, is compiled once a machine (a few tenths of a second) and kept on disk.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from netlearn.cache import cache_folder
from netlearn.devices import law as laws
from netlearn.devices.primitives import FUNCTIONS as ARRAYS
from netlearn.devices.vector import FUNCTIONS, traced
from netlearn.jit import callback

types: Any = numba.types
block_kernel = callback(types.void(*[types.int64] * 4))


@dataclass(frozen=True)
class Machine:
    """The compiled law of a device: results are the currents `rows` and the slopes `entries` (row, column).

    prepare: parameters to the (fewer or more) numbers that `points`, at `address`, wants for each element.
    """

    rows: tuple[int, ...]
    entries: tuple[tuple[int, int], ...]
    prepare: Callable[[Sequence[NDArray[np.float64]]], tuple[Any, ...]]
    address: int
    kept: Any = None


@cache
def machine(terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> Machine:
    """Machine code of a built-in device's law."""
    name = f"machine_{laws.digest(repr((laws.generator(), terminals, params, law)))}"
    source = laws.cached(f"{name}.py", lambda: _generate(terminals, params, law))
    module = _module(f"netlearn_{name}", source, str(cache_folder() / f"{name}.py"))
    constants: dict[str, Any] = dict(ARRAYS)
    exec(compile(source.partition("def law(")[0], module.__file__ or name, "exec"), constants)
    return Machine(module.ROWS, module.ENTRIES, constants["prepare"], module.points.address, kept=module)


def _module(name: str, source: str, path: str) -> Any:
    """Generated source as a module that can be imported: numba finds what it has kept by the module's name."""
    module = ModuleType(name)
    module.__file__ = path
    vars(module).update(FUNCTIONS, traced=traced, block_kernel=block_kernel)
    sys.modules[name] = module
    exec(compile(source, path, "exec"), vars(module))
    return module


def _generate(terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> str:
    from netlearn.devices.symbolic import machine as generate

    return generate(terminals, params, law)
