"""A channel's width is an average along its length, for its edges are rough (see `edge`).

sigma(W of a pair) = a sqrt(over / L)
"""

from __future__ import annotations

from dataclasses import dataclass

from netlearn.circuit.flat import Floats
from netlearn.variation.laws.edge import Edge


@dataclass(frozen=True)
class AlongL(Edge):
    """See the module."""

    def off(self, normal: Floats, width: Floats, length: Floats) -> Floats:
        return self.along(normal, length)
