"""Structural Verilog: a module a cell, numbers handed down from the top, and names that are each one thing."""

from __future__ import annotations

import re

import numpy as np
from exported import random_design

from netlearn.export.copy import designed, learned
from netlearn.export.design import Design
from netlearn.export.formats import FORMATS, Order
from netlearn.lang.compile import compile_netlist

NAMES = """netlearn 0.1
module Half(a, b; start = 1k) {
  net r_r
  R r(a, r_r) = learn(start, 100..10k)
  R s(r_r, b) = 1k
  D d(r_r, gnd)
}
circuit Names {
  net a, b
  V supply(a, gnd) = 1V
  Half h1(a, b)
  Half h2(b, gnd)
}
"""


def make() -> Design:
    circuit = compile_netlist(NAMES).circuit
    shape, params = learned(circuit, 0, {"h1.r.r": 2000.0})
    return designed(circuit, shape, params, np.array([]), "Names")


def written(design: Design) -> str:
    text = FORMATS["verilog"].write(design, Order("nominal"))["dut.v"]
    assert isinstance(text, str)
    return text


def test_a_cell_is_one_module_whatever_was_learned() -> None:
    assert re.findall(r"^module (?!nl_)(\w+)", written(make()), re.MULTILINE) == ["half", "dut"]


def test_a_parameter_does_not_share_the_name_of_a_net_or_of_a_port() -> None:
    text = written(make())
    assert "module half #(parameter real r_r_2=0.0) (inout a, b);" in text
    assert re.search(r"module nl_d #\(parameter real is=1e-14, n=1.0,[^)]*\) \(inout p, n_\);", text)


def test_what_was_learned_is_a_default_of_the_top() -> None:
    text = written(make())
    learnt = sorted(float(v) for v in re.findall(r"h[12]_r_r=([\d.]+)", text))
    assert learnt == sorted(make().numbers.values())


def test_its_bytes_are_the_same_every_time() -> None:
    assert written(random_design(3)) == written(random_design(3))
