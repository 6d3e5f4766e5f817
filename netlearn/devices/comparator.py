"""Behavioural comparator: V(out) goes from low to high as V(p) - V(n) + offset passes zero.

    V(out, ref) = low + (high - low) logistic(gain (V(p, n) + offset))

The ideal sign is the limit of infinite gain; a finite one keeps Newton's method and the gradient alive.
"""

from netlearn.devices.model import Device, Param

DEVICE = Device(
    name="Comparator",
    doc="behavioural comparator with offset and finite gain",
    terminals=("p", "n", "out", "ref"),
    params=(
        Param("offset", "V", 0.0, "input offset voltage"),
        Param("gain", "1/V", 1e4, "steepness of the transition", "positive"),
        Param("low", "V", 0.0, "output when p is below n"),
        Param("high", "V", 5.0, "output when p is above n"),
    ),
    law="voltage e(out, ref) = low + (high - low) * logistic(gain * (V(p, n) + offset))",
    drop=("p", "n"),
    control=("p", "n"),
    grounded=("ref",),
)
