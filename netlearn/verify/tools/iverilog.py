"""Icarus Verilog elaborates structural Verilog. What it has read is in the netlist that it can print: every instance, the net
that each of its ports is on (an address), parameters to six digits, and a pulldown on every net that is ground. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from netlearn.export.design import GND, Design
from netlearn.verify.model import Check, Verifier, complaint, program, ran
from netlearn.verify.wiring import WIRING, Leaf, Leaves, compared, leaves

SCOPE = re.compile(r"^(dut\S*) module <(\w+)> instance .*$", re.MULTILINE)
PORT = re.compile(r"^ +wire: (\w+) .* inout netvector_t.*(?:\n +\[0\]: (0x\w+) )?", re.MULTILINE)
NUMBER = re.compile(r"^ +parameter real signed (\w+) = (?:<\w+=)?([-+.\de]+)>?;", re.MULTILINE)
GROUND = re.compile(r"^logic: pulldown .*\n +0 pin0 O \(supply0 supply1\): (0x\w+) ", re.MULTILINE)


@cache
def version() -> str | None:
    """Of the iverilog on PATH."""
    where = program("iverilog")
    found = re.search(r"Icarus Verilog version (\S+)", ran([where, "-V"], Path("/tmp")).said) if where else None
    return found[1] if found else None


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Devices, nets, pins; numbers to six digits."""
    found = ran(["iverilog", "-t", "null", "-Wall", "-N", "read.txt", "-s", "dut", "dut.v"], folder)
    results = folder / "read.txt"
    if found.status != 0 or found.said.strip() or not results.is_file():
        yield complaint("iverilog", format, WIRING, found.said)
        return
    yield from compared(
        "iverilog",
        format,
        leaves(design),
        _read(results.read_text()),
        lambda value: float(f"{value:g}"),
        "to six digits",
    )


def _read(text: str) -> Leaves:
    """A printed netlist; devices are the instances that are marked as black boxes. A port with nothing on it has no address."""
    grounds = set(GROUND.findall(text))
    _, *found = SCOPE.split(text.partition("\nELABORATED NODES:")[0])
    devices, ports = dict[str, Leaf](), dict[str, str]()
    for path, module, inside in zip(found[::3], found[1::3], found[2::3], strict=True):
        nets = {port: GND if net in grounds else net or port for port, net in PORT.findall(inside)}
        if path == "dut":
            ports = nets
        elif "(* blackbox = " in inside:
            numbers = {name: float(value) for name, value in NUMBER.findall(inside)}
            devices[path.removeprefix("dut.")] = Leaf(module, nets, numbers)
    return Leaves(devices, ports)


VERIFIER = Verifier("iverilog", "reads Verilog", ("verilog",), "apt-get install iverilog", version, check)
