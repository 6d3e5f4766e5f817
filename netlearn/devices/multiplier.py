"""Four-quadrant analog multiplier: V(out) = (V(x1) - V(x2)) (V(y1) - V(y2)) / scale + V(z), as an AD633."""

from netlearn.devices.model import Device, Param

DEVICE = Device(
    name="Multiplier",
    doc="four-quadrant analog multiplier",
    terminals=("x1", "x2", "y1", "y2", "z", "out", "ref"),
    params=(Param("scale", "V", 10.0, "scale voltage", "positive"), Param("offset", "V", 0.0, "output offset")),
    law="voltage e(out, ref) = V(x1, x2) * V(y1, y2) / scale + V(z, ref) + offset",
    drop=("x1", "x2"),
    control=("x1", "x2", "y1", "y2", "z"),
    grounded=("z", "ref"),
)
