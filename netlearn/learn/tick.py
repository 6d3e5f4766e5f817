"""When a step of learning happens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tick:
    """When a step happens: all that is random in it is a function of this."""

    seed: int
    epoch: int
    steps: int

    def rng(self, purpose: int) -> np.random.Generator:
        """A stream of random numbers of this step, of its own for each purpose."""
        return np.random.default_rng([self.seed, self.steps, purpose])
