"""Transistor arrays, and single transistors.

ALD1106 and ALD1107: four matched transistors of one kind on a die, bodies in common. Pins, and a threshold of 0.4 V to 1 V:
Advanced Linear Devices, data sheets ALD1106/ALD1116 and ALD1107/ALD1117 (recalled). kp w / l from 0.3 mA/V^2 to 1.2 mA/V^2 is
what laboratories fit (`netlearn.devices.cards`). 2N7000 in TO-92: 1 source, 2 gate, 3 drain (onsemi; recalled).

CD4007 (Texas Instruments, data sheet SCHS018; recalled): pairs share a gate, and two have their sources on the supplies. One
of each kind is free of both, 3 to 5 and 1, 2, 13: those are its units here; the other two are tied off.
"""

from netlearn.export.board.package import MINUS, PLUS, Package, Realises, quad, unit

_WIRES = {"d": "d", "g": "g", "s": "s"}
_N = {"vto": (0.4, 1.0), "beta": (0.3e-3, 1.2e-3)}
_P = {"vto": (-1.2, -0.4), "beta": (0.1e-3, 0.5e-3)}
_SOIC14 = "Package_SO:SOIC-14_3.9x8.7mm_P1.27mm"
_ARRAY = quad(unit("d g s", "1 2 3"), unit("d g s", "14 13 12"), unit("d g s", "10 9 8"), unit("d g s", "5 6 7"))

FAMILY = (
    Package(
        "ALD1106",
        "quad matched n-channel transistors",
        "Advanced Linear Devices",
        "ALD1106SBL",
        _SOIC14,
        {**_ARRAY, "4": "body", "11": "+"},
        tuple(Realises(name, _WIRES, {"body": "b"}, bounds=_N) for name in ("NMOS", "NEKV")),
        "ALD1106/ALD1116 data sheet (recalled)",
        rails={"body": MINUS, "+": PLUS},
        spare={"d": "body", "g": "body", "s": "body"},
    ),
    Package(
        "ALD1107",
        "quad matched p-channel transistors",
        "Advanced Linear Devices",
        "ALD1107SBL",
        _SOIC14,
        {**_ARRAY, "4": "-", "11": "body"},
        tuple(Realises(name, _WIRES, {"body": "b"}, bounds=_P) for name in ("PMOS", "PEKV")),
        "ALD1107/ALD1117 data sheet (recalled)",
        rails={"body": PLUS, "-": MINUS},
        spare={"d": "body", "g": "body", "s": "body"},
    ),
    Package(
        "CD4007N",
        "n-channel transistor of a CD4007",
        "Texas Instruments",
        "CD4007UBM",
        _SOIC14,
        {**quad(unit("d g s", "5 3 4")), "7": "body", "14": "+", "6": "body", "10": "body", "9": "body"}
        | {"2": "+", "11": "+", "1": "", "8": "", "12": "", "13": ""},
        (Realises("NMOS", _WIRES, {"body": "b"}, bounds={"vto": (1.2, 2.4), "beta": (0.15e-3, 0.6e-3)}),),
        "CD4007UB data sheet SCHS018 (recalled)",
        rails={"body": MINUS, "+": PLUS},
    ),
    Package(
        "2N7000",
        "n-channel switch",
        "onsemi",
        "2N7000",
        "Package_TO_SOT_THT:TO-92_Inline",
        quad(unit("s g d", "1 2 3")),
        (Realises("NMOS", _WIRES, joined={"b": "s"}, bounds={"vto": (0.8, 3.0), "beta": (0.05, 0.6)}),),
        "2N7000 data sheet (recalled)",
        letter="Q",
    ),
)
