"""Spectre netlists: the files of the SPICE formats in Spectre's own language, laws as Verilog-A.

models.scs     model cards, and `ahdl_include` of models.va where something is a law
models.va      those laws
dut.scs, DRAW.scs, tb.scs as in `netlearn.export.formats.spice`
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from netlearn.circuit.waveform import Pulse, Sine, Waveform
from netlearn.export.design import GND, Block, Design, Number, Part
from netlearn.export.elements import coefficients
from netlearn.export.formats import kits
from netlearn.export.formats.cards import Cards, cards_of, values_of
from netlearn.export.formats.order import Files, Order
from netlearn.export.formats.spice import WIDE, drives, expected, law_devices
from netlearn.export.leaves import parameter
from netlearn.export.names import model_name
from netlearn.export.veriloga import modules

PRIMITIVES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "R": ("resistor", {"r": "r"}),
    "C": ("capacitor", {"c": "c"}),
    "L": ("inductor", {"l": "l"}),
    "V": ("vsource", {"dc": "dc"}),
    "I": ("isource", {"dc": "dc"}),
    "VCVS": ("vcvs", {"gain": "gain"}),
    "VCCS": ("vccs", {"gm": "gm"}),
}
"""Spectre's elements, and what their parameters are called there."""
MODELS = {"NMOS": "mos1 type=n", "PMOS": "mos1 type=p", "D": "diode"}


def write(design: Design, order: Order) -> Files:
    """The files of a design, by name."""
    draw = order.draw
    kits.refuse(design, "Spectre")
    cards, laws = cards_of(design), law_devices(design)
    models = [f"model {name} {MODELS[device]} {_pairs(dict(values))}" for (device, values), name in cards.items()]
    texts = {
        "models": models + (['ahdl_include "models.va"'] if laws else []),
        "dut": [line for block in design.blocks for line in _subckt(block, cards)],
        draw: [f"parameters {name}={value!r}" for name, value in design.numbers.items()],
        "tb": _bench(design, cards, draw),
    }
    files = {f"{name}.scs": _text(f"{design.title}: {name}", lines) for name, lines in texts.items()}
    return {**files, **({"models.va": modules(laws)} if laws else {})}


def _text(title: str, lines: Iterable[str]) -> str:
    """Lines as a file; what is too long goes on behind a backslash."""
    return "\n".join([f"// {title}", "simulator lang=spectre", *(_wrapped(line) for line in lines), ""])


def _wrapped(line: str) -> str:
    if line.startswith("//") or len(line) <= WIDE:
        return line
    pieces = textwrap.wrap(line, WIDE, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return " \\\n".join(pieces)


def _subckt(block: Block, cards: Cards) -> list[str]:
    given = [f"parameters {' '.join(f'{p}=0' for p in block.params)}"] if block.params else []
    parts = [line(part, cards) for part in block.parts]
    uses = [f"{u.name} ({' '.join(u.nets)}) {u.block.name} {_pairs(u.given)}".rstrip() for u in block.uses]
    return [f"subckt {block.name} ({' '.join(block.ports)})", *given, *parts, *uses, f"ends {block.name}", ""]


def line(part: Part, cards: Cards) -> str:
    """A part as an element of Spectre, or as an instance of the Verilog-A module of its law."""
    device = part.device
    if not part.plain:
        master, unlike = model_name(device), [p for p in device.params if part.numbers[p.name] != p.default]
        numbers = {parameter(device, p.name): part.numbers[p.name] for p in unlike}
    elif device.name in MODELS:
        master = cards[device.name, values_of(part)]
        numbers = {p: part.numbers[p] for p in ("w", "l") if p in part.numbers}
    else:
        master, spelled = PRIMITIVES[device.name]
        numbers = {theirs: part.numbers[ours] for ours, theirs in spelled.items()} | coefficients(part.numbers)
    wave = f" {_wave(part.wave)}" if part.wave is not None else ""
    return f"{part.name} ({' '.join(part.nets)}) {master} {_pairs(numbers)}".rstrip() + wave


def _wave(wave: Waveform) -> str:
    if isinstance(wave, Pulse):
        width = f" width={wave.width!r}" if wave.width < float("inf") else ""
        period = f" period={wave.period!r}" if wave.period else ""
        ends = f"val0={wave.low!r} val1={wave.high!r} delay={wave.delay!r} rise={wave.rise!r} fall={wave.fall!r}"
        return f"type=pulse {ends}{width}{period}"
    if isinstance(wave, Sine):
        return f"type=sine sinedc={wave.offset!r} ampl={wave.amplitude!r} freq={wave.frequency!r} delay={wave.delay!r}"
    pairs = " ".join(f"{t!r} {v!r}" for t, v in zip(wave.times, wave.values, strict=True))
    return f"type=pwl wave=[{pairs}]"


def _pairs(numbers: Mapping[str, Number]) -> str:
    return " ".join(f"{name}={value if isinstance(value, str) else repr(value)}" for name, value in numbers.items())


def _bench(design: Design, cards: Cards, draw: str) -> list[str]:
    files = [f'include "{name}.scs"' for name in ("models", draw, "dut")]
    sources = [line(part, cards) for part in design.bench.sources]
    dut = f"xdut ({' '.join(design.top.ports)}) dut"
    inputs = [
        f"{name} ({net} {GND}) vsource dc={value!r}" if kind == "V" else f"{name} ({GND} {net}) isource dc={value!r}"
        for name, kind, net, value in drives(design)
    ]
    told = [f"//{comment.removeprefix('*')}" for comment in expected(design)]
    options = "accurate options reltol=1e-9 vabstol=1e-12 iabstol=1e-15 gmin=1e-12"
    return [*files, *sources, dut, *inputs, *told, options, "point dc", "save *:*"]
