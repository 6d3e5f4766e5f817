"""Independent sources: V holds a voltage, I drives a current from p through itself to n.

Both may be a function of time in transient runs: pulse, sine, pwl (netlearn.circuit.waveform).
"""

from netlearn.devices.model import Card, Device, Param

VOLTAGE = Device(
    name="V",
    doc="independent voltage source",
    terminals=("p", "n"),
    params=(Param("dc", "V", 0.0, "voltage from p to n"),),
    law="voltage e(p, n) = dc",
    value="dc",
    holds="dc",
    waveform="dc",
    drop=("p", "n"),
    card=Card("v{id} {p} {n} <dc>", alter={"dc": "dc"}),
)

CURRENT = Device(
    name="I",
    doc="independent current source",
    terminals=("p", "n"),
    params=(Param("dc", "A", 0.0, "current from p through the source to n"),),
    law="current i(p, n) = dc",
    value="dc",
    waveform="dc",
    drop=("p", "n"),
    card=Card("i{id} {p} {n} <dc>", alter={"dc": "dc"}),
)
