"""What KLayout reads in a layout is what was meant; each fault that is made on purpose is found."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from netlearn.export.gds import PROCESSES, Bar, Plate, Process
from netlearn.export.gds.layout import Drawing, drawing, written
from netlearn.export.gds.shapes import Box

pytest.importorskip("klayout.db", reason="pip install klayout")

from netlearn.verify.klayout_gds import Row, verified

Parts = tuple[list[Bar], list[Plate], list[str]]
every_process = pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)


def grid(size: int, chance: random.Random) -> Parts:
    """A square lattice of resistors, 20 to 60 kOhm; two corners are ports."""
    at = [(r, c) for r in range(size) for c in range(size)]
    pairs = [((r, c), (r + i, c + 1 - i)) for r, c in at for i in (0, 1) if r + i < size and c + 1 - i < size]
    bars = [
        Bar(f"r{k}", f"n[{a[0]}][{a[1]}]", f"n[{b[0]}][{b[1]}]", chance.uniform(20e3, 60e3))
        for k, (a, b) in enumerate(pairs)
    ]
    return bars, [], ["n[0][0]", f"n[{size - 1}][{size - 1}]"]


def mesh(chance: random.Random) -> Parts:
    """Up to twelve nets, thirty resistors and five capacitors anywhere between them."""
    nets = [f"net{k}" for k in range(chance.randint(2, 12))]
    bars = [Bar(f"r{k}", *chance.sample(nets, 2), 10 ** chance.uniform(4, 5.5)) for k in range(chance.randint(1, 30))]
    plates = [
        Plate(f"c{k}", *chance.sample(nets, 2), 10 ** chance.uniform(-12.7, -10.5)) for k in range(chance.randint(0, 5))
    ]
    used = sorted({net for part in (*bars, *plates) for net in (part.a, part.b)})
    return bars, plates, chance.sample(used, chance.randint(0, 2))


def faults(drawn: Drawing, parts: Parts, process: Process) -> list[Row]:
    return [row for rows in verified(written("top", drawn, process), *parts, process) for row in rows if not row.ok]


@every_process
def test_meshes_are_what_was_meant_and_keep_every_rule(process: Process) -> None:
    for seed in range(10):
        parts = mesh(random.Random(f"{process.name} {seed}"))
        assert faults(drawing(*parts, process), parts, process) == []


def test_a_lattice_of_760_resistors_is_what_was_meant() -> None:
    parts = grid(20, random.Random(1))
    assert len(parts[0]) == 760
    assert faults(drawing(*parts, PROCESSES["sky130"]), parts, PROCESSES["sky130"]) == []


def test_wide_pads_push_parts_apart() -> None:
    process = PROCESSES["generic"]
    wide = replace(process, margin=2000, wires=tuple(replace(wire, island=3000) for wire in process.wires))
    parts = [Bar(f"r{k}", "a", "b", 1e4) for k in range(4)], [Plate("c", "a", "b", 3e-14)], ["a"]
    assert faults(drawing(*parts, wide), parts, wide) == []


def test_a_port_reaches_the_left_edge_once() -> None:
    process = PROCESSES["sky130"]
    parts = grid(6, random.Random(2))[0], [Plate("c", "n[0][0]", "n[5][5]", 1e-12)], ["n[0][0]"]
    drawn = drawing(*parts, process)
    left = min(box.x0 for box in drawn.boxes)
    assert [box.x0 for box in of_layer(drawn, process.along.layer)].count(left) == 1
    assert faults(drawn, parts, process) == []


def of_layer(drawn: Drawing, layer: tuple[int, int]) -> list[Box]:
    return [box for box in drawn.boxes if box.layer == layer]


def swapped(drawn: Drawing, old: Box, new: Sequence[Box]) -> Drawing:
    boxes = list(drawn.boxes)
    at = boxes.index(old)
    return replace(drawn, boxes=(*boxes[:at], *new, *boxes[at + 1 :]))


def stub(drawn: Drawing, process: Process) -> Box:
    """A piece of the wire across that is longer than it is wide."""
    boxes = of_layer(drawn, process.across.layer)
    return max(boxes, key=lambda box: box.y1 - box.y0)


def moved_stub(drawn: Drawing, process: Process) -> Drawing:
    old = stub(drawn, process)
    return swapped(drawn, old, [old.moved(0, 2 * (old.y1 - old.y0))])


def short(drawn: Drawing, process: Process) -> Drawing:
    tracks = [box for box in of_layer(drawn, process.along.layer) if box.y1 - box.y0 == process.track_width]
    low, high = sorted(tracks, key=lambda box: box.y0)[0], sorted(tracks, key=lambda box: box.y1)[-1]
    bridge = Box(process.along.layer, low.x0, low.y0, low.x0 + process.track_width, high.y1)
    return replace(drawn, boxes=(*drawn.boxes, bridge, bridge._replace(x1=high.x1, y0=high.y0)))


def longer_bar(drawn: Drawing, process: Process) -> Drawing:
    """A body that begins earlier, within its head: ten per cent of both bars."""
    old = of_layer(drawn, process.film.body)[0]
    more = (old.y1 - old.y0) // 5 // 10 * 10
    longer = swapped(drawn, old, [old._replace(y0=old.y0 - more)])
    bar = old.grown(process.film.layer, 0, 0)
    return replace(longer, boxes=(*longer.boxes, bar._replace(y0=old.y0 - more)))


def swapped_names(drawn: Drawing, process: Process) -> Drawing:
    (a, ax, ay), (b, bx, by), *rest = drawn.texts
    return replace(drawn, texts=((b, ax, ay), (a, bx, by), *rest))


def narrow(drawn: Drawing, process: Process) -> Drawing:
    old = stub(drawn, process)
    return swapped(drawn, old, [old._replace(x1=old.x1 - 10 * ((old.x1 - old.x0 - process.across.width) // 10 + 1))])


def too_close(drawn: Drawing, process: Process) -> Drawing:
    old = stub(drawn, process)
    beside = old.moved(old.x1 - old.x0 + process.across.space - 10, 0)
    return replace(drawn, boxes=(*drawn.boxes, beside))


def bare_via(drawn: Drawing, process: Process) -> Drawing:
    old = of_layer(drawn, process.crossing.layer)[-1]
    return swapped(drawn, old, [old.moved(process.crossing.above + 10, 0)])


def off_grid(drawn: Drawing, process: Process) -> Drawing:
    old = stub(drawn, process)
    return swapped(drawn, old, [old._replace(y1=old.y1 + 1)])


def no_pin(drawn: Drawing, process: Process) -> Drawing:
    return swapped(drawn, of_layer(drawn, process.along.pin)[0], [])


def smaller_plate(drawn: Drawing, process: Process) -> Drawing:
    old = of_layer(drawn, process.plates.layer)[0]
    return swapped(drawn, old, [old._replace(x1=old.x1 - (old.x1 - old.x0) // 50 // 5 * 5)])


def other_layer(drawn: Drawing, process: Process) -> Drawing:
    """Diffusion under everything, by sky130's number, say."""
    x, y = (max(box[at] for box in drawn.boxes) for at in (3, 4))
    return replace(drawn, boxes=(*drawn.boxes, Box((65, 20), -1000, -1000, x + 1000, y + 1000)))


FAULTS: dict[str, tuple[Callable[[Drawing, Process], Drawing], str]] = {
    "an open": (moved_stub, "netlist"),
    "a short": (short, "netlist"),
    "a resistor that is longer": (longer_bar, "netlist"),
    "a smaller plate": (smaller_plate, "netlist"),
    "two names exchanged": (swapped_names, "netlist"),
    "a narrow wire": (narrow, "width"),
    "wires too close": (too_close, "space"),
    "a via that sticks out": (bare_via, "within"),
    "a corner off the grid": (off_grid, "grid"),
    "a port without its shape": (no_pin, "ports"),
    "a layer that is not drawn on": (other_layer, "layers"),
}


@every_process
@pytest.mark.parametrize(("make", "row"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found(make: Callable[[Drawing, Process], Drawing], row: str, process: Process) -> None:
    bars, _, ports = grid(3, random.Random(3))
    parts = bars, [Plate("c0", "n[0][0]", "n[1][1]", 1e-12)], ports
    drawn = drawing(*parts, process)
    assert faults(drawn, parts, process) == []
    assert any(row in fault.quantity for fault in faults(make(drawn, process), parts, process))


def test_a_part_between_other_nets_is_found() -> None:
    process = PROCESSES["generic"]
    bars, plates, ports = grid(3, random.Random(4))
    wrong = [replace(bars[0], b="n[2][2]"), *bars[1:]]
    assert any(
        "netlist" in row.quantity
        for row in faults(drawing(wrong, plates, ports, process), (bars, plates, ports), process)
    )
