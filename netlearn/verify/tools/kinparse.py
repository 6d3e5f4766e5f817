"""kinparse, SKiDL's reader of KiCad netlists, says what is on each net of a board, and which footprints it has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.export.board.pack import packed
from netlearn.export.design import Design
from netlearn.export.formats.kicad import ROOT
from netlearn.verify.child import Stumbled, asked
from netlearn.verify.kicad_nets import parsed
from netlearn.verify.model import FAILED, PASSED, Check, Verifier, complaint
from netlearn.verify.tools.kicad import same_nets
from netlearn.verify.versions import of_package


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Parts with their footprints; pins by net."""
    try:
        parts, nets = asked(parsed, folder / f"{ROOT}.net")
    except Stumbled as fault:
        yield complaint("kinparse", format, "a netlist", str(fault))
        return
    board = packed(design)
    ours = {box.ref: [box.value, box.footprint] for box in board.bought}
    wrong = sorted(ref for ref in ours.keys() | parts.keys() if ours.get(ref) != parts.get(ref))
    here, there = (
        "{}: {}".format(wrong[0], of.get(wrong[0], "none")) if wrong else f"{len(of)}" for of in (ours, parts)
    )
    yield Check("kinparse", format, "values and footprints", here, there, None, FAILED if wrong else PASSED)
    yield same_nets("kinparse", format, board, {name: {(ref, pin) for ref, pin in ends} for name, ends in nets.items()})


VERIFIER = Verifier(
    "kinparse", "reads KiCad netlists", ("kicad",), "pip install kinparse", partial(of_package, "kinparse"), check
)
