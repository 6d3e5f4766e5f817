"""Lines of chips for the tests of what spreads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from netlearn.backends.native import Native
from netlearn.circuit.flat import initial
from netlearn.factory.numbers import Works
from netlearn.factory.order import Asked, Order, make_order
from netlearn.lang.compile import compile_netlist
from netlearn.lang.conditions import condition

ROOT = Path(__file__).resolve().parents[2]

DIVIDER = """circuit Divider {
  net a, out
  R up(a, out) = 10k
  R down(out, gnd) = learn(20k, 1k..100k)
  G load(out, gnd) = 50uS
  input x = V(a)
  output y = V(out)
}
task t on Divider {
  data x: [0.3V, 0.6V] -> y: [0.1V, 0.2V]
  rule coupled(rate = 1e-9)
}
mismatch m on Divider {
  MISMATCH
}"""
"""up and down spread; out is x G_up / (G_up + G_down + G_load)."""

SOFT = """circuit Soft {
  net a, b, gate, out
  R up(a, b) = 10k
  NMOS m(b, gate, out, gnd) { vto = 0.5V, kp = 1mA/V^2, w = 10um, l = 10um }
  V vdd(gate, gnd) = 1.5V
  R down(out, gnd) = learn(20k, 1k..100k)
  input x = V(a)
  output y = V(out)
}
task t on Soft {
  data x: [0.3V, 0.6V] -> y: [0.2V, 0.4V]
  rule coupled(rate = 1e-9)
}
mismatch m on Soft {
  MISMATCH
}"""
"""A transistor between two resistors."""

CELLS = """module Edge(a, b; rmax = 100k, off = 5mV) {
  state k = learn(64, 1..127)
  net m
  R r(a, m) = rmax * k / 128 ~ 1%
  V v(m, b) = off
}
circuit Cells {
  net a, b
  Edge e[0](a, b) ~ rmax 5% ~ off 2mV
  Edge e[1](b, gnd) { rmax = 50k } ~ rmax 5%
  input x = V(a)
  output y = V(b)
}
task t on Cells {
  data x: [0.3V, 0.6V] -> y: [0.1V, 0.2V]
  rule sign(delta = 1)
}
mismatch m on Cells {
  MISMATCH
}"""
"""Parameters of modules spread, and what stands in formulas with a learnable count."""


def order(text: str, mismatch: str, spec: str = "error < 10mV", **asked: object) -> Order:
    """An order with chips programmed with their starting values."""
    netlist = compile_netlist(text.replace("MISMATCH", mismatch))
    found = make_order(netlist, Asked(**{"steps": 1, "draws": 64, **asked}), [condition(spec, "--spec")])  # type: ignore[arg-type]
    return programmed(found)


def shipped(*changes: tuple[str, str]) -> Order:
    """The regression of netlists/factory, with some of its text changed."""
    path = ROOT / "netlists" / "factory" / "regression.nl"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    netlist = compile_netlist(text, str(path), path.parent, ())
    return programmed(make_order(netlist, Asked(steps=16, draws=64), [condition("error < 10mV", "--spec")]))


def programmed(found: Order) -> Order:
    """With their starting values instead of learned ones."""
    line = found.line
    return replace(found, line=replace(line, trained=initial(line.circuit, line.seed).states))


def works(found: Order, threads: int = 1) -> Works:
    line = next(found.pieces())[1]
    return Works(line, Native(line.circuit, threads=threads))
