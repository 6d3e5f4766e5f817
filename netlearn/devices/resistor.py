"""Linear resistor: i = v / r."""

from netlearn.devices.model import Card, Device, Param

DEVICE = Device(
    name="R",
    doc="linear resistor",
    terminals=("p", "n"),
    params=(Param("r", "Ohm", None, "resistance", "positive"),),
    law="current i(p, n) = V(p, n) / r",
    value="r",
    drop=("p", "n"),
    card=Card("r{id} {p} {n} <r>", alter={"r": "resistance"}),
)
