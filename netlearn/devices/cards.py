"""Model cards that netlists may name (`{ model = ald1106 }`), each with its origin.

They are typical data-sheet and laboratory fits, our own numbers in SPICE level 1; vendor files are not copied.
"""

from netlearn.devices.model import ModelCard

CARDS: dict[str, ModelCard] = {
    card.name: card
    for card in (
        ModelCard(
            "ald1106",
            "NMOS",
            {
                "vto": 0.7,
                "kp": 225e-6,
                "gamma": 0.85,
                "phi": 0.9,
                "lambda": 0.029,
                "w": 20e-6,
                "l": 10e-6,
                "cgso": 1e-13,
                "cgdo": 1e-13,
                "cbd": 5e-13,
                "cbs": 5e-13,
            },
            "matched n-channel array ALD1106; level-1 fit as used in teaching laboratories (2007-2012), where only"
            " kp w / l = 450 uA/V^2 is meaningful",
        ),
        ModelCard(
            "ald1107",
            "PMOS",
            {
                "vto": -0.82,
                "kp": 100e-6,
                "gamma": 0.45,
                "phi": 0.8,
                "lambda": 0.0304,
                "w": 20e-6,
                "l": 10e-6,
                "cgso": 1e-13,
                "cgdo": 1e-13,
                "cbd": 5e-13,
                "cbs": 5e-13,
            },
            "matched p-channel array ALD1107; level-1 fit of the same origin as ald1106",
        ),
        ModelCard(
            "cd4007n",
            "NMOS",
            {"vto": 2.0, "kp": 111e-6, "gamma": 2.7, "phi": 0.6, "lambda": 0.01, "w": 30e-6, "l": 10e-6},
            "n-channel of the CD4007 array; level-1 fit used in teaching laboratories",
        ),
        ModelCard(
            "cd4007p",
            "PMOS",
            {"vto": -1.5, "kp": 55e-6, "gamma": 0.0, "phi": 0.6, "lambda": 0.01, "w": 60e-6, "l": 10e-6},
            "p-channel of the CD4007 array; level-1 fit used in teaching laboratories",
        ),
        ModelCard(
            "n2n7000",
            "NMOS",
            {
                "vto": 1.9,
                "kp": 0.2,
                "gamma": 0.0,
                "phi": 0.6,
                "lambda": 0.01,
                "w": 1e-4,
                "l": 1e-4,
                "rd": 0.239,
                "rs": 0.205,
            },
            "discrete switch 2N7000 (a name cannot start with a digit); level-1 reading of typical data-sheet curves,"
            " 200 mS at 1 V of drive",
        ),
        ModelCard(
            "d1n4148",
            "D",
            {"is": 2.52e-9, "n": 1.752, "rs": 0.568, "cjo": 4e-12, "m": 0.4, "vj": 1.0, "tt": 20e-9},
            "signal diode 1N4148; textbook SPICE parameters in wide circulation",
        ),
        ModelCard(
            "ald1106_ekv",
            "NEKV",
            {"vto": 0.7, "kp": 8.5e-4, "w": 1e-5, "l": 1e-5, "n": 1.56, "gleak": 1e-9},
            "ALD1106 by the EKV law: S = 8.5e-4 A/V^2 and V_T = 0.7 V of Dillavou et al., slope factor from"
            " gamma = 1.09, phi = 0.95 (arXiv 2505.22887 and its code)",
        ),
    )
}
