"""A normal distribution: off = sd n.

Of a relative one, `~ 1%`, the value is (1 + sd n) times what it should be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.circuit.flat import Floats
from netlearn.variation.laws.law import Law, check_not_negative


@dataclass(frozen=True)
class Normal(Law):
    """See the module."""

    order: ClassVar[tuple[tuple[str, ...], ...]] = (("sd",),)
    sd: float = field(metadata={"doc": "standard deviation", "of": "value"})

    def __post_init__(self) -> None:
        check_not_negative(sd=self.sd)

    def off(self, normal: Floats, width: Floats, length: Floats) -> Floats:
        return self.sd * normal
