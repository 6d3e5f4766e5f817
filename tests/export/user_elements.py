"""Elements of users, one for each form that a law can have."""

from __future__ import annotations

from netlearn.circuit.flat import flatten
from netlearn.devices import Device
from netlearn.lang.compile import compile_netlist

TEXT = """
element Varistor(p, n; g = 1mS, v0 = 0.5V) {
  current i = g * v * (1 + (v / v0)^2)
}
element Wire(In, in, begin; M = 2, m = 3, Real = 1kOhm, t1 = 0.5V) {
  let x = V(In, in) * m / M
  current i(In, in) = x / Real + 1mS * tanh(x / t1) * max(x, V(begin)) + 0.1mS * min(x, t1)
  current j(begin, in) = 1uS * where(x > 0.2V and not (V(begin, in) > 1V) or x < -0.5V, sign(x) * x^2 / t1, abs(x))
  charge q(begin, in) = 1nC * (sin(V(begin, in) / t1) + cos(V(In, in) / t1) - 1)
}
element Coil(a, b; l = 1mH, isat = 1mA, r = 10Ohm) {
  voltage e(a, b) = 0.1 * V(b)
  current i(a, b) = 0.5 * pos(I(e)) - 0.2V * I(e) / (1V + V(a)^2 / 1V)
  flux e = l * isat * tanh(I(e) / isat)
}
element Weak(d, s; is = 1nA, n = 1.5) {
  let x = V(d, s) / vt
  current i(d, s) = is * (softplus(x / n)^3 - logistic(x)) + is * exp(V(s, d) / 1V) + is * sqrt(2 + x^2)
  current j(d, s) = is * limexp(3 * x) + is * log(2 + x^2)^1.7
}
"""
CIRCUIT = """
circuit every {
  net a, b, c
  input x = V(a)
  Varistor x1(a, b)
  Wire x2(a, b, c)
  Coil x3(a, b)
  Weak x4(a, c)
  R r1(b, gnd) = 1kOhm
  R r2(c, gnd) = 1kOhm
}
"""


def elements() -> list[Device]:
    banks = flatten(compile_netlist(TEXT + CIRCUIT).circuits["every"]).banks
    return [bank.device for name, bank in banks.items() if name != "R"]
