"""gnucap simulates the device under test of the ngspice format, in a bench of its own, with the numbers of design.json.

It has SPICE's elements and transistor cards, and no behavioural sources: of a circuit with laws it says nothing, but for a capacitor
that holds its voltage, which is said to it as a source. It gives the voltages of the bench's nodes and, of what is in the device
under test, those across its elements, which are differences of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from netlearn.devices.primitives import THERMAL_VOLTAGE
from netlearn.export.design import Design, specialised
from netlearn.export.formats.spice import drives, law_devices, text
from netlearn.export.names import model_name
from netlearn.verify.model import FAILED, NOT_CHECKED, PASSED, Check, Verifier, complaint, ran, volts
from netlearn.verify.versions import of_program
from netlearn.verify.wiring import bulks, leaves

KELVIN = 1.3806226e-23 / 1.6021918e-19  # V/K, as it has it
CELSIUS = THERMAL_VOLTAGE / KELVIN - 273.15  # where its thermal voltage is ours
OPTIONS = f".options numdgt=15 reltol=1e-10 abstol=1e-16 vntol=1e-12 itl1=1000 tnom={CELSIUS!r} gmin=1e-20"
"""It adds gmin from every node to ground, too, and SPICE across junctions only: better none at all, and so
no more than 100 nV of what junctions' pS make."""
FLOOR = 1e-1  # V
SHORTS = (1e-9, 1e-7, 1e-5, 1e-4, 1e-3)
"""Ohm, of its voltage sources: a current makes a voltage of it, and rounding (1e-16 V over so little) makes a current. Which matters
more depends on the circuit; the two neighbours that agree best are believed."""
LOST = "did not converge"
"""What it says before it prints where it stopped."""
FORWARD = 0.1  # V, of a junction that conducts next to nothing
OWN = {"Cm": "vheld p n {ic}"}
"""Laws that it has elements for."""
ACROSS = ("nl_r", "nl_c", "nl_l", "nl_vcvs", "nl_vccs", "nl_cm")
"""What it gives the voltage across of, first node over second."""
STATEMENT = re.compile(r"(?:[rcldmvixeg]\w* +\w+ +\w+ +|\.(?:subckt|ends|model)\b)[^!<>`$]*$", re.IGNORECASE | re.ASCII)
UNITS = {"": 1.0, "T": 1e12, "G": 1e9, "Meg": 1e6, "K": 1e3, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Voltages at the operating point."""
    missing = _missing(design)
    if missing:
        yield Check("gnucap", format, "voltages", "", missing[:80], None, NOT_CHECKED)
        return
    ours = _ours(design)
    quantity = f"{len(ours)} voltages of nodes and elements, V"
    try:
        for name in ("models.cir", "dut.cir"):
            (folder / name).write_text(_plain((folder / name).read_text(encoding="utf-8")))
    except ValueError as fault:
        yield Check("gnucap", format, quantity, "a netlist", str(fault), None, FAILED)
        return
    points = []
    for short in SHORTS:
        (folder / "gnucap.cir").write_text(_bench(design, ours, short))
        found = ran(["gnucap", "-b", "gnucap.cir"], folder)
        if LOST in found.said:
            continue
        points.append(_printed(found.said))
        if not points[-1]:
            yield complaint("gnucap", format, quantity, found.said)
            return
    if len(points) < 2:
        yield Check("gnucap", format, quantity, "", f"it {LOST}", None, NOT_CHECKED)
        return
    pairs = [
        (volts("gnucap", format, quantity, b, a, FLOOR).difference or 0.0, k)
        for k, (a, b) in enumerate(pairwise(points))
    ]
    sure, best = min(pairs)
    yield _judged(volts("gnucap", format, quantity, ours, points[best], FLOOR), sure)


def _judged(row: Check, sure: float) -> Check:
    """What it says of ours, where it is sure of it to so much: an error no larger than its own is none that it can tell."""
    if row.verdict == PASSED or row.difference is None or row.difference > 10 * sure:
        return row
    return replace(row, verdict=NOT_CHECKED, theirs=f"{row.theirs}, not sure to {sure:.0e} itself")


def _plain(given: str) -> str:
    """A file that has elements, models and subcircuits, without its comments; ValueError for anything else. gnucap carries out
    commands in files that it includes, some of them in comments (`*>`)."""
    lines = [line for line in given.replace("\n+", " ").splitlines() if line.strip() and not line.startswith("*")]
    wrong = next((line for line in lines if not STATEMENT.match(line)), None)
    if wrong is not None:
        raise ValueError(f"has '{wrong[:60]}'")
    return text("without comments", lines)


def _missing(design: Design) -> str:
    """What of a circuit gnucap does not have, or nothing."""
    parts = [p for block in design.blocks for p in block.parts]
    unknown = sorted({p.device.name for p in parts if not p.plain and p.device.name not in OWN})
    if unknown:
        return f"has no {' '.join(unknown)}"
    conducts = next((path for path, _, ahead in bulks(design) if ahead > FORWARD), "")
    return f"has not SPICE's current into a bulk, as {conducts} has here" if conducts else ""


def _ours(design: Design) -> dict[str, float]:
    """Our voltages by gnucap's names of what it gives."""
    node = design.volts
    found = {port: node[port] for port in design.top.ports}
    for path, leaf in leaves(design).devices.items():
        if leaf.model in ACROSS:
            first, second, *_ = leaf.nets.values()
            inner = ".vheld" if leaf.model == "nl_cm" else ""
            found[f"xdut.{path}{inner}"] = node[first] - node[second]
    return found


def _bench(design: Design, wanted: Iterable[str], short: float) -> str:
    sources = [
        f"{s.name} {' '.join(s.nets)} {s.numbers['dc'] if s.wave is None else s.wave.value(0.0)!r}"
        for s in specialised(design).bench.sources
    ]
    own = [f".subckt {model_name(d)} {' '.join(d.terminals)}\n{OWN[d.name]}\n.ends" for d in law_devices(design)]
    lines = [
        *own,
        ".include models.cir",
        ".include dut.cir",
        *sources,
        *(f"{name} {f'{net} 0' if kind == 'V' else f'0 {net}'} {value!r}" for name, kind, net, value in drives(design)),
        " ".join(["xdut", *design.top.ports, "dut", *(f"{p}={v!r}" for p, v in design.numbers.items())]),
        f"{OPTIONS} short={short!r}",
        " ".join([".print op", *(f"v({name})" for name in wanted)]),
        f".op {CELSIUS!r}",
        ".end",
    ]
    return text("bench for gnucap", lines)


def _printed(said: str) -> dict[str, float]:
    """Its table of one line: `#  v(a)  v(b)` over the temperature and numbers with SPICE's units."""
    found = re.search(
        r"^#(?P<names>( +v\(\S+\))+) *\n(?:open circuit: .*\n)* *\S+ (?P<values>.*)$",
        said.replace("\n+", ""),
        re.MULTILINE,
    )
    if found is None:
        return {}
    names = [name[2:-1] for name in found["names"].split()]
    return {name: _number(value) for name, value in zip(names, found["values"].split(), strict=True)}


def _number(written: str) -> float:
    found = re.fullmatch(r"([-+.\d]+(?:[eE][-+]?\d+)?)([A-Za-z]*)", written)
    return float(found[1]) * UNITS.get(found[2], float("nan")) if found else float("nan")


VERIFIER = Verifier(
    "gnucap",
    "simulates",
    ("ngspice",),
    "apt-get install gnucap gnucap-default-plugins0",
    partial(of_program, "gnucap", "-b /dev/null", r"main version: (.+)"),
    check,
)
