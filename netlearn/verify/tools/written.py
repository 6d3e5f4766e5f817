"""netlearn itself, for files that no tool here reads, or that one goes by and does not doubt (a schema), and for circuits that only
simulators read, which cannot tell a transistor from one twice as wide and twice as long: they are held against what our own
writer makes of design.json. That says no more than that they are as written, comments aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

from netlearn.export.design import Design
from netlearn.export.formats import FORMATS, Order
from netlearn.export.formats.order import NOMINAL, Files
from netlearn.verify.model import FAILED, PASSED, Check, Verifier
from netlearn.verify.versions import of_package

UNREAD: Mapping[str, tuple[str, ...]] = {
    "xyce": ("models.cir", "tb.cir"),
    "spectre": ("models.scs", "tb.scs"),
    "xschem": ("xschemrc",),
    "gds": ("parts.json",),
    "bom": ("bom.csv", "parts.csv"),
    "json": ("design.schema.json",),
}
"""By format."""
BENCHES: Mapping[str, tuple[str, ...]] = {
    "ngspice": ("tb.cir",),
    "hspice": ("tb.sp",),
    "ltspice": ("tb.net",),
    "dspf": ("tb.cir",),
    "kicad": ("board.kicad_sch",),
    "xschem": ("tb.sch",),
}
"""Files that tools read at one moment only, where a source of the bench is a function of time."""
CIRCUITS: Mapping[str, str] = {
    **dict.fromkeys(("ngspice", "hspice", "ltspice", "dspf"), r"(dut|models|laws)\..*"),
    "xyce": r"(dut|laws)\.cir",
    "spectre": r"dut\.scs|models\.va",
    "xschem": r"(?!tb\.).*\.(sch|sym)|models\.cir|laws\.cir",
    "kicad": r"sheet.*\.kicad_sch|models\.cir",
}
"""Which files have the device under test, of formats that only simulators read."""
CIRCUIT = "circuit, as written"
FIXED = frozenset({"models", "laws", "dut", "tb", "point"})
PROCESS = re.compile(r'"process": "(\w+)"')


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """A row for the circuit, one for all other files: how many, or where the first that differs does."""
    names = UNREAD.get(format, ())
    if any(p.wave for p in design.bench.sources):
        names += BENCHES.get(format, ())
    meant = FORMATS[format].write(design, _order(folder))
    if format in CIRCUITS:
        yield _row(folder, format, CIRCUIT, [name for name in meant if re.fullmatch(CIRCUITS[format], name)], meant)
    if names:
        yield _row(folder, format, "files that no tool reads whole, as written", names, meant)


def _row(folder: Path, format: str, quantity: str, names: Sequence[str], meant: Files) -> Check:
    faults = [fault for name in names if (fault := _fault(folder / name, str(meant[name])))]
    said, verdict = (faults[0][:160], FAILED) if faults else (f"{len(names)}", PASSED)
    return Check("netlearn", format, quantity, f"{len(names)}", said, None, verdict)


def draws(folder: Path, suffix: str) -> list[str]:
    """What the files of numbers of a folder are called, without their suffix: the ones that are not called as others are."""
    return [path.stem for path in sorted(folder.glob(f"*.{suffix}")) if path.stem not in FIXED]


def _order(folder: Path) -> Order:
    """What the folder was written for, besides the design, as far as its files say so."""
    (draw, *_) = [*(name for suffix in ("cir", "scs", "sp", "net") for name in draws(folder, suffix)), NOMINAL]
    parts = folder / "parts.json"
    found = PROCESS.search(parts.read_text(encoding="utf-8")) if parts.is_file() else None
    return Order(draw, found[1] if found and found[1] != "generic" else "")


def _fault(file: Path, meant: str) -> str:
    """Where a file is not as it is meant, or nothing."""
    if not file.is_file():
        return f"no {file.name}"
    pairs = zip_longest(_statements(file.read_text(encoding="utf-8")), _statements(meant), fillvalue="nothing")
    return next((f"{file.name}: {theirs} for {ours}" for theirs, ours in pairs if theirs != ours), "")


def _statements(text: str) -> list[str]:
    """Lines but for comments; one may begin within a quote, and goes to the end of its line."""
    lines = (line.partition('"* ')[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not re.match(r"\*|//", line)]


VERIFIER = Verifier(
    "netlearn",
    "writes again",
    tuple({**UNREAD, **BENCHES, **CIRCUITS}),
    "it is in netlearn",
    partial(of_package, "netlearn"),
    check,
)
