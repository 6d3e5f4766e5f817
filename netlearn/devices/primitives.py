"""What laws are made of: constants, and the primitives in their array form.

Primitives beyond + - * / ^ sqrt exp log tanh abs min max and where(condition, a, b), each with a derivative
that exists everywhere and a form that does not overflow:

    limexp(x)    exp(x) up to x = 80, continued by its tangent
    softplus(x)  log(1 + exp(x))
    logistic(x)  1 / (1 + exp(-x)), the smooth step
    pos(x)       max(x, 0)
"""

from __future__ import annotations

from typing import Any

import numpy as np

ZERO_CELSIUS = 273.15  # K
NOMINAL = 300.15  # K: 27 C, where parameters are given, as in SPICE
VOLTS_A_KELVIN = 1.38064852e-23 / 1.6021766208e-19  # k / q with SPICE's constants
THERMAL_VOLTAGE = VOLTS_A_KELVIN * NOMINAL
GMIN = 1e-12  # S, across every junction, as in SPICE
LIMIT = 80.0
CONSTANTS = {"vt": THERMAL_VOLTAGE, "gmin": GMIN, "pi": float(np.pi)}

Tree = tuple[Any, ...]
Array = Any  # numpy arrays or numbers: kernels broadcast


def limexp(x: Array) -> Array:
    return np.exp(np.minimum(x, LIMIT)) * (1.0 + np.maximum(x - LIMIT, 0.0))


def dlimexp(x: Array) -> Array:
    return np.exp(np.minimum(x, LIMIT))


def softplus(x: Array) -> Array:
    return np.logaddexp(0.0, x)


def logistic(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(np.minimum(-x, 300.0)))  # every digit of a small one, too


def pos(x: Array) -> Array:
    return np.maximum(x, 0.0)


def step(x: Array) -> Array:
    """1 where x > 0, else 0: the derivative of pos."""
    return np.where(np.asarray(x) > 0, 1.0, 0.0)


FUNCTIONS: dict[str, Any] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "sign": np.sign,
    "fabs": np.abs,
    "where": np.where,
    "fmin": np.minimum,
    "fmax": np.maximum,
    "limexp": limexp,
    "dlimexp": dlimexp,
    "softplus": softplus,
    "logistic": logistic,
    "pos": pos,
    "step": step,
}
