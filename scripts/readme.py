"""Write the README's tables (devices, model cards, learning rules, laws of spread, formats, ..., an example message) from the code.

    python scripts/readme.py            print what would be written
    python scripts/readme.py --write    write it into README.md

tests/test_readme.py compares the two, so that the README cannot go stale.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from netlearn.devices import CARDS, DEVICES
from netlearn.errors import NetlistError
from netlearn.export.formats import FORMATS
from netlearn.lang.compile import compile_netlist
from netlearn.learn.imperfections import IMPERFECTIONS
from netlearn.learn.memories import MEMORIES
from netlearn.learn.methods import METHODS
from netlearn.learn.options import options
from netlearn.learn.updates import UPDATES
from netlearn.variation.laws import LAWS
from netlearn.verify.tools import VERIFIERS

README = Path(__file__).resolve().parents[1] / "README.md"
BAD = """circuit Bad {
  net in, out
  R r1(in, ut) = 10k
  R r2(out, gnd) = 5mV
  input x = V(in)
}
"""


def devices() -> str:
    rows = ["| kind | what it is | terminals | parameters (defaults) | on ngspice |", "|---|---|---|---|---|"]
    for device in DEVICES.values():
        params = ", ".join(_param(p.name, p.default, p.unit) for p in device.params)
        spice = f"`{device.card.line.split('{')[0].upper()}` element" if device.card else "from its law"
        rows.append(f"| `{device.name}` | {device.doc} | {' '.join(device.terminals)} | {params} | {spice} |")
    return "\n".join(rows)


def _param(name: str, default: float | None, unit: str) -> str:
    return f"{name} {unit}".strip() if default is None else f"{name} = {default:g} {unit}".strip()


def cards() -> str:
    return "\n" + "\n".join(f"- `{c.name}` ({c.device}): {c.origin}" for c in CARDS.values())


def methods() -> str:
    rows = ["| rule | equation and source | what it needs | options |", "|---|---|---|---|"]
    for name, method in METHODS.items():
        head, equation, needs = _paragraphs(method)[:3]
        rows.append(f"| `{name}` | {head} `{equation}` | {needs.removeprefix('Needs: ')} | {_options(method)} |")
    return "\n".join(rows)


def updates() -> str:
    rows = ["| update | equation and source | options |", "|---|---|---|"]
    for name, kind in UPDATES.items():
        head, equation = _paragraphs(kind)[:2]
        rows.append(f"| `{name}` | {head} `{equation}` | {_options(kind)} |")
    return "\n".join(rows)


def imperfections() -> str:
    rows = ["| imperfection | what it is | of rules | options |", "|---|---|---|---|"]
    for name, kind in IMPERFECTIONS.items():
        head, equation = _paragraphs(kind)[:2]
        rules = ", ".join(f"`{rule}`" for rule, method in METHODS.items() if name in method.parts)
        rows.append(f"| `{name}` | {head} `{equation}` | {rules} | {_options(kind)} |")
    return "\n".join(rows)


def laws() -> str:
    rows = ["| law | what it is | options |", "|---|---|---|"]
    for name, kind in LAWS.items():
        head, *rest = _paragraphs(kind)
        equation = next((f" `{part}`" for part in rest if "=" in part and part.count(" ") < 30), "")
        known = [f"`{f.name}`: {f.metadata['doc']}" for f in fields(kind) if f.name != "relative"]
        rows.append(f"| `{name}` | {head}{equation} | {'; '.join(known)} |")
    return "\n".join(rows)


def memories() -> str:
    rows = ["| memory | how it keeps what was learned | options |", "|---|---|---|"]
    for name, kind in MEMORIES.items():
        rows.append(f"| `{name}` | {_paragraphs(kind)[0]} | {_options(kind)} |")
    return "\n".join(rows)


def formats() -> str:
    """Formats that a circuit leaves in, and the tools that read each."""
    rows = ["| `--to` | what it is | read by |", "|---|---|---|"]
    for name, format in FORMATS.items():
        readers = ", ".join(tool.name for tool in VERIFIERS.values() if name in tool.formats)
        rows.append(f"| `{name}` | {format.doc} | {readers} |")
    return "\n".join(rows)


def board() -> str:
    """A netlist with everything that a study takes, without its comments."""
    text = (README.parent / "netlists" / "imperfect" / "fig2a.nl").read_text(encoding="utf-8")
    return "```\n" + "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("#")) + "```"


def _paragraphs(kind: type) -> list[str]:
    """Of the docstring of the module that a rule or an update is."""
    return [
        " ".join(part.split()).replace("|", "\\|")
        for part in (sys.modules[kind.__module__].__doc__ or "").strip().split("\n\n")
    ]


def _options(kind: type) -> str:
    return "; ".join(f"`{key}`: {meaning}" for key, meaning in options(kind).items())


def mistake() -> str:
    try:
        compile_netlist(BAD, "bad.nl")
    except NetlistError as error:
        return f"```\n{error}\n```"
    raise AssertionError("the example of a mistake compiles")


SECTIONS = {
    "devices": devices,
    "cards": cards,
    "methods": methods,
    "updates": updates,
    "imperfections": imperfections,
    "laws": laws,
    "memories": memories,
    "formats": formats,
    "board": board,
    "mistake": mistake,
}


def updated(text: str) -> str:
    for name, make in SECTIONS.items():
        head, rest = text.split(f"<!-- {name} -->", 1)
        tail = rest.split("<!-- end -->", 1)[1]
        text = f"{head}<!-- {name} -->\n{make()}\n<!-- end -->{tail}"
    return text


if __name__ == "__main__":
    new = updated(README.read_text(encoding="utf-8"))
    if "--write" in sys.argv:
        README.write_text(new, encoding="utf-8")
    else:
        print(new)
