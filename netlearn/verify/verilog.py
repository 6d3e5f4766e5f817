"""What yosys and Icarus Verilog print of what they have read, as devices by path. A few lines of modules within modules may be more
of them than any machine has room for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from netlearn.export.design import GND
from netlearn.verify.wiring import Leaf, Leaves

Spelled = Mapping[str, Any]
"""Leaves, as JSON has them."""
SCOPE = re.compile(r"^(dut\S*) module <(\w+)> instance .*$", re.MULTILINE)
PORT = re.compile(r"^ +wire: (\w+) .* inout netvector_t.*(?:\n +\[0\]: (0x\w+) )?", re.MULTILINE)
NUMBER = re.compile(r"^ +parameter real signed (\w+) = (?:<\w+=)?([-+.\de]+)>?;", re.MULTILINE)
GROUND = re.compile(r"^logic: pulldown .*\n +0 pin0 O \(supply0 supply1\): (0x\w+) ", re.MULTILINE)


def told(found: Spelled) -> Leaves:
    """Them again."""
    return Leaves({path: Leaf(**leaf) for path, leaf in found["devices"].items()}, found["ports"])


def by_yosys(results: Path, most: int) -> Spelled:
    """A netlist as yosys writes it in JSON; no more devices than `most`."""
    modules = json.loads(results.read_text())["modules"]
    ports = {name: ("", port["bits"][0]) for name, port in modules["dut"]["ports"].items()}
    cells = _cells(modules, "dut", "", {bit: (where, bit) for where, bit in ports.values()})
    return asdict(Leaves(dict(islice(cells, most)), {name: _net(net) for name, net in ports.items()}))


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


def by_iverilog(results: Path) -> Spelled:
    """A netlist as Icarus Verilog prints it; devices are the instances that are marked as black boxes. A port with nothing on it has no address."""
    text = results.read_text()
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
    return asdict(Leaves(devices, ports))
