"""The commands about files that leave: thin readers of arguments over `netlearn.export` and `netlearn.verify`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from netlearn.cli.options import Allow, CircuitName, Inputs, Json, Set, Start


def export(
    target: Annotated[
        Path, typer.Argument(help="A netlist (- for standard input), or a run folder: as it was trained.")
    ],
    to: Annotated[str, typer.Option("--to", help="Formats, such as ngspice,cdl,kicad; or all that can have it.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to make.")],
    draw: Annotated[int | None, typer.Option(help="As manufacture makes chip k (see netlearn mc).", min=0)] = None,
    mismatch: Annotated[str | None, typer.Option(help="Which mismatch block, where there are several.")] = None,
    pdk: Annotated[
        str,
        typer.Option(
            help="The process whose transistors, resistors and layers cdl and gds have, such as sky130. Decks of simulators keep the"
            " netlist's own devices and models."
        ),
    ] = "",
    circuit: CircuitName = None,
    inputs: Inputs = None,
    seed: Start = None,
    given: Set = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Write a circuit as files that other people's tools read: simulators, layout, boards. netlearn verify proves them."""
    from netlearn.cli import leaving

    question = leaving.Question(
        target=target, to=to, out=out, draw=draw, mismatch=mismatch, pdk=pdk, circuit=circuit, inputs=tuple(inputs or ()),
        seed=seed, given=tuple(given or ()), allowed=tuple(allow or ()), quiet=as_json,
    )  # fmt: skip
    made = leaving.run(question)
    if as_json:
        found = {"files": sorted(made.files), "left_out": dict(made.left_out), "warnings": list(made.warnings)}
        print(json.dumps({"folder": str(out), **found}))
        return
    for warning in made.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for name, why in made.left_out.items():
        print(f"no {name}: {why}")
    print(f"{len(made.files)} files in {out}; netlearn verify {out}")


def verify(
    folder: Annotated[Path, typer.Argument(help="A folder made by netlearn export.")], as_json: Json = False
) -> None:
    """Let every tool that is installed read exported files, and compare the circuits. Exit code 1 where one differs."""
    from dataclasses import asdict

    from netlearn.cli.progress import reading
    from netlearn.verify.model import FAILED
    from netlearn.verify.order import verify as checks
    from netlearn.verify.table import printed

    with reading(as_json) as tell:
        rows = list(checks(folder, tell))
    if as_json:
        print(json.dumps({"folder": str(folder), "checks": [asdict(row) for row in rows]}))
    else:
        printed(rows)
    if any(row.verdict == FAILED for row in rows):
        raise typer.Exit(1)
