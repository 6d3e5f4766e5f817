"""Selectors of mismatch blocks: what they name, what they refuse, and that they are quick."""

from __future__ import annotations

import time

import pytest

from netlearn.circuit.flat import FlatCircuit, flatten
from netlearn.errors import NetlistError, TaskError
from netlearn.lang.compile import Netlist, compile_netlist
from netlearn.variation.draws import varied
from netlearn.variation.select import select

TEXT = """
module Cell(a, b, g; r = 1k) {
  NMOS m(a, g, b, gnd) { model = ald1106, rd = 10 }
  C cg(g, gnd) = 1pF, ic = 1V
  R x(a, b) = r
}
circuit Net {
  net a, b, g
  for k in 0..2 { Cell e[k](a, b, g) ~ r 1% }
  Cell f(a, b, g)
  R load(b, gnd) = 10k ~ 5%
  C c(b, gnd) = 1nF
  OpAmp amp(a, b, g, gnd)
  input x = V(a)
  output y = V(b)
}
"""
CELLS = ("e[0]", "e[1]", "e[2]", "f")
SELECTED = {
    "R": {f"R.r {cell}.x" for cell in CELLS} | {f"R.r {cell}.m.rd" for cell in CELLS} | {"R.r load"},
    "NMOS.vto": {f"NMOS.vto {cell}.m" for cell in CELLS},
    "NMOS[*].vto": {f"NMOS.vto {cell}.m" for cell in CELLS},
    "NMOS.beta": {f"NMOS.kp {cell}.m" for cell in CELLS},
    "NMOS.rd": {f"R.r {cell}.m.rd" for cell in CELLS},
    "C": {f"Cm.c {cell}.cg" for cell in CELLS} | {"C.c c"},
    "Cm.ic": {f"Cm.ic {cell}.cg" for cell in CELLS},
    "OpAmp.offset": {"OpAmp.offset amp"},
    "load": {"R.r load"},
    "load.r": {"R.r load"},
    "load.tc1": {"R.tc1 load"},
    "e[1].x": {"R.r e[1].x"},
    "e[*].x": {f"R.r e[{k}].x" for k in range(3)},
    "e[*].m.vto": {f"NMOS.vto e[{k}].m" for k in range(3)},
    "e[*].m.beta": {f"NMOS.kp e[{k}].m" for k in range(3)},
    "e[*].m.rd": {f"R.r e[{k}].m.rd" for k in range(3)},
    "e.x": set(),
    "*.x": {f"R.r {cell}.x" for cell in CELLS},
    "*.cg.ic": {f"Cm.ic {cell}.cg" for cell in CELLS},
    "*.load": {"R.r load"},
    "e[*].r": {f".Cell.r e[{k}].r" for k in range(3)},
    "f.r": set(),
    "nothing": set(),
    "PMOS.vto": set(),
    "b": set(),
}


def _parts(text: str) -> list[str]:
    return text.split(".")


def _selected(circuit: FlatCircuit, text: str) -> set[str]:
    found = set()
    for one in select(circuit, _parts(text)):
        for k in one.elements.tolist():
            state = circuit.states[k] if not one.device else None
            label = f".{state.tolerance.param} {state.name}" if state and state.tolerance else ""
            found.add(label or f"{one.device}.{one.param} {circuit.banks[one.device].names[k]}")
    return found


@pytest.mark.parametrize("text", SELECTED)
def test_a_selector_names_what_it_says(text: str) -> None:
    assert _selected(flatten(compile_netlist(TEXT).circuit), text) == SELECTED[text]


@pytest.mark.parametrize("text", ["NMOS.x", "NMOS", "R.ohms", "R.r.r", "OpAmp.vto", "NMOS[*].x"])
def test_a_parameter_that_a_kind_has_not_is_refused(text: str) -> None:
    with pytest.raises(TaskError, match=r"no parameter|no main value") as caught:
        select(flatten(compile_netlist(TEXT).circuit), _parts(text))
    assert caught.value.help.startswith("its parameters are ")


def _netlist(*lines: str) -> Netlist:
    return compile_netlist(TEXT + "mismatch chip on Net {\n" + "\n".join(lines) + "\n}\n", "chip.nl")


def _spreads(netlist: Netlist) -> dict[str, float]:
    """Standard deviation of each part that spreads normally."""
    circuit = flatten(netlist.circuit)
    every = varied(circuit, dict(netlist.mismatches["chip"].chosen))
    return {name: one.tolerance.within.sd for one in every for name in one.names}  # type: ignore[attr-defined]


def test_later_lines_win_and_all_win_over_what_stands_at_an_element() -> None:
    assert _spreads(_netlist())["load"] == 0.05
    found = _spreads(_netlist("R ~ 1%", "*.x ~ 2%", "e[1].x ~ 3%"))
    assert (found["load"], found["e[0].x"], found["e[1].x"], found["f.x"]) == (0.01, 0.02, 0.03, 0.02)
    assert _spreads(_netlist("e[1].x ~ 3%", "*.x ~ 2%"))["e[1].x"] == 0.02


def test_the_tolerance_of_a_modules_parameter_can_be_chosen() -> None:
    found = _spreads(_netlist("e[1].r ~ 7%"))
    assert (found["e[0].r"], found["e[1].r"]) == (0.01, 0.07)


@pytest.mark.parametrize("text", ["nothing ~ 1%", "e.x ~ 1%", "PMOS.vto ~ 1mV", "*.y.z ~ 1%", "R[0] ~ 1%", "* ~ 1%"])
def test_a_line_that_names_nothing_is_warned_of(text: str) -> None:
    (warning,) = _netlist(text).warnings
    assert warning.message == f"{text.split(' ~')[0]} names nothing in Net"
    assert warning.span.line == TEXT.count("\n") + 2


REFUSED = {
    "NMOS.vt0 ~ 1mV": "NMOS has no parameter 'vt0'",
    "R ~ 1V": "'sd' is in Ohm, and this is in V",
    "R ~ 1": "1 does not say what it is a part of, or in which unit",
    "R ~ r 1%": "the selector names the parameter here",
    "R ~ gauss(1%)": "unknown distribution 'gauss'",
    "R ~ pelgrom(1%*um)": "r of load spreads with its area, and it has no sizes above zero",
    "nothing ~ gauss(1%)": "unknown distribution 'gauss'",
    "corner tt, xx": "unknown corner 'xx'",
    "corner tt, ss, tt": "corner 'tt' is named twice",
    "samples 0": "the number of samples is 0, outside 1..10000000",
    "seed 1.5": "a seed must be a whole number, not 1.5",
    "yield eror < 1mV": "unknown result 'eror'",
    "yield error": "a condition compares a result with a number",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_line_that_cannot_be_is_refused_at_its_place(text: str) -> None:
    with pytest.raises(NetlistError) as caught:
        _netlist(text)
    (said,) = caught.value.diagnostics
    assert said.message == REFUSED[text]
    assert said.help
    assert said.span.line >= TEXT.count("\n") + 1


HOSTILE = [
    "*" + ".a" * 300,
    "a" * 4000,
    ".".join("*" for _ in range(30)),
    "e[*]" * 40,
    "x" + "[*]" * 200,
    "(a+)+$",
    "\\",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_selector_takes_long(text: str) -> None:
    circuit = flatten(compile_netlist(TEXT).circuit)
    begun = time.process_time()
    assert select(circuit, _parts(text)) == []
    try:
        answers = _netlist(f"{text} ~ 1%").warnings
    except NetlistError as error:
        answers = error.diagnostics
    assert all(answer.help for answer in answers)
    assert time.process_time() - begun < 3.0
