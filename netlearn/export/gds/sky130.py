"""SkyWater's 130 nm process: high-resistance poly and the capacitor between metal 3 and 4.

Layers, widths, spaces, enclosures and least areas of poly, licon, li1, mcon, met1, via, met2, via2, met3, via3, met4, capm, rpm,
urpm, npc and psdm are those of the public rule deck `sky130A_mr.drc` (efabless/mpw_precheck). The layers of a poly resistor, its
slots of 0.19 um by 2 um and what npc, psdm and rpm stand out by are as in the public cells of gdsfactory's skywater130
(`p_p_poly`, `p_n_poly`). By recall alone: datatypes 5 and 16 of labels and pins, sheets (319.8, 2000 and 48.2 Ohm), the five widths of the
precise resistors, 0.48 um between them, 2 fF/um^2 and plates of 30 um at most. The kit's models add resistance at the
contacts, 0.38 fF/um at the rim and what widths lose in making; all that is not in the values here.
"""

from dataclasses import replace

from netlearn.export.gds.process import Cut, Film, Mark, Plates, Process, Wire


def _wire(name: str, number: int, width: int, space: int, island: int) -> Wire:
    return Wire(name, (number, 20), (number, 5), (number, 16), width, space, island)


HIGH = Film(
    name="res_high_po",
    layer=(66, 20),
    body=(66, 13),
    sheet=319.8,
    widths=(350, 690, 1410, 2850, 5730),
    space=480,
    contact=Cut("licon", (66, 44), (190, 2000), space=510, below=80, above=80),
    inset=80,
    least=500,
    reach=40_000,
    folds=64,
    marks=(
        Mark("rpm", (86, 20), "row", 200, 200),
        Mark("psdm", (94, 20), "row", 125, 125),
        Mark("npc", (95, 20), "row", 100, 100),
    ),
)
XHIGH = replace(
    HIGH, name="res_xhigh_po", sheet=2000.0, marks=(Mark("urpm", (79, 20), "row", 200, 200), *HIGH.marks[1:])
)
GENERIC = replace(
    HIGH,
    name="res_generic_po",
    sheet=48.2,
    widths=tuple(range(330, 10_001, 10)),
    contact=Cut("licon", (66, 44), (170, 170), space=170, below=80, above=80),
    marks=(Mark("npc", (95, 20), "row", 100, 100),),
)

PROCESS = Process(
    name="sky130",
    doc="SkyWater 130 nm, res_high_po and cap_mim_m3",
    film=HIGH,
    wires=(
        _wire("li1", 67, 170, 170, 240),
        _wire("met1", 68, 140, 140, 290),
        _wire("met2", 69, 140, 140, 270),
        _wire("met3", 70, 300, 300, 500),
        _wire("met4", 71, 300, 300, 500),
    ),
    cuts=(
        Cut("mcon", (67, 44), (170, 170), space=190, below=0, above=60),
        Cut("via", (68, 44), (150, 150), space=170, below=85, above=85),
        Cut("via2", (69, 44), (200, 200), space=200, below=85, above=65),
        Cut("via3", (70, 44), (200, 200), space=200, below=90, above=65),
    ),
    track=1,
    plates=Plates(
        name="capm",
        layer=(89, 44),
        density=2e-3,
        bottom=3,
        enclosure=140,
        inside=140,
        gap=140,
        tab=140,
        space=1200,
        side=(2000, 30_000),
    ),
    margin=1500,
)
WITH_XHIGH = replace(PROCESS, name="sky130_xhigh_po", doc="SkyWater 130 nm, res_xhigh_po and cap_mim_m3", film=XHIGH)
WITH_GENERIC = replace(PROCESS, name="sky130_generic_po", doc="SkyWater 130 nm, res_generic_po", film=GENERIC)
