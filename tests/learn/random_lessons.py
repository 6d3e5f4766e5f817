"""Random small circuits that learn, with random tasks, from a seed: netlist texts."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np

RATES = {
    ("coupled", "G"): "rate = 3e-4",
    ("hardware", "G"): "rate = 1e-3",
    ("hardware", "R"): "rate = 300",
    ("hardware", "log"): "rate = 0.1",
    ("sign", "G"): "delta = 10uS, dead = 1uV",
    ("sign", "R"): "delta = 10Ohm, dead = 1uV",
    ("sign", "log"): "delta = 0.01, dead = 1uV",
}
"""A gentle step of each rule for values that are all conductances, resistances or logarithmic."""
LEARNS = {
    "G": "learn(uniform(0.5mS, 2mS), 0.1mS..10mS)",
    "G grid": "learn(uniform(0.5mS, 2mS), 0.1mS..10mS, step = 1uS)",
    "G log": "learn(uniform(0.5mS, 2mS), 0.1mS..10mS, law = log)",
    "R": "learn(uniform(0.5k, 2k), 100Ohm..10k)",
    "R grid": "learn(uniform(0.5k, 2k), 100Ohm..10k, step = 1Ohm)",
    "R log": "learn(uniform(0.5k, 2k), 100Ohm..10k, law = log)",
    "gate": "learn(uniform(1.5V, 2.5V), 1V..4V)",
    "gate grid": "learn(uniform(1.5V, 2.5V), 1V..4V, step = 0.1mV)",
    "gate log": "learn(uniform(1.5V, 2.5V), 1V..4V, law = log)",
}
FROZEN = {"G": "uniform(0.5mS, 2mS)", "R": "uniform(0.5k, 2k)", "gate": "uniform(1.5V, 2.5V)"}
KINDS = {
    ("coupled", "G"): ["G", "G grid", "R", "R grid"],
    ("hardware", "G"): ["G", "G grid", "gate"],
    ("hardware", "R"): ["R", "R grid"],
    ("hardware", "log"): ["G log", "R log", "gate log", "gate"],
    ("sign", "G"): ["G", "G grid"],
    ("sign", "R"): ["R", "R grid"],
    ("sign", "log"): ["G log", "R log", "gate log", "gate", "gate grid"],
}
FET = "{ vto = 0.7V, kp = 0.85mA/V^2, gamma = 0.4, phi = 0.9V, lambda = 0.02, w = 10um, l = 10um }"


@dataclass
class Sketch:
    """A circuit that is being drawn: its lines so far."""

    rng: np.random.Generator
    family: tuple[str, str]
    nodes: int
    twin: bool
    lines: list[str] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0

    def maybe(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def any_of(self, things: list[str]) -> str:
        return things[int(self.rng.integers(len(things)))]

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def halves(self) -> list[str]:
        """Where an element lies: in the net itself, in both halves, or now and then in only one."""
        if not self.twin:
            return [""]
        both = [".free", ".clamped"]
        return [both[int(self.rng.integers(2))]] if self.maybe(0.1) else both

    def place(self, node: int, half: str) -> str:
        return "gnd" if node < 0 else f"n[{node}]{half}"

    def state(self) -> tuple[str, str]:
        """The value and kind of a state: one that is there, a new one, or now and then a number that does not learn."""
        if self.states and self.maybe(0.2):
            return self.states[int(self.rng.integers(len(self.states)))]
        kind = self.any_of(KINDS[self.family])
        base, name = kind.split()[0], self.name("s")
        value = name
        if self.states and self.maybe(0.12):
            value = FROZEN[base]
        else:
            self.lines.append(f"state {name} = {LEARNS[kind]}")
        if base == "gate":
            value = self.gate(name, value)
        found = value, base
        if value not in FROZEN.values():
            self.states.append(found)
        return found

    def gate(self, name: str, value: str) -> str:
        """A net that holds a value."""
        hold = f"C hold_{name}(g_{name}, gnd) = 22uF, ic = {value}"
        if self.maybe(0.5):
            hold = f"V hold_{name}(g_{name}, gnd) = {value}"
        self.lines += [f"net g_{name}", hold]
        return f"g_{name}"

    def edge(self, a: int, b: int) -> None:
        if self.maybe(0.65):
            return self.learning(a, b)
        kind = self.any_of(["R", "R", "D", "C", "G"])
        value = {"R": f" = {self.rng.uniform(0.5, 5):.3f}k", "C": " = 1nF", "D": "", "G": " = 0.2mS"}[kind]
        for half in self.halves():
            self.lines.append(f"{kind} {self.name('x')}({self.place(a, half)}, {self.place(b, half)}){value}")
        return None

    def learning(self, a: int, b: int) -> None:
        state, kind = self.state()
        for half in self.halves():
            ends = self.place(a, half), self.place(b, half)
            if kind == "gate":
                pins = f"d = {ends[0]}, g = {state}, s = {ends[1]}, b = gnd"
                self.lines.append(f"NMOS {self.name('m')}({pins}) {FET}")
            else:
                self.lines.append(f"{kind} {self.name('e')}({ends[0]}, {ends[1]}) = {state}")

    def beside(self) -> None:
        """What touches both halves of a twin, and a learning edge that lies in neither."""
        if self.maybe(0.2):
            self.lines.append("R bridge(n[1].free, n[1].clamped) = 10k")
        if self.maybe(0.3):
            kind = self.any_of([k for k in KINDS[self.family] if not k.startswith("gate")])
            self.lines.append(f"{kind[0]} beside(p, gnd) = {LEARNS[kind]}")
            half = self.any_of(["free", "clamped"])
            self.lines += ["R qp(q, p) = 1k", "R qg(q, gnd) = 1k", f"R rp(p, n[{self.nodes - 1}].{half}) = 1k"]

    def amplifier(self, a: int, b: int) -> None:
        """A follower of one node that reaches another one through a resistor."""
        out = self.name("o")
        opamp = self.maybe(0.5)
        for half in [".free", ".clamped"] if self.twin else [""]:
            net = out + half.replace(".", "_")
            seen, to = self.place(a, half), self.place(b, half)
            line = f"OpAmp {self.name('u')}({seen}, {net}, {net}, gnd)"
            if not opamp:
                line = f"VCVS {self.name('u')}({net}, gnd, {seen}, gnd) = 0.5"
            self.lines += [f"net {net}", line, f"R {self.name('x')}({net}, {to}) = 2k"]


def random_lesson(seed: int) -> str:
    """The netlist of a circuit and its task."""
    rng = np.random.default_rng([7, seed])
    family = list(RATES)[int(rng.integers(len(RATES)))]
    nodes = int(rng.integers(4, 9))
    s = Sketch(rng, family, nodes, bool(rng.random() < 0.4))
    s.learning(0, 1)
    for k in range(1, nodes):
        s.edge(k, int(rng.integers(0, k)))
    for _ in range(int(rng.integers(1, 6))):
        a, b = (int(v) for v in rng.integers(-1, nodes, 2))
        if a != b:
            s.edge(a, b)
    for _ in range(int(rng.integers(0, 2))):
        s.amplifier(*(int(v) for v in rng.choice(nodes, 2, replace=False)))
    for k in range(nodes):
        for half in [".free", ".clamped"] if s.twin else [""]:
            s.lines.append(f"R {s.name('leak')}({s.place(k, half)}, gnd) = 100k")
    if s.twin:
        s.beside()
    inputs, data = _inputs(s)
    outputs, labels, loss = _outputs(s, len(inputs))
    ports = [f"input x{k} = {p}" for k, p in enumerate(inputs)] + [f"output y{k} = {p}" for k, p in enumerate(outputs)]
    body = "\n  ".join([f"net n[{nodes}]{': twin' if s.twin else ''}", "net p, q" if s.twin else "", *s.lines, *ports])
    columns = ", ".join(f"x{k}: {v}" for k, v in enumerate(data))
    wanted = ", ".join(f"y{k}: {v}" for k, v in enumerate(labels))
    eta = s.any_of(["1", "0.5", "0.1"])
    return f"""bundle twin {{ free, clamped }}
circuit Net {{
  {body}
}}
task t on Net {{
  data {columns} -> {wanted}
  rule {family[0]}(eta = {eta}, {RATES[family]})
  loss {loss}
}}
"""


def _inputs(s: Sketch) -> tuple[list[str], list[str]]:
    """Ports of the first nodes, and a column of three samples for each."""
    count = int(s.rng.integers(1, 4 if s.nodes > 4 else 3))
    ports, data = [], []
    for k in range(count):
        current = k > 0 and s.maybe(0.3)
        ports.append(f"{'I' if current else 'V'}(n[{k}])")
        numbers = s.rng.uniform(-0.2, 0.2, 3) if current else s.rng.uniform(0, 0.8, 3)
        data.append("[" + ", ".join(f"{v:.4f}{'mA' if current else 'V'}" for v in numbers) + "]")
    return ports, data


def _outputs(s: Sketch, first: int) -> tuple[list[str], list[str], str]:
    """Ports at nodes that no input drives, columns of labels, and a loss."""
    left = [int(k) for k in s.rng.permutation(np.arange(first, s.nodes))]
    ports: list[str] = []
    for _ in range(int(s.rng.integers(1, 4))):
        if left and s.maybe(0.1):
            ports.append(f"V(n[{left.pop()}]) - V(n[{'01'[first > 1]}])")
        elif len(left) > 1 and s.maybe(0.3):
            ports.append(f"V(n[{left.pop()}]) - V(n[{left.pop()}])")
        elif left:
            ports.append(f"V(n[{left.pop()}])")
    loss = s.any_of(["square", "square", "nearest", "hinge(margin = 20mV, delta = 40mV)"])
    labels = ["[" + ", ".join(f"{v:.4f}V" for v in s.rng.uniform(0.0, 0.4, 3)) + "]" for _ in ports]
    return ports, labels, loss


EXAMPLES = int(os.environ.get("NETLEARN_LESSONS", "60"))
