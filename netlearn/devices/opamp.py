"""Ideal operational amplifier: V(out) = gain (V(p) - V(n)), no input current, output to ground."""

from netlearn.devices.model import Device, Param

DEVICE = Device(
    name="OpAmp",
    doc="ideal operational amplifier of finite gain",
    terminals=("p", "n", "out", "ref"),
    params=(Param("gain", "", 1e6, "open-loop gain", "positive"), Param("offset", "V", 0.0, "input offset voltage")),
    law="voltage e(out, ref) = gain * (V(p, n) + offset)",
    drop=("p", "n"),
    control=("p", "n"),
    grounded=("ref",),
)
