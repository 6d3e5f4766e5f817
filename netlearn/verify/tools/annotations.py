"""What DSPF says beside its elements: every pin of every instance, and every port, on the net of design.json. No tool but
netlearn is needed; what the elements themselves are, ngspice says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from netlearn.export.design import Design, spread
from netlearn.export.formats.dspf import DIVIDER
from netlearn.verify.model import FAILED, PASSED, Check, Verifier


def check(folder: Path, format: str, design: Design) -> Iterator[Check]:
    """Pins and ports by net, capacitances of nets."""
    top = spread(design, DIVIDER)
    ours = [
        (f"{part.name}:{pin}", net)
        for part in top.parts
        for pin, net in zip(part.device.terminals, part.nets, strict=True)
    ]
    ours += [(f"port {port}", port) for port in top.ports]
    theirs = list(_listed((folder / "dut.spf").read_text(encoding="utf-8")))
    odd = sorted({*ours} ^ {*theirs})
    shown = f"{odd[0][0]} on {odd[0][1]}" if odd else f"{len(theirs)}"
    same = sorted(ours) == sorted(theirs)
    yield Check(
        "annotations", format, "pins and ports on nets", f"{len(ours)}", shown, None, PASSED if same else FAILED
    )


def _listed(text: str) -> Iterator[tuple[str, str]]:
    """Each pin (`xe_0/mf:d`) and port with the net that it is listed under."""
    net = ""
    for kind, name in re.findall(r"^\*\|(NET|P|I) \(?(\S+) ", text, re.MULTILINE):
        if kind == "NET":
            net = name
        else:
            yield (f"port {name}" if kind == "P" else name), net


VERIFIER = Verifier(
    "annotations", "reads DSPF's nets", ("dspf",), "it is in netlearn", lambda: version("netlearn"), check
)
