"""Small netlists of which chips are made, and lines of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from netlearn.factory.line import Line
from netlearn.factory.order import Asked, Order, ideal, make_order
from netlearn.lang.compile import compile_netlist

DIVIDER = """circuit Divider {
  net a, b
  R r1(a, b) = learn(10k, 1k..100k) ~ 1%
  R r2(b, gnd) = 10k ~ 2% lot 10%
  input x = V(a)
  output y = V(b)
}
task third on Divider {
  data x: [100mV, 200mV, 400mV] -> y: [30mV, 60mV, 120mV]
  rule coupled(eta = 0.5, rate = 2e-3)
  stop error < 1uV or steps > 600
}
mismatch line on Divider {
  seed 3
  samples 12
  yield error < 2mV
}
"""
TRANSISTORS = """import "std/edge.nl"
circuit Net {
  net a: twin, b: twin, c: twin
  mesh e = graph([0--2, 1--2, 0--1]) on [a, b, c] of MosEdge match pair
  V hf(b.free, gnd) = 0.4V
  V hc(b.clamped, gnd) = 0.4V
  R lf(c.free, gnd) = 20k
  R lc(c.clamped, gnd) = 20k
  input x = V(a)
  output y = V(c)
}
task t on Net {
  data x: [50mV, 150mV, 250mV, 350mV] -> y: [150mV, 180mV, 210mV, 240mV]
  rule integrator(r = 1k, c = 2.2uF, v0 = 0.33V, eta = 1, pulse = 1ms)
  imperfection multiplier(amplifier = 0.5mV, output = 1e-6V^2)
  imperfection clamp(sd = 0.5mV)
  stop mse < 2e-5 or steps > 400
}
mismatch chip on Net {
  seed 1
  NMOS.vto ~ pelgrom(7.15mV*um, par_l = 0.15um, par_w = -0.1um) apart 2mV lot 30mV
  NMOS.kp ~ pelgrom(0.7%*um, par_l = 0.15um, par_w = -0.1um) lot 5%
  R.r ~ 1% lot 15%
  yield error < 5mV
}
"""


def order_of(text: str, **asked: object) -> Order:
    """An order of a netlist, with what an ideal circuit learns."""
    order = make_order(compile_netlist(text, "net.nl"), Asked(**asked))  # type: ignore[arg-type]
    trained = np.array([ideal(order.line)["states"]])
    return replace(order, line=replace(order.line, trained=trained))


def line_of(text: str, **asked: object) -> Line:
    return order_of(text, **asked).line
