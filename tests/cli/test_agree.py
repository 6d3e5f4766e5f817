"""What counts as agreement: voltages and currents within the limit, and the same samples settled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from netlearn.backends import BACKENDS, Backend
from netlearn.backends.reference import Reference
from netlearn.circuit.flat import Boundary, FlatCircuit, Params
from netlearn.cli.agree import LIMIT, Case, agree, case_of, table
from netlearn.lang.compile import compile_netlist
from netlearn.solve.solution import Solution

TEXT = """
circuit Pair {
  net a, b, c
  input x = V(a)
  R r1(a, b) = 1k
  R r2(b, c) = 1k
  V v1(c, gnd) = 0V
  output y = V(b)
}
task points on Pair { data x: [1V, 2V, 4V] -> y: 0V }
"""


class Bent(Reference):
    """The reference with something wrong at the second sample."""

    def __init__(self, circuit: FlatCircuit, node: str, volts: float, amperes: float, lost: bool) -> None:
        super().__init__(circuit)
        self.node, self.volts, self.amperes, self.lost = circuit.node_index[node], volts, amperes, lost

    def operating_points(self, params: Params, boundary: Boundary, start: Solution | None = None) -> Solution:
        found = super().operating_points(params, boundary, start)
        found.x[0, 1, self.node] += self.volts
        found.x[0, 1, -1] += self.amperes
        if self.lost:
            found.x[0, 1] = np.nan
        return replace(found, settled=found.settled & ~np.array([False, self.lost, False]))


CASES: dict[str, tuple[float, float, bool, bool]] = {
    "nothing": (0.0, 0.0, False, True),
    "voltages within the limit": (0.9 * 2 * LIMIT, 0.0, False, True),
    "a voltage beyond it": (1.1 * 2 * LIMIT, 0.0, False, False),
    "a current beyond it": (0.0, 1e-8, False, False),
    "a sample that is lost": (0.0, 0.0, True, False),
}


def case() -> Case:
    return case_of(compile_netlist(TEXT), None, None, [], 0)


@pytest.mark.parametrize(("volts", "amperes", "lost", "agrees"), CASES.values(), ids=CASES.keys())
def test_what_differs_is_told(
    volts: float, amperes: float, lost: bool, agrees: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bent(circuit: FlatCircuit, _: int | None) -> Backend:
        return Bent(circuit, "b", volts, amperes, lost)

    monkeypatch.setitem(BACKENDS, "bent", bent)
    answer: dict[str, Any] = agree(case(), ("reference", "bent"))
    assert answer["agree"] is agrees
    assert answer["max_difference_V"] == pytest.approx(volts, abs=1e-12)
    assert answer["max_difference_A"] == pytest.approx(amperes, abs=1e-12)
    if volts or amperes:
        assert answer["sample"] == 1 or not volts
        assert answer["node"] == "b" or not volts
        assert answer["branch"] == "I(v1)"
    assert answer["only_one_settled"] == ([1] if lost else [])
    assert table(answer).endswith("they agree" if agrees else "they do not agree")


def test_two_backends_agree_on_a_circuit_that_has_no_answer() -> None:
    text = "circuit Loop {\n  net a\n  V v1(a, gnd) = 1V\n  V v2(a, gnd) = 2V\n  output y = V(a)\n}\n"
    answer = agree(case_of(compile_netlist(text), None, None, [], 0), ("reference", "ngspice"))
    assert answer["agree"] is True
    assert answer["settled"] == {"reference": 0, "ngspice": 0}
    assert answer["max_difference_V"] is answer["node"] is None
    assert table(answer).endswith("they agree")


@pytest.mark.parametrize("given", [[], ["x=3V"]])
def test_inputs_take_the_place_of_a_task(given: list[str]) -> None:
    made = case_of(compile_netlist(TEXT), None, None, given, 0)
    assert made.boundary.voltages[:, 0].tolist() == ([3.0] if given else [1.0, 2.0, 4.0])
    assert ("circuit" if given else "task") in made.name
