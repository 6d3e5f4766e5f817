"""Networks of memristors as one differential equation, in the cycle picture (Zegarac and Caravelli, arXiv 1908.08105).

In edge e, from node a to node b, an EMF s that drives current from a to b follows a memristor of state w,

    R(w) = ron (1 - w) + roff w,  0 <= w <= 1,        dw/dt = alpha w - ron i / beta

With A (L, E) a basis of cycles Kirchhoff's laws are i = A^T m and A (R i - s) = 0, so that

    i = A^T (A R A^T)^-1 A s

As R = ron (I + xi W), xi = (roff - ron) / ron, W = diag(w), and Omega = A^T (A A^T)^-1 A projects onto the cycles, i is
what solves  Omega i = i  and  Omega R i = Omega s,  that is  ron (I + xi Omega W) i = Omega s:

    dw/dt = alpha w - (1 / beta) (I + xi Omega W)^-1 Omega s

`netlearn.learn.graph.ResistorGraph` finds i without cycles by one sparse, symmetric solve; its EMFs are drops, v + s = 0
around a cycle, and so the opposite of these.

The opposite convention R = ron x + roff (1 - x) is the same with x = 1 - w:  roff (I - chi Omega X) i = Omega s, with
chi = (roff - ron) / roff.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.learn.graph import ResistorGraph


@dataclass(frozen=True)
class MemristorGraph:
    """N nodes; edges (E, 2): from, to; ron, roff in Ohm, alpha in 1/s, beta in V s: one number, or (E,)."""

    nodes: int
    edges: Ints
    ron: float | Floats = 100.0
    roff: float | Floats = 16e3
    alpha: float | Floats = 0.0
    beta: float | Floats = 10e-3

    def resistors(self, w: Floats) -> ResistorGraph:
        """The network as it is at a moment, w (E,); a w beyond its bounds counts as at them."""
        inside = np.clip(w, 0.0, 1.0)
        return ResistorGraph(self.nodes, self.edges, self.ron * (1.0 - inside) + self.roff * inside)

    def rates(self, w: Floats, emfs: Floats) -> Floats:
        """dw/dt (E,) in 1/s at w (E,) under EMFs (E,) in V, as if there were no bounds."""
        currents = self.resistors(w).currents(-emfs[None])[0]
        return np.asarray(self.alpha * w - self.ron * currents / self.beta)

    def bounded_rates(self, w: Floats, emfs: Floats) -> Floats:
        """The same where a w that has come to a bound stays until its rate turns."""
        rates = self.rates(w, emfs)
        out = ((w <= 0.0) & (rates < 0.0)) | ((w >= 1.0) & (rates > 0.0))
        return np.where(out, 0.0, rates)
