"""What a rough edge averages to: pieces of it are off by themselves, and their mean narrows as the root of their number.

    sigma(a pair) = a sqrt(over / length of the edge)

a is that of a pair with edges as long as `over`; a part by itself is off by 1 / sqrt(2) of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.variation.laws.law import Law, check_not_negative


@dataclass(frozen=True)
class Edge(Law):
    """See the module; laws say which edge it is."""

    order: ClassVar[tuple[tuple[str, ...], ...]] = (("a",),)
    a: float = field(metadata={"doc": "standard deviation of a pair", "of": "value"})
    over: float = field(default=1e-6, metadata={"doc": "how long its edges are", "of": "length"})

    def __post_init__(self) -> None:
        check_not_negative(a=self.a, over=self.over)

    def along(self, normal: Floats, edge: Floats) -> Floats:
        """Of parts with edges (E,) m long."""
        return np.asarray(self.a * np.sqrt(0.5 * self.over / edge) * normal)
