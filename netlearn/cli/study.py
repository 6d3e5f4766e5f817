"""The commands of `netlearn study`: thin readers of arguments over `netlearn.study`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netlearn.backends import DEFAULT_BACKEND

app = typer.Typer(
    no_args_is_help=True, help="What imperfect parts do to learning, and what helps: CSV, SVG, a paragraph."
)
File = Annotated[Path, typer.Argument(help="A netlist (.nl), or - for standard input.")]
Tasks = Annotated[str | None, typer.Option(help="Tasks, such as alpha,beta; else those of the first schedule, or all.")]
Bias = Annotated[float, typer.Option(help="The bias, as a multiple of the netlist's.")]
Seed = Annotated[int, typer.Option(help="Decides what is drawn.")]
Draws = Annotated[int, typer.Option(help="Boards, drawn with this seed and those after it; tables have medians.")]
BackendName = Annotated[str, typer.Option("--backend", help="native or ngspice.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="The folder to fill, or to go on with.")]
Allow = Annotated[list[Path] | None, typer.Option("--allow", help="A further folder netlists may read from.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
Most = Annotated[float | None, typer.Option(help="Learning time (s) to wait for a steady cycle; else by the period.")]


@app.command()
def cycle(
    file: File,
    periods: Annotated[str, typer.Option(help="first:last:count (geometric) or a list, in s.")] = "6e-4:2:19",
    orbits: Annotated[str | None, typer.Option(help="Periods whose cycle is kept point by point; else three.")] = None,
    most: Most = None,
    tasks: Tasks = None,
    bias: Bias = 1.0,
    seed: Seed = 0,
    draws: Draws = 1,
    backend: BackendName = DEFAULT_BACKEND,
    out: Out = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Alternate tasks: span and combined error of the steady cycle against the period, and the cycle itself."""
    from netlearn.cli import studying
    from netlearn.study import cycle as study
    from netlearn.study.numbers import positive

    asked = positive(periods, "--periods")
    ways = positive(orbits, "--orbits") if orbits is not None else study.middle(asked)
    question = studying.Question(file, tasks, bias, seed, draws, backend, tuple(allow or ()))
    options = {"periods": asked, "orbits": ways, "most": most}
    found, folder = studying.run(
        question, "cycle", options, lambda on, *rest: study.study(on, asked, ways, most, *rest), out, as_json
    )
    print(studying.told(found, folder, as_json))


@app.command()
def model(
    file: File,
    periods: Annotated[str, typer.Option(help="first:last:count (geometric) or a list, in s.")] = "6e-4:2:19",
    compare: Annotated[bool, typer.Option(help="Simulate the same periods.")] = True,
    measured: Annotated[
        Path | None, typer.Option(help="A folder with measured-DG2-exp1.csv and the like; else ../shared/data/clln.")
    ] = None,
    most: Most = None,
    tasks: Tasks = None,
    bias: Bias = 1.0,
    seed: Seed = 0,
    backend: BackendName = DEFAULT_BACKEND,
    out: Out = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """The linear model of alternating tasks, its bias told by their drifts: span and error against the period."""
    from netlearn.cli import studying
    from netlearn.errors import TaskError
    from netlearn.study import model as study
    from netlearn.study.measured import cycles
    from netlearn.study.numbers import positive

    if measured is not None and not measured.is_dir():
        raise TaskError(f"there is no folder {measured}", "name one with --measured, or leave it out")
    asked = positive(periods, "--periods")
    rows = cycles(measured or Path("../shared/data/clln"), file.stem) if bias == 1.0 else []
    question = studying.Question(file, tasks, bias, seed, 1, backend, tuple(allow or ()))
    options = {"periods": asked, "compare": compare, "measured": len(rows), "most": most}
    found, folder = studying.run(
        question, "model", options, lambda on, *rest: study.study(on, asked, compare, rows, most, *rest), out, as_json
    )
    print(studying.told(found, folder, as_json))


@app.command()
def drift(
    file: File,
    seconds: Annotated[float, typer.Option(help="How long each task is held alone, in s.")] = 2.0,
    solution: Annotated[
        bool, typer.Option("--solution/--start", help="From the joint solution, or from the start.")
    ] = False,
    tasks: Tasks = None,
    bias: Bias = 1.0,
    seed: Seed = 0,
    backend: BackendName = DEFAULT_BACKEND,
    out: Out = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Hold each task alone: how it relaxes, drifts along its solutions, and meets a limit; the solution lines."""
    from netlearn.cli import studying
    from netlearn.study import drift as study
    from netlearn.study.numbers import positive

    held = positive(f"{seconds!r}", "--seconds")[0]
    question = studying.Question(file, tasks, bias, seed, 1, backend, tuple(allow or ()))
    options = {"seconds": held, "solution": solution}
    found, folder = studying.run(
        question, "drift", options, lambda on, *rest: study.study(on, held, solution, file.stem, *rest), out, as_json
    )
    print(studying.told(found, folder, as_json))
