"""xschem makes a deck of its schematics, cell by cell, and ngspice runs it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.export.design import Design
from netlearn.export.formats.xschem import RC
from netlearn.verify.model import NOT_CHECKED, Check, Verifier, complaint, program, ran
from netlearn.verify.tools.ngspice import simulated
from netlearn.verify.versions import of_program


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Node voltages. What xschem starts with is ours, whatever the folder says: its settings are a program."""
    if program("ngspice") is None:
        yield Check("xschem", format, "node voltages", "", "no ngspice to run its deck", None, NOT_CHECKED)
        return
    (folder / "xschemrc").write_text(RC)
    made = ran(["xschem", "-n", "-s", "-q", "-x", "--rcfile", "./xschemrc", "tb.sch"], folder, {"PWD": str(folder)})
    if made.status != 0 or not (folder / "tb.spice").is_file():
        yield complaint("xschem", format, "a deck for SPICE", made.said)
        return
    names = {node: node for node in design.nodes.values()}
    yield from simulated("xschem", format, design, folder, "tb.spice", names)


VERIFIER = Verifier(
    "xschem",
    "makes a deck that ngspice runs",
    ("xschem",),
    "apt-get install xschem",
    partial(of_program, "xschem", "--version", r"XSCHEM V(\S+)"),
    check,
)
