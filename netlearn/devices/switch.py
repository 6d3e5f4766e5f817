"""Voltage-controlled switch: its conductance goes smoothly, in the logarithm, from off to on.

u = logistic((v_c - threshold) / width),   g = goff^(1-u) gon^u
"""

from netlearn.devices.model import Device, Param

DEVICE = Device(
    name="Switch",
    doc="voltage-controlled switch, smooth in the logarithm of its conductance",
    terminals=("p", "n", "cp", "cn"),
    params=(
        Param("threshold", "V", 0.5, "control voltage at which it switches"),
        Param("width", "V", 0.05, "width of the transition", "positive"),
        Param("ron", "Ohm", 1.0, "resistance when on", "positive"),
        Param("roff", "Ohm", 1e9, "resistance when off", "positive"),
    ),
    law="""
        let u = logistic((V(cp, cn) - threshold) / width)
        current i(p, n) = V(p, n) * exp(0 - u * log(ron) - (1 - u) * log(roff))
    """,
    drop=("p", "n"),
    symmetric=(("p", "n"),),
    control=("cp", "cn"),
)
