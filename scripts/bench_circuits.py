"""The circuits that the benchmarks solve and train, made the same each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Floats, Params, flatten, initial
from netlearn.lang.compile import compile_netlist

RATE, SAMPLES = 0.3, 16
GATES = {"V": "V hold(g, gnd) = vg", "C": "C hold(g, gnd) = 22uF, ic = vg"}


def lattice(rows: int, columns: int, edges: int) -> list[tuple[int, int]]:
    """A connected square lattice, diluted to some edges."""
    node = np.arange(rows * columns).reshape(rows, columns)
    every = [*zip(node[:, :-1].flat, node[:, 1:].flat, strict=True), *zip(node[:-1].flat, node[1:].flat, strict=True)]
    pairs = [(int(a), int(b)) for a, b in np.random.default_rng(0).permutation(every)]
    while len(pairs) > edges:
        k = next(k for k in range(len(pairs)) if connected(pairs[:k] + pairs[k + 1 :], rows * columns))
        del pairs[k]
    return sorted(pairs)


def connected(pairs: list[tuple[int, int]], nodes: int) -> bool:
    label = list(range(nodes))
    for a, b in pairs:
        old, new = label[a], label[b]
        label = [new if found == old else found for found in label]
    return len(set(label)) == 1


def transistors(rows: int, columns: int, edges: int, gate: str) -> str:
    """A network of level-1 NMOS on a diluted lattice, and a task: four held inputs, one output, rule `hardware`."""
    nodes = rows * columns
    corners = [0, columns - 1, nodes - columns, nodes - 1]
    inputs = np.random.default_rng(1).uniform(0, 0.45, (SAMPLES, 4))
    return f"""netlearn 0.1
module Edge(a, b) {{
  net g
  state vg = learn(uniform(2V, 3V), 0.8V..6V)
  {GATES[gate]}
  NMOS m(d = a, g = g, s = b, b = gnd) {{ model = ald1106 }}
}}
circuit Network {{
  net n[{nodes}]
  mesh e = graph([{", ".join(f"{a}--{b}" for a, b in lattice(rows, columns, edges))}]) on n of Edge
  input x[0..3] = {", ".join(f"V(n[{c}])" for c in corners)}
  output y = V(n[{nodes // 2 + 2}])
}}
task halves on Network {{
  data x: [{", ".join(listed(row) for row in inputs)}] -> y: {listed(0.5 * inputs.mean(axis=1) + 0.05)}
  rule hardware(eta = 1, rate = {RATE})
  stop steps > 1
}}
"""


def listed(numbers: Sequence[float] | Floats) -> str:
    return f"[{', '.join(f'{v:.6f}V' for v in numbers)}]"


def diodes(nodes: int = 16, edges: int = 31) -> str:
    """A random network, every edge a resistor beside two diodes back to back; four held inputs."""
    ohms = np.random.default_rng(2).uniform(1e3, 1e4, edges)
    held = [k * (nodes - 1) // 3 for k in range(4)]
    return f"""netlearn 0.1
module Pair(a, b) {{
  D up(a, b) {{ is = 1e-12 }}
  D down(b, a) {{ is = 1e-12 }}
}}
circuit Diodes {{
  net n[{nodes}]
  mesh r = random({nodes}, {edges}, seed = 1) on n of R = [{", ".join(f"{v:.3f}" for v in ohms)}]
  mesh d = random({nodes}, {edges}, seed = 1) on n of Pair
  input x[0..3] = {", ".join(f"V(n[{k}])" for k in held)}
}}
"""


def twins(samples: int = 256) -> str:
    """The 32 twin transistor edges of netlists/regression.nl with a task of many samples."""
    x = np.linspace(0.0, 0.45, samples)
    y = np.minimum(0.1088 + 0.62 * x, 0.3041)
    order = np.random.default_rng(3).permutation(samples)
    return f"""netlearn 0.1
import "std/edge.nl"
circuit Torus {{
  net n[4][4]: twin
  mesh e = grid(4, 4, periodic = true) on n of MosEdge
  V low_f(n[1][1].free, gnd) = 0V
  V low_c(n[1][1].clamped, gnd) = 0V
  V high_f(n[1][3].free, gnd) = 0.45V
  V high_c(n[1][3].clamped, gnd) = 0.45V
  input x = V(n[3][3])
  output y = V(n[2][2])
}}
task plateau on Torus {{
  data x: {listed(x[order])} -> y: {listed(y[order])}
  rule hardware(eta = 1, rate = 0.1)
  stop steps > 1
}}
"""


def shape(text: str) -> FlatCircuit:
    return flatten(compile_netlist(text).circuit)


# ---- a deep resistive network: pixels and their negatives, a hidden layer with diodes, outputs


@dataclass(frozen=True)
class Layered:
    """Conductances (S) of both layers, (2 pixels, hidden) and (hidden, outputs); `gain` V for a full pixel."""

    first: Floats
    second: Floats
    gain: float = 100.0

    def netlist(self) -> str:
        """Its shape; the resistances come by `params`."""
        pixels, hidden = self.first.shape
        outputs = self.second.shape[1]
        return f"""netlearn 0.1
circuit Drn {{
  net x[{pixels}], h[{hidden}], o[{outputs}]
  mesh w = dense({pixels}, {hidden}) on x, h of R = 10k
  mesh u = dense({hidden}, {outputs}) on h, o of R = 10k
  for k in 0..{hidden - 1} {{
    if k % 2 == 0 {{
      D d[k](h[k], gnd) {{ is = 1e-14 }}
    }} else {{
      D d[k](gnd, h[k]) {{ is = 1e-14 }}
    }}
  }}
  input v[0..{pixels - 1}] = V(x)
  output y[0..{outputs - 1}] = V(o)
}}
"""

    def params(self, circuit: FlatCircuit) -> Params:
        params = initial(circuit)
        params.values["R"]["r"][0] = 1.0 / np.concatenate([self.first.ravel(), self.second.ravel()])
        return params

    def inputs(self, samples: int) -> Floats:
        """Random images, (samples, 2 pixels)."""
        x = self.gain * np.random.default_rng(5).uniform(0, 1, (samples, len(self.first) // 2))
        return np.concatenate([x, -x], axis=1)

    def deck(self, inputs: Floats) -> str:
        """The same for a SPICE."""
        lines = ["drn", *(f"V{k} x{k} 0 {v!r}" for k, v in enumerate(inputs.tolist()))]
        for name, a, b, g in (("w", "x", "h", self.first), ("u", "h", "o", self.second)):
            for (i, j), s in np.ndenumerate(g):
                lines.append(f"R{name}{i}_{j} {a}{i} {b}{j} {1.0 / float(s)!r}")
        for k in range(self.first.shape[1]):
            lines.append(f"D{k} h{k} 0 dio" if k % 2 == 0 else f"D{k} 0 h{k} dio")
        return "\n".join([*lines, ".model dio d(is=1e-14)", ".op", ".end", ""])


def layered(pixels: int = 784, hidden: int = 100, outputs: int = 10) -> Layered:
    rng = np.random.default_rng(4)
    return Layered(rng.uniform(1e-6, 1e-5, (2 * pixels, hidden)), rng.uniform(1e-6, 1e-5, (hidden, outputs)))
