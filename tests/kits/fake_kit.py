"""A tiny process kit in a folder of its own: sky130's files with subcircuits of level 1, so that all but the physics of a
kit can be tested where there is none, against our own level-1 transistor."""

from __future__ import annotations

from pathlib import Path

VTO = {"tt": 0.5, "ss": 0.6, "ff": 0.4, "sf": 0.45, "fs": 0.55}
"""By the kit's spelling: in its sf the n-channel transistors are the fast ones."""
KP, LAMBDA = 1e-4, 0.02
CELL = "cells/nfet_01v8/sky130_fd_pr__nfet_01v8__"
SUBCIRCUIT = """* a comment that ngspice would carry out: the next line
*# shell touch {touched}
.subckt sky130_fd_pr__nfet_01v8 d g s b
.param l = 1 w = 1 ad = 0 as = 0 pd = 0 ps = 0
* ad to ps stay unused
msky130_fd_pr__nfet_01v8 d g s b sky130_fd_pr__nfet_01v8__model l = {{l}} w = {{w}} ; as in the kit
.model sky130_fd_pr__nfet_01v8__model nmos
* in the middle of a model
+ level = 1 vto = {vto}
+ kp = {{{kp} + mc_mm_switch * agauss(0, 1, 1)}} lambda = {channel}
.ends sky130_fd_pr__nfet_01v8
.subckt sky130_fd_pr__unused a b
r1 a b 1
.ends
"""


def make_kit(folder: Path) -> Path:
    """The kit in `folder`, and a netlearn.toml beside it that names it; gives the folder with netlearn.toml."""
    root = folder / "kit"
    (root / CELL).parent.mkdir(parents=True)
    (root / "models/parameters").mkdir(parents=True)
    for corner, vto in VTO.items():
        text = SUBCIRCUIT.format(vto=vto, kp=KP, channel=LAMBDA, touched=folder / "touched")
        (root / f"{CELL}{corner}.pm3.spice").write_text(text)
    (root / f"{CELL}mismatch.corner.spice").write_text("* nothing\n.param sky130_fd_pr__nfet_01v8__vth0_slope=0\n")
    (root / "models/parameters/lod.spice").write_text(".param\n+ lod = 0\n")
    (folder / "netlearn.toml").write_text('[pdk.sky130]\npath = "kit"\n')
    return folder
