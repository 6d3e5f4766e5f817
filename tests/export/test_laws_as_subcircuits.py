"""Laws as subcircuits of behavioural sources: other simulators find the voltages that our engine finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from export_samples import EVERY, STOP, STORING, bench, biased, driven_bench, followed, stored
from simulators import ngspice, vacask

from netlearn.devices import DEVICES, Device
from netlearn.export.laws import DIALECTS, subcircuit
from netlearn.export.leaves import law_names

MODES = {"ngspice": "", "dspf": "", "hspice": "hsa", "ltspice": "lta"}  # what makes ngspice read a dialect
LACKS = {"ltspice": [".func if(x,y,z) {ternary_fcn(x,y,z)}"]}  # known in mode ltpsa only, which ends exp() at exp(14)


def instances(device: Device, nodes: list[list[str]], params: dict[str, float]) -> list[str]:
    given = " ".join(f"{law_names(device)['p', p]}={value!r}" for p, value in params.items())
    return [f"x{k} {' '.join(at)} law {given}" for k, at in enumerate(nodes)]


@EVERY
@pytest.mark.parametrize("dialect", MODES)
def test_ngspice_finds_our_voltages_with_a_subcircuit(dialect: str, device: Device, tmp_path: Path) -> None:
    params, bias, ours = biased(device)
    lines, nodes = bench(bias)
    (tmp_path / ".spiceinit").write_text(f"set ngbehavior={MODES[dialect]}\n" if MODES[dialect] else "")
    deck = [
        *LACKS.get(dialect, []),
        *subcircuit(device, dialect, "law").split("\n"),
        *lines,
        *instances(device, nodes, params),
    ]
    theirs = ngspice(deck, [n for at in nodes for n in at], tmp_path)
    np.testing.assert_allclose(theirs.reshape(ours.shape), ours, rtol=1e-6, atol=1e-9)


@EVERY
def test_vacask_finds_our_voltages_with_a_subcircuit(device: Device, tmp_path: Path) -> None:
    params, bias, ours = biased(device)
    lines, nodes = bench(bias)
    deck = [*subcircuit(device, "xyce", "law").split("\n"), *lines, *instances(device, nodes, params)]
    loads = ['load "spice/capacitor.osdi"', "model capacitor capacitor"]
    theirs = vacask(deck, [n for at in nodes for n in at], tmp_path, "xyce", loads)
    np.testing.assert_allclose(theirs.reshape(ours.shape), ours, rtol=1e-6, atol=1e-9)


@STORING
@pytest.mark.parametrize("dialect", MODES)
def test_ngspice_follows_our_transient_with_a_subcircuit(dialect: str, device: Device, tmp_path: Path) -> None:
    params = stored(device)
    lines, nodes = driven_bench(device)
    (tmp_path / ".spiceinit").write_text(f"set ngbehavior={MODES[dialect]}\n" if MODES[dialect] else "")
    law = [*LACKS.get(dialect, []), *subcircuit(device, dialect, "law").split("\n")]
    deck = [*law, *lines, *instances(device, [nodes], params)]
    np.testing.assert_allclose(ngspice(deck, nodes, tmp_path, STOP, accuracy=1e-6), followed(device, params), atol=1e-6)


@pytest.mark.parametrize(("right", "wrong"), [("({vto}", "(-{vto}"), ("1.48516", "1.63368"), ("{gleak}", "1e-3")])
def test_a_wrong_subcircuit_is_noticed(right: str, wrong: str, tmp_path: Path) -> None:
    device = DEVICES["NEKV"]
    params, bias, ours = biased(device)
    lines, nodes = bench(bias)
    text = subcircuit(device, "ngspice", "law").replace("- {vto}", "- ({vto})").replace(right, wrong)
    deck = [*text.split("\n"), *lines, *instances(device, nodes, params)]
    theirs = ngspice(deck, [n for at in nodes for n in at], tmp_path).reshape(ours.shape)
    assert np.abs(theirs - ours).max() > 1e-4


@EVERY
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_subcircuit_is_the_same_text_again_and_lines_of_what_has_no_card_are_short(
    dialect: str, device: Device
) -> None:
    text = subcircuit(device, dialect)
    assert text == subcircuit(device, dialect)
    assert text.isascii()
    if device.card is None:
        assert max(map(len, text.split("\n"))) < 1024  # what HSPICE takes
