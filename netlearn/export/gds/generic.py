"""Layers and sizes of our own, of no foundry: a film of 1 kOhm a square, 1 fF/um^2, four metals of 0.5 um.

For studies of layouts and for tools that want any GDSII at all. Widths may be any multiple of 10 nm from 0.5 um to 20 um.
"""

from netlearn.export.gds.process import Cut, Film, Plates, Process, Wire


def _wire(level: int) -> Wire:
    return Wire(f"metal{level}", (10 * level, 0), (10 * level, 1), (10 * level, 2), width=500, space=500, island=700)


def _via(level: int) -> Cut:
    return Cut(f"via{level}", (10 * level + 5, 0), (300, 300), space=500, below=200, above=200)


PROCESS = Process(
    name="generic",
    doc="layers of our own: 1 kOhm a square, 1 fF/um^2",
    film=Film(
        name="film",
        layer=(1, 0),
        body=(2, 0),
        sheet=1000.0,
        widths=tuple(range(700, 20_001, 10)),
        space=600,
        contact=Cut("contact", (3, 0), (300, 300), space=500, below=200, above=200),
        inset=200,
        least=1000,
        reach=40_000,
        folds=64,
    ),
    wires=tuple(_wire(level) for level in (1, 2, 3, 4)),
    cuts=tuple(_via(level) for level in (1, 2, 3)),
    track=0,
    plates=Plates(
        name="mim",
        layer=(36, 0),
        density=1e-3,
        bottom=2,
        enclosure=500,
        inside=300,
        gap=500,
        tab=500,
        space=1000,
        side=(4000, 60_000),
    ),
    margin=1500,
)
