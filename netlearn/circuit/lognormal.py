"""Log-normal parts: leakages and the like, that are never negative and differ by factors."""

from __future__ import annotations

import numpy as np

from netlearn.circuit.flat import Floats


def lognormal(spread: float, normal: Floats) -> Floats:
    """Factors of median 1 from standard normal numbers; `spread` is their standard deviation as a part of their mean."""
    with np.errstate(divide="ignore"):
        variance = np.logaddexp(0.0, 2.0 * np.log(spread))  # ln(1 + spread^2), of any spread
    return np.asarray(np.exp(np.sqrt(variance) * normal))
