"""`netlearn mc`: what was typed as an order, a folder that can be gone on with, and what is printed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from netlearn.backends.native.packing import cores
from netlearn.circuit.temperature import NOMINAL_CELSIUS
from netlearn.cli.progress import telling, working
from netlearn.cli.reading import compiled
from netlearn.errors import TaskError
from netlearn.factory.line import Line
from netlearn.factory.order import Asked, Order, make_order
from netlearn.factory.study import Causes, Curves, study
from netlearn.kits import located
from netlearn.lang.conditions import condition
from netlearn.store import new_folder
from netlearn.study.findings import Drawer, Findings
from netlearn.study.numbers import positive
from netlearn.variation.corners import CORNERS

MADE = 1  # counts up when the same order makes other chips than before


@dataclass(frozen=True)
class Question:
    """What was typed."""

    file: Path
    draws: int | None
    corners: str | None
    backend: str
    task: str | None
    mismatch: str | None
    wanted: tuple[str, ...]
    learns: bool
    tolerances: str
    areas: str
    curve_draws: int
    causes: Causes
    first: int
    seed: int | None
    steps: int | None
    celsius: float | None
    given: tuple[str, ...]
    jobs: int | None
    cluster: str | None
    out: Path | None
    allowed: tuple[Path, ...]
    quiet: bool


def run(question: Question) -> tuple[Findings, Path]:
    """Make the chips, and leave in a folder what was found."""
    from netlearn.plot.picture import write_picture
    from netlearn.plot.studies import PICTURES

    netlist = compiled(question.file, question.allowed, question.quiet, question.given)
    asked = Asked(
        question.task,
        question.mismatch,
        question.draws,
        question.first,
        question.seed,
        _corners(question.corners),
        question.backend,
        question.steps,
        question.learns,
        NOMINAL_CELSIUS if question.celsius is None else question.celsius,
    )
    order = make_order(netlist, asked, [condition(text, "--spec") for text in question.wanted])
    order = _placed(order, question)
    curves = Curves(
        _factors(question.tolerances, "--tolerances"), _factors(question.areas, "--areas"), question.curve_draws
    )
    folder = question.out if question.out is not None else new_folder(Path("runs") / f"{question.file.stem}-mc")
    line = order.line
    drawer = Drawer(
        folder,
        "mc",
        {
            "netlist": Path(netlist.source.name).name,
            "text": [netlist.source.text, *(netlist.files[path] for path in sorted(netlist.files))],
            "task": line.task.spec.name,
            "mismatch": question.mismatch,
            "seed": line.seed,
            "first": order.first,
            "steps": line.steps,
            "backend": line.backend,
            "learns": line.learns,
            "celsius": line.celsius,
            "kits": _kits(line),
            "made": MADE,
            "set": list(question.given),
        },
    )
    with working(drawer):
        with telling(question.quiet) as tell:
            found = study(order, curves, question.causes, drawer, tell)
        drawer.keep(found)
        size, draw = PICTURES["mc"]
        write_picture(folder / "mc.svg", size, lambda figure: draw(figure, found))
    return found, folder


def _kits(line: Line) -> dict[str, list[str]]:
    """Where the process kits of a line lie, and their corners; KitError where one is not there."""
    used = {(bank.device.kit, bank.device.home) for bank in line.circuit.banks.values() if bank.device.kit}
    places = {kit: located(kit, home) for kit, home in used}
    return {kit: [str(place.root), place.corner] for kit, place in sorted(places.items())}


def _placed(order: Order, question: Question) -> Order:
    """An order with where it is made."""
    return replace(order, jobs=question.jobs or cores(), cluster=question.cluster)


def _corners(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    named = tuple(part.strip() for part in text.split(","))
    for name in named:
        if name not in CORNERS or named.count(name) > 1:
            raise TaskError(f"--corners {text}", f"name some of {', '.join(CORNERS)}, each once")
    return named


def _factors(text: str, option: str) -> tuple[float, ...]:
    return tuple(positive(text, option)) if text else ()


def told(found: Findings, folder: Path, json_wanted: bool) -> str:
    """What the command prints."""
    if json_wanted:
        return json.dumps({"out": str(folder), **found.numbers})
    return f"{found.text}\n{folder / 'mc.svg'}"
