"""The commands about manufacture: thin readers of arguments over `netlearn.factory`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from netlearn.backends import DEFAULT_BACKEND
from netlearn.cli.options import Allow, File, Json, Set, Temperature
from netlearn.errors import TaskError

MOST_DRAWS = 10_000_000


def mismatch(
    law: Annotated[
        str, typer.Option(help="Of spread: pelgrom, normal, uniform, lognormal, along_w, along_l.")
    ] = "pelgrom",
    w: Annotated[str, typer.Option(help="Drawn width, such as 10um.")] = "10um",
    l: Annotated[str, typer.Option(help="Drawn length.")] = "1um",  # noqa: E741
    avt: Annotated[str | None, typer.Option(help="pelgrom: A_VT of a pair, such as 7.15mV*um.")] = None,
    par_w: Annotated[str | None, typer.Option(help="pelgrom: what the effective width is less than w.")] = None,
    par_l: Annotated[str | None, typer.Option(help="pelgrom: what the effective length is less than l.")] = None,
    sd: Annotated[str | None, typer.Option(help="normal, lognormal: standard deviation, such as 2mV or 1%.")] = None,
    half: Annotated[str | None, typer.Option(help="uniform: the furthest it is off.")] = None,
    median: Annotated[str | None, typer.Option(help="lognormal: median of what is added.")] = None,
    a: Annotated[str | None, typer.Option(help="along_w, along_l: standard deviation of a pair.")] = None,
    over: Annotated[str | None, typer.Option(help="along_w, along_l: how long its edges are.")] = None,
    draws: Annotated[int, typer.Option(help="Pairs that are drawn.", min=2, max=MOST_DRAWS)] = 1000,
    seed: Annotated[int, typer.Option(help="Decides what is drawn.")] = 0,
    as_json: Json = False,
) -> None:
    """Draw pairs of transistors as studies of manufacture do, and measure the spread of the difference of their thresholds."""
    from netlearn.factory.pair import pair_spread

    if avt is not None and a is not None:
        raise TaskError("--avt and --a are the same number", "give one of them")
    given = {"avt": avt, "a": a, "par_w": par_w, "par_l": par_l, "sd": sd, "half": half, "median": median, "over": over}
    options = {name.removeprefix("avt") or "a": _number(name, text) for name, text in given.items() if text is not None}
    found = pair_spread(law, options, _number("w", w), _number("l", l), draws, seed)
    if as_json:
        names = {"sigma_pair_V": found.sigma, "error_V": found.error, "law_V": found.law}
        print(json.dumps({**names, "law": law, "draws": draws, "seed": seed}))
    else:
        print(
            f"sigma of a pair {1e3 * found.sigma:.4g} +- {1e3 * found.error:.2g} mV in {draws} draws; "
            f"{1e3 * found.law:.4g} mV by the law"
        )


def mc(
    file: File,
    draws: Annotated[
        int | None, typer.Option(help="Chips; else the samples of the mismatch block.", min=1, max=MOST_DRAWS)
    ] = None,
    corners: Annotated[
        str | None,
        typer.Option(
            help="Of the process, such as tt,ss,ff: so many chips in each; else those of the block, or lots are drawn."
        ),
    ] = None,
    backend: Annotated[str, typer.Option("--backend", help="native or ngspice.")] = DEFAULT_BACKEND,
    task: Annotated[str | None, typer.Option(help="Which task, where there are several.")] = None,
    mismatch: Annotated[str | None, typer.Option(help="Which mismatch block, where there are several.")] = None,
    wanted: Annotated[
        list[str] | None,
        typer.Option("--spec", help="What a good chip meets, such as 'error < 10mV'; else what the netlist says."),
    ] = None,
    learn: Annotated[
        bool,
        typer.Option("--learn/--program", help="Let chips learn as well, or only write into them what was learned."),
    ] = True,
    tolerances: Annotated[str, typer.Option(help="Yield with everything so many times as uncertain: 0.5,2,4.")] = "",
    areas: Annotated[str, typer.Option(help="Yield with so many times the area: 0.25,4.")] = "",
    curve_draws: Annotated[int, typer.Option(help="Chips of each point of these.", min=1, max=MOST_DRAWS)] = 512,
    sensitivity: Annotated[
        bool,
        typer.Option("--sensitivity/--no-sensitivity", help="Say which spread puts programmed chips off, and how far."),
    ] = True,
    only_draws: Annotated[
        int,
        typer.Option(
            help="Yield of so many chips with one cause at a time, and with all but it.", min=0, max=MOST_DRAWS
        ),
    ] = 0,
    tail: Annotated[
        str | None,
        typer.Option(help="How rarely chips fail: programmed or learned ones; for failures too rare to count."),
    ] = None,
    tail_draws: Annotated[int, typer.Option(help="Chips of each level of this.", min=100, max=MOST_DRAWS)] = 1000,
    first: Annotated[int, typer.Option(help="The first chip.", min=0, max=MOST_DRAWS)] = 0,
    seed: Annotated[
        int | None,
        typer.Option(help="Decides what is drawn and where learning starts; else the mismatch block's.", min=0),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Samples to show; else the task's stop rule decides.", min=1)
    ] = None,
    celsius: Temperature = None,
    given: Set = None,
    jobs: Annotated[int | None, typer.Option(help="Processes (as many as there are cores).", min=1)] = None,
    cluster: Annotated[
        str | None, typer.Option(help="A Dask cluster: tcp://host:8786, or local for one on this machine.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The folder to fill, or to go on with.")] = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Make many chips of a netlist as manufacture would: how many learn, how well, and how many work with values that were
    learned elsewhere. Leaves every chip in OUT/chips/*.parquet, tables, a picture and a paragraph; goes on after a kill."""
    from netlearn.cli import chips
    from netlearn.factory.study import Causes

    question = chips.Question(
        file=file, draws=draws, corners=corners, backend=backend, task=task, mismatch=mismatch,
        wanted=tuple(wanted or ()), learns=learn, tolerances=tolerances, areas=areas, curve_draws=curve_draws,
        causes=Causes(sensitivity, only_draws, tail, tail_draws), first=first, seed=seed, steps=steps, celsius=celsius,
        given=tuple(given or ()), jobs=jobs, cluster=cluster, out=out, allowed=tuple(allow or ()), quiet=as_json,
    )  # fmt: skip
    found, folder = chips.run(question)
    print(chips.told(found, folder, as_json))


def _number(name: str, text: str) -> str:
    """A number with its unit, as the language has it and with nothing else in it."""
    from netlearn.units import UnitFault, parse_signed

    try:
        parse_signed(text.strip())
    except UnitFault as fault:
        raise TaskError(f"--{name.replace('_', '-')} {text}: {fault}", fault.help) from None
    return text.strip().removeprefix("+")
