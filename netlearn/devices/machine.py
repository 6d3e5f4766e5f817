"""A law as machine code: many elements at once, in blocks of eight.

`points` reads local unknowns x and prepared parameters p, writes currents and slopes, and keeps memories m, all in
blocks: number k of the j-th item of block b lies at b * 8 * (numbers an item) + 8 * k + j. Items are lanes of one
element or, for a single lane, elements; so the eight go through straight-line code side by side (SIMD), and what a
block works on stays in the nearest cache.

A law, built in or of a user's `element`, is compiled once a machine (a few tenths of a second) and kept on disk.

Over time a law is replaced by its companion: with a stored charge or flux q of which an integration formula says
dq/dt = rate q - past (rate in 1/s; see `netlearn.solve.transient`), every q(x) in the law becomes the current (of a
flux: the voltage) rate q(x) - past. So a time step is an operating point of companions.
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
    key = digest(repr((laws.generator(), terminals, params, law)).encode())
    source = kept(f"{kind}_{key}.py", lambda: _generate(kind, terminals, params, law).encode()).decode()
    of: dict[str, Any] = dict(ARRAYS)
    exec(compile(source.partition("def law(")[0], "<prepared law>", "exec"), of)
    name = name_of_text("law", f"{COMPILER}\n{source}")
    address = address_of(name, lambda: _compile(source, name))
    return Machine(of["ROWS"], of["ENTRIES"], of["prepare"], address, of["PREPARED"], of["STORED"], of["MEMORIES"])


def _compile(source: str, name: str) -> bytes:
    """Object code of a law."""
    from netlearn.devices.vector import FUNCTIONS, ceiling, grown, points

    space: dict[str, Any] = {**FUNCTIONS, "ceiling": ceiling, "grown": grown}
    exec(compile(source, "<law as machine code>", "exec"), space)
    counts = (space["LOCALS"], space["PREPARED"], space["MEMORIES"])
    return object_code(parsed(points(space["law"], *counts, name)))


def _generate(kind: str, terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> str:
    from netlearn.devices import symbolic

    return str(getattr(symbolic, kind)(terminals, params, law))
