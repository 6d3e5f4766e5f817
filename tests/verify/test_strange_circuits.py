"""Circuits that somebody could write though nobody would: every tool that is here reads them as what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from exported import design_of
from verified import exported

from netlearn.errors import CircuitError
from netlearn.export.design import Design
from netlearn.export.formats import FORMATS
from netlearn.lang.compile import compile_netlist
from netlearn.verify.model import FAILED
from netlearn.verify.order import verify

LONG = "n" * 200
STRANGE = {
    "cells and nets that have words of the formats for names": f"""
        module dut(a, b; r = 1k) {{
          R R(a, b) = r
          R x(a, b) = 2k
          NMOS m(a, b, gnd, gnd) {{ vto = 1V, kp = 1mA/V^2 }}
        }}
        module Dut(a, b) {{
          net dut
          dut dut2(a, dut)
          dut xdut(dut, b) {{ r = 3k }}
        }}
        module Label(p, n) {{ R r(p, n) = 1k }}
        module port(p, n) {{ R r(p, n) = 1k }}
        module commands(p, n) {{ R r(p, n) = 1k }}
        module d_r(p, n) {{ R r(p, n) = 1k }}
        module resistor(p, n) {{ R r(p, n) = 1k }}
        module vccs(p, n) {{ G g(p, n) = 1mS }}
        module ald1106(d, g) {{ NMOS m(d, g, gnd, gnd) {{ model = ald1106 }} }}
        module nl_nmos(d, g) {{ NMOS m(d, g, gnd, gnd) {{ model = ald1106 }} }}
        circuit tb {{
          net dut, xdut, tb, DUT, vcc, title, {LONG}, {LONG}2, n[1], n_0, N_0
          Dut z0(dut, xdut)
          Label z1(xdut, tb)
          port z2(tb, DUT)
          commands z3(DUT, vcc)
          d_r z4(vcc, title)
          resistor z5(title, {LONG})
          vccs z6({LONG}, {LONG}2)
          ald1106 z7({LONG}2, n[0])
          nl_nmos z8(n[0], n_0)
          R r0({LONG}2, N_0) = 1k
          R r1(n[0], N_0) = 2k
          R r2(n_0, N_0) = 3k
          R r3(N_0, gnd) = 4k
          V Vdd(dut, gnd) = 1V
          input v_Vdd = V(n[0])
          output OUT = V(N_0, xdut)
        }}""",
    "cells with nothing in them, ports that nothing is on, ends on one net": """
        module Nothing(a, b) {
        }
        module Thru(a, b) { Nothing n(a, b) }
        module Half(a, b, c) { R r(a, b) = 1k }
        circuit A {
          net a, b, c, x
          Nothing n(a, c)
          Thru t(b, c)
          Half h(a, b, c)
          Half h2(a, a, gnd)
          R r(a, b) = 1k
          R same(a, a) = 1k
          R q(b, gnd) = 1k
          R s(c, gnd) = 2k
          V supply(a, gnd) = 1V
          input unused = V(x)
        }""",
    "transistors whose drain is their source, far ahead of the bulk": """
        circuit A {
          net low, high, gate, well, a, b
          V vl(low, gnd) = 1.9V
          V vh(high, gnd) = 1.9048V
          V vg(gate, gnd) = 0V
          V vw(well, gnd) = 5V
          NMOS n(a, well, high, gnd) { vto = 0.8V, kp = 75uA/V^2, gamma = 0.5, phi = 0.7V, lambda = 0.04, w = 1um, l = 1um }
          R ra(a, low) = 1k
          PMOS p(high, gate, b, well) { vto = -0.9V, kp = 25uA/V^2, gamma = 0.5, phi = 0.7V, lambda = 0.05, w = 30um, l = 1um }
          R rb(b, gnd) = 200k
        }""",
    "conductors alone": """
        circuit A {
          net a, b
          G g(a, b) = 1mS
          G h(b, gnd) = learn(2mS, 1mS..3mS)
          G none(a, gnd) = 0S
          V supply(a, gnd) = 1V
        }""",
    "a charge that is no capacitance": """
        element Store(p, n; c0 = 1uF) {
          charge q(p, n) = c0 * V(p, n) * (1 + V(p, n)^2 / 1V^2)
        }
        circuit A {
          net a, b
          V supply(a, gnd) = 0.5V
          R r(a, b) = 1k
          Store s(b, gnd)
        }""",
    "a smooth step far below its threshold": """
        element Clamp(p, n, on) {
          current i(p, n) = 10S * logistic((V(on, n) - 2.5V) / 0.1V) * V(p, n)
        }
        circuit A {
          net a, b
          R r(a, b) = 1k
          Clamp c(b, gnd, gnd)
          R s(b, gnd) = 1k
          V supply(a, gnd) = 1V
        }""",
}


def strange(text: str) -> Design:
    return design_of(compile_netlist(f"netlearn 0.1{text}\n"))


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_every_tool_reads_a_strange_circuit_as_it_is(text: str, tmp_path: Path) -> None:
    formats = [f for f in FORMATS if "logistic" not in text or f in ("veriloga", "ngspice", "json")]
    folder = exported(strange(text), tmp_path / "x", *formats)
    rows = list(verify(folder, lambda _: None))
    assert [row for row in rows if row.verdict == FAILED] == []
    assert len(rows) > len(formats)


EMPTY = {
    "no element but sources": "circuit A { net a \n V v(a, gnd) = 1V }",
    "no element": "circuit A { }",
    "no net but ground": "circuit A { R r(gnd, gnd) = 1k }",
    "differs by more than case": """
        element Foo(p, n; g = 1mS) { current i = g * V(p, n) }
        element foo(p, n; g = 2mS) { current i = g * V(p, n) }
        circuit A {
          net a
          Foo x(a, gnd)
          foo y(a, gnd)
        }""",
}


@pytest.mark.parametrize(("told", "text"), EMPTY.items(), ids=EMPTY)
def test_what_cannot_leave_is_refused_in_words(told: str, text: str) -> None:
    with pytest.raises(CircuitError) as refused:
        strange(f"\n{text}")
    assert told in str(refused.value)


@pytest.mark.parametrize("format", FORMATS)
def test_a_chip_of_which_every_transistor_is_its_own_is_read_in_every_format(format: str, tmp_path: Path) -> None:
    text = """
        module Edge(a, b) {
          NMOS mf(a, b, gnd, gnd) { vto = 0.5V, kp = 1mA/V^2 }
          R r(a, b) = 1k ~ 5%
        }
        circuit Made {
          net a, b, c
          Edge e(a, b)
          Edge f(b, c)
          NMOS x(a, c, gnd, gnd) { vto = 0.5V, kp = 1mA/V^2 }
          R r(c, gnd) = 1k ~ 5%
          V supply(a, gnd) = 1V
        }
        mismatch chip on Made {
          seed 1
          NMOS.vto ~ 20mV
          NMOS.kp ~ 3%
        }"""
    design = design_of(compile_netlist(f"netlearn 0.1{text}\n"), draw=1)
    rows = list(verify(exported(design, tmp_path / "x", format), lambda _: None))
    assert [row for row in rows if row.verdict == FAILED] == []
