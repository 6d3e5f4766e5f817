"""What the outputs should be: the target of a clamped phase, and how right the outputs are.

    square          every output towards its label
    nearest         as square; a sample is right if its outputs are nearest to its own label among all labels
    hinge(margin)   two or more outputs: the label's should lead by `margin`; where it does not, it and its
                    strongest rival are pushed `delta`/2 apart, the others float.
                    one output: it should lie `margin` beyond the middle of the two labels, on its label's side

A target that is NaN leaves its output free; a sample without any target needs no clamped phase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Floats
from netlearn.errors import TaskError
from netlearn.learn.options import make
from netlearn.solve.lesson import LEAD, SIDE, TOWARDS


@dataclass(frozen=True)
class Aim:
    """TOWARDS, LEAD or SIDE of `netlearn.solve.lesson`, with the margin and delta (V) of the latter two."""

    code: int
    margin: float = 0.0
    delta: float = 0.0


class Loss(Protocol):
    """Outputs and labels are (S, O). `metrics` are those that mean something with it, the one to look at first."""

    metrics: ClassVar[tuple[str, ...]]

    def target(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        """Where each output should go, (S, O); NaN: nowhere. `known` are the distinct labels (C, O)."""
        ...

    def right(self, outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
        """Whether each sample is classified rightly."""
        ...

    def aim(self, outputs: int) -> Aim | None:
        """`target` as one of the codes of a lesson, for backends that do whole steps in machine code, or None."""
        ...


@dataclass(frozen=True)
class Square:
    metrics: ClassVar[tuple[str, ...]] = ("mse", "error")

    def target(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return labels

    def aim(self, outputs: int) -> Aim:
        return Aim(TOWARDS)

    def right(self, outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
        return nearest(outputs, labels, known)


@dataclass(frozen=True)
class Nearest:
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "train_accuracy", "mse", "error")

    def target(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return labels

    def aim(self, outputs: int) -> Aim:
        return Aim(TOWARDS)

    def right(self, outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
        return nearest(outputs, labels, known)


@dataclass(frozen=True)
class Hinge:
    metrics: ClassVar[tuple[str, ...]] = ("violations", "accuracy", "train_accuracy", "mse", "error")
    margin: float = field(default=0.01, metadata={"doc": "lead of the label that is enough", "unit": "V"})
    delta: float = field(default=0.05, metadata={"doc": "how far label and rival are pushed apart", "unit": "V"})

    def __post_init__(self) -> None:
        if not self.margin >= 0:
            raise TaskError(f"margin is {self.margin:g}", "the margin of a hinge is not negative", "margin")
        if not self.delta > 0:
            raise TaskError(f"delta is {self.delta:g}", "the delta of a hinge is positive", "delta")

    def target(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        if outputs.shape[1] == 1:
            return self._two_sided(outputs, labels, known)
        rows = np.arange(len(outputs))
        mine = labels.argmax(axis=1)
        rivals = outputs.copy()
        rivals[rows, mine] = -np.inf
        rival = rivals.argmax(axis=1)
        push = outputs[rows, mine] - outputs[rows, rival] < self.margin
        target = np.full_like(outputs, np.nan)
        target[rows[push], mine[push]] = outputs[rows, mine][push] + 0.5 * self.delta
        target[rows[push], rival[push]] = outputs[rows, rival][push] - 0.5 * self.delta
        return target

    def aim(self, outputs: int) -> Aim:
        return Aim(LEAD if outputs > 1 else SIDE, self.margin, self.delta)

    def _two_sided(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        middle = 0.5 * (known.min() + known.max())
        side = np.where(labels > middle, 1.0, -1.0)
        return np.where(side * (outputs - middle) < self.margin, labels, np.nan)

    def right(self, outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
        if outputs.shape[1] == 1:
            return nearest(outputs, labels, known)
        return np.asarray(outputs.argmax(axis=1) == labels.argmax(axis=1))


def nearest(outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
    """Whether the label nearest to the outputs is the sample's own."""
    distance = ((outputs[:, None, :] - known[None, :, :]) ** 2).sum(axis=-1)
    return np.asarray((known[distance.argmin(axis=1)] == labels).all(axis=1))


LOSSES: dict[str, type[Loss]] = {"square": Square, "nearest": Nearest, "hinge": Hinge}


def make_loss(name: str, given: Mapping[str, float]) -> Loss:
    """The loss of that name, with its options in SI units."""
    return make("loss", LOSSES, name, given)
