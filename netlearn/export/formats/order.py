"""What is written of a design, besides the design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Files = Mapping[str, str | bytes]
"""Contents by name of a file."""


NOMINAL = "nominal"
"""What numbers are called that no manufacture has put off."""


@dataclass(frozen=True)
class Order:
    """draw: what its numbers are called; pdk: the process that CDL and layouts are made for, or ""."""

    draw: str = NOMINAL
    pdk: str = ""
