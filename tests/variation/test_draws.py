"""Draws of a circuit: within a die, apart, from lot to lot and in corners, each with numbers of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from netlearn.circuit.chance import Keyed, Scaled, draw_seeds
from netlearn.circuit.flat import FlatCircuit, Floats, flatten, initial
from netlearn.errors import CircuitError
from netlearn.lang.compile import compile_netlist
from netlearn.variation.corners import CORNERS
from netlearn.variation.draws import LEAST, drawn, varied

Flat = Callable[..., FlatCircuit]
MANY = Keyed(draw_seeds(0, 0, 2000))
ENDS = "input x = V(a)\noutput y = V(b)"


def _values(
    circuit: FlatCircuit, device: str, param: str, chance: Keyed | Scaled = MANY, corner: str = "", area: float = 1.0
) -> Floats:
    return drawn(circuit, varied(circuit, {}), initial(circuit), chance, corner, area).values[device][param]


def test_a_part_is_what_it_is_meant_to_be_times_lot_apart_and_within(flat: Flat) -> None:
    circuit = flat(f"net a, b\nR r1(a, b) = 10k ~ 1% apart 2% lot 5%\nR r2(b, gnd) = 20k ~ 1% apart 2% lot 5%\n{ENDS}")
    lot, apart = MANY.normal("lot/r", ["R"]), MANY.normal("apart/R.r", ["r1", "r2"])
    within = MANY.normal("within/r", ["r1", "r2"])
    expected = np.array([10e3, 20e3]) * (1 + 0.05 * lot) * (1 + 0.02 * apart) * (1 + 0.01 * within)
    assert np.allclose(_values(circuit, "R", "r"), expected, rtol=1e-13)


def test_what_is_in_a_unit_is_added(flat: Flat) -> None:
    circuit = flat(f"net a, b\nNMOS m(a, b, gnd, gnd) {{ vto = 0.5V }} ~ vto 2mV apart 1% lot normal(30mV)\n{ENDS}")
    lot, apart, within = (
        MANY.normal("lot/vto", ["NMOS"]),
        MANY.normal("apart/NMOS.vto", ["m"]),
        MANY.normal("within/vto", ["m"]),
    )
    expected = 0.5 * (1 + 0.01 * apart) + 0.03 * lot + 0.002 * within
    assert np.allclose(_values(circuit, "NMOS", "vto"), expected, rtol=1e-13)


def test_a_part_has_the_same_numbers_whatever_else_is_in_the_netlist_and_in_whatever_order(flat: Flat) -> None:
    parts = [
        "R r1(a, b) = 10k ~ 1% lot 5%",
        "R r2(b, gnd) = 20k ~ 2% apart 1%",
        "NMOS m(a, b, gnd, gnd) ~ vto 5mV",
        "R r3(b, gnd) = 20k",
        "D d(a, b) ~ is lognormal(50%)",
    ]
    one = flat("\n".join(["net a, b", *parts, ENDS]))
    other = flat("\n".join(["net a, b", *parts[::-1], ENDS]))
    few = flat("\n".join(["net a, b", parts[1], ENDS]))
    for device, param, name in (("R", "r", "r1"), ("R", "r", "r2"), ("NMOS", "vto", "m"), ("D", "is", "d")):
        mine, theirs = (
            _values(circuit, device, param)[:, circuit.banks[device].names.index(name)] for circuit in (one, other)
        )
        assert np.array_equal(mine, theirs), name
    assert np.array_equal(_values(few, "R", "r")[:, 0], _values(one, "R", "r")[:, one.banks["R"].names.index("r2")])


def test_a_draw_is_the_same_alone_as_among_many(flat: Flat) -> None:
    circuit = flat(f"net a, b\nR r1(a, b) = 10k ~ 1% lot 5%\nR r2(b, gnd) = 20k ~ lognormal(20%)\n{ENDS}")
    every = _values(circuit, "R", "r")
    assert np.array_equal(_values(circuit, "R", "r", MANY.of(np.array([1234]))), every[[1234]])


GROUPS = """
net a, b
for k in 0..1 {{ R p[k](a, b) = 10k ~ 0.1% apart 5% match pair }}
for k in 0..1 {{ R q[k](a, b) = 10k ~ 0.1% apart 5% match other }}
R alone(a, b) = 10k ~ 0.1% apart 5%
{ends}
"""


def test_matched_parts_are_apart_together_and_others_by_themselves(flat: Flat) -> None:
    circuit = flat(GROUPS.format(ends=ENDS))
    off = _values(circuit, "R", "r") / 10e3 - 1.0
    between = np.corrcoef(off.T)
    names = circuit.banks["R"].names
    group = np.array([name[0] for name in names])
    same = group[:, None] == group[None, :]
    assert between[same].min() > 0.99
    assert np.abs(between[~same]).max() < 4.5 / np.sqrt(2000)
    pair = off[:, names.index("p[0]")] - off[:, names.index("p[1]")]
    assert pair.std() == pytest.approx(0.1e-2 * np.sqrt(2), rel=0.08)


CELLS = """
module Half(a, b; r = 10k) { R x(a, b) = r }
module Cell(a, b) { R x(a, b) = 10k ~ 0.01% apart 5%   R z(a, b) = 10k ~ 0.01% apart 5% }
circuit Test {
  net a, b
  for k in 0..1 { Cell c[k](a, b) match pair }
  Cell d(a, b)
  for k in 0..1 { Half h[k](a, b) ~ r 0.01% apart 5% lot 2% match pair }
  Half i(a, b) ~ r 0.01% apart 5% lot 2%
  input x = V(a)
  output y = V(b)
}
""".replace("5%   R", "5%\n R")


def _cells() -> FlatCircuit:
    return flatten(compile_netlist(CELLS).circuit)


def test_matched_instances_are_matched_as_a_whole() -> None:
    circuit = _cells()
    off = dict(zip(circuit.banks["R"].names, (_values(circuit, "R", "r") / 10e3 - 1.0).T, strict=True))
    for name in ("c[0].z", "c[1].x", "c[1].z"):
        assert np.corrcoef(off["c[0].x"], off[name])[0, 1] > 0.999
    assert abs(np.corrcoef(off["c[0].x"], off["d.x"])[0, 1]) < 4.5 / np.sqrt(2000)
    assert abs(np.corrcoef(off["d.z"], off["d.x"])[0, 1]) < 4.5 / np.sqrt(2000)


def test_parameters_of_instances_have_lots_and_are_matched_like_those_of_elements() -> None:
    circuit = _cells()
    chance = MANY
    off = dict(zip(circuit.banks["R"].names, (_values(circuit, "R", "r", chance) / 10e3).T, strict=True))
    assert np.corrcoef(off["h[0].x"], off["h[1].x"])[0, 1] > 0.999
    lot = 1.0 + 0.02 * chance.normal("lot/Half.r", ["Half.r"])[:, 0]
    alone = off["i.x"] / lot - 1.0
    assert alone.std() == pytest.approx(0.05, rel=0.08)
    assert abs(np.corrcoef(off["h[0].x"] / lot, off["i.x"] / lot)[0, 1]) < 4.5 / np.sqrt(2000)
    assert np.corrcoef(off["h[0].x"], off["i.x"])[0, 1] == pytest.approx(4 / 29, abs=4.5 / np.sqrt(2000))


def test_lots_and_draws_of_instances_do_not_depend_on_their_values_or_their_order() -> None:
    placed = [
        "Half i(a, b) ~ r 1% lot 2%",
        "Half j(a, b) { r = 30k } ~ r 1% lot 2%",
        "Half k(a, b) { r = 5k } ~ r 1% lot 2%",
    ]
    made = []
    for some in (placed, placed[::-1], placed[1:]):
        head, _, tail = CELLS.partition("  for k in 0..1 { Cell")
        body = "\n".join(some) + "\n  input x" + tail.partition("  input x")[2]
        circuit = flatten(compile_netlist(head + body).circuit)
        made.append(dict(zip(circuit.banks["R"].names, _values(circuit, "R", "r").T, strict=True)))
    lot, within = MANY.normal("lot/Half.r", ["Half.r"])[:, 0], MANY.normal("within/Half.r", ["j.r"])[:, 0]
    for of in made:
        assert np.array_equal(of["j.x"], made[0]["j.x"])
        assert np.array_equal(of["k.x"], made[0]["k.x"])
        assert np.allclose(of["j.x"], 30e3 * (1 + 0.02 * lot) * (1 + 0.01 * within), rtol=1e-12)


MOS = """
net a, b
NMOS n(a, b, gnd, gnd) {{ vto = 0.7V, kp = 100uA/V^2, w = 4um, l = 1um }} ~ vto {vto} ~ kp {kp}
PMOS p(a, b, gnd, gnd) {{ vto = -0.8V, kp = 40uA/V^2, w = 4um, l = 1um }} ~ vto {vto} ~ kp {kp}
R r(a, b) = 10k ~ 0% lot 10%
{ends}
"""
SLOW = {"tt": (0, 0), "ss": (1, 1), "ff": (-1, -1), "sf": (1, -1), "fs": (-1, 1)}
"""Of the n-channel and the p-channel transistors."""


@pytest.mark.parametrize("corner", CORNERS)
def test_a_corner_moves_thresholds_and_betas_of_both_channels_towards_slow_or_fast(flat: Flat, corner: str) -> None:
    circuit = flat(MOS.format(vto="0mV lot 10mV", kp="0% lot 5%", ends=ENDS))
    one = Keyed(draw_seeds(0, 0, 1))
    n, p = SLOW[corner]
    assert _values(circuit, "NMOS", "vto", one, corner)[0, 0] == pytest.approx(0.7 + 0.03 * n)
    assert _values(circuit, "PMOS", "vto", one, corner)[0, 0] == pytest.approx(-0.8 - 0.03 * p)
    assert _values(circuit, "NMOS", "kp", one, corner)[0, 0] == pytest.approx(100e-6 * (1 - 0.15 * n))
    assert _values(circuit, "PMOS", "kp", one, corner)[0, 0] == pytest.approx(40e-6 * (1 - 0.15 * p))
    assert _values(circuit, "R", "r", one, corner)[0, 0] == 10e3


@pytest.mark.parametrize(("corner", "less"), [("ss", True), ("ff", False)])
def test_slow_transistors_carry_less(flat: Flat, corner: str, less: bool) -> None:
    """Drain currents in saturation, kp w / 2 l (|vgs| - |vto|)^2 at 1.5 V."""
    circuit = flat(MOS.format(vto="0mV lot 10mV", kp="0% lot 5%", ends=ENDS))
    for device in ("NMOS", "PMOS"):
        current = {}
        for where in ("tt", corner):
            values = drawn(circuit, varied(circuit, {}), initial(circuit), Keyed((1,)), where).values[device]
            current[where] = float(values["kp"][0, 0] * (1.5 - abs(values["vto"][0, 0])) ** 2)
        assert (current[corner] < current["tt"]) == less


def test_a_corner_takes_the_place_of_the_lot_and_leaves_what_is_drawn_within_a_die(flat: Flat) -> None:
    circuit = flat(MOS.format(vto="2mV apart 1mV lot 10mV", kp="1% lot 5%", ends=ENDS))
    slow, typical = (_values(circuit, "NMOS", "vto", MANY, corner)[:, 0] for corner in ("ss", "tt"))
    assert np.allclose(slow - typical, 0.03, atol=1e-14)
    within = 0.002 * MANY.normal("within/vto", ["n"])[:, 0] + 0.001 * MANY.normal("apart/NMOS.vto", ["n"])[:, 0]
    assert np.allclose(typical - 0.7, within, atol=1e-14)


@pytest.mark.parametrize("area", [0.25, 4.0, 9.0])
def test_so_many_times_the_area_spreads_the_root_of_that_less(flat: Flat, area: float) -> None:
    circuit = flat(MOS.format(vto="pelgrom(8mV*um)", kp="1%", ends=ENDS))
    once, more = (_values(circuit, "NMOS", "vto", MANY, area=times) - 0.7 for times in (1.0, area))
    assert np.allclose(more, once / np.sqrt(area), rtol=1e-9, atol=1e-15)
    assert np.array_equal(_values(circuit, "NMOS", "kp", area=area), _values(circuit, "NMOS", "kp"))
    assert np.array_equal(
        drawn(circuit, varied(circuit, {}), initial(circuit), MANY, area=area).values["NMOS"]["w"][:1],
        initial(circuit).values["NMOS"]["w"],
    )


def test_everything_so_many_times_as_uncertain_is_so_many_times_as_far_off(flat: Flat) -> None:
    circuit = flat(MOS.format(vto="2mV lot 10mV", kp="1%", ends=ENDS))
    once, thrice = (_values(circuit, "NMOS", "vto", Scaled(MANY, k)) - 0.7 for k in (1.0, 3.0))
    assert np.allclose(thrice, 3.0 * once, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("tolerance", ["300%", "normal(50kOhm)", "1% lot 300%", "uniform(500%)", "lognormal(1e6%)"])
def test_what_must_be_positive_is_never_less_than_a_tenth(flat: Flat, tolerance: str) -> None:
    made = _values(flat(f"net a, b\nR r(a, b) = 10k ~ {tolerance}\n{ENDS}"), "R", "r") / 10e3
    assert made.min() >= LEAST * (1 - 1e-12)
    assert (made < LEAST * (1 + 1e-12)).any() or tolerance.startswith("lognormal")
    assert np.isfinite(made).all()


def test_what_must_not_be_negative_is_not(flat: Flat) -> None:
    body = "net a, b\nNMOS m(a, b, gnd, gnd) { lambda = 0.02/V } ~ lambda 100%\n"
    made = _values(flat(body.replace("0.02/V", "0.02") + ENDS), "NMOS", "lambda")
    assert made.min() == pytest.approx(0.1 * 0.02)


def test_what_may_have_any_sign_is_left_as_it_is_drawn(flat: Flat) -> None:
    made = _values(flat(f"net a, b\nNMOS m(a, b, gnd, gnd) {{ vto = 10mV }} ~ vto 20mV\n{ENDS}"), "NMOS", "vto")
    assert (made < 0).mean() == pytest.approx(0.3085, abs=0.05)


@pytest.mark.parametrize(("device", "body"), [
    ("NMOS", "NMOS m(a, b, gnd, gnd) { model = ald1106, rd = 100 } ~ rd 10%"),
    ("D", "D m(a, b) { rs = 100 } ~ rs 10%"),
])  # fmt: skip
def test_series_resistances_spread_as_the_resistors_that_they_are(flat: Flat, device: str, body: str) -> None:
    circuit = flat(f"net a, b\n{body}\n{ENDS}")
    name = "m.rs" if device == "D" else "m.rd"
    made = _values(circuit, "R", "r")[:, circuit.banks["R"].names.index(name)]
    assert made.std() == pytest.approx(10.0, rel=0.08)
    assert [one.label for one in varied(circuit, {})] == ["R.r"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("R r(a, b) = 10k ~ pelgrom(1%*um)", "r of r spreads with its area"),
        ("R r(a, b) = 10k ~ pelgrom(1%*um, w = 1um, l = 1um, par_l = 1um)", "no sizes above zero"),
        ("NMOS m(a, b, gnd, gnd) { w = 1um } ~ vto pelgrom(1mV*um, par_w = 2um)", "vto of m spreads with its area"),
    ],
)
def test_an_area_law_without_an_area_is_refused_by_the_name_of_the_part(flat: Flat, body: str, said: str) -> None:
    circuit = flat(f"net a, b\n{body}\n{ENDS}")
    with pytest.raises(CircuitError, match=said):
        varied(circuit, {})


def test_nothing_else_is_touched(flat: Flat) -> None:
    circuit = flat(f"net a, b\nR r1(a, b) = 10k ~ 1%\nR r2(b, gnd) = 20k\n{ENDS}")
    nominal = initial(circuit)
    params = drawn(circuit, varied(circuit, {}), nominal, MANY)
    assert (params.values["R"]["r"][:, 1] == 20e3).all()
    assert np.array_equal(params.values["R"]["tc1"], np.zeros((2000, 2)))
    assert params.off == {}
    assert nominal.draws == 1
    assert nominal.values["R"]["r"][0, 0] == 10e3


def test_draws_go_on_from_as_many_as_there_are(flat: Flat) -> None:
    circuit = flat(f"net a, b\nR r1(a, b) = 10k ~ 1%\n{ENDS}")
    three = replace(initial(circuit).copies(3), values={"R": {**initial(circuit).copies(3).values["R"]}})
    three.values["R"]["r"] = np.array([[1e3], [2e3], [3e3]])
    chance = Keyed((1, 2, 3))
    made = drawn(circuit, varied(circuit, {}), three, chance).values["R"]["r"]
    assert np.allclose(made, three.values["R"]["r"] * (1 + 0.01 * chance.normal("within/r", ["r1"])))


def test_a_relative_lot_of_a_threshold_below_zero_is_slow_where_others_are(flat: Flat) -> None:
    circuit = flat(MOS.format(vto="0% lot 5%", kp="0% lot 5%", ends=ENDS))
    one = Keyed(draw_seeds(0, 0, 1))
    assert _values(circuit, "PMOS", "vto", one, "ss")[0, 0] == pytest.approx(-0.8 * 1.15)
    assert _values(circuit, "NMOS", "vto", one, "ss")[0, 0] == pytest.approx(0.7 * 1.15)


def test_corners_are_as_far_as_they_are_asked_to_be(flat: Flat) -> None:
    circuit = flat(MOS.format(vto="0mV lot 10mV", kp="1%", ends=ENDS))
    made = drawn(circuit, varied(circuit, {}), initial(circuit), Keyed((1,)), "ss", far=6.0)
    assert made.values["NMOS"]["vto"][0, 0] == pytest.approx(0.76)


def test_matched_parts_of_two_kinds_are_apart_by_numbers_of_their_own(flat: Flat) -> None:
    body = (
        "NMOS n(a, b, gnd, gnd) ~ vto 0mV apart 10mV match pair\nPMOS p(a, b, gnd, gnd) ~ vto 0mV apart 10mV match pair"
    )
    circuit = flat(f"net a, b\n{body}\nR r(b, gnd) = 1k\n{ENDS}")
    n, p = (_values(circuit, device, "vto")[:, 0] for device in ("NMOS", "PMOS"))
    assert abs(np.corrcoef(n, p)[0, 1]) < 0.1


def test_sizes_in_a_law_grow_with_the_area_as_those_of_parts_do(flat: Flat) -> None:
    circuit = flat(f"net a, b\nR r(a, b) = 1k ~ pelgrom(1%*um, w = 2um, l = 10um)\n{ENDS}")
    once, more = (_values(circuit, "R", "r", MANY, area=area) - 1e3 for area in (1.0, 100.0))
    assert np.allclose(once, 10 * more, rtol=1e-9, atol=1e-9)


def test_capacitors_that_remember_and_others_are_of_one_lot(flat: Flat) -> None:
    circuit = flat(f"net a, b\nC c(a, b) = 1nF ~ 0% lot 10%\nC m(b, gnd) = 1nF, ic = 0V ~ 0% lot 10%\n{ENDS}")
    assert np.array_equal(_values(circuit, "C", "c")[:, 0], _values(circuit, "Cm", "c")[:, 0])


def test_what_learns_is_never_less_than_a_tenth_of_what_was_meant(flat: Flat) -> None:
    circuit = flat(f"net a, b\nR r(a, b) = learn(1k, 100..10k) ~ 400Ohm\nR s(b, gnd) = 1k\n{ENDS}")
    made = _values(circuit, "R", "r")[:, circuit.banks["R"].names.index("r")]
    assert made.min() == pytest.approx(100.0)
