"""SPICE's formulas of how silicon moves with temperature, as text for devices (`Device.temperature`).

From `temp` to `hot` (K), with vt at `temp`:

    E_g(T)    = 1.16 - 7.02e-4 T^2 / (T + 1108)                                    the gap of silicon, V
    phi(hot)  = r phi + E_g(hot) - r E_g(temp) - 3 r vt ln r,    r = hot / temp    a junction's or surface potential
    c(hot)    = c (1 + m (4e-4 (hot - temp) - (phi(hot) - phi) / phi))             a depletion capacitance

(A. Vladimirescu and S. Liu, The Simulation of MOS Integrated Circuits Using SPICE2, 1980; ngspice manual, chapter 15.)
ngspice writes phi by way of its value at 27 C, which cancels; in c it goes by the same way, which is this where `temp` is 27 C.
"""

from netlearn.devices.model import Param
from netlearn.devices.primitives import NOMINAL

TEMP = Param("temp", "K", NOMINAL, "temperature at which it works", "positive")
RATIO = "(hot / temp)"
HOT_VT = f"(vt * {RATIO})"


def gap(temperature: str) -> str:
    """E_g in V."""
    return f"(1.16 - 7.02e-4 * {temperature}^2 / ({temperature} + 1108))"


def potential(phi: str) -> str:
    """A potential at `hot`."""
    return f"({RATIO} * {phi} + {gap('hot')} - {RATIO} * {gap('temp')} - 3 * {HOT_VT} * log{RATIO})"


def capacitance(c: str, phi: str, m: str) -> str:
    """A depletion capacitance at `hot`."""
    return f"{c} * (1 + {m} * (4e-4 * (hot - temp) - ({potential(phi)} - {phi}) / {phi}))"


def resistance(r: str) -> str:
    """A resistance at `hot` by its coefficients."""
    return f"{r} * (1 + tc1 * (hot - temp) + tc2 * (hot - temp)^2)"


COEFFICIENTS = (
    Param("tc1", "1/K", 0.0, "temperature coefficient of the resistance"),
    Param("tc2", "1/K^2", 0.0, "its second temperature coefficient"),
)
