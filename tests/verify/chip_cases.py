"""A small chip with a part of every kind that its netlists tell apart, and its verification, as it is or with one thing altered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from verified import exported, rows, spoil

from netlearn.export.copy import designed, learned
from netlearn.export.design import Design
from netlearn.export.formats import Order
from netlearn.lang.compile import compile_netlist
from netlearn.verify.model import Check

CHIP = """netlearn 0.1
element Bend(a, b, ref; g = 1mS, knee = 1V) { current i(a, b) = g * V(a, b) / (1 + (V(a, ref) / knee)^2) }
module Tie(a, b, vdd; start = 1V) {
  net g
  state vg = learn(start, 0V..3V)
  C cg(g, gnd) = 22uF, ic = vg
  NMOS mn(d = a, g = g, s = b, b = gnd) { vto = 0.7V, kp = 100uA/V^2, w = 20um, l = 2um }
  PMOS mp(d = a, g = gnd, s = b, b = vdd) { vto = -0.8V, kp = 50uA/V^2, w = 10um, l = 2um }
  R r(a, b) = 1MOhm
}
circuit Chip {
  net a, b, c, d, vdd
  V supply(vdd, gnd) = 1.5V
  Tie e1(a, b, vdd)
  Tie e2(b, c, vdd)
  VCVS buffer(d, gnd, c, b) = 2
  Bend bend(d, c, gnd) { g = 0.3mS }
  NEKV me(d = c, g = d, s = gnd, b = gnd) { w = 5um, l = 5um }
  R load(c, gnd) = 47kOhm
  D diode(c, gnd)
  input  x = V(a)
  output y = V(c)
}
"""


def make(text: str = CHIP, value: float = 0.8) -> Design:
    """The design of the only circuit of a text, every input at `value`."""
    circuit = compile_netlist(text).circuit
    shape, params = learned(circuit, 0, {})
    return designed(circuit, shape, params, np.full(len(circuit.inputs), value), circuit.name)


def verified(
    tool: str, format: str, folder: Path, design: Design, altered: Mapping[str, str] | None = None, pdk: str = ""
) -> list[Check]:
    """The rows of a verifier for a format, in whose file each text of `altered` stands for another."""
    exported(design, folder, format, order=Order("nominal", pdk))
    for old, new in (altered or {}).items():
        (file,) = (f for f in (folder / format).iterdir() if old in f.read_text())
        spoil(file, re.escape(old), lambda _, new=new: new)
    return rows(tool, design, folder, format)
