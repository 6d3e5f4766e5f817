"""A law as machine code: many elements at once, in blocks of eight.

`points` reads local unknowns x and prepared parameters p and writes currents and slopes, all in blocks: number k of
the j-th item of block b lies at b * 8 * (numbers an item) + 8 * k + j. Items are lanes of one element or, for a single
lane, elements; so the eight go through straight-line code side by side (SIMD), and what a block works on stays in the
nearest cache.

A law, built in or of a user's `element`, is compiled once a machine (a few tenths of a second) and kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlearn.cache import digest, kept
from netlearn.devices import law as laws
from netlearn.devices.primitives import FUNCTIONS as ARRAYS
from netlearn.jit.objects import address_of, name_of_text, object_code, parsed

COMPILER = "from netlearn.devices import vector"  # what machine code depends on besides the law


@dataclass(frozen=True)
class Machine:
    """The compiled law of a device: results are the currents `rows` and the slopes `entries` (row, column).

    prepare: parameters to the (fewer or more) numbers that `points`, at `address`, wants for each element.
    """

    rows: tuple[int, ...]
    entries: tuple[tuple[int, int], ...]
    prepare: Callable[[Sequence[NDArray[np.float64]]], tuple[Any, ...]]
    address: int


@cache
def machine(terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> Machine:
    """Machine code of a built-in device's law."""
    key = digest(repr((laws.generator(), terminals, params, law)).encode())
    source = kept(f"machine_{key}.py", lambda: _generate(terminals, params, law).encode()).decode()
    constants: dict[str, Any] = dict(ARRAYS)
    exec(compile(source.partition("def law(")[0], "<prepared law>", "exec"), constants)
    name = name_of_text("law", f"{COMPILER}\n{source}")
    return Machine(
        constants["ROWS"], constants["ENTRIES"], constants["prepare"], address_of(name, lambda: _compile(source, name))
    )


def _compile(source: str, name: str) -> bytes:
    """Object code of a law."""
    from netlearn.devices.vector import FUNCTIONS, points

    space: dict[str, Any] = dict(FUNCTIONS)
    exec(compile(source, "<law as machine code>", "exec"), space)
    return object_code(parsed(points(space["law"], space["LOCALS"], space["CONSTANTS"], name)))


def _generate(terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> str:
    from netlearn.devices.symbolic import machine as generate

    return generate(terminals, params, law)
