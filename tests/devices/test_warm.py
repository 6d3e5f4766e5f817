"""Circuits at other temperatures: both engines find the same voltages, and SPICE's own laws are ours where they are said to be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from device_samples import alone, numbers

from netlearn.backends import Backend
from netlearn.backends.ngspice import deck as decks
from netlearn.backends.ngspice.simulator import Simulator
from netlearn.circuit.flat import FlatCircuit, boundary, initial
from netlearn.circuit.temperature import at
from netlearn.devices import DEVICES, Device, kernel
from netlearn.devices.primitives import NOMINAL

Opened = Callable[[str, FlatCircuit], Backend]
Flat = Callable[..., FlatCircuit]
CELSIUS = pytest.mark.parametrize("celsius", [-40.0, 27.0, 125.0])
EVERY = pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES.keys())
MOS = {"vto": 0.5, "kp": 2e-4, "gamma": 0.6, "phi": 0.7, "lambda": 0.05, "w": 2e-5, "l": 1e-5, "is": 1e-12}
MOS |= {"cgso": 1e-9, "cgdo": 1e-9, "cbd": 2e-11, "cbs": 1e-11, "pb": 0.75, "mj": 0.4}
OURS = {
    "diode": ("D", {"is": 1e-13, "n": 1.4, "rs": 3.0, "cjo": 5e-11, "vj": 0.8, "m": 0.4, "tt": 1e-9}, ""),
    "diode of another gap": ("D", {"is": 1e-12, "n": 1.2, "eg": 0.69, "xti": 2.0, "cjo": 1e-11}, " eg=0.69 xti=2"),
    "n-channel": ("NMOS", MOS, ""),
    "p-channel": ("PMOS", MOS | {"vto": -0.5}, ""),
    "p-channel without a body effect": ("PMOS", MOS | {"vto": -0.7, "gamma": 0.0}, ""),
}
SPICES = pytest.mark.parametrize(("name", "given", "more"), OURS.values(), ids=OURS.keys())


def plain(device: Device, given: dict[str, float]) -> dict[str, float]:
    """All parameters of a device, those that are not given at their defaults."""
    return {p.name: given.get(p.name, p.default) for p in device.params}  # type: ignore[misc]


def bias(terminals: int, span: float, count: int) -> np.ndarray:
    return np.random.default_rng(5).uniform(-span, span, (count, terminals))


@CELSIUS
@EVERY
def test_both_engines_agree_on_every_device_at_any_temperature(device: Device, celsius: float, backend: Opened) -> None:
    given = numbers(device) | ({"temp": NOMINAL} if "temp" in device.param_names else {})
    given |= {"gain": 20.0} if device.name == "OpAmp" else {}  # it has no feedback here
    circuit = alone(device, given)
    params, held = at(circuit, initial(circuit), celsius), boundary(circuit, bias(len(device.terminals), 2.0, 40))
    one, two = (backend(name, circuit).operating_points(params, held) for name in ("native", "ngspice"))
    assert one.settled.all()
    assert two.settled.all()
    np.testing.assert_allclose(one.x, two.x, rtol=1e-6, atol=1e-11)
    volts, other = (found.x[..., : len(circuit.nodes)] for found in (one, two))
    np.testing.assert_allclose(volts, other, rtol=1e-9, atol=1e-9)


def warmed(text: str, celsius: float, more: str) -> str:
    """A deck that ngspice warms itself."""
    text = text.replace("d(is=", f"d({more} is=") if more else text
    return text.replace(".options", f".temp {celsius}\n.options", 1)


@pytest.mark.parametrize("celsius", [-40.0, 85.0, 125.0])
@SPICES
def test_spices_own_laws_are_ours(
    name: str, given: dict[str, float], more: str, celsius: float, backend: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = DEVICES[name]
    circuit = alone(device, plain(device, given))
    cold, held = initial(circuit), boundary(circuit, bias(len(device.terminals), 2.0, 60))
    ours = backend("native", circuit).operating_points(at(circuit, cold, celsius), held)
    unmoved = backend("native", circuit).operating_points(cold, held)
    write = decks.write

    def hot(*args: object) -> decks.Deck:
        deck = write(*args)  # type: ignore[arg-type]
        return decks.Deck(warmed(deck.text, celsius, more), *list(vars(deck).values())[1:])

    monkeypatch.setattr(decks, "write", hot)
    spices = backend("ngspice", circuit).operating_points(cold, held)
    assert spices.settled.all()
    np.testing.assert_allclose(ours.x, spices.x, rtol=1e-6, atol=1e-9)
    assert np.abs(ours.x - unmoved.x).max() > 1e-2


CAPACITANCES = {
    "diode": ("D", OURS["diode"][1] | {"tt": 0.0}, (-1.5, 0.0), 3.38039470831e-11),
    "drain of a transistor": ("NMOS", MOS | {"cgdo": 0.0}, (2.0, 0.0, 0.0, -1.0), 1.06763064183e-11),
}


@pytest.mark.parametrize(("name", "given", "volts", "farads"), CAPACITANCES.values(), ids=CAPACITANCES.keys())
def test_depletion_capacitances_at_125_degrees_are_what_ngspice_measures(
    name: str, given: dict[str, float], volts: tuple[float, ...], farads: float
) -> None:
    """By its .ac at 1 kHz, with .temp 125 and the parameters of 27 C (ngspice 39)."""
    device = DEVICES[name]
    circuit = alone(device, plain(device, given))
    numbers_at = at(circuit, initial(circuit), 125.0).values[name]
    law = kernel(device)
    found = law.charge([np.array(v) for v in volts], [numbers_at[p][0, 0] for p in device.param_names])
    slope = found[len(device.terminals) + law.charge_entries.index((0, 0))]
    assert float(slope) == pytest.approx(farads, rel=1e-7)


def test_a_resistance_has_spices_coefficients(flat: Flat) -> None:
    circuit = flat("net a, b\nR r1(a, b) { r = 1k, tc1 = 2e-3, tc2 = -5e-6 }\nR r2(b, gnd) = 1k\noutput y = V(b)")
    deck = "* two\nv0 n1 0 external\nr1 n1 n2 1000 tc1=2e-3 tc2=-5e-6\nr2 n2 0 1000\nvsweep ns 0 0\nrsweep ns 0 1\n.temp 125\n.save v(n2)\n.end\n"
    with Simulator(deck, ["v0"], ["n2"]) as spice:
        half = float(spice.operating_points([[1.0]]).values[0, 0])
    ohms = at(circuit, initial(circuit), 125.0).values["R"]["r"][0]
    assert ohms[1] / ohms.sum() == pytest.approx(half, rel=1e-9)


def test_one_circuit_has_spots_that_are_hotter(flat: Flat, backend: Opened) -> None:
    circuit = flat(
        """net a, b, c
        R r1(a, b) = 10k
        D cool(b, gnd) { is = 1pA }
        R r2(a, c) = 10k
        D warm(c, gnd) { is = 1pA }
        input x = V(a)
        output y = V(b) - V(c)"""
    )
    params, held = initial(circuit), boundary(circuit, [[5.0]])
    hot = at(circuit, params, 50.0, {"warm": 30.0})
    assert (hot.values["D"]["temp"][0] - 273.15).tolist() == pytest.approx([50.0, 80.0])
    found = [backend(name, circuit).operating_points(hot, held).x[0, 0] for name in ("native", "ngspice", "reference")]
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found[0], found[2], rtol=0, atol=1e-9)
    apart = found[0][circuit.node_index["b"]] - found[0][circuit.node_index["c"]]
    assert 0.04 < apart < 0.09  # some 2 mV a degree


def test_decks_at_27_degrees_say_nothing_of_temperature(flat: Flat) -> None:
    circuit = flat(
        "net a\nD d(a, gnd) { is = 1pA }\nNMOS m(a, a, gnd, gnd) { vto = 0.7V }\ninput x = V(a)\noutput y = V(a)"
    )
    for celsius, said in ((27.0, 0), (85.0, 4)):
        params = at(circuit, initial(circuit), celsius)
        values = {d: {p: v[0] for p, v in of.items()} for d, of in params.values.items()}
        text = decks.write(circuit, values, [circuit.node_index["a"]], [], [], frozenset()).text
        assert text.count("temp=") + text.count("tnom=") == said
