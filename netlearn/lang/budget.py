"""What one compilation may make, so that a short text cannot exhaust the machine.

Everything is counted as it will be in the flat circuit: a module placed twice counts twice, although its cell is
made once.
"""

from __future__ import annotations

from netlearn.lang.values import Fault, Where

LIMITS = {
    "elements": 1_000_000,
    "nets": 2_000_000,
    "statements of loops and modules": 200_000,
    "items of lists and meshes": 5_000_000,
}


class TooLarge(Fault):
    """Ends a compilation: going on would cost what the limit is there to save."""


class Budget:
    """How much of each is left."""

    def __init__(self) -> None:
        self.left = dict(LIMITS)

    def spend(self, what: str, count: int, where: Where) -> None:
        self.left[what] -= count
        if self.left[what] < 0:
            raise TooLarge(f"this makes more than {LIMITS[what]} {what}", where, "make it smaller")
