"""A divider that learns by itself, as text."""

DIVIDER = """netlearn 0.1
bundle twin {{ free, clamped }}
element Conductance(a, b, k, ref; g = 1mS) {{ current i(a, b) = g * (V(k, ref) / 1V) * V(a, b) }}
element Square(k, ref, on, af, bf, ac, bc; rate = 4kHz) {{
  let open = logistic((V(on, ref) - 2.5V) / 0.1V)
  current i(ref, k) = 1uF * open * rate / 1V * ({sign}V(af, bf)^2 - {sign}V(ac, bc)^2)
}}
element Clamp(out, ref, label, on; r = 1Ohm) {{
  let closed = logistic((V(on, ref) - 2.5V) / 0.1V)
  current i(out, ref) = closed / r * (V(out, ref) - V(label, ref))
}}
module Edge(a: twin, b: twin, on) {{
  net k
  state q = learn(1V, 0.1V..10V)
  C memory(k, gnd) = 1uF, ic = q
  Conductance f(a.free, b.free, k, gnd)
  Conductance c(a.clamped, b.clamped, k, gnd)
  Square s(k, gnd, on, a.free, b.free, a.clamped, b.clamped)
}}
circuit Divider {{
  net in: twin, out: twin, goal, on, hold, zero: twin
  Edge top(in, out, on)
  Edge low(out, zero, on)
  V zf(zero.free, gnd) = 0V
  V zc(zero.clamped, gnd) = 0V
  Clamp t(out.clamped, gnd, goal, hold)
  V clock(on, gnd) = pulse(0V, 5V, delay = 200us, rise = 1us, fall = 1us, width = 700us, period = {period})
  V clamp(hold, gnd) = pulse(0V, 5V, delay = 100us, rise = 1us, fall = 1us, width = 850us, period = {period})
  input  x = V(in)
  output y = V(out)
  {label}
}}
task third on Divider {{
  data x: [0.5V, 1V] -> y: [0.16666666666666666V, 0.3333333333333333V]
  rule hardware(eta = 1, rate = 2.8)
  stop steps > 100
}}"""
LABEL = "label  y = V(goal) every 1ms"
