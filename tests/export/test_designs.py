"""What leaves is the circuit that was meant: its hierarchy, its numbers, its names, its voltages."""

from __future__ import annotations

import json

import numpy as np
import pytest
from exported import design_of, gallery, gallery_design, random_design
from hypothesis import given
from hypothesis import strategies as st

from netlearn.errors import CircuitError, RunError
from netlearn.export.again import solved
from netlearn.export.copy import designed, learned
from netlearn.export.design import Design, flat, specialised
from netlearn.export.folder import contents
from netlearn.export.formats import FORMATS, Order
from netlearn.export.interchange import from_json, spelled, to_json
from netlearn.export.names import RESERVED, legal, named
from netlearn.lang.compile import compile_file, compile_netlist

FLAT = """netlearn 0.1
circuit Flat {
  net A, a, in_, module_
  R R1(A, a) = learn(10k, 1k..100k)
  G esistor(a, gnd) = 100uS
  G off(a, gnd) = 0S
  R resistor(in_, gnd) = 1k
  R r(in_, module_) = 1k
  R wire(module_, gnd) = 1k
  V supply(in_, gnd) = 1V
  input x = V(A)
  output y = V(a, in_)
}
"""


def near(ours: dict[str, float], theirs: dict[str, float]) -> None:
    """The same voltages."""
    assert ours.keys() == theirs.keys()
    for name, volts in ours.items():
        assert volts == pytest.approx(theirs[name], rel=1e-8, abs=1e-9), name


def by_name(design: Design) -> dict[str, float]:
    """Our node voltages by the names of the design."""
    return {name: volts for name, volts in design.volts.items() if name != "0"}


@pytest.mark.parametrize("seed", range(50))
def test_a_random_design_is_the_circuit_it_was_made_of(seed: int) -> None:
    design = random_design(seed)
    near(solved(design), by_name(design))


@pytest.mark.parametrize("seed", range(0, 50, 7))
def test_a_design_comes_back_from_json_as_it_was(seed: int) -> None:
    design = random_design(seed)
    assert from_json(json.loads(spelled(to_json(design)))) == design


def test_what_users_define_comes_back_from_json_with_its_law() -> None:
    text = """element Cube(a, b; k = 1uA) {
  current i(a, b) = k * (V(a, b) / 1V)^3
}
circuit Cubic {
  net a, b
  R r(a, b) = 100k
  Cube c(b, gnd) { k = 2uA }
  input x = V(a)
}"""
    design = design_of(compile_netlist(text), inputs=[1.0])
    back = from_json(json.loads(spelled(to_json(design))))
    assert back.devices["Cube"].law == design.devices["Cube"].law
    near(solved(back), by_name(design))


def test_a_damaged_design_is_refused_by_name() -> None:
    found = to_json(random_design(0))
    for key in found:
        with pytest.raises(RunError, match=r"design\.json is damaged"):
            from_json({name: value for name, value in found.items() if name != key})
    with pytest.raises(RunError, match="format 2"):
        from_json({**found, "format": 2})


def test_numbers_that_learn_are_parameters_from_the_top_and_no_others() -> None:
    design = gallery_design("netlists/regression.nl")
    assert len(design.numbers) == 32
    assert design.meaning["e_5_cg_ic"] == ("e[5].cg", "ic")
    edge = next(b for b in design.blocks if b.name == "mosedge")
    assert edge.params == ("cg_ic",)
    assert len(specialised(design).blocks) == 33


def test_what_manufacture_puts_off_is_a_parameter_and_changes_no_block() -> None:
    one, other = (gallery_design("netlists/factory/regression.nl", draw=k) for k in (3, 4))
    assert one.blocks == other.blocks
    assert one.numbers.keys() == other.numbers.keys()
    assert one.numbers != other.numbers
    near(solved(one), by_name(one))


def test_chip_k_is_the_chip_k_of_netlearn_mc() -> None:
    from netlearn.circuit.chance import Keyed, draw_seeds
    from netlearn.circuit.flat import initial
    from netlearn.factory.line import made
    from netlearn.factory.order import Asked, make_order
    from netlearn.learn.plan import make_plan

    netlist = compile_file("netlists/factory/regression.nl")
    line = make_order(netlist, Asked()).line
    nominal = initial(line.circuit, line.seed)
    board = made(line, make_plan(line.circuit, nominal), nominal, Keyed(draw_seeds(line.seed, 7, 8)))
    bank = line.circuit.banks["NMOS"]
    design = gallery_design("netlists/factory/regression.nl", draw=7)
    for path, vto in zip(bank.names, board.params.values["NMOS"]["vto"][0], strict=True):
        name = next(name for name, where in design.meaning.items() if where == (path, "vto"))
        assert design.numbers[name] == vto


def test_names_are_legal_and_each_is_one_thing() -> None:
    design = design_of(compile_netlist(FLAT), inputs=[0.5])
    assert design.nodes["A"] == "a"
    assert design.nodes["a"] == "a_2"
    assert design.nodes["module_"] == "module__2" or design.nodes["module_"] not in RESERVED
    names = [*design.nodes.values(), *design.parts.values()]
    assert len(names) == len(set(names))
    assert design.parts["esistor"] != design.parts["resistor"]
    near(solved(design), by_name(design))


def test_a_conductor_leaves_as_its_resistor_and_one_of_nothing_as_a_source_of_nothing() -> None:
    design = design_of(compile_netlist(FLAT), inputs=[0.5])
    parts = {p.name: p for p in design.top.parts}
    assert parts[design.parts["esistor"]].device.name == "R"
    assert parts[design.parts["esistor"]].numbers["r"] == 1e4
    assert parts[design.parts["off"]].device.name == "VCCS"


def test_sources_of_the_top_stand_around_the_device_under_test() -> None:
    design = design_of(compile_netlist(FLAT), inputs=[0.5])
    assert [s.device.name for s in design.bench.sources] == ["V"]
    assert design.top.ports == (design.nodes["A"], design.nodes["in_"], design.nodes["a"])


@given(st.lists(st.text(max_size=12), max_size=30))
def test_any_names_become_different_legal_names(texts: list[str]) -> None:
    found = named(texts, legal)
    assert len(set(found.values())) == len(set(texts))
    for name in found.values():
        assert name.isascii()
        assert name == name.lower()
        assert name[0].isalpha()
        assert all(c.isalnum() or c == "_" for c in name)


def test_what_is_not_at_27_c_is_refused() -> None:
    netlist = compile_netlist("circuit Warm {\n  net a\n  D d(a, gnd) { temp = 350K }\n  input x = V(a)\n}")
    shape, params = learned(netlist.circuit, 0, {})
    with pytest.raises(CircuitError, match=r"D d is at 76\.85 C"):
        designed(netlist.circuit, shape, params, np.array([0.3]), "C")


def test_a_flat_block_has_every_part_once() -> None:
    design = gallery_design("netlists/machine/gen1.nl")
    block = flat(design)
    assert len({p.name for p in block.parts}) == len(block.parts) == len(design.parts) - len(design.bench.sources)


def test_the_same_input_makes_the_same_bytes() -> None:
    made = [
        contents(gallery_design("netlists/regression.nl"), list(FORMATS), Order("nominal"), "netlearn export").files
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert {path.partition("/")[0] for path in made[0] if "/" in path} == set(FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("path", gallery())
def test_every_circuit_of_the_gallery_is_the_same_after_it_left(path: str) -> None:
    for circuit in compile_file(path).circuits:
        design = gallery_design(path, circuit)
        near(solved(design), by_name(design))
