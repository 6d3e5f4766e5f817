"""What the outputs should be: the target of a clamped phase, the cost C and its slope dC/du, how right they are.

    square          every output towards its label; C = sum (u - y)^2 / 2
    nearest         as square; a sample is right if its outputs are nearest to its own label among all labels
    hinge(margin)   two or more outputs: the label's should lead by `margin`; where it does not, it and its
                    strongest rival are pushed `delta`/2 apart, the others float.
                    one output: it should lie `margin` beyond the middle of the two labels, on its label's side.
                    C = what is missing of the margin, if anything
    softmax(T)      C = -sum q log p, p = softmax(u / T) and q 1 at the label's output; outputs go to u + T (q - p)

A target that is NaN leaves its output free; a sample without any target needs no clamped phase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Floats, Ints
from netlearn.errors import TaskError
from netlearn.learn.options import make
from netlearn.solve.lesson import LEAD, SIDE, TOWARDS


@dataclass(frozen=True)
class Code:
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

    def cost(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        """C of each sample, (S,)."""
        ...

    def slope(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        """dC/du of each sample, (S, O)."""
        ...

    def miss(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        """By how much the outputs of each sample miss what is wanted of them, together, in V (S,)."""
        ...

    def bends(self, outputs: Floats, labels: Floats, known: Floats) -> tuple[Floats, Floats]:
        """How target and slope move with the outputs: d target_i/du_j and d slope_i/du_j, (S, O, O) each."""
        ...

    def right(self, outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
        """Whether each sample is classified rightly."""
        ...

    def aim(self, outputs: int) -> Code | None:
        """`target` as one of the codes of a lesson, for backends that do whole steps in machine code, or None."""
        ...


@dataclass(frozen=True)
class Square:
    metrics: ClassVar[tuple[str, ...]] = ("mse", "error")

    def target(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return labels

    def cost(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return np.asarray(0.5 * ((outputs - labels) ** 2).sum(axis=1))

    def slope(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return outputs - labels

    def miss(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return np.asarray(np.abs(outputs - labels).sum(axis=1))

    def bends(self, outputs: Floats, labels: Floats, known: Floats) -> tuple[Floats, Floats]:
        ones = _diagonal(np.ones_like(outputs))
        return np.zeros_like(ones), ones

    def aim(self, outputs: int) -> Code:
        return Code(TOWARDS)

    def right(self, outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
        return nearest(outputs, labels, known)


@dataclass(frozen=True)
class Nearest(Square):
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "train_accuracy", "mse", "error")


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
            return np.where(self._missing(outputs, labels, known)[:, None] > 0, labels, np.nan)
        rows, (mine, rival) = np.arange(len(outputs)), _rivals(outputs, labels)
        push = self._missing(outputs, labels, known) > 0
        target = np.full_like(outputs, np.nan)
        target[rows[push], mine[push]] = outputs[rows, mine][push] + 0.5 * self.delta
        target[rows[push], rival[push]] = outputs[rows, rival][push] - 0.5 * self.delta
        return target

    def cost(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return np.maximum(self._missing(outputs, labels, known), 0.0)

    def miss(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return self.cost(outputs, labels, known)

    def slope(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        push = np.where(self._missing(outputs, labels, known) > 0, 1.0, 0.0)
        if outputs.shape[1] == 1:
            return -_side(labels, known)[0] * push[:, None]
        rows, (mine, rival) = np.arange(len(outputs)), _rivals(outputs, labels)
        slope = np.zeros_like(outputs)
        slope[rows, mine], slope[rows, rival] = -push, push
        return slope

    def bends(self, outputs: Floats, labels: Floats, known: Floats) -> tuple[Floats, Floats]:
        """Of two or more outputs, those that are pushed apart take their targets with them."""
        moved = np.isfinite(self.target(outputs, labels, known)) & (outputs.shape[1] > 1)
        return _diagonal(moved.astype(float)), _diagonal(np.zeros_like(outputs))

    def aim(self, outputs: int) -> Code:
        return Code(LEAD if outputs > 1 else SIDE, self.margin, self.delta)

    def _missing(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        """How much each sample's lead is short of the margin, (S,); negative where it is larger."""
        if outputs.shape[1] == 1:
            side, middle = _side(labels, known)
            return np.asarray(self.margin - (side * (outputs - middle))[:, 0])
        rows, (mine, rival) = np.arange(len(outputs)), _rivals(outputs, labels)
        return np.asarray(self.margin - (outputs[rows, mine] - outputs[rows, rival]))

    def right(self, outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
        if outputs.shape[1] == 1:
            return nearest(outputs, labels, known)
        return highest(outputs, labels)


@dataclass(frozen=True)
class Softmax:
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "train_accuracy", "mse", "error")
    temperature: float = field(default=0.05, metadata={"doc": "T of softmax(u / T)", "unit": "V"})

    def __post_init__(self) -> None:
        if not 0 < self.temperature < np.inf:
            raise TaskError(f"temperature is {self.temperature:g}", "give a temperature above zero", "temperature")

    def target(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return outputs - self.temperature**2 * self.slope(outputs, labels, known)

    def miss(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return np.asarray(np.abs(self.target(outputs, labels, known) - outputs).sum(axis=1))

    def cost(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        return np.asarray(-(_onehot(labels, known) * self._logarithms(outputs)).sum(axis=1))

    def slope(self, outputs: Floats, labels: Floats, known: Floats) -> Floats:
        wanted = _onehot(labels, known)
        shares = np.exp(self._logarithms(outputs))
        return np.asarray((wanted.sum(axis=1, keepdims=True) * shares - wanted) / self.temperature)

    def bends(self, outputs: Floats, labels: Floats, known: Floats) -> tuple[Floats, Floats]:
        p = np.exp(self._logarithms(outputs))
        spread = _diagonal(p) - p[:, :, None] * p[:, None, :]
        slopes = _onehot(labels, known).sum(axis=1)[:, None, None] * spread / self.temperature**2
        return _diagonal(np.ones_like(p)) - self.temperature**2 * slopes, slopes

    def _logarithms(self, outputs: Floats) -> Floats:
        """log p of every output."""
        risen = (outputs - outputs.max(axis=1, keepdims=True)) / self.temperature
        return np.asarray(risen - np.log(np.exp(risen).sum(axis=1, keepdims=True)))

    def aim(self, outputs: int) -> None:
        return None

    def right(self, outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
        return highest(outputs, labels)


def _onehot(labels: Floats, known: Floats) -> Floats:
    """Labels as shares: 0 at the lowest level of all labels, 1 at the highest, and in between with noise on them."""
    low, high = known.min(), known.max()
    return np.asarray((labels - low) / (high - low if high > low else 1.0))


def _diagonal(values: Floats) -> Floats:
    """Diagonal matrices (S, O, O) of values (S, O)."""
    return np.asarray(values[:, :, None] * np.eye(values.shape[1]))


def _mine(labels: Floats) -> tuple[Ints, Ints]:
    """Where each sample's own output is: rows and columns."""
    return np.arange(len(labels)), labels.argmax(axis=1)


def _rivals(outputs: Floats, labels: Floats) -> tuple[Ints, Ints]:
    """The output of each sample's label and the highest of the others."""
    rows, mine = _mine(labels)
    others = outputs.copy()
    others[rows, mine] = -np.inf
    return mine, others.argmax(axis=1)


def _side(labels: Floats, known: Floats) -> tuple[Floats, float]:
    """On which side of the middle of two labels each is, +1 or -1, and the middle."""
    middle = 0.5 * (known.min() + known.max())
    return np.where(labels > middle, 1.0, -1.0), float(middle)


def highest(outputs: Floats, labels: Floats) -> NDArray[np.bool_]:
    """Whether the highest output is that of the sample's label."""
    return np.asarray(outputs.argmax(axis=1) == labels.argmax(axis=1))


def nearest(outputs: Floats, labels: Floats, known: Floats) -> NDArray[np.bool_]:
    """Whether the label nearest to the outputs is the sample's own."""
    distance = ((outputs[:, None, :] - known[None, :, :]) ** 2).sum(axis=-1)
    return np.asarray((known[distance.argmin(axis=1)] == labels).all(axis=1))


LOSSES: dict[str, type[Loss]] = {"square": Square, "nearest": Nearest, "hinge": Hinge, "softmax": Softmax}


def make_loss(name: str, given: Mapping[str, float]) -> Loss:
    """The loss of that name, with its options in SI units."""
    return make("loss", LOSSES, name, given)
