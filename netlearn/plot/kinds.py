"""The pictures of a run, by name. Each is a function of what the run folder holds, and deterministic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Floats, Params
from netlearn.errors import RunError
from netlearn.learn.metrics import label, shown_metrics
from netlearn.learn.session import params_of, trained
from netlearn.learn.task import Task
from netlearn.plot import network
from netlearn.plot.picture import BLUE, GREEN, GREY, ORANGE, write_picture
from netlearn.store import RunFolder


@dataclass(frozen=True)
class View:
    """What a picture may look at."""

    run: RunFolder
    circuit: FlatCircuit
    task: Task
    history: dict[str, Floats]
    epochs: Floats
    states: Floats
    solution: dict[str, Any] | None

    def solved(self) -> dict[str, Any]:
        if self.solution is None:
            raise RunError(f"{self.run.path} is not finished", f"netlearn resume {self.run.path}")
        return self.solution

    def params(self, when: str) -> Params:
        return params_of(self.run, self.circuit, self.solved()[f"states_{when}"][None, :])


def view(run: RunFolder) -> View:
    circuit, task, saved = trained(run)
    solution = run.solution() if run.finished else None
    return View(run, circuit, task, saved["history"], saved["recorded_epochs"], saved["recorded_states"], solution)


def curve(figure: Any, v: View) -> None:
    """What the task's loss is about against steps: the error, or the percentages of a task that classifies."""
    axes = figure.add_subplot()
    steps = v.history["steps"]
    rates = [n for n in shown_metrics(v.task) if n in ("violations", "accuracy")]
    lead = rates[0] if rates else "mse"
    if lead == "mse":
        axes.plot(steps, np.maximum(v.history["mse"], 1e-18), color=BLUE, lw=1.6)
        axes.set(ylabel="mean squared error (V²)", yscale="log")
    for name, color in zip(rates, (BLUE, ORANGE), strict=False):
        axes.plot(steps, 100 * v.history[name], color=color, lw=1.6, label=label(name, v.task))
    if rates:
        axes.set(ylabel="% of samples", ylim=(-2, 104))
        axes.legend(frameon=False)
    axes.set_xlabel("steps (samples shown)")
    axes.grid(alpha=0.25, which="both")
    if len(steps) > 3 and steps[-1] > 2000:
        axes.set_xscale("symlog", linthresh=100)
        axes.set_xlabel("steps (samples shown; logarithmic beyond 100)")
    axes.set_xlim(left=0)


def drawing(figure: Any, v: View) -> None:
    """The network before and after learning, with conductances and voltages of one sample."""
    s = v.solved()
    sample = len(s["inputs"]) - 1
    pairs = [(v.params(when), s[f"x_{when}"][sample]) for when in ("before", "after")]
    ends = network.limits([e for params, x in pairs for e in network.drawable(network.edges(v.circuit, params, x))])
    both = figure.subplots(1, 2)
    for axes, when, (params, x) in zip(both, ("before", "after"), pairs, strict=True):
        lines, points = network.draw(axes, v.circuit, params, x, ends)
        axes.set_title(f"{when} learning", fontsize=10)
    figure.colorbar(lines, ax=both, label="conductance (S)", shrink=0.8, pad=0.02)
    figure.colorbar(points, ax=both, label="node voltage (V)", shrink=0.8, pad=0.02)


def outputs(figure: Any, v: View) -> None:
    """What comes out against what should, for every sample."""
    s = v.solved()
    labels, before, after = s["labels"], s["outputs_before"], s["outputs_after"]
    if "accuracy" in v.task.loss.metrics and labels.shape[1] > 1:
        return _classes(figure, v, labels, after)
    axes = figure.add_subplot()
    if v.task.inputs.shape[1] == 1 and labels.shape[1] == 1:
        x = s["inputs"][:, 0]
        axes.plot(x, before[:, 0], "o", color=GREY, label="untrained", ms=5, mfc="none")
        axes.plot(x, labels[:, 0], "_", color=ORANGE, label="label", ms=16, mew=2.5)
        axes.plot(x, after[:, 0], "o-", color=BLUE, label="trained", ms=5, lw=1.2)
        axes.set(
            xlabel=f"input {v.circuit.inputs[0].name} ({v.circuit.inputs[0].kind})",
            ylabel=f"output {v.circuit.outputs[0].name} (V)",
        )
    else:
        k = np.arange(labels.size)
        axes.plot(k, before.ravel(), "o", color=GREY, label="untrained", ms=5, mfc="none")
        axes.plot(k, labels.ravel(), "_", color=ORANGE, label="label", ms=22, mew=2.5)
        axes.plot(k, after.ravel(), "o", color=BLUE, label="trained", ms=6)
        names = [", ".join(f"{value:.3g}" for value in row) for row in s["inputs"]]
        ticks = [f"{n}\n{port.name}" if labels.shape[1] > 1 else n for n in names for port in v.circuit.outputs]
        axes.set(ylabel="output (V)", xlabel=f"inputs ({', '.join(sorted({p.kind for p in v.circuit.inputs}))})")
        if len(k) <= 20:
            axes.set_xticks(k, ticks, fontsize=8)
        axes.margins(x=0.1)
    axes.legend(frameon=False)
    axes.grid(alpha=0.25)
    return None


def _classes(figure: Any, v: View, labels: Floats, after: Floats) -> None:
    """Confusion of classes on held-out (or training) samples, and the margins of all."""
    rows = v.task.test if len(v.task.test) else v.task.train
    truth, said = labels.argmax(axis=1), np.nan_to_num(after, nan=-np.inf).argmax(axis=1)
    count = labels.shape[1]
    table = np.zeros((count, count), dtype=int)
    np.add.at(table, (truth[rows], said[rows]), 1)
    axes = figure.add_subplot(1, 2, 1)
    axes.imshow(table, cmap="Blues")
    for i in range(count):
        for j in range(count):
            axes.text(
                j, i, table[i, j], ha="center", va="center", color="white" if table[i, j] > table.max() / 2 else "black"
            )
    axes.set(xlabel="read", ylabel="true", title=f"{'held-out' if len(v.task.test) else 'training'} samples")
    axes.set_xticks(range(count))
    axes.set_yticks(range(count))
    second = figure.add_subplot(1, 2, 2)
    mine = np.take_along_axis(after, truth[:, None], axis=1)[:, 0]
    rivals = np.where(np.arange(count)[None, :] == truth[:, None], -np.inf, after).max(axis=1)
    second.hist(
        [1e3 * (mine - rivals)[truth == c] for c in range(count)],
        bins=24,
        stacked=True,
        label=[f"class {c}" for c in range(count)],
        color=[BLUE, ORANGE, GREEN][:count] if count <= 3 else None,
    )
    second.axvline(0, color="black", lw=0.8)
    second.legend(frameon=False)
    second.set(xlabel="lead of the true class (mV)", ylabel="samples")


def states(figure: Any, v: View) -> None:
    """Every learnable value over the epochs."""
    axes = figure.add_subplot()
    free = v.circuit.free_states
    axes.plot(v.epochs, v.states[:, free], lw=0.9, alpha=0.8)
    axes.set(xlabel="epoch", ylabel="learnable value (SI units)")
    if len(v.epochs) > 100:
        axes.set_xscale("symlog", linthresh=10)
        axes.set_xlabel("epoch (logarithmic beyond 10)")
    axes.set_xlim(left=0)
    if len(free) <= 8:
        axes.legend([v.circuit.states[i].name for i in free], frameon=False, fontsize=8)
    axes.grid(alpha=0.25)


@dataclass(frozen=True)
class Kind:
    draw: Callable[[Any, View], None]
    size: tuple[float, float]


KINDS: dict[str, Kind] = {
    "network": Kind(drawing, (11.5, 4.6)),
    "curve": Kind(curve, (6.8, 3.8)),
    "outputs": Kind(outputs, (6.8, 3.8)),
    "states": Kind(states, (6.8, 3.8)),
}


def save(v: View, kind: str, path: Path) -> Path:
    """Draw one kind of picture into a file (svg, png or pdf); the same run gives the same bytes in svg."""
    if kind not in KINDS:
        raise RunError(f"there is no picture '{kind}'", f"known: {', '.join(KINDS)}")
    return write_picture(path, KINDS[kind].size, lambda figure: KINDS[kind].draw(figure, v))
