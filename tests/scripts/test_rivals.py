"""The rivals of the benchmarks give right answers: a benchmark against a wrong one says nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from netlearn.lang.lattice import draw

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.mark.parametrize("keep_order", [True, False])
@pytest.mark.parametrize(
    ("kind", "size", "volts"),
    [("rgrid", 32, 0.458021), ("rdgrid", 16, 0.486316), ("rdgrid", 32, 0.500622), ("mosgrid", 8, 0.168700)],
)
def test_the_splu_newton_finds_the_published_voltages(
    kind: str, size: int, volts: float, keep_order: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("scipy")
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    from bench_rivals import SpluNewton

    lattice = draw(kind, size, 0)
    found, _ = SpluNewton(lattice, keep_order).solve()
    assert found[lattice.centre] == pytest.approx(volts, abs=5.1e-7)


def test_a_layered_network_solves_to_balanced_currents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    from bench_circuits import layered, shape

    from netlearn.backends.reference import Reference
    from netlearn.circuit.flat import boundary

    network = layered(5, 4, 3)
    circuit, inputs = shape(network.netlist()), network.inputs(2)
    found = Reference(circuit).operating_points(network.params(circuit), boundary(circuit, inputs))
    h, o = ([found.x[0, 0, circuit.node_index[f"{n}[{k}]"]] for k in range(c)] for n, c in (("h", 4), ("o", 3)))
    np.testing.assert_allclose(o * network.second.sum(axis=0), h @ network.second, rtol=1e-9)
    assert max(h[0], h[2], -h[1], -h[3]) < 1.5  # the diodes hold them
    assert network.deck(inputs[0]).count("\nR") == 10 * 4 + 4 * 3
