"""The command line. Each command is a thin reader of arguments over the library; heavy imports wait inside."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netlearn import __version__
from netlearn.backends import DEFAULT_BACKEND
from netlearn.cli import exporting, importing, machining, manufacture, picturing
from netlearn.cli.options import (
    Allow,
    BackendName,
    CircuitName,
    File,
    Inputs,
    Json,
    Run,
    Seed,
    Set,
    Start,
    Target,
    Temperature,
)
from netlearn.cli.progress import patience
from netlearn.cli.study import app as study
from netlearn.errors import NetlearnError, RunError

if TYPE_CHECKING:
    from netlearn.circuit.flat import FlatCircuit

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Design, simulate and train electronic circuits that learn by themselves.",
    epilog="Exit codes: 0 done; 1 an assert of the task fails, a cell does not learn by its rule, or fmt --check would change; 2 a mistake, said in words.",
)
PROMISED = ("error", "accuracy", "steps", "seconds", "settled", "unsettled", "run", "asserts")
"""What --json prints of a result."""


def main() -> None:
    """Entry point: a user's mistake is a message and exit code 2, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(standalone_mode=True)
    except NetlearnError as error:
        print(_message(error), file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:
        raise SystemExit(1) from None
    except OSError as error:
        print(f"error: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        raise SystemExit(2) from None


def _message(error: NetlearnError) -> str:
    text = str(error)
    return text if ": error: " in text.split("\n", 1)[0] else f"error: {text}"


def _version(wanted: bool) -> None:
    if wanted:
        print(f"netlearn {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
) -> None:
    pass


@app.command()
def check(
    file: File,
    given: Set = None,
    allow: Allow = None,
    as_json: Json = False,
    rule: Annotated[
        bool,
        typer.Option("--rule", help="Measure whether modules that implement a rule do; exit code 1: one does not."),
    ] = False,
    module: Annotated[str | None, typer.Option(help="With --rule: one module, else all.")] = None,
    draws: Annotated[int | None, typer.Option(help="With --rule: random states (200).")] = None,
    seed: Annotated[int | None, typer.Option(help="With --rule: decides them (0).")] = None,
    ends: Annotated[str | None, typer.Option(help="With --rule: voltages of a cell's ends (0V..0.45V).")] = None,
    backend: Annotated[str | None, typer.Option(help="With --rule: native, ngspice or reference.")] = None,
    agreement: Annotated[
        float | None, typer.Option(help="With --rule: part of the signs that must be right (1).")
    ] = None,
    band: Annotated[str | None, typer.Option(help="With --rule: drops closer than this may be mistaken (5mV).")] = None,
    gain: Annotated[float | None, typer.Option(help="With --rule: how far gain or step may be off (0.2).")] = None,
    fit: Annotated[float | None, typer.Option(help="With --rule: the least R^2 of a rule of squares (0.95).")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="With --rule: the transfer curve (svg, png, pdf).")
    ] = None,
) -> None:
    """Check a netlist and say what is in it; with --rule, whether its learning cells learn as they should."""
    wanted = {
        "module": module, "draws": draws, "seed": seed, "ends": ends, "backend": backend,
        "agreement": agreement, "band": band, "gain": gain, "fit": fit, "out": out,
    }  # fmt: skip
    if rule:
        return _check_rule(file, given, allow, as_json, wanted)
    if asked := next((name for name, value in wanted.items() if value is not None), None):
        raise RunError(f"--{asked} belongs to --rule", "write netlearn check FILE --rule")
    return _check(file, given, allow, as_json)


def _check_rule(
    file: Path, given: list[str] | None, allow: list[Path] | None, as_json: bool, wanted: dict[str, Any]
) -> None:
    from netlearn.cli import conform
    from netlearn.cli.reading import compiled

    asked = {name: value for name, value in wanted.items() if value is not None}
    out, module = asked.pop("out", None), asked.pop("module", None)
    bench, limits = conform.bench_of(asked), conform.limits_of(asked)
    netlist = compiled(file, allow, as_json, given)
    patience(bench.backend)
    cells = conform.conform(netlist, module, bench, limits, quiet=as_json)
    if out is not None:
        from netlearn.plot import conform as picture
        from netlearn.plot import write_picture

        write_picture(out, picture.extent(cells), lambda figure: picture.draw(figure, cells))
    if as_json:
        print(json.dumps(conform.as_json(cells)))
    else:
        print("\n".join([*(conform.told(*cell) for cell in cells), *([str(out)] if out is not None else [])]))
    if not all(verdict.agrees for _, verdict in cells):
        raise typer.Exit(1)


def _check(file: Path, given: list[str] | None, allow: list[Path] | None, as_json: bool) -> None:
    from netlearn.circuit.chance import Keyed
    from netlearn.circuit.flat import flatten, initial
    from netlearn.cli.reading import compiled, undetermined
    from netlearn.learn.assembly import assemble
    from netlearn.learn.memories import MEMORIES
    from netlearn.learn.options import choose
    from netlearn.learn.plan import make_plan
    from netlearn.learn.task import make_task
    from netlearn.machine.rule import check_implements

    netlist = compiled(file, allow, as_json, given)
    check_implements(netlist.cells)
    flats = [flatten(circuit) for circuit in netlist.circuits.values()]
    for spec in netlist.tasks.values():
        task = make_task(spec, seed=0)  # its rule and loss exist and have what they need
        if task.imperfections:
            circuit = flatten(netlist.circuits[spec.circuit])
            params = initial(circuit, 0)
            assemble(circuit, make_plan(circuit, params), task, params, Keyed((0,)))
    for block in netlist.mismatches.values():
        for choice in block.memories:
            choose("memory", MEMORIES, choice, block.source)
    lost = undetermined(netlist, flats)
    if as_json:
        warnings = [
            {"line": w.span.line, "column": w.span.column, "message": w.message} for w in netlist.warnings + lost
        ]
        circuits = [_summary(flat) for flat in flats]
        print(json.dumps({"circuits": circuits, "tasks": list(netlist.tasks), "warnings": warnings}))
        return
    for warning in lost:
        print(warning.render(), file=sys.stderr)
    for c in map(_summary, flats):
        print(
            f"{file}: circuit {c['name']}: {c['nodes']} nodes, {c['elements']} elements, {c['states']} learnable values"
        )
    for t in netlist.tasks.values():
        print(f"{file}: task {t.name} on {t.circuit}: {len(t.inputs)} samples")
    for m in netlist.mismatches.values():
        print(f"{file}: mismatch {m.name} on {m.circuit}: {m.samples} chips; {', '.join(m.spread) or 'nothing'} spread")


def _summary(flat: FlatCircuit) -> dict[str, Any]:
    return {
        "name": flat.name,
        "nodes": len(flat.nodes),
        "elements": flat.element_count,
        "states": len(flat.free_states),
    }


@app.command()
def fmt(
    file: File, checking: Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if it would.")] = False
) -> None:
    """Format a netlist in place (standard input to standard output); comments and meaning stay."""
    from netlearn.cli.reading import STDIN, read_text
    from netlearn.lang.format import format_text

    text, name = read_text(file)
    new = format_text(text, name)
    if file == STDIN and not checking:
        print(new, end="")
        return
    if new == text:
        return
    if checking:
        print(f"{name} is not formatted", file=sys.stderr)
        raise typer.Exit(1)
    file.write_text(new, encoding="utf-8")
    print(f"formatted {file}", file=sys.stderr)


@app.command()
def train(
    file: File,
    task: Annotated[str | None, typer.Option(help="Which task, where there are several.")] = None,
    backend: BackendName = DEFAULT_BACKEND,
    steps: Annotated[int | None, typer.Option(help="Samples to show; without it the task's stop rule decides.")] = None,
    seed: Annotated[int, typer.Option(help="Decides starting values, order and held-out samples.")] = 0,
    temperature: Temperature = None,
    out: Annotated[Path | None, typer.Option(help="The run folder to make.")] = None,
    given: Set = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Train a circuit on a task of its netlist; leaves a run folder. Exit code 1: an assert of the task fails."""
    from netlearn.circuit.temperature import NOMINAL_CELSIUS
    from netlearn.cli.reading import compiled
    from netlearn.learn import session
    from netlearn.learn.methods import Method

    netlist = compiled(file, allow, as_json, given)
    warm = NOMINAL_CELSIUS if temperature is None else temperature
    run = session.start(netlist, task, backend, seed, steps, out, tuple(allow or ()), warm)
    patience(backend, learning=type(run.trainer.task.method).formula is not Method.formula)
    _follow(run, as_json)


@app.command()
def resume(run: Run, as_json: Json = False) -> None:
    """Go on with a run that was stopped; it ends as if it had never been. Exit code 1: an assert of the task fails."""
    from netlearn.learn import session

    _follow(session.resume(run), as_json)


def _follow(session: Any, as_json: bool) -> None:
    from netlearn.cli.progress import follow

    try:
        follow(session, quiet=as_json)
    except KeyboardInterrupt:
        print(f"interrupted; go on with netlearn resume {session.run.path}", file=sys.stderr)
        raise SystemExit(130) from None
    finally:
        session.close()
    result = session.result
    if as_json:
        print(json.dumps({k: result[k] for k in PROMISED}))
    else:
        _print_result(session.trainer.task, result)
    if not all(result["asserts"].values()):
        raise SystemExit(1)


def _print_result(task: Any, result: dict[str, Any]) -> None:
    from netlearn.learn.metrics import label, show, shown_metrics, unsettled

    if lost := unsettled(task, result["unsettled"]):
        print(f"warning: {lost}", file=sys.stderr)
    for name in shown_metrics(task):
        value = result["metrics"][name]
        print(f"{label(name, task):<24}  {'unknown' if value is None else show(name, value)}")
    print(f"{'steps':<24}  {result['steps']} in {result['seconds']:.1f} s")
    print(f"{'solves that settled':<24}  {100 * result['settled']:.2f} %")
    for text, holds in result["asserts"].items():
        print(f"{'assert':<24}  {text}: {'holds' if holds else 'FAILS'}")
    print(f"{'run':<24}  {result['run']}")
    failed = [text for text, holds in result["asserts"].items() if not holds]
    if failed:
        print(f"failed: assert {', assert '.join(failed)}", file=sys.stderr)


@app.command()
def solve(
    target: Target,
    inputs: Inputs = None,
    circuit: CircuitName = None,
    backend: BackendName = DEFAULT_BACKEND,
    seed: Start = None,
    temperature: Temperature = None,
    given: Set = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Find one operating point and print every node voltage."""
    from netlearn.cli.solving import find_subject, solve_one, unsettled

    subject = find_subject(target, circuit, seed, given, allow, temperature, quiet=as_json)
    patience(backend)
    answer = solve_one(subject, inputs or [], backend)
    if as_json:
        print(json.dumps(answer))
        return
    for port in subject.circuit.inputs:
        print(f"input {port.name:<18} {answer['inputs'][port.name]:>14.9g} {port.kind}")
    for name, volts in answer["nodes"].items():
        print(f"{name:<24} {volts:>14.9f} V" if volts is not None else f"{name:<24} not settled")
    for name, value in answer["outputs"].items():
        print(f"output {name:<17} {value:>14.9g}" if value is not None else f"output {name:<17} not settled")
    if not answer["settled"]:
        raise unsettled(subject)


@app.command()
def transient(
    target: Target,
    stop: Annotated[
        str | None, typer.Option(help="The end, such as 5ms; else the last assert. It begins with an operating point.")
    ] = None,
    step: Annotated[str | None, typer.Option(help="Time from row to row, such as 10us; else a thousandth.")] = None,
    net: Annotated[list[str] | None, typer.Option(help="A net to show, once for each; else all.")] = None,
    inputs: Inputs = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A .csv, or a picture (svg, png, pdf).")] = None,
    circuit: CircuitName = None,
    backend: BackendName = DEFAULT_BACKEND,
    seed: Start = None,
    temperature: Temperature = None,
    given: Set = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Follow node voltages over time: comma-separated values, or a picture. Exit code 1: an assert fails."""
    from netlearn.cli import waves
    from netlearn.cli.solving import find_subject

    subject = find_subject(target, circuit, seed, given, allow, temperature, quiet=as_json)
    patience(backend)
    found = waves.waves(subject, inputs or [], stop, step, net or [], backend)
    if out is not None and out.suffix != ".csv":
        from netlearn.plot import write_picture

        write_picture(out, waves.extent(found), lambda figure: waves.draw(figure, found))
    elif out is not None:
        out.write_text(waves.table(found), encoding="utf-8")
    if as_json:
        print(json.dumps(waves.as_json(found)))
    else:
        print(out if out is not None else waves.table(found), end="\n" if out is not None else "")
    if found.damped:
        print("note: ngspice went on by Gear's formula, which takes energy from oscillations", file=sys.stderr)
    for text in found.later:
        print(f"warning: not checked, for it is later than --stop: assert {text}", file=sys.stderr)
    if failed := [check for check in found.checks if not check.holds]:
        for check in failed:
            print(f"failed: assert {check.watch.text}: {check.said}", file=sys.stderr)
        raise typer.Exit(1)


@app.command()
def agree(
    file: File,
    task: Annotated[str | None, typer.Option(help="Which task, where there are several.")] = None,
    circuit: Annotated[str | None, typer.Option(help="A circuit at its inputs instead of a task.")] = None,
    inputs: Inputs = None,
    backends: Annotated[str, typer.Option(help="The two that are compared.")] = "native,ngspice",
    seed: Seed = 0,
    given: Set = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Solve every sample of a task on two backends; exit code 1 where their answers differ."""
    from netlearn.cli import agree as agreement
    from netlearn.cli.reading import compiled

    names = agreement.two_names(backends)
    netlist = compiled(file, allow, as_json, given)
    patience(*names)
    answer = agreement.agree(agreement.case_of(netlist, task, circuit, inputs or [], seed), names)
    print(json.dumps(answer) if as_json else agreement.table(answer))
    if not answer["agree"]:
        raise typer.Exit(1)


@app.command()
def compare(
    file: File,
    methods: Annotated[
        str, typer.Option(help="Rules, such as omega,two_phase(beta=0.1); rates are matched if not given.")
    ],
    task: Annotated[str | None, typer.Option(help="Which task, where there are several.")] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each kind.")] = 10,
    fractions: Annotated[str, typer.Option(help="Parts of the values that learn, such as 1,.5,.1.")] = "1",
    noise: Annotated[str, typer.Option(help="Noise on the labels (standard deviation, V), such as 0,0.5.")] = "0",
    steps: Annotated[int | None, typer.Option(help="Samples to show; else the task's stop rule decides.")] = None,
    backend: BackendName = DEFAULT_BACKEND,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The folder to fill, or to go on with.")] = None,
    allow: Allow = None,
    as_json: Json = False,
) -> None:
    """Train a task by several rules: error, accuracy and what each asks of the circuit, as CSV, picture and paragraph."""
    from netlearn.cli import comparing

    patience(backend, "native")
    question = comparing.Question(file, methods, task, seeds, fractions, noise, steps, backend, tuple(allow or ()))
    comparison, folder = comparing.run(question, out, quiet=as_json)
    print(comparing.told(comparison, folder, as_json))


@app.command()
def lattice(
    kind: Annotated[str, typer.Argument(help="rgrid, rdgrid or mosgrid.")],
    size: Annotated[int, typer.Option(help="Rows and columns.")],
    seed: Annotated[int, typer.Option(help="Decides resistances, diodes and gates.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write it; else it is printed.")] = None,
) -> None:
    """Make the netlist of a square lattice that solvers are measured on."""
    from netlearn.lang.lattice import draw, netlist

    text = netlist(draw(kind, size, seed))
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
        print(out)


@app.command()
def kits(
    folder: Annotated[
        Path, typer.Argument(help="Where a netlist lies or will: netlearn.toml is looked for from there.")
    ] = Path(),
    as_json: Json = False,
) -> None:
    """Say which process kits there are, where netlearn.toml says they are, and what one transistor of each carries.
    Exit code 1: one that is set up does not work."""
    from netlearn.cli.kits import surveyed, told

    found = surveyed(folder)
    print(json.dumps(found) if as_json else "\n".join(told(kit) for kit in found))
    if any(kit["said"] and kit["fault"] for kit in found):
        raise typer.Exit(1)


for _command in (
    *(machining.ladder, machining.machine, manufacture.mismatch, manufacture.mc),
    *(picturing.schematic, picturing.network, picturing.plot, picturing.report),
    *(exporting.export, exporting.verify, importing.equal),
):
    app.command()(_command)
app.command("import")(importing.import_)
app.add_typer(study, name="study")
