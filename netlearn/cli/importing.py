"""The commands about netlists of others: thin readers of arguments over `netlearn.imports` and `netlearn.equal`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netlearn.cli.options import Allow, Json
from netlearn.errors import CircuitError, NetlearnError

if TYPE_CHECKING:
    from netlearn.circuit.model import Circuit
    from netlearn.equal import Graph

IMPORTED = b"# imported from "
"""What a netlist that was imported says, and may be imported again over."""
Spice = Annotated[Path, typer.Argument(help="SPICE (.cir, .sp, ...) or CDL (.cdl) text.")]


def import_(
    file: Spice,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The netlist to write; else standard output.")] = None,
    allow: Allow = None,
) -> None:
    """Turn SPICE or CDL text into a netlist.

    Read are R C L V I (dc, pulse, sin, pwl) D M (level 1) E G F H (linear) X, .subckt .model .param .func .global .ic .include .lib,
    expressions of parameters, and CDL's ways of writing them. Analyses and options are left out with a comment; what may have
    another operating point than in SPICE is warned of on standard error; everything else is refused by name. Files are included
    from the file's folder and those of --allow only.
    """
    from netlearn.store import write_bytes

    if out is not None and out.is_file() and IMPORTED not in out.read_bytes():
        raise NetlearnError(f"{out} is there already, and was not imported", "give another name with -o, or remove it")
    if out is not None and out.suffix != ".nl":
        raise NetlearnError(f"{out} is no name of a netlist", f"write -o {out.with_suffix('.nl')}")
    text = _read(file, allow)
    if out is None:
        print(text, end="")
    else:
        write_bytes(out, text.encode())
        print(out)


def _read(file: Path, allow: list[Path] | None) -> str:
    """The netlist of a SPICE or CDL file; what is warned of goes to standard error."""
    from netlearn.imports import import_file

    made = import_file(file, tuple(allow or ()))
    for warning in made.warnings:
        print(warning.render(), file=sys.stderr)
    return made.text


Compared = Annotated[Path, typer.Argument(help="A netlist (.nl), or SPICE or CDL text (.cir, .sp, .cdl, ...).")]


def equal(
    a: Compared,
    b: Compared,
    circuit: Annotated[
        str | None,
        typer.Option("--circuit", help="Which circuit, module or subcircuit of both, where there are several."),
    ] = None,
    of_b: Annotated[str | None, typer.Option("--circuit-b", help="Which of B, where it has another name.")] = None,
    tolerance: Annotated[
        float, typer.Option(help="By what part of themselves numbers may differ.", min=0.0, max=0.5)
    ] = 1e-6,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Say whether two circuits are the same but for names and hierarchy, and if not, where they differ. Exit code 1: they do.

    Elements are compared with all of their numbers, learnable ones as they start; ends that can change places (of R, L, C, drain
    and source) may. Ground and ports of one name correspond; ports are those of a module, and the nets that a circuit drives and
    reads. How both are driven and read is compared, voltage or current and where; SPICE has no words for it. Elements in series
    or in parallel are not merged. With a file of CDL, which has no models and no sources, elements are compared by kind, size and
    value, black boxes by the names of their models.
    """
    from netlearn.equal import compare, with_ends

    both = [_chosen(a, circuit, allow), _chosen(b, of_b or circuit, allow)]
    one, two, silent = _graphs(both, tolerance)
    if all(c.driven for c in both):
        verdict = compare(with_ends(one, both[0].circuit), with_ends(two, both[1].circuit), tolerance)
    else:
        verdict = compare(one, two, tolerance)
        silent += ["inputs and outputs, which only one of them has"] if any(c.driven for c in both) else []
    lost = sorted(one.ports.keys() ^ two.ports.keys()) if len(one.ports) > 1 and len(two.ports) > 1 else []
    if as_json:
        counts = {side: {"nets": len(g.nets), "elements": len(g.parts)} for side, g in (("a", one), ("b", two))}
        mapping = {
            "nets": verdict.nets,
            "elements": {p.name: verdict.parts[p.name] for p in one.parts if verdict.equal},
        }
        print(
            json.dumps(
                {
                    "equal": verdict.equal,
                    **counts,
                    **mapping,
                    "why": verdict.why,
                    "ports_of_one": lost,
                    "not_compared": silent,
                }
            )
        )
    else:
        sizes = f"{len(one.parts)} elements on {len(one.nets)} nets"
        print(f"equal: {sizes}" if verdict.equal else f"different (A: {a}, B: {b})")
        print("".join(f"  {why}\n" for why in verdict.why), end="")
        print("".join(f"  not compared: {what}\n" for what in silent), end="")
        if lost:
            print(f"  ports of one only, which were compared as any other net: {', '.join(lost)}")
    if not verdict.equal:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Chosen:
    """A circuit with the nets that are known outside as its ports, the file that it is from, and the modules in that with
    nothing in them."""

    circuit: Circuit
    file: Path
    empty: frozenset[str]

    @property
    def cdl(self) -> bool:
        return self.file.suffix.lower() == ".cdl"

    @property
    def driven(self) -> bool:
        """Whether it says what drives it, or what is read."""
        return bool(self.circuit.inputs or self.circuit.outputs)


def _graphs(both: Sequence[_Chosen], tolerance: float) -> tuple[Graph, Graph, list[str]]:
    """The graphs of two circuits, and in words what of them is in neither. CDL has of a circuit what is drawn of it, so that with
    a file of CDL this much is compared."""
    from netlearn.circuit.flat import flatten
    from netlearn.equal import graph
    from netlearn.export.drawn import drawn
    from netlearn.lang.compile import read_source
    from netlearn.verify.lvs import process

    if not any(one.cdl for one in both):
        a, b = (graph(flatten(one.circuit), one.circuit.top.ports, tolerance) for one in both)
        return a, b, []
    pdk = next((found for one in both if one.cdl and (found := process(read_source(one.file)))), "")
    of_a, of_b = (drawn(one.circuit, pdk, one.empty if one.cdl else ()) for one in both)
    silent = ["models of elements, of which CDL has names only"]
    boxes = ", ".join(sorted(of_a.boxes | of_b.boxes))
    silent += [f"numbers of black boxes, and what is in them: {boxes}"] if boxes else []
    silent += [
        f"sources at the top of {n}, its bench: {of.sources}" for n, of in (("A", of_a), ("B", of_b)) if of.sources
    ]
    return of_a.graph, of_b.graph, silent


def _chosen(file: Path, name: str | None, allow: list[Path] | None) -> _Chosen:
    """A circuit by name, or a module as a circuit of its own."""
    from netlearn.cli.drawing import with_pins
    from netlearn.cli.reading import compiled
    from netlearn.equal import standing
    from netlearn.imports import SUFFIXES
    from netlearn.lang.compile import compile_netlist

    if file.suffix.lower() in SUFFIXES:
        netlist = compile_netlist(_read(file, allow), str(file), file.parent)
    else:
        netlist = compiled(file, allow, quiet=True)
    names = {found.lower(): found for found in (*netlist.modules, *netlist.circuits)}
    if name is None:
        inner = {instance.cell.name for cell in netlist.cells for instance in cell.instances}
        outer = list(netlist.circuits) or [module for module in netlist.modules if module not in inner]
        if len(outer) != 1:
            raise CircuitError(
                f"{file} has {len(outer)} circuits to compare", f"name one: --circuit {' or '.join(outer)}"
            )
        name = outer[0]
    elif name.lower() not in names:
        raise CircuitError(f"{file}: there is no circuit or module '{name}'", f"known: {', '.join(names.values())}")
    name = name if name in names.values() else names[name.lower()]
    empty = frozenset(cell.name for cell in netlist.cells if not (cell.elements or cell.instances))
    if name in netlist.circuits:
        return _Chosen(replace(netlist.circuits[name], top=with_pins(netlist.circuits[name])), file, empty)
    return _Chosen(standing(netlist.modules[name].cell({})), file, empty)
