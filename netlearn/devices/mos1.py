"""MOS transistor, SPICE level 1 (Shichman and Hodges, 1968), with body effect and bulk diodes.

With drain and source exchanged where V(d, s) < 0, for the n-channel device:

    v_on = vto + gamma (sqrt(phi - v_bs) - sqrt(phi)),   v_gst = max(v_gs - v_on, 0),   v_e = min(v_gst, v_ds)
    i    = kp w / l (1 + lambda v_ds) v_e (v_gst - v_e / 2)

which is the linear region for v_ds < v_gst and saturation beyond. A forward-biased bulk uses SPICE's tangent
of the square root. Bulk junctions carry i = is (exp(v / vt) - 1) + gmin v, and -is + gmin v below -3 vt: SPICE's
jump of is / 20 there is kept. PMOS is the same with every voltage and current reversed. Overlap and junction charges
as in SPICE; without an oxide thickness level 1 has no channel charge, and neither have we.

With temperature, by SPICE (ngspice's mos1temp.c; +: n-channel, -: p-channel; E_g, phi, pb, cbd, cbs: `netlearn.devices.warmth`),

    kp(hot)  = kp (hot / temp)^-3/2,          is(hot) = is exp(E_g(temp) / vt(temp) - E_g(hot) / vt(hot))
    vto(hot) = vto +- gamma (sqrt(phi(hot)) - sqrt(phi)) +- (phi(hot) - phi) / 2 + (E_g(temp) - E_g(hot)) / 2
"""

from netlearn.devices.junction import depletion
from netlearn.devices.model import Card, Device, Param
from netlearn.devices.warmth import HOT_VT, RATIO, TEMP, capacitance, gap, potential

PARAMS = (
    Param("vto", "V", 0.0, "threshold voltage at zero bulk bias"),
    Param("kp", "A/V^2", 2e-5, "transconductance parameter", "positive"),
    Param("gamma", "", 0.0, "body effect, V^0.5", "not negative"),
    Param("phi", "V", 0.6, "surface potential", "positive"),
    Param("lambda", "1/V", 0.0, "channel-length modulation", "not negative"),
    Param("w", "m", 1e-4, "channel width", "positive"),
    Param("l", "m", 1e-4, "channel length", "positive"),
    Param("is", "A", 1e-14, "bulk junction saturation current", "positive"),
    Param("rd", "Ohm", 0.0, "drain resistance, outside the channel", "not negative"),
    Param("rs", "Ohm", 0.0, "source resistance, outside the channel", "not negative"),
    Param("cgso", "F/m", 0.0, "gate-source overlap capacitance a width", "not negative"),
    Param("cgdo", "F/m", 0.0, "gate-drain overlap capacitance a width", "not negative"),
    Param("cbd", "F", 0.0, "bulk-drain capacitance at zero volts", "not negative"),
    Param("cbs", "F", 0.0, "bulk-source capacitance at zero volts", "not negative"),
    Param("pb", "V", 0.8, "bulk junction potential", "positive"),
    Param("mj", "", 0.5, "bulk junction grading coefficient", "positive", most=0.9),
    TEMP,
)


def _bulk(v: str) -> str:
    return f"(where({v} > 0 - 3 * vt, is * (limexp({v} / vt) - 1), 0 - is) + gmin * {v})"


def _law(sign: str) -> str:
    """The law with every terminal voltage multiplied by `sign` (1 for n-channel, -1 for p-channel)."""
    return f"""
        let vds = {sign} * V(d, s)
        let vbs = {sign} * V(b, s)
        let vbd = {sign} * V(b, d)
        let reverse = vds < 0
        let drop = where(reverse, 0 - vds, vds)
        let vg = {sign} * where(reverse, V(g, d), V(g, s))
        let vb = where(reverse, vbd, vbs)
        let root = where(vb <= 0, sqrt(phi - min(vb, 0)), pos(sqrt(phi) - vb / (2 * sqrt(phi))))
        let vgst = pos(vg - vto * {sign} - gamma * (root - sqrt(phi)))
        let ve = min(vgst, drop)
        let ids = where(reverse, 0 - 1, 1) * kp * w / l * (1 + lambda * drop) * ve * (vgst - ve / 2)
        current i(d, s) = {sign} * ids
        current ibs(b, s) = {sign} * {_bulk("vbs")}
        current ibd(b, d) = {sign} * {_bulk("vbd")}
        charge qgs(g, s) = cgso * w * V(g, s)
        charge qgd(g, d) = cgdo * w * V(g, d)
        charge qbs(b, s) = {sign} * {depletion("vbs", "cbs", "pb", "mj")}
        charge qbd(b, d) = {sign} * {depletion("vbd", "cbd", "pb", "mj")}
    """


def _temperature(sign: str) -> dict[str, str]:
    phi = potential("phi")
    moved = f"gamma * (sqrt({phi}) - sqrt(phi)) + ({phi} - phi) / 2"
    return {
        "vto": f"vto + {sign} * ({moved}) + ({gap('temp')} - {gap('hot')}) / 2",
        "kp": f"kp / ({RATIO} * sqrt{RATIO})",
        "phi": phi,
        "is": f"is * exp({gap('temp')} / vt - {gap('hot')} / {HOT_VT})",
        "pb": potential("pb"),
        "cbd": capacitance("cbd", "pb", "mj"),
        "cbs": capacitance("cbs", "pb", "mj"),
    }


def _device(name: str, doc: str, sign: str, channel: str) -> Device:
    numbers = ["vto", "kp", "gamma", "phi", "lambda", "is", "cgso", "cgdo", "cbd", "cbs", "pb", "mj"]
    model = " ".join(f"{n}=<{n}>" for n in numbers)
    return Device(
        name=name,
        doc=doc,
        terminals=("d", "g", "s", "b"),
        params=PARAMS,
        law=_law(sign),
        drop=("d", "s"),
        symmetric=(("d", "s"),),
        mirrored=(("cgdo", "cgso"), ("cbd", "cbs"), ("rd", "rs")),
        control=("g",),
        series=(("rd", "d"), ("rs", "s")),
        card=Card(
            "m{id} {d} {g} {s} {b} {model} w=<w> l=<l>",
            f".model {{model}} {name.lower()}(level=1 rd=0 rs=0 {model}{{warm}})",
            alter={"w": "w", "l": "l"},
            warm=(" temp=<celsius>", " tnom=<celsius>"),
        ),
        channel=channel,
        slow={"vto": 1 if channel == "n" else -1, "kp": -1, "w": -1, "l": 1},
        temperature=_temperature(sign),
    )


NMOS = _device("NMOS", "n-channel MOS transistor, SPICE level 1", "1", "n")
PMOS = _device("PMOS", "p-channel MOS transistor, SPICE level 1", "(0 - 1)", "p")
