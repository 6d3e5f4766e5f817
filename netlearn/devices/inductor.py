"""Linear inductor: v = d(l i)/dt; a short at DC."""

from netlearn.devices.model import Card, Device, Param

DEVICE = Device(
    name="L",
    doc="linear inductor",
    terminals=("p", "n"),
    params=(Param("l", "H", None, "inductance", "positive"),),
    law="voltage e(p, n) = 0\nflux e = l * I(e)",
    value="l",
    drop=("p", "n"),
    symmetric=(("p", "n"),),
    card=Card("l{id} {p} {n} <l>"),
)
