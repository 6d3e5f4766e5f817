"""A lognormal distribution, for what spreads over factors (leakage, write-once resistances) and never changes sign.

    factor = exp(s n),   s^2 = ln(1 + sd^2)      sd: standard deviation of the factor over its mean

`lognormal(50%)`: the value is a factor times what it should be, which is the median. `lognormal(1pA, 50%)`: a median times a
factor is added to what it should be, for what should be zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.circuit.flat import Floats
from netlearn.circuit.lognormal import lognormal
from netlearn.variation.laws.law import Law, check_not_negative


@dataclass(frozen=True)
class Lognormal(Law):
    """See the module."""

    order: ClassVar[tuple[tuple[str, ...], ...]] = (("sd",), ("median", "sd"))
    sd: float = field(metadata={"doc": "standard deviation of the factor, as a part of its mean", "of": "part"})
    median: float | None = field(default=None, metadata={"doc": "median of what is added", "of": "value"})

    def __post_init__(self) -> None:
        check_not_negative(sd=self.sd)

    def off(self, normal: Floats, width: Floats, length: Floats) -> Floats:
        factor = lognormal(self.sd, normal)
        return factor - 1.0 if self.median is None else self.median * factor
