"""Structural Verilog: what is connected to what, for flows that read nothing else.

    dut.v       black boxes for devices, then a module a cell, the last one `dut`

Every port is an `inout`: these are nets of a circuit, not signals. Numbers are real parameters; what was learned or drawn is
handed down from the parameters of `dut`, whose defaults it is. Ground is `supply0 gnd` in each module that has it. A parameter
of a cell that has the name of a net or of a part there is called `..._2`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from netlearn.devices import Device
from netlearn.export.design import GND, Block, Design, Number
from netlearn.export.formats.order import Files, Order
from netlearn.export.formats.spice import WIDE
from netlearn.export.leaves import parameter, pins
from netlearn.export.names import model_name, named

GROUND = "gnd"  # no net of a design has this name: it is a reserved word


def write(design: Design, order: Order) -> Files:
    """The file of a design."""
    wanted = _wanted(design.top)
    top = replace(design.top, params=tuple(p for p in design.numbers if p in wanted))
    blocks = [*design.blocks[:-1], top]
    boxes = {p.device.name: p.device for block in blocks for p in block.parts}
    starts = {top.name: design.numbers}
    lines = [line for device in boxes.values() for line in _box(device)]
    lines += [line for block in blocks for line in _module(block, starts.get(block.name, {}))]
    return {"dut.v": "\n".join([f"// {design.title}: structural Verilog", *_wrapped(lines), ""])}


def _wanted(block: Block) -> set[Number]:
    """The parameters of a block, and the numbers, that its parts and uses are given."""
    given = [*(p.numbers for p in block.parts), *(u.given for u in block.uses)]
    return {value for one in given for value in one.values()}


def numbers_of(device: Device) -> dict[str, str]:
    """What the parameters of a device are called in its module; its temperature is 27 C and is none of them."""
    return {p: parameter(device, p) for p in device.param_names if p != "temp"}


def _params(block: Block) -> dict[str, str]:
    """What the parameters of a block are called beside its nets and what is in it."""
    return named(block.params, str, [*block.nets, *(p.name for p in block.parts), *(u.name for u in block.uses)])


def _box(device: Device) -> list[str]:
    defaults = {name: device.param(p).default or 0.0 for p, name in numbers_of(device).items()}
    return ["", "(* blackbox *)", _head(model_name(device), defaults, pins(device)), "endmodule"]


def _head(name: str, params: Mapping[str, float], ports: Iterable[str]) -> str:
    given = f" #(parameter real {', '.join(f'{p}={v!r}' for p, v in params.items())})" if params else ""
    return f"module {name}{given} (inout {', '.join(ports)});"


def _module(block: Block, starts: Mapping[str, float]) -> Iterator[str]:
    params, ports = _params(block), frozenset(block.ports)
    inside = [net for net in block.nets if net not in ports]
    yield ""
    yield _head(block.name, {name: starts.get(p, 0.0) for p, name in params.items()}, block.ports)
    if GND in {net for nets in (*(p.nets for p in block.parts), *(u.nets for u in block.uses)) for net in nets}:
        yield f"  supply0 {GROUND};"
    if inside:
        yield f"  wire {', '.join(inside)};"
    for part in block.parts:
        names = numbers_of(part.device)
        numbers = {names[p]: v for p, v in part.numbers.items() if p in names}
        yield _instance(
            model_name(part.device), part.name, numbers, dict(zip(pins(part.device), part.nets, strict=True)), params
        )
    for use in block.uses:
        names = _params(use.block)
        numbers = {names[p]: v for p, v in use.given.items()}
        yield _instance(use.block.name, use.name, numbers, dict(zip(use.block.ports, use.nets, strict=True)), params)
    yield "endmodule"


def _instance(
    of: str, name: str, numbers: Mapping[str, Number], nets: Mapping[str, str], params: Mapping[str, str]
) -> str:
    spelled = ", ".join(f".{p}({params[v] if isinstance(v, str) else repr(v)})" for p, v in numbers.items())
    given = f" #({spelled})" if spelled else ""
    ports = ", ".join(f".{port}({GROUND if net == GND else net})" for port, net in nets.items())
    return f"  {of}{given} {name} ({ports});"


def _wrapped(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from textwrap.wrap(
            line, WIDE, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
        ) or [""]
