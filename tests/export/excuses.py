"""What a tool may say of a circuit that it has not checked, in full: nothing else hides behind these words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netlearn.verify.model import NOT_CHECKED, PASSED, Check

AHEAD = r".* at \S+ Hz .*; SPICE has other slopes where a bulk is ahead of its source, as of \S+ here"
EXCUSES = {
    "ngspice": (AHEAD,),
    "xschem": (AHEAD,),
    "kicad": (AHEAD,),
    "gnucap": (
        r"has no (\w+ ?)+",
        r"has not SPICE's current into a bulk, as \S+ has here",
        r"\S+ \S+, not sure to \de-0[1-6] itself",
    ),
    "vacask": (
        r"\w+ has no value at 0 V, where it begins",
        r"it does not find the operating point again, for small signals",
    ),
}
"""All that a tool may say of a circuit that it has not checked."""


def unexplained(found: Sequence[Check]) -> list[Check]:
    """The rows that did not pass, but for those with a good reason."""
    return [row for row in found if row.verdict != PASSED and not excused(row)]


def excused(row: Check) -> bool:
    told = any(re.fullmatch(excuse, row.theirs) for excuse in EXCUSES.get(row.tool, ()))
    return row.verdict == NOT_CHECKED and told
