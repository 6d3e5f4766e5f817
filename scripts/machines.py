"""Circuits that learn by themselves: the runs behind the README's tables and pictures of them.

    python scripts/machines.py NAME ...     do some runs (all without a name) as far as they are missing, print the tables
    python scripts/machines.py --write      and write them and the pictures into the README's places

Each run is one `netlearn ladder` or `netlearn machine` into runs/machines/NAME, which goes on where it was. All of them take
about half an hour on one core; two thirds of it are ngspice's transients of transistors.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from netlearn.units import engineering

ROOT = Path(__file__).resolve().parents[1]
README, PICTURES = ROOT / "README.md", ROOT / "scripts" / "pictures"
FOLDER = ROOT / "runs" / "machines"
NGSPICE = ["--backend", "ngspice", "--set", "transistors=1"]
RUNS: dict[str, list[str]] = {
    "two_edge": ["ladder", "two_edge"],
    "gen1": ["ladder", "gen1"],
    "chip": ["ladder", "chip"],
    "gen2": ["ladder", "gen2"],
    "damage": ["machine", "damage", "--steps", "400"],
    "quasistatic": ["machine", "quasistatic", "--sweep", "c=10nF,100nF,1uF,3uF,10uF"],
    "two_edge-transistors": ["machine", "two_edge", "--steps", "200", *NGSPICE],
    "chip-transistors": ["machine", "chip", "--steps", "100", *NGSPICE],
    "gen2-transistors": ["machine", "gen2", "--steps", "200", *NGSPICE],
}
WHAT = {
    "two_edge": "2 edges, multipliers; two samples",
    "gen1": "16 edges, comparators, XOR, counters; allostery",
    "chip": "16 edges of 51 transistors; allostery",
    "gen2": "32 edges, multipliers; regression",
    "two_edge-transistors": "100 transistors",
    "chip-transistors": "876 transistors",
    "gen2-transistors": "1,150 transistors",
}
PICTURED = {"gen2": "ladder", "damage": "damage", "quasistatic": "quasistatic"}


def command(name: str) -> str:
    kind, netlist, *options = RUNS[name]
    return " ".join(["netlearn", kind, f"netlists/machine/{netlist}.nl", *options])


@cache
def run(name: str) -> dict[str, Any]:
    """The numbers of a run, made now or before."""
    folder, (kind, netlist, *options) = FOLDER / name, RUNS[name]
    if not (folder / f"{kind}.svg").is_file():
        print(f"{name} ...", file=sys.stderr, flush=True)
        start = [sys.executable, "-c", "from netlearn.cli.app import main; main()"]
        what = [kind, f"netlists/machine/{netlist}.nl", *options, "--out", str(folder)]
        subprocess.run([*start, *what], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads((folder / "study.json").read_text())["numbers"]
    return found


def rows(name: str, table: str) -> list[dict[str, str]]:
    run(name)
    return list(csv.DictReader((FOLDER / name / f"{table}.csv").read_text().splitlines()))


def millivolts(mse: float | str) -> str:
    found = 1e3 * float(mse) ** 0.5
    return f"{found:.2g}" if found < 99.5 else f"{found:.0f}"


def ladders() -> str:
    lines = [
        "| machine | error before, mV rms | L0 | L1 | L2 | **L3: by itself, on ngspice** | nodes | power of its network | ms a sample on L0, L2, L3 (L3 native) |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name in (name for name, of in RUNS.items() if of[0] == "ladder"):
        found = run(name)
        levels = {level["level"]: level for level in found["levels"]}
        each = {row["level"]: 1e3 * float(row["seconds"]) / int(row["steps"]) for row in rows(name, "levels")}
        ends = [millivolts(levels[level]["error"]) for level in ("L0", "L1", "L2")]
        measured = found["machine"]
        power = f"{engineering(measured['edges_W'], 'W')}; {engineering(measured['edge_J'], 'J')} an edge and sample"
        native = f" ({each['L3 native']:.2g})" if "L3 native" in each else ""
        lines.append(
            f"| `netlearn ladder netlists/machine/{name}.nl`: {WHAT[name]}, {levels['L3']['steps']} samples "
            f"| {millivolts(levels['L0']['initial_error'])} | {' | '.join(ends)} | **{millivolts(levels['L3']['error'])}** "
            f"| {measured['nodes']:.0f} | {power} | {each['L0']:.2g}, {each['L2']:.2g}, {each['L3']:.3g}{native} |"
        )
    return "\n".join(lines)


def transistors() -> str:
    lines = [
        "| machine in transistors, as one transient of ngspice | samples | error, mV rms | power of all sources | time |",
        "|---|--:|--:|--:|--:|",
    ]
    for name in (name for name in RUNS if name.endswith("-transistors")):
        found = run(name)["runs"][0]
        steps = len(rows(name, "curve"))
        first, last = millivolts(found["first_mse_V2"]), millivolts(found["last_mse_V2"])
        lines.append(
            f"| `{command(name)}`: {WHAT[name]} | {steps} | {first} to {last} | {1e3 * found['power_W']:.3g} mW "
            f"| {found['seconds'] / 60:.1f} min |"
        )
    return "\n".join(lines)


def replaced(text: str, mark: str, new: str) -> str:
    return re.sub(rf"(<!-- {mark} -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{new}\n{m[2]}", text, flags=re.DOTALL)


def main() -> None:
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    for name in names or RUNS:
        run(name)
    if names:
        return
    tables = {"ladders": ladders(), "transistors": transistors()}
    if "--write" not in sys.argv:
        print("\n\n".join(tables.values()))
        return
    text = README.read_text(encoding="utf-8")
    for mark, table in tables.items():
        text = replaced(text, mark, table)
    README.write_text(text, encoding="utf-8")
    for name, picture in PICTURED.items():
        shutil.copyfile(FOLDER / name / f"{RUNS[name][0]}.svg", PICTURES / f"{picture}.svg")


if __name__ == "__main__":
    main()
