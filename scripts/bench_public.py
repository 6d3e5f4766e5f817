"""Train the public works in netlists/public and print the README's table of them (markdown).

    .venv/bin/python scripts/bench_public.py [--seeds 10] [--first 10] [--write]

Every work is trained once a seed on the native engine, on one core, to the end of its task. Then learning is timed
on the trained network of the first seed: free phase, both nudged phases and update, by the example (evaluation not
counted), processor time and the best of REPEATS rounds since the machine's neighbours are felt, in the batches of the
task and in those of the rival. `--write` puts the table into README.md. What the rivals reach and take was measured by hand on the same kind
of machine while it was quiet, see RIVALS.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

import numpy as np

from netlearn.backends.native import Native
from netlearn.circuit.flat import Params, flatten, initial, with_states
from netlearn.lang.compile import compile_file
from netlearn.learn.task import make_task, order
from netlearn.learn.train import Moment, Trainer, board_of, equipped, learn, train

ROOT = Path(__file__).resolve().parents[1]
REPEATS, EXAMPLES = 25, 400


@dataclass(frozen=True)
class Rival:
    """Whose work it is, what their program reaches, and how long it takes: ms an example at a batch size."""

    name: str
    reached: str
    ms: float
    batch: int


EBANA, DRN = "EBANA on ngspice 39", "Scellier's DRN on torch"
RIVALS = {  # measured: 2.3 GHz, Python 3.11, no load, the fastest that was seen (EBANA iris: on two cores, all else on one)
    "ebana_gates": Rival(EBANA, "100 % (2 seeds)", 17.0, 4),
    "ebana_iris": Rival(EBANA, "95-97 % of all samples", 11.3, 35),
    "drn_xor": Rival(DRN, "100 % (2 of 3 seeds)", 0.85, 4),
    "drn_iris": Rival(DRN, "97.8-100 % held out (3 seeds)", 0.88, 4),
    "drn_digits": Rival(DRN, "96.7-98.1 % held out (3 seeds)", 0.55, 4),
}


def trained(name: str, seed: int) -> tuple[Trainer, Moment]:
    netlist = compile_file(ROOT / "netlists" / "public" / f"{name}.nl")
    task = make_task(netlist.task, seed)
    circuit = equipped(flatten(netlist.circuit), task)
    trainer = Trainer(circuit, task, Native(circuit, threads=1), seed)
    *_, last = train(trainer)
    return trainer, last


def batches(trainer: Trainer, size: int) -> Iterator[list[np.ndarray]]:
    """Rounds of EXAMPLES examples or a few more, in batches of a size."""
    spec = replace(trainer.task.spec, order="shuffled", batch=size)
    task = replace(trainer.task, spec=spec)
    shown = chain.from_iterable(order(task, 0, epoch) for epoch in count())
    while True:
        yield [next(shown) for _ in range(-(-EXAMPLES // size))]


def milliseconds(trainer: Trainer, params: Params, size: int) -> float:
    """Of learning from one example, in batches of a size: the best round."""
    board, times = board_of(trainer), []
    for _, some in zip(range(REPEATS), batches(trainer, size), strict=False):
        start = time.process_time()
        params, _ = learn(trainer, board, None, params, some)
        times.append(1e3 * (time.process_time() - start) / sum(len(rows) for rows in some))
    return min(times)


def row(name: str, seeds: range) -> str:
    rival, found = RIVALS[name], [trained(name, seed) for seed in seeds]
    trainer, moment = found[0]
    params = with_states(trainer.circuit, initial(trainer.circuit, seeds[0]), moment.states)
    task = trainer.task
    own = len(task.train) if task.spec.order == "batch" else task.spec.batch
    times = {size: milliseconds(trainer, params, size) for size in sorted({own, min(rival.batch, len(task.train))})}
    accuracies = [100 * last.metrics["accuracy"] for _, last in found]
    each = ", ".join(f"{a:.1f}".removesuffix(".0") for a in accuracies)
    held = all(check(last.metrics) for _, last in found for check in task.spec.asserts)
    cells = (
        f"`netlists/public/{name}.nl`",
        f"{each} %{' held out' if len(task.test) else ''}, **mean {statistics.mean(accuracies):.1f} %**"
        + ("" if held else " (an assert fails)"),
        f"{rival.name}: {rival.reached}",
        "; ".join(f"{ms:.2f} in batches of {size}" for size, ms in times.items()),
        f"{rival.ms:g} in batches of {rival.batch}",
        f"{rival.ms / times[min(rival.batch, len(task.train))]:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=10)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    lines = [
        f"| work, with `--seed {seeds[0]}` to `--seed {seeds[-1]}` | right, seed by seed | rival | learning, ms an example "
        "| rival, ms | times as fast |",
        "|---|---|---|---|---|--:|",
    ]
    for name in RIVALS:
        lines.append(row(name, seeds))
        print(lines[-1], file=sys.stderr)
    if options.write:
        write("\n".join(lines))
    print("\n".join(lines))


def write(table: str) -> None:
    readme = ROOT / "README.md"
    head, rest = readme.read_text(encoding="utf-8").split("<!-- public -->", 1)
    tail = rest.split("<!-- end -->", 1)[1]
    readme.write_text(f"{head}<!-- public -->\n{table}\n<!-- end -->{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
