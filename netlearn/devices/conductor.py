"""Linear conductor, the same element by its conductance: i = g v.

Learning rules for flow networks are written in conductances; `R` has the same law in r = 1/g, and with temperature the same
coefficients of 1/g.
"""

from netlearn.devices.model import Card, Device, Param
from netlearn.devices.warmth import COEFFICIENTS, resistance

DEVICE = Device(
    name="G",
    doc="linear conductor",
    terminals=("p", "n"),
    params=(Param("g", "S", None, "conductance", "not negative"), *COEFFICIENTS),
    law="current i(p, n) = g * V(p, n)",
    value="g",
    drop=("p", "n"),
    symmetric=(("p", "n"),),
    card=Card("g{id} {p} {n} {p} {n} <g>", alter={"g": "gain"}),
    temperature={"g": f"g / ({resistance('1')})"},
)
