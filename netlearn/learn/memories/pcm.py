"""Phase-change memory: a conductance that is written with noise, drifts down as its glass relaxes, and is read with noise.

With g the conductance in parts of the largest G_max (of the bounds), n normal numbers, each cell's own:

    written   g + (max(0, 0.26348 + 1.9650 g - 1.1731 g^2) / 25) n
    drift     g ((t + t0) / t0)^-|nu|,   nu = clip(-0.0155 ln g + 0.0244, 0.049, 0.1)
                                            + clip(-0.0125 ln g - 0.0059, 0.008, 0.045) n
    read      g (1 + min(0.0088 / g^0.65, 0.2) sqrt(ln((t + t0 + tr) / 2 tr)) n),   t0 = 20 s, tr = 250 ns

fitted to a million cells of 90 nm with G_max = 25 uS (Nandakumar et al., ICECS 2019), as IBM's aihwkit has it
(`aihwkit.inference.noise.pcm`); t counts from t0 after programming. The spread of the read noise is that of the g that was
written. Where aihwkit takes nu by what was meant, here it goes by what lies there; pairs of cells for negative weights are
two learnable values here.

A learnable value is the conductance of a cell, or its resistance.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from netlearn.circuit.chance import Chance
from netlearn.circuit.flat import Floats
from netlearn.learn.memories.memory import FLOOR, WHOLE_DAY, cells
from netlearn.learn.options import check_not_negative
from netlearn.learn.plan import Plan

T0, TR = 20.0, 250e-9  # s: of the first reading, and of one reading


@dataclass(frozen=True)
class Pcm:
    """See the module. Scales of 1 are the cells that were measured."""

    after: float = field(default=WHOLE_DAY, metadata={"doc": "time from programming to reading", "unit": "s"})
    program: float = field(default=1.0, metadata={"doc": "scale of the programming noise"})
    drift: float = field(default=1.0, metadata={"doc": "scale of the drift exponent"})
    noise: float = field(default=1.0, metadata={"doc": "scale of the read noise"})

    def __post_init__(self) -> None:
        check_not_negative(after=self.after, program=self.program, drift=self.drift, noise=self.noise)

    def written(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        own = cells("pcm", plan)
        g = own.parts(states)
        return own.keeping(g + self.program * programming(g) * chance.normal("pcm/write", own.names), states)

    def read(self, states: Floats, plan: Plan, chance: Chance) -> Floats:
        own = cells("pcm", plan)
        g = own.parts(states)
        mean, spread = exponents(g)
        nu = self.drift * np.abs(mean + spread * chance.normal("pcm/drift", own.names))
        noise = self.noise * reading(g, self.after) * chance.normal("pcm/read", own.names)
        return own.keeping(g * (1.0 + self.after / T0) ** -nu * (1.0 + noise), states)


def programming(g: Floats) -> Floats:
    """Standard deviation of a written g."""
    return np.maximum(0.26348 + 1.9650 * g - 1.1731 * g**2, 0.0) / 25.0


def exponents(g: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the drift exponent."""
    log = np.log(np.maximum(g, FLOOR))
    return np.clip(-0.0155 * log + 0.0244, 0.049, 0.1), np.clip(-0.0125 * log - 0.0059, 0.008, 0.045)


def reading(g: Floats, after: float) -> Floats:
    """Standard deviation of what is read some time after programming, as a part of it."""
    spread = np.minimum(0.0088 / np.maximum(g, FLOOR) ** 0.65, 0.2)
    return np.asarray(spread * np.sqrt(np.log((after + T0 + TR) / (2.0 * TR))))
