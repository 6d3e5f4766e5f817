"""The graph of what a netlist for layout (CDL) has of a circuit, to compare one with: primitives by kind, size and value alone.

A transistor is its channel, width and length, a resistor its resistance, a capacitor its capacitance, a diode a diode; any other
device is a black box by the name of its model, without its numbers. Sources of the top are its bench and not drawn. This is
what `netlearn.export.formats.cdl` writes, in names of the netlist.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from netlearn.circuit.flat import flatten, initial
from netlearn.circuit.model import GROUND, Cell, Circuit
from netlearn.devices import DEVICES, Device
from netlearn.equal import Graph
from netlearn.equal.graph import Part
from netlearn.export.design import SOURCES
from netlearn.export.names import legal, model_name, named
from netlearn.export.physical import primitive

_LABELS = {"m": ("d", "g", "d", "b"), "d": ("a", "k")}
"""SPICE's letter to the labels of its ends; those of what is not here can change places."""


@dataclass(frozen=True)
class Drawn:
    """The graph, the models of its black boxes, and how many sources of the top are not in it."""

    graph: Graph
    boxes: frozenset[str]
    sources: int


@dataclass(frozen=True)
class _Place:
    """A device on nets by their paths, or (without one) a black box; `of` is what all copies of an element have in common."""

    path: str
    nets: tuple[str, ...]
    of: tuple[int, str]
    device: Device | None = None
    box: str = ""


def drawn(circuit: Circuit, pdk: str, empty: Collection[str] = ()) -> Drawn:
    """What is drawn of a circuit in a process ("": generic models). `empty`: cells that stand for black boxes, as CDL has them."""
    places = list(_places(circuit.top, "", {}, empty))
    top = [p for p in places if not (p.device and p.device.name in SOURCES and p.of[0] == id(circuit.top))]
    nets = dict.fromkeys([GROUND, *circuit.top.nets, *(net for place in top for net in place.nets)])
    index = {net: k for k, net in enumerate(nets)}
    values = _values(circuit)
    dead = {place.of for place in places if values.get((place.path, "g"), 1.0) <= 0}
    parts = tuple(_part(place, values, place.of in dead, pdk, index) for place in top)
    names = named(circuit.top.nets, legal)
    ports = {names[net]: index[net] for net in circuit.top.ports if net in names}
    boxes = frozenset(part.kind.removeprefix(_BOX) for part in parts if part.kind.startswith(_BOX))
    return Drawn(Graph(tuple(nets), parts, {**ports, GROUND: 0}), boxes, len(places) - len(top))


def _places(cell: Cell, prefix: str, outside: Mapping[str, str], empty: Collection[str]) -> Iterator[_Place]:
    on = {net: prefix + net for net in cell.nets} | dict(outside) | {GROUND: GROUND}
    for element in cell.elements:
        nets = tuple(on[net] for net in element.nodes)
        yield _Place(prefix + element.name, nets, (id(cell), element.name), element.device)
    for one in cell.instances:
        inside = {port: on[one.nets[port]] for port in one.cell.ports}
        if one.cell.name in empty:
            yield _Place(prefix + one.name, tuple(inside.values()), (id(cell), one.name), None, one.cell.name)
        yield from _places(one.cell, f"{prefix}{one.name}.", inside, empty)


def _values(circuit: Circuit) -> dict[tuple[str, str], float]:
    """Every number of an element by its path and parameter, as the circuit is before it learns."""
    shape = flatten(circuit)
    params = initial(shape, 0)
    return {
        (path, param): float(value)
        for name, bank in shape.banks.items()
        for param, values in params.values[name].items()
        for path, value in zip(bank.names, values[0], strict=True)
    }


_BOX = "box "  # in front of the name of its model


def _part(
    place: _Place, values: Mapping[tuple[str, str], float], dead: bool, pdk: str, index: Mapping[str, int]
) -> Part:
    device, on, scale = place.device, tuple(index[net] for net in place.nets), {}
    if device is not None and device.name == "G" and dead:  # a conductor that may conduct nothing is no resistor
        device, on = DEVICES["VCCS"], on * 2
    elif device is not None and device.name == "G":
        device, scale = DEVICES["R"], {"r": 1.0 / values[place.path, "g"]}
    own = primitive(device, pdk) if device else None
    if own is None:
        model = model_name(device) if device else place.box
        ends = tuple(str(k) for k in range(1, len(on) + 1))
        return Part(_BOX + model, place.path, ends, on, ends, {}, "", ())
    assert device is not None
    numbers = {name: scale.get(name) or values[place.path, name] for name in own.numbers}
    main = own.numbers[0] if len(own.numbers) == 1 else ""
    labels = _LABELS.get(own.letter, ("p", "p"))
    return Part(own.model, place.path, device.terminals, on, labels, numbers, main, own.numbers)
