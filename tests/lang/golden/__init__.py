"""The golden table: every known mistake of a netlist with the exact messages it gets.

Each `.txt` file has cases: a title behind `=== `, the text of a netlist, `---`, and its rendered diagnostics.
`NETLEARN_WRITE_GOLDEN=1 pytest tests/lang/test_golden.py` writes the diagnostics anew, for review.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
FILES = HERE.parent / "files"


@dataclass(frozen=True)
class Case:
    """One text and what the compiler says about it."""

    topic: str
    title: str
    text: str
    said: str


def cases(path: Path) -> list[Case]:
    """The cases of one file."""
    parts = re.split(r"^=== (.*)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = []
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        text, _, said = body.partition("---\n")
        found.append(Case(path.stem, title, text, said.strip("\n")))
    return found


def all_cases() -> list[Case]:
    """The cases of every file, in order."""
    return [case for path in sorted(HERE.glob("*.txt")) for case in cases(path)]


def render(case: Case) -> str:
    """What `check` says about a case now: its errors, or its lints where there is no error."""
    from netlearn.errors import NetlistError
    from netlearn.lang.compile import compile_netlist
    from netlearn.learn.task import make_task
    from netlearn.machine.rule import check_implements

    try:
        netlist = compile_netlist(case.text.removesuffix("\n"), "bad.nl", FILES)
        for spec in netlist.tasks.values():
            make_task(spec, seed=0)
        check_implements(netlist.cells)
        noticed = netlist.warnings
    except NetlistError as error:
        noticed = error.diagnostics
    return "\n".join(d.render() for d in noticed).replace(f"{FILES}/", "")


def write() -> None:
    """Write what the compiler says now into every file."""
    for path in sorted(HERE.glob("*.txt")):
        path.write_text("\n".join(f"=== {c.title}\n{c.text}---\n{render(c)}\n" for c in cases(path)), encoding="utf-8")
