"""A pair of transistors as a foundry measures it: the spread of the difference of their thresholds over many draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from netlearn.circuit.chance import Keyed, draw_seeds
from netlearn.circuit.flat import Floats, flatten, initial
from netlearn.circuit.model import Spread
from netlearn.lang.compile import compile_netlist
from netlearn.variation.draws import drawn, sizes, varied

NETLIST = """netlearn 0.1
circuit Pair {{
  net d, g
  for k in 0..1 {{ NMOS m[k](d, g, gnd, gnd) {{ vto = 0.7V, w = {w}, l = {l} }} ~ vto {law} }}
  input x[0..1] = V(d), V(g)
}}
"""


@dataclass(frozen=True)
class PairSpread:
    """Standard deviation of the difference of a pair, V. sigma: measured; error: by how much that is uncertain, from so many
    draws; law: what the law says."""

    sigma: float
    error: float
    law: float


def pair_spread(law: str, options: Mapping[str, str], w: str, l: str, draws: int, seed: int) -> PairSpread:  # noqa: E741
    """Of two transistors of this size whose thresholds spread by a law, all of them numbers with units as in a netlist.
    NetlistError where the law does not take them."""
    given = ", ".join(f"{name} = {value}" for name, value in options.items())
    circuit = flatten(compile_netlist(NETLIST.format(w=w, l=l, law=f"{law}({given})"), "--law").circuit)
    varying = varied(circuit, {})
    vto = drawn(circuit, varying, initial(circuit), Keyed(draw_seeds(seed, 0, draws))).values["NMOS"]["vto"]
    apart: Floats = vto[:, 0] - vto[:, 1]
    sigma = float(np.std(apart, ddof=1))
    width, length = sizes(circuit, varying[0])
    within = varying[0].tolerance.within
    of = float(circuit.base["NMOS"]["vto"][0]) if within.relative else 1.0
    fourth = float(np.mean((apart - apart.mean()) ** 4))
    error = np.sqrt(max(fourth - sigma**4, 0.0) / draws) / (2.0 * sigma) if sigma else 0.0
    return PairSpread(sigma, float(error), of * _deviation(within, width, length))


def _deviation(spread: Spread, width: Floats, length: Floats) -> float:
    """Of a pair, by Gauss-Hermite quadrature over the normal numbers of one of them."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    off = spread.off(nodes[:, None], width[:1], length[:1])[:, 0]
    return float(np.sqrt(2.0 * (weights @ off**2 - (weights @ off) ** 2)))
