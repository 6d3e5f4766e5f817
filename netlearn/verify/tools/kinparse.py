"""kinparse, SKiDL's reader of KiCad netlists, says what is on each net of a board, and which footprints it has."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

from netlearn.export.board.pack import packed
from netlearn.export.design import Design
from netlearn.export.formats.kicad import ROOT
from netlearn.verify.model import FAILED, PASSED, Check, Verifier, complaint, ran
from netlearn.verify.tools.kicad import same_nets

_SCRIPT = """
import json, sys
from kinparse import parse_netlist
found = parse_netlist(sys.argv[1])
parts = {part.ref: [part.value, part.footprint] for part in found.parts}
nets = {net.name: [[pin.ref, pin.num] for pin in net.pins] for net in found.nets}
print("\\n" + json.dumps([parts, nets]))
"""


def version() -> str | None:
    """Of the package in this interpreter."""
    try:
        return installed("kinparse")
    except PackageNotFoundError:
        return None


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Parts with their footprints; pins by net."""
    found = ran([sys.executable, "-W", "ignore", "-c", _SCRIPT, f"{ROOT}.net"], folder)
    try:
        parts, nets = json.loads(found.said.strip().splitlines()[-1])
    except (ValueError, IndexError):
        yield complaint("kinparse", format, "a netlist", found.said)
        return
    board = packed(design)
    ours = {box.ref: [box.value, box.footprint] for box in board.bought}
    wrong = sorted(ref for ref in ours.keys() | parts.keys() if ours.get(ref) != parts.get(ref))
    here, there = (
        "{}: {}".format(wrong[0], of.get(wrong[0], "none")) if wrong else f"{len(of)}" for of in (ours, parts)
    )
    yield Check("kinparse", format, "values and footprints", here, there, None, FAILED if wrong else PASSED)
    yield same_nets("kinparse", format, board, {name: {(ref, pin) for ref, pin in ends} for name, ends in nets.items()})


VERIFIER = Verifier("kinparse", "reads KiCad netlists", ("kicad",), "pip install kinparse", version, check)
