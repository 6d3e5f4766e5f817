"""What DSPF says beside its elements: every pin of every instance, and every port, on the net of design.json. No tool but
netlearn is needed; what the elements themselves are, ngspice says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from netlearn.export.design import Design, spread
from netlearn.export.formats.dspf import DIVIDER
from netlearn.verify.model import FAILED, PASSED, Check, Verifier
from netlearn.verify.versions import of_package


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Pins and ports by net; capacitances of all three, of which there is none where nothing is laid out."""
    top = spread(design, DIVIDER)
    ours = [
        (f"{part.name}:{pin}", net)
        for part in top.parts
        for pin, net in zip(part.device.terminals, part.nets, strict=True)
    ]
    ours += [(f"port {port}", port) for port in top.ports]
    found = _STATEMENT.findall((folder / "dut.spf").read_text(encoding="utf-8"))
    theirs = list(_listed(found))
    odd = sorted({*ours} ^ {*theirs})
    shown = f"{odd[0][0]} on {odd[0][1]}" if odd else f"{len(theirs)}"
    yield _row(format, "pins and ports on nets", f"{len(ours)}", shown, sorted(ours) == sorted(theirs))
    other = [f"{name} has {farads or 'no number'}" for _, name, farads in found if farads != "0"]
    counts = [f"{count} of 0 F" for count in (len(ours) + len({net for _, net in ours}), len(found))]
    said = other[0] if other else counts[1]
    yield _row(format, "capacitances of nets and pins", counts[0], said, said == counts[0])


def _row(format: str, quantity: str, ours: str, theirs: str, same: bool) -> Check:
    return Check("annotations", format, quantity, ours, theirs, None, PASSED if same else FAILED)


_STATEMENT = re.compile(r"^\*\|(NET|P|I) \(?(\S+)(?:[^)\n]* ([^ )\n]+))?\)?$", re.MULTILINE)
"""Which of the three it is about, its name, and its capacitance, the last."""


def _listed(found: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """Each pin (`xe_0/mf:d`) and port with the net that it is listed under."""
    net = ""
    for kind, name, _ in found:
        if kind == "NET":
            net = name
        else:
            yield (f"port {name}" if kind == "P" else name), net


VERIFIER = Verifier(
    "annotations", "reads DSPF's nets", ("dspf",), "it is in netlearn", partial(of_package, "netlearn"), check
)
