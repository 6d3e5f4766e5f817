"""Experiments behind claims that are no study: small enough to be made anew whenever they are asked for.

Each gives a verdict (shown, partly, not) and what was seen. `scripts/imperfect.py` calls them; by hand

    python scripts/experiments.py linear_edges modes_of_error ...
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import netlearn
from netlearn.circuit.flat import CLAMPED, FREE, Params, boundary, initial, with_states
from netlearn.solve.solution import Solution, currents, read

NETLISTS = Path(__file__).resolve().parents[1] / "netlists"
LINEAR = """module Linear(a: twin, b: twin) {
  state g = learn(uniform(0.3mS, 0.6mS), 1uS..5mS)
  G f(a.free, b.free) = g
  G c(a.clamped, b.clamped) = g
}
circuit Torus"""
SEEDS = range(5)
Seen = tuple[str, str]


def trainer(text: str, seed: int = 0, steps: int | None = None) -> netlearn.Trainer:
    netlist = netlearn.compile_netlist(text, "experiment.nl", NETLISTS)
    task = netlearn.make_task(netlist.task, seed)
    circuit = netlearn.equipped(netlearn.flatten(netlist.circuit), task)
    return netlearn.Trainer(circuit, task, netlearn.open_backend("native", circuit), seed, steps)


def trained(text: str, seed: int = 0, steps: int | None = None) -> netlearn.Moment:
    """The last moment of a training."""
    *_, last = netlearn.train(trainer(text, seed, steps))
    return last


def answers(on: netlearn.Trainer, states: np.ndarray) -> tuple[np.ndarray, Params, Solution]:
    """Outputs (N, O) of all samples, and the operating points they are of."""
    params = with_states(on.circuit, initial(on.circuit, on.seed), states)
    found = on.backend.operating_points(params, boundary(on.circuit, on.task.inputs))
    return read(on.circuit, params, found.x)[0], params, found


def shipped(name: str) -> str:
    return (NETLISTS / f"{name}.nl").read_text(encoding="utf-8")


def without_imperfections() -> Seen:
    """1: a single task, no bias."""
    mse = float(np.median([trained(shipped("regression"), seed).metrics["mse"] for seed in SEEDS]))
    right = [trained(shipped("xor"), seed).metrics["accuracy"] for seed in SEEDS]
    verdict = "shown" if mse < 3e-5 and min(right) == 1 else "partly"
    return (
        verdict,
        f"regression {mse:.1e} V² (median of {len(SEEDS)} seeds), XOR right in {sum(right):g} of {len(SEEDS)}",
    )


def linear_edges() -> Seen:
    """2: the same tasks with conductances in place of transistors."""
    regression = shipped("regression").replace("of MosEdge", "of Linear").replace("circuit Torus", LINEAR)
    xor = shipped("xor").replace("of EkvEdge", "of Linear").replace("circuit Torus", LINEAR)
    mse = min(trained(regression.replace("rate = 1)", "rate = 1e-3)"), s, 20000).metrics["mse"] for s in range(3))
    right = [trained(xor.replace("rate = 16)", "rate = 4e-3)"), s, 8000).metrics["accuracy"] for s in range(3)]
    line = best_line(trainer(shipped("regression")))
    verdict = "shown" if mse > 0.9 * line and max(right) < 1 else "not"
    return verdict, (
        f"conductances leave {mse:.1e} V² (the best straight line {line:.1e}; transistors 2e-5) and solve "
        f"{100 * max(right):.0f} % of XOR"
    )


def best_line(on: netlearn.Trainer) -> float:
    """What the best straight line leaves of a regression, V^2."""
    x, y = on.task.inputs[:, 0], on.task.labels[:, 0]
    return float(np.mean((y - np.polyval(np.polyfit(x, y, 1), x)) ** 2))


def modes_of_error() -> Seen:
    """3: when mean, slope and curvature of the error have fallen for good to a fifth of their most."""
    on = trainer(shipped("regression"), 0, 20000)
    base, _ = np.linalg.qr(np.vander(np.linspace(-1, 1, len(on.task.labels)), 3, increasing=True))
    steps, modes = [], []
    for moment in netlearn.train(on):
        if moment.epoch < 60 or moment.epoch % 20 == 0:
            steps.append(moment.steps)
            modes.append(base.T @ (answers(on, moment.states)[0] - on.task.labels)[:, 0])
    size = np.abs(np.array(modes))
    fallen = [int(steps[np.flatnonzero(mode >= 0.2 * mode.max())[-1] + 1]) for mode in size.T]
    return ("shown" if fallen == sorted(fallen) else "not"), (
        f"down to a fifth after {fallen[0]:,} (mean), {fallen[1]:,} (slope), {fallen[2]:,} (curvature) steps"
    )


def discrete() -> Seen:
    """18: 16 potentiometers of 7 bits and the comparator rule."""
    errors = [1e3 * trained(varied(), seed).metrics["error"] for seed in SEEDS]
    floor = float(np.median([1e3 * _floor(varied(), seed, 400) for seed in SEEDS]))
    verdict = "partly"
    return verdict, (
        f"allostery: {max(errors):.2g} mV at worst after 100 steps, a floor of {floor:.2g} mV of steps to and fro; no "
        "Iris by this rule (edges cut: claim 23)"
    )


def varied(p: float = 1.0) -> str:
    """The allostery task from counters of its own for each seed, each of which moves with a probability."""
    text = shipped("allostery").replace("learn(64,", "learn(uniform(32, 96),")
    rule = "rule sign(eta = 1, delta = 1)"
    assert rule in text
    return text if p == 1 else text.replace(rule, f"{rule}\n  update desynchronous(p = {p:g})")


def _floor(text: str, seed: int, steps: int) -> float:
    """The median error over the last quarter of a training, V."""
    errors = [moment.metrics["error"] for moment in netlearn.train(trainer(text, seed, steps))]
    return float(np.median(errors[-steps // 4 :]))


def desynchronous() -> Seen:
    """19: steps that each edge makes or not."""
    parts = (1.0, 0.5, 0.2)
    floors = [float(np.median([1e3 * _floor(varied(p), s, int(300 / p)) for s in range(10)])) for p in parts]
    rule = "rule hardware(eta = 1, rate = 1)"
    text = shipped("regression")
    assert rule in text
    texts = [text if p == 1 else text.replace(rule, f"{rule}\n  update desynchronous(p = {p})") for p in parts[:2]]
    smooth = [trained(one, 0, int(1600 / p)).metrics["mse"] for one, p in zip(texts, parts, strict=False)]
    better = floors[1] < floors[0] and floors[2] < floors[0]
    alike = 0.5 < smooth[1] / smooth[0] < 2
    verdict = "shown" if better and alike else "partly" if better or alike else "not"
    return verdict, (
        f"comparator rule: floors {floors[0]:.2g}, {floors[1]:.2g}, {floors[2]:.2g} mV at p = 1, 0.5, 0.2 (medians of 10); "
        f"continuous rule after the same p times steps: {smooth[0]:.1e} and {smooth[1]:.1e} V² at p = 1, 0.5"
    )


POWER = """circuit Net {{
  net n[64]
  mesh e = random(64, 143, seed = 3) on n of G = learn(uniform(0.9mS, 1.1mS), 1uS..10mS)
  input x[0..1] = V(n[0]), V(n[1])
  V low(n[2], gnd) = 0V
  output y[0..1] = V(n[40]), V(n[50])
}}
task map on Net {{
  data x: [[1V, 0V], [0V, 1V], [1V, 1V], [0.5V, 0.2V]] -> y: [
    [200mV, 300mV], [100mV, 500mV], [300mV, 800mV], [120mV, 250mV]]
  rule power(eta = 0.01, rate = 3e-4, share = {share})
  order batch
  stop steps > 24000
}}"""


def power_saved() -> Seen:
    """21: error and power of 64 nodes against the weight of power."""
    shares = (3e-4, 1e-3, 3e-3)
    found = list(_powers(shares))
    steps = np.log(np.array(shares[1:]) / np.array(shares[:-1]))
    slopes = np.diff(np.log([mse for mse, _ in found])) / steps
    least = _saved(found)
    return "partly", (
        f"share {', '.join(f'{s:g}' for s in shares)}: error {', '.join(f'{e:.1e}' for e, _ in found)} V², power "
        f"{', '.join(f'{1e3 * p:.2f}' for _, p in found)} mW; the error goes as share^{slopes.mean():.1f}, {least}"
    )


def _saved(found: list[tuple[float, float]]) -> str:
    return f"the power falls to {100 * found[-1][1] / found[0][1]:.0f} %"


def _powers(shares: tuple[float, ...]) -> Iterator[tuple[float, float]]:
    for share in shares:
        on = trainer(POWER.format(share=share))
        *_, last = netlearn.train(on)
        _, params, found = answers(on, last.states)
        ends = on.circuit.banks["G"].nodes
        drops = found.x[0][:, ends[:, 0]] - found.x[0][:, ends[:, 1]]
        yield last.metrics["mse"], float((params.values["G"]["g"][0] * drops**2).sum(axis=1).mean())


def dissipated() -> Seen:
    """22: what the transistors of both networks of a twin turn into heat at the free operating point."""
    found = {}
    for name in ("xor", "regression"):
        on = trainer(shipped(name))
        *_, last = netlearn.train(on)
        found[name] = 1e6 * _heat(on, last.states)
    low, high = (found[name] / 64 for name in ("xor", "regression"))
    return "partly", (
        f"XOR {found['xor']:.0f} µW (lab 151), regression {found['regression']:.0f} µW (lab 345 ± 72 over 29 tasks), "
        f"{low:.1f} and {high:.1f} µW a transistor, {2 * low:.0f}-{2 * high:.0f} pJ in 2 µs"
    )


def _heat(on: netlearn.Trainer, states: np.ndarray) -> float:
    """The mean over samples, W."""
    _, params, found = answers(on, states)
    total = 0.0
    for name in ("NMOS", "NEKV"):
        if name in on.circuit.banks:
            nodes = on.circuit.banks[name].nodes
            halves = on.circuit.halves[nodes].max(axis=1)
            flows = currents(on.circuit, params, found.x, name)
            heat = sum(found.x[0][:, ends] * of[0] for ends, of in zip(nodes.T, flows, strict=True))
            total += float(np.asarray(heat)[:, np.isin(halves, (FREE, CLAMPED))].sum(axis=1).mean())
    return total


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, *globals()[name](), sep=": ")
