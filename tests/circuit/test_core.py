"""What of a circuit its outputs depend on."""

from pathlib import Path

import numpy as np
import pytest

from netlearn.backends import open_backend
from netlearn.circuit.core import core, pruned
from netlearn.circuit.flat import boundary, flatten, initial
from netlearn.lang.compile import compile_file, compile_netlist

NETLISTS = Path(__file__).parents[2] / "netlists"
SOLVABLE = sorted(path for path in NETLISTS.rglob("*.nl") if path.parent.name != "kits")  # a kit is for ngspice alone
LOOKERS = """netlearn 0.1
element Follower(out, ref, in) {{ voltage e(out, ref) = V(in, ref) }}
circuit Board {{
  net a, b, g, seen, doubled, lamp
  R r1(a, b) = 1k
  {edge}
  C cg(g, gnd) = 1uF, ic = learn(2V, 1V..5V)
  R r2(b, gnd) = 1k
  Comparator look(p = a, n = b, out = seen)
  Follower more(doubled, gnd, seen)
  D glow(doubled, lamp)
  R dim(lamp, gnd) = 470
  {loop}
  input  x = V(a)
  output y = V(b)
}}"""
EDGE = "NMOS m(a, g, b, gnd) { vto = 0.7V, kp = 1mA/V^2, w = 10um, l = 10um }"


def board(loop: str = "", edge: str = EDGE):
    return flatten(compile_netlist(LOOKERS.format(loop=loop, edge=edge)).circuit)


def names(circuit):
    return sorted(name for bank in circuit.banks.values() for name in bank.names)


def test_what_only_looks_at_a_network_is_not_of_its_core():
    circuit = board()
    assert names(pruned(circuit, core(circuit))) == ["cg", "m", "r1", "r2"]


def test_what_loads_the_network_is_and_so_is_what_that_depends_on():
    circuit = board("R back(lamp, b) = 10k")
    assert names(pruned(circuit, core(circuit))) == names(circuit)


def test_a_gate_that_nobody_looks_at_is_left_out():
    circuit = board(edge="R other(a, b) = 2k")
    assert names(pruned(circuit, core(circuit))) == ["other", "r1", "r2"]


def test_without_outputs_all_of_a_circuit_is_its_core():
    text = "netlearn 0.1\ncircuit Bare {\n  net a\n  R r(a, gnd) = 1k\n  V v(a, gnd) = 1V\n}"
    circuit = flatten(compile_netlist(text).circuit)
    assert names(pruned(circuit, core(circuit))) == ["r", "v"]


@pytest.mark.parametrize("loop", ["", "R back(lamp, b) = 10k"])
def test_the_core_alone_has_the_voltages_that_it_has_in_the_circuit(loop):
    _same(board(loop))


@pytest.mark.parametrize("path", SOLVABLE, ids=lambda p: p.stem)
def test_of_every_netlist_too(path):
    for written in compile_file(path).circuits.values():
        if written.outputs:
            _same(flatten(written))


def _same(circuit):
    found = core(circuit)
    alone = pruned(circuit, found)
    x = np.random.default_rng(1).uniform(0.05, 0.3, (2, len(circuit.inputs)))
    whole = open_backend("native", circuit).operating_points(initial(circuit), boundary(circuit, x))
    part = open_backend("native", alone).operating_points(initial(alone), boundary(alone, x))
    assert whole.settled.all()
    assert part.settled.all()
    at = [circuit.node_index[name] for name in alone.nodes]
    held = found.unknowns[at]
    held[0] = True
    apart = np.abs(whole.x[..., at] - part.x[..., : len(alone.nodes)])[..., held]
    assert apart.max() < 1e-8 * max(1.0, np.abs(whole.x[..., at]).max())
    assert [s.name for s in alone.states] == [s.name for s in circuit.states]
