"""What chance decides of a manufactured circuit: numbers that are functions of a seed, what is drawn and a path alone.

A part draws the same number whatever else is in its netlist, in whatever order, on whatever backend and machine:

    u(seed, what, name) = (52 bits of SHA-256("seed/what/name") + 1/2) / 2^52,      n = Phi^-1(u)

Everything that manufacture or measurement makes uncertain is a function of standard normal numbers `n` of a `Chance`, so
that a study can take their place: scale them, shift them, or fix them one by one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.errors import CircuitError


class Chance(Protocol):
    """Standard normal numbers for D draws."""

    @property
    def draws(self) -> int: ...

    def normal(self, what: str, names: Sequence[str]) -> Floats:
        """(D, names): one for each draw and part, always the same for the same `what` and name."""
        ...


class Draws(Chance, Protocol):
    """Chance of draws that can be looked at apart."""

    def of(self, some: Ints | slice) -> Draws:
        """Those of some draws."""
        ...


@dataclass(frozen=True)
class Keyed:
    """See the module; a draw for each seed."""

    seeds: tuple[int, ...]

    @property
    def draws(self) -> int:
        return len(self.seeds)

    def normal(self, what: str, names: Sequence[str]) -> Floats:
        from scipy.special import ndtri  # slow to import, and few commands draw

        parts = [name.encode() for name in names]
        digests = []
        for seed in self.seeds:
            begun = hashlib.sha256(f"{seed}/{what}/".encode())
            for part in parts:
                one = begun.copy()
                one.update(part)
                digests.append(one.digest()[:8])
        bits = np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64) >> np.uint64(12)
        return np.asarray(ndtri((bits.astype(float) + 0.5) / 2.0**52)).reshape(len(self.seeds), len(parts))

    def of(self, some: Ints | slice) -> Keyed:
        return Keyed(tuple(np.array(self.seeds, dtype=object)[some]))


@dataclass(frozen=True)
class Scaled:
    """Everything so many times as uncertain."""

    chance: Draws
    factor: float

    @property
    def draws(self) -> int:
        return self.chance.draws

    def normal(self, what: str, names: Sequence[str]) -> Floats:
        return self.factor * self.chance.normal(what, names)

    def of(self, some: Ints | slice) -> Scaled:
        return Scaled(self.chance.of(some), self.factor)


@dataclass(frozen=True)
class Traced:
    """Remembers what it is asked for: (what, name) of every number, in their order."""

    chance: Draws
    asked: dict[tuple[str, str], None] = field(default_factory=dict)

    @property
    def draws(self) -> int:
        return self.chance.draws

    def normal(self, what: str, names: Sequence[str]) -> Floats:
        self.asked.update(dict.fromkeys((what, name) for name in names))
        return self.chance.normal(what, names)

    def of(self, some: Ints | slice) -> Traced:
        return Traced(self.chance.of(some), self.asked)


@dataclass(frozen=True)
class Given:
    """Numbers that are not drawn: the one of (what, name) is a column of `values` (D, K). CircuitError for another one."""

    columns: Mapping[tuple[str, str], int]
    values: Floats

    @property
    def draws(self) -> int:
        return len(self.values)

    def normal(self, what: str, names: Sequence[str]) -> Floats:
        for name in names:
            if (what, name) not in self.columns:
                raise CircuitError(
                    f"what is drawn differs from chip to chip: one has a number {what} of {name}, another not"
                )
        return self.values.take([self.columns[what, name] for name in names], axis=1)

    def of(self, some: Ints | slice) -> Given:
        return Given(self.columns, self.values[some])


def draw_seeds(seed: int, first: int, last: int) -> tuple[int, ...]:
    """The seeds of draws `first` to `last` - 1 of a study with this seed: 48 bits, by SHA-256("seed.draw")."""
    return tuple(int.from_bytes(hashlib.sha256(f"{seed}.{k}".encode()).digest()[:6], "big") for k in range(first, last))
