"""One self-contained HTML page about what studies have found: the pictures, the paragraphs, the commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from netlearn.errors import RunError
from netlearn.report.html import inline, page, text
from netlearn.store import read_json, write_bytes

ORDER = (
    "mc",
    "machine",
    "ladder",
    "cycle",
    "model",
    "drift",
    "floor",
    "memory",
    "components",
    "schedule",
    "overclamp",
    "ablation",
)
"""In which a reader meets them; others come after."""
HIDDEN = ("digest", "study", "netlist", "tables", "numbers", "title", "found")
KNOWN: dict[str, tuple[type, ...]] = {"study": (str,), "netlist": (str,), "title": (str,), "tables": (list,)}


def folders(folder: Path) -> list[Path]:
    """The finished studies that a folder is or has, in the order of the page."""
    found = [folder] if (folder / "study.json").is_file() else [p.parent for p in sorted(folder.glob("*/study.json"))]
    done = [one for one in found if "title" in read_json(one / "study.json", "study", {})]
    return sorted(done, key=_place)


def _place(folder: Path) -> tuple[str, int, str]:
    config = read_json(folder / "study.json", "study", KNOWN)
    name = config["study"]
    return config["netlist"], ORDER.index(name) if name in ORDER else len(ORDER), folder.name


def write_studies_report(folder: Path, path: Path | None = None) -> Path:
    """Write the page (report.html in the folder by default); RunError where there is no finished study in it."""
    done = folders(folder)
    if not done:
        raise RunError(f"{folder} has no finished study", "netlearn study cycle FILE --out FOLDER")
    netlists: dict[str, list[str]] = {}
    for number, one in enumerate(done):
        config = read_json(one / "study.json", "study", KNOWN)
        netlists.setdefault(config["netlist"], []).append(_section(one, config, f"s{number}"))
    parts = [f"<h2>{text(name)}</h2>{''.join(sections)}" for name, sections in netlists.items()]
    body = f"<h1>What imperfect parts do to learning</h1>{''.join(parts)}"
    target = path or folder / "report.html"
    write_bytes(target, page(", ".join(netlists), body).encode())
    return target


def _words(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise RunError(f"{path} is not UTF-8 text", "do the study again: its parts are kept") from None


def _section(folder: Path, config: dict[str, Any], key: str) -> str:
    name = config["study"]
    if name not in ORDER:
        raise RunError(f"{folder / 'study.json'} has a study '{name[:40]}'", f"known: {', '.join(ORDER)}")
    words = _words(folder / f"{name}.md")
    options = {k: v for k, v in config.items() if k not in HIDDEN}
    times = "" if options.get("bias", 1.0) == 1.0 else f", {options['bias']:g} times the bias"
    return (
        f"<h3>{text(name)}: {text(config['title'])}{text(times)}</h3>"
        f"<figure class=wide>{inline(folder / f'{name}.svg', key)}</figure>"
        + "".join(f"<p>{text(part)}</p>" for part in re.split(r"\n\s*\n", words))
        + f"<pre class=wrap>netlearn {text(_command(name))} {text(config['netlist'])}\n{text(_listed(options))}\n"
        f"{text(', '.join(f'{table}.csv' for table in config['tables']))}</pre>"
    )


def _command(name: str) -> str:
    return name if name in ("mc", "ladder", "machine") else f"study {name}"


def _listed(options: dict[str, Any]) -> str:
    return ", ".join(f"{key} {_short(value)}" for key, value in options.items() if value is not None)


def _short(value: Any) -> str:
    if isinstance(value, list):
        shown = [_short(one) for one in value]
        return ",".join(shown if len(shown) <= 6 else [*shown[:2], "...", shown[-1]])
    return f"{value:g}" if isinstance(value, float) else str(value)
