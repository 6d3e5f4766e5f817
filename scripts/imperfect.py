"""arXiv 2505.22887 and its relatives, claim by claim: the studies behind the README's table, its picture and its page.

    python scripts/imperfect.py            do what is missing (some ten minutes on two cores) and print the table
    python scripts/imperfect.py --write    and write it and the picture into the README's places

Each study is one `netlearn study` into runs/imperfect/NAME, which goes on where it was; `netlearn report runs/imperfect`
shows them all in one page. What is no study is an experiment of `scripts/experiments.py`.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
README, PICTURES = ROOT / "README.md", ROOT / "scripts" / "pictures"
FOLDER = ROOT / "runs" / "imperfect"
LONG = "8e-4:20:12"
STUDIES: dict[str, list[str]] = {
    "fig2a-cycle": ["cycle", "fig2a", "--orbits", "0.02,0.08,0.2"],
    "fig2a-ideal": ["cycle", "fig2a", "--bias", "0"],
    "fig2a-model": ["model", "fig2a"],
    "fig2a-drift": ["drift", "fig2a"],
    "fig2a-floor": ["floor", "fig2a"],
    "fig2a-memory": ["memory", "fig2a"],
    "fig2a-components": ["components", "fig2a"],
    "fig2a-overclamp": ["overclamp", "fig2a"],
    "fig2a-ablation": ["ablation", "fig2a"],
    "fig2b-cycle": ["cycle", "fig2b", "--periods", "6e-4:6:21", "--orbits", "0.025,0.1,0.4"],
    "fig2b-model": ["model", "fig2b", "--periods", "6e-4:6:21"],
    "fig2b-drift": ["drift", "fig2b"],
    "fig2b-overclamp": ["overclamp", "fig2b"],
    "fig3-cycle": ["cycle", "fig3", "--periods", "6e-4:12:23", "--orbits", "0.1,0.4,1.592"],
    "fig3-ideal": ["cycle", "fig3", "--periods", "6e-4:12:23", "--bias", "0"],
    "fig3-model": ["model", "fig3", "--periods", "6e-4:12:23"],
    "fig3-drift": ["drift", "fig3"],
    "fig3-overclamp": ["overclamp", "fig3"],
    "fig1-regression-cycle": ["cycle", "fig1_regression", "--periods", LONG, "--draws", "8", "--most", "20"],
    "fig1-regression-memory": ["memory", "fig1_regression"],
    "fig1-regression-components": ["components", "fig1_regression"],
    "fig1-classification-cycle": ["cycle", "fig1_classification", "--periods", LONG, "--draws", "8", "--most", "20"],
    "fig5-overclamp": ["overclamp", "fig5", "--diameters", "0.417,0.334,0.25,0.167,0.083"],
    "fig5-ablation": ["ablation", "fig5", "--tasks", "standard"],
}


@cache
def run(name: str) -> dict[str, Any]:
    """The numbers of a study, done now or before."""
    folder, (study, netlist, *options) = FOLDER / name, STUDIES[name]
    command = ["study", study, f"netlists/imperfect/{netlist}.nl", *options, "--out", str(folder)]
    if not (folder / f"{study}.svg").is_file():
        print(f"{name} ...", file=sys.stderr, flush=True)
        start = [sys.executable, "-c", "from netlearn.cli.app import main; main()"]
        subprocess.run([*start, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads((folder / "study.json").read_text())["numbers"]
    return found


def rows(name: str, table: str) -> list[dict[str, str]]:
    """A table of a study."""
    run(name)
    return list(csv.DictReader((FOLDER / name / f"{table}.csv").read_text().splitlines()))


def text(name: str) -> str:
    """The paragraph of a study."""
    run(name)
    return (FOLDER / name / f"{STUDIES[name][0]}.md").read_text().strip()


def column(name: str, table: str, key: str) -> list[float]:
    return [float(row[key]) for row in rows(name, table)]


@dataclass(frozen=True)
class Claim:
    """Number, statement, verdict and what was seen, the command."""

    number: int
    statement: str
    seen: Callable[[], tuple[str, str]]
    command: str
