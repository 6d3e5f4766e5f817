"""The campaign of mutations: which tools say of which changed file that it is not the design.

PYTHONPATH=.:tests/export python tests/verify/campaign.py [SEEDS]     prints it by mutation and format, for every design here
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from chip_cases import make
from exported import design_of
from mutations import GRAMMARS, HARMFUL, HARMLESS, mutated
from schematics import shipped, twins

from netlearn.export.design import Design
from netlearn.export.formats import FORMATS, Order
from netlearn.lang.compile import compile_file
from netlearn.units import Quantity
from netlearn.verify.model import FAILED, Check
from netlearn.verify.tools import VERIFIERS
from netlearn.verify.tools.written import CIRCUIT

ROOT = Path(__file__).parents[2]
LAWS = """netlearn 0.1
element Bend(a, b, ref; g = 1mS, knee = 1V) { current i(a, b) = g * V(a, b) / (1 + (V(a, ref) / knee)^2) }
module Tie(a, b, vdd) {
  net m
  Bend bend(a, m, gnd)
  R r(m, b) = 3k
  NEKV me(d = vdd, g = a, s = m, b = gnd) { vto = -0.5V, kp = 100uA/V^2 }
  C c(m, gnd) = 1nF
}
circuit Laws {
  net a, b, c, d, o, vdd
  V supply(vdd, gnd) = 2.5V
  Tie e1(a, b, vdd)
  Tie e2(b, c, vdd)
  VCVS buffer(o, gnd, b, c) = 2
  R out(o, d) = 1k
  NMOS mn(d = vdd, g = a, s = d, b = gnd) { model = ald1106 }
  R load(c, d) = learn(47k, 1k..100k)
  C hold(d, c) = 2nF
  input  x = V(a)
  output y = V(c)
}
"""
"""Everything in it conducts."""


def cell() -> Design:
    """A cell of the library, in transistors."""
    return design_of(
        compile_file(ROOT / "netlists" / "std" / "amplifier.nl", settings={"transistors": Quantity(1.0)}),
        "FollowerBench",
    )


DESIGNS: Mapping[str, Callable[[], Design]] = {
    "divider": shipped("divider.nl"),
    "twins": twins,
    "twins, drawn": lambda: twins(3),
    "cell": cell,
    "laws": lambda: make(LAWS, 1.7),
}


def files_of(design: Design, format: str) -> dict[str, str | bytes]:
    return dict(FORMATS[format].write(design, Order("nominal")))


def texts_of(design: Design, format: str) -> dict[str, str]:
    """Those that can be mutated."""
    return {file: what for file, what in files_of(design, format).items() if isinstance(what, str)}


def failed(design: Design, format: str, files: Mapping[str, str | bytes]) -> dict[str, Check]:
    """The tools that say of files that they are not the design, each with its first reason. That a circuit is not as we write it
    does not count: it should be found by what it is."""
    found: dict[str, Check] = {}
    for verifier in VERIFIERS.values():
        if format in verifier.formats and verifier.version() is not None:
            with tempfile.TemporaryDirectory() as place:
                for name, what in files.items():
                    (Path(place) / name).write_bytes(what.encode() if isinstance(what, str) else what)
                for row in verifier.check(Path(place), format, design):
                    if row.verdict == FAILED and row.quantity != CIRCUIT:
                        found.setdefault(verifier.name, row)
    return found


def tried(design: Design, format: str, name: str, seed: int) -> dict[str, Check] | None:
    """What a mutation of a design makes tools say; None where the format has nothing of the kind."""
    changed = mutated(texts_of(design, format), format, {**HARMFUL, **HARMLESS}[name], seed)
    return None if changed is None else failed(design, format, {**files_of(design, format), **changed})


def main() -> None:
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    print("| mutation | format | found by | survived |\n|---|---|---|---|")
    designs = {name: make() for name, make in DESIGNS.items()}
    for mutation in {**HARMFUL, **HARMLESS}:
        for format in GRAMMARS:
            tools: dict[str, int] = {}
            survived, count = [], 0
            for name, design in designs.items():
                for seed in seeds:
                    found = tried(design, format, mutation, seed)
                    if found is not None:
                        count += 1
                        for tool in found:
                            tools[tool] = tools.get(tool, 0) + 1
                        survived += [] if found else [f"{name} {seed}"]
            if count:
                told = ", ".join(f"{tool} {n}" for tool, n in tools.items())
                print(f"| {mutation} | {format} | {told} of {count} | {'; '.join(survived)} |", flush=True)


if __name__ == "__main__":
    main()
