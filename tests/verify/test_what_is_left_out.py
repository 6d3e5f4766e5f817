"""Every number of every device in every format: it is in the files, or what the format leaves out is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from device_samples import numbers
from exported import design_of
from simulators import program
from verified import exported, rows, spoil

from netlearn.backends import open_backend
from netlearn.circuit.flat import flatten, initial
from netlearn.circuit.model import GROUND, Cell, Circuit, Element, Instance
from netlearn.circuit.temperature import at
from netlearn.devices import DEVICES, Device
from netlearn.errors import CircuitError
from netlearn.export.again import again
from netlearn.export.copy import designed
from netlearn.export.design import Design
from netlearn.export.formats import FORMATS, Format, Order
from netlearn.lang.compile import compile_netlist
from netlearn.verify.model import FAILED, PASSED, ran
from netlearn.verify.rawfile import operating_point

WARM = """netlearn 0.1
module Half(a, b) { R r(a, b) { r = 1k, tc1 = 5e-3, tc2 = 2e-6 } }
circuit Warm {
  net a, b
  V supply(a, gnd) = 1V
  Half h(a, b)
  R s(b, gnd) = 1k
  output y = V(b)
}
mismatch chip on Warm {
  seed 1
  R.tc1 ~ 1%
}
"""
BENCHES = {"ngspice": "tb.cir", "hspice": "tb.sp", "ltspice": "tb.net", "dspf": "tb.cir"}
MODES = {"hspice": "hsa", "ltspice": "lta"}
DUTS = {
    "ngspice": "dut.cir",
    "hspice": "dut.sp",
    "xyce": "dut.cir",
    "ltspice": "dut.net",
    "spectre": "dut.scs",
    "dspf": "dut.spf",
    "xschem": "half.sch",
    "kicad": "sheet1.kicad_sch",
}


def alone(device: Device, params: dict[str, float]) -> Design:
    """A device in a cell of its own, every terminal behind a resistor."""
    nets = [f"t{k}" for k in range(len(device.terminals))]
    elements = [Element(f"r{k}", DEVICES["R"], (net, GROUND), {"r": 1e3}) for k, net in enumerate(nets)]
    inner = Cell("Inner", tuple(nets), (), (Element("x", device, tuple(nets), params),), (), {})
    instance = Instance("one", inner, {net: net for net in nets})
    circuit = Circuit("alone", Cell("alone", (), tuple(nets), tuple(elements), (instance,), {}), (), ())
    shape = flatten(circuit)
    return designed(circuit, shape, initial(shape), np.zeros(0), "alone")


@pytest.mark.parametrize("format", [f for f in FORMATS.values() if not f.leaves], ids=lambda f: f.name)
@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_a_number_that_is_another_one_makes_another_file(device: Device, format: Format) -> None:
    params = numbers(device) | ({"temp": 300.15} if "temp" in device.param_names else {})
    try:
        files = dict(format.write(alone(device, params), Order()))
    except CircuitError:
        pytest.skip("it is refused")
    for name in params.keys() - {"temp"}:
        other = alone(device, params | {name: params[name] * 0.9})
        assert dict(format.write(other, Order())) != files, f"{format.name} says nothing of {name} of {device.name}"


@pytest.mark.parametrize("draw", [None, 1])
@pytest.mark.parametrize("format", BENCHES)
def test_a_deck_is_as_warm_as_we_are(format: str, draw: int | None, tmp_path: Path) -> None:
    program("ngspice")
    netlist = compile_netlist(WARM)
    design = design_of(netlist, draw=draw)
    folder = exported(design, tmp_path / "x", format)
    assert all(row.verdict == PASSED for tool in ("netlearn", "ngspice") for row in rows(tool, design, folder, format))
    spoil(folder / format / BENCHES[format], r"^\.op$", ".temp 127\n.op")
    (folder / format / ".spiceinit").write_text(f"set ngbehavior={MODES.get(format, '')}\nset filetype=ascii\n")
    ran(["ngspice", "-b", "-r", "hot.raw", BENCHES[format]], folder / format)
    found = again(design)
    hot = open_backend("native", found.shape).operating_points(at(found.shape, found.params, 127.0), found.boundary)
    theirs = operating_point((folder / format / "hot.raw").read_text())
    assert theirs["b"] == pytest.approx(hot.x[0, 0][found.places(design)["b"]], rel=1e-6)
    assert theirs["b"] < 0.42


@pytest.mark.parametrize("format", DUTS)
def test_a_coefficient_that_is_dropped_is_found(format: str, tmp_path: Path) -> None:
    design = design_of(compile_netlist(WARM))
    folder = exported(design, tmp_path / "x", format)
    spoil(folder / format / DUTS[format], r" tc1=\S+| tc=\S+ ", "")
    assert FAILED in {row.verdict for row in rows("netlearn", design, folder, format)}


@pytest.mark.parametrize("format", ["ngspice", "hspice", "xyce", "ltspice", "spectre"])
def test_vacask_reads_the_coefficients(format: str, tmp_path: Path) -> None:
    folder = exported(design_of(compile_netlist(WARM), draw=1), tmp_path / "x", format)
    found = rows("vacask", design_of(compile_netlist(WARM), draw=1), folder, format)
    assert [row.verdict for row in found] == [PASSED, PASSED]


def test_a_readme_says_what_is_not_in_a_folder(tmp_path: Path) -> None:
    text = (exported(design_of(compile_netlist(WARM)), tmp_path / "x", "ngspice", "cdl") / "README.md").read_text()
    assert "temperature coefficients" in text
    assert "27 C" not in text
    law = design_of(compile_netlist("netlearn 0.1\ncircuit A {\n net a\n Ohmic e(a, gnd) = 2V\n V v(a, gnd) = 1V\n}\n"))
    assert "Of Ohmic the laws" in (exported(law, tmp_path / "y", "ngspice") / "README.md").read_text()


@pytest.mark.parametrize("format", ["ngspice", "hspice", "xyce", "ltspice", "dspf", "spectre", "veriloga"])
def test_who_adds_an_ac_analysis_is_told_that_a_stored_voltage_is_a_short_there(format: str, tmp_path: Path) -> None:
    text = "netlearn 0.1\ncircuit A {\n net a, b\n V v(a, gnd) = 1V\n R r(a, b) = 1k\n C c(b, gnd) = 1uF{}\n}\n"
    told = []
    for name, stored in (("plain", ""), ("held", ", ic = 0.25V")):
        folder = exported(design_of(compile_netlist(text.replace("{}", stored))), tmp_path / name, format)
        files = "".join(path.read_text() for path in (folder / format).iterdir())
        told.append(("there it is a short" in files, "(.ac)" in (folder / "README.md").read_text()))
    assert told == [(False, False), (True, True)]


@pytest.mark.parametrize("warm", ["", ", tc1 = 5e-3"])
def test_a_conductor_that_would_lose_its_coefficients_is_refused(warm: str) -> None:
    text = f"""netlearn 0.1
module Half(a, b, s: state) {{ G g(a, b) {{ g = s{warm} }} }}
circuit A {{
  net a, b
  V v(a, gnd) = 1V
  state some = learn(1mS, 0S..2mS)
  state none = learn(0S, 0S..2mS)
  Half h(a, b, some)
  Half k(b, gnd, none)
  R r(b, gnd) = 1k
}}
"""
    refused = ""
    try:
        design_of(compile_netlist(text))
    except CircuitError as fault:
        refused = fault.message
    assert ("h.g has temperature coefficients" in refused) == bool(warm)
