"""SPICE text: models, device under test, numbers, and a bench that finds its operating point. Dialects are a table.

    models.X        model cards
    laws.X          devices that SPICE has no element for, as subcircuits of behavioural sources (where there are any)
    dut.X           subcircuits alone, the last one `dut`
    DRAW.X          `.param` of every number that was learned, or drawn
    tb.X            includes the three, sources, options, `.op`

A transistor or diode whose model differs from instance to instance (a drawn threshold: level 1 has no `delvto`) is an instance
of a subcircuit of its own, which has the card inside.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netlearn.devices import Device
from netlearn.export.design import GND, Block, Design, Number, Part, Use
from netlearn.export.elements import coefficients, model_numbers
from netlearn.export.formats import kits
from netlearn.export.formats.cards import Cards, cards_of, values_of
from netlearn.export.formats.order import Order
from netlearn.export.laws import subcircuit
from netlearn.export.leaves import parameter
from netlearn.export.names import model_name, named

WIDE = 100  # characters of a line


@dataclass(frozen=True)
class Dialect:
    """What differs from one SPICE to the next. quotes: around an expression; options: of an accurate operating point at 27 C;
    kits: whether it reads the models that process kits have here; warm: the temperature coefficients behind a resistance."""

    name: str
    doc: str
    suffix: str
    quotes: tuple[str, str]
    options: str
    kits: bool = False
    warm: str = " tc1={tc1} tc2={tc2}"


DIALECTS = {
    d.name: d
    for d in (
        Dialect("ngspice", "ngspice", "cir", ("{", "}"), ".options reltol=1e-9 vntol=1e-12 abstol=1e-15", True),
        Dialect(
            "hspice",
            "HSPICE",
            "sp",
            ("'", "'"),
            ".option parhier=local tnom=27 accurate=1 relv=1e-9 absv=1e-12 absi=1e-15\n.temp 27",
        ),
        Dialect("xyce", "Xyce", "cir", ("{", "}"), ".options nonlin reltol=1e-9 abstol=1e-12"),
        Dialect(
            "ltspice",
            "LTspice",
            "net",
            ("{", "}"),
            ".options reltol=1e-9 vntol=1e-12 abstol=1e-15",
            warm=" tc={tc1}, {tc2}",
        ),
    )
}


def write(dialect: Dialect, design: Design, order: Order) -> dict[str, str]:
    """The files of a design, by name."""
    draw = order.draw
    texts = {
        "models": models(design, dialect),
        "laws": laws(design, dialect),
        "dut": [line for block in design.blocks for line in subckt(block, cards_of(design), dialect)],
        draw: [f".param {name}={value!r}" for name, value in design.numbers.items()],
        "tb": bench(design, dialect, draw),
    }
    return {f"{name}.{dialect.suffix}": text(f"{design.title}: {name}", lines) for name, lines in texts.items()}


def law_devices(design: Design) -> list[Device]:
    """The devices that leave as models made of their laws."""
    parts = [p for block in design.blocks for p in block.parts] + list(design.bench.sources)
    return list({p.device.name: p.device for p in parts if not p.plain and not p.device.kit}.values())


def laws(design: Design, dialect: Dialect) -> list[str]:
    """The laws of devices that no SPICE has, as subcircuits."""
    devices = [d for d in law_devices(design) if not model_numbers(d)]
    return [line for device in devices for line in subcircuit(device, dialect.name).splitlines()]


def text(title: str, lines: Iterable[str]) -> str:
    """Lines as a file; what is too long goes on behind a plus sign."""
    return "\n".join([f"* {title}", *(piece for line in lines for piece in _wrapped(line)), ""])


def _wrapped(line: str) -> list[str]:
    if line.startswith("*") or len(line) <= WIDE:
        return [line]
    return textwrap.wrap(line, WIDE, subsequent_indent="+ ", break_long_words=False, break_on_hyphens=False)


def models(design: Design, dialect: Dialect) -> list[str]:
    """Model cards; for devices whose numbers differ from part to part, a subcircuit with the card inside."""
    cards = [
        f".model {name} {_kind(design.devices[device])} {_pairs(dict(values), dialect)})".replace("( ", "(")
        for (device, values), name in cards_of(design).items()
    ]
    opened = [d for d in law_devices(design) if model_numbers(d)]
    if not dialect.kits:
        kits.refuse(design, dialect.doc)
    return [*kits.models(design), *cards, *(line for device in opened for line in modelled(device, dialect))]


def _kind(device: Device) -> str:
    """The type of a model card, and what it always has: `nmos(level=1`."""
    assert device.card is not None
    found = re.match(r"\.model \{model\} (\w+)\((level=1)?", device.card.model)
    assert found is not None
    return f"{found[1]}({found[2] or ''}"


def modelled(device: Device, dialect: Dialect) -> list[str]:
    """A device of SPICE as a subcircuit of all of its parameters, its card inside."""
    given = [p for p in device.params if p.name != "temp"]
    head = " ".join(f"{parameter(device, p.name)}={p.default or 0.0!r}" for p in given)
    inside: dict[str, Number] = {p.name: parameter(device, p.name) for p in given}
    model = {p: inside[p] for p in model_numbers(device)}
    part = Part("m1" if device.channel else "d1", device, device.terminals, inside)
    return [
        f".subckt {model_name(device)} {' '.join(device.terminals)} {head}",
        f".model own {_kind(device)} {_pairs(model, dialect)})".replace("( ", "("),
        _element(part, "own", dialect),
        ".ends",
    ]


def subckt(block: Block, cards: Cards, dialect: Dialect) -> list[str]:
    """A block as a subcircuit."""
    head = " ".join([".subckt", block.name, *block.ports, *(f"{p}=0" for p in block.params)])
    parts = [line(part, cards, dialect) for part in block.parts]
    return [head, *parts, *(_use(use, dialect) for use in block.uses), ".ends", ""]


def _use(use: Use, dialect: Dialect) -> str:
    return " ".join([use.name, *use.nets, use.block.name, _pairs(use.given, dialect)]).rstrip()


def line(part: Part, cards: Cards, dialect: Dialect) -> str:
    """A part as an element of SPICE, or as an instance of the subcircuit that is its model."""
    device = part.device
    if device.kit:
        return kits.line(part, lambda value: spell(value, dialect))
    if not part.plain:
        unlike = {
            parameter(device, p.name): part.numbers[p.name] for p in device.params if part.numbers[p.name] != p.default
        }
        return " ".join([part.name, *part.nets, model_name(device), _pairs(unlike, dialect)]).rstrip()
    return _element(part, cards[device.name, values_of(part)] if model_numbers(device) else "", dialect)


def _element(part: Part, model: str, dialect: Dialect) -> str:
    device = part.device
    assert device.card is not None
    spelled = {p: spell(v, dialect) for p, v in part.numbers.items()}
    if part.wave is not None:
        spelled[device.waveform] = f"dc {part.wave.value(0.0)!r} {part.wave.spice()}"
    _, _, form = device.card.line.partition(" ")
    nets = dict(zip(device.terminals, part.nets, strict=True))
    element = re.sub(r"<(\w+)>|\{(\w+)\}", lambda m: spelled[m[1]] if m[1] else {**nets, "model": model}[m[2]], form)
    warm = dialect.warm.format(**spelled) if coefficients(part.numbers) else ""
    return f"{part.name} {element}{warm}"


def _pairs(numbers: Mapping[str, Number], dialect: Dialect) -> str:
    return " ".join(f"{name}={spell(value, dialect)}" for name, value in numbers.items())


def spell(value: Number, dialect: Dialect) -> str:
    """A plain number, or a parameter in the quotes of the dialect."""
    return f"{value}".join(dialect.quotes) if isinstance(value, str) else repr(value)


def bench(design: Design, dialect: Dialect, draw: str) -> list[str]:
    """What includes the rest and finds the operating point, with what it should be as comments."""
    files = [f'.include "{name}.{dialect.suffix}"' for name in ("models", "laws", draw, "dut")]
    sources = [line(part, cards_of(design), dialect) for part in design.bench.sources]
    return [*files, *sources, *_driven(design), *expected(design), *dialect.options.split("\n"), ".op", ".end"]


def _driven(design: Design) -> list[str]:
    """The device under test, and its inputs."""
    ends = {"V": "{net} 0", "I": "0 {net}"}
    inputs = [f"{name} {ends[kind].format(net=net)} {value!r}" for name, kind, net, value in drives(design)]
    return [" ".join(["xdut", *design.top.ports, "dut"]), *inputs]


def drives(design: Design) -> list[tuple[str, str, str, float]]:
    """The sources of the inputs: a name, V or I, the net that each is on, its value."""
    pairs = [(drive, net) for drive in design.bench.drives for net in drive.nets if net != GND]
    taken = [s.name for s in design.bench.sources]
    names = named(range(len(pairs)), lambda k: f"{pairs[k][0].kind.lower()}_{pairs[k][0].name}", taken)
    return [(names[k], drive.kind, net, drive.value) for k, (drive, net) in enumerate(pairs)]


def expected(design: Design) -> list[str]:
    """The outputs by our own solution, as comments."""
    volts = design.volts
    return [
        f"* {r.name} = v({r.plus}) - v({r.minus}) = {volts[r.plus] - volts[r.minus]:.9g} V" for r in design.bench.reads
    ]
