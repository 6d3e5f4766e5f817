"""CDL: what is drawn, in the words of a process, and nothing else."""

from __future__ import annotations

import re

import numpy as np
import pytest

from netlearn.errors import CircuitError
from netlearn.export.copy import designed, learned
from netlearn.export.design import Design
from netlearn.export.formats import FORMATS, Order
from netlearn.lang.compile import compile_netlist

TWINS = """netlearn 0.1
module Edge(a, b) {
  net g
  state vg = learn(uniform(1V, 2V), 0V..3V)
  C cg(g, gnd) = 22uF, ic = vg
  NMOS mn(d = a, g = g, s = b, b = gnd) { w = 20um, l = WIDE }
}
circuit Pair {
  net a, b, c
  V supply(a, gnd) = 1V
  Edge e1(a, b)
  Edge e2(b, c)
  PEKV p(d = c, g = b, s = a, b = a) { w = 1um, l = 2um }
  R r(c, gnd) = 1kOhm
  L coil(c, b) = 1mH
}
"""


def make(length: str = "2um") -> Design:
    circuit = compile_netlist(TWINS.replace("WIDE", length)).circuit
    shape, params = learned(circuit, 3, {})
    return designed(circuit, shape, params, np.array([]), "Pair")


def written(design: Design, pdk: str = "") -> str:
    text = FORMATS["cdl"].write(design, Order("nominal", pdk))["dut.cdl"]
    assert isinstance(text, str)
    return text


def test_a_cell_that_stores_another_voltage_is_the_same_cell() -> None:
    design = make()
    assert len(set(design.numbers.values())) == 2
    assert re.findall(r"^\.SUBCKT (\S+)", written(design), re.MULTILINE) == ["edge_", "dut"]


def test_ground_is_one_global_net() -> None:
    text = written(make())
    assert ".GLOBAL gnd" in text
    assert not re.search(r"^[a-z].* 0 ", text, re.MULTILINE)


def test_every_cell_says_its_pins() -> None:
    text = written(make())
    assert "*.PININFO a:B b:B\n" in text


def test_a_process_gives_its_models_and_makes_a_black_box_of_what_it_does_not_have() -> None:
    text = written(make(), "gf180mcu")
    words = {line.split()[0]: line for line in text.splitlines() if line}
    assert words["mn"] == "mn a g b gnd nfet_03v3 W=20u L=2u"
    assert words["mxp"] == "mxp c b a a pfet_03v3 W=1u L=2u"
    assert words["rr"] == "rr c gnd 1000.0 ppolyf_u_1k"
    assert words["cxcg"] == "cxcg g gnd 2.2e-05 cap_mim_2f0fF"
    assert words["xlcoil"] == "xlcoil c b nl_l"


def test_a_transistor_that_a_process_cannot_make_is_refused_by_name() -> None:
    with pytest.raises(CircuitError, match=r"mn in edge_ has l = 0.2 um, which gf180mcu.nfet_03v3 cannot have"):
        written(make("0.2um"), "gf180mcu")


def test_a_process_that_is_none_is_refused() -> None:
    with pytest.raises(CircuitError, match="--pdk sky131: there is no such process kit"):
        written(make(), "sky131")


@pytest.mark.parametrize("pdk", ["sky130", "gf180mcu"])
def test_its_bytes_are_the_same_every_time(pdk: str) -> None:
    assert written(make(), pdk) == written(make(), pdk)
