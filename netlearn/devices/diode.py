"""Junction diode: SPICE's Shockley law with its reverse branch, gmin, and depletion plus diffusion charge.

    v >= -3 n vt:  i = is (exp(v / n vt) - 1) + gmin v
    below:         i = -is (1 + (3 n vt / (e v))^3) + gmin v        (SPICE 3; meets the first smoothly)

    q = tt i_d + depletion charge of cjo, vj, m, continued linearly above v = vj / 2

The series resistance `rs` is a resistor outside the junction. With temperature, by SPICE (r = hot / temp, vt at hot),

    is(hot) = is r^(xti / n) exp((r - 1) eg / (n vt)),      vj and cjo as in `netlearn.devices.warmth`
"""

from netlearn.devices.junction import depletion
from netlearn.devices.model import Card, Device, Param
from netlearn.devices.warmth import HOT_VT, RATIO, TEMP, capacitance, potential

E = 2.718281828459045

DEVICE = Device(
    name="D",
    doc="junction diode, Shockley law with series resistance outside",
    terminals=("p", "n"),
    params=(
        Param("is", "A", 1e-14, "saturation current", "positive"),
        Param("n", "", 1.0, "emission coefficient", "positive"),
        Param("rs", "Ohm", 0.0, "series resistance, outside the junction", "not negative"),
        Param("cjo", "F", 0.0, "depletion capacitance at zero volts", "not negative"),
        Param("vj", "V", 1.0, "junction potential", "positive"),
        Param("m", "", 0.5, "grading coefficient", "positive", most=0.9),
        Param("tt", "s", 0.0, "transit time", "not negative"),
        Param("eg", "V", 1.11, "energy gap, of the saturation current's temperature", "positive"),
        Param("xti", "", 3.0, "exponent of the saturation current's temperature"),
        TEMP,
    ),
    law=f"""
        let vd = V(p, n)
        let x = vd / (n * vt)
        let far = min(x, -3)
        let id = where(x >= -3, is * (limexp(x) - 1), 0 - is * (1 + (3 / ({E} * far))^3))
        current i(p, n) = id + gmin * vd
        charge qd(p, n) = tt * id + {depletion("vd", "cjo", "vj", "m")}
    """,
    drop=("p", "n"),
    junction=True,
    series=(("rs", "p"),),
    card=Card(
        "d{id} {p} {n} {model}",
        ".model {model} d(is=<is> n=<n> rs=0 cjo=<cjo> vj=<vj> m=<m> tt=<tt>{warm})",
        warm=(" temp=<celsius>", " tnom=<celsius>"),
    ),
    temperature={
        "is": f"is * exp(({RATIO} - 1) * eg / (n * {HOT_VT}) + xti / n * log{RATIO})",
        "vj": potential("vj"),
        "cjo": capacitance("cjo", "vj", "m"),
    },
)
