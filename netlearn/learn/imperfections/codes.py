"""Converters have codes: outputs are read with some bits, inputs and clamps driven with others.

V -> (full / 2^bits) round(2^bits V / full)

Codes of real converters do not lie on a line (integral nonlinearity). With u = V / full in 0..1 and n normal numbers of each
converter,

    e(u) = inl LSB sqrt(1/2) [4 u (1 - u) n_0 + 2 sum_k sqrt(2) sin(k pi u) n_k / (k pi)]

is a bow (of an amplifier) and a random walk from end to end (of steps that differ), with `inl` LSB the standard deviation in
the middle, where both have as much of it. An output is read as the code of V + e(V), a clamp is driven e of its code off. Each
output has its converter, and each clamped node; what drives the inputs has codes, but they lie on a line. Steps by such
converters are no formula: they are worked out phase by phase, not in the machine code of whole lessons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.board import Board, Converters, rounded
from netlearn.learn.imperfections.imperfection import Imperfection
from netlearn.learn.options import check_not_negative, check_whole
from netlearn.solve.lesson import DRIVE, READ

LEAST, MOST = 1e-6, 1e6  # V
WAVES = 64  # of the series


@dataclass(frozen=True)
class Codes(Imperfection):
    """See the module."""

    full: float = field(metadata={"doc": "full scale of both", "unit": "V"})
    read: float = field(default=12, metadata={"doc": "bits with which outputs are read"})
    drive: float = field(default=8, metadata={"doc": "bits with which inputs and clamps are driven"})
    inl: float = field(default=0.0, metadata={"doc": "standard deviation of the codes in the middle, in LSB"})

    def __post_init__(self) -> None:
        if not LEAST <= self.full <= MOST:
            raise TaskError(f"full is {self.full:g}", f"give full a voltage from {LEAST:g} V to {MOST:g} V", "full")
        check_whole(1, 32, read=self.read, drive=self.drive)
        check_not_negative(inl=self.inl)

    def onto(self, board: Board) -> Board:
        read, drive = self.full / 2**self.read, self.full / 2**self.drive
        board = board.set(READ, read).set(DRIVE, drive)
        if not self.inl:
            return board
        circuit = board.circuit
        clamped = [circuit.nodes[n] for n in circuit.clamping[0]]
        return replace(
            board,
            converters={
                READ: self._converters(board, "codes/read", [port.name for port in circuit.outputs], read),
                DRIVE: self._converters(board, "codes/drive", clamped, drive),
            },
        )

    def _converters(self, board: Board, what: str, names: Sequence[str], lsb: float) -> Converters:
        drawn = np.stack([board.normal(f"{what}/{k}", names) for k in range(WAVES + 1)], axis=-1)
        order = np.arange(1, WAVES + 1)
        bow = np.where(order % 2 == 1, 32.0 / (np.pi * order) ** 3, 0.0)  # 4 u (1 - u) as a series of sines
        walk = 2.0 * np.sqrt(2.0) / (np.pi * order)
        waves = np.sqrt(0.5) * (bow * drawn[..., :1] + walk * drawn[..., 1:])
        return Converters(self.full, self.inl * lsb * waves)

    def driven(self, inputs: Floats) -> Floats:
        return rounded(inputs, self.full / 2**self.drive)
