"""`netlearn ladder`: its arguments, a folder that can be gone on with, and what is printed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from netlearn.cli.progress import telling
from netlearn.cli.reading import compiled
from netlearn.machine.ladder import ladder, make_climb
from netlearn.store import new_folder, write_json
from netlearn.study.findings import Drawer, Findings


def run(
    file: Path,
    task: str | None,
    levels: str,
    seed: int,
    steps: int | None,
    given: Sequence[str],
    allowed: Sequence[Path],
    out: Path | None,
    quiet: bool,
) -> tuple[Findings, Path]:
    """Climb, and leave all that was found in a folder."""
    from netlearn.plot.picture import write_picture
    from netlearn.plot.studies import PICTURES

    netlist = compiled(file, list(allowed), quiet, given)
    climb = make_climb(netlist, task, [level.strip() for level in levels.split(",")], seed, steps, allowed)
    folder = out if out is not None else new_folder(Path("runs") / f"{file.stem}-ladder")
    asked = {
        "netlist": Path(netlist.source.name).name,
        "text": [netlist.source.text, *(netlist.files[path] for path in sorted(netlist.files))],
        "task": climb.task,
        "levels": list(climb.levels),
        "seed": seed,
        "steps": steps,
        "set": list(given),
    }
    drawer = Drawer(folder, "ladder", asked)
    with telling(quiet) as tell:
        found = ladder(climb, drawer, tell)
    drawer.keep(found)
    write_json(folder / "ladder.json", found.numbers["levels"])
    size, draw = PICTURES["ladder"]
    write_picture(folder / "ladder.svg", size, lambda figure: draw(figure, found))
    return found, folder


def told(found: Findings, folder: Path, json_wanted: bool) -> str:
    """What the command prints."""
    if json_wanted:
        return json.dumps({"out": str(folder), **found.numbers})
    return f"{found.text}\n{folder / 'ladder.svg'}"
