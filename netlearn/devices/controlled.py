"""The four linear controlled sources.

The current-controlled ones sense the current that flows from cp to cn through a short of their own, so that a
device is complete in itself and needs no other one's name (SPICE: a 0 V source and an F or H element).
"""

from netlearn.devices.model import Card, Device, Param

VCVS = Device(
    name="VCVS",
    doc="voltage-controlled voltage source, V(p, n) = gain V(cp, cn)",
    terminals=("p", "n", "cp", "cn"),
    params=(Param("gain", "", None, "voltage gain"),),
    law="voltage e(p, n) = gain * V(cp, cn)",
    value="gain",
    drop=("p", "n"),
    control=("cp", "cn"),
    card=Card("e{id} {p} {n} {cp} {cn} <gain>", alter={"gain": "gain"}),
)

VCCS = Device(
    name="VCCS",
    doc="voltage-controlled current source, i(p to n) = gm V(cp, cn)",
    terminals=("p", "n", "cp", "cn"),
    params=(Param("gm", "S", None, "transconductance"),),
    law="current i(p, n) = gm * V(cp, cn)",
    value="gm",
    drop=("p", "n"),
    control=("cp", "cn"),
    card=Card("g{id} {p} {n} {cp} {cn} <gm>", alter={"gm": "gain"}),
)

CCVS = Device(
    name="CCVS",
    doc="current-controlled voltage source, V(p, n) = rm I(cp to cn)",
    terminals=("p", "n", "cp", "cn"),
    params=(Param("rm", "Ohm", None, "transresistance"),),
    law="voltage s(cp, cn) = 0\nvoltage e(p, n) = rm * I(s)",
    value="rm",
    drop=("p", "n"),
    card=Card("v{id} {cp} {cn} 0\nh{id} {p} {n} v{id} <rm>", alter={"rm": "gain"}),
)

CCCS = Device(
    name="CCCS",
    doc="current-controlled current source, i(p to n) = gain I(cp to cn)",
    terminals=("p", "n", "cp", "cn"),
    params=(Param("gain", "", None, "current gain"),),
    law="voltage s(cp, cn) = 0\ncurrent i(p, n) = gain * I(s)",
    value="gain",
    drop=("p", "n"),
    card=Card("v{id} {cp} {cn} 0\nf{id} {p} {n} v{id} <gain>", alter={"gain": "gain"}),
)
