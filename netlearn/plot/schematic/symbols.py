"""Elements and instances as symbols around the origin: transistors and two-ended elements, amplifiers, boxes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from netlearn.circuit.model import GROUND, Cell, Element, Formula, Instance
from netlearn.kits import of_channel
from netlearn.plot.schematic.shapes import Box, Pin, Symbol, Text, text_width, up
from netlearn.units import engineering

N_CHANNEL, P_CHANNEL = ("NMOS", "NEKV", *of_channel("n")), ("PMOS", "PEKV", *of_channel("p"))
TRANSISTORS = (*N_CHANNEL, *P_CHANNEL)
ENDED = ("R", "G", "C", "Cm", "L", "D", "V", "I", "Ohmic", "Switch")
"""Two-ended elements; a switch has two terminals that steer it as well."""
ONE_WAY = ("D", "V", "I")
"""Their first terminal is above the second wherever they stand."""
AMPLIFIERS = ("OpAmp", "Comparator")
HALF = 1.5  # from the middle of what stands in a column to its ends
SUPPLIES = ("vdd", "vcc", "vpp", "vpos", "avdd", "dvdd")
OPEN = "[..]"
NEGATIVE = ("vss", "vee", "vneg", "avss", "dvss")


def is_supply(net: str) -> bool:
    return net.lower() in SUPPLIES


def is_low(net: str) -> bool:
    """Ground or a negative supply: drawn at the bottom."""
    return net == GROUND or net.lower() in NEGATIVE


def several(nets: Sequence[str]) -> str:
    """One name for the nets of an array: `n[..][..].free`."""
    names = list(dict.fromkeys(nets))
    if len(names) == 1:
        return names[0]
    patterns = list(dict.fromkeys(re.sub(r"\[\d+\]", OPEN, name) for name in names))
    return patterns[0] if len(patterns) == 1 else f"{patterns[0]}, {OPEN}"


def is_several(net: str) -> bool:
    """It stands for several nets, which no single wire can join."""
    return OPEN in net


def is_rail(net: str) -> bool:
    return is_low(net) or is_supply(net)


def value_of(element: Element) -> str:
    """What stands below an element's name: its value, or the size of a transistor; nothing where it has no main one."""
    params, device = element.params, element.device
    if element.wave is not None:
        return type(element.wave).__name__.lower()
    if device.name in TRANSISTORS:
        width, length = params["w"], params["l"]
        if isinstance(width, Formula) or isinstance(length, Formula):
            return "W/L learns"
        return f"{engineering(width, '')}/{engineering(length, '')}".replace(" ", "")
    if not device.value:
        return _special(element)
    value = params[device.value]
    if isinstance(value, Formula):
        own = all(state == f"{element.name}.{device.value}" for state in value.states)
        return "learns" if own else f"by {', '.join(value.states)}"[:16]
    return engineering(value, {"Ohm": "Ω"}.get(device.param(device.value).unit, device.param(device.value).unit))


def _special(element: Element) -> str:
    """The first parameter that is not what it is by default."""
    for param in element.device.params:
        value = element.params.get(param.name)
        if isinstance(value, float) and value != param.default:
            return f"{param.name} {engineering(value, param.unit)}"
    return ""


def _bulk(element: Element) -> str:
    """The net of a transistor's bulk, where it is not on the source."""
    return "" if element.nodes[3] == element.nodes[2] else element.nodes[3]


def ends(element: Element) -> tuple[str, str]:
    """The nets at its upper and lower end where it stands in a column."""
    a, b = element.nodes[0], element.nodes[2 if element.device.name in TRANSISTORS else 1]
    if element.device.name in P_CHANNEL:
        a, b = b, a
    turned = (is_low(a) or is_supply(b)) and not is_low(b) and not is_supply(a)
    return (b, a) if turned and element.device.name not in ONE_WAY else (a, b)


def transistor(element: Element, top: str, bottom: str, mirrored: bool) -> Symbol:
    """Upright, channel at x = 0, gate at the left (at the right where mirrored), texts at the other side: the net of the bulk at
    y = 0, where its terminal is, between the name and the size."""
    side, bulk = 1 if mirrored else -1, _bulk(element)
    lines = [t for t in (element.name, bulk, value_of(element)) if t]
    return Symbol(
        element.name,
        "PMOS" if element.device.name in P_CHANNEL else "NMOS",
        _channel(side),
        (
            Pin("g", element.nodes[1], 2.0 * side, 0, side, 0),
            Pin("top", top, 0, HALF, 0, 1),
            Pin("bottom", bottom, 0, -HALF, 0, -1),
        ),
        _stacked(lines, -0.3 * side, "end" if mirrored else "start"),
        mirrored,
        bulk,
    )


def _channel(side: int) -> Box:
    return Box(min(-0.1, 1.7 * side), -1.0, max(0.1, 1.7 * side), 1.0)


def _stacked(lines: Sequence[str], x: float, align: str) -> tuple[Text, ...]:
    """Lines below each other around y = 0, the first one strong."""
    first = 0.21 * (len(lines) - 1)
    return tuple(
        Text(line, x, first - 0.42 * k, "end" if align == "end" else "start", strong=k == 0)
        for k, line in enumerate(lines)
    )


def standing(element: Element, top: str) -> Symbol:
    """A two-ended element in a column; `top` is the net at its upper end."""
    turned = element.nodes[0] != top
    other = element.nodes[0] if turned else element.nodes[1]
    steer = element.nodes[2:4] if element.device.name == "Switch" else ()
    pins = [Pin("top", top, 0, HALF, 0, 1), Pin("bottom", other, 0, -HALF, 0, -1)]
    pins += [Pin(name, net, -1.5, y, -1, 0) for name, net, y in zip("+-", steer, (0.5, -0.5), strict=False)]
    texts = _stacked([t for t in (element.name, value_of(element)) if t], 0.65, "start")
    left = -1.0 if steer else -0.5
    return Symbol(element.name, element.device.name, Box(left, -1, 0.5, 1), tuple(pins), texts, turned)


def lying(element: Element, left: str) -> Symbol:
    """A two-ended element along x, name above and value below; `left` is the net at its left end."""
    turned = element.nodes[0] != left
    other = element.nodes[0] if turned else element.nodes[1]
    pins = (Pin("left", left, -HALF, 0, -1, 0), Pin("right", other, HALF, 0, 1, 0))
    texts = [Text(element.name, 0, 0.6, "middle", strong=True)]
    if value := value_of(element):
        texts.append(Text(value, 0, -0.6, "middle"))
    return Symbol(element.name, element.device.name, Box(-1, -0.4, 1, 0.4), pins, tuple(texts), turned)


def amplifier(element: Element) -> Symbol:
    """A triangle that points to the right: n above p, out at y = 0; ref below where it is not ground."""
    p, n, out, ref = element.nodes
    pins = [Pin("n", n, -2.5, 1, -1, 0), Pin("p", p, -2.5, -1, -1, 0), Pin("out", out, 2.5, 0, 1, 0)]
    if ref != GROUND:
        pins.append(Pin("ref", ref, -0.5, -2.5, 0, -1))
    texts = [Text(element.name, -0.55, 0, "middle", strong=True)]
    what = {"OpAmp": "op-amp", "Comparator": "comparator"}[element.device.name]
    texts.append(Text(what, 0.4, -1.75, quiet=True))
    if value := _special(element):
        texts.append(Text(value, 0.4, 1.75))
    return Symbol(element.name, element.device.name, Box(-1.75, -2, 1.75, 2), tuple(pins), tuple(texts))


def instance_symbol(instance: Instance) -> Symbol:
    """A cell in a box."""
    sides = {port: side_of(instance.cell, port) for port in instance.cell.ports}
    return block(instance.name, instance.cell.name, [(p, instance.nets[p], sides[p]) for p in instance.cell.ports])


def element_symbol(element: Element) -> Symbol:
    """An element without a symbol of its own in a box, with what it drives at the right."""
    driven = _driven(element)
    pins = [
        (name, net, "right" if name in driven else "left")
        for name, net in zip(element.device.terminals, element.nodes, strict=True)
    ]
    if all(side == "right" for _, _, side in pins) and len(pins) > 1:
        pins = [(name, net, "left" if k % 2 == 0 else "right") for k, (name, net, _) in enumerate(pins)]
    return block(element.name, element.device.name, pins, _special(element))


def block(name: str, kind: str, pins: Sequence[tuple[str, str, str]], value: str = "") -> Symbol:
    """A box with named pins (name, net, left or right); ground and negative supplies go to its lower edge, supplies to its upper one."""
    below = [p for p in pins if is_low(p[1])]
    above = [p for p in pins if is_supply(p[1])]
    left = [p for p in pins if p not in below and p not in above and p[2] == "left"]
    right = [p for p in pins if p not in below and p not in above and p[2] == "right"]
    inner = max((text_width(p[0]) for p in left), default=0) + max((text_width(p[0]) for p in right), default=0)
    wide = up(max(inner + 1.2, text_width(kind) + 0.6, text_width(value) + 0.6, len(below) + 0.5, text_width(name) + 0.2 + 1.2 * len(above), 2.5))  # fmt: skip
    rows = max(len(left), len(right), 1)
    foot = 0.5 if below else 0.0
    top, bottom = 1.5 + (0.5 if value else 0.0), -(rows - 1) - 0.75 - foot
    texts = [
        Text(name, 0, top + 0.3, strong=True),
        Text(kind, wide / 2, top - 0.35, "middle", quiet=True),
    ]
    if value:
        texts.append(Text(value, wide / 2, top - 0.8, "middle"))
    found: list[Pin] = []
    for side, x, way in ((left, 0.0, -1), (right, wide, 1)):
        for k, (pin, net, _) in enumerate(side):
            found.append(Pin(pin, net, x + 0.5 * way, -float(k), way, 0))
            texts.append(Text(pin, x - 0.15 * way, -float(k), "end" if way > 0 else "start"))
    for k, (pin, net, _) in enumerate(below):
        x = 0.5 * round(wide) + k - (len(below) - 1) // 2
        found.append(Pin(pin, net, x, bottom - 0.25 - (bottom - 0.25) % 0.5, 0, -1))
        texts.append(Text(pin, x, bottom + 0.25, "middle"))
    for k, (pin, net, _) in enumerate(above):
        found.append(Pin(pin, net, wide - 0.5 - k, top + 0.5, 0, 1))
    return Symbol(name, "Block", Box(0, bottom, wide, top), tuple(found), tuple(texts))


def _driven(element: Element) -> set[str]:
    """Terminals that its law drives against another one: outputs of sources that are steered by the others."""
    heads = re.findall(r"^\s*(?:current|voltage)\s+\w+\(([^)]*)\)", element.device.law, re.M)
    touched = {t.strip() for head in heads for t in head.split(",")}
    return touched if touched != set(element.device.terminals) else touched - set(element.device.control)


def roles(cell: Cell) -> Mapping[str, frozenset[str]]:
    """Net to what it does in a cell: `driven` by an output, `read` by a gate, `passed` through."""
    found: dict[str, set[str]] = {}
    gates = _transmission_gates(cell)
    for element in cell.elements:
        driven = _driven(element)
        for terminal, net in zip(element.device.terminals, element.nodes, strict=True):
            if element.device.name in TRANSISTORS:
                drain = "passed" if frozenset(ends(element)) in gates else element.device.name[0]
                what = {"g": "read", "b": "", "s": "passed", "d": drain}[terminal]
            elif element.device.name in ENDED:
                what = "passed" if terminal in element.device.terminals[:2] else "read"
            else:
                what = "driven" if terminal in driven else "read"
            found.setdefault(net, set()).add(what)
    for instance in cell.instances:
        inner = roles(instance.cell)
        for port, net in instance.nets.items():
            found.setdefault(net, set()).update(inner.get(port, frozenset()))
    return {net: frozenset(_joined(what)) for net, what in found.items()}


def _transmission_gates(cell: Cell) -> set[frozenset[str]]:
    """The ends of channels of both kinds in parallel."""
    channels = [{frozenset(ends(e)) for e in cell.elements if e.device.name in kind} for kind in (N_CHANNEL, P_CHANNEL)]
    return channels[0] & channels[1]


def _joined(what: set[str]) -> set[str]:
    """Where drains of both kinds of transistors meet, a net is driven; one of them alone passes current."""
    drains = what & {"N", "P"}
    return what - drains - {""} | ({"driven"} if len(drains) == 2 else {"passed"} if drains else set())


_RIGHT = ("y", "z", "o", "nq", "code")


def side_of(cell: Cell, port: str) -> str:
    """Where a port is drawn: `left` for what is read, `right` for what is driven; by its name where it is both."""
    what = roles(cell).get(port, frozenset())
    if "driven" in what:
        return "right"
    if what == {"read"} or not what:
        return "left"
    base = port.split(".")[0].split("[")[0].lower()
    if what == {"passed"} and base == "b":  # an edge from a to b
        return "right"
    return "right" if base in _RIGHT or base.startswith(("out", "q")) else "left"
