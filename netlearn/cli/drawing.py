"""`netlearn schematic`: which cell of a netlist is drawn; `netlearn network`: a circuit at an operating point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from netlearn.circuit.model import GROUND, Cell, Circuit
from netlearn.circuit.over_time import nodes
from netlearn.cli.reading import compiled, settings
from netlearn.cli.solving import Subject, choose_circuit, operating_point, unsettled
from netlearn.errors import CircuitError
from netlearn.lang.values import suggest
from netlearn.plot import network
from netlearn.plot.picture import picture


def chosen(
    file: Path, allowed: Sequence[Path] | None, module: str | None, circuit: str | None, given: Sequence[str]
) -> Cell:
    """A module by name or a circuit, with parameters as given; the only one of the netlist where none is named."""
    if module is not None and circuit is not None:
        raise CircuitError("--module and --circuit were both given", "name one of them")
    if circuit is not None:
        return _labelled(choose_circuit(compiled(file, allowed, False, given), circuit))
    netlist = compiled(file, allowed, False)
    names = [*netlist.modules, *netlist.circuits]
    if module is None and len(names) != 1:
        known = ", ".join([*(f"--module {m}" for m in netlist.modules), *(f"--circuit {c}" for c in netlist.circuits)])
        raise CircuitError(f"{file} has {len(names)} things to draw", f"name one: {known}" if known else "write module")
    if module is None and netlist.circuits:
        return _labelled(compiled(file, allowed, False, given).circuit)
    name = module if module is not None else names[0]
    if name not in netlist.modules:
        help = suggest(name, netlist.modules) or f"known: {', '.join(netlist.modules) or 'none'}"
        raise CircuitError(f"there is no module '{name}'", help)
    return netlist.modules[name].cell(settings(given))


def with_pins(circuit: Circuit) -> Cell:
    """The top cell of a circuit, with the nets that are driven and read for its ports."""
    driven = [node for port in circuit.inputs for node in port.nodes]
    read = [node for port in circuit.outputs for pair in (port.free, port.clamped) for node in pair]
    known = set(circuit.top.nets)
    return replace(circuit.top, ports=tuple(dict.fromkeys(n for n in (*driven, *read) if n in known and n != GROUND)))


def _labelled(circuit: Circuit) -> Cell:
    """The same with the nets that are plotted as well: a drawing has the name of each."""
    cell = with_pins(circuit)
    readings = [r for plot in circuit.plots for r in (*plot.curves, *([plot.against] if plot.against else []))]
    plotted = [node for reading in readings for node in nodes(reading.tree) if node in cell.nets]
    return replace(cell, ports=tuple(dict.fromkeys((*cell.ports, *plotted))))


def pictured(subject: Subject, given: Sequence[str], backend: str, suffix: str) -> bytes:
    """The picture of a circuit's network with its inputs as given, by what a file of it is called (.svg, .png, .pdf)."""
    circuit, params = subject.circuit, subject.params
    inputs, solution = operating_point(subject, given, backend)
    if not solution.settled.all():
        raise unsettled(subject)
    x = solution.x[0, 0]
    if not network.drawable(network.edges(circuit, params, x)):
        raise CircuitError(f"{circuit.name} has no edge that conducts", "netlearn schematic draws any circuit")
    return picture(suffix, network.SIZE, lambda figure: network.draw_one(figure, circuit, params, x, inputs))
