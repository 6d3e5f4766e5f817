"""Every verifier that is here, on every format of a folder that it reads."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from netlearn.errors import KitError, NetlearnError, RunError
from netlearn.export.again import solved
from netlearn.export.design import Design
from netlearn.export.folder import SUMS, changed, listed, odd
from netlearn.export.formats import FORMATS
from netlearn.export.interchange import from_json, to_json
from netlearn.verify.model import FAILED, NOT_CHECKED, PASSED, Check, OutOfTime, complaint, voltages
from netlearn.verify.safe import forbidden
from netlearn.verify.tools import VERIFIERS

ALLOWED = "what an export has"
"""The quantity of what keeps a format from every tool: a file, a statement, or more devices than any circuit has."""


def verify(folder: Path, tell: Callable[[str], None]) -> Iterator[Check]:
    """The rows of a folder, as they come; `tell` is told what is being read. RunError where it is none that was exported."""
    design = read(folder)
    yield _whole(folder)
    yield _again(design)
    yield _names(folder, design)
    formats = [name for name in FORMATS if (folder / name).is_dir()]
    for format in formats:
        found = forbidden(folder / format, format)
        if found:
            yield Check("netlearn", format, ALLOWED, "nothing else", found, None, FAILED)
            continue
        for verifier in VERIFIERS.values():
            if format in verifier.formats:
                tell(f"{verifier.name} reads {format}")
                yield from _checked(verifier.name, folder, format, design)


def read(folder: Path) -> Design:
    """The circuit that a folder says it has."""
    listed(folder)
    if found := odd(folder):
        raise RunError(f"{folder} has {found}", "export the circuit again")
    try:
        text = (folder / "design.json").read_text(encoding="utf-8")
        return from_json(json.loads(text, parse_constant=_no_number))
    except (OSError, ValueError, RecursionError) as fault:
        raise RunError(f"{folder}/design.json cannot be read: {fault}", "export the circuit again") from None


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _whole(folder: Path) -> Check:
    wrong, count = changed(folder), len(listed(folder))
    theirs = (
        f"{wrong[0]} and {len(wrong) - 1} more changed"
        if len(wrong) > 1
        else f"{wrong[0]} changed"
        if wrong
        else f"{count}"
    )
    return Check("sha256", "", f"files as in {SUMS}", f"{count}", theirs, None, FAILED if wrong else PASSED)


def _names(folder: Path, design: Design) -> Check:
    """The table of names beside the design."""
    try:
        same = json.loads((folder / "names.json").read_text(encoding="utf-8")) == to_json(design)["names"]
    except (OSError, ValueError):
        same = False
    said = "as in design.json"
    return Check("netlearn", "names.json", "names", said, said if same else "others", None, PASSED if same else FAILED)


def _again(design: Design) -> Check:
    """Our own engine, on what was exported instead of the netlist."""
    try:
        return voltages("netlearn", "design.json", design, solved(design))
    except KitError as fault:
        return Check("netlearn", "design.json", "node voltages", "", fault.message, None, NOT_CHECKED)
    except NetlearnError as fault:
        return Check("netlearn", "design.json", "node voltages", "", fault.message, None, FAILED)


def _checked(name: str, folder: Path, format: str, design: Design) -> Iterator[Check]:
    verifier = VERIFIERS[name]
    with tempfile.TemporaryDirectory() as place:
        own = Path(place) / format
        shutil.copytree(folder / format, own)
        try:
            if verifier.version() is None:
                yield Check(name, format, verifier.doc, "", f"not here: {verifier.get}", None, NOT_CHECKED)
            else:
                yield from verifier.check(own, format, design)
        except OutOfTime as fault:
            yield Check(name, format, verifier.doc, "", str(fault), None, NOT_CHECKED)
        except Exception as fault:  # what tools say of files of somebody else is not ours to list
            yield complaint(name, format, verifier.doc, f"{type(fault).__name__}: {fault}")
