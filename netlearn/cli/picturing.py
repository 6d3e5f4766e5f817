"""The commands that draw and write pages: thin readers of arguments over `netlearn.plot` and `netlearn.report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netlearn.backends import DEFAULT_BACKEND
from netlearn.cli.options import Allow, BackendName, CircuitName, File, Inputs, Run, Set, Start, Target, Temperature
from netlearn.cli.progress import patience
from netlearn.errors import RunError


def schematic(
    file: File,
    module: Annotated[str | None, typer.Option(help="Which module.")] = None,
    circuit: CircuitName = None,
    given: Set = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="An .svg to write; else it is printed.")] = None,
    allow: Allow = None,
) -> None:
    """Draw the schematic of a module or circuit, from the text alone."""
    from netlearn.cli.drawing import chosen
    from netlearn.plot import schematic as draw
    from netlearn.store import write_bytes

    if out is not None and out.suffix != ".svg":
        raise RunError(f"schematics are svg, not '{out.suffix}'")
    drawn = draw(chosen(file, allow, module, circuit, given or []))
    if out is None:
        print(drawn, end="")
    else:
        write_bytes(out, drawn.encode())
        print(out)


def network(
    target: Target,
    inputs: Inputs = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="An svg, png or pdf; else the svg is printed.")
    ] = None,
    circuit: CircuitName = None,
    backend: BackendName = DEFAULT_BACKEND,
    seed: Start = None,
    temperature: Temperature = None,
    given: Set = None,
    allow: Allow = None,
) -> None:
    """Draw a circuit as a network at one operating point: edges by conductance, nodes by voltage. From the text alone, or
    from a run folder as it was trained."""
    from netlearn.cli.drawing import pictured
    from netlearn.cli.solving import find_subject

    subject = find_subject(target, circuit, seed, given, allow, temperature, quiet=False)
    patience(backend)
    drawn = pictured(subject, inputs or [], backend, out.suffix if out is not None else ".svg")
    if out is None:
        print(drawn.decode(), end="")
    else:
        from netlearn.store import write_bytes

        write_bytes(out, drawn)
        print(out)


def plot(
    run: Run,
    kind: Annotated[str, typer.Argument(help="curve, network, outputs or states.")],
    out: Annotated[Path | None, typer.Option(help="Where to write it (svg, png or pdf).")] = None,
) -> None:
    """Draw a picture of a run."""
    from netlearn.plot import save, view
    from netlearn.store import open_run

    folder = open_run(run)
    print(save(view(folder), kind, out or folder.path / f"{kind}.svg"))


def report(
    run: Annotated[
        Path,
        typer.Argument(help="A run folder, the folder of a study (or one with several of these), or a netlist (.nl)."),
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write the page.")] = None,
) -> None:
    """Write one self-contained HTML page about a finished run, about studies, or about the cells of a netlist."""
    from netlearn.report import write_cells_report, write_report, write_studies_report
    from netlearn.store import open_run

    if run.suffix == ".nl" and not run.is_dir():
        print(write_cells_report(run, out))
        return
    studies = (run / "study.json").is_file() or any(run.glob("*/study.json"))
    print(write_studies_report(run, out) if studies else write_report(open_run(run), out))
