"""Options that several commands have, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Allow = Annotated[list[Path] | None, typer.Option("--allow", help="A further folder netlists may read from.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
File = Annotated[Path, typer.Argument(help="A netlist (.nl), or - for standard input.")]
Run = Annotated[Path, typer.Argument(help="A run folder.")]
Target = Annotated[
    Path, typer.Argument(help="A netlist (- for standard input), or a run folder: solved as it was trained.")
]
Set = Annotated[list[str] | None, typer.Option("--set", help="name=value: a parameter of the circuit, once for each.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", help="name=value, such as x=0.3V or x[1]=200mV; else the task's first sample."),
]
Seed = Annotated[int, typer.Option(help="Decides random starting values.")]
Start = Annotated[int | None, typer.Option("--seed", help="Decides random starting values of a netlist (0).")]
CircuitName = Annotated[str | None, typer.Option("--circuit", help="Which circuit, where there are several.")]
BackendName = Annotated[str, typer.Option("--backend", help="native, ngspice or reference.")]
Temperature = Annotated[
    float | None, typer.Option("--temperature", help="How warm the circuit is, in degrees Celsius (27; a run's own).")
]
