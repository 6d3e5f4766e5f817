"""What is bought is the circuit: units, packages, counts, pins, and what no part is sold for."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest
from exported import design_of, gallery_design, random_design

from netlearn.export.board.families import PACKAGES
from netlearn.export.board.pack import Board, Box, Member, packed
from netlearn.export.board.values import SERIES, sold, spelled
from netlearn.export.design import GND, Part, flat
from netlearn.export.formats.bom import write
from netlearn.export.formats.order import Order
from netlearn.lang.compile import compile_netlist

SIXTEEN = """netlearn 0.1
import "std/edge.nl"
circuit Board {
  net n[9]: twin
  mesh e = graph([0--1, 1--2, 3--4, 4--5, 6--7, 7--8, 0--3, 3--6, 1--4, 4--7, 2--5, 5--8,
                  0--4, 4--8, 2--4, 4--6]) on n of MosEdge
  input x = V(n[0])
  output y = V(n[8])
}
"""
BENCH = """netlearn 0.1
circuit Bench {
  net a, b, c, d, e, f
  OpAmp amp(a, b, b)
  Comparator cmp(a, b, c)
  Multiplier mul(a, b, b, c, gnd, d)
  Switch sw(d, e, c, gnd) { threshold = 1.5V, ron = 30Ohm }
  D diode(e, f) { model = d1n4148 }
  NMOS big(e, c, gnd, gnd) { model = n2n7000 }
  NMOS half(e, c, gnd, gnd) { model = cd4007n }
  NMOS tiny(e, c, gnd, gnd) { w = 1um, l = 1um }
  VCVS gain(f, gnd, a, gnd) = 0.5
  R rest(a, f) = 4.75k
  R leak(a, gnd) = 1e9
  input x = V(a)
  output y = V(d)
}
"""
COUNTS = {
    "netlists/machine/gen1.nl": {"AD5222-100k": 16, "LM393": 16, "74HC86": 4},
    "netlists/allostery.nl": {"AD5222-100k": 8},
    "netlists/regression.nl": {"ALD1106": 16, "C1206": 32, "R": 64},
    "netlists/divider.nl": {"AD5222-100k": 1, "R": 1},
    "netlists/machine/gen2.nl": {"ALD1106": 16, "AD633": 32, "DG412": 8},
}


def counts(board: Board) -> Counter[str]:
    """Packages that hold something of the circuit."""
    return Counter(box.package.name for box in board.boxes if box.package)


def pins(box: Box) -> dict[str, str]:
    """Nets by number of the pin."""
    return {pin.number: pin.net for pin in box.pins}


@pytest.mark.parametrize("path", COUNTS)
def test_a_shipped_netlist_takes_as_many_packages_as_its_units_need(path: str) -> None:
    found = counts(packed(gallery_design(path)))
    assert {name: found[name] for name in COUNTS[path]} == COUNTS[path]


def test_sixteen_twin_transistor_edges_take_eight_arrays() -> None:
    assert counts(packed(design_of(compile_netlist(SIXTEEN))))["ALD1106"] == 8


@pytest.mark.parametrize("path", ["netlists/regression.nl", "netlists/machine/gen2.nl"])
def test_what_is_matched_shares_a_package(path: str) -> None:
    home: dict[str, set[str]] = {}
    for box in packed(gallery_design(path)).boxes:
        for member in box.members:
            if member.match:
                home.setdefault(member.match, set()).add(box.ref)
    assert home
    assert all(len(boxes) == 1 for boxes in home.values())


def test_the_two_halves_of_a_potentiometer_and_their_counter_share_a_package() -> None:
    box = packed(gallery_design("netlists/machine/gen1.nl")).boxes[0]
    assert [member.path for member in box.members] == ["xe_0.xf", "xe_0.xc", "xe_0.xcount"]
    assert pins(box)["11"] == "xe_0__down"
    assert pins(box)["12"] == "clk"
    assert (pins(box)["2"], pins(box)["3"]) == ("n_0_free", "n_1_free")
    assert (pins(box)["6"], pins(box)["5"]) == ("n_0_clamped", "n_1_clamped")


def leaves(member: Member) -> int:
    """How many devices are in it."""
    if isinstance(member.what, Part):
        return 1
    count, blocks = 0, [member.what.block]
    while blocks:
        block = blocks.pop()
        count += len(block.parts)
        blocks += [use.block for use in block.uses]
    return count


@pytest.mark.parametrize("path", [*COUNTS, "netlists/xor.nl"])
def test_every_device_is_in_one_box(path: str) -> None:
    design = gallery_design(path)
    board = packed(design)
    members = [member for box in board.boxes for member in box.members]
    assert sum(map(leaves, members)) == len(flat(design).parts)
    assert len({member.path for member in members}) == len(members)


@pytest.mark.parametrize("seed", range(0, 50, 5))
def test_every_pin_of_a_unit_is_on_the_net_of_its_part(seed: int) -> None:
    design = random_design(seed)
    where = {part.name: part.nets for part in flat(design).parts}
    for box in packed(design).boxes:
        (own,) = {tuple(m.nets.values()) for m in box.members[:1]}
        assert set(own) <= {pin.net for pin in box.pins}
    assert sum(len(box.members) for box in packed(design).boxes) == len(where)


def test_each_kind_of_device_is_bought_as_what_it_is() -> None:
    board = packed(design_of(compile_netlist(BENCH)))
    bought = {box.members[0].path: box.package.name for box in board.boxes if box.package}
    assert bought == {
        "xamp": "TL074", "xcmp": "LM393", "xmul": "AD633", "xsw": "DG412", "diode": "1N4148W", "mbig": "2N7000", "mhalf": "CD4007N", "rest": "R"
    }  # fmt: skip
    assert [b.members[0].path for b in board.boxes if not b.package] == ["mtiny", "egain", "rleak"]


def test_spare_units_are_tied_off_by_the_rules_of_their_kind() -> None:
    boxes = {b.package.name: b for b in packed(design_of(compile_netlist(BENCH))).boxes if b.package}
    amplifier, comparator, switch = (pins(boxes[name]) for name in ("TL074", "LM393", "DG412"))
    assert [amplifier[n] for n in ("5", "6", "7")] == [GND, "u1_spare2", "u1_spare2"]
    assert [comparator[n] for n in ("5", "6", "7")] == [GND, "vcc", ""]
    assert switch["16"] == switch["9"] == switch["8"] == GND
    assert [amplifier["4"], amplifier["11"]] == ["vcc", "vee"]


def test_spare_transistors_have_their_gates_on_the_body() -> None:
    text = SIXTEEN.replace(", 0--4, 4--8, 2--4, 4--6]", "]").replace(
        "                  0--4, 4--8, 2--4, 4--6]", "  4--8]"
    )
    box = [b for b in packed(design_of(compile_netlist(text))).boxes if b.package and b.package.name == "ALD1106"][-1]
    assert box.spares == 2
    assert {pins(box)[n] for n in ("4", "5", "6", "7", "8", "9", "10")} == {GND}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_has_every_terminal_that_its_uses_need(name: str) -> None:
    package = PACKAGES[name]
    terminals = {role.partition(".")[2] for role in package.pins.values() if "." in role}
    rails = {role for role in package.pins.values() if role and "." not in role}
    assert rails <= set(package.rails)
    assert set(package.spare) <= terminals
    assert set(package.spare.values()) <= set(package.rails) | terminals
    assert sorted(package.pins, key=int) == [str(k + 1) for k in range(len(package.pins))]
    for use in package.realises:
        assert set(use.wires) <= terminals
        assert {*use.rails, *use.ties} <= set(package.rails)


@pytest.mark.parametrize("path", COUNTS)
def test_a_net_with_a_single_pin_goes_to_what_no_part_is_sold_for(path: str) -> None:
    board = packed(gallery_design(path))
    lonely = {net for net, ends in board.nets.items() if len(ends) < 2}
    assert lonely <= {pin.net for box in board.boxes if not box.package for pin in box.pins}


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_bill_counts_what_is_on_the_board_and_names_what_is_not_sold() -> None:
    rows = table(write(gallery_design("netlists/machine/gen1.nl"), Order())["bom.csv"])
    assert all(int(row["quantity"]) == len(row["references"].split()) for row in rows)
    by_value = {row["value"]: row for row in rows if row["kind"] == "board"}
    assert (by_value["LM393"]["quantity"], by_value["LM393"]["units used"]) == ("16", "32")
    assert by_value["74HC86"]["mpn"] == "SN74HC86DR"
    assert [row["value"] for row in rows if row["kind"] == "simulation only"] == ["ClampLaw"]


def test_the_bill_says_in_which_package_a_part_is() -> None:
    rows = table(write(gallery_design("netlists/regression.nl"), Order())["parts.csv"])
    assert {row["reference"] for row in rows if row["part"] in ("xe_0.mf", "xe_0.mc")} == {"U1"}


@pytest.mark.parametrize(
    ("value", "series", "text"),
    [
        (95238.1, 96, "95.3k"),
        (10e6, 96, "10M"),
        (2.2e-5, 12, "22u"),
        (9.9e-10, 12, "1n"),
        (1.0, 96, "1"),
        (5e-12, 12, "4.7p"),
    ],
)
def test_a_value_is_bought_as_the_nearest_that_is_sold(value: float, series: int, text: str) -> None:
    assert spelled(sold(value, series)) == text


def test_no_value_of_a_series_is_further_off_than_half_a_step() -> None:
    for series, digits in SERIES.items():
        assert len(digits) == series
        for k in range(200):
            value = 1.7 ** (k / 10) * 1.003
            assert abs(sold(value, series) / value - 1) < 1.5 / series
