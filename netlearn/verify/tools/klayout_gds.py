"""KLayout reads a layout back, extracts its parts, compares them with the circuit, and checks the rules of its process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.export.design import Design
from netlearn.export.formats.gds import parts_of, process_of
from netlearn.verify.child import asked
from netlearn.verify.klayout_gds import Row, verified
from netlearn.verify.model import FAILED, PASSED, Check, Verifier
from netlearn.verify.versions import of_package

NAME = "klayout layout"
GDSII = bytes([0, 6, 0, 2])
"""How such a file begins. KLayout reads others, too, and some of them name files elsewhere."""


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Rows about layers, nets and parts, one for all rules that hold, and one for each that does not."""
    given = (folder / "dut.gds").read_bytes()
    if not given.startswith(GDSII):
        yield Check(NAME, format, "a layout", "GDSII", "another format", None, FAILED)
        return
    process = process_of(json.loads((folder / "parts.json").read_text())["process"])
    parts = parts_of(design, process)
    found = asked(verified, given, parts.resistors, parts.capacitors, parts.ports, process)
    whole, rules = ([Row(*row) for row in rows] for rows in found)
    for row in [*whole, *(rule for rule in rules if not rule.ok)]:
        yield Check(NAME, format, row.quantity, row.ours, row.theirs, None, PASSED if row.ok else FAILED)
    held = sum(rule.ok for rule in rules)
    verdict = PASSED if held == len(rules) else FAILED
    yield Check(NAME, format, f"rules of {process.name}", f"{len(rules)}", f"{held} hold", None, verdict)


VERIFIER = Verifier(
    NAME, "extracts and compares", ("gds",), "pip install klayout", partial(of_package, "klayout"), check
)
