"""The commands about circuits that learn by themselves: thin readers of arguments over `netlearn.machine`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from netlearn.backends import DEFAULT_BACKEND
from netlearn.cli.options import Allow, BackendName, File, Json, Seed, Set
from netlearn.cli.progress import patience


def ladder(
    file: File,
    task: Annotated[str | None, typer.Option(help="Which task, where there are several.")] = None,
    levels: Annotated[str, typer.Option(help="Which levels.")] = "L0,L1,L2,L3",
    steps: Annotated[
        int | None, typer.Option(help="Samples to show; else as many as L0 needs by the stop rule.")
    ] = None,
    seed: Seed = 0,
    given: Set = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The folder to fill, or to go on with.")] = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Learn a task on four levels: the rule as a formula (L0), with imperfections (L1), from outside on ngspice (L2), and
    the circuit by itself as one transient of ngspice (L3). Leaves curves, costs, states, effects and ladder.json. Exit
    code 1: an assert of the task fails on a level, or a machine cannot be followed."""
    from netlearn.cli import machines

    patience("native", learning=True)
    asked = machines.Question(file, task, seed, steps, tuple(given or ()), tuple(allow or ()), out, as_json)
    found, folder = machines.climb(asked, levels)
    _tell_machine(found, folder, as_json)


def machine(
    file: File,
    task: Annotated[str | None, typer.Option(help="Which task, where there are several.")] = None,
    steps: Annotated[int | None, typer.Option(help="Samples to show (1000).")] = None,
    sweep: Annotated[
        str | None, typer.Option(help="A parameter of the circuit: c=1nF:1uF:7 (geometric) or c=1nF,10nF.")
    ] = None,
    backend: BackendName = DEFAULT_BACKEND,
    seed: Seed = 0,
    given: Set = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The folder to fill, or to go on with.")] = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Leave a circuit alone with its task, as one transient, and watch it learn: error, power, energy. Update circuitry,
    clamps and clocks are its own (`label y = V(goal) every 1ms`); nothing is updated from outside. Exit code 1: it cannot be
    followed to the end."""
    from netlearn.cli import machines

    patience(backend)
    asked = machines.Question(file, task, seed, steps, tuple(given or ()), tuple(allow or ()), out, as_json)
    found, folder = machines.follow(asked, backend, sweep)
    _tell_machine(found, folder, as_json)


def _tell_machine(found: Any, folder: Path, as_json: bool) -> None:
    from netlearn.cli import machines

    print(machines.told(found, folder, as_json))
    if failures := machines.failures(found):
        print(f"failed: {'; '.join(failures)}", file=sys.stderr)
        raise typer.Exit(1)
