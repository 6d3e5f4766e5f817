"""Verilog-A modules of every device: the numbers that two compilers give are those of our kernels."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from device_samples import alone, numbers, points
from export_samples import EVERY, STOP, STORING, TO_EXPORT, bench, biased, driven_bench, followed, stored
from simulators import compiled, ngspice, program, vacask

from netlearn.circuit.flat import initial
from netlearn.circuit.temperature import at
from netlearn.devices import DEVICES, Device, kernel
from netlearn.errors import KitError
from netlearn.export.leaves import law_names
from netlearn.export.names import RESERVED, model_name
from netlearn.export.veriloga import module
from netlearn.verify.openvaf import evaluated, worst

pytest.importorskip("openvaf_py", reason="pip install openvaf-py, which compiles Verilog-A")


def off(device: Device, folder: Path, text: str = "", span: float = 2.0) -> float:
    """How far a module is from our kernel at random points."""
    p = numbers(device) | {name: 0.0 for name, _ in device.series}
    return worst(device, text or module(device), folder, points(device, len(kernel(device).branches), span, 50), p)


@EVERY
@pytest.mark.parametrize("span", [0.3, 2.0])
def test_a_compiled_module_has_the_values_and_slopes_of_our_kernel(device: Device, span: float, tmp_path: Path) -> None:
    assert off(device, tmp_path, span=span) < 1e-12


@EVERY
def test_a_module_is_the_same_text_again_and_adms_reads_it(device: Device, tmp_path: Path) -> None:
    text = module(device)
    assert text == module(device)
    assert text.isascii()
    (tmp_path / "device.va").write_text(text)
    done = subprocess.run(
        [program("admsXml"), "device.va", "-e", "/dev/null"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [d.name for d in DEVICES.values() if d.temperature and "temp" not in d.param_names])
def test_a_module_moves_with_temperature_as_we_do(name: str, tmp_path: Path) -> None:
    device, x = DEVICES[name], points(DEVICES[name], 0, 1.0, 20)
    circuit = alone(device, numbers(device))
    hot = at(circuit, initial(circuit), 127.0).values[name]
    own = circuit.banks[name].names.index("dut")
    ours = kernel(device).evaluate(x, [hot[p][0, own] for p in device.param_names])
    theirs, *_ = evaluated(device, module(device), tmp_path, x, numbers(device), 400.15)
    np.testing.assert_allclose(theirs, ours[: len(theirs)], rtol=1e-12)


def instances(device: Device, letter: str, model: str, nodes: list[list[str]], params: dict[str, float]) -> list[str]:
    given = " ".join(f"{law_names(device)['p', p]}={value!r}" for p, value in params.items())
    return [f"{letter}{k} {' '.join(at)} {model} {given}" for k, at in enumerate(nodes)]


@EVERY
def test_ngspice_and_vacask_find_our_voltages_with_a_module(device: Device, tmp_path: Path) -> None:
    params, bias, ours = biased(device)
    name = model_name(device)
    compiled(module(device), name, tmp_path)
    lines, nodes = bench(bias)
    flat = [n for at in nodes for n in at]
    loads = [f'load "{name}.osdi"', f"model {name} {name}"]
    theirs = vacask(lines + instances(device, "x", name, nodes, params), flat, tmp_path, "hspice", loads)
    np.testing.assert_allclose(theirs.reshape(ours.shape), ours, atol=1e-9)
    deck = [f".model dut {name}", *lines, *instances(device, "n", "dut", nodes, params)]
    theirs = ngspice(deck, flat, tmp_path, before=f"pre_osdi {name}.osdi")
    np.testing.assert_allclose(theirs.reshape(ours.shape), ours, atol=1e-9)


@STORING
def test_ngspice_follows_our_transient_with_a_module(device: Device, tmp_path: Path) -> None:
    params, name = stored(device), model_name(device)
    compiled(module(device), name, tmp_path)
    lines, nodes = driven_bench(device)
    deck = [f".model dut {name}", *lines, *instances(device, "n", "dut", [nodes], params)]
    theirs = ngspice(deck, nodes, tmp_path, STOP, f"pre_osdi {name}.osdi", accuracy=1e-8)
    np.testing.assert_allclose(theirs, followed(device, params), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("NEKV", "V(g, b) - vto", "V(g, b) + vto"),
        ("NEKV", "1.4851", "1.6336"),
        ("D", "ddt(tt*", "ddt(1.1*tt*"),
        ("L", "ddt(I(e_)*l)", "ddt(-I(e_)*l)"),
    ],
)
def test_a_wrong_module_is_noticed(name: str, right: str, wrong: str, tmp_path: Path) -> None:
    text = module(DEVICES[name])
    assert text.count(right) == 1
    assert off(DEVICES[name], tmp_path, text.replace(right, wrong)) > 0.01


def test_an_undeclared_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "device.va").write_text(module(DEVICES["NEKV"]).replace("V(g, b) - vto", "V(g, b) - vt0"))
    done = subprocess.run(
        [program("admsXml"), "device.va", "-e", "/dev/null"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "vt0" in done.stdout + done.stderr


def test_names_that_verilog_has_or_that_differ_by_case_are_changed_and_none_is_used_twice() -> None:
    (wire,) = (device for device in TO_EXPORT if device.name == "Wire")
    known = law_names(wire)
    changed = {given: name for (_, given), name in known.items() if name != given}
    assert changed == {"M": "m_", "m": "m__", "Real": "real_", "In": "in", "in": "in_", "begin": "begin_"}
    assert len({name.casefold() for name in known.values()}) == len(known)
    assert not {name.casefold() for name in known.values()} & {word.casefold() for word in RESERVED}


def test_a_parameter_that_must_be_positive_and_is_not_given_is_refused(tmp_path: Path) -> None:
    compiled(module(DEVICES["R"]), "nl_r", tmp_path)
    with pytest.raises(AssertionError):
        ngspice([".model dut nl_r", "n1 a 0 dut", "i1 0 a 1e-3"], ["a"], tmp_path, before="pre_osdi nl_r.osdi")


def test_a_transistor_of_a_process_kit_has_no_module() -> None:
    with pytest.raises(KitError, match="known to ngspice only"):
        module(replace(DEVICES["NEKV"], kit="sky130"))
