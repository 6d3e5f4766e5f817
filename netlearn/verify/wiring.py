"""A circuit as its devices, each by its path: what a tool that has read a hierarchy is asked for, and compared by.

Nets have names of the tool's own: two circuits are the same where the nets at the pins of one and those at the same pins of
the other belong together one to one, ground and the ports among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from netlearn.export.design import GND, Block, Design, specialised
from netlearn.export.formats.verilog import numbers_of
from netlearn.export.leaves import pins
from netlearn.export.names import model_name
from netlearn.verify.model import FAILED, NOT_CHECKED, PASSED, Check

WIRING = "devices, pins, nets"


@dataclass(frozen=True)
class Leaf:
    """A device: its model, its nets by pin, its numbers by parameter."""

    model: str
    nets: Mapping[str, str]
    numbers: Mapping[str, float]


@dataclass(frozen=True)
class Leaves:
    """Devices by path (`xe_0.mf`), and the net of each port."""

    devices: Mapping[str, Leaf]
    ports: Mapping[str, str]


def leaves(design: Design) -> Leaves:
    """Those of the device under test; a net has the name that it has where it is not a port."""
    top = specialised(design).top
    return Leaves(dict(_inside(top, "", {net: net for net in top.ports})), {net: net for net in top.ports})


def _inside(block: Block, before: str, outer: Mapping[str, str]) -> Iterator[tuple[str, Leaf]]:
    def on(net: str) -> str:
        return GND if net == GND else outer.get(net, before + net)

    for part in block.parts:
        names = numbers_of(part.device)
        nets = dict(zip(pins(part.device), map(on, part.nets), strict=True))
        numbers = {names[p]: float(v) for p, v in part.numbers.items() if p in names}
        yield before + part.name, Leaf(model_name(part.device), nets, numbers)
    for use in block.uses:
        yield from _inside(
            use.block, f"{before}{use.name}.", dict(zip(use.block.ports, map(on, use.nets), strict=True))
        )


SIGNS = {"nl_nmos": 1, "nl_pmos": -1}
"""Of SPICE's transistors: which way a junction of the bulk conducts."""


def bulks(design: Design) -> Iterator[tuple[str, Leaf, float]]:
    """Every transistor of SPICE's with its path, and by how many volts its bulk is ahead of its drain or its source, whichever
    is more: beyond 0 that junction conducts."""
    volts = design.volts
    for path, leaf in leaves(design).devices.items():
        if leaf.model in SIGNS:
            nets = leaf.nets
            yield path, leaf, max(SIGNS[leaf.model] * (volts[nets["b"]] - volts[nets[end]]) for end in ("d", "s"))


@dataclass(frozen=True)
class Printing:
    """How a tool prints numbers, in words; what becomes of one; and the least that it shows enough of (0 is less)."""

    words: str
    of: Callable[[float], float]
    least: float = 0.0


def compared(tool: str, format: str, ours: Leaves, theirs: Leaves, printing: Printing) -> Iterator[Check]:
    """Two rows: what is connected to what; and numbers, as far as the tool has printed them: ours likewise. Those of which it shows
    too little are held against it, too, and not counted."""
    fault = _difference(ours, theirs)
    pins_on = _nets(ours)
    counts = f"{len(ours.devices)} devices, {len(pins_on)} pins, {len(set(pins_on.values()))} nets"
    yield Check(tool, format, WIRING, counts, fault or counts, None, FAILED if fault else PASSED)
    pairs = [
        (f"{path}.{name}", value, theirs.devices[path].numbers.get(name))
        for path, leaf in ours.devices.items()
        if path in theirs.devices
        for name, value in leaf.numbers.items()
    ]
    wrong = [(where, v, w) for where, v, w in pairs if w is None or abs(printing.of(v) - w) > 1e-9 * abs(w)]
    seen = sum(abs(v) >= printing.least for _, v, _ in pairs)
    count = f"{seen}" if seen == len(pairs) else f"{seen} of {len(pairs)}"
    shown = f"{wrong[0][0]} = {wrong[0][2]} for {wrong[0][1]!r}" if wrong else count
    good = not wrong and len(theirs.devices) == len(ours.devices)
    verdict = FAILED if not good else PASSED if seen else NOT_CHECKED
    yield Check(tool, format, f"numbers of devices, {printing.words}", count, shown, None, verdict)


def _difference(ours: Leaves, theirs: Leaves) -> str:
    """In what the wiring of two circuits differs, or nothing."""
    for path in [*ours.devices, *theirs.devices]:
        if path not in theirs.devices or path not in ours.devices:
            return f"{'no' if path in ours.devices else 'also'} {path}"
        if ours.devices[path].model != theirs.devices[path].model:
            return f"{path} is {theirs.devices[path].model}"
    left, right = _nets(ours), _nets(theirs)
    if left.keys() != right.keys():
        return f"other pins: {' '.join(sorted(left.keys() ^ right.keys()))[:80]}"
    there, back = {GND: GND}, {GND: GND}
    for pin, net in left.items():
        if there.setdefault(net, right[pin]) != right[pin] or back.setdefault(right[pin], net) != net:
            return f"{pin} is on another net than {net}"
    return ""


def _nets(circuit: Leaves) -> dict[str, str]:
    """The net of every pin, and of every port."""
    ports = {f"port {name}": net for name, net in circuit.ports.items()}
    return ports | {f"{path}.{pin}": net for path, leaf in circuit.devices.items() for pin, net in leaf.nets.items()}
