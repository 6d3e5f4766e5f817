"""Designs for the tests of schematics: twins in arrays, shipped machines, random circuits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from exported import design_of, random_design

from netlearn.export.design import Design
from netlearn.lang.compile import compile_file, compile_netlist

ROOT = Path(__file__).parents[2]
TWINS = """netlearn 0.1
module Edge(a, b, g) {
  NMOS m(d = a, g = g, s = b, b = gnd) { model = ald1106 } match pair
  NMOS n(d = b, g = g, s = a, b = gnd) { model = ald1106 } match pair
  R r(a, b) = 1MOhm ~ 5%
}
circuit Twins {
  net g, n[4]
  Edge e[0](n[0], n[1], g)
  Edge e[1](n[1], n[2], g)
  Edge e[2](n[2], n[3], g)
  NMOS tiny(d = n[2], g = g, s = gnd, b = gnd) { w = 2um, l = 1um }
  D clamp(n[1], gnd) { model = d1n4148 }
  C load(n[3], gnd) = 100nF
  R pull(n[3], gnd) = 47k
  V gate(g, gnd) = pulse(3V, 5V, delay = 1us, rise = 1ns, fall = 1ns, width = 1ms, period = 2ms)
  input x = V(n[0])
  output y = V(n[3])
}
"""


def twins(draw: int | None = None) -> Design:
    return design_of(compile_netlist(TWINS), inputs=[-1 / 3], draw=draw)


def shipped(name: str) -> Callable[[], Design]:
    return lambda: design_of(compile_file(ROOT / "netlists" / name))


DESIGNS = {
    "twins": twins,
    "twins, drawn": lambda: twins(3),
    "divider": shipped("divider.nl"),
    "allostery": shipped("allostery.nl"),
    "regression": shipped("regression.nl"),
    "gen1": shipped("machine/gen1.nl"),
    **{f"random {seed}": partial(random_design, seed) for seed in (3, 14, 15)},
}
