"""The bridge to PySpice: circuits there and back, and its own path through ngspice as an independent check."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netlearn.backends import Backend
from netlearn.backends.pyspice import from_pyspice, node_names, operating_point, to_pyspice
from netlearn.circuit.flat import FlatCircuit, boundary, flatten, initial
from netlearn.errors import BackendError
from netlearn.lang.compile import compile_file, compile_netlist
from netlearn.learn.task import make_task

Flat = Callable[..., FlatCircuit]
Opened = Callable[[str, FlatCircuit], Backend]
NETLISTS = sorted((Path(__file__).resolve().parents[2] / "netlists").glob("*.nl"))
TIGHT = {"reltol": 1e-9, "vntol": 1e-12, "abstol": 1e-15}
EXACT = """
net a, b, c, d, s, t, t2, u, w, q
input x = V(a)
input i = I(b)
R r1(a, b) = 1.23456789k
G g1(b, gnd) = 0.7mS
C c1(b, c) = 1nF
C c2(d, gnd) = 1uF, ic = 0.3V
L l1(c, gnd) = 1mH
V v1(s, gnd) = 0.25V
I i1(gnd, b) = 10uA
VCVS e1(t, gnd, b, gnd) = 2
VCCS m1(c, gnd, b, gnd) = 1mS
CCVS h1(u, gnd, b, w) = 500
CCCS f1(gnd, t2, w, gnd) = 3
D d1(b, gnd) { is = 1pA, n = 1.5, rs = 10, cjo = 1pF }
NMOS n1(d = b, g = s, s = gnd, b = gnd) { model = ald1106 }
PMOS p1(d = b, g = s, s = q, b = q) { model = ald1107 }
R r2(t2, gnd) = 1k
R r3(u, gnd) = 1k
R r4(q, s) = 1k
R r5(d, b) = 10k
R r6(t, gnd) = 1k
"""
LAWS = """
net a, b, o, k
input x = V(a)
R r1(a, b) = 1k
NEKV m1(d = b, g = a, s = gnd, b = gnd)
PEKV m2(d = b, g = a, s = gnd, b = gnd)
Ohmic e1(b, gnd) = 1V
Switch s1(p = b, n = gnd, cp = a, cn = gnd)
Comparator c1(p = a, n = b, out = o) { gain = 10 }
Multiplier u1(x1 = a, x2 = gnd, y1 = b, y2 = gnd, out = k)
R r2(o, gnd) = 1k
R r3(k, gnd) = 1k
"""


@pytest.fixture(autouse=True, scope="module")
def pyspice() -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("PySpice", reason="PYSPICE IS NOT INSTALLED: pip install netlearn[pyspice]")


def ours(circuit: FlatCircuit, backend: Opened, x: list[float]) -> np.ndarray:
    found = backend("ngspice", circuit).operating_points(initial(circuit), boundary(circuit, [x]))
    assert found.settled.all()
    return found.x[0, 0, : len(circuit.nodes)]


def theirs(circuit: FlatCircuit, x: list[float], **options: float) -> np.ndarray:
    found = operating_point(to_pyspice(circuit, initial(circuit), boundary(circuit, [x])), **options)
    return np.array([0.0, *(found.nodes[name.lower()] for name in node_names(circuit)[1:])])


@pytest.mark.parametrize("body", [EXACT, LAWS], ids=["elements of SPICE", "behavioural"])
def test_pyspice_finds_the_voltages_that_we_find(body: str, flat: Flat, backend: Opened) -> None:
    circuit = flat(body)
    for value in (0.1, 0.9, 2.0):
        x = [value, 1e-5][: len(circuit.inputs)]
        mine = ours(circuit, backend, x)
        np.testing.assert_allclose(theirs(circuit, x), mine, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(theirs(circuit, x, **TIGHT), mine, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("path", NETLISTS, ids=lambda p: p.stem)
def test_pyspice_agrees_on_every_netlist(path: Path, backend: Opened) -> None:
    netlist = compile_file(path)
    circuit, task = flatten(netlist.circuit), make_task(netlist.task, 0)
    x = list(task.inputs[0])
    np.testing.assert_allclose(theirs(circuit, x, **TIGHT), ours(circuit, backend, x), atol=1e-6)


def test_a_circuit_comes_back_as_it_went(flat: Flat, backend: Opened) -> None:
    circuit = flat(EXACT)
    x = [0.9, 1e-5]
    out = to_pyspice(circuit, initial(circuit), boundary(circuit, [x]))
    back = flatten(compile_netlist(from_pyspice(out)).circuit)
    again = to_pyspice(back, initial(back), boundary(back, [[]]))
    twice = flatten(compile_netlist(from_pyspice(again)).circuit)
    mine = dict(zip(node_names(circuit), ours(circuit, backend, x), strict=True))
    for other in (back, twice):
        found = dict(zip(node_names(other), ours(other, backend, []), strict=True))
        assert {n: found[n] for n in mine} == pytest.approx(mine, abs=1e-9)
    for device in ("R", "C", "D", "NMOS", "PMOS", "VCVS", "VCCS", "CCVS", "CCCS", "L", "I"):
        for param in circuit.banks[device].device.param_names if device in circuit.banks else ():
            before, after = (sorted(c.base[device][param]) for c in (back, twice))
            np.testing.assert_array_equal(before, after)


def built() -> Any:
    """A PySpice circuit as its users write them."""
    from PySpice.Spice.Netlist import Circuit, SubCircuit
    from PySpice.Unit import u_kΩ, u_V

    class Divider(SubCircuit):  # type: ignore[misc]
        NODES = ("top", "tap")

        def __init__(self) -> None:
            super().__init__("divider", *self.NODES)
            self.R(1, "top", "tap", 1 @ u_kΩ)
            self.R(2, "tap", self.gnd, 3 @ u_kΩ)

    circuit = Circuit("A first one")
    circuit.subcircuit(Divider())
    circuit.V("in", "in", circuit.gnd, 2 @ u_V)
    circuit.X("half", "divider", "in", "out")
    circuit.R("load", "out", circuit.gnd, 10e3)
    circuit.model("DMOD", "D", IS=1e-12, N=1.8)
    circuit.D(1, "out", "net", model="DMOD")
    circuit.R("net", "net", circuit.gnd, 2.2e3)
    circuit.model("nch", "NMOS", LEVEL=1, VTO=0.7, KP=2e-4, LAMBDA=0.02)
    circuit.M(1, "d", "out", circuit.gnd, circuit.gnd, model="nch", width=20e-6, length=10e-6)
    circuit.R("d", "d", "in", 4.7e3)
    circuit.CCCS("mirror", "m", circuit.gnd, source="Vin", current_gain=0.5)
    circuit.CCVS("trans", "t", circuit.gnd, source="Vin", transresistance=100.0)
    circuit.R("m", "m", circuit.gnd, 1e3)
    circuit.R("t", "t", circuit.gnd, 1e3)
    return circuit


def test_a_circuit_written_for_pyspice_is_read_with_its_subcircuits(backend: Opened) -> None:
    circuit = built()
    text = from_pyspice(circuit)
    assert "module divider_(" in text
    flat = flatten(compile_netlist(text).circuit)
    found = operating_point(circuit, **TIGHT)
    mine = dict(zip(flat.nodes, ours(flat, backend, []), strict=True))
    for name, value in found.nodes.items():
        if not name.startswith("x"):
            assert mine[f"n_{name}"] == pytest.approx(value, abs=1e-9)


def bipolar(circuit: Any) -> None:
    circuit.model("q", "NPN", BF=100)
    circuit.BJT(1, "a", "b", circuit.gnd, model="q")


ODD = {
    "a bipolar transistor": (bipolar, "model q is of the kind NPN"),
    "a behavioural source": (lambda c: c.B("x", "a", c.gnd, current_expression="v(a)"), "Bx is a BehavioralSource"),
    "a temperature": (lambda c: c.R("t", "a", c.gnd, 1e3, temperature=50), "Rt has the parameter temperature"),
    "an expression": (lambda c: c.VCVS("e", "a", c.gnd, "b", c.gnd, voltage_gain="{gain}"), "Ee has the voltage_gain"),
    "a missing model": (lambda c: c.D("d", "a", c.gnd, model="nowhere"), "Dd is of the model nowhere"),
    "a missing source": (
        lambda c: c.CCCS("f", "a", c.gnd, source="Vno", current_gain=1),
        "Ff follows the current of Vno",
    ),
    "raw lines": (lambda c: setattr(c, "raw_spice", "R9 a 0 1k"), "raw SPICE"),
    "an include": (lambda c: c.include(__file__), "includes"),
    "a parameter of a model": (lambda c: c.model("m", "NMOS", LEVEL=1, TOX=1e-8), "tox"),
    "another level": (lambda c: c.model("m", "NMOS", LEVEL=3), "level = 3"),
    "a global parameter": (lambda c: c.parameter("gain", 3), "parameters"),
}


@pytest.mark.parametrize(("spoil", "said"), ODD.values(), ids=ODD.keys())
def test_what_has_no_counterpart_is_refused_by_name(spoil: Callable[[Any], Any], said: str) -> None:
    from PySpice.Spice.Netlist import Circuit

    circuit = Circuit("odd")
    circuit.R(1, "a", "b", 1e3)
    spoil(circuit)
    with pytest.raises(BackendError, match=said.replace("{", r"\{")):
        from_pyspice(circuit)


def test_a_point_that_needs_gmin_stepping_is_no_error(flat: Flat, backend: Opened) -> None:
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, b) = 1\nD d1(b, gnd) { is = 1e-14 }\nD d2(b, gnd) { is = 1e-17 }")
    np.testing.assert_allclose(theirs(circuit, [50.0], **TIGHT), ours(circuit, backend, [50.0]), rtol=1e-6)


def test_a_circuit_without_an_answer_is_told_in_ngspices_words(flat: Flat) -> None:
    circuit = flat("net a, b\ninput x = V(a)\nR r1(a, gnd) = 1k\nV v1(a, gnd) = 1V\nR r2(a, b) = 1k\nR r3(b, gnd) = 1k")
    with pytest.raises(BackendError, match="ngspice:"):
        theirs(circuit, [0.5])
    good = flat("net a, b\ninput x = V(a)\nR r1(a, b) = 1k\nR r2(b, gnd) = 1k")
    assert theirs(good, [1.0])[2] == pytest.approx(0.5)


def test_pyspice_is_silent_and_gives_its_circuits_back(flat: Flat, caplog: pytest.LogCaptureFixture) -> None:
    circuit = flat(EXACT)
    level = logging.getLogger("PySpice").level
    for _ in range(5):
        theirs(circuit, [0.5, 0.0])
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared

    assert NgSpiceShared.new_instance().plot_names == ["const"]
    assert not caplog.records
    assert logging.getLogger("PySpice").level == level


def test_without_pyspice_the_extra_is_named(flat: Flat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySpice.Spice.Netlist", None)
    circuit = flat("net a\ninput x = V(a)\nR r1(a, gnd) = 1k")
    with pytest.raises(BackendError, match=r"netlearn\[pyspice\]"):
        to_pyspice(circuit, initial(circuit), boundary(circuit, [[0.0]]))
