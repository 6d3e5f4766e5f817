"""Resistor networks as graphs, exactly: currents, drops and gradients in the cycle picture (arXiv 2602.03546).

Edge e goes from node a to node b; in it a source (EMF) s and a resistance r = 1 / g follow one another. With i the
currents from a to b, v = r i the resistors' drops, B (N - 1, E) the incidence without the last node and A (L, E) a basis
of cycles, Kirchhoff's laws are B i = 0 and A (v + s) = 0, where A B^T = 0. So i = A^T m for some mesh currents m, and

    v = -Omega s,    Omega = R A^T (A R A^T)^-1 A,    Omega^2 = Omega

Omega leaves R A^T m as it is and takes B^T u, drops between nodes, to zero; those two kinds of vectors make up all that
there is, and I - B^T (B G B^T)^-1 B G does the same. So there is no need of cycles: with u the nodes' potentials,

    (B G B^T) u = B G s,    v = B^T u - s                                           one sparse, symmetric solve

Differentiating A R A^T m = -A s gives d Omega / d r_k = (I - Omega) e_k e_k^T Omega / r_k and dv/dr = (I - Omega) diag(i).
For a loss with slopes e = dL/dv, or e = dL/di with di/dr = -R^-1 Omega diag(i),

    dL/dr = i (I - Omega^T) e = i Delta,       Delta = G B^T w,        (B G B^T) w = B e
    dL/dr = -i G (e - B^T w),                                          (B G B^T) w = B G e

Delta are the currents in the resistors when currents e flow beside the edges and all EMFs are shorted: a circuit can
measure it (algorithm 2 of the paper). In conductances dL/dg = -r^2 dL/dr = -(r i) (r Delta), a product of two drops.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.errors import CircuitError


@dataclass(frozen=True)
class ResistorGraph:
    """N nodes; edges (E, 2): from, to; resistances (E,) in Ohm.

    CircuitError where an edge or a resistance cannot be, or where the edges leave the graph in pieces.
    """

    nodes: int
    edges: Ints
    resistances: Floats

    def __post_init__(self) -> None:
        edges, r = np.asarray(self.edges), np.asarray(self.resistances)
        if edges.ndim != 2 or edges.shape[1] != 2 or r.shape != (len(edges),):
            raise CircuitError(f"edges {edges.shape} and resistances {r.shape}", "give (E, 2) nodes and (E,) numbers")
        wrong = (edges < 0).any(axis=1) | (edges >= self.nodes).any(axis=1) | (edges[:, 0] == edges[:, 1])
        bad = wrong | ~np.isfinite(r) | ~(r > 0)
        if bad.any():
            k = int(bad.argmax())
            raise CircuitError(
                f"edge {k} from {edges[k, 0]} to {edges[k, 1]} with {r[k]:g} Ohm",
                f"join two different nodes below {self.nodes} by a resistance above zero",
            )
        pieces = self._pieces()
        if pieces > 1:
            raise CircuitError(f"the graph is in {pieces} pieces", "join them by edges")

    def _pieces(self) -> int:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        links = coo_array((np.ones(len(self.edges)), tuple(self.edges.T)), shape=(self.nodes, self.nodes))
        return int(connected_components(links, directed=False)[0])

    @property
    def cycles(self) -> int:
        """L: how many cycles are independent."""
        return len(self.edges) - self.nodes + 1

    @cached_property
    def incidence(self) -> Any:
        """B (N - 1, E), sparse: 1 where an edge leaves a node, -1 where it arrives; without the last node."""
        from scipy.sparse import coo_array

        count = len(self.edges)
        ends, edges = self.edges.T.ravel(), np.tile(np.arange(count), 2)
        whole = coo_array((np.repeat([1.0, -1.0], count), (ends, edges)), shape=(self.nodes, count))
        return whole.tocsr()[:-1]

    @cached_property
    def _factors(self) -> Any:
        from scipy.sparse import diags_array
        from scipy.sparse.linalg import splu

        laplacian = self.incidence @ diags_array(1.0 / self.resistances) @ self.incidence.T
        return splu(laplacian.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0)

    def _between_nodes(self, injected: Floats) -> Floats:
        """Drops B^T w along edges (S, E) of (B G B^T) w = B injected; injected (S, E)."""
        found = self._factors.solve(self.incidence @ injected.T)
        return np.asarray((self.incidence.T @ found).T)

    def drops(self, emfs: Floats) -> Floats:
        """v (S, E) in V: the drops of the resistors, from a to b, under EMFs (S, E)."""
        return self._between_nodes(emfs / self.resistances) - emfs

    def currents(self, emfs: Floats) -> Floats:
        """i (S, E) in A, from a to b."""
        return np.asarray(self.drops(emfs) / self.resistances)

    def answers(self, slopes: Floats) -> Floats:
        """Delta (S, E): the resistors' currents when currents `slopes` (S, E) are fed in beside the edges, from a to b
        outside of them, and all EMFs are shorted: (I - Omega^T) slopes."""
        return np.asarray(self._between_nodes(slopes) / self.resistances)

    def gradient_of_drops(self, emfs: Floats, slopes: Floats) -> Floats:
        """dL/dr (S, E) of a loss with slopes dL/dv (S, E) at these EMFs (S, E)."""
        return np.asarray(self.currents(emfs) * self.answers(slopes))

    def gradient_of_currents(self, emfs: Floats, slopes: Floats) -> Floats:
        """dL/dr (S, E) of a loss with slopes dL/di (S, E) at these EMFs (S, E)."""
        return np.asarray(-self.currents(emfs) * self.currents(-slopes))

    def projector(self) -> Floats:
        """Omega (E, E), full: to look at, or for small graphs."""
        return np.asarray(-self.drops(np.eye(len(self.edges))).T)

    def projector_slope(self, edge: int) -> Floats:
        """d Omega / d r of one edge (E, E)."""
        omega = self.projector()
        column = -omega[:, edge]
        column[edge] += 1.0
        return np.asarray(np.outer(column, omega[edge]) / self.resistances[edge])
