"""`netlearn export`: what was typed as a folder of files."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netlearn.circuit.temperature import NOMINAL_CELSIUS
from netlearn.cli.reading import compiled
from netlearn.cli.solving import choose_circuit, input_values, refuse_of_run
from netlearn.errors import CircuitError, RunError
from netlearn.export import copy, folder
from netlearn.export.formats import FORMATS, Order
from netlearn.export.formats.order import NOMINAL
from netlearn.lang.compile import Netlist
from netlearn.learn import session
from netlearn.store import open_run

ALL = "all"


@dataclass(frozen=True)
class Question:
    """What was typed."""

    target: Path
    to: str
    out: Path
    draw: int | None
    mismatch: str | None
    pdk: str
    circuit: str | None
    inputs: tuple[str, ...]
    seed: int | None
    given: tuple[str, ...]
    allowed: tuple[Path, ...]
    quiet: bool

    @property
    def command(self) -> str:
        """The command without what is of this machine: folders, and those that were allowed."""
        words = ["netlearn", "export", self.target.name or ".", "--to", self.to, "--out", "FOLDER"]
        pairs = [("--draw", self.draw), ("--mismatch", self.mismatch), ("--pdk", self.pdk or None)]
        pairs += [("--circuit", self.circuit), *(("--input", i) for i in self.inputs)]
        pairs += [("--seed", self.seed), *(("--set", g) for g in self.given)]
        return shlex.join([*words, *(str(word) for pair in pairs if pair[1] is not None for word in pair)])


def run(question: Question) -> folder.Written:
    """Make the folder, and say what is in it."""
    names, wanted = _formats(question.to)
    folder.refuse(question.out)
    _process(question.pdk, names)
    if question.mismatch is not None and question.draw is None:
        raise RunError("--mismatch means nothing without --draw", "write --draw 1 for chip 1, or leave it out")
    netlist, circuit, seed, states = _subject(question)
    chosen = netlist.circuits[circuit]
    shape, params = copy.learned(chosen, seed, states)
    if question.draw is not None:
        params = copy.made(netlist, shape, params, question.draw, question.mismatch)
    task = next((t for t in netlist.tasks.values() if t.circuit == circuit), None)
    values = input_values(shape, question.inputs, None if task is None else np.array(task.inputs[0]))
    about = [circuit, "as it was trained" if states else "", "" if question.draw is None else f"chip {question.draw}"]
    design = copy.designed(chosen, shape, params, values, ", ".join(word for word in about if word))
    order = Order(NOMINAL if question.draw is None else f"draw_{question.draw:04d}", question.pdk)
    made = folder.contents(design, names, order, question.command, wanted)
    folder.write(question.out, made.files)
    return made


def _formats(text: str) -> tuple[tuple[str, ...], bool]:
    """The formats that are asked for, and whether each must be written."""
    if text.strip() == ALL:
        return tuple(FORMATS), False
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in FORMATS:
            raise RunError(f"--to {text}: there is no format '{name}'", f"known: {', '.join(FORMATS)}, or {ALL}")
    return names, True


def _process(pdk: str, names: Sequence[str]) -> None:
    """RunError for a process that none of these formats can be laid out for."""
    laid_out = [name for name in names if FORMATS[name].processes]
    if pdk and not laid_out:
        those = [name for name, of in FORMATS.items() if of.processes]
        raise RunError(f"--pdk means nothing for {', '.join(names)}", f"it is for {' and '.join(those)}")
    known = dict.fromkeys(process for name in laid_out for process in FORMATS[name].processes)
    if pdk and pdk not in known:
        raise RunError(f"--pdk {pdk}: there is no such process", f"known: {', '.join(known)}")


def _subject(question: Question) -> tuple[Netlist, str, int, dict[str, float]]:
    """A netlist, which circuit of it, the seed of its start, and the states that it has learned, by name."""
    if not question.target.is_dir():
        netlist = compiled(question.target, question.allowed, question.quiet, question.given)
        if (question.seed or 0) < 0:
            raise CircuitError(f"seed {question.seed}", "a seed is not negative")
        return netlist, choose_circuit(netlist, question.circuit).name, question.seed or 0, {}
    typed = {
        "--circuit": question.circuit,
        "--seed": question.seed,
        "--set": question.given,
        "--allow": question.allowed,
    }
    refuse_of_run(typed)
    found = open_run(question.target)
    if session.celsius_of(found) != NOMINAL_CELSIUS:
        warm = f"{question.target} was trained at {session.celsius_of(found):g} C, and what is exported is at 27 C"
        raise RunError(warm, "train it at 27 C; the tools that read these files have temperatures of their own")
    netlist = session.load_netlist(found)
    shape, _, saved = session.trained(found)
    states = dict(zip((s.name for s in shape.states), saved["states"][0].tolist(), strict=True))
    return netlist, netlist.tasks[found.config["task"]].circuit, int(found.config["seed"]), states
