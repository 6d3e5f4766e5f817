"""KLayout reads a layout back, extracts its parts, compares them with the circuit, and checks the rules of its process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from netlearn.export.design import Design
from netlearn.export.formats.gds import parts_of, process_of
from netlearn.verify.child import asked
from netlearn.verify.klayout_gds import Row, verified
from netlearn.verify.model import FAILED, PASSED, Check, Verifier

NETLIST = 5
"""How many of its rows are about the netlist; the others are rules."""


GDSII = bytes([0, 6, 0, 2])
"""How such a file begins. KLayout reads others, too, and some of them name files elsewhere."""


def version() -> str | None:
    """Of the Python package klayout."""
    try:
        return metadata.version("klayout")
    except metadata.PackageNotFoundError:
        return None


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Rows about nets and parts, one for all rules that hold, and one for each that does not."""
    given = (folder / "dut.gds").read_bytes()
    if not given.startswith(GDSII):
        yield Check("klayout", format, "a layout", "GDSII", "another format", None, FAILED)
        return
    process = process_of(json.loads((folder / "parts.json").read_text())["process"])
    parts = parts_of(design, process)
    found = asked(verified, given, parts.resistors, parts.capacitors, parts.ports, process)
    rows = [Row(*row) for row in found]
    rules, held = rows[NETLIST:], sum(row.ok for row in rows[NETLIST:])
    for row in [*rows[:NETLIST], *(rule for rule in rules if not rule.ok)]:
        yield Check("klayout", format, row.quantity, row.ours, row.theirs, None, PASSED if row.ok else FAILED)
    verdict = PASSED if held == len(rules) else FAILED
    yield Check("klayout", format, f"rules of {process.name}", f"{len(rules)}", f"{held} hold", None, verdict)


VERIFIER = Verifier("klayout layout", "extracts and compares", ("gds",), "pip install klayout", version, check)
