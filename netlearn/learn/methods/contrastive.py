"""What all contrastive rules are: the slope of a nudged energy, measured edge by edge (arXiv 2602.03546).

    dC/dtheta ~ (sense / beta) sum_j w_j dE/dtheta(m_j beta)

E is the content of an edge, for a conductance g d^2 / 2, so dE/dtheta = d^2 / 2: a square each edge forms of its own
drop. A rule is a nudge (`netlearn.learn.nudge`) and a stencil, the multiples m of the nudge and their weights w:

    ONE_SIDED    S(beta) - S(0)                    error O(beta)
    NEGATIVE     S(0) - S(-beta)                   error O(beta), of the opposite sign
    CENTRED      [S(beta) - S(-beta)] / 2          error O(beta^2)
    holomorphic  sum_n z_n* S(z_n beta) / N        z_n the N-th roots of 1; error O(beta^N)
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any, ClassVar

import numpy as np

from netlearn.circuit.flat import FREE, FlatCircuit, Floats
from netlearn.learn.bench import Bench
from netlearn.learn.edges import Seen
from netlearn.learn.methods.method import Method, check_eta
from netlearn.learn.nudge import Nudge
from netlearn.learn.options import check_positive
from netlearn.learn.plan import Plan, descend

Stencil = tuple[tuple[complex, complex], ...]
ONE_SIDED: Stencil = ((0.0, -1.0), (1.0, 1.0))
NEGATIVE: Stencil = ((0.0, 1.0), (-1.0, -1.0))
CENTRED: Stencil = ((-1.0, -0.5), (1.0, 0.5))


def holomorphic(points: int) -> Stencil:
    """So many nudges around zero in the complex plane."""
    roots = np.exp(2j * np.pi * np.arange(points) / points)
    return tuple((complex(z), complex(z.conjugate() / points)) for z in roots)


def contents(seen: Seen) -> Floats:
    """dE/d state (D, S, states): what an edge's own content says."""
    return seen.to_states(seen.contents)


def contrast(
    bench: Bench, nudge: Nudge, stencil: Stencil, beta: float, signal: Callable[[Seen], Floats] = contents
) -> tuple[Bench, Floats] | None:
    """sum_j w_j signal(m_j beta), (D, S, states), and the bench of the S samples that there was something to nudge at;
    None where there was none."""
    found = bench.pushed(nudge)
    if found is None:
        return None
    bench, free, aim = found
    nudged = [(multiple, weight) for multiple, weight in stencil if multiple != 0]
    imposed = [nudge.impose(bench.circuit, free, aim, _real(multiple * beta)) for multiple, _ in nudged]
    phases = bench.settle_each(imposed, free)
    signals = [_real(w) * signal(bench.nudged(phase)) for phase, (_, w) in zip(phases, nudged, strict=True)]
    signals += [_real(w) * signal(bench.seen(free, phases[-1], FREE)) for multiple, w in stencil if multiple == 0]
    return bench, reduce(add, signals)


def _real(number: complex) -> Any:
    """The number as a float where it is one: only holomorphic stencils need complex voltages."""
    return number.real if complex(number).imag == 0 else number


@dataclass(frozen=True)
class Contrastive(Method):
    """d theta = -rate dC/dtheta, estimated with this nudge and stencil."""

    nudge: ClassVar[Nudge]
    stencil: ClassVar[Stencil]
    rate: float = field(metadata={"doc": "step of the learnable value a unit of its gradient"})

    @property
    @abstractmethod
    def strength(self) -> float:
        """Of the nudge."""

    def change(self, bench: Bench) -> Floats | None:
        found = contrast(bench, self.nudge, self.stencil, self.strength)
        if found is None:
            return None
        some, total = found
        return -(self.rate * self.nudge.sense / self.strength) * some.mean(total.real)

    def equip(self, circuit: FlatCircuit) -> FlatCircuit:
        return self.nudge.equip(circuit)


@dataclass(frozen=True)
class Clamping(Contrastive):
    """A contrastive rule whose nudge is a part of the way to the target; resistances learn as conductances."""

    holds: ClassVar[bool] = True
    rate: float = field(metadata={"doc": "step of the learnable value a unit of contrast (S/V^2 for a conductance)"})
    eta: float = field(default=0.5, metadata={"doc": "nudge, 0..1"})

    def __post_init__(self) -> None:
        check_eta(self.eta)
        check_positive(rate=self.rate)

    @property
    def strength(self) -> float:
        return self.eta

    def apply(self, states: Floats, change: Floats, plan: Plan) -> Floats:
        return descend(states, change, plan)


@dataclass(frozen=True)
class Pushing(Contrastive):
    """A contrastive rule whose nudge is a number of its own."""

    beta: float = field(default=1e-6, metadata={"doc": "nudge: current a unit of dC/du (S for volts and squares)"})

    def __post_init__(self) -> None:
        check_positive(rate=self.rate, beta=self.beta)

    @property
    def strength(self) -> float:
        return self.beta
