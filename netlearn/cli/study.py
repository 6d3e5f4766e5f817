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


def _above_zero(context: typer.Context, option: typer.CallbackParam, value: float | None) -> float | None:
    """What options that may be left out take."""
    from netlearn.study.numbers import above_zero

    return None if value is None or context.resilient_parsing else above_zero(value, option.opts[0])


File = Annotated[Path, typer.Argument(help="A netlist (.nl), or - for standard input.")]
Tasks = Annotated[str | None, typer.Option(help="Tasks, such as alpha,beta; else those of the first schedule, or all.")]
Bias = Annotated[float, typer.Option(help="The bias, as a multiple of the netlist's.")]
Seed = Annotated[int, typer.Option(help="Decides what is drawn.")]
Draws = Annotated[int, typer.Option(help="Boards, drawn with this seed and those after it; tables have medians.")]
BackendName = Annotated[str, typer.Option("--backend", help="native or ngspice.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="The folder to fill, or to go on with.")]
Allow = Annotated[list[Path] | None, typer.Option("--allow", help="A further folder netlists may read from.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
Most = Annotated[
    float | None,
    typer.Option(callback=_above_zero, help="Learning time (s) to wait for a steady cycle; else by the period."),
]


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
    if measured is not None and not rows:
        raise TaskError(
            f"{measured} has nothing that was measured with {file.stem} and this bias",
            "leave --measured out, or --bias",
        )
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


@app.command()
def floor(
    file: File,
    period: Annotated[float, typer.Option(help="Period of the alternation (s): a short one.")] = 2e-3,
    factors: Annotated[
        str, typer.Option(help="Biases, as multiples of the netlist's (and of --bias).")
    ] = ".25,.5,1,2,4",
    etas: Annotated[str, typer.Option(help="Nudges, 0..1.")] = "1,.7,.5,.35,.2,.1,.05",
    gains: Annotated[str, typer.Option(help="Gains and R C, as multiples of the netlist's.")] = ".25,.5,1,2,4",
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
    """The error that is left at a short period against the bias, the nudge, the gain and R C, with fitted powers."""
    from netlearn.cli import studying
    from netlearn.study import floor as study
    from netlearn.study.numbers import above_zero, positive

    values = {"bias": positive(factors, "--factors"), "eta": positive(etas, "--etas")}
    values |= dict.fromkeys(("gain", "rc"), positive(gains, "--gains"))
    at = above_zero(period, "--period")
    question = studying.Question(file, tasks, bias, seed, draws, backend, tuple(allow or ()))
    options = {"period": at, "values": values, "most": most}
    found, folder = studying.run(
        question, "floor", options, lambda on, *rest: study.study(on, at, values, most, *rest), out, as_json
    )
    print(studying.told(found, folder, as_json))


@app.command()
def memory(
    file: File,
    seconds: Annotated[float, typer.Option(help="How long the second task is held (s).")] = 5.0,
    period: Annotated[float, typer.Option(help="Period of the cycle in which gates and outputs move (s).")] = 20e-3,
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
    """Learn the first task, hold the second: how the first is forgotten, on this board and an ideal one."""
    from netlearn.cli import studying
    from netlearn.study import memory as study
    from netlearn.study.numbers import above_zero

    times = above_zero(seconds, "--seconds"), above_zero(period, "--period")
    question = studying.Question(file, tasks, bias, seed, draws, backend, tuple(allow or ()))
    options = {"seconds": seconds, "period": period, "most": most}
    found, folder = studying.run(
        question, "memory", options, lambda on, *rest: study.study(on, *times, most, *rest), out, as_json
    )
    print(studying.told(found, folder, as_json))


@app.command()
def schedule(
    file: File,
    name: Annotated[str | None, typer.Option("--schedule", help="The schedule, where a netlist has several.")] = None,
    bias: Bias = 1.0,
    seed: Seed = 0,
    backend: BackendName = DEFAULT_BACKEND,
    out: Out = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Do what a schedule of the netlist says: errors of its tasks and learnable values against time."""
    from netlearn.cli import studying
    from netlearn.study import schedule as study

    allowed = tuple(allow or ())
    netlist = studying.netlist_of(file, allowed)
    spec = studying.schedule_of(netlist, name)
    tasks = ",".join(dict.fromkeys(hold.task for hold in spec.holds))
    question = studying.Question(file, tasks, bias, seed, 1, backend, allowed)
    options = {"schedule": spec.name}
    found, folder = studying.run(
        question, "schedule", options, lambda on, *rest: study.study(on, spec, *rest), out, as_json, netlist
    )
    print(studying.told(found, folder, as_json))


@app.command()
def components(
    file: File,
    period: Annotated[float, typer.Option(help="Period with which the ideal network learns its tasks (s).")] = 20e-3,
    most: Annotated[float, typer.Option(help="Learning time (s) it is given for that.")] = 10.0,
    tasks: Tasks = None,
    seed: Seed = 0,
    draws: Annotated[int, typer.Option(help="Boards, drawn with this seed and those after it.")] = 16,
    backend: BackendName = DEFAULT_BACKEND,
    out: Out = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """What clamps, sources, multipliers, transistors and capacitors add to the bias, one at a time at their real sizes."""
    from netlearn.cli import studying
    from netlearn.study import components as study
    from netlearn.study.numbers import above_zero

    at, long = above_zero(period, "--period"), above_zero(most, "--most")
    question = studying.Question(file, tasks, 1.0, seed, draws, backend, tuple(allow or ()))
    options = {"period": at, "most": long}
    found, folder = studying.run(
        question, "components", options, lambda on, *rest: study.study(on, at, long, *rest), out, as_json
    )
    print(studying.told(found, folder, as_json))


@app.command()
def overclamp(
    file: File,
    diameters: Annotated[
        str | None, typer.Option(help="Of a ring, in V: a list or first:last:count; else 1, 0.8 ... 0.2 of its own.")
    ] = None,
    periods: Annotated[str | None, typer.Option(help="Of tasks in alternation, in s; else 0.02,0.08,0.2.")] = None,
    seconds: Annotated[
        float, typer.Option(callback=_above_zero, help="Of a ring: seconds of pulses each mode is shown.")
    ] = 61.0,
    at_once: Annotated[
        float | None,
        typer.Option(
            callback=_above_zero, help="So many seconds of pulses are taken as one; else 1e-3 of a ring, or each."
        ),
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
    period: Annotated[float, typer.Option(callback=_above_zero, help="Of tasks in alternation, in s.")] = 0.08,
    most: Annotated[
        float, typer.Option(callback=_above_zero, help="Learning time (s) to wait for a steady cycle.")
    ] = 10.0,
    seconds: Annotated[float, typer.Option(callback=_above_zero, help="Of a ring: seconds of pulses.")] = 20.0,
    at_once: Annotated[
        float | None,
        typer.Option(
            callback=_above_zero, help="So many seconds of pulses are taken as one; else 1e-3 of a ring, or each."
        ),
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
