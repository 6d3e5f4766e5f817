"""The depletion charge of a junction, shared by diodes and transistor bulks."""


def depletion(v: str, c0: str, vj: str, m: str) -> str:
    """Law text of the charge at drop `v`: SPICE's formula, with fc = 1/2.

    v <= vj/2:  c0 vj (1 - (1 - v/vj)^(1-m)) / (1 - m);  above, the capacitance rises along its tangent.
    m goes up to 0.9 as in SPICE; at 1 the integral would be a logarithm.
    """
    low = f"min({v}, {vj} / 2)"
    high = f"pos({v} - {vj} / 2)"
    slope = f"{c0} * 0.5^(0 - {m})"
    return (
        f"({c0} * {vj} * (1 - (1 - {low} / {vj})^(1 - {m})) / (1 - {m}) + {slope} * ({high} + {m} * {high}^2 / {vj}))"
    )
