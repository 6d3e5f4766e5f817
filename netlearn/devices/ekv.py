"""MOS transistor by the EKV charge-sheet law: smooth from weak to strong inversion.

Enz, Krummenacher, Vittoz (1995), voltages to the bulk, n the slope factor:

    v_p = (v_g - vto) / n,     F(u) = ln^2(1 + exp(u / 2 vt))
    i(d to s) = 2 n kp w / l vt^2 [F(v_p - v_s) - F(v_p - v_d)]

It tends to kp w / l (v_g - vto - n (v_d + v_s) / 2) (v_d - v_s) in strong inversion and to an exponential of
slope n vt below threshold. SPICE gets it as a behavioural source from this same law; `gleak` is a conductance
from drain to source that keeps a cut-off network solvable. With temperature, by EKV 2.6 (Bucher et al., EPFL, 1997; +:
p-channel),

    vto(hot) = vto -+ tcv (hot - temp),       kp(hot) = kp (hot / temp)^bex
"""

from netlearn.devices.model import Device, Param
from netlearn.devices.warmth import RATIO, TEMP

PARAMS = (
    Param("vto", "V", 0.7, "threshold voltage at zero bulk bias"),
    Param("kp", "A/V^2", 2e-5, "transconductance parameter", "positive"),
    Param("w", "m", 1e-4, "channel width", "positive"),
    Param("l", "m", 1e-4, "channel length", "positive"),
    Param("n", "", 1.3, "slope factor", "positive"),
    Param("gleak", "S", 1e-12, "drain-source leakage", "not negative"),
    Param("tcv", "V/K", 1e-3, "by which the threshold falls with temperature"),
    Param("bex", "", -1.5, "exponent of the mobility's temperature"),
    TEMP,
)


def _law(sign: str) -> str:
    return f"""
        let vp = ({sign} * V(g, b) - {sign} * vto) / n
        let forward = softplus((vp - {sign} * V(s, b)) / (2 * vt))
        let reverse = softplus((vp - {sign} * V(d, b)) / (2 * vt))
        let ids = 2 * n * kp * w / l * vt^2 * (forward^2 - reverse^2)
        current i(d, s) = {sign} * ids + gleak * V(d, s)
    """


def _device(name: str, doc: str, sign: str, channel: str) -> Device:
    return Device(
        name=name,
        doc=doc,
        terminals=("d", "g", "s", "b"),
        params=PARAMS,
        law=_law(sign),
        drop=("d", "s"),
        symmetric=(("d", "s"),),
        control=("g", "b"),
        channel=channel,
        slow={"vto": 1, "kp": -1, "w": -1, "l": 1},
        temperature={"vto": f"vto - {sign} * tcv * (hot - temp)", "kp": f"kp * {RATIO}^bex"},
    )


NEKV = _device("NEKV", "n-channel MOS transistor, EKV law (weak to strong inversion)", "1", "n")
PEKV = _device("PEKV", "p-channel MOS transistor, EKV law (weak to strong inversion)", "(0 - 1)", "p")
