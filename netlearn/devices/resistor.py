"""Linear resistor: i = v / r. With temperature r(hot) = r (1 + tc1 (hot - temp) + tc2 (hot - temp)^2), as in SPICE."""

from netlearn.devices.model import Card, Device, Param
from netlearn.devices.warmth import COEFFICIENTS, resistance

DEVICE = Device(
    name="R",
    doc="linear resistor",
    terminals=("p", "n"),
    params=(Param("r", "Ohm", None, "resistance", "positive"), *COEFFICIENTS),
    law="current i(p, n) = V(p, n) / r",
    value="r",
    drop=("p", "n"),
    symmetric=(("p", "n"),),
    card=Card("r{id} {p} {n} <r>", alter={"r": "resistance"}),
    temperature={"r": resistance("r")},
)
