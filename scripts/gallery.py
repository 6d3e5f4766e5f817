"""Train every netlist of the gallery on ngspice and print the README's table (markdown).

    .venv/bin/python scripts/gallery.py [--seeds 5] [--write]

`--write` puts the table into README.md and the pictures of the trained regression network into scripts/pictures.
Figures are over all seeds: the worst error, and the accuracy of every seed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NETLISTS = ("divider", "allostery", "regression", "xor", "iris")
PICTURES = ("network", "outputs")


def netlearn(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "netlearn", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode > 1:  # 1: an assert fails, which the table counts
        raise SystemExit(done.stderr)
    return done.stdout


def train(netlist: str, seed: int, folder: Path) -> dict[str, Any]:
    out = folder / f"{netlist}-{seed}"
    netlearn(
        "train", f"netlists/{netlist}.nl", "--backend", "ngspice", "--seed", str(seed), "--out", str(out), "--json"
    )
    result: dict[str, Any] = json.loads((out / "result.json").read_text())
    return result


def row(netlist: str, results: list[dict[str, Any]]) -> str:
    worst = max(float("inf") if r["error"] is None else r["error"] for r in results)
    held = results[0]["accuracy"] is not None
    accuracies = [r["accuracy"] if held else r["train_accuracy"] for r in results]
    shown = "" if accuracies[0] is None else ", ".join(f"{100 * a:.0f}" for a in accuracies) + " %"
    asserts = [a for r in results for a in r["asserts"].values()]
    cells = (
        f"`netlearn train netlists/{netlist}.nl --backend ngspice`",
        f"{worst:.2g} V² ({1e3 * worst**0.5:.2g} mV rms)",
        f"{shown}{' held out' if held else ''}",
        f"{median([r['steps'] for r in results]):,.0f}",
        f"{median([r['seconds'] for r in results]):.1f} s",
        f"{sum(asserts)} of {len(asserts)}",
    )
    return f"| {' | '.join(cells)} |"


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines = [
        f"| command, with `--seed 0` to `--seed {options.seeds - 1}` | worst mean squared error "
        "| accuracy, seed by seed | steps (median) | time (median) | asserts that hold |",
        "|---|---|---|--:|--:|--:|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for netlist in NETLISTS:
            lines.append(row(netlist, [train(netlist, seed, folder) for seed in range(options.seeds)]))
            print(lines[-1], file=sys.stderr)
        if options.write:
            for kind in PICTURES:
                netlearn("plot", str(folder / "regression-0"), kind, "--out", f"scripts/pictures/{kind}.svg")
            write("\n".join(lines))
    print("\n".join(lines))


def write(table: str) -> None:
    readme = ROOT / "README.md"
    head, rest = readme.read_text(encoding="utf-8").split("<!-- gallery -->", 1)
    tail = rest.split("<!-- end -->", 1)[1]
    readme.write_text(f"{head}<!-- gallery -->\n{table}\n<!-- end -->{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
