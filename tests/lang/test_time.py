"""What a circuit says of itself over time: labels, assertions, plots, parameters that can be set, nets within instances."""

import re

import numpy as np
import pytest

from netlearn.circuit.flat import flatten
from netlearn.circuit.over_time import checked, reading
from netlearn.errors import CircuitError, NetlistError
from netlearn.lang.compile import compile_netlist
from netlearn.units import Quantity

TEXT = """netlearn 0.1
module Inner(a; r = 1k) {
  net m
  R top(a, m) = r
  R low(m, gnd) = 1k
}
module Outer(a; r = 1k) {
  net k[2]
  Inner i(a) { r = r }
  R r0(k[0], k[1]) = 1k
  R r1(k[0], a) = 1k
  R r2(k[1], gnd) = 1k
}
circuit Bench(; high = 2V, r = 1k) {
  net a, goal
  V v(a, gnd) = pulse(0V, high, delay = 1us, rise = 1us, width = 1s)
  Outer cell(a) { r = r }
  output y = V(a)
  label y = V(goal) every 5us
  R load(goal, gnd) = 1k
  assert V(cell.i.m) > 0.9V at 3us
  assert abs(V(cell.k[1]) - V(a) / 3) < 1nV at 3us
  assert y < high / 4 + 1mV at 1.25us
  plot V(cell.i.m), y against V(a)
  plot V(a) - V(cell.k[0])
  ideal r = 1k, high = 2V
}"""
TIME = np.array([0.0, 1e-6, 2e-6, 4e-6])


def volts(high: float = 2.0) -> dict[str, np.ndarray]:
    a = np.array([0.0, 0.0, high, high])
    return {"gnd": 0 * a, "a": a, "cell.i.m": a / 2, "cell.k[0]": 2 * a / 3, "cell.k[1]": a / 3, "goal": 0 * a}


def test_a_net_within_an_instance_is_read_by_its_path():
    circuit = compile_netlist(TEXT).circuit
    assert set(volts()) == set(flatten(circuit).nodes)
    checks = checked(circuit.watches, TIME, volts())
    assert [check.holds for check in checks] == [True, True, True]
    assert [check.watch.time for check in checks] == pytest.approx([3e-6, 3e-6, 1.25e-6])


def test_an_assertion_that_fails_says_what_was_read():
    first = checked(compile_netlist(TEXT).circuit.watches, TIME, volts(1.0))[0]
    assert not first.holds
    assert first.said == "V(cell.i.m) is 0.5, 0.9V is 0.9"


def test_plots_are_readings_over_time_or_against_another():
    against, over_time = compile_netlist(TEXT).circuit.plots
    assert over_time.against is None
    assert reading(over_time.curves[0], volts(), TIME) == pytest.approx([0, 0, 2 / 3, 2 / 3])
    assert reading(against.against, volts(), TIME) == pytest.approx(volts()["a"])
    assert [curve.text for curve in against.curves] == ["V(cell.i.m)", "y"]


def test_a_label_is_a_source_that_nothing_drives_yet():
    circuit = compile_netlist(TEXT).circuit
    assert circuit.every == pytest.approx(5e-6)
    assert [(label.output, label.source) for label in circuit.labels] == [("y", "label y")]
    assert flatten(circuit).banks["V"].names[-1] == "label y"


def test_a_parameter_that_is_set_takes_the_place_of_its_value():
    netlist = compile_netlist(TEXT, settings={"high": Quantity(3.0), "r": Quantity(2e3)})
    assert netlist.circuit.settings["high"].number == 3.0
    assert netlist.circuit.ideals["high"].number == 2.0
    flat = flatten(netlist.circuit)
    assert flat.base["R"]["r"][flat.banks["R"].names.index("cell.i.top")] == 2e3


def test_a_parameter_that_no_circuit_has_is_refused():
    with pytest.raises(CircuitError, match="has a parameter 'hihg' to set"):
        compile_netlist(TEXT, settings={"hihg": Quantity(3.0)})


WRONG = {
    "a net that is not there": ("V(cell.i.m) > 0.9V", "V(cell.i.q) > 0.9V", "i has no net 'q' within it"),
    "a part that is not there": ("V(cell.i.m) > 0.9V", "V(cell.j.m) > 0.9V", "cell has no net 'j.m' within it"),
    "an element has no nets": ("V(cell.i.m) > 0.9V", "V(load.m) > 0.9V", "an element has no member 'm'"),
    "joined from outside": ("R load(goal, gnd)", "R load(cell.i.m, gnd)", "takes a net, not a net within an instance"),
    "read into a part": ("R load(goal, gnd)", "R load(V(cell.i.m), gnd)", "'cell.i.m' lies within an instance"),
    "an output from within": ("output y = V(a)", "output y = V(cell.i.m)", "V reads one net, not a net within"),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_a_net_within_an_instance_can_be_read_and_nothing_else(case):
    old, new, words = case
    with pytest.raises(NetlistError, match=re.escape(words)):
        compile_netlist(TEXT.replace(old, new))
