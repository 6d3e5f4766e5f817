"""The commands of `netlearn study`: thin readers of arguments over `netlearn.study`."""

from __future__ import annotations

from dataclasses import asdict
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
def overclamp(
    file: File,
    diameters: Annotated[
        str | None, typer.Option(help="Of a ring, in V: a list or first:last:count; else 1, 0.8 ... 0.2 of its own.")
    ] = None,
    periods: Annotated[str | None, typer.Option(help="Of tasks in alternation, in s; else 0.02,0.08,0.2.")] = None,
    seconds: Annotated[float, typer.Option(help="Of a ring: seconds of pulses each mode is shown.")] = 61.0,
    at_once: Annotated[
        float | None, typer.Option(help="So many seconds of pulses are taken as one; else 1e-3 of a ring, or each.")
    ] = None,
    most: Most = None,
    tasks: Tasks = None,
    bias: Bias = 1.0,
    seed: Seed = 0,
    draws: Draws = 16,
    backend: BackendName = DEFAULT_BACKEND,
    out: Out = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Standard against overclamped learning under the same bias: ever smaller rings of two classes, or tasks that
    alternate."""
    from netlearn.cli import studying
    from netlearn.study import overclamp as study
    from netlearn.study.numbers import positive

    asked = study.Asked(
        positive(diameters, "--diameters") if diameters is not None else None,
        positive(periods, "--periods") if periods is not None else None,
        seconds,
        at_once,
        most,
    )
    question = studying.Question(file, tasks, bias, seed, draws, backend, tuple(allow or ()))
    found, folder = studying.run(
        question, "overclamp", asdict(asked), lambda on, *rest: study.study(on, asked, *rest), out, as_json
    )
    print(studying.told(found, folder, as_json))


@app.command()
def ablation(
    file: File,
    period: Annotated[float, typer.Option(help="Of tasks in alternation, in s.")] = 0.08,
    most: Annotated[float, typer.Option(help="Learning time (s) to wait for a steady cycle.")] = 10.0,
    seconds: Annotated[float, typer.Option(help="Of a ring: seconds of pulses.")] = 20.0,
    at_once: Annotated[
        float | None, typer.Option(help="So many seconds of pulses are taken as one; else 1e-3 of a ring, or each.")
    ] = None,
    tasks: Tasks = None,
    bias: Bias = 1.0,
    seed: Seed = 0,
    draws: Draws = 8,
    backend: BackendName = DEFAULT_BACKEND,
    out: Out = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Which part of overclamping does the work: nudge, time or both; and rails, eta, normalisation, pulses, bias."""
    from netlearn.cli import studying
    from netlearn.study import ablation as study

    asked = study.Asked(period, most, seconds, at_once)
    question = studying.Question(file, tasks, bias, seed, draws, backend, tuple(allow or ()))
    found, folder = studying.run(
        question, "ablation", asdict(asked), lambda on, *rest: study.study(on, asked, *rest), out, as_json
    )
    print(studying.told(found, folder, as_json))
