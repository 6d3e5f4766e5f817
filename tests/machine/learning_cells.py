"""Learning cells of both generations, behavioural, with what can be wrong with each as a change of its text."""

from __future__ import annotations

from netlearn.lang.compile import Netlist, compile_netlist

COMPARING = """netlearn 0.1
bundle twin { free, clamped }

# A resistance that follows the count on a node: rmax at 128 V.
element Pot(p, n, count, ref; rmax = 100kOhm, full = 128V) {
  current i = v * full / (rmax * V(count, ref))
}
element Xor(a, b, out, ref; level = 2.5V, width = 0.1V, high = 5V) {
  let x = logistic((V(a, ref) - level) / width)
  let y = logistic((V(b, ref) - level) / width)
  voltage e(out, ref) = high * (x + y - 2 * x * y)
}
# Moves its count by a volt down or up while its clock is high for half a millisecond.
element Count(out, ref, down, clk; rate = 2mA, level = 2.5V, width = 0.1V) {
  let on = logistic((V(clk, ref) - level) / width)
  current i(ref, out) = on * rate * (1 - 2 * logistic((V(down, ref) - level) / width))
}
module Edge(a: twin, b: twin, clk) implements sign(delta = 1) {
  state k = learn(64, 1..127, step = 1)
  net count, d, s, down
  Pot rf(p = a.free, n = b.free, count = count, ref = gnd)
  Pot rc(p = a.clamped, n = b.clamped, count = count, ref = gnd)
  Comparator cd(p = a.clamped - b.clamped, n = a.free - b.free, out = d) { offset = 0V }
  Comparator cs(p = a.clamped - b.clamped, n = b.free - a.free, out = s)
  Xor x(a = d, b = s, out = down, ref = gnd)
  C memory(count, gnd) = 1uF, ic = k
  Count ctr(out = count, ref = gnd, down = down, clk = clk)
}
circuit Machine {
  net in: twin, out: twin, clk, goal
  V clock(clk, gnd) = pulse(0V, 5V, delay = 0.25ms, rise = 1us, fall = 1us, width = 0.499ms, period = 1ms)
  Edge up(a = in, b = out, clk = clk)
  R down[0](out.free, gnd) = 10k
  R down[1](out.clamped, gnd) = 10k
  input x = V(in)
  output y = V(out)
  R seen(goal, gnd) = 1e6
  label y = V(goal) every 1ms
}
"""
"""Generation 1: two comparators and an XOR tell a counter which way to go."""

CHARGING = """netlearn 0.1
bundle twin { free, clamped }
model gate = NMOS { vto = 0.7V, kp = 85uA/V^2, w = 100um, l = 10um }

module Edge(a: twin, b: twin, learn; gain = 1) implements hardware(rate = 0.1377) {
  state vg = learn(3V, 1V..5V)
  net g, m, out
  C cg(g, gnd) = 2.2uF, ic = vg
  NMOS mf(d = a.free, g = g, s = b.free, b = gnd) { model = gate }
  NMOS mc(d = a.clamped, g = g, s = b.clamped, b = gnd) { model = gate }
  Multiplier xf(x1 = a.free, x2 = b.free, y1 = a.free, y2 = b.free, z = g, out = m) { scale = 0.33V / gain }
  Multiplier xc(x1 = a.clamped, x2 = b.clamped, y1 = b.clamped, y2 = a.clamped, z = m, out = out) { scale = 0.33V / gain }
  Switch s(out, g, learn, gnd) { threshold = 2.5V, ron = 1k, roff = 1e12 }
}
circuit Machine {
  net in: twin, out: twin, learn, goal
  V clock(learn, gnd) = pulse(0V, 5V, delay = 10us, rise = 0.1us, fall = 0.1us, width = 99.9us, period = 120us)
  Edge up(a = in, b = out, learn = learn)
  R down[0](out.free, gnd) = 1k
  R down[1](out.clamped, gnd) = 1k
  input x = V(in)
  output y = V(out)
  R seen(goal, gnd) = 1e6
  label y = V(goal) every 120us
}
"""
"""Generation 2: two multipliers, one after the other on top of the gate's voltage, charge the gate through 1 kOhm."""

Change = tuple[str, str]
SWAPPED_INPUTS: Change = ("n = a.free - b.free", "n = b.free - a.free")
BOTH_SWAPPED: tuple[Change, ...] = (
    ("cd(p = a.clamped - b.clamped, n = a.free - b.free", "cd(n = a.clamped - b.clamped, p = a.free - b.free"),
)
INVERTED_XOR: Change = ("high * (x + y - 2 * x * y)", "high * (1 - x - y + 2 * x * y)")
NO_XOR: Change = ("voltage e(out, ref) = high * (x + y - 2 * x * y)", "voltage e(out, ref) = high * (1 - x + 0 * y)")
RAISING_POT: Change = ("v * full / (rmax * V(count, ref))", "v * V(count, ref) / (rmax * full)")
SWAPPED_HALVES: tuple[Change, ...] = (
    ("xf(x1 = a.free, x2 = b.free, y1 = a.free, y2 = b.free", "xf(x1 = a.free, x2 = b.free, y1 = b.free, y2 = a.free"),
    ("y1 = b.clamped, y2 = a.clamped", "y1 = a.clamped, y2 = b.clamped"),
)
LOWERING_GATE: tuple[Change, ...] = (
    ("g = g, s = b.free", "g = h, s = b.free"),
    ("g = g, s = b.clamped", "g = h, s = b.clamped"),
    ("  net g, m, out", "  net g, h, m, out, top\n  V six(top, gnd) = 6V\n  VCVS inverse(h, gnd, top, g) = 1"),
)
HALF_GAIN: Change = ("gain = 1)", "gain = 0.5)")


def changed(text: str, *changes: Change) -> str:
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    return text


def cell(text: str, *changes: Change) -> Netlist:
    return compile_netlist(changed(text, *changes), "cell.nl")
