"""What a process kit is to netlearn: a table of its transistors, and of which of its files have their models.

A kit's transistor is a `Device` by a qualified name, `sky130.nfet_01v8`. The numbers of its law are the kit's own, in SPICE
text that only ngspice reads; the law that it has here says which terminal's current depends on what, and in which
direction a gate acts, and no number of it is ever used. What manufacture does to one transistor is ours and not the kit's,
whose own random numbers are off:

    dvt     V, added to the threshold (with its sign: for a p-channel too a higher one conducts more): a source in
            the gate, V(inner gate) = V(g) - dvt
    dbeta   relative, of the drain current: a source beside the channel, i(d to s) += dbeta i(d)

Both act alike in every kit, whatever its subcircuits can be given, and are altered in a deck that is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from netlearn.devices import Card, Device, Param

CORNERS = ("tt", "ss", "ff", "sf", "fs")
"""Typical, slow, fast: of n-channel, then of p-channel transistors."""
CHANNELS = {"n": "V(g, s)", "p": "V(s, g)"}


@dataclass(frozen=True)
class Primitive:
    """One transistor of a kit: its name in the language, its subcircuit (terminals d g s b) in the kit, channel "n" or "p".

    supply: the voltage it is made for (V). width, length: smallest and largest that it has models for (m). models: files of
    the kit, "{corner}" in them, with a section behind a blank where only that is wanted.
    """

    name: str
    subcircuit: str
    channel: str
    supply: float
    width: tuple[float, float]
    length: tuple[float, float]
    models: tuple[str, ...]
    doc: str


@dataclass(frozen=True)
class Kit:
    """A process kit: how it is called, the transistors that netlearn knows of it, and where it can be had.

    roots: folders within it that `models` may be relative to, the first that has them counts. package: the Python package
    that carries it. source: what to do to get it. settings: lines of SPICE before its models, which switch its random
    numbers off. corners: ours to its own spelling. reach: how far drain and source stand out from the gate (m).
    """

    name: str
    doc: str
    roots: tuple[str, ...]
    package: str
    source: str
    settings: str
    corners: Mapping[str, str]
    reach: float
    passives: Mapping[str, str]
    primitives: tuple[Primitive, ...]

    def primitive(self, device: str) -> Primitive:
        """The one that a device such as `sky130.nfet_01v8` is."""
        return next(p for p in self.primitives if f"{self.name}.{p.name}" == device)


def _rounded(ends: tuple[float, float]) -> tuple[float, float]:
    """Bounds that 0.42um, which is 4.2e-7 but for its last bit, does not miss."""
    return ends[0] * (1 - 1e-9), ends[1] * (1 + 1e-9)


def device(kit: Kit, primitive: Primitive, home: Path | None = None) -> Device:
    """A transistor as a device of the language; `home` is where netlearn.toml is looked for first."""
    (wl, wh), (ll, lh) = (_rounded(ends) for ends in (primitive.width, primitive.length))
    drive = CHANNELS[primitive.channel]
    area, rim = f"{{{{<w>*{kit.reach:g}}}}}", f"{{{{2*(<w>+{kit.reach:g})}}}}"
    return Device(
        name=f"{kit.name}.{primitive.name}",
        doc=f"{primitive.doc}, by the models of {kit.name}",
        terminals=("d", "g", "s", "b"),
        params=(
            Param("w", "m", None, "channel width", "positive", most=wh, least=wl),
            Param("l", "m", None, "channel length", "positive", most=lh, least=ll),
            Param("dvt", "V", 0.0, "what is added to its threshold"),
            Param("dbeta", "", 0.0, "relative change of its drain current", least=-1.0),
        ),
        law=f"""
            current i(d, s) = w / l * softplus({drive} + V(b, s)) * V(d, s)
            current ibs(b, s) = gmin * V(b, s)
            current ibd(b, d) = gmin * V(b, d)
        """,
        drop=("d", "s"),
        symmetric=(("d", "s"),),
        control=("g",),
        card=Card(
            "v{id} {g} g{id} <dvt>\n"
            "vd{id} {d} d{id} 0\n"
            "f{id} {d} {s} vd{id} <dbeta>\n"
            f"x{{id}} d{{id}} g{{id}} {{s}} {{b}} {primitive.subcircuit} w=<w> l=<l>"
            f" ad={area} as={area} pd={rim} ps={rim}",
            alter={"dvt": "v dc", "dbeta": "f gain"},
        ),
        kit=kit.name,
        home=home,
    )
