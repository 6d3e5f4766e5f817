"""GlobalFoundries' 180 nm process (gf180mcuD): 1 kOhm a square of p+ poly and the capacitor between metal 4 and 5.

The rules of the resistor are HRES.1 to HRES.12 of the public deck `hres.drc` (google/globalfoundries-pdk-libs-gf180mcu_fd_pv), those
of the capacitor MIMTM.1 to MIMTM.10 as public layouts quote them; the sheet of 1 kOhm is `rsh_ppolyf_u_1k` of the models, 2 fF/um^2
the name of `cap_mim_2f0_m4m5_noshield`; labels, pins and marks are as in gdsfactory's list of layers. By recall alone: the
numbers of the drawn layers, widths, spaces and enclosures of contact, metals and vias, and plates of 100 um at most.
The models add resistance at the heads, capacitance at the rims and what widths lose; all that is not in the values here.
"""

from netlearn.export.gds.process import Cut, Film, Mark, Plates, Process, Wire


def _wire(name: str, number: int, width: int, space: int, island: int) -> Wire:
    return Wire(name, (number, 0), (number, 10), (number, 2), width, space, island)


def _via(name: str, number: int) -> Cut:
    return Cut(name, (number, 0), (260, 260), space=260, below=60, above=60)


PROCESS = Process(
    name="gf180mcu",
    doc="GlobalFoundries 180 nm MCU, ppolyf_u_1k and cap_mim_2f0_m4m5_noshield",
    film=Film(
        name="ppolyf_u_1k",
        layer=(30, 0),
        body=(110, 5),
        sheet=1000.0,
        widths=tuple(range(1000, 20_001, 10)),
        space=1000,
        contact=Cut("contact", (33, 0), (220, 220), space=250, below=70, above=60),
        inset=320,
        least=1000,
        reach=40_000,
        folds=64,
        marks=(
            Mark("resistor", (62, 0), "row", 400, 400),
            Mark("sab", (49, 0), "body", 280, 100),
            Mark("pplus", (31, 0), "head", 300, 300),
        ),
    ),
    wires=(
        _wire("metal1", 34, 230, 230, 380),
        _wire("metal2", 36, 280, 280, 380),
        _wire("metal3", 42, 280, 280, 380),
        _wire("metal4", 46, 280, 280, 380),
        _wire("metal5", 81, 440, 460, 760),
    ),
    cuts=(_via("via1", 35), _via("via2", 38), _via("via3", 40), _via("via4", 41)),
    track=0,
    plates=Plates(
        name="fusetop",
        layer=(75, 0),
        density=2e-3,
        bottom=3,
        enclosure=600,
        inside=400,
        gap=400,
        tab=400,
        space=1200,
        side=(5000, 100_000),
        marks=((117, 5),),
    ),
    margin=1500,
)
