"""Amplifiers and multipliers.

TL074 and TL072: Texas Instruments, data sheet SLOS080 (recalled). AD633 in its 8-pin DIP (the SOIC has other pins): Analog
Devices, AD633 data sheet (recalled). A multiplier of another scale than 10 V leaves as no AD633.
"""

from netlearn.export.board.package import MINUS, PLUS, Package, Realises, quad, unit

_WIRES = {"p": "p", "n": "n", "out": "out"}
_RAILS = {"+": PLUS, "-": MINUS}
_PRODUCT = {"x1": "x1", "x2": "x2", "y1": "y1", "y2": "y2", "z": "z"}

FAMILY = (
    Package(
        "TL074",
        "quad operational amplifier",
        "Texas Instruments",
        "TL074CDR",
        "Package_SO:SOIC-14_3.9x8.7mm_P1.27mm",
        {
            **quad(
                unit("out n p", "1 2 3"),
                unit("out n p", "7 6 5"),
                unit("out n p", "8 9 10"),
                unit("out n p", "14 13 12"),
            ),
            "4": "+",
            "11": "-",
        },
        (
            Realises("OpAmp", _WIRES),
            Realises("MillerOpAmp", _WIRES, {"+": "vdd", "-": "vss"}),
            Realises("Follower", {"p": "in", "n": "out", "out": "out"}, {"+": "vdd", "-": "vss"}),
        ),
        "SLOS080 (recalled)",
        rails={**_RAILS, "ground": "0"},
        spare={"p": "ground", "n": "out", "out": "out"},
    ),
    Package(
        "AD633",
        "four-quadrant multiplier",
        "Analog Devices",
        "AD633ANZ",
        "Package_DIP:DIP-8_W7.62mm",
        {**quad(unit("x1 x2 y1 y2 z w", "1 2 3 4 6 7")), "5": "-", "8": "+"},
        (
            Realises("Multiplier", {**_PRODUCT, "w": "out"}, bounds={"scale": (10.0, 10.0)}),
            Realises("AnalogMultiplier", {**_PRODUCT, "w": "w"}, {"+": "vdd", "-": "vss"}),
        ),
        "AD633 data sheet (recalled)",
        rails=_RAILS,
    ),
)
