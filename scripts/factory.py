"""What the factory does: the ten thousand chips behind the README's table and picture.

    python scripts/factory.py            do what is missing of them (runs/factory), print the table
    python scripts/factory.py --write    and write it and the picture into the README's places

Times are those of runs from an empty folder: remove runs/factory to measure them anew.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
README, PICTURE = ROOT / "README.md", ROOT / "scripts" / "pictures" / "factory.svg"
FOLDER = ROOT / "runs" / "factory"
NETLIST = "netlists/factory/regression.nl"
RUNS: dict[str, tuple[str, list[str]]] = {
    "chips": ("chips", ["--draws", "10000"]),
    "causes": (
        "chips",
        ["--draws", "10000", "--tolerances", "0.25,0.5,2,4", "--areas", "0.01,0.1", "--only-draws", "256"],
    ),
    "corners": ("corners", ["--draws", "512", "--corners", "tt,ss,ff"]),
    "tail": ("tail", ["--draws", "512", "--program", "--spec", "error < 27mV", "--tail", "programmed"]),
}
"""A folder and options by name; the second goes on in the folder of the first."""
WAYS = {"learned": "learn by themselves", "programmed": "programmed once"}


def run(name: str) -> dict[str, Any]:
    """The numbers of a run, made now or before, with how long it took and the memory of its largest process."""
    folder, options = RUNS[name]
    kept = FOLDER / f"{name}.json"
    if not kept.is_file():
        print(f"{name} ...", file=sys.stderr, flush=True)
        begun = time.monotonic()
        FOLDER.mkdir(parents=True, exist_ok=True)
        start = [sys.executable, "-c", "from netlearn.cli.app import main; main()"]
        what = ["mc", NETLIST, *options, "--out", str(FOLDER / folder), "--json"]
        found = json.loads(subprocess.run([*start, *what], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        kept.write_text(json.dumps({**found, "seconds": time.monotonic() - begun, "MB": largest}))
        if name == "causes":
            shutil.copyfile(FOLDER / folder / "mc.svg", FOLDER / "factory.svg")
    numbers: dict[str, Any] = json.loads(kept.read_text())
    return numbers


def command(name: str) -> str:
    options = [f"'{option}'" if " " in option else option for option in RUNS[name][1]]
    return " ".join(["netlearn", "mc", NETLIST, *options])


def row(what: str, of: dict[str, Any]) -> str:
    part = f"**{100 * of['yield']:.1f} %** ({100 * of['low']:.1f} to {100 * of['high']:.1f})"
    return f"| {what} | {WAYS[of['way']]} | {of['chips']:,} | {part} | {_milli(of.get('median'))} | {_milli(of.get('p90'))} | {_milli(of.get('worst'))} |"


def _milli(volts: float | None) -> str:
    return "" if volts is None else f"{1e3 * volts:.3g}"


def yields() -> list[str]:
    chips, causes, corners = run("chips"), run("causes"), run("corners")
    lines = [
        f"`{command('chips')}`: 10,000 chips in {chips['seconds'] / 60:.1f} min on two shared cores, no process above "
        f"{chips['MB']:.0f} MB. Good: {' and '.join(chips['spec'])} (the ideal circuit: {1e3 * chips['ideal']['error']:.2g} mV); "
        "with 95 % intervals.",
        "",
        "| chips | | of them | good | median error, mV | one in ten above | worst |",
        "|---|---|--:|---|--:|--:|--:|",
    ]
    lines += [row("**lots drawn**", of) for of in chips["yield"]]
    lines += [row(f"corner {of['corner']}", of) for of in corners["yield"]]
    return lines + [row(f"{of['quantity']} times {of['factor']:g}", of) for of in causes["curve"]]


def spoilers() -> list[str]:
    """What puts programmed chips off, and what chips do with one cause at a time."""
    causes = run("causes")
    with (FOLDER / "chips" / "sensitivity.csv").open(encoding="utf-8") as file:
        shares = {of["group"]: of for of in csv.DictReader(file)}
    alone = {(of["cause"], of["kept"], of["way"]): f"{100 * of['yield']:.0f} %" for of in causes["alone"]}
    lines = [
        "| cause | outputs of programmed chips off by, mV rms: by gradients | in the chips | good programmed: only this "
        "| all but this | good that learn: only this | all but this |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for cause in dict.fromkeys(of["cause"] for of in causes["alone"]):
        of = shares.get(cause)
        off = [f"{1e3 * float(of[name]):.2g}" for name in ("rms_gradient_V", "rms_chips_V")] if of else ["0", "0"]
        parts = [alone.get((cause, kept, way), "") for way in ("programmed", "learned") for kept in ("only", "without")]
        lines.append(f"| {cause} | {' | '.join([*off, *parts])} |")
    return lines


def rare() -> list[str]:
    found = run("tail")
    tail = found["tail"]
    return [
        f"`{command('tail')}`: subset simulation finds {tail['probability']:.2g} of programmed chips ({tail['low']:.1g} to "
        f"{tail['high']:.1g}) that fail, from {tail['evaluations']:,} chips in {found['seconds']:.0f} s; counting wants "
        f"{tail['plain_evaluations'] / 1e6:.2g} million."
    ]


def table() -> str:
    return "\n".join([*yields(), "", *spoilers(), "", *rare()])


def main() -> None:
    text = table()
    if "--write" not in sys.argv:
        print(text)
        return
    readme = README.read_text(encoding="utf-8")
    mark = r"(<!-- factory -->\n).*?(<!-- end -->)"
    README.write_text(re.sub(mark, lambda m: f"{m[1]}{text}\n{m[2]}", readme, flags=re.DOTALL), encoding="utf-8")
    shutil.copyfile(FOLDER / "factory.svg", PICTURE)


if __name__ == "__main__":
    main()
