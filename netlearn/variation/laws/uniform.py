"""A uniform distribution, for parts that were sorted: off = half (2 Phi(n) - 1), evenly within +- half."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.variation.laws.law import Law, check_not_negative


@dataclass(frozen=True)
class Uniform(Law):
    """See the module."""

    order: ClassVar[tuple[tuple[str, ...], ...]] = (("half",),)
    half: float = field(metadata={"doc": "the furthest it is off", "of": "value"})

    def __post_init__(self) -> None:
        check_not_negative(half=self.half)

    def off(self, normal: Floats, width: Floats, length: Floats) -> Floats:
        from scipy.special import ndtr  # slow to import, and few netlists have one

        return np.asarray(self.half * (2.0 * ndtr(normal) - 1.0))
