"""Square lattices to measure solvers on, as netlists: the public benchmark circuits of one random stream.

    rgrid   every edge a resistor of 1k..10k; the left column at 1 V, the right one at 0 V
    rdgrid  the same, a diode (IS = 1e-14 A) beside a quarter of the edges, and the top left corner at 2 V
    mosgrid every edge a level-1 NMOS (VTO = 0.7 V, KP = 1 mA/V^2) with a gate of its own at 2..4 V;
            the left column at 0.45 V, the right one at 0 V

The stream is numpy's `default_rng(seed)`, and the edges come row by row: from each node to the right, then down
(the order of the language's `grid`). An edge draws its resistance, or its gate voltage, evenly; in rdgrid it then
draws whether it has a diode (below 1/4) and, if so, whether that points up or left (below 1/2). With seed 0 the
centre node [size/2][size/2] comes to the values published with these circuits: 0.458021 V (rgrid, 32), 0.486316 and
0.500622 V (rdgrid, 16 and 32), 0.168700 and 0.198358 V (mosgrid, 8 and 16). The way the diodes point is our guess: few
of them conduct, and turning all of them round moves those voltages by less than 1e-10 V.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from netlearn.circuit.flat import Floats, Ints
from netlearn.errors import CircuitError
from netlearn.lang.meshes import grid_pairs

LARGEST = 400  # rows: the text stays within what the language reads
IN_LINE = 8  # numbers in a line


@dataclass(frozen=True)
class Lattice:
    """A drawn lattice: edges (E, 2) as node numbers, row * size + column; resistances (E,) in Ohm of rgrid and
    rdgrid, diodes (N, 2) as anode and cathode, gates (E,) in V of mosgrid; what holds the columns, in V."""

    kind: str
    size: int
    seed: int
    edges: Ints
    ohms: Floats
    diodes: Ints
    gates: Floats
    left: float
    corner: float

    @property
    def held(self) -> tuple[Ints, Floats]:
        """The held nodes, the left column first, and their voltages."""
        rows = self.size * np.arange(self.size)
        volts = np.repeat([self.left, 0.0], self.size)
        volts[0] = self.corner
        return np.concatenate([rows, rows + self.size - 1]), volts

    @property
    def centre(self) -> int:
        """The number of the node whose voltage is known."""
        return self.size // 2 * (self.size + 1)


def draw(kind: str, size: int, seed: int) -> Lattice:
    """The lattice of a seed; CircuitError where there is none."""
    if kind not in KINDS:
        raise CircuitError(f"there is no lattice '{kind}'", f"known: {', '.join(KINDS)}")
    if not 2 <= size <= LARGEST:
        raise CircuitError(f"a lattice of {size} rows", f"give a size of 2 to {LARGEST}")
    if seed < 0:
        raise CircuitError(f"seed {seed}", "a seed is not negative")
    edges = np.array(list(grid_pairs(size, size, periodic=False)), dtype=np.int64)
    return KINDS[kind](size, seed, edges)


def _rgrid(size: int, seed: int, edges: Ints) -> Lattice:
    ohms = np.random.default_rng(seed).uniform(1e3, 1e4, len(edges))
    return Lattice("rgrid", size, seed, edges, ohms, edges[:0], np.zeros(0), 1.0, 1.0)


def _rdgrid(size: int, seed: int, edges: Ints) -> Lattice:
    rng = np.random.default_rng(seed)
    ohms, diodes = np.zeros(len(edges)), []
    for k, (a, b) in enumerate(edges.tolist()):
        ohms[k] = rng.uniform(1e3, 1e4)
        if rng.random() < 0.25:
            diodes.append((b, a) if rng.random() < 0.5 else (a, b))
    return Lattice("rdgrid", size, seed, edges, ohms, np.array(diodes).reshape(-1, 2), np.zeros(0), 1.0, 2.0)


def _mosgrid(size: int, seed: int, edges: Ints) -> Lattice:
    gates = np.random.default_rng(seed).uniform(2.0, 4.0, len(edges))
    return Lattice("mosgrid", size, seed, edges, np.zeros(0), edges[:0], gates, 0.45, 0.45)


KINDS: dict[str, Callable[[int, int, Ints], Lattice]] = {"rgrid": _rgrid, "rdgrid": _rdgrid, "mosgrid": _mosgrid}


def netlist(lattice: Lattice) -> str:
    """The lattice in the netlist language: nodes n[row][column], mesh e of its edges, held nodes as inputs, the
    centre as output, and a task with the one sample of the voltages above."""
    name, size = lattice.kind.capitalize(), lattice.size
    mos = lattice.kind == "mosgrid"
    return f"""netlearn 0.1
# netlearn lattice {lattice.kind} --size {size} --seed {lattice.seed}
{_MOS_EDGE if mos else ""}
circuit {name} {{
  net n[{size}][{size}]
{_mos_mesh(lattice) if mos else _resistor_mesh(lattice)}
  for row in 0..{size - 1} {{
    input left[row]  = V(n[row][0])
    input right[row] = V(n[row][{size - 1}])
  }}
  output centre = V(n[{size // 2}][{size // 2}])
}}

# Nothing here learns: the label stands in for the voltage that a solver finds.
task point on {name} {{
  data {_gate_data(lattice) if mos else ""}left[0]: {lattice.corner}V, left[1..{size - 1}]: {lattice.left}V, right: 0V -> centre: 0V
}}
"""


_MOS_EDGE = """
model edge = NMOS { vto = 0.7V, kp = 1mA/V^2 }

module Edge(a, b, g) {
  NMOS m(d = a, g = g, s = b, b = gnd) { model = edge }
}
"""


def _mos_mesh(lattice: Lattice) -> str:
    count, size = len(lattice.edges), lattice.size
    return f"""  net g[{count}]
  mesh e = grid({size}, {size}) on n of Edge(g = g)
  input gate[0..{count - 1}] = V(g)"""


def _resistor_mesh(lattice: Lattice) -> str:
    mesh = f"""  let ohms = [{_wrapped(map(repr, lattice.ohms.tolist()))}]
  mesh e = grid({lattice.size}, {lattice.size}) on n of R = ohms"""
    if not len(lattice.diodes):
        return mesh
    pairs = _wrapped(f"{anode}--{cathode}" for anode, cathode in lattice.diodes.tolist())
    return f"{mesh}\n  mesh d = graph([{pairs}]) on n of D {{ is = 1e-14 }}"


def _gate_data(lattice: Lattice) -> str:
    return f"gate: [[{_wrapped(map(repr, lattice.gates.tolist()))}]], "


def _wrapped(words: Iterable[str]) -> str:
    """Words with commas, some in a line."""
    every = list(words)
    rows = (", ".join(every[k : k + IN_LINE]) for k in range(0, len(every), IN_LINE))
    return ",\n    ".join(rows)
