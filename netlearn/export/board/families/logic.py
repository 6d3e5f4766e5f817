"""Gates of the 74HC family, four (inverters: six) in a package. Pins: Texas Instruments' data sheets SCLS100 (74HC86), SCLS181
(74HC00), SCLS078 (74HC04), all with ground on 7 and the supply on 14 (recalled)."""

from netlearn.export.board.package import PLUS, Package, Realises, quad, unit

_SOIC14 = "Package_SO:SOIC-14_3.9x8.7mm_P1.27mm"
_RAILS = {"+": PLUS, "-": "0"}
_TWO = quad(unit("a b y", "1 2 3"), unit("a b y", "4 5 6"), unit("a b y", "9 10 8"), unit("a b y", "12 13 11"))
_SIX = quad(*(unit("a y", pins) for pins in ("1 2", "3 4", "5 6", "9 8", "11 10", "13 12")))


def _gate(name: str, doc: str, module: str, mpn: str, source: str) -> Package:
    """Four gates of two inputs."""
    return Package(
        name,
        doc,
        "Texas Instruments",
        mpn,
        _SOIC14,
        {**_TWO, "7": "-", "14": "+"},
        (Realises(module, {"a": "a", "b": "b", "y": "out"}, {"+": "vdd"}),),
        source,
        rails=_RAILS,
        spare={"a": "-", "b": "-"},
    )


FAMILY = (
    _gate("74HC86", "quad exclusive or", "Xor", "SN74HC86DR", "SCLS100 (recalled)"),
    _gate("74HC00", "quad NAND", "Nand", "SN74HC00DR", "SCLS181 (recalled)"),
    Package(
        "74HC04",
        "six inverters",
        "Texas Instruments",
        "SN74HC04DR",
        _SOIC14,
        {**_SIX, "7": "-", "14": "+"},
        (Realises("Inverter", {"a": "in", "y": "out"}, {"+": "vdd"}),),
        "SCLS078 (recalled)",
        rails=_RAILS,
        spare={"a": "-"},
    ),
)
