"""The ohmic learning edge: a transistor in its linear region, K = s (g - vt0 - (v_a + v_b) / 2).

The edge law of the self-learning networks of Dillavou et al. (PNAS 2024; arXiv 2505.22887): i = K (v_a - v_b),
with the gate voltage g as a parameter that learns. K is cut off at zero, where the transistor is. With temperature it moves
as the transistor does (`netlearn.devices.ekv`).
"""

from netlearn.devices.model import Device, Param
from netlearn.devices.warmth import RATIO

DEVICE = Device(
    name="Ohmic",
    doc="ohmic learning edge, i = s (g - vto - mean V) V(a, b)",
    terminals=("a", "b"),
    params=(
        Param("g", "V", None, "gate voltage"),
        Param("s", "A/V^2", 8.5e-4, "conductance a volt of gate drive", "positive"),
        Param("vto", "V", 0.7, "threshold voltage"),
        Param("gleak", "S", 1e-12, "leakage", "not negative"),
        Param("tcv", "V/K", 1e-3, "by which the threshold falls with temperature"),
        Param("bex", "", -1.5, "exponent of the mobility's temperature"),
    ),
    law="""
        let k = s * pos(g - vto - (V(a) + V(b)) / 2)
        current i(a, b) = (k + gleak) * V(a, b)
    """,
    value="g",
    drop=("a", "b"),
    symmetric=(("a", "b"),),
    temperature={"vto": "vto - tcv * (hot - temp)", "s": f"s * {RATIO}^bex"},
)
