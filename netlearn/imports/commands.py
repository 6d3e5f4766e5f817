"""What CDL says in lines that SPICE takes for comments: `*.WORD ...`, which lines that begin with + or *+ go on with.

Of these `*.GLOBAL` means what `.GLOBAL` does. `*.MEGA` lets M be 1e6 for some readers, so that with it no number may have a
single M behind it. What says how a layout is measured, printed or pinned changes nothing here; what joins nets
(`*.CONNECT`, `*.JOIN`, `*.EQUIV`) or scales sizes (`*.SCALE MICRON`) would, and is refused with everything unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from netlearn.spice import uncommented

IDLE = frozenset(
    [
        *("pininfo", "pin", "pins", "bipolar", "ldd", "lddac", "equation", "noprint"),
        *("resi", "resval", "ressize", "capval", "capa", "caparea", "dioarea", "dioperi"),
    ]
)
"""Commands that change nothing that is read here."""
_BEGIN = re.compile(r"\s*\*(?=\.\w)")
_MORE = re.compile(r"\s*(\*\s*)?\+")
Pieces = tuple[tuple[int, int, str], ...]
"""(line number, column, text) of the lines of a statement."""


def apart(lines: Sequence[str]) -> tuple[list[str], list[Pieces]]:
    """The lines with blank ones in the places of commands, and the commands, without * and +. A comment ends none."""
    rest: list[str] = []
    found: list[list[tuple[int, int, str]]] = []
    inside = False
    for number, line in enumerate(lines, 1):
        begin = _BEGIN.match(line)
        head = begin or (_MORE.match(line) if inside else None)
        if begin:
            found.append([])
        if head:
            text = uncommented(line[head.end() :].replace("\t", " "))
            found[-1].append((number, head.end() + 1, text))
        inside = head is not None or (inside and not uncommented(line).strip())
        rest.append("" if head else line)
    return rest, [tuple(pieces) for pieces in found]
