"""Designs for the tests of exports: random netlists with a hierarchy, and those of the gallery."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from netlearn.export.copy import designed, learned, made
from netlearn.export.design import Design
from netlearn.lang.compile import Netlist, compile_file, compile_netlist

ROOT = Path(__file__).parents[2]
ELEMENTS = (
    "R {n}({a}, {b}) = {r}",
    "R {n}({a}, {b}) = learn({r}, 100..100k)",
    "G {n}({a}, {b}) = {g}",
    "C {n}({a}, {b}) = 1nF",
    "D {n}({a}, {b}) {{ model = d1n4148 }}",
    "NMOS {n}({a}, {b}, {c}, gnd) {{ model = ald1106 }}",
    "NMOS {n}({a}, {b}, {c}, gnd) {{ vto = {v}, kp = 1mA/V^2, w = 10um, l = 10um }}",
    "PMOS {n}({a}, {b}, {c}, {c}) {{ model = ald1107 }}",
    "NEKV {n}({a}, {b}, {c}, gnd) {{ vto = {v}, kp = 100uA/V^2 }}",
    "VCCS {n}({a}, {b}, {c}, {d}) = {g}",
    "I {n}({a}, {b}) = 2uA",
    "Switch {n}({a}, {b}, {c}, gnd) {{ threshold = {v}, width = 0.2V, ron = 1k, roff = 1M }}",
)
"""Two of their nets are joined by a resistor in any case, so that every node has a path."""


def netlist_text(seed: int) -> str:
    """A circuit of 4 to 9 nodes with two kinds of cells, one of them in the other, each used several times."""
    rng = random.Random(seed)

    def element(name: str, nets: list[str]) -> str:
        a, b, c, d = (rng.choice([*nets, "gnd"]) for _ in range(4))
        while b == a:
            b = rng.choice([*nets, "gnd"])
        numbers = {
            "r": f"{rng.uniform(1, 20):.3f}k",
            "g": f"{rng.uniform(10, 500):.2f}uS",
            "v": f"{rng.uniform(0.2, 1):.3f}V",
        }
        return rng.choice(ELEMENTS).format(n=name, a=a, b=b, c=c, d=d, **numbers)

    def body(nets: list[str], count: int) -> list[str]:
        return [f"  {element(f'e{k}', nets)}" for k in range(count)]

    nets = [f"n[{k}]" for k in range(rng.randint(4, 9))]
    inner = [f"  {line.strip()}" for line in body(["p", "q", "m"], rng.randint(2, 4))]
    lines = [
        "netlearn 0.1",
        "module Inner(p, q; r = 5k) {",
        "  net m",
        "  R r0(p, m) = r",
        "  R r1(m, q) = r",
        *inner,
        "}",
        "module Outer(p, q) {",
        "  net In, in_",
        "  Inner i1(p, In)",
        "  Inner i2(In, in_) { r = 7k }",
        "  R out(in_, q) = 3k",
        *body(["p", "q", "In"], rng.randint(1, 3)),
        "}",
        f"circuit Random{seed} {{",
        f"  net n[{len(nets)}]",
        *(f"  R tie{k}({net}, {nets[k - 1] if k else 'gnd'}) = 10k" for k, net in enumerate(nets)),
        *(
            f"  {rng.choice(['Inner', 'Outer'])} x{k}({', '.join(rng.sample(nets, 2))})"
            for k in range(rng.randint(2, 4))
        ),
        *body(nets[1:], rng.randint(2, 6)),
        f"  V supply({nets[-1]}, gnd) = {rng.uniform(1, 3):.3f}V",
        f"  input x = V({nets[0]})",
        f"  output y = V({nets[1]}, {nets[2]})",
        "}",
    ]
    return "\n".join(lines) + "\n"


def random_design(seed: int) -> Design:
    """One of them, driven at random."""
    return design_of(compile_netlist(netlist_text(seed)), inputs=[0.1 * (seed % 20)], seed=seed)


def design_of(
    netlist: Netlist,
    circuit: str | None = None,
    inputs: list[float] | None = None,
    seed: int = 0,
    draw: int | None = None,
) -> Design:
    """A circuit of a netlist as it starts, or as chip `draw` is made, driven as asked or by the first sample of its task."""
    chosen = netlist.circuit if circuit is None else netlist.circuits[circuit]
    task = next((t for t in netlist.tasks.values() if t.circuit == chosen.name), None)
    shape, params = learned(chosen, seed, {})
    if draw is not None:
        params = made(netlist, shape, params, draw, None)
    values = task.inputs[0] if inputs is None and task is not None else inputs or [0.0] * len(chosen.inputs)
    return designed(chosen, shape, params, np.array(values, dtype=float), chosen.name)


def gallery() -> list[str]:
    """Every shipped netlist with a circuit, but for those of process kits, by its path in the project."""
    files = sorted(p for p in (ROOT / "netlists").rglob("*.nl") if "kits" not in p.parts)
    return [str(p.relative_to(ROOT)) for p in files if "circuit " in p.read_text()]


def gallery_design(path: str, circuit: str | None = None, draw: int | None = None) -> Design:
    """The design of a shipped netlist."""
    return design_of(compile_file(ROOT / path), circuit, draw=draw)
