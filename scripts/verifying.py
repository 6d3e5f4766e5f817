"""A trained network and a cell of the library, exported in every format and read by every tool that is here.

python scripts/verifying.py            export and verify both (runs/verify), print the tables; exit code 1 where something fails
python scripts/verifying.py --write    and write them into the README's place
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from netlearn.verify.model import FAILED, Check
from netlearn.verify.table import markdown, printed

ROOT = Path(__file__).resolve().parents[1]
README, FOLDER = ROOT / "README.md", ROOT / "runs" / "verify"
TRAINED = "runs/verify/trained"
SUBJECTS = {
    "network": ("the regression network as it was trained", [TRAINED]),
    "cell": (
        "a cell of the library, in transistors",
        ["netlists/std/amplifier.nl", "--circuit", "FollowerBench", "--set", "transistors=1"],
    ),
}
"""What is exported, in words, and the arguments that say so."""


def netlearn(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a process; what it prints comes back."""
    start = [sys.executable, "-c", "from netlearn.cli.app import main; main()"]
    return subprocess.run([*start, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def verified(name: str) -> list[Check]:
    """Export one, and let everything read it."""
    _, arguments = SUBJECTS[name]
    out = str((FOLDER / name).relative_to(ROOT))
    if not (ROOT / TRAINED / "result.json").is_file():
        netlearn("train", "netlists/regression.nl", "--out", TRAINED).check_returncode()
    netlearn("export", *arguments, "--to", "all", "--out", out).check_returncode()
    return [Check(**row) for row in json.loads(netlearn("verify", out, "--json").stdout)["checks"]]


def block(found: dict[str, list[Check]]) -> str:
    """What the README shows: both tables, with the commands that make them."""
    parts = []
    for name, rows in found.items():
        command = f"netlearn export {' '.join(SUBJECTS[name][1])} --to all --out {name} ; netlearn verify {name}"
        parts.append(f"`{command}`: {SUBJECTS[name][0]}\n\n{markdown(rows)}")
    return "\n\n".join(parts)


def main() -> None:
    found = {name: verified(name) for name in SUBJECTS}
    for name, rows in found.items():
        print(f"{SUBJECTS[name][0]}:")
        printed(rows)
    if "--write" in sys.argv[1:]:
        text = README.read_text()
        place = re.compile(r"(<!-- verified -->\n).*?(<!-- end -->)", re.DOTALL)
        README.write_text(place.sub(lambda m: f"{m[1]}{block(found)}\n{m[2]}", text))
    if any(row.verdict == FAILED for rows in found.values() for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
