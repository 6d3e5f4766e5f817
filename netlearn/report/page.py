"""One self-contained HTML page about a run: what was learned, how it went, what was run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netlearn.circuit.model import Choice
from netlearn.learn.metrics import label, show, shown_metrics, unsettled
from netlearn.learn.options import numbers
from netlearn.plot import KINDS, save, view
from netlearn.report.html import inline, page, table, text
from netlearn.store import RunFolder, write_bytes

CAPTIONS = {
    "curve": "Learning curve, measured after every epoch.",
    "outputs": "Outputs against labels, before and after learning.",
    "network": "The network before and after learning: edges by conductance, nodes by voltage (last sample).",
    "states": "Every learnable value on its way.",
}


def write_report(run: RunFolder, path: Path | None = None) -> Path:
    """Write the page (report.html in the run folder by default) and its pictures beside it; gives its path."""
    seen = view(run)
    figures = []
    for kind in KINDS:
        picture = save(seen, kind, run.path / f"{kind}.svg")
        wide = " class=wide" if KINDS[kind].size[0] > 8 else ""
        figures.append(f"<figure{wide}>{inline(picture, kind)}<figcaption>{CAPTIONS[kind]}</figcaption></figure>")
    config, result = run.config, run.result
    body = "\n".join(
        [
            f"<h1>{text(config['task'])} on {text(seen.circuit.name)}</h1>",
            f"<p class=sub>{text(config['netlist'])}, every voltage from {text(config['backend'])}</p>",
            f"<div class=numbers>{''.join(_number(*n) for n in _numbers(result, seen))}</div>",
            f"<p class=bad>{text(lost)}</p>" if (lost := unsettled(seen.task, result["unsettled"])) else "",
            f"<div class=figures>{''.join(figures)}</div>",
            f"<h2>What was run</h2>{table(_facts(config, result, seen))}",
            f"<h2>The netlist</h2><pre>{text(run.netlist.read_text(encoding='utf-8'))}</pre>"
            if run.netlist.exists()
            else "",
        ]
    )
    target = path or run.path / "report.html"
    write_bytes(target, page(f"{config['netlist']}: {config['task']}", body).encode())
    return target


def _number(value: str, label: str) -> str:
    return f"<div><b>{text(value)}</b><span>{text(label)}</span></div>"


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
        *((("imperfections", "; ".join(_choice(c) for c in task.spec.imperfections)),) if task.imperfections else ()),
        ("loss", f"{task.spec.loss.name} {_options(task.loss)}"),
        ("stops", f"after {config['steps']} steps" if config["steps"] is not None else str(task.spec.stop.text)),
        ("asserts", asserts or "none"),
        ("seed", str(config["seed"])),
        ("made", f"{config['created']} by {', '.join(f'{k} {v}' for k, v in config['versions'].items())}"),
    ]


def _choice(choice: Choice) -> str:
    """A choice of the task, as it was written."""
    return f"{choice.name} {', '.join(f'{key} = {numbers(value)}' for key, value in choice.options.items())}"


def _options(value: Any) -> str:
    return ", ".join(f"{k} = {v:g}" for k, v in vars(value).items() if isinstance(v, float))
