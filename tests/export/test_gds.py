"""Layouts of resistors and capacitors: values that are exact, nets that do not meet, the same bytes each time."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from exported import design_of
from hypothesis import given
from hypothesis import strategies as st

from netlearn.errors import RangeError
from netlearn.export.design import flat
from netlearn.export.gds import PROCESSES, Bar, Parts, Plate, Process, capacitor, drawable, layout, makeable, resistor
from netlearn.export.gds.layout import drawing
from netlearn.export.gds.route import Track, channel, left_edge, stacked, wired
from netlearn.export.gds.shapes import Box, Pin
from netlearn.lang.compile import compile_netlist

every_process = pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
intervals = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)).map(lambda i: (i[0], i[0] + i[1])), max_size=40)


@given(intervals)
def test_no_track_has_two_nets_at_one_place_and_no_track_is_needless(extents: list[tuple[int, int]]) -> None:
    tracks = left_edge(extents)
    for (a, (low, high)), (b, (start, end)) in itertools.combinations(zip(tracks, extents, strict=True), 2):
        assert a != b or high < start or end < low
    busiest = max((sum(low <= x <= high for low, high in extents) for x in range(91)), default=0)
    assert len(set(tracks)) == busiest


@given(st.lists(st.lists(st.integers(0, 8), max_size=12), min_size=1, max_size=4), st.sets(st.integers(0, 8)))
def test_metal_of_different_nets_never_meets_and_that_of_one_net_hangs_together(
    nets: list[list[int]], ports: set[int]
) -> None:
    """Rows of pins 2 um apart, by the net at each."""
    process = PROCESSES["generic"]
    rows = [[Pin(str(net), 2000 * k, 100_000 * r) for k, net in enumerate(row)] for r, row in enumerate(nets)]
    away = {str(n) for n in range(9) if sum(n in row for row in nets) > 1}
    tracks = []
    for r, pins in enumerate(rows):
        extents = channel(pins, away, {str(n) for n in ports}, (-5000, 30_000))
        heights = stacked(list(extents.values()), 100_000 * r + 2000, process.track_width, process.along.space)
        tracks += [Track(net, r, *extent, y) for (net, extent), y in zip(extents.items(), heights, strict=True)]
    groups = connected(list(wired(tracks, rows, 40_000, process)), process)
    for pins in rows:
        for pin in pins:
            assert sum(holds(group, pin, process) for group in groups) == 1
    labels = [{pin.net for pins in rows for pin in pins if holds(group, pin, process)} for group in groups]
    assert sorted(itertools.chain(*labels)) == sorted({str(net) for row in nets for net in row})
    assert all(len(label) == 1 for label in labels)


def holds(group: list[Box], pin: Pin, process: Process) -> bool:
    return any(b.layer == process.across.layer and b.x0 <= pin.x <= b.x1 and b.y0 <= pin.y <= b.y1 for b in group)


def connected(boxes: list[Box], process: Process) -> list[list[Box]]:
    """Boxes that touch on one layer, or at a cut: an answer by brute force, that shares nothing with the router."""
    metals = {process.along.layer, process.across.layer}
    groups: list[list[Box]] = []
    for box in boxes:
        near = [
            group
            for group in groups
            if any((b.layer == box.layer or not {b.layer, box.layer} <= metals) and meets(b, box) for b in group)
        ]
        groups = [group for group in groups if group not in near] + [[box, *itertools.chain(*near)]]
    return groups


def meets(a: Box, b: Box) -> bool:
    return a.x0 <= b.x1 and b.x0 <= a.x1 and a.y0 <= b.y1 and b.y0 <= a.y1


@every_process
@given(exponent=st.floats(3.6, 5.5))
def test_bars_have_the_resistance_to_half_a_thousandth(process: Process, exponent: float) -> None:
    bar = Bar("r", "a", "b", 10**exponent)
    width, lengths = resistor.folded(bar, process.film)
    assert width in process.film.widths
    assert len(lengths) % 2 == 0
    assert max(lengths) - min(lengths) <= 5
    assert process.film.sheet * sum(lengths) / width == pytest.approx(bar.ohms, rel=resistor.TOLERANCE)


@every_process
@given(exponent=st.floats(-12.7, -9.5))
def test_plates_have_the_capacitance_to_half_a_thousandth(process: Process, exponent: float) -> None:
    plate = Plate("c", "a", "b", 10**exponent)
    width, height, count = capacitor.sides(plate, process.plates)
    assert process.plates.side[0] <= min(width, height)
    made = count * width * height * 1e-18 * process.plates.density
    assert made == pytest.approx(plate.farads, rel=capacitor.TOLERANCE)


UNMADE = {
    "too small": (Bar("r1", "a", "b", 0.5), "r1: 500 mOhm is too small for film, which has all from 250 Ohm on"),
    "too large": (Bar("r1", "a", "b", 1e9), "r1: 1 GOhm is too large for film, which has 3.66 MOhm in 64 bars"),
    "not positive": (Bar("r1", "a", "b", 0.0), "no resistance"),
    "no number": (Bar("r1", "a", "b", float("nan")), "no resistance"),
    "a tiny plate": (Plate("c1", "a", "b", 1e-16), "c1: 1e-16 F is too small for mim, which has all from 25 fF on"),
    "a huge plate": (Plate("c1", "a", "b", 1e-3), "c1: 1 mF is too large for mim, which has 3.6 nF"),
    "a ring": (Bar("r1", "a", "a", 1e4), "both ends at a"),
}


@pytest.mark.parametrize(("part", "message"), UNMADE.values(), ids=UNMADE)
def test_what_no_process_can_make_is_refused_with_what_to_do(part: Bar | Plate, message: str) -> None:
    bars, plates = ([part], []) if isinstance(part, Bar) else ([], [part])
    with pytest.raises(RangeError, match=message) as told:
        layout("top", bars, plates, [], PROCESSES["generic"])
    assert told.value.help


def test_mistakes_of_the_caller_are_told() -> None:
    bar = Bar("r1", "a", "b", 1e4)
    with pytest.raises(RangeError, match="nothing to draw"):
        layout("top", [], [], [], PROCESSES["generic"])
    with pytest.raises(RangeError, match="two parts are called r1"):
        layout("top", [bar, bar], [], [], PROCESSES["generic"])
    with pytest.raises(RangeError, match="port x"):
        layout("top", [bar], [], ["x"], PROCESSES["generic"])
    process = PROCESSES["generic"]
    with pytest.raises(RangeError, match="multiples of 10 nm"):
        replace(process, film=replace(process.film, widths=(705,)))
    with pytest.raises(RangeError, match="a margin of 900 nm"):
        replace(process, margin=900)


@every_process
def test_the_same_parts_are_the_same_bytes_in_any_order(process: Process) -> None:
    bars = [Bar(f"r{k}", f"n{k % 4}", f"n{(k * k + 1) % 4 + 4}", 1e4 * (k + 1)) for k in range(12)]
    once = layout("top", bars, [], ["n0"], process)
    assert once == layout("top", bars, [], ["n0"], process)
    assert once == layout("top", bars[::-1], [], ["n0"], process)
    assert once != layout("top", [replace(bars[0], ohms=2e4), *bars[1:]], [], ["n0"], process)


def test_a_thousand_resistors_are_about_a_square() -> None:
    bars = [Bar(f"r{k}_{s}", f"n{k}", f"n{k + s}", 3e4) for k in range(500) for s in (1, 20)]
    boxes = drawing(bars, [], [], PROCESSES["sky130"]).boxes
    wide = max(box.x1 for box in boxes) - min(box.x0 for box in boxes)
    tall = max(box.y1 for box in boxes) - min(box.y0 for box in boxes)
    assert 0.5 < tall / wide < 2


def drawn(body: str) -> Parts:
    netlist = compile_netlist(f"circuit Mesh {{\n{body}\n}}\n")
    return drawable(flat(design_of(netlist, inputs=[0.3])))


def test_linear_parts_are_drawn_and_the_rest_is_named() -> None:
    parts = drawn(
        "net a, b, c\nR r(a, b) = 10k\nG g(b, gnd) = 50uS\nG off(a, b) = 0S\nR ring(c, c) = 1k\nC k(b, c) = 1pF\n"
        "C m(c, gnd) = 2pF, ic = 1V\nOhmic o(a, c) = 1.5V\nR s(a, c) = learn(20k, 1k..100k)\ninput x = V(a)\noutput y = V(b)"
    )
    assert parts.resistors == (Bar("rr", "a", "b", 1e4), Bar("rg", "b", "gnd", 1 / 5e-5), Bar("rs", "a", "c", 2e4))
    assert parts.capacitors == (Plate("ck", "b", "c", 1e-12), Plate("xm", "c", "gnd", 2e-12))
    assert parts.ports == ("gnd", "a", "b", "c")
    assert parts.left_out == {
        "goff": "voltage-controlled current source, i(p to n) = gm V(cp, cn): only resistors and capacitors are drawn",
        "ring": "both ends are at c",
        "xo": "ohmic learning edge, i = s (g - vto - mean V) V(a, b): only resistors and capacitors are drawn",
    }


@every_process
def test_every_value_that_a_message_promises_can_be_made(process: Process) -> None:
    film, plates = process.film, process.plates
    with pytest.raises(RangeError, match=r"all from ([\d.]+ \w+) on") as small:
        resistor.folded(Bar("r", "a", "b", 1.0), film)
    least = promised(small.value.message)
    for k in range(100):
        resistor.folded(Bar("r", "a", "b", least * (1.01 + 0.013 * k)), film)
    with pytest.raises(RangeError) as little:
        capacitor.sides(Plate("c", "a", "b", 1e-17), plates)
    least = promised(little.value.message)
    for k in range(100):
        capacitor.sides(Plate("c", "a", "b", least * (1.01 + 0.013 * k)), plates)


def promised(message: str) -> float:
    number, unit = message.split("all from ")[1].split(" on ")[0].split()
    return float(number) * {"Ohm": 1.0, "kOhm": 1e3, "fF": 1e-15}[unit]


def test_what_a_process_cannot_make_is_left_out_and_named() -> None:
    parts = makeable(
        drawn("net a, b\nR r(a, b) = 10k\nR leak(b, gnd) = 1G\nC k(b, gnd) = 22uF\ninput x = V(a)"),
        PROCESSES["generic"],
    )
    assert [part.name for part in parts.both] == ["rr"]
    assert parts.ports == ("a", "b")
    assert list(parts.left_out) == ["rleak", "ck"]
    assert "1 GOhm is too large" in parts.left_out["rleak"]
