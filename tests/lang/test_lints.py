"""Lints: what is probably not meant is noticed, and what is meant is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from netlearn.lang.compile import compile_file, compile_netlist

SHIPPED = sorted((Path(__file__).parents[2] / "netlists").glob("**/*.nl"))


def lints(*lines: str, before: str = "") -> list[str]:
    """What is noticed in a circuit of these lines."""
    text = before + "circuit A {\n" + "\n".join(lines) + "\n}\n"
    return [d.message for d in compile_netlist(text).warnings]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_the_shipped_netlists_raise_no_false_alarm(path: Path) -> None:
    assert [d.render() for d in compile_file(path).warnings if d.severity == "warning"] == []


def test_a_net_that_nothing_uses_is_noticed() -> None:
    assert lints("net a, b", "R r(a, gnd) = 1k", "input x = V(a)") == ["net 'b' is never used"]


def test_a_net_with_one_connection_floats() -> None:
    assert lints("net a, b", "R r(a, b) = 1k", "input x = V(a)") == ["net 'b' has one connection only: it floats"]


def test_an_unused_array_is_noticed_once() -> None:
    found = lints("net n[9]", "R r(n[0], gnd) = 1k", "input x = V(n[0])")
    assert found == ["net 'n[1]' is never used (like 7 more of n)"]


def test_an_unconnected_half_of_a_twin_is_noticed() -> None:
    twin = "bundle twin { free, clamped }\n"
    found = lints("net a: twin", "R r(a.free, gnd) = 1k", "input x = V(a.free)", before=twin)
    assert found == ["net 'a.clamped', the clamped half of a bundle, is never used"]


def test_an_island_without_ground_is_noticed_once() -> None:
    found = lints("net a, b", "R r(a, b) = 1k", "R s(a, b) = 1k")
    assert found == ["net 'a' has no conducting path to ground (nor have 1 nets joined to it)"]


def test_a_gate_or_a_capacitor_is_no_path_to_ground() -> None:
    found = lints("net g", "NMOS m(gnd, g, gnd, gnd) { w = 1um }", "C c(g, gnd) = 1nF")
    assert found == ["net 'g' has no conducting path to ground"]


def test_a_capacitor_that_holds_its_voltage_is_a_path_to_ground() -> None:
    held = ["net g", "state v = learn(1V, 0V..2V)", "C c(g, gnd) = 1nF, ic = v"]
    assert lints(*held, "NMOS m(gnd, g, gnd, gnd) { w = 1um }") == []


def test_a_path_through_a_module_counts() -> None:
    module = "module M(a, b) {\n net c\n R r(a, c) = 1k\n R s(c, b) = 1k\n}\n"
    assert lints("net a", "M m(a, gnd)", "M n(a, gnd)", before=module) == []


def test_a_driven_node_needs_no_ground() -> None:
    assert lints("net a, b", "R r(a, b) = 1k", "input x[0..1] = V(a), V(b)") == []


def test_learning_without_bounds_is_noticed() -> None:
    assert lints("net a", "R r(a, gnd) = learn(1k)", "input x = V(a)") == ["r learns without bounds"]


def test_a_port_that_is_not_used_inside_is_noticed() -> None:
    module = "module M(a, b, clk) {\n R r(a, b) = 1k\n}\n"
    assert lints("net a", "M m(a, gnd, a)", before=module) == ["port 'clk' is not used inside M"]


def test_mega_is_noted_once_a_file_and_not_in_comments() -> None:
    lines = ["net a  # 3M", "R r(a, gnd) = 1M", "R s(a, gnd) = 2M"]
    assert lints(*lines) == ["the M of 1M is mega here, and milli in SPICE"]
    assert lints("net a", "R s(a, gnd) = 2MOhm", "R t(a, gnd) = 2k") == []


def test_a_value_that_is_never_given_is_an_error() -> None:
    from netlearn.errors import NetlistError

    with pytest.raises(NetlistError, match="never given its resistance"):
        lints("net a", "R r(a, gnd)")


MODULE = "module Leaf(a, b) { R r(a, b) = 1k }\n"


@pytest.mark.parametrize("line", ["Leaf u[3](a, gnd)", "R u[3](a, gnd) = 1k"])
def test_one_element_with_a_count_for_an_index_is_noticed(line: str) -> None:
    (found,) = compile_netlist(f"{MODULE}circuit A {{\nnet a\ninput x = V(a)\n{line}\nR s(a, gnd) = 1k\n}}\n").warnings
    assert found.message == "this is one element called u[3], not 3"
    assert "for k in 0..2 { ... u[k](...) ... }" in str(found.help)


@pytest.mark.parametrize(
    "lines",
    [
        ["R u[2](a, gnd) = 1k", "R u[3](a, gnd) = 1k"],
        ["for k in 2..2 { R u[k](a, gnd) = 1k }"],
        ["R u[1](a, gnd) = 1k"],
        ["R u[3][4](a, gnd) = 1k"],
        ["mesh u[3] = graph([0--1]) on n of R = 1k"],
    ],
)
def test_an_index_that_is_one_is_left_alone(lines: list[str]) -> None:
    assert (
        lints(
            "net a, n[2]", "input x = V(a)", "R p(n[0], a) = 1k", "R q(n[1], gnd) = 1k", "R t(n[0], n[1]) = 1k", *lines
        )
        == []
    )
