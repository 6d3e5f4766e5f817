"""KLayout's netlist comparer compares the CDL with a flat netlist of design.json (LVS)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from netlearn.export.design import Design
from netlearn.verify.child import asked
from netlearn.verify.klayout_cdl import compared
from netlearn.verify.lvs import process, reference
from netlearn.verify.model import FAILED, PASSED, Check, Verifier
from netlearn.verify.versions import of_package


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Devices, nets, pins and sizes."""
    given = folder / "dut.cdl"
    ours = reference(design, process(given.read_text(encoding="utf-8")))
    (folder / "reference.sp").write_text(ours.text)
    theirs, same = asked(compared, given, folder / "reference.sp")
    yield Check(
        "klayout",
        format,
        "devices, nets, sizes",
        ours.size,
        theirs,
        None,
        PASSED if same and theirs == ours.size else FAILED,
    )


VERIFIER = Verifier(
    "klayout", "compares netlists (LVS)", ("cdl",), "pip install klayout", partial(of_package, "klayout"), check
)
