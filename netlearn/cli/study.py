"""The commands of `netlearn study`: thin readers of arguments over `netlearn.study`.

Each is a function of a question, which has what all studies take, and of options of its own; `command` makes of it one that
takes both. Heavy imports wait inside.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from netlearn.backends import DEFAULT_BACKEND
from netlearn.errors import TaskError

if TYPE_CHECKING:
    from netlearn.lang.compile import Netlist
    from netlearn.study.findings import Drawer, Findings, Tell
    from netlearn.study.stand import Stand

app = typer.Typer(
    no_args_is_help=True, help="What imperfect parts do to learning, and what helps: CSV, SVG, a paragraph."
)


def _above_zero(context: typer.Context, option: typer.CallbackParam, value: float | None) -> float | None:
    """What options that may be left out take."""
    from netlearn.study.numbers import above_zero

    return None if value is None or context.resilient_parsing else above_zero(value, option.opts[0])


Most = Annotated[
    float | None,
    typer.Option(callback=_above_zero, help="Learning time (s) to wait for a steady cycle; else by the period."),
]
AtOnce = Annotated[
    float | None,
    typer.Option(
        callback=_above_zero, help="So many seconds of pulses are taken as one; else 1e-3 of a ring, or each."
    ),
]
SHARED: dict[str, tuple[Any, Any]] = {
    "tasks": (
        Annotated[
            str | None, typer.Option(help="Tasks, such as alpha,beta; else those of the first schedule, or all.")
        ],
        None,
    ),
    "bias": (Annotated[float, typer.Option(help="The bias, as a multiple of the netlist's.")], 1.0),
    "seed": (Annotated[int, typer.Option(help="Decides what is drawn.")], 0),
    "draws": (
        Annotated[int, typer.Option(help="Boards, drawn with this seed and those after it; tables have medians.")],
        1,
    ),
    "backend": (Annotated[str, typer.Option("--backend", help="native or ngspice.")], DEFAULT_BACKEND),
    "out": (
        Annotated[
            Path | None,
            typer.Option("--out", "-o", help="The folder to fill, or to go on with; else a new one in runs."),
        ],
        None,
    ),
    "allow": (
        Annotated[list[Path] | None, typer.Option("--allow", help="A further folder netlists may read from.")],
        None,
    ),
    "as_json": (
        Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")],
        False,
    ),
}
"""What all studies take, and what is meant where it is left out."""


@dataclass(frozen=True)
class Question:
    """What was typed of what all studies take. `stem`: the name of the file."""

    netlist: Netlist
    stem: str
    tasks: str | None
    bias: float
    seed: int
    draws: int
    backend: str


@dataclass(frozen=True)
class Asked:
    """A study with all its options, which are part of what its folder is for; `tasks`, where it knows better."""

    options: Mapping[str, Any]
    study: Callable[[Stand, Drawer, Tell], Findings]
    tasks: str | None = None


def command(but: tuple[str, ...] = (), draws: int = 1) -> Callable[[Callable[..., Asked]], Callable[..., Asked]]:
    """Make a command of what is asked by a question and options; it takes all that studies share `but` some."""

    def made(own: Callable[..., Asked]) -> Callable[..., Asked]:
        shared = {name: default for name, (_, default) in SHARED.items()} | {"draws": draws}

        def run(**given: Any) -> None:
            from netlearn.cli import studying

            values = shared | {name: given.pop(name) for name in SHARED if name not in but}
            out, quiet, allowed = values.pop("out"), values.pop("as_json"), tuple(values.pop("allow") or ())
            file: Path = given.pop("file")
            question = Question(studying.netlist_of(file, allowed), file.stem, **values)
            found, folder = studying.run(question, own.__name__, own(question, **given), out, quiet)
            print(studying.told(found, folder, quiet))

        run.__name__, run.__doc__ = own.__name__, own.__doc__
        file = Annotated[Path, typer.Argument(help="A netlist (.nl), or - for standard input.")]
        parameters = [_keyword("file", file, inspect.Parameter.empty)]
        hints = get_type_hints(own, include_extras=True)
        for name, of in list(inspect.signature(own).parameters.items())[1:]:
            parameters.append(_keyword(name, hints[name], of.default))
        parameters += [_keyword(name, SHARED[name][0], shared[name]) for name in SHARED if name not in but]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command()(run)
        return own

    return made


def _keyword(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)


@command()
def cycle(
    question: Question,
    periods: Annotated[str, typer.Option(help="first:last:count (geometric) or a list, in s.")] = "6e-4:2:19",
    orbits: Annotated[str | None, typer.Option(help="Periods whose cycle is kept point by point; else three.")] = None,
    most: Most = None,
) -> Asked:
    """Alternate tasks: span and combined error of the steady cycle against the period, and the cycle itself."""
    from netlearn.study import cycle as study
    from netlearn.study.numbers import positive

    asked = positive(periods, "--periods")
    ways = positive(orbits, "--orbits") if orbits is not None else study.middle(asked)
    options = {"periods": asked, "orbits": ways, "most": most}
    return Asked(options, lambda on, *rest: study.study(on, asked, ways, most, *rest))


@command(but=("draws",))
def model(
    question: Question,
    periods: Annotated[str, typer.Option(help="first:last:count (geometric) or a list, in s.")] = "6e-4:2:19",
    compare: Annotated[bool, typer.Option(help="Simulate the same periods.")] = True,
    measured: Annotated[
        Path | None, typer.Option(help="A folder with measured-DG2-exp1.csv and the like; else ../shared/data/clln.")
    ] = None,
    most: Most = None,
) -> Asked:
    """The linear model of alternating tasks, its bias told by their drifts: span and error against the period."""
    from netlearn.study import model as study
    from netlearn.study.measured import cycles
    from netlearn.study.numbers import positive

    if measured is not None and not measured.is_dir():
        raise TaskError(f"there is no folder {measured}", "name one with --measured, or leave it out")
    asked = positive(periods, "--periods")
    rows = cycles(measured or Path("../shared/data/clln"), question.stem) if question.bias == 1.0 else []
    if measured is not None and not rows:
        raise TaskError(
            f"{measured} has nothing that was measured with {question.stem} and this bias",
            "leave --measured out, or --bias",
        )
    options = {"periods": asked, "compare": compare, "measured": len(rows), "most": most}
    return Asked(options, lambda on, *rest: study.study(on, asked, compare, rows, most, *rest))


@command(but=("draws",))
def drift(
    question: Question,
    seconds: Annotated[float, typer.Option(help="How long each task is held alone, in s.")] = 2.0,
    solution: Annotated[
        bool, typer.Option("--solution/--start", help="From the joint solution, or from the start.")
    ] = False,
) -> Asked:
    """Hold each task alone: how it relaxes, drifts along its solutions, and meets a limit; the solution lines."""
    from netlearn.study import drift as study
    from netlearn.study.numbers import positive

    held = positive(f"{seconds!r}", "--seconds")[0]
    options = {"seconds": held, "solution": solution}
    return Asked(options, lambda on, *rest: study.study(on, held, solution, question.stem, *rest))


@command()
def floor(
    question: Question,
    period: Annotated[float, typer.Option(help="Period of the alternation (s): a short one.")] = 2e-3,
    factors: Annotated[
        str, typer.Option(help="Biases, as multiples of the netlist's (and of --bias).")
    ] = ".25,.5,1,2,4",
    etas: Annotated[str, typer.Option(help="Nudges, 0..1.")] = "1,.7,.5,.35,.2,.1,.05",
    gains: Annotated[str, typer.Option(help="Gains and R C, as multiples of the netlist's.")] = ".25,.5,1,2,4",
    most: Most = None,
) -> Asked:
    """The error that is left at a short period against the bias, the nudge, the gain and R C, with fitted powers."""
    from netlearn.study import floor as study
    from netlearn.study.numbers import above_zero, positive

    values = {"bias": positive(factors, "--factors"), "eta": positive(etas, "--etas")}
    values |= dict.fromkeys(("gain", "rc"), positive(gains, "--gains"))
    at = above_zero(period, "--period")
    options = {"period": at, "values": values, "most": most}
    return Asked(options, lambda on, *rest: study.study(on, at, values, most, *rest))


@command()
def memory(
    question: Question,
    seconds: Annotated[float, typer.Option(help="How long the second task is held (s).")] = 5.0,
    period: Annotated[float, typer.Option(help="Period of the cycle in which gates and outputs move (s).")] = 20e-3,
    most: Most = None,
) -> Asked:
    """Learn the first task, hold the second: how the first is forgotten, on this board and an ideal one."""
    from netlearn.study import memory as study
    from netlearn.study.numbers import above_zero

    times = above_zero(seconds, "--seconds"), above_zero(period, "--period")
    options = {"seconds": seconds, "period": period, "most": most}
    return Asked(options, lambda on, *rest: study.study(on, *times, most, *rest))


@command(but=("tasks", "draws"))
def schedule(
    question: Question,
    name: Annotated[str | None, typer.Option("--schedule", help="The schedule, where a netlist has several.")] = None,
) -> Asked:
    """Do what a schedule of the netlist says: errors of its tasks and learnable values against time."""
    from netlearn.cli.studying import schedule_of
    from netlearn.study import schedule as study

    spec = schedule_of(question.netlist, name)
    tasks = ",".join(dict.fromkeys(hold.task for hold in spec.holds))
    return Asked({"schedule": spec.name}, lambda on, *rest: study.study(on, spec, *rest), tasks)


@command(but=("bias",), draws=16)
def components(
    question: Question,
    period: Annotated[float, typer.Option(help="Period with which the ideal network learns its tasks (s).")] = 20e-3,
    most: Annotated[float, typer.Option(help="Learning time (s) it is given for that.")] = 10.0,
) -> Asked:
    """What clamps, sources, multipliers, transistors and capacitors add to the bias, one at a time at their real sizes."""
    from netlearn.study import components as study
    from netlearn.study.numbers import above_zero

    at, long = above_zero(period, "--period"), above_zero(most, "--most")
    options = {"period": at, "most": long}
    return Asked(options, lambda on, *rest: study.study(on, at, long, *rest))


@command(draws=16)
def overclamp(
    question: Question,
    diameters: Annotated[
        str | None, typer.Option(help="Of a ring, in V: a list or first:last:count; else 1, 0.8 ... 0.2 of its own.")
    ] = None,
    periods: Annotated[str | None, typer.Option(help="Of tasks in alternation, in s; else 0.02,0.08,0.2.")] = None,
    seconds: Annotated[
        float, typer.Option(callback=_above_zero, help="Of a ring: seconds of pulses each mode is shown.")
    ] = 61.0,
    at_once: AtOnce = None,
    most: Most = None,
) -> Asked:
    """Standard against overclamped learning under the same bias: ever smaller rings of two classes, or tasks that
    alternate."""
    from netlearn.study import overclamp as study
    from netlearn.study.numbers import positive

    asked = study.Asked(
        positive(diameters, "--diameters") if diameters is not None else None,
        positive(periods, "--periods") if periods is not None else None,
        seconds,
        at_once,
        most,
    )
    return Asked(asdict(asked), lambda on, *rest: study.study(on, asked, *rest))


@command(draws=8)
def ablation(
    question: Question,
    period: Annotated[float, typer.Option(callback=_above_zero, help="Of tasks in alternation, in s.")] = 0.08,
    most: Annotated[
        float, typer.Option(callback=_above_zero, help="Learning time (s) to wait for a steady cycle.")
    ] = 10.0,
    seconds: Annotated[float, typer.Option(callback=_above_zero, help="Of a ring: seconds of pulses.")] = 20.0,
    at_once: AtOnce = None,
) -> Asked:
    """Which part of overclamping does the work: nudge, time or both; and rails, eta, normalisation, pulses, bias."""
    from netlearn.study import ablation as study

    asked = study.Asked(period, most, seconds, at_once)
    return Asked(asdict(asked), lambda on, *rest: study.study(on, asked, *rest))
