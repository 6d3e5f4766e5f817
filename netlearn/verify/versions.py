"""Which version of a tool is here."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from importlib import metadata
from pathlib import Path

from netlearn.verify.model import program, ran


def of_program(name: str, arguments: str, pattern: str) -> str | None:
    """Of a program on PATH, that a pattern finds in what it says to these arguments; None where there is none."""
    where = program(name)
    found = re.search(pattern, _said(where, arguments)) if where else None
    return found[1] if found else None


@cache
def _said(where: str, arguments: str) -> str:
    """In a folder that goes with what the program writes there, settings of a user that it has not met, say."""
    with tempfile.TemporaryDirectory() as place:
        return ran([where, *arguments.split()], Path(place)).said


def of_package(name: str) -> str | None:
    """Of a Python package in this interpreter; None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
