"""Two circuits are equal exactly if names and hierarchy are all that they differ in; what differs is said in their own names."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netlearn.circuit.flat import flatten
from netlearn.equal import Graph, compare, graph, standing, with_ends
from netlearn.equal.graph import Part
from netlearn.errors import CircuitError
from netlearn.imports import import_text
from netlearn.lang.compile import compile_netlist

ROOT = Path(__file__).parents[2]
Edges = list[tuple[int, int]]


def of(body: str, before: str = "", ports: tuple[str, ...] = (), tolerance: float = 1e-6) -> Graph:
    netlist = compile_netlist(f"{before}\ncircuit Test {{\n{body}\n}}\n", folder=ROOT / "netlists")
    return graph(flatten(netlist.circuit), ports, tolerance)


def own(net: str, law: str) -> Graph:
    """A circuit with an element of its own."""
    element = f"element Own(p, n; g = 1mS) {{\n current i = g * {law}\n}}"
    return of(f"net {net}\nOwn o({net}, gnd) {{ g = 2mS }}\nR r({net}, gnd) = 1", element)


LADDER = "net a, b, c\nR r1(a, b) = 1k\nR r2(b, c) = 2k\nC c1(c, gnd) = 1nF\nD d1(a, gnd) { is = 1e-14 }\nV v1(a, gnd) = 1V\n"


def turned(text: str) -> str:
    """The same with nets a and c called by each other's name."""
    return re.sub(r"\b[ac]\b", lambda m: {"a": "c", "c": "a"}[m[0]], text)


MOS = "net d, g, s\nNMOS m1({}) {{ w = 10um{} }}\nR r1(d, gnd) = 1k\nR r2(g, gnd) = 2k\nR r3(s, gnd) = 3k"
EQUAL: dict[str, tuple[Graph, Graph]] = {
    "other names and another order": (
        of(LADDER),
        of("net x, y, z\nV s(z, gnd) = 1V\nC q(x, gnd) = 1nF\nD d(z, gnd)\nR e(x, y) = 2k\nR f(y, z) = 1k"),
    ),
    "ends that changed places": (of(LADDER), of(LADDER.replace("(a, b)", "(b, a)").replace("(c, gnd)", "(gnd, c)"))),
    "drain and source that changed places": (of(MOS.format("d, g, s, gnd", "")), of(MOS.format("s, g, d, gnd", ""))),
    "the two sides of a transistor": (
        of(MOS.format("d, g, s, gnd", ", cgso = 1e-10, cgdo = 2e-10, rd = 5")),
        of(MOS.format("s, g, d, gnd", ", cgso = 2e-10, cgdo = 1e-10, rs = 5")),
    ),
    "a hierarchy": (
        of("net a, b\nHalf h[0](a, b)\nHalf h[1](b, a)", "module Half(p, q) {\n net m\n R r1(p, m) = 1k\n R r2(m, q) = 2k\n R r3(m, gnd) = 3k\n}"),
        of("net a, b, m, n\nR r1(a, m) = 1k\nR r2(m, b) = 2k\nR r3(m, gnd) = 3k\nR r4(b, n) = 1k\nR r5(n, a) = 2k\nR r6(n, gnd) = 3k"),
    ),
    "numbers within the tolerance": (of(LADDER), of(LADDER.replace("2k", "2000.001"))),
    "elements side by side": (of(LADDER + "R r3(a, b) = 1k\nR r4(b, a) = 5k"), of(LADDER + "R r9(a, b) = 5k\nR r8(a, b) = 1k")),
    "functions of time": (of("net a\nV v(a, gnd) = sine(0V, 1V, 1kHz)\nR r(a, gnd) = 1"), of("net b\nV w(b, gnd) = sine(0V, 1V, 1000Hz)\nR q(gnd, b) = 1")),
    "an element of the netlist": (own("a", "v * v / 1V"), own("b", "v * v / 1V")),
}  # fmt: skip
DIFFERENT: dict[str, tuple[Graph, Graph, str]] = {
    "a value off": (of(LADDER), of(LADDER.replace("2k", "2.2k")), "R r2(b, c) = 2000 of A has no partner; the nearest in B is R r2(b, c) = 2200"),
    "a number beyond the tolerance": (of(LADDER), of(LADDER.replace("2k", "2000.01")), "R r2(b, c) = 2000.01 of B"),
    "a moved wire": (of(LADDER), of(LADDER.replace("r2(b, c)", "r2(a, c)")), "A has a net b, which joins r1.n, r2.p; B has none like it; the nearest is b, which joins r1.n"),
    "a missing element": (of(LADDER), of(LADDER.replace("R r1(a, b) = 1k\n", "")), "A has 2 R, B has 1\nR r1(a, b) = 1000 of A has no partner"),
    "another kind": (of(LADDER), of(LADDER.replace("C c1(c, gnd) = 1nF", "L c1(c, gnd) = 1")), "A has 1 C, B has 0"),
    "a diode turned round": (of(LADDER), of(LADDER.replace("d1(a, gnd)", "d1(gnd, a)")), "D d1(a, gnd) of A has no partner; the nearest in B is D d1(gnd, a)"),
    "gate and drain changed": (of(MOS.format("d, g, s, gnd", "")), of(MOS.format("g, d, s, gnd", "")), "A has a net d, which joins m1.d, r1.p; B has none like it; the nearest is d, which joins m1.g, r1.p"),
    "another ground": (of("net a, b\nR r1(a, b) = 1k\nR r2(a, gnd) = 2k\nR r3(b, gnd) = 2k"), of("net a, b\nR r1(a, gnd) = 1k\nR r2(a, b) = 2k\nR r3(b, gnd) = 2k"), "R r1(a, b) = 1000 of A has no partner"),
    "ports by name": (of(LADDER, ports=("a", "c")), of(turned(LADDER), ports=("a", "c")), "has no partner"),
    "a source at another value": (of(LADDER), of(LADDER.replace("= 1V", "= -1V")), "V v1(a, gnd) = 1 of A has no partner; the nearest in B is V v1(a, gnd) = -1"),
    "another function of time": (of("net a\nV v(a, gnd) = sine(0V, 1V, 1kHz)\nR r(a, gnd) = 1"), of("net a\nV v(a, gnd) = sine(0V, 1V, 2kHz)\nR r(a, gnd) = 1"), "frequency = 1000"),
    "another law of one name": (own("a", "v"), own("a", "(v + v)"), "A has 1 Own"),
}  # fmt: skip


@pytest.mark.parametrize("what", EQUAL)
def test_what_has_other_names_only_is_equal(what: str) -> None:
    one, two = EQUAL[what]
    verdict = compare(one, two)
    assert verdict.equal, verdict.why
    assert verdict.nets["gnd"] == "gnd"
    assert sorted(verdict.parts) == sorted(p.name for p in one.parts)
    assert sorted(verdict.parts.values()) == sorted(p.name for p in two.parts)
    kinds = {p.name: p.kind for p in two.parts}
    assert all(kinds[verdict.parts[p.name]] == p.kind for p in one.parts)


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_is_said(what: str) -> None:
    one, two, said = DIFFERENT[what]
    verdict = compare(one, two)
    assert not verdict.equal
    assert said in "\n".join(verdict.why)
    assert not compare(two, one).equal


def network(size: int, edges: Edges, seed: int | None = None) -> Graph:
    """Equal resistors on nets that nothing tells apart; shuffled with a seed."""
    nets, order = list(range(1, size + 1)), list(range(len(edges)))
    if seed is not None:
        rng = random.Random(seed)
        rng.shuffle(nets)
        rng.shuffle(order)
    ends = [(nets[a], nets[b]) for a, b in edges]
    parts = [Part("R", f"r{k}", ("p", "n"), ends[k], ("p", "p"), {"r": 1e3}, "r", ("r",)) for k in order]
    return Graph(("gnd", *(f"n{k}" for k in range(size))), tuple(parts), {"gnd": 0})


def torus(rows: int, columns: int, twist: int = 0) -> Edges:
    """A grid without borders; with a twist the last row meets the first one so many columns further on."""
    at = [(i, j) for i in range(rows) for j in range(columns)]
    right = [(i * columns + j, i * columns + (j + 1) % columns) for i, j in at]
    down = [(i * columns + j, (i + 1) * columns + j if i + 1 < rows else (j + twist) % columns) for i, j in at]
    return right + down


def rings(sizes: list[int]) -> Edges:
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [(s + j, s + (j + 1) % n) for s, n in zip(starts, sizes, strict=True) for j in range(n)]


ROOK = [(a, b) for a in range(16) for b in range(a) if (a // 4 == b // 4) != (a % 4 == b % 4)]
SHRIKHANDE = [
    (a, b)
    for a in range(16)
    for b in range(a)
    if ((a // 4 - b // 4) % 4, (a - b) % 4) in ((0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3))
]
SYMMETRIC: dict[str, tuple[int, Edges, Edges, bool]] = {
    "a torus": (400, torus(20, 20), torus(20, 20), True),
    "a large torus": (2500, torus(50, 50), torus(50, 50), True),
    "a torus and a twisted one": (400, torus(20, 20), torus(20, 20, 2), False),
    "tori of two shapes": (144, torus(12, 12), torus(8, 18), False),
    "all joined to all": (100, [(a, b) for a in range(100) for b in range(a)], [(b, a) for a in range(100) for b in range(a)], True),
    "a star": (2001, [(0, k) for k in range(1, 2001)], [(2000, k) for k in range(2000)], True),
    "a crossbar": (120, [(a, 60 + b) for a in range(60) for b in range(60)], [(2 * a, 2 * b + 1) for a in range(60) for b in range(60)], True),
    "many equal rings": (600, rings([6] * 100), rings([6] * 100), True),
    "a ring of six among many, and two of three": (600, rings([6] * 100), rings([6] * 99 + [3, 3]), False),
    "strongly regular twins": (16, ROOK, SHRIKHANDE, False),
    "a hypercube": (256, [(a, a ^ 1 << k) for a in range(256) for k in range(8) if a < a ^ 1 << k], [(a ^ 85, a ^ 85 ^ 1 << k) for a in range(256) for k in range(8) if a < a ^ 1 << k], True),
}  # fmt: skip


@pytest.mark.parametrize("what", SYMMETRIC)
def test_networks_that_are_the_same_everywhere_are_told_apart_in_seconds(what: str) -> None:
    size, one, two, equal = SYMMETRIC[what]
    start = time.process_time()
    verdict = compare(network(size, one), network(size, two, seed=1))
    assert time.process_time() - start < 10.0
    assert verdict.equal == equal
    assert bool(verdict.why) != equal


def test_numbers_too_close_to_tell_are_an_error_and_never_equal() -> None:
    one = of("net a, b\nR r1(a, gnd) = 1k\nR r2(a, b) = 1.15k\nR r3(b, gnd) = 1.05k", tolerance=0.06)
    two = of("net a, b\nR r1(a, gnd) = 1.15k\nR r2(a, b) = 1k\nR r3(b, gnd) = 1.1k", tolerance=0.06)
    assert compare(one, one, 0.06).equal
    with pytest.raises(CircuitError, match="may or may not be the same"):
        compare(one, two, 0.06)
    assert not compare(one, two, 1e-6).equal


def test_a_module_that_takes_states_is_refused() -> None:
    netlist = compile_netlist(
        "module M(a, k: state) {\n R r(a, gnd) = 1k * k\n}\ncircuit A {\n net a\n state k = learn(1, 0.5..2)\n M m(a, k)\n R r(a, gnd) = 1\n}\n"
    )
    cell = next(c for c in netlist.cells if c.name == "M")
    with pytest.raises(CircuitError, match="state 'k'"):
        standing(cell)


def run(*arguments: object, code: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "netlearn", *map(str, arguments)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


SPICE = "t\n.subckt div a b\nR1 a b 10k\nR2 b 0 10k\n.ends\n.subckt Top in out\nX1 in out div\n.ends\n"


def test_the_command_compares_netlists_and_spice_and_exits_with_0_1_or_2(tmp_path: Path) -> None:
    divider = ROOT / "netlists" / "divider.nl"
    (tmp_path / "same.cir").write_text(SPICE)
    (tmp_path / "other.sp").write_text(SPICE.replace("R2 b 0 10k", "R2 b 0 11k"))
    (tmp_path / "same.nl").write_text(import_text(SPICE, "same.cir").text)
    assert run("equal", divider, tmp_path / "same.cir", code=0) == (
        "equal: 2 elements on 3 nets\n  not compared: inputs and outputs, which only one of them has\n"
    )
    found = json.loads(run("equal", divider, tmp_path / "same.nl", "--json", code=0))
    assert found["equal"]
    assert found["nets"] == {"gnd": "gnd", "in": "in", "out": "out"}
    assert found["elements"] == {"r1": "X1.R1", "r2": "X1.R2"}
    out = run("equal", divider, tmp_path / "other.sp", code=1)
    assert "R X1.R2(out, gnd) = 11000 of B has no partner; the nearest in A is R r2(out, gnd) = 10000" in out
    assert json.loads(run("equal", divider, tmp_path / "other.sp", "--json", code=1))["equal"] is False
    run("equal", divider, tmp_path / "other.sp", "--tolerance", 0.2, code=0)
    run("equal", tmp_path / "same.cir", tmp_path / "same.nl", "--circuit", "top", code=0)
    out = run("equal", divider, tmp_path / "same.cir", "--circuit-b", "div", code=0)
    assert "ports of one only" in out
    assert "known: div, Top" in run("equal", divider, tmp_path / "same.cir", "--circuit-b", "dib", code=2)
    assert "4k7" in run("import", _written(tmp_path / "bad.cir", "t\nR1 a 0 4k7\n"), code=2)


DRIVEN = """netlearn 0.1
circuit Driven {{
  net {0}, {1}, {2}
  R r({0}, {1}) = 1k
  R s({1}, {2}) = 1k
  R t({2}, {0}) = 1k
  R u({2}, gnd) = 1k
  {3}
}}
"""
DRIVES = [
    ("input i = V(a)\n  output o = V(b)", "input i = V(x)\n  output o = V(y)", True),
    ("input i = V(b)\n  output o = V(a)", "input p = V(x)\n  output q = V(y)", True),
    ("input i = V(a)\n  output o = V(b)", "input i = I(x)\n  output o = V(y)", False),
    ("input i = V(a)\n  output o = V(b)", "input i = V(x)\n  output o = V(z)", False),
    ("input i = V(a)\n  output o = V(b)", "input i = V(x)\n  output o = V(y, z)", False),
    ("input i = V(a)\n  output o = V(b)", "input i = V(x)\n  output o = I(r)", False),
    ("input i = V(a)\n  output o = I(r)", "input i = V(x)\n  output o = I(s)", False),
    ("input i = V(a)\n  output o = I(s)", "input i = V(x)\n  output o = I(s)", True),
    ("input i = V(a)", "input i = V(x)\n  input j = V(y)", False),
]


def driven(text: str) -> Graph:
    netlist = compile_netlist(text)
    return with_ends(graph(flatten(netlist.circuit), (), 1e-6), netlist.circuit)


@pytest.mark.parametrize(("one", "two", "same"), DRIVES)
def test_how_both_circuits_are_driven_and_read_is_compared(one: str, two: str, same: bool) -> None:
    a, b = driven(DRIVEN.format("a", "b", "c", one)), driven(DRIVEN.format("x", "y", "z", two))
    verdict = compare(a, b)
    assert verdict.equal == same
    assert same or "input" in "".join(verdict.why) or "output" in "".join(verdict.why)


def test_inputs_of_another_kind_are_different_and_are_no_elements(tmp_path: Path) -> None:
    one = _written(tmp_path / "one.nl", DRIVEN.format("a", "b", "c", "input i = V(a)\n  output o = V(b)"))
    two = _written(tmp_path / "two.nl", DRIVEN.format("a", "b", "c", "input i = I(a)\n  output o = V(b)"))
    assert "A has 1 input of V, B has 0" in run("equal", one, two, code=1)
    assert run("equal", one, one, code=0) == "equal: 4 elements on 4 nets\n"
    assert set(json.loads(run("equal", one, one, "--json", code=0))["elements"]) == set("rstu")


def test_the_import_command_leaves_a_netlist_that_is_laid_out(tmp_path: Path) -> None:
    file = _written(tmp_path / "a.cir", SPICE.replace("t\n", "t\nV1 in 0 1\nX9 in o Top\nR9 o 0 1k\n", 1))
    run("import", file, "-o", tmp_path / "a.nl", code=0)
    assert run("import", file, code=0) == (tmp_path / "a.nl").read_text()
    run("fmt", "--check", tmp_path / "a.nl", code=0)
    assert "circuit a: 3 nodes, 4 elements" in run("check", tmp_path / "a.nl", code=0)
    assert "name of a netlist" in run("import", file, "-o", tmp_path / "a.txt", code=2)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_every_shipped_netlist_is_equal_to_itself() -> None:
    for path in sorted((ROOT / "netlists" / "machine").glob("*.nl")):
        netlist = compile_netlist(path.read_text(), str(path), path.parent)
        one = graph(flatten(netlist.circuit), (), 1e-6)
        assert compare(one, one).equal, path
