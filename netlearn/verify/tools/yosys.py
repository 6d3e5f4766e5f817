"""yosys reads structural Verilog, and gives every cell with its nets and numbers, which it prints with six decimals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from netlearn.export.design import GND, Design
from netlearn.verify.model import Check, Verifier, complaint, program, ran
from netlearn.verify.wiring import WIRING, Leaf, Leaves, compared, leaves


@cache
def version() -> str | None:
    """Of the yosys on PATH."""
    where = program("yosys")
    found = re.search(r"Yosys (\S+)", ran([where, "-V"], Path("/")).said) if where else None
    return found[1] if found else None


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Devices, nets, pins; numbers to six decimals."""
    script = "read_verilog dut.v; hierarchy -check -top dut; write_json read.json"
    found = ran(["yosys", "-q", "-p", script], folder)
    results = folder / "read.json"
    if found.status != 0 or not results.is_file():
        yield complaint("yosys", format, WIRING, found.said)
        return
    modules = json.loads(results.read_text())["modules"]
    ports = {name: ("", port["bits"][0]) for name, port in modules["dut"]["ports"].items()}
    devices = dict(_cells(modules, "dut", "", {bit: (where, bit) for where, bit in ports.values()}))
    theirs = Leaves(devices, {name: _net(net) for name, net in ports.items()})
    yield from compared("yosys", format, leaves(design), theirs, lambda value: float(f"{value:f}"), "to six decimals")


Bit = tuple[str, int | str]
"""A net: the path of the module that it belongs to, and yosys's number there; text for a constant."""


def _cells(
    modules: Mapping[str, Any], of: str, path: str, outer: Mapping[int | str, Bit]
) -> Iterator[tuple[str, Leaf]]:
    """The devices in a module; outer: the nets that its ports are on, by their numbers within."""
    for name, cell in modules[of]["cells"].items():
        on = {port: outer.get(bits[0], (path, bits[0])) for port, bits in cell["connections"].items()}
        inner = modules[cell["type"]]
        if "blackbox" in inner["attributes"]:
            numbers = {p: float(v) for p, v in cell["parameters"].items()}
            yield path + name, Leaf(cell["type"], {port: _net(net) for port, net in on.items()}, numbers)
        else:
            bits = {inner["ports"][port]["bits"][0]: net for port, net in on.items()}
            yield from _cells(modules, cell["type"], f"{path}{name}.", bits)


def _net(net: Bit) -> str:
    path, bit = net
    return GND if bit == "0" else f"{path}{bit}"


VERIFIER = Verifier("yosys", "reads Verilog", ("verilog",), "apt-get install yosys", version, check)
