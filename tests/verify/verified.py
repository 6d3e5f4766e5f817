"""Folders for the tests of verifiers: exported, spoiled, and read by a tool."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from netlearn.export.design import Design
from netlearn.export.folder import contents, write
from netlearn.export.formats import Order
from netlearn.verify.model import Check
from netlearn.verify.tools import VERIFIERS


def exported(design: Design, folder: Path, *formats: str, order: Order | None = None) -> Path:
    """A folder with a design in some formats."""
    write(folder, contents(design, formats, order or Order("nominal"), "netlearn export").files)
    return folder


def rows(tool: str, design: Design, folder: Path, format: str) -> list[Check]:
    """What a tool says of a format of a folder, which it may write into; skipped where the tool is not here."""
    verifier = VERIFIERS[tool]
    if verifier.version() is None:
        pytest.skip(f"no {tool} here: {verifier.get}")
    return list(verifier.check(folder / format, format, design))


def added(file: Path, more: str) -> None:
    """Put lines at the end of a file, before what says that it ends."""
    head, end, _ = file.read_text().partition("\n.end\n")
    file.write_text(f"{head}\n{more}\n{end}")


def spoil(file: Path, pattern: str, change: str | Callable[[re.Match[str]], str]) -> None:
    """Change the first place of a file that a pattern finds."""
    text = file.read_text()
    changed, count = re.subn(pattern, change, text, count=1, flags=re.MULTILINE)
    assert count == 1
    assert changed != text
    file.write_text(changed)
