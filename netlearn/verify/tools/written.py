"""netlearn itself, for files that no tool here reads, or that one goes by and does not doubt (a schema): they are held against what
our own writer makes of design.json. That says no more than that they are as written, comments aside; every other file is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path

from netlearn.export.design import Design
from netlearn.export.elements import coefficients
from netlearn.export.formats import FORMATS, Order
from netlearn.verify.model import FAILED, PASSED, Check, Verifier

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
CIRCUITS: Mapping[str, tuple[str, ...]] = {
    "ngspice": ("dut.cir",),
    "hspice": ("dut.sp",),
    "xyce": ("dut.cir",),
    "ltspice": ("dut.net",),
    "spectre": ("dut.scs",),
    "dspf": ("dut.spf",),
    "kicad": ("sheet*.kicad_sch", "models.cir"),
    "xschem": ("*.sch",),
}
"""Files, by pattern, that tools read at one moment and one temperature only, where a source of the bench, or one within, is a
function of time, or a resistance has temperature coefficients."""
FIXED = frozenset({"models", "laws", "dut", "tb", "point"})
PROCESS = re.compile(r'"process": "(\w+)"')


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """A row for all of them: how many, or where the first that differs does."""
    names = UNREAD.get(format, ())
    if any(p.wave for p in design.bench.sources):
        names += BENCHES.get(format, ())
    if any(p.wave or coefficients(p.numbers) for block in design.blocks for p in block.parts):
        names += CIRCUITS.get(format, ())
    if not names:
        return
    meant = FORMATS[format].write(design, _order(folder))
    names = tuple(dict.fromkeys(file for name in names for file in sorted(meant) if fnmatchcase(file, name)))
    faults = [fault for name in names if (fault := _fault(folder / name, str(meant[name])))]
    said, verdict = (faults[0][:160], FAILED) if faults else (f"{len(names)}", PASSED)
    yield Check("netlearn", format, "files that no tool reads whole, as written", f"{len(names)}", said, None, verdict)


def draws(folder: Path, suffix: str) -> list[str]:
    """What the files of numbers of a folder are called, without their suffix: the ones that are not called as others are."""
    return [path.stem for path in sorted(folder.glob(f"*.{suffix}")) if path.stem not in FIXED]


def _order(folder: Path) -> Order:
    """What the folder was written for, besides the design, as far as its files say so."""
    (draw, *_) = [*(name for suffix in ("cir", "scs", "sp", "net") for name in draws(folder, suffix)), "nominal"]
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
    lambda: version("netlearn"),
    check,
)
