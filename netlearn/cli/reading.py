"""What a command reads: a netlist file, or standard input where `-` is named."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from netlearn import units
from netlearn.circuit.connections import Connections
from netlearn.circuit.flat import FlatCircuit
from netlearn.errors import CircuitError, Diagnostic, NetlearnError
from netlearn.lang.compile import Netlist, compile_netlist, read_source
from netlearn.units import Quantity

STDIN = Path("-")
STDIN_NAME = "stdin.nl"
"""What standard input is called in messages and in run folders."""


def read_text(file: Path) -> tuple[str, str]:
    """(text, name) of a netlist; NetlistError or NetlearnError where it cannot be read."""
    if file != STDIN:
        return read_source(file), str(file)
    try:
        return sys.stdin.buffer.read().decode("utf-8"), STDIN_NAME
    except UnicodeDecodeError:
        raise NetlearnError("standard input is not UTF-8 text", "save it as UTF-8") from None


def compiled(file: Path, allowed: Sequence[Path] | None, quiet: bool, given: Sequence[str] | None = None) -> Netlist:
    """A checked netlist, with parameters as they are `given` (name=value); its warnings go to standard error unless
    `quiet`. Standard input lies in this folder."""
    text, name = read_text(file)
    netlist = compile_netlist(text, name, Path(name).parent, tuple(allowed or ()), settings(given or ()))
    if not quiet:
        for warning in netlist.warnings:
            print(warning.render(), file=sys.stderr)
    return netlist


def settings(given: Iterable[str]) -> dict[str, Quantity]:
    """Parameters of circuits by name; CircuitError where one cannot be read."""
    found: dict[str, Quantity] = {}
    for text in given:
        name, sign, number = (part.strip() for part in text.partition("="))
        if not sign or not name.isidentifier() or name in found:
            raise CircuitError(f"--set {text}", "write --set name=value, such as --set offset=2mV, each name once")
        try:
            found[name] = units.parse_signed(number)
        except units.UnitFault as fault:
            raise CircuitError(f"--set {text}: {fault}", fault.help) from None
    return found


def undetermined(netlist: Netlist, circuits: Iterable[FlatCircuit]) -> tuple[Diagnostic, ...]:
    """Circuits that can have no operating point, at what they lack; what a lint has told of is left out."""
    told = {warning.span for warning in netlist.warnings}
    lost = [(circuit.name, Connections(circuit).undetermined(circuit.driven["V"][0])) for circuit in circuits]
    found = [
        Diagnostic(u.message, netlist.source, netlist.place(name, u.name), u.help, "warning") for name, u in lost if u
    ]
    return tuple(d for d in found if d.span not in told)
