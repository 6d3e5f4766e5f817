"""Pelgrom's area law of local mismatch (Pelgrom, Duinmaijer, Welbers, IEEE J. Solid-State Circuits 24, 1433, 1989).

    sigma(difference of a pair) = A / sqrt(W_eff L_eff),   W_eff = W - par_w,   L_eff = L - par_l

A is that of a pair, as foundries and the literature give it; a part by itself is off by 1 / sqrt(2) of it, so that a pair is off
by A. par_l and par_w: what process takes off the drawn sizes (gf180mcu n3p3: 0.15 um and -0.1 um). W and L are the part's own, or
given here for parts that have none (resistors, capacitors).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.variation.laws.law import Law, check_not_negative


@dataclass(frozen=True)
class Pelgrom(Law):
    """See the module."""

    order: ClassVar[tuple[tuple[str, ...], ...]] = (("a",),)
    a: float = field(metadata={"doc": "A of a pair", "of": "area"})
    w: float | None = field(default=None, metadata={"doc": "W, else the part's own", "of": "length"})
    l: float | None = field(default=None, metadata={"doc": "L, else the part's own", "of": "length"})  # noqa: E741
    par_w: float = field(default=0.0, metadata={"doc": "what W_eff is less than W", "of": "length"})
    par_l: float = field(default=0.0, metadata={"doc": "what L_eff is less than L", "of": "length"})

    def __post_init__(self) -> None:
        check_not_negative(a=self.a)

    def grown(self, area: float) -> Pelgrom:
        w, l = (size if size is None else size * area**0.5 for size in (self.w, self.l))  # noqa: E741
        return replace(self, w=w, l=l)

    def off(self, normal: Floats, width: Floats, length: Floats) -> Floats:
        w = (width if self.w is None else self.w) - self.par_w
        l = (length if self.l is None else self.l) - self.par_l  # noqa: E741
        with np.errstate(invalid="ignore", divide="ignore"):
            area = np.where((np.asarray(w) > 0) & (np.asarray(l) > 0), np.multiply(w, l), np.nan)
            return np.asarray(self.a / np.sqrt(2.0 * area) * normal)
