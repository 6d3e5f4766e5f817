"""KLayout's netlist comparer on two files of SPICE elements, flat but for black boxes, sizes compared closely."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

TOP = "DUT"  # KLayout reads SPICE in upper case
NEAR = 1e-9
"""Relative difference up to which sizes are the same."""


def compared(given: Path, reference: Path) -> tuple[str, bool]:
    """What is in a file, in words, or why KLayout does not read it; and whether it is the same circuit as in the other one."""
    try:
        left, right = _read(given), _read(reference)
        return _counted(left), _same(left, right)
    except RuntimeError as fault:
        return str(fault).splitlines()[0][:160], False


def _read(file: Path) -> Any:
    """A netlist, flat but for its black boxes, in which sizes are compared closely."""
    db = import_module("klayout.db")
    netlist = db.Netlist()
    netlist.read(str(file), db.NetlistSpiceReader())
    if netlist.circuit_by_name(TOP) is None:
        raise RuntimeError(f"{file.name} has no cell {TOP}")
    for cell in list(netlist.each_circuit_bottom_up()):
        if cell.name != TOP and (list(cell.each_device()) or list(cell.each_subcircuit())):
            netlist.flatten_circuit(cell)
    for kind in netlist.each_device_class():
        sizes = [p.id() for p in kind.parameter_definitions() if p.is_primary]
        for size in sizes:
            equal = db.EqualDeviceParameters(size, 0.0, NEAR)
            kind.equal_parameters = equal if size == sizes[0] else kind.equal_parameters + equal
    return netlist


def _same(left: Any, right: Any) -> bool:
    """Whether they are the same circuit with the same ports in the same order; the comparer itself goes by their names."""
    ports, others = ([pin.name() for pin in netlist.circuit_by_name(TOP).each_pin()] for netlist in (left, right))
    return ports == others and bool(import_module("klayout.db").NetlistComparer().compare(left, right))


def _counted(netlist: Any) -> str:
    top = netlist.circuit_by_name(TOP)
    devices = [*top.each_device(), *top.each_subcircuit()]
    nets = [net for net in top.each_net() if net.terminal_count() or net.subcircuit_pin_count()]
    return f"{len(devices)} devices, {len(nets)} nets"
