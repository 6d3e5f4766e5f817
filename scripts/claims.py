"""Which claims of arXiv 2602.03546 our experiments support: the comparisons behind the README's table.

    python scripts/claims.py            do what is missing (some twenty minutes on two cores) and print the tables
    python scripts/claims.py --write    and write them and the picture into the README's places

Each study is one `netlearn compare` into runs/claims/NAME, which goes on where it was.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
README, PICTURES = ROOT / "README.md", ROOT / "scripts" / "pictures"
FOLDER = ROOT / "runs" / "claims"
RULES = "omega,two_phase(beta=0.005),two_phase_centred(beta=0.005)"
PARTS = "1,.75,.5,.25,.1"


@dataclass(frozen=True)
class Study:
    """One comparison: netlist, task, rules, and the rest of the command."""

    netlist: str
    task: str
    methods: str
    fractions: str = "1"
    noise: str = "0"

    @property
    def command(self) -> list[str]:
        where = ["compare", f"netlists/{self.netlist}.nl", "--task", self.task, "--methods", self.methods]
        return [*where, "--seeds", "10", "--fractions", self.fractions, "--noise", self.noise]


STUDIES = {
    "random-fixed": Study("gep/iris_random", "fixed", RULES, PARTS),
    "grid-fixed": Study("gep/iris_grid", "fixed", RULES, PARTS),
    "random-trained": Study("gep/iris_random", "trained", RULES, PARTS),
    "grid-trained": Study("gep/iris_grid", "trained", RULES, PARTS),
    "random-noise": Study("gep/iris_random", "fixed", f"{RULES},two_phase(beta=0.05)", "1", "0,.5,1"),
    "grid-noise": Study("gep/iris_grid", "fixed", f"{RULES},two_phase(beta=0.05)", "1", "0,.5,1"),
    "transistors": Study("iris", "species", "omega,omega_biased,equilibrium,coupled,frequency,spsa"),
    "digits-random": Study("gep/digits_random", "digits", "omega,two_phase(beta=0.005)"),
    "digits-grid": Study("gep/digits_grid", "digits", "omega,two_phase(beta=0.005)"),
}


def run(name: str) -> dict[str, Any]:
    """The results of a study, made now or before."""
    folder = FOLDER / name
    command = [sys.executable, "-c", "from netlearn.cli.app import main; main()", *STUDIES[name].command]
    if not (folder / "compare.svg").is_file():
        subprocess.run([*command, "--out", str(folder)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads((folder / "compare.json").read_text())
    return found


def end(found: dict[str, Any], method: str, fraction: float, noise: float) -> dict[str, Any]:
    of = next(f for f in found["found"] if f["method"] == method)
    return next(e for e in of["ends"] if (e["fraction"], e["noise"]) == (fraction, noise))


def score(ends: dict[str, Any]) -> str:
    return f"{100 * ends['test_accuracy']:.1f} ± {100 * ends['test_accuracy_sd']:.1f}"


def table(names: list[str], across: str) -> list[str]:
    """Held-out accuracy over fractions or noises, a row a study and rule."""
    first = json.loads((FOLDER / names[0] / "compare.json").read_text())
    values = first[across]
    shown = [f"{100 * v:g} %" if across == "fractions" else f"{v:g} V" for v in values]
    head = "part that learns" if across == "fractions" else "noise on the labels"
    rows = [f"| {head} | {' | '.join(shown)} | cosine |", f"|---|{'--:|' * (len(values) + 1)}"]
    for name in names:
        found = run(name)
        for of in found["found"]:
            pairs = [(v, 0.0) if across == "fractions" else (1.0, v) for v in values]
            ends = [end(found, of["method"], *pair) for pair in pairs]
            cells = " | ".join(score(e) for e in ends)
            rows.append(f"| {name}, `{of['method']}` | {cells} | {ends[0]['cosine']:.3f} |")
    return rows


def written() -> str:
    for name in STUDIES:
        run(name)
    fractions = table(["random-fixed", "grid-fixed", "random-trained", "grid-trained"], "fractions")
    noises = table(["random-noise", "grid-noise"], "noises")
    digits = table(["digits-random", "digits-grid"], "fractions")
    return "\n".join([*fractions, "", *noises, "", *digits, "", *rules("transistors")])


def rules(name: str) -> list[str]:
    """What each rule of a study asks of the circuit and reaches, a row a rule."""
    rows = ["| rule | settles a sample | read a sample | stored an edge | held out | cosine |", f"|---|{'--:|' * 5}"]
    for of in run(name)["found"]:
        ends = of["ends"][0]
        asked = f"{of['settles']:.2f} | {of['reads']:.3g} | {of['stored']:.0f}"
        rows.append(f"| {name}, `{of['method']}` | {asked} | {score(ends)} | {ends['cosine']:.3f} |")
    return rows


def main() -> None:
    text = written()
    if "--write" not in sys.argv:
        print(text)
        return
    readme = README.read_text(encoding="utf-8")
    head, rest = readme.split("<!-- claims -->\n", 1)
    tail = rest.split("<!-- end -->", 1)[1]
    README.write_text(f"{head}<!-- claims -->\n{text}\n<!-- end -->{tail}", encoding="utf-8")
    shutil.copy(FOLDER / "random-noise" / "compare.svg", PICTURES / "compare.svg")


if __name__ == "__main__":
    main()
