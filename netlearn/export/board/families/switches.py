"""Analog switches. DG412: four that are closed while their input is high; Vishay, data sheet DG411/DG412/DG413 (recalled). It has
about 25 Ohm; a switch that is meant to have less leaves as none."""

from netlearn.export.board.package import MINUS, PLUS, Package, Realises, quad, unit

FAMILY = (
    Package(
        "DG412",
        "quad analog switch",
        "Vishay",
        "DG412DY-T1-E3",
        "Package_SO:SOIC-16_3.9x9.9mm_P1.27mm",
        {
            **quad(
                unit("on a b", "1 2 3"), unit("on a b", "16 15 14"), unit("on a b", "9 10 11"), unit("on a b", "8 7 6")
            ),
            "4": "-",
            "5": "ground",
            "12": "logic",
            "13": "+",
        },
        (
            Realises(
                "Switch",
                {"on": "cp", "a": "p", "b": "n"},
                {"ground": "cn"},
                bounds={"ron": (25.0, 1e4), "threshold": (0.8, 2.4)},
            ),
            Realises("TransmissionGate", {"on": "on", "a": "a", "b": "b"}, {"logic": "vdd"}),
        ),
        "DG412 data sheet (recalled)",
        rails={"+": PLUS, "-": MINUS, "ground": "0", "logic": PLUS},
        spare={"on": "ground", "a": "ground", "b": "ground"},
    ),
)
