"""What can go wrong, one class a stage; every message says what is wrong and what to do about it.

A fault in a text (`NetlistError`) carries `Diagnostic` values: place, sentence, help. Everything a user
can cause derives from `NetlearnError`, which the command line turns into exit code 2 without a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


class NetlearnError(Exception):
    """Base of every error a user can cause; `help` says what to type or do instead."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message}\n  = help: {self.help}" if self.help else self.message


@dataclass(frozen=True, order=True)
class Span:
    """A stretch of one source text: 1-based line and column, `length` characters on that line."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True)
class Source:
    """A text with the name it is reported under."""

    name: str
    text: str

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    def line(self, number: int) -> str:
        return self._lines[number - 1].rstrip("\r") if 0 < number <= len(self._lines) else ""


@dataclass(frozen=True)
class Diagnostic:
    """One fault or lint of a text, drawn with its line and a caret by `render` (without them where no text is)."""

    message: str
    source: Source
    span: Span
    help: str = ""
    severity: str = "error"
    code: str = ""

    def render(self) -> str:
        if not self.source.text:
            head = f"{self.source.name}: {self.severity}: {self.message}"
            return f"{head}\n  = help: {self.help}" if self.help else head
        line, span = self.source.line(self.span.line), self.span
        shown, column = _window(line, span.column)
        margin = " " * len(str(span.line))
        carets = "^" * max(1, min(span.length, len(shown) - column + 1))
        rows = [
            f"{self.source.name}:{span.line}:{span.column}: {self.severity}: {self.message}",
            f" {span.line} | {shown}",
            f" {margin} | {' ' * (column - 1)}{carets}",
        ]
        return "\n".join([*rows, f" {margin} = help: {self.help}"] if self.help else rows)


_WINDOW = 160


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a long line around `column`, and the column within it; tabs and controls as blanks."""
    line = "".join(c if c.isprintable() else " " for c in line)
    if len(line) <= _WINDOW:
        return line, column
    start = max(0, column - 1 - _WINDOW // 2)
    return line[start : start + _WINDOW], column - start


class NetlistError(NetlearnError):
    """Faults of a netlist text; `diagnostics` has every fault that could be found in one go."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(d.render() for d in self.diagnostics))


class SyntaxFault(NetlistError):
    """The text cannot be read."""


class CheckFault(NetlistError):
    """The text can be read but does not describe a circuit."""


class CircuitError(NetlearnError):
    """Numbers or connections that no solver can take, named by instance and parameter."""


class BackendError(NetlearnError):
    """A backend cannot do its work."""


class SimulatorMissing(BackendError):
    """The SPICE shared library cannot be found or loaded."""


class SimulatorRefused(BackendError):
    """SPICE understood less than it was given; the message has its own words."""


class SimulatorDied(BackendError):
    """The simulator process crashed or left; a new one is started for the next solve."""


class SimulatorHung(BackendError):
    """The simulator did not answer within its time and was ended."""


class TaskError(NetlearnError):
    """A task, its data or its rule does not fit the circuit; `about` names the option at fault, if it is one."""

    def __init__(self, message: str, help: str = "", about: str = "") -> None:
        super().__init__(message, help)
        self.about = about


class RangeError(NetlearnError):
    """A value that no part of a process can have."""


class KitError(NetlearnError):
    """A process kit is not there, or its text is not what it should be."""


class RunError(NetlearnError):
    """A run folder cannot be read, written or resumed."""
