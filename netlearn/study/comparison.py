"""What is compared and what came of it, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from netlearn.errors import TaskError
from netlearn.learn.methods import Method
from netlearn.study.courses import LONGEST, Cell, Course, Row, budget, cells
from netlearn.study.entrants import Entrant
from netlearn.study.room import Subject, method_of

MOST = 100_000  # trainings


@dataclass(frozen=True)
class Plan:
    """What is compared. fractions: parts of the values that learn, the largest first; noises: standard deviations on
    the labels, V, the smallest first; methods: each label's rule with the options it has."""

    subject: Subject
    entrants: tuple[Entrant, ...]
    seeds: int
    fractions: tuple[float, ...]
    noises: tuple[float, ...]
    epochs: int
    methods: Mapping[str, Method]

    @property
    def cells(self) -> list[Cell]:
        return cells(self.entrants, self.seeds, self.fractions, self.noises)

    @property
    def digest(self) -> str:
        """Of everything that decides the results."""
        asked = self.subject, self.entrants, self.seeds, self.fractions, self.noises, self.epochs
        return sha256(repr(asked).encode()).hexdigest()


@dataclass(frozen=True)
class Bias:
    """`biases.bias_against_nudge` of one rule at one strength of its nudge."""

    method: str
    nudge: float
    bias: float
    cosine: float


@dataclass(frozen=True)
class NoiseBias:
    """`biases.noise_bias` of one rule in one learnable value."""

    method: str
    value: str
    noise: float
    estimate: float
    predicted: float
    measured: float


@dataclass(frozen=True)
class Comparison:
    """What was found; courses in the order of the plan's cells."""

    plan: Plan
    courses: tuple[Course, ...]
    biases: tuple[Bias, ...]
    noise: tuple[NoiseBias, ...]

    @property
    def rows(self) -> list[Row]:
        return [row for done in self.courses for row in done.rows]

    def of(self, method: str, fraction: float, noise: float) -> list[Course]:
        """The trainings of a rule, one a seed."""
        pairs = zip(self.plan.cells, self.courses, strict=True)
        return [c for cell, c in pairs if (cell.entrant.label, cell.fraction, cell.noise) == (method, fraction, noise)]


def make_plan(
    subject: Subject,
    entrants: Sequence[Entrant],
    seeds: int,
    fractions: Sequence[float],
    noises: Sequence[float],
    steps: int | None,
) -> Plan:
    """TaskError where a number cannot be."""
    if seeds < 1:
        raise TaskError(f"{seeds} seeds", "give one or more")
    for name, numbers, bad in (
        ("fraction", fractions, [f for f in fractions if not 0 < f <= 1]),
        ("noise", noises, [s for s in noises if not 0 <= s < math.inf]),
    ):
        if bad or len(set(numbers)) < len(numbers) or not numbers:
            what = f"a {name} of {bad[0]:g}" if bad else f"a {name} is given twice, or none is"
            raise TaskError(what, "write --fractions 1,.5,.1" if name == "fraction" else "write --noise 0,0.5")
    count = len(entrants) * seeds * len(fractions) * len(noises)
    if count > MOST:
        raise TaskError(f"{count} trainings", f"at most {MOST}: give fewer methods, seeds, fractions or noises")
    if steps is not None and steps < 1:
        raise TaskError(f"{steps} steps", "give a number of steps above zero")
    epochs = budget(subject, steps)
    if epochs > LONGEST:
        raise TaskError(f"{epochs} epochs", f"at most {LONGEST}: give fewer --steps")
    methods = {e.label: method_of(subject, e) for e in entrants}
    parts, sigmas = tuple(sorted(fractions, reverse=True)), tuple(sorted(noises))
    return Plan(subject, tuple(entrants), seeds, parts, sigmas, epochs, methods)
