"""The example of the language's design compiles with the meaning that is written in its comments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netlearn.backends import open_backend
from netlearn.circuit.flat import FlatCircuit, boundary, flatten, initial
from netlearn.circuit.model import Circuit
from netlearn.errors import NetlistError
from netlearn.lang.compile import Netlist, compile_file, compile_netlist
from netlearn.lang.library import shipped

FILES = Path(__file__).parent / "files"


@pytest.fixture(scope="module")
def example() -> Netlist:
    return compile_file(FILES / "example.nl")


def flat(circuit: Circuit) -> FlatCircuit:
    return flatten(circuit)


def test_the_divider_has_one_learnable_resistor(example: Netlist) -> None:
    circuit = flat(example.circuits["Divider"])
    assert [s.name for s in circuit.states] == ["r1.r"]
    assert (circuit.states[0].learn.low, circuit.states[0].learn.high) == (1e3, 1e5)
    assert example.tasks["half"].inputs == ((0.1,), (0.2,), (0.4,))


def test_each_edge_of_the_twin_network_shares_one_counter_between_two_pots(example: Netlist) -> None:
    circuit = flat(example.circuits["Net16"])
    assert len(circuit.banks["R"].names) == 32
    counters = [s for s in circuit.states if s.learn.step == 1]
    assert len(counters) == 16
    rules = [r for r in circuit.rules if r.device == "R"]
    assert sorted(i for r in rules for i in r.inputs[:, 0].tolist()) == sorted([*range(16), *range(16)])


def test_the_counter_module_holds_the_state_that_its_port_was_given(example: Netlist) -> None:
    circuit = flat(example.circuits["Net16"])
    assert len(circuit.states) == 16  # a port `q: state` takes a state and makes none
    assert len(circuit.banks["Cm"].names) == 2 * 16  # both halves of a counter start from it


def test_comparators_read_differences_of_voltages(example: Netlist) -> None:
    circuit = flat(example.circuits["Net16"])
    assert len(circuit.banks["Comparator"].names) == 32
    driven = [name for name in circuit.banks if name.startswith("Expression")]
    assert sum(len(circuit.banks[name].names) for name in driven) == 5 * 16


def test_the_layered_network_has_a_diode_on_every_hidden_node(example: Netlist) -> None:
    circuit = flat(example.circuits["Drn"])
    assert sum(name.startswith("w[") for name in circuit.banks["R"].names) == 4 * 16 + 16 * 3
    assert len(circuit.banks["D"].names) == 16
    assert [p.name for p in circuit.outputs] == ["y[0]", "y[1]", "y[2]"]


def test_the_mismatch_block_is_read(example: Netlist) -> None:
    spec, circuit = example.mismatches["lot7"], flat(example.circuits["Net16"])
    spread = {(device, param): 0 for (device, param, _), _ in spec.chosen}
    for (device, param, _), _ in spec.chosen:
        spread[device, param] += 1
    assert spread == {(d, p): len(circuit.banks[d].names) for d, p in (("R", "r"), ("Comparator", "offset"))}
    assert (spec.seed, spec.samples, spec.corners) == (7, 200, ("tt", "ss", "ff"))


def test_what_a_selector_does_not_find_is_told(example: Netlist) -> None:
    said = [warning.message for warning in example.warnings if "names nothing" in warning.message]
    assert [message.split()[0] for message in said] == ["NMOS.vto", "NMOS.beta", "*.cg.leak"]


def placed(*lines: str) -> FlatCircuit:
    """A circuit of these lines beside the modules of the example."""
    text = (FILES / "example.nl").read_text(encoding="utf-8")
    return flat(compile_netlist(text + "circuit Last {\n" + "\n".join(lines) + "\n}\n").circuits["Last"])


def test_the_transistor_edge_can_be_placed_and_its_ground_port_left_out() -> None:
    circuit = placed("net a: twin, b: twin, clk", "FetEdge e(a = a, b = b, clk = clk)")
    assert "e.gnd" not in circuit.nodes
    assert circuit.banks["NMOS"].nodes[:, 3].tolist() == [0, 0]
    assert [s.name for s in circuit.states] == ["e.vg"]


def test_a_ground_port_on_another_net_is_refused() -> None:
    with pytest.raises(NetlistError, match="port 'gnd' is the reference node"):
        placed("net a: twin, b: twin, clk, vss", "FetEdge e(a, b, clk, vss)")


def test_properties_are_visible_in_the_connections_of_their_instance() -> None:
    circuit = placed("net a: twin, b: twin, clk", "FetEdge e(a = a, b = b, clk = clk) { w = 30um }")
    pumps = [bank for name, bank in circuit.banks.items() if name == "PumpCurrent"]
    assert [len(bank.names) for bank in pumps] == [1]
    with pytest.raises(NetlistError, match="unknown name 'gain'"):
        placed("net a, clk", "upd.ChargePump q(out = a, gate = clk, i = gain * a)")


def test_a_capacitor_with_a_state_holds_its_voltage() -> None:
    circuit = placed("net a: twin, b: twin, clk", "FetEdge e(a = a, b = b, clk = clk)")
    assert circuit.banks["Cm"].names == ("e.cg",)


def test_an_if_without_else_may_be_followed_by_anything() -> None:
    circuit = placed(
        "net a", "if 1 == 1 {", "  R r(a, gnd) = 1k", "}", "R s(a, gnd) = 1k", "if 1 == 2 {", "}", "else {", "}"
    )
    assert circuit.banks["R"].names == ("r", "s")


def test_a_list_or_an_array_of_nets_gives_each_edge_of_a_mesh_its_own() -> None:
    circuit = flat(
        compile_netlist(
            "module Edge(a, b, g) {\n  VCCS s(a, b, g, gnd) = 1mS\n}\n"
            "circuit A {\n  net n[3], g[3]\n  let ohms = [1k, 2k, 3k]\n"
            "  mesh r = ring(3) on n of R = ohms\n  mesh e = ring(3) on n of Edge(g = g)\n  input x[0..2] = V(g)\n}\n"
        ).circuit
    )
    assert circuit.base["R"]["r"].tolist() == [1e3, 2e3, 3e3]
    assert [circuit.nodes[k] for k in circuit.banks["VCCS"].nodes[:, 2]] == ["g[0]", "g[1]", "g[2]"]


@pytest.mark.parametrize(
    ("given", "inputs"),
    [("unit = 10mV", [[0.015, 0.025], [0.025, 0.035]]), ("1V..-1V", [[1, 0], [0, -1]])],
    ids=["in a unit of their own", "scaled alike to a range"],
)
def test_neighbouring_columns_of_a_table_come(given: str, inputs: list[list[float]]) -> None:
    text = (
        "circuit A {\n  net a, b\n  input x[0..1] = V(a), V(b)\n  R r1(a, b) = 1k\n  output y = V(b)\n}\n"
        f'task t on A {{ data from "table.csv" x: columns("length", "width", {given}) -> y: 0V }}\n'
    )
    assert np.allclose(compile_netlist(text, folder=FILES).task.inputs, inputs, rtol=1e-15, atol=1e-15)


def test_the_digits_are_1797_images_of_ten_classes() -> None:
    task = compile_file(shipped() / "digits.nl").task
    assert np.shape(task.inputs) == (1797, 64)
    assert (np.min(task.inputs), np.max(task.inputs)) == (0.0, 1.0)
    assert np.sum(task.labels, axis=0).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_a_comment_between_statements_may_have_the_word_else_anywhere() -> None:
    circuit = placed(
        "net a", "# nothing else", "# else nothing", "R r(a, gnd) = 1k", "# or else: more", "R s(a, gnd) = 1k"
    )
    assert circuit.banks["R"].names == ("r", "s")


def test_the_magnitude_of_a_voltage_can_be_connected_and_asserted() -> None:
    circuit = placed(
        "net a, b", "V v(a, gnd) = -2V", "R r(abs(a), b) = 1k", "R s(b, gnd) = 1k", "assert abs(V(a)) > 1V at 1us"
    )
    backend = open_backend("native", circuit)
    nothing = boundary(circuit, np.zeros((1, 0)))
    x = backend.operating_points(initial(circuit, 0), nothing).x[0, 0]
    assert x[circuit.node_index["b"]] == pytest.approx(1.0)


def test_an_output_of_a_module_that_nothing_is_joined_to_does_not_float() -> None:
    text = """module Two(a, b) {
  R r(a, b) = 1k
  R s(b, gnd) = 1k
}
circuit Last {
  net a, b
  V v(a, gnd) = 1V
  Two t(a, b)
}
"""
    assert compile_netlist("netlearn 0.1\n" + text).warnings == ()
