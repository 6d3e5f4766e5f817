"""Rules as a person names them to be compared: `omega,two_phase(beta = 0.1, rate = 2)`."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from netlearn.errors import TaskError
from netlearn.lang.values import suggest
from netlearn.learn.methods import METHODS, make_method
from netlearn.units import NONE, UnitFault, parse_number

SCALES = ("rate", "delta", "gain")  # options that a rule's steps are proportional to


@dataclass(frozen=True)
class Entrant:
    """A rule as it was named, with the options it was given."""

    label: str
    name: str
    options: tuple[tuple[str, float], ...]


def entrants(text: str) -> tuple[Entrant, ...]:
    """`omega,two_phase(beta = 0.1, rate = 2)` as rules; TaskError where one is none."""
    found = [_entrant(part.strip()) for part in re.split(r",(?![^(]*\))", text)] if text.strip() else []
    labels = [e.label for e in found]
    twice = [label for label in labels if labels.count(label) > 1]
    if not found or twice:
        what = f"{twice[0]} is named twice" if twice else "no method is named"
        raise TaskError(what, f"--methods omega,two_phase; known: {', '.join(METHODS)}")
    return tuple(found)


def _entrant(text: str) -> Entrant:
    parts = re.fullmatch(r"([\w-]+)\s*(?:\(([^()]*)\))?", text)
    if parts is None:
        raise TaskError(f"'{text}' is no rule", "write --methods 'omega,two_phase(beta = 0.1)'")
    name, given = parts[1].replace("-", "_"), parts[2] or ""
    if name not in METHODS:
        raise TaskError(f"unknown rule '{name}'", suggest(name, METHODS) or f"known: {', '.join(METHODS)}")
    scale, options = scale_of(name), _options(name, given)
    make_method(name, {scale: 1.0, **options})  # its other options are ones it has, with values they can have
    return Entrant(re.sub(r"\s+", "", text), name, tuple(options.items()))


def _options(name: str, given: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for item in filter(None, (g.strip() for g in given.split(","))):
        key, _, value = (p.strip() for p in item.partition("="))
        if key in found:
            raise TaskError(f"{name} is given its {key} twice", "remove one of them")
        found[key] = number(value, f"{key} of {name}")
    return found


def number(text: str, what: str) -> float:
    """A plain number, such as 0.1, -2, 10m or 1e-6; TaskError where it is none."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = parse_number(text)
    except UnitFault:
        raise TaskError(f"{what}: '{text}' is no number", "write 0.1, or 100m") from None
    if found.dimension != NONE:
        raise TaskError(f"{what}: {text} has a unit", "write a plain number: it counts in SI units")
    return found.number


def scale_of(name: str) -> str:
    """The option that the steps of a rule are proportional to."""
    return next(key for key in SCALES if any(f.name == key and f.init for f in fields(METHODS[name])))  # type: ignore[arg-type]
