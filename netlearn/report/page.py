"""One self-contained HTML page about a run: what was learned, how it went, what was run."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from netlearn.learn.metrics import label, show, shown_metrics, unsettled
from netlearn.plot import KINDS, save, view
from netlearn.store import RunFolder, write_bytes

CAPTIONS = {
    "curve": "Learning curve, measured after every epoch.",
    "outputs": "Outputs against labels, before and after learning.",
    "network": "The network before and after learning: edges by conductance, nodes by voltage (last sample).",
    "states": "Every learnable value on its way.",
}
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.5em;margin-bottom:.2em} .sub{color:#666;margin-top:0}
.figures{display:grid;grid-template-columns:1fr 1fr;gap:1.2em} figure{margin:0} figure.wide{grid-column:1/3}
figure svg{width:100%;height:auto} figcaption{color:#555;font-size:.9em}
.numbers{display:flex;flex-wrap:wrap;gap:.8em;margin:1.2em 0}
.numbers div{background:#f3f6f9;border-radius:8px;padding:.6em 1em} .numbers b{display:block;font-size:1.25em}
.numbers span{color:#666;font-size:.85em}
table{border-collapse:collapse} td{padding:.15em 1em .15em 0;vertical-align:top}
pre{background:#f7f7f7;padding:1em;overflow:auto;border-radius:8px;font-size:.85em} .bad{color:#b00020}
@media(max-width:700px){.figures{grid-template-columns:1fr} figure.wide{grid-column:1}}
"""


def write_report(run: RunFolder, path: Path | None = None) -> Path:
    """Write the page (report.html in the run folder by default) and its pictures beside it; gives its path."""
    seen = view(run)
    figures = []
    for kind in KINDS:
        picture = save(seen, kind, run.path / f"{kind}.svg")
        wide = " class=wide" if KINDS[kind].size[0] > 8 else ""
        figures.append(f"<figure{wide}>{_inline(picture, kind)}<figcaption>{CAPTIONS[kind]}</figcaption></figure>")
    config, result = run.config, run.result
    page = "\n".join(
        [
            "<!doctype html><html lang=en><head><meta charset=utf-8>",
            '<meta name=viewport content="width=device-width">',
            f"<title>{_text(config['netlist'])}: {_text(config['task'])}</title><style>{STYLE}</style></head><body>",
            f"<h1>{_text(config['task'])} on {_text(seen.circuit.name)}</h1>",
            f"<p class=sub>{_text(config['netlist'])}, every voltage from {_text(config['backend'])}</p>",
            f"<div class=numbers>{''.join(_number(*n) for n in _numbers(result, seen))}</div>",
            f"<p class=bad>{_text(lost)}</p>" if (lost := unsettled(seen.task, result["unsettled"])) else "",
            f"<div class=figures>{''.join(figures)}</div>",
            f"<h2>What was run</h2>{_table(_facts(config, result, seen))}",
            f"<h2>The netlist</h2><pre>{_text(run.netlist.read_text(encoding='utf-8'))}</pre>"
            if run.netlist.exists()
            else "",
            "</body></html>",
        ]
    )
    target = path or run.path / "report.html"
    write_bytes(target, page.encode())
    return target


def _inline(path: Path, kind: str) -> str:
    """A picture's SVG with identifiers of its own, so that several live in one page."""
    svg = path.read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{kind}-', svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{kind}-", svg)


def _text(value: Any) -> str:
    return html.escape(str(value))


def _number(value: str, label: str) -> str:
    return f"<div><b>{_text(value)}</b><span>{_text(label)}</span></div>"


def _numbers(result: dict[str, Any], seen: Any) -> list[tuple[str, str]]:
    metrics = {name: result["metrics"][name] for name in shown_metrics(seen.task)}
    found = [(show(n, value), label(n, seen.task)) for n, value in metrics.items() if value is not None]
    lead = next(iter(metrics))
    if metrics[lead] is not None:
        found.insert(1, (show(lead, float(seen.history[lead][0])), "before learning"))
    return [
        *found,
        (f"{result['steps']:,}", "steps"),
        (f"{result['seconds']:.1f} s", "time"),
        (f"{100 * result['settled']:.2f} %", "of solves settled"),
    ]


def _facts(config: dict[str, Any], result: dict[str, Any], seen: Any) -> list[tuple[str, str]]:
    circuit, task = seen.circuit, seen.task
    asserts = ", ".join(f"{text}: {'holds' if ok else 'fails'}" for text, ok in result["asserts"].items())
    return [
        (
            "circuit",
            f"{len(circuit.nodes)} nodes, {circuit.element_count} elements, {len(circuit.free_states)} learnable values",
        ),
        ("task", f"{len(task.train)} training and {len(task.test)} held-out samples, order {task.spec.order}"),
        ("rule", f"{task.spec.rule.name} {_options(task.method)}"),
        ("loss", f"{task.spec.loss.name} {_options(task.loss)}"),
        ("stops", f"after {config['steps']} steps" if config["steps"] is not None else str(task.spec.stop.text)),
        ("asserts", asserts or "none"),
        ("seed", str(config["seed"])),
        ("made", f"{config['created']} by {', '.join(f'{k} {v}' for k, v in config['versions'].items())}"),
    ]


def _options(value: Any) -> str:
    return ", ".join(f"{k} = {v:g}" for k, v in vars(value).items() if isinstance(v, float))


def _table(rows: list[tuple[str, str]]) -> str:
    return "<table>" + "".join(f"<tr><td>{_text(k)}</td><td>{_text(v)}</td></tr>" for k, v in rows) + "</table>"
