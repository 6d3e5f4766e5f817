"""Functions of time of SPICE's sources as ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from netlearn.imports import expressions
from netlearn.imports.cards import Card, Word
from netlearn.imports.expressions import Expression

OTHER = ("exp", "sffm", "am", "trnoise", "trrandom", "external", "file", "pat", "pl")
"""Those that are not read."""


@dataclass(frozen=True)
class Wave:
    """A function of time: its name here, arguments and options, each with its unit."""

    name: str
    arguments: tuple[tuple[Expression, str], ...]
    options: Mapping[str, tuple[Expression, str]] = field(default_factory=dict)


def arguments(card: Card, words: list[Word]) -> list[Expression]:
    """What stands behind the name of a function of time, in brackets or up to the end."""
    bracket = bool(words) and words[0].text == "("
    if bracket:
        words.pop(0)
    found = []
    while words and words[0].text != ")" and (bracket or words[0].key not in ("dc", "ac")):
        found.append(expressions.read(card, words.pop(0)))
    if bracket:
        if not words:
            raise card.refused("a bracket is never closed", None, "write )")
        words.pop(0)
    return found


def _pulse(card: Card, word: Word, given: Sequence[Expression], unit: str) -> Wave:
    """SPICE's rise and fall of 0, which become its step, are ours of 1 ns; width and period of 0 are without end."""
    if not 2 <= len(given) <= 7:
        raise card.refused("pulse takes two levels and up to five times", word, "write pulse(0 5 1u 1n 1n 5u 10u)")
    times = zip(("delay", "rise", "fall", "width", "period"), given[2:], strict=False)
    return Wave("pulse", tuple((g, unit) for g in given[:2]), {name: (t, "s") for name, t in times if t.number != 0})


def _sine(card: Card, word: Word, given: Sequence[Expression], unit: str) -> Wave:
    if len(given) < 3 or any(g.number != 0 for g in given[4:]):
        raise card.refused(
            "a sine has offset, amplitude, frequency and delay, no damping and no phase", word, "write sin(0 1 1k)"
        )
    delay = {"delay": (given[3], "s")} if len(given) > 3 and given[3].number != 0 else {}
    return Wave("sine", ((given[0], unit), (given[1], unit), (given[2], "Hz")), delay)


def _pwl(card: Card, word: Word, given: Sequence[Expression], unit: str) -> Wave:
    if not given or len(given) % 2:
        raise card.refused("pwl takes pairs of time and value", word, "write pwl(0 0 1m 5)")
    return Wave("pwl", tuple((g, ("s", unit)[k % 2]) for k, g in enumerate(given)))


def begin(wave: Wave) -> float | None:
    """What a function of time is at time 0; None where it is no plain number, or it has begun before."""
    starts = [e.number for e, _ in wave.arguments[:2]]
    delay = wave.options["delay"][0].number if "delay" in wave.options else 0.0
    if None in starts or delay is None or delay < 0:
        return None
    if wave.name != "pwl":
        return starts[0]
    return starts[1] if starts[0] is not None and starts[0] >= 0 else None


WAVES: dict[str, Callable[[Card, Word, Sequence[Expression], str], Wave]] = {
    "pulse": _pulse,
    "sin": _sine,
    "pwl": _pwl,
}
"""By their names in SPICE."""
