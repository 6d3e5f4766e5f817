"""The library of cells, netlists/std: each cell says what it is, has a bench, does there what the bench asserts on both
engines, behavioural and in transistors, and both alike."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from netlearn.backends import open_backend
from netlearn.circuit.flat import FlatCircuit, Floats, boundary, flatten, initial
from netlearn.circuit.model import Circuit
from netlearn.circuit.over_time import Check, checked, reading
from netlearn.lang.compile import compile_file
from netlearn.units import Quantity

STD = Path(__file__).resolve().parents[1] / "netlists" / "std"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(STD.glob("*.nl"))}
ALIKE = 0.08  # of what a curve spans over a bench: how far the behavioural cell may be from its transistors


class Module(NamedTuple):
    file: str
    name: str
    doc: str
    ports: tuple[str, ...]
    params: tuple[str, ...]
    learns: bool


def modules() -> list[Module]:
    """All modules as they are written; doc: the comment right above."""
    found = []
    for file, text in TEXTS.items():
        for match in re.finditer(
            r"((?:^#.*\n)*)^module (\w+)\(([^;)]*);?([^{]*?)\)( implements .*)? \{$", text, re.MULTILINE
        ):
            ports, params = re.findall(r"\b(\w+)(?::\s*\w+)?", match[3]), re.findall(r"(\w+) = ", match[4])
            kinds = re.findall(r":\s*(\w+)", match[3])
            named = tuple(port for port in ports if port not in kinds)
            found.append(Module(file, match[2], match[1].replace("\n# ", " "), named, tuple(params), bool(match[5])))
    return found


BENCHES = {name: file for file, text in TEXTS.items() for name in re.findall(r"^circuit (\w+)", text, re.MULTILINE)}
CELLS = [m for m in modules() if m.file in BENCHES.values()]
LEVELS = {
    name: (0, 1) if f"circuit {name}(; transistors = 0)" in TEXTS[file] else (0,) for name, file in BENCHES.items()
}
BOTH = [name for name, levels in LEVELS.items() if len(levels) == 2]


@cache
def benches(file: str, level: int) -> dict[str, Circuit]:
    return dict(compile_file(STD / f"{file}.nl", settings={"transistors": Quantity(float(level))}).circuits)


class Seen(NamedTuple):
    checks: tuple[Check, ...]
    time: Floats
    curves: dict[str, Floats]


def placed(name: str, level: int) -> FlatCircuit:
    return flatten(benches(BENCHES[name], level)[name])


@cache
def seen(name: str, level: int, backend: str) -> Seen:
    """What a bench shows until its last assertion."""
    written, circuit = benches(BENCHES[name], level)[name], placed(name, level)
    stop = max(watch.time for watch in written.watches)
    solver = open_backend(backend, circuit)
    try:
        found = solver.transient(initial(circuit, 0), boundary(circuit, np.zeros((1, 0))), stop, stop / 1000)
    finally:
        solver.close()
    volts = {node: found.x[0, 0, :, k] for node, k in circuit.node_index.items()}
    curves = {curve.text: reading(curve, volts, found.time) for plot in written.plots for curve in plot.curves}
    return Seen(checked(written.watches, found.time, volts), found.time, curves)


@pytest.mark.parametrize("backend", ["native", "ngspice"])
@pytest.mark.parametrize(("name", "level"), [(name, level) for name in BENCHES for level in LEVELS[name]])
def test_a_cell_does_what_its_bench_asserts(name: str, level: int, backend: str) -> None:
    assert [f"{c.watch.text}: {c.said}" for c in seen(name, level, backend).checks if not c.holds] == []


@pytest.mark.parametrize("name", BOTH)
def test_a_behavioural_cell_stands_for_its_transistors(name: str) -> None:
    ideal, real = seen(name, 0, "native"), seen(name, 1, "native")
    times = [check.watch.time for check in ideal.checks]
    for text, curve in ideal.curves.items():
        apart = np.interp(times, ideal.time, curve) - np.interp(times, real.time, real.curves[text])
        assert np.abs(apart).max() <= ALIKE * np.ptp(curve), text


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_asserts_several_things_and_plots_over_time_and_against(name: str) -> None:
    bench = benches(BENCHES[name], 0)[name]
    assert len(bench.watches) >= 4
    assert {plot.against is None for plot in bench.plots} == {True, False}


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.name)
def test_a_module_says_what_it_is(module: Module) -> None:
    assert len(module.doc) > 20


@pytest.mark.parametrize("module", CELLS, ids=lambda m: m.name)
def test_a_cell_names_its_ports_and_parameters_and_has_a_bench(module: Module) -> None:
    words = set(re.findall(r"\w+", module.doc))
    assert {*module.ports, *module.params} - words - {"transistors"} == set()
    if not module.doc.startswith("# Part of "):
        assert BENCHES.get(f"{module.name}Bench") == module.file
        assert ("transistors" in module.params) == ("behavioural only" not in module.doc)


@pytest.mark.parametrize("name", BOTH)
def test_a_cell_has_as_many_transistors_as_it_says(name: str) -> None:
    doc = next(m.doc for m in CELLS if f"{m.name}Bench" == name)
    circuit = placed(name, 1)
    count = sum(len(bank.names) for kind, bank in circuit.banks.items() if kind in ("NMOS", "PMOS"))
    assert str(count) in re.findall(r"\d+", doc)
    if not any(m.learns for m in CELLS if f"{m.name}Bench" == name):  # an edge is a transistor, and may have a counter
        assert not any(kind.endswith("Law") for kind in circuit.banks)
        assert not any(kind in ("NMOS", "PMOS") for kind in placed(name, 0).banks)
