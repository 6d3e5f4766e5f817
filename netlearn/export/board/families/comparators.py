"""Comparators. LM393: two with open collectors, which a resistor to the supply pulls up. Pins: KiCad's library of symbols
(Comparator.lib, LM2903 and its aliases), as Texas Instruments' data sheet SNOSBJ6 has them."""

from netlearn.export.board.package import PLUS, Package, Realises, quad, unit

_WIRES = {"p": "p", "n": "n", "out": "out"}

FAMILY = (
    Package(
        "LM393",
        "dual comparator",
        "Texas Instruments",
        "LM393DR",
        "Package_SO:SOIC-8_3.9x4.9mm_P1.27mm",
        {**quad(unit("out n p", "1 2 3"), unit("out n p", "7 6 5")), "4": "-", "8": "+"},
        (
            Realises("Comparator", _WIRES, {"-": "ref"}),
            *(Realises(m, _WIRES, {"+": "vdd"}) for m in ("IdealComparator", "ContinuousComparator", "OpenCollector")),
        ),
        "KiCad's Comparator.lib; SNOSBJ6",
        rails={"+": PLUS, "-": "0"},
        spare={"p": "-", "n": "+"},
        pullup={"out": 10e3},
    ),
)
