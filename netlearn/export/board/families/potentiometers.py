"""Digital potentiometers. AD5222: two of 128 positions, each between A and wiper W; pins as in Analog Devices' data sheet AD5222
(recalled; its text on counting was seen: CLK counts at falling edges, up where U/D is high; MODE low moves both).

A rheostat on a counter is that package with its counter: `down` is on U/D, so that the resistance from A to W falls as the
count inside rises. A resistance that learns, without a counter, is set from outside: U/D, CLK and DACSEL are nets of all
packages, CS one of each. Its end-to-end resistance is 100 kOhm, 1 MOhm for what is above; what is below the 100 Ohm or so that
its wiper has leaves as no potentiometer.
"""

from netlearn.export.board.package import PLUS, Beside, Package, Realises, quad, unit

_COUNTER = Beside("Counter", {"code": "code"}, {"ud": "down", "clk": "clk", "+": "vdd"})
_WIRES = {"a": "p", "w": "n"}
_PINS = {
    **quad(unit("b a w", "1 2 3"), unit("b a w", "7 6 5")),
    "4": "-",
    "8": "ground",
    "9": "mode",
    "10": "dacsel",
    "11": "ud",
    "12": "clk",
    "13": "cs",
    "14": "+",
}
_TOGETHER = {"mode": "0", "dacsel": "0", "cs": "0"}


def _of(name: str, mpn: str, most: float, ohms: str) -> Package:
    """The AD5222 of an end-to-end resistance."""
    least = 100.0 if most == 100e3 else 100e3
    return Package(
        name,
        f"dual digital potentiometer, 128 positions, {ohms}",
        "Analog Devices",
        mpn,
        "Package_SO:TSSOP-14_4.4x5mm_P0.65mm",
        _PINS,
        (
            Realises(
                "Rheostat",
                {"a": "a", "w": "b"},
                {"code": "code"},
                _TOGETHER,
                bounds={"rmax": (least, most), "steps": (128, 128)},
                with_=_COUNTER,
            ),
            Realises("R", _WIRES, bounds={"r": (least, most)}, learned="r"),
        ),
        "AD5222 data sheet (recalled)",
        rails={
            "+": PLUS,
            "-": "0",
            "ground": "0",
            "mode": PLUS,
            "dacsel": "pot_dacsel",
            "ud": "pot_ud",
            "clk": "pot_clk",
            "cs": "{ref}_cs",
            "code": "",
        },
        spare={"a": "-", "w": "-", "b": "-"},
    )


FAMILY = (
    _of("AD5222-100k", "AD5222BRUZ100", 100e3, "100 kOhm"),
    _of("AD5222-1M", "AD5222BRUZ1M", 1e6, "1 MOhm"),
)
