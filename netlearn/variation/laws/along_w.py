"""A channel's length is an average along its width, for its edges are rough (see `edge`).

sigma(L of a pair) = a sqrt(over / W)
"""

from __future__ import annotations

from dataclasses import dataclass

from netlearn.circuit.flat import Floats
from netlearn.variation.laws.edge import Edge


@dataclass(frozen=True)
class AlongW(Edge):
    """See the module."""

    def off(self, normal: Floats, width: Floats, length: Floats) -> Floats:
        return self.along(normal, width)
