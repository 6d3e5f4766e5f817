"""What a law of spread is: a function of standard normal numbers, and of the sizes of the parts.

Its options are its fields. Metadata say what they are: `doc`, and `of`, which is the dimension: "value" that of the parameter
or a percentage of it, "area" one of these times a length (mV um, % um), "length", or "part" (a plain number, 50 %).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError


@dataclass(frozen=True)
class Law(ABC):
    """A value. `relative`: what it gives is a part of the parameter's value. `order`: the options that may be given without
    their names, by how many there are."""

    relative: bool = field(default=False, kw_only=True)
    order: ClassVar[tuple[tuple[str, ...], ...]]

    def grown(self, area: float) -> Law:
        """See `netlearn.circuit.model.Spread`; for laws that have no sizes of their own."""
        return self

    @abstractmethod
    def off(self, normal: Floats, width: Floats, length: Floats) -> Floats:
        """See `netlearn.circuit.model.Spread`."""


def check_not_negative(**numbers: float) -> None:
    """TaskError, about its name, where one is below zero or no number."""
    for name, value in numbers.items():
        if not 0 <= value < float("inf"):
            raise TaskError(f"{name} is {value:g}", f"{name} is not negative", name)
