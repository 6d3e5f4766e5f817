"""The mismatch of a sky130 transistor by the kit's own random numbers: A_VT of a pair, against 5 to 7.5 mV um.

    .venv/bin/python scripts/kit_mismatch.py [--device nfet_01v8] [--copies 200] [--seed 1]

The one place where they are on (mc_mm_switch = 1): the kit draws for every instance, and netlearn only reads. Each copy has its
gate at its drain and carries a current I W / L; its gate voltage moves with its threshold. With s its standard deviation
over the copies (its own error is s / sqrt(2 n)) two of them differ by

    A_VT = sqrt(2) s sqrt(W L)

What is judged is A_VT in strong inversion (10 uA, some 0.3 V of overdrive), where thresholds are extrapolated from. In weak
inversion (100 nA) the kit varies the subthreshold offset `voff` as well, and A_VT is larger by a half: shown beside it.

Their subcircuits are written for micrometres here, since that is what W and L mean in the kit's own formulas of mismatch.
Exit code 1: some size lies outside of the band.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np

from netlearn.backends.ngspice.deck import POINT_OPTIONS
from netlearn.backends.ngspice.simulator import Simulator
from netlearn.errors import NetlearnError
from netlearn.kits import KITS, Place, deck_models, located

KIT = KITS["sky130"]
SIZES = ((1.0, 1.0), (5.0, 1.0), (7.0, 8.0), (1.0, 0.15), (0.42, 0.15))  # W and L in um
LOW, HIGH = 5.0, 7.5  # mV um
STRONG, WEAK = 10e-6, 100e-9  # A, for W = L
OFF, ON = "mc_mm_switch=0", "mc_mm_switch=1"


def deck(place: Place, device: str, width: float, length: float, copies: int, seed: int, current: float) -> str:
    """So many diode-connected copies, each with a current source."""
    primitive = KIT.primitive(f"{KIT.name}.{device}")
    models = deck_models(place, {f"{KIT.name}.{device}": [(width * 1e-6, length * 1e-6)]})
    carried = current * width / length
    p = primitive.channel == "p"
    lines = []
    for k in range(copies):
        lines.append(f"x{k} n{k} n{k} 0 0 {primitive.subcircuit} w={width:g} l={length:g}")
        lines.append(f"i{k} {f'n{k} 0' if p else f'0 n{k}'} {carried:g}")
    options = f".option scale=1u seed={seed}"
    sweep = ["vsweep nsweep 0 0", "rsweep nsweep 0 1", "v0 unused 0 external", "runused unused 0 1"]
    return "\n".join([
        "* the mismatch of sky130", models[0].replace(OFF, ON), *models[1:], options, *lines, *sweep, POINT_OPTIONS, ".end"
    ])  # fmt: skip


def gates(place: Place, device: str, width: float, length: float, copies: int, seed: int, current: float) -> np.ndarray:
    """Gate voltage (V) of each copy, (copies,)."""
    reads = [f"n{k}" for k in range(copies)]
    simulator = Simulator(deck(place, device, width, length, copies, seed, current), ("v0",), reads, timeout=300)
    try:
        found = simulator.operating_points(np.zeros((1, 1)))
    finally:
        simulator.close()
    return np.abs(found.values[0])


def pair(
    place: Place, device: str, width: float, length: float, copies: int, seed: int, current: float = STRONG
) -> tuple[float, float]:
    """A_VT of a pair (mV um), and its standard error."""
    spread = float(gates(place, device, width, length, copies, seed, current).std(ddof=1))
    of_pair = 1e3 * math.sqrt(2 * width * length) * spread
    return of_pair, of_pair / math.sqrt(2 * copies)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--device", default="nfet_01v8", choices=[p.name for p in KIT.primitives])
    asked.add_argument("--copies", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    place = located("sky130", Path.cwd())
    print(f"sky130 {given.device}, {given.copies} copies, the kit's own mismatch; models in {place.root}")
    inside = True
    for width, length in SIZES:
        found, error = pair(place, given.device, width, length, given.copies, given.seed)
        weak, _ = pair(place, given.device, width, length, given.copies, given.seed, WEAK)
        good = LOW <= found <= HIGH
        inside = inside and good
        told = (
            f"{width:g} um by {length:g} um: pair A_VT {found:.2f} +- {error:.2f} mV um, in weak inversion {weak:.1f}"
        )
        print(f"  {told}{'' if good else '  OUTSIDE'}")
    return 0 if inside else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NetlearnError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
