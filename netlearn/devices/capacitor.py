"""Linear capacitor: q = c v; no direct current.

`Cm` is the capacitor as an analog memory: `C c(g, gnd) = 22uF, ic = vg` names the voltage it keeps. While an
operating point is found it holds that voltage (the phases of learning are short against its leakage); in a
transient run it is a capacitor that starts there: its branch, a voltage source at rest, then says i = d(c v)/dt. In SPICE
an initial condition (.ic) holds it in the operating point, or where neither end is at ground, for which .ic has no words,
a source that lets go afterwards (v = v - 1k i, so no current). Either way all other nodes start where that voltage puts
them.
"""

from netlearn.devices.model import Card, Device, Param

CAPACITANCE = Param("c", "F", None, "capacitance", "positive")

DEVICE = Device(
    name="C",
    doc="linear capacitor",
    terminals=("p", "n"),
    params=(CAPACITANCE,),
    law="charge q(p, n) = c * V(p, n)",
    value="c",
    drop=("p", "n"),
    symmetric=(("p", "n"),),
    card=Card("c{id} {p} {n} <c>"),
)

MEMORY = Device(
    name="Cm",
    doc="capacitor that holds its stored voltage in operating points (C with ic)",
    terminals=("p", "n"),
    params=(CAPACITANCE, Param("ic", "V", None, "stored voltage")),
    law="voltage e(p, n) = ic",
    value="c",
    moving="voltage e(p, n) = V(p, n) - I(e)\nflux e = c * V(p, n)",
    holds="ic",
    drop=("p", "n"),
    card=Card(
        "v{id} {p} {n} <ic>",
        alter={"ic": "dc"},
        transient="c{id} {p} {n} <c>\nb{id} {p} {n} V = time > 0 ? v({p},{n})-1000*i(b{id}) : <ic>",
    ),
)
