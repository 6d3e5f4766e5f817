"""A layout read back by KLayout: its parts extracted and compared with what was meant, its shapes checked by the process's rules.

KLayout counts squares of a bar from the perimeter of its body and where contacts of it begin, areas of capacitors where two plates
overlap, and joins what touches; the names of nets come from texts. Bars in series and plates side by side are combined in both
netlists, named nets never vanish, and nets of one name must be each other's: a name at the wrong net is a mismatch, even where a
mesh is symmetric. The comparison says which net or part it misses.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from netlearn.errors import RunError
from netlearn.export.gds import Bar, Plate, Process
from netlearn.export.gds.process import GRID, Layer

VALUES = 1e-3
"""By how much a value may differ, relative."""


class Row(NamedTuple):
    """One thing that was looked at: as it was meant, as KLayout has it, whether that will do."""

    quantity: str
    ours: str
    theirs: str
    ok: bool


def verified(
    gds: bytes, resistors: Sequence[Bar], capacitors: Sequence[Plate], ports: Sequence[str], process: Process
) -> tuple[list[Row], list[Row]]:
    """Every check of a layout: of its layers, nets and parts, and of its rules. RunError where KLayout is not installed."""
    db = _klayout()
    layout = db.Layout()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cell.gds"
        file.write_bytes(gds)
        layout.read(str(file))
    whole = [
        _layer_row(layout, process),  # while there are no others than the file's
        *_netlist_rows(db, layout, resistors, capacitors, process),
        _port_row(db, layout, ports, process),
    ]
    return whole, list(_rule_rows(db, layout, process))


def _klayout() -> Any:
    try:
        import klayout.db as db
    except ImportError:
        raise RunError("KLayout is not installed", "pip install klayout") from None
    return db


def _region(db: Any, layout: Any, layer: Layer) -> Any:
    return db.Region(layout.top_cell().begin_shapes_rec(layout.layer(*layer))).merged()


def extracted(db: Any, layout: Any, process: Process) -> Any:
    """The netlist that is in a layout: one circuit, its nets by their texts, parts combined. A cut above the plates joins the
    upper one where it lies on it and the lower one elsewhere."""
    film, plates = process.film, process.plates
    found = db.LayoutToNetlist(db.RecursiveShapeIterator(layout, layout.top_cell(), []))

    def layer(pair: Layer, name: str) -> Any:
        return found.make_layer(layout.layer(*pair), name)

    metal, body, plate = layer(film.layer, "film"), layer(film.body, "body"), layer(plates.layer, "plate")
    wires = [layer(wire.layer, wire.name) for wire in process.wires]
    contact = layer(film.contact.layer, film.contact.name)
    cuts = [layer(cut.layer, cut.name) for cut in process.cuts]
    texts = found.make_text_layer(layout.layer(*process.along.label), "texts")
    resistive, heads = metal & body, metal - body
    on_plate, beside = cuts[plates.bottom] & plate, cuts[plates.bottom] - plate
    for region, name in ((resistive, "bodies"), (heads, "heads"), (on_plate, "on_plate"), (beside, "beside")):
        found.register(region, name)
    cuts[plates.bottom] = beside

    bars = {"R": resistive, "C": heads, "tA": heads, "tB": heads}
    found.extract_devices(db.DeviceExtractorResistor("R", film.sheet), bars)
    pair = {"P1": plate, "P2": wires[plates.bottom], "tA": plate, "tB": wires[plates.bottom]}
    found.extract_devices(db.DeviceExtractorCapacitor("C", plates.density * 1e-12), pair)

    for region in (heads, plate, *wires):
        found.connect(region)
    levels = [heads, *wires]
    for level, cut in enumerate((contact, *cuts)):
        found.connect(levels[level], cut)
        found.connect(cut, levels[level + 1])
    found.connect(plate, on_plate)
    found.connect(on_plate, wires[plates.bottom + 1])
    found.connect(wires[process.track], texts)
    found.extract_netlist()
    netlist = found.netlist()
    netlist.simplify()
    return netlist.dup()


def meant(db: Any, resistors: Sequence[Bar], capacitors: Sequence[Plate], name: str) -> Any:
    """The netlist of a list of parts, in the same form; every net is a pin."""
    netlist, classes = db.Netlist(), (db.DeviceClassResistor(), db.DeviceClassCapacitor())
    for device, kind in zip(classes, "RC", strict=True):
        device.name = kind
        netlist.add(device)
    circuit = db.Circuit()
    circuit.name = name
    netlist.add(circuit)
    parts: tuple[Bar | Plate, ...] = (*resistors, *capacitors)
    nets = {net: circuit.create_net(net) for net in dict.fromkeys(net for part in parts for net in (part.a, part.b))}
    for net, made in nets.items():
        circuit.connect_pin(circuit.create_pin(net), made)
    for part in parts:
        device, param, value = (classes[0], "R", part.ohms) if isinstance(part, Bar) else (classes[1], "C", part.farads)
        one = circuit.create_device(device, part.name)
        one.set_parameter(param, value)
        one.connect_terminal("A", nets[part.a])
        one.connect_terminal("B", nets[part.b])
    netlist.combine_devices()
    return netlist


def _netlist_rows(
    db: Any, layout: Any, resistors: Sequence[Bar], capacitors: Sequence[Plate], process: Process
) -> Iterator[Row]:
    theirs = extracted(db, layout, process)
    ours = meant(db, resistors, capacitors, layout.top_cell().name)
    mine, found = ours.top_circuit(), theirs.top_circuit()
    names = [sorted(net.name for net in circuit.each_net()) for circuit in (mine, found)]
    yield Row("nets", str(len(names[0])), str(len(names[1])), names[0] == names[1])
    for kind in "RC":
        counts = [sum(d.device_class().name == kind for d in circuit.each_device()) for circuit in (mine, found)]
        yield Row(f"parts {kind}, combined", str(counts[0]), str(counts[1]), counts[0] == counts[1])
    fault = compared(db, ours, theirs)
    yield Row(f"netlist, values to {VALUES:g}", "match", fault or "match", not fault)


def compared(db: Any, ours: Any, theirs: Any) -> str:
    """What KLayout misses first, or ""."""

    class Log(db.GenericNetlistCompareLogger):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.faults: list[str] = []

        def net_mismatch(self, a: Any, b: Any, text: str = "") -> None:
            self.faults.append(f"net {_named(a)} is {_named(b)}")

        def match_devices_with_different_parameters(self, a: Any, b: Any) -> None:
            values = " and ".join(f"{d.parameter(d.device_class().name):.6g}" for d in (a, b))
            self.faults.append(f"{a.name or 'a part'} has {values}")

        def device_mismatch(self, a: Any, b: Any, text: str = "") -> None:
            self.faults.append(f"part {_named(a)} is {_named(b)}")

        def pin_mismatch(self, a: Any, b: Any, text: str = "") -> None:
            self.faults.append(f"pin {_named(a)} is {_named(b)}")

    for netlist in (ours, theirs):
        for device in netlist.each_device_class():
            (param,) = [p.id() for p in device.parameter_definitions() if p.name == device.name]
            device.equal_parameters = db.EqualDeviceParameters(param, 0.0, VALUES)
    log = Log()
    comparer = db.NetlistComparer(log)
    mine, found = ours.top_circuit(), theirs.top_circuit()
    by_name = {net.name: net for net in found.each_net()}
    for net in mine.each_net():
        if net.name in by_name:
            comparer.same_nets(net, by_name[net.name])
    same = comparer.compare(ours, theirs)
    return "" if same else "; ".join(log.faults[:3]) or "another netlist"


def _named(one: Any) -> str:
    return (one.expanded_name() if hasattr(one, "expanded_name") else one.name()) if one is not None else "missing"


def _layer_row(layout: Any, process: Process) -> Row:
    """Every layer is one that the process draws on: what is on another makes something else of the same bars and plates."""
    film, plates, along = process.film, process.plates, process.along
    ours = {film.layer, film.body, plates.layer, along.label, along.pin, *plates.marks}
    ours |= {mark.layer for mark in film.marks} | {cut.layer for cut in (film.contact, *process.cuts)}
    ours |= {wire.layer for wire in process.wires}
    found = _layers(layout)
    odd = [f"{number}/{datatype}" for number, datatype in sorted({*found} - ours)]
    return Row("layers", f"of {len(ours)}", f"also {odd[0]}" if odd else f"{len(found)}", not odd)


def _port_row(db: Any, layout: Any, ports: Sequence[str], process: Process) -> Row:
    """Shapes of the pin layer, each under the text of its net."""
    pins = _region(db, layout, process.along.pin)
    texts = db.Texts(layout.top_cell().begin_shapes_rec(layout.layer(*process.along.label)))
    found = sorted(
        text.string for text in texts.each() if not (db.Region(text.bbox().enlarged(1, 1)) & pins).is_empty()
    )
    return Row("ports", str(len(ports)), str(len(found)), found == sorted(ports) and pins.count() == len(ports))


def _rule_rows(db: Any, layout: Any, process: Process) -> Iterator[Row]:
    for rule, size, faults in _rules(db, layout, process):
        yield Row(f"{rule} {size / 1e3:g} um", "0", str(faults.count()), faults.count() == 0)


def _rules(db: Any, layout: Any, process: Process) -> Iterator[tuple[str, int, Any]]:
    """Every rule: what it says, its length in nm, and where it is broken."""
    film, plates = process.film, process.plates

    def of(layer: Layer) -> Any:
        return _region(db, layout, layer)

    bars, bodies, contacts = of(film.layer), of(film.body), of(film.contact.layer)
    metals = [of(wire.layer) for wire in process.wires]
    yield f"{film.name} width", film.widths[0], bars.width_check(film.widths[0])
    yield f"{film.name} space", film.space, bars.space_check(film.space)
    yield f"{film.contact.name} beside body", film.inset, bodies.separation_check(contacts, film.inset)
    for wire, metal in zip(process.wires, metals, strict=True):
        yield f"{wire.name} width", wire.width, metal.width_check(wire.width)
        yield f"{wire.name} space", wire.space, metal.space_check(wire.space)
        yield f"{wire.name} island", wire.island, metal.with_area(0, wire.island**2, False)
    levels = [(film.name, bars), *((wire.name, metal) for wire, metal in zip(process.wires, metals, strict=True))]
    for k, cut in enumerate((film.contact, *process.cuts)):
        holes = of(cut.layer)
        yield f"{cut.name} size", min(cut.size), holes - holes.rectangles().with_area(cut.size[0] * cut.size[1], False)
        yield f"{cut.name} space", cut.space, holes.space_check(cut.space)
        for (name, level), enclosure in zip(levels[k : k + 2], (cut.below, cut.above), strict=True):
            yield f"{cut.name} within {name}", enclosure, holes.sized(enclosure) - level
    plate, holes, metal = of(plates.layer), of(process.cuts[plates.bottom].layer), metals[plates.bottom]
    bottom, below = metal.interacting(plate), process.wires[plates.bottom].name
    yield f"{plates.name} width", plates.side[0], plate.width_check(plates.side[0])
    yield f"{plates.name} within {below}", plates.enclosure, plate.sized(plates.enclosure) - metal
    yield f"via within {plates.name}", plates.inside, holes.interacting(plate).sized(plates.inside) - plate
    yield f"via beside {plates.name}", plates.gap, plate.separation_check(holes.not_interacting(plate), plates.gap)
    yield f"{below} below plates, space", plates.space, bottom.space_check(plates.space)
    yield f"{below} beside plates", plates.space, bottom.separation_check(metal - bottom, plates.space)
    covered = {"body": bodies, "head": bars - bodies, "row": bars}
    for mark in film.marks:
        x, y = (mark.x, mark.y) if mark.over != "head" else (0, 0)
        yield f"{mark.name} over {mark.over}", min(x, y), covered[mark.over].sized(x, y, 2) - of(mark.layer)
    drawn = [of(pair) for pair in _layers(layout)]
    yield (
        "corners on a grid of",
        GRID,
        sum((r.grid_check(GRID, GRID) for r in drawn[1:]), drawn[0].grid_check(GRID, GRID)),
    )


def _layers(layout: Any) -> list[Layer]:
    return [(info.layer, info.datatype) for info in layout.layer_infos()]
