"""Resistors, capacitors, inductors and diodes. The text of a value is the nearest that is sold; simulation keeps the exact number.
1N4148W in SOD-123: 1 cathode, 2 anode, as KiCad counts diodes."""

from netlearn.export.board.package import Package, Realises, quad, unit

_TWO = quad(unit("p n", "1 2"))
_WIRES = {"p": "p", "n": "n"}

FAMILY = (
    Package(
        "R",
        "resistor, 0603, 1 %",
        "any",
        "",
        "Resistor_SMD:R_0603_1608Metric",
        _TWO,
        (Realises("R", _WIRES, bounds={"r": (1.0, 22e6)}),),
        "E96",
        letter="R",
        series=96,
        value="r",
        unit="Ohm",
    ),
    *(
        Package(
            f"C{size}",
            f"capacitor, {size}, 10 %",
            "any",
            "",
            f"Capacitor_SMD:C_{size}_{metric}Metric",
            _TWO,
            tuple(Realises(name, _WIRES, bounds={"c": bounds}) for name in ("C", "Cm")),
            "E12",
            letter="C",
            series=12,
            value="c",
            unit="F",
        )
        for size, metric, bounds in (("0603", "1608", (0.9e-12, 1e-6)), ("1206", "3216", (1e-6, 47e-6)))
    ),
    Package(
        "L",
        "inductor, 1210",
        "any",
        "",
        "Inductor_SMD:L_1210_3225Metric",
        _TWO,
        (Realises("L", _WIRES, bounds={"l": (1e-9, 1e-2)}),),
        "E12",
        letter="L",
        series=12,
        value="l",
        unit="H",
    ),
    Package(
        "1N4148W",
        "signal diode",
        "Diodes Incorporated",
        "1N4148W-7-F",
        "Diode_SMD:D_SOD-123",
        quad(unit("n p", "1 2")),
        (Realises("D", _WIRES, bounds={"is": (0.5e-9, 20e-9), "n": (1.5, 2.2)}),),
        "1N4148W data sheet (recalled)",
        letter="D",
    ),
)
