"""A design solved again by our own engine: what is left of a circuit once it has left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.flat import Boundary, FlatCircuit, Floats, Params, boundary, flatten, initial
from netlearn.circuit.model import GROUND, Cell, Circuit, Element, Input
from netlearn.errors import CircuitError
from netlearn.export.design import GND, Design, Part, flat, specialised


@dataclass(frozen=True)
class Again:
    """A design as a circuit of ours, whose nodes have its flat names, and its operating point x (size,)."""

    shape: FlatCircuit
    params: Params
    boundary: Boundary
    x: Floats

    def places(self, design: Design) -> Mapping[str, int]:
        """Where in x each node is, by its name in the design."""
        where = self.shape.node_index
        flat_names = {node: node.replace(".", "__") for node in design.nodes.values()}
        return {node: where[name] for node, name in flat_names.items() if name in where}


def again(design: Design) -> Again:
    """CircuitError where it does not settle."""
    block, whole = flat(design), specialised(design)
    parts = [*whole.bench.sources, *block.parts]
    nets = dict.fromkeys(net for part in parts for net in part.nets if net != GND)
    cell = Cell(block.name, (), tuple(nets), tuple(_element(k, part) for k, part in enumerate(parts)), (), {})
    drives = [d for d in design.bench.drives if any(n != GND for n in d.nets)]
    inputs = tuple(Input(f"x{k}", d.kind, tuple(n for n in d.nets if n != GND)) for k, d in enumerate(drives))  # type: ignore[arg-type]
    shape = flatten(Circuit(design.name, cell, inputs, ()))
    params, held = initial(shape), boundary(shape, np.array([[d.value for d in drives]]))
    backend = open_backend("ngspice" if any(part.device.kit for part in parts) else "native", shape)
    try:
        found = backend.operating_points(params, held)
    finally:
        backend.close()
    if not found.settled.all():
        raise CircuitError(
            f"{design.name} does not settle when design.json is solved again", "export the circuit again"
        )
    return Again(shape, params, held, found.x[0, 0])


def solved(design: Design) -> dict[str, float]:
    """Node voltages by the names of the design; CircuitError where it does not settle."""
    found = again(design)
    return {node: float(found.x[k]) for node, k in found.places(design).items()}


def _element(place: int, part: Part) -> Element:
    nodes = tuple(GROUND if net == GND else net for net in part.nets)
    return Element(f"e{place}", part.device, nodes, {p: float(v) for p, v in part.numbers.items()}, wave=part.wave)
