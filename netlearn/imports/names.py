"""Names of SPICE as names of ours: different ones stay different, and those that are legal stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from netlearn.devices import DEVICES
from netlearn.syntax import KEYWORDS

WORDS = frozenset({"V", "I", "true", "false", "not", "gnd", "match"})
"""What no net, element or parameter can be called."""
OUTER = WORDS | DEVICES.keys() | {word.lower() for word in KEYWORDS}
"""What no circuit, module or model can be called."""


class Names:
    """The names of one scope: each thing that has one (a key of the caller's) gets a name that nothing else has."""

    def __init__(self, reserved: Iterable[str] = WORDS) -> None:
        self.taken = set(reserved)
        self.shown: dict[tuple[str, str], str] = {}
        self.changed: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        """Of what several are called alike, the last number that was tried: none below it is free again."""

    def name(self, sort: str, written: str) -> str:
        """The name of something of a sort (net, element, ...), by how it is written first; SPICE knows no case."""
        key = sort, written.lower()
        if key not in self.shown:
            legal = re.sub(r"\W", "_", written, flags=re.ASCII)
            legal = legal if re.match(r"[A-Za-z_]", legal) else f"n{legal}"
            new = legal
            while new in self.taken:
                self.counts[legal] = self.counts.get(legal, 1) + 1
                new = f"{legal}_{self.counts[legal]}"
            self.taken.add(new)
            self.shown[key] = new
            if new != written:
                self.changed[f"{sort} {written}"] = new
        return self.shown[key]
