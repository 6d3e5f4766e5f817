"""The ways in which others find operating points, written as well as we can, for the benchmarks to be compared with.

PySpiceWay    one circuit kept loaded in PySpice: `alter` in commands as long as it takes, `op`, read what `print` writes
SpluNewton    Newton's method on a lattice with scipy's sparse LU: the matrix is assembled into its CSC form by index
              maps, devices are evaluated as arrays, junctions are limited as SPICE limits them, and the
              fill-reducing order is found once and kept
Neospice      the re-implementation of SPICE on PyPI (optional): numbers updated in place, `re_solve`
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from netlearn.backends.pyspice import node_names, shared, to_pyspice
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Ints, Params
from netlearn.lang.lattice import Lattice

LONGEST = 900  # characters of a command
OFF, ON = 1e12, 1e-3  # Ohm between a target and the node it clamps
THERMAL, SATURATION, GMIN = 8.617333262145e-5 * 300.15, 1e-14, 1e-12
CRITICAL = THERMAL * np.log(THERMAL / (np.sqrt(2) * SATURATION))  # V, from where SPICE limits a junction
KP, THRESHOLD = 1e-3, 0.7


def median_seconds(work: Callable[[], object], least: float = 1.0, rounds: int = 5) -> float:
    """Median time of a call, over some rounds and some time at least, after one call that is not counted."""
    work()
    spent: list[float] = []
    while len(spent) < rounds or sum(spent) < least:
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return float(np.median(spent))


# ---- PySpice: alter, op, print


class PySpiceWay:
    """A circuit whose inputs, gates (voltage sources by element path) and clamped nodes can be altered.

    `inputs`, `gates`, `targets` and `clamps` are ngspice's names in the order of the boundary's held nodes, of
    the bank of gates, and of the clamped nodes (the last two).
    """

    def __init__(
        self, circuit: FlatCircuit, params: Params, boundary: Boundary, gates: str = "", clamped: Sequence[int] = ()
    ) -> None:
        spice = to_pyspice(circuit, params, boundary)
        self.names = node_names(circuit)
        for k, node in enumerate(clamped):
            spice.V(f"target_{k}", f"target_{k}", "0", 0.0)
            spice.R(f"clamp_{k}", f"target_{k}", self.names[node], OFF)
        elements = [str(e.name).lower() for e in spice.elements]
        self.inputs = [n for n in elements if n.startswith("vheld")]
        self.gates = [n for n in elements if n.startswith("v") and n.endswith(gates)] if gates else []
        self.targets = [f"vtarget_{k}" for k in range(len(clamped))]
        self.clamps = [f"rclamp_{k}" for k in range(len(clamped))]
        self.ngspice = shared()
        self.ngspice.load_circuit(f"{spice}\n.options reltol=1e-6 vntol=1e-9\n.end")

    def alter(self, names: Sequence[str], values: Sequence[float] | Floats) -> None:
        for command in commands(names, values):
            self.ngspice.exec_command(command)

    def solve(self) -> Floats:
        """Node voltages, in the order of the circuit's nodes."""
        self.ngspice.exec_command("op")
        found = volts(self.ngspice.exec_command("print allv"))
        self.ngspice.destroy()
        return np.array([0.0, *(found[n.lower()] for n in self.names[1:])])

    def close(self) -> None:
        self.ngspice.remove_circuit()


def commands(names: Sequence[str], values: Sequence[float] | Floats) -> Iterator[str]:
    """`alter` commands joined by semicolons up to the length that ngspice takes."""
    line = ""
    for name, value in zip(names, values, strict=True):
        one = f"alter {name} = {float(value)!r}"
        if len(line) + len(one) > LONGEST:
            yield line
            line = ""
        line = f"{line}; {one}" if line else one
    if line:
        yield line


def volts(printed: str) -> dict[str, float]:
    return {k.strip(): float(v) for k, _, v in (line.partition("=") for line in printed.splitlines()) if v}


# ---- scipy: Newton with a sparse LU


class SpluNewton:
    """A lattice as the nodal equations of its free nodes.

    The order that splu finds for the pattern is applied to the nodes beforehand, so that later factorisations need
    not look for it again. `at` has the place of each device's four derivatives in the data of the CSC matrix (the
    last place takes what belongs to a held node).
    """

    def __init__(self, lattice: Lattice, keep_order: bool = True) -> None:
        self.lattice, self.keep_order = lattice, keep_order
        self.ends = lattice.edges if lattice.kind == "mosgrid" else lattice.diodes
        held, self.volts = lattice.held
        free = np.setdiff1d(np.arange(lattice.size**2), held)
        self._tables(self._ordered(free, held) if keep_order else free, held)

    def _ordered(self, free: Ints, held: Ints) -> Ints:
        self._tables(free, held)
        factor = self._factor(self._matrix(*self._devices(np.zeros(len(self.v0)))[1:]), "MMD_AT_PLUS_A")
        return np.asarray(free[np.argsort(factor.perm_c)])

    def _tables(self, free: Ints, held: Ints) -> None:
        """Unknown numbers, the constant part of the matrix, and where devices go; held nodes come last."""
        import scipy.sparse as sp

        self.free, count = len(free), self.lattice.size**2
        number = np.empty(count, dtype=np.int64)
        number[np.concatenate([free, held])] = np.arange(count)
        self.v0 = np.zeros(count)
        self.v0[self.free :] = self.volts
        self.number, self.a, self.b = number, *number[self.ends].T
        a, b = number[self.lattice.edges].T
        rows, columns = np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a])
        g = 1.0 / self.lattice.ohms if len(self.lattice.ohms) else np.zeros(len(a))
        own = g if self.lattice.kind != "mosgrid" else g + GMIN  # of each bulk junction, to ground
        values = np.concatenate([own, own, -g, -g])
        whole = sp.coo_matrix((values, (rows, columns)), shape=(count, count)).tocsr()
        self.linear = whole[: self.free]
        pattern = sp.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count)).tocsr()
        inside = pattern[: self.free, : self.free].tocsc()
        inside.sort_indices()
        self.indices, self.indptr = inside.indices, inside.indptr
        self.constant = np.zeros(inside.nnz + 1)
        np.add.at(self.constant, self._places(inside, rows, columns), values)
        a, b = self.a, self.b
        self.at = self._places(inside, np.concatenate([a, b, a, b]), np.concatenate([a, b, b, a]))

    def _places(self, inside: Any, rows: Ints, columns: Ints) -> Ints:
        """Place in the data of (row, column), the last one where either is held."""
        keys = np.repeat(np.arange(self.free), np.diff(inside.indptr)) * self.free + inside.indices
        both = (rows < self.free) & (columns < self.free)
        return np.where(both, np.searchsorted(keys, columns * self.free + rows), inside.nnz)

    def _matrix(self, ga: Floats, gb: Floats) -> Any:
        """Jacobian from the derivatives of each device's current (a to b) in its two voltages."""
        import scipy.sparse as sp

        data = self.constant + np.bincount(self.at, np.concatenate([ga, -gb, gb, -ga]), minlength=len(self.constant))
        return sp.csc_matrix((data[:-1], self.indices, self.indptr), shape=(self.free, self.free))

    def _factor(self, matrix: Any, order: str) -> Any:
        from scipy.sparse.linalg import splu

        return splu(matrix, permc_spec=order, diag_pivot_thresh=0.0, options={"SymmetricMode": True, "Equil": False})

    def _devices(self, v: Floats) -> tuple[Floats, Floats, Floats]:
        """Current from a to b and its derivatives in the voltages of a and b."""
        if self.lattice.kind == "mosgrid":
            over = self.lattice.gates - THRESHOLD
            source, drain = np.maximum(over - v[self.b], 0.0), np.maximum(over - v[self.a], 0.0)
            return 0.5 * KP * (source**2 - drain**2), KP * drain, -KP * source
        drop = v[self.a] - v[self.b]
        grown = SATURATION * np.exp(np.minimum(drop / THERMAL, 80.0))
        g = grown / THERMAL + GMIN
        return grown - SATURATION + GMIN * drop, g, -g

    def _limited(self, v: Floats, step: Floats) -> Floats:
        """The whole step shortened until no junction gains more than SPICE would let it."""
        if self.lattice.kind == "mosgrid" or not len(self.a):
            return step
        old = v[self.a] - v[self.b]
        change = step[self.a] - step[self.b]
        new = old + change
        far = (new > CRITICAL) & (change > 2 * THERMAL)
        if not far.any():
            return step
        allowed = np.where(old > 0, THERMAL * np.log1p(np.maximum(change, 0.0) / THERMAL), CRITICAL - old)
        return np.asarray(step * min(1.0, float((allowed[far] / change[far]).min())))

    def factor_bytes(self) -> int:
        """What both triangles of the factor take: a number and an index each."""
        factor = self._factor(self._matrix(*self._devices(np.zeros(len(self.v0)))[1:]), "NATURAL")
        return int(12 * (factor.L.nnz + factor.U.nnz))

    def solve(self, tolerance: float = 1e-9) -> tuple[Floats, int]:
        """Node voltages by row and column, from a cold start (all devices at 0 V), and the steps it took."""
        v = self.v0.copy()
        ga, gb = self._devices(np.zeros(len(v)))[1:]
        current = ga * v[self.a] + gb * v[self.b]
        for steps in range(1, 101):
            flow = self.linear @ v + self._scattered(current)
            full = np.zeros(len(v))
            factor = self._factor(self._matrix(ga, gb), "NATURAL" if self.keep_order else "MMD_AT_PLUS_A")
            full[: self.free] = factor.solve(-flow)
            step = full if steps == 1 else self._limited(v, full)
            v = v + step
            current, ga, gb = self._devices(v)
            if steps > 1 and np.abs(full).max() < tolerance:
                return v[self.number], steps
        raise RuntimeError("the lattice did not settle")

    def _scattered(self, current: Floats) -> Floats:
        out = np.bincount(self.a, current, minlength=len(self.v0)) - np.bincount(
            self.b, current, minlength=len(self.v0)
        )
        return np.asarray(out[: self.free])


# ---- neospice


class Neospice:
    """A SPICE deck in neospice; None from `make` where it is not installed."""

    def __init__(self, module: Any, deck: str, outputs: Sequence[str]) -> None:
        self.simulator = module.Simulator()
        self.circuit = self.simulator.parse(deck)
        self.outputs = outputs

    @staticmethod
    def make(deck: str, outputs: Sequence[str]) -> Neospice | None:
        try:
            import neospice
        except ImportError:
            return None
        return Neospice(neospice, deck, outputs)

    def update(self, names: Sequence[str], values: Floats) -> None:
        for name, value in zip(names, values.tolist(), strict=True):
            self.circuit.update_param(name, value)

    def first(self) -> Floats:
        return self._read(self.simulator.run_dc(self.circuit))

    def again(self) -> Floats:
        return self._read(self.simulator.re_solve(self.circuit))

    def _read(self, found: Any) -> Floats:
        return np.array([found.voltage(name) for name in self.outputs])
