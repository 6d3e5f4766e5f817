"""The learning loop: every rule learns, tasks and losses mean what they say, runs can be resumed bit for bit."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netlearn.backends import Backend, open_backend
from netlearn.circuit.flat import Boundary, Params, flatten
from netlearn.errors import NetlearnError, RunError, TaskError
from netlearn.lang.compile import Netlist, compile_file, compile_netlist
from netlearn.learn import session
from netlearn.learn.losses import Hinge, make_loss, nearest
from netlearn.learn.methods import METHODS, make_method
from netlearn.learn.metrics import unsettled
from netlearn.learn.task import make_task, order
from netlearn.learn.train import Moment, Trainer, equipped, train
from netlearn.report import write_report
from netlearn.solve.solution import Solution
from netlearn.store import new_folder, open_run

ROOT = Path(__file__).resolve().parents[2]
RULES = {
    "coupled": "coupled(eta = 0.5, rate = 2e-3)",
    "hardware": "hardware(eta = 0.5, rate = 4e4)",
    "integrator": "integrator(eta = 0.5, gain = 3e5)",
    "overclamp": "overclamp(eta = 0.5, gain = 3e5, high = 1V)",
    "sign": "sign(eta = 1, delta = 100)",
    "coupled_centred": "coupled_centred(eta = 0.5, rate = 2e-3)",
    "hebbian": "hebbian(rate = 2e-3)",
    "power": "power(eta = 0.5, rate = 2e-3, share = 1e-6)",
    "equilibrium": "equilibrium(beta = 1e-6, rate = 2e9)",
    "equilibrium_positive": "equilibrium_positive(beta = 1e-6, rate = 2e9)",
    "equilibrium_negative": "equilibrium_negative(beta = 1e-6, rate = 2e9)",
    "spring": "spring(beta = 1e-6, rate = 2e9)",
    "holomorphic": "holomorphic(beta = 1e-6, rate = 2e9)",
    "two_phase": "two_phase(rate = 2e13)",
    "two_phase_centred": "two_phase_centred(rate = 2e13)",
    "omega": "omega(rate = 2e9)",
    "omega_biased": "omega_biased(rate = 2e9)",
    "frequency": "frequency(rate = 2e9)",
    "agnostic": "agnostic(beta = 3e-4, rate = 3e9)",
    "spsa": "spsa(rate = 2e9)",
    "perturbation": "perturbation(rate = 2e9)",
    "adjoint": "adjoint(rate = 2e9)",
    "aging": "aging(rate = 1e-4)",
}
ALONE = {"adjoint": ["native"], "holomorphic": ["reference"]}


def _divider(
    rule: str = RULES["coupled"], more: str = "stop steps > 299", value: str = "learn(10k, 1k..100k)"
) -> Netlist:
    return compile_netlist(
        f"""circuit Divider {{
          net in, out
          R r1(in, out) = {value}
          R r2(out, gnd) = 10k
          input x = V(in)
          output y = V(out)
        }}
        task t on Divider {{
          data x: [100mV, 200mV, 400mV] -> y: [30mV, 60mV, 120mV]
          rule {rule}
          {more}
        }}"""
    )


def _moments(netlist: Netlist, backend: str = "reference", **options: int) -> list[Moment]:
    task = make_task(netlist.task, options.get("seed", 0))
    circuit = equipped(flatten(netlist.circuit), task)
    opened = open_backend(backend, circuit)
    try:
        return list(train(Trainer(circuit, task, opened, **options)))
    finally:
        opened.close()


def test_the_table_of_rules_is_the_table_of_this_test() -> None:
    assert set(RULES) == set(METHODS)


@pytest.mark.parametrize(
    ("rule", "backend"),
    [(r, b) for r in RULES if r != "aging" for b in ALONE.get(r, ["native", "ngspice", "reference"])],
)
def test_every_rule_teaches_the_divider_on_every_backend_it_can_use(rule: str, backend: str) -> None:
    moments = _moments(_divider(RULES[rule]), backend)
    assert moments[0].metrics["error"] > 30e-3
    assert moments[-1].metrics["error"] < 1e-3
    assert all(m.settled == m.solves for m in moments)


def test_coupled_learning_finds_the_resistance_that_solves_the_task() -> None:
    last = _moments(_divider(more="stop error < 1nV or steps > 3000"))[-1]
    assert last.states[0, 0] == pytest.approx(70e3 / 3, rel=1e-6)


def test_the_two_backends_learn_the_same_numbers() -> None:
    a, b = (_moments(_divider(), backend)[-1].states for backend in ("reference", "ngspice"))
    np.testing.assert_allclose(a, b, rtol=1e-8)


def test_learnable_values_stay_within_their_bounds() -> None:
    moments = _moments(_divider(value="learn(10k, 9k..12k)"))
    assert all(9e3 <= m.states[0, 0] <= 12e3 for m in moments)
    assert moments[-1].states[0, 0] == 12e3


def test_a_stepped_value_moves_on_its_steps_only() -> None:
    moments = _moments(_divider(RULES["sign"], value="learn(10k, 1k..100k, step = 500)".replace("sign", "sign")))
    values = np.array([m.states[0, 0] for m in moments])
    assert np.all((values - 1000) % 500 == 0)


def test_a_logarithmic_law_learns_as_well() -> None:
    moments = _moments(_divider("coupled(eta = 0.5, rate = 2e6)", value="learn(10k, 1k..100k, law = log)"))
    assert moments[-1].metrics["error"] < 1e-3


def test_a_formula_of_a_state_learns_through_its_slope() -> None:
    netlist = compile_netlist(
        """circuit Divider {
          net in, out
          state k = learn(64, 1..127)
          R r1(in, out) = 20k * k / 128
          R r2(out, gnd) = 10k
          input x = V(in)
          output y = V(out)
        }
        task t on Divider { data x: [1V] -> y: [0.4V]
          rule coupled(eta = 1, rate = 1e9)
          stop error < 1mV or steps > 500 }"""
    )
    assert _moments(netlist)[-1].metrics["error"] < 1e-3


def test_steps_override_the_stop_rule_and_count_samples() -> None:
    assert _moments(_divider(), steps=7)[-1].steps == 7
    assert _moments(_divider(), steps=0)[-1].steps == 0


def test_a_task_without_a_stop_rule_asks_for_steps() -> None:
    with pytest.raises(TaskError, match="no stop rule"):
        _moments(_divider(more=""))


def test_a_batch_learns_from_the_mean_of_its_samples() -> None:
    moments = _moments(_divider(more="order batch\n stop steps > 900"))
    assert moments[-1].metrics["error"] < 1e-3


def test_shuffled_orders_are_a_function_of_seed_and_epoch() -> None:
    task = make_task(_divider(more="order shuffled\n stop steps > 9").task, 3)
    first = np.concatenate(order(task, 3, 5))
    np.testing.assert_array_equal(first, np.concatenate(order(task, 3, 5)))
    assert sorted(first) == [0, 1, 2]
    assert any(np.any(np.concatenate(order(task, 3, e)) != first) for e in range(20))


def test_held_out_samples_are_the_same_share_of_every_class() -> None:
    task = make_task(compile_file(ROOT / "netlists" / "iris.nl").task, 4)
    assert (len(task.train), len(task.test)) == (105, 45)
    counts = np.unique(task.labels[task.test].argmax(axis=1), return_counts=True)[1]
    np.testing.assert_array_equal(counts, [15, 15, 15])
    assert not set(task.train) & set(task.test)


def test_a_hinge_pushes_the_label_and_its_strongest_rival_only() -> None:
    hinge = Hinge(margin=0.01, delta=0.04)
    outputs = np.array([[0.2, 0.21, 0.1], [0.3, 0.2, 0.1]])
    labels = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    target = hinge.target(outputs, labels, labels)
    np.testing.assert_allclose(target[0], [0.22, 0.19, np.nan])
    assert np.isnan(target[1]).all()


def test_a_hinge_on_one_output_looks_at_the_side_of_the_middle() -> None:
    known = np.array([[0.0], [-0.087]])
    outputs = np.array([[-0.05], [-0.08], [0.0]])
    labels = np.array([[0.0], [-0.087], [-0.087]])
    target = Hinge(margin=0.03).target(outputs, labels, known)
    np.testing.assert_allclose(target[:, 0], [0.0, np.nan, -0.087])


def test_nearest_label_decides_among_all_labels() -> None:
    known = np.array([[0.0], [1.0]])
    np.testing.assert_array_equal(nearest(np.array([[0.4], [0.6]]), np.array([[0.0], [0.0]]), known), [True, False])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: make_method("coupld", {}), "unknown rule 'coupld'"),
        (lambda: make_method("coupled", {"beta": 1.0}), "no option 'beta'"),
        (lambda: make_method("coupled", {"eta": 0.5}), "not given its rate"),
        (lambda: make_method("coupled", {"eta": 0.0, "rate": 1.0}), "eta is 0"),
        (lambda: make_method("hardware", {"rate": -1.0}), "rate is -1"),
        (lambda: make_loss("squared", {}), "unknown loss 'squared'"),
        (lambda: make_loss("hinge", {"gap": 1.0}), "no option 'gap'"),
        (lambda: make_loss("hinge", {"delta": -1.0}), "delta is -1"),
    ],
)
def test_wrong_rules_and_losses_are_refused_by_name(make, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TaskError, match=words):
        make()


def test_an_output_at_a_driven_node_cannot_be_trained() -> None:
    netlist = compile_netlist(
        "circuit Divider {\n net a, b\n R r(a, b) = learn(1k, 10..10k)\n R q(b, gnd) = 1k\n input x = V(a)\n output y = V(a)\n}\n"
        "task t on Divider {\n data x: [1V] -> y: [1V]\n rule coupled(rate = 1e-3)\n stop steps > 1\n}"
    )
    with pytest.raises(TaskError, match="an input or a source holds"):
        _moments(netlist)


RAIL = """circuit Rail {
  net a, b, h
  V v(h, gnd) = 0.1V
  G g1(a, b) = learn(1mS, 0.1mS..10mS)
  G g2(b, gnd) = learn(1mS, 0.1mS..10mS)
  R r(b, h) = 1k
  input x = V(a)
  output y = V(READ)
}
task t on Rail {
  data x: [0.3V, 0.6V] -> y: [50mV, 150mV]
  rule hardware(rate = 1e-2)
  stop steps > 1999
}"""


def test_an_output_at_a_source_is_refused_and_one_against_it_learns(backend: Callable[..., Backend]) -> None:
    netlist = compile_netlist(RAIL.replace("READ", "h, b"))
    circuit = flatten(netlist.circuit)
    with pytest.raises(TaskError, match="an input or a source holds"):
        Trainer(circuit, make_task(netlist.task, 0), backend("reference", circuit))
    netlist = compile_netlist(RAIL.replace("READ", "b, h"))
    circuit = flatten(netlist.circuit)
    for name in ("native", "ngspice"):
        *_, last = train(Trainer(circuit, make_task(netlist.task, 0), backend(name, circuit)))
        assert last.metrics["mse"] < 1e-6


@pytest.mark.parametrize("backend", ["reference", "ngspice"])
@pytest.mark.parametrize("rule", ["coupled(rate = 1)", "coupled(rate = 1e30)", "hardware(rate = 1e300)"])
def test_a_rate_that_makes_a_value_run_away_is_told_of(rule: str, backend: str) -> None:
    with pytest.raises(TaskError, match="ran away") as found:
        _moments(_divider(rule, value="learn(10k)"), backend)
    assert "lower the rate" in found.value.help


@pytest.mark.parametrize(
    ("loss", "names"),
    [
        ("square", {"mse", "error"}),
        ("nearest", {"mse", "error", "accuracy", "train_accuracy"}),
        ("hinge", {"mse", "error", "accuracy", "train_accuracy", "violations"}),
    ],
)
def test_only_metrics_that_mean_something_with_the_loss_are_kept(loss: str, names: set[str], tmp_path: Path) -> None:
    run = session.start(_divider(more=f"loss {loss}\nstop steps > 5"), backend="reference", out=tmp_path / "r")
    for moment in run:
        assert set(moment.metrics) == names | {"steps", "epochs"}
    assert set(open_run(tmp_path / "r").result["metrics"]) == names
    assert (tmp_path / "r" / "history.csv").read_text().splitlines()[0] == ",".join(
        ["epoch", "steps", *run.trainer.task.loss.metrics]
    )


def test_samples_that_do_not_settle_are_named(tmp_path: Path) -> None:
    run = session.start(_divider(more="stop steps > 5"), backend="reference", out=tmp_path / "r")
    run.trainer = replace(run.trainer, backend=_Deaf(run.trainer.backend, 0.2))
    moments = list(run)
    assert all(m.metrics.unsettled == (1,) for m in moments)
    result = open_run(tmp_path / "r").result
    assert result["unsettled"] == [1]
    assert result["error"] is None
    said = "sample 2 of 3 (counted from 1) did not settle"
    assert unsettled(run.trainer.task, result["unsettled"]) == said
    assert said in write_report(open_run(tmp_path / "r")).read_text()


class _Deaf:
    """A backend that finds no operating point where an input is at `lost` volts."""

    def __init__(self, backend: Backend, lost: float) -> None:
        self.backend, self.lost = backend, lost

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def operating_points(self, params: Params, boundary: Boundary, near: Solution | None = None) -> Solution:
        found = self.backend.operating_points(params, boundary, near)
        lost = (boundary.voltages == self.lost).any(axis=1)
        return replace(found, x=np.where(lost[:, None], np.nan, found.x), settled=found.settled & ~lost)


def _same(a: Path, b: Path) -> None:
    """Two run folders hold the same numbers, bit for bit (the clock apart)."""
    for name in ("checkpoint.npz", "solution.npz"):
        with np.load(a / name) as x, np.load(b / name) as y:
            assert set(x.files) == set(y.files)
            for key in set(x.files) - {"seconds"}:
                np.testing.assert_array_equal(x[key], y[key], err_msg=f"{name}: {key}")
    assert (a / "history.csv").read_bytes() == (b / "history.csv").read_bytes()


@pytest.mark.parametrize("backend", ["reference", "ngspice"])
def test_a_run_that_stopped_at_any_moment_ends_as_one_that_never_stopped(tmp_path: Path, backend: str) -> None:
    netlist = compile_file(ROOT / "netlists" / "allostery.nl")
    for name, stops in (("whole", []), ("cut", [3, 11, 40])):
        run = session.start(netlist, backend=backend, seed=1, steps=60, out=tmp_path / name)
        run.trainer = _often(run.trainer)
        for stop in stops:
            for moment in run:
                if moment.epoch >= stop:
                    break
            run.close()
            run = session.resume(tmp_path / name)
            run.trainer = _often(run.trainer)
        for _ in run:
            pass
        run.close()
    _same(tmp_path / "whole", tmp_path / "cut")


def test_a_run_that_is_resumed_is_as_warm_as_it_was(tmp_path: Path) -> None:
    netlist = compile_file(ROOT / "netlists" / "regression.nl")
    ends = {}
    for name, stop, celsius in (("whole", 10_000, 85.0), ("cut", 25, 85.0), ("cold", 10_000, 27.0)):
        run = session.start(netlist, seed=1, steps=400, out=tmp_path / name, celsius=celsius)
        run.trainer = _often(run.trainer)
        for moment in run:
            if moment.epoch >= stop:
                break
        run.close()
        if stop < 10_000:
            run = session.resume(tmp_path / name)
            assert run.trainer.celsius == 85.0
            run.trainer = _often(run.trainer)
            for moment in run:  # noqa: B007
                pass
            run.close()
        ends[name] = moment.states
    _same(tmp_path / "whole", tmp_path / "cut")
    assert np.abs(ends["whole"] - ends["cold"]).max() > 1e-3


def _often(trainer: Trainer) -> Trainer:
    return replace(trainer, checkpoint_steps=7)


@pytest.mark.slow
def test_kill_9_at_random_moments_costs_nothing_but_time(tmp_path: Path) -> None:
    base = [sys.executable, "-m", "netlearn"]
    arguments = ["train", str(ROOT / "netlists" / "regression.nl"), "--steps", "16000", "--out"]
    subprocess.run([*base, *arguments, str(tmp_path / "whole"), "--json"], check=True, capture_output=True)
    rng = np.random.default_rng(5)
    command = [*base, *arguments, str(tmp_path / "cut")]
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(float(rng.uniform(1.5, 4.0)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (tmp_path / "cut" / "result.json").exists():
            break
        command = [*base, "resume", str(tmp_path / "cut")] if (tmp_path / "cut" / "run.json").exists() else command
    else:
        done = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True)
        assert json.loads(done.stdout)["steps"] == 16000
    _same(tmp_path / "whole", tmp_path / "cut")


def test_a_finished_run_is_not_resumed_and_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    run = session.start(_divider(), backend="reference", out=tmp_path / "r")
    list(run)
    with pytest.raises(RunError, match="is finished"):
        session.resume(tmp_path / "r")
    with pytest.raises(RunError, match="exists"):
        session.start(_divider(), backend="reference", out=tmp_path / "r")


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "{}", '{"format": 99}', '{"format": 1}', '{"format": 1, "seed": "x"}']
)
def test_damaged_run_folders_are_refused_in_words(tmp_path: Path, damage: str) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "run.json").write_text(damage)
    with pytest.raises(RunError):
        open_run(tmp_path / "r")


@pytest.mark.parametrize("name", ["run.json", "result.json", "checkpoint.npz", "solution.npz"])
def test_a_file_cut_or_changed_anywhere_is_refused_in_words_or_read(name: str, tmp_path: Path) -> None:
    list(session.start(_divider(more="stop steps > 2"), backend="reference", out=tmp_path / "r"))
    place = tmp_path / "r" / name
    whole = place.read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(40):
        at = int(rng.integers(len(whole)))
        other = bytes([int(rng.integers(256))])
        for damaged in (whole[:at], whole[:at] + other + whole[at + 1 :]):
            place.write_bytes(damaged)
            with contextlib.suppress(NetlearnError):
                run = open_run(tmp_path / "r")
                _ = run.result, run.solution()
                session.trained(run)


def test_arrays_or_keys_that_are_missing_are_named(tmp_path: Path) -> None:
    list(session.start(_divider(more="stop steps > 2"), backend="reference", out=tmp_path / "r"))
    run = open_run(tmp_path / "r")
    (run.path / "result.json").write_text('{"steps": 3}')
    np.savez(run.path / "checkpoint.npz", epoch=np.array(1))
    np.savez(run.path / "solution.npz", inputs=np.array(1))
    for read, missing in ((lambda: run.result, "metrics"), (run.checkpoint, "steps"), (run.solution, "labels")):
        with pytest.raises(RunError, match=f"has no '{missing}'"):
            read()


def test_one_process_at_a_time_works_on_a_run(tmp_path: Path) -> None:
    first = session.start(_divider(more="stop steps > 2"), backend="reference", out=tmp_path / "r")
    with pytest.raises(RunError, match="another process works on"):
        session.resume(tmp_path / "r")
    first.close()
    second = session.resume(tmp_path / "r")
    with pytest.raises(RunError, match="exists"):
        session.start(_divider(), backend="reference", out=tmp_path / "r")
    list(second)
    assert open_run(tmp_path / "r").finished


def test_every_new_folder_is_another_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_folder(tmp_path / "runs" / "a"), range(40)))
    assert len(set(made)) == 40
    assert tmp_path / "runs" / "a-40" in made


def test_a_truncated_checkpoint_is_refused_in_words(tmp_path: Path) -> None:
    run = session.start(_divider(), backend="reference", out=tmp_path / "r")
    list(run)
    place = tmp_path / "r" / "checkpoint.npz"
    place.write_bytes(place.read_bytes()[:100])
    os.remove(tmp_path / "r" / "result.json")
    with pytest.raises(RunError, match="cannot be read"):
        session.resume(tmp_path / "r")


def test_a_run_keeps_the_files_its_netlist_read(tmp_path: Path) -> None:
    run = session.start(compile_file(ROOT / "netlists" / "iris.nl"), backend="reference", steps=3, out=tmp_path / "r")
    list(run)
    names = {
        str(p.relative_to(tmp_path / "r" / "netlist")) for p in (tmp_path / "r" / "netlist").rglob("*") if p.is_file()
    }
    assert names == {"iris.nl", "std/edge.nl", "data/iris.csv"}


def test_a_run_whose_files_lie_elsewhere_notices_that_they_changed(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "project").mkdir()
    cell = tmp_path / "lib" / "cell.nl"
    cell.write_text("module Load(a) {\n  R r(a, gnd) = 10k\n}\n")
    netlist = tmp_path / "project" / "p.nl"
    netlist.write_text(
        'import "../lib/cell.nl"\ncircuit Divider {\n  net a, b\n  R r(a, b) = learn(10k, 1k..100k)\n  Load l(b)\n'
        "  input x = V(a)\n  output y = V(b)\n}\ntask t on Divider {\n  data x: [1V] -> y: [0.3V]\n"
        "  rule coupled(rate = 1e-4)\n  stop steps > 3\n}\n"
    )
    allowed = [tmp_path / "lib"]
    list(session.start(compile_file(netlist, allowed), backend="reference", out=tmp_path / "r", allowed=allowed))
    run = open_run(tmp_path / "r")
    assert session.load_netlist(run).task.name == "t"
    cell.write_text(cell.read_text().replace("10k", "40k"))
    with pytest.raises(RunError, match=r"cell\.nl has changed"):
        session.load_netlist(run)


def test_a_batch_is_so_many_samples_and_the_last_one_what_is_left() -> None:
    task = make_task(_divider(more="stop steps > 9\n batch 2").task, 0)
    assert [rows.tolist() for rows in order(task, 0, 0)] == [[0, 1], [2]]


def test_a_batch_of_all_samples_is_what_the_order_batch_does() -> None:
    one, other = (_moments(_divider(more=f"stop steps > 29\n {how}"))[-1] for how in ("batch 3", "order batch"))
    np.testing.assert_array_equal(one.states, other.states)


UPDATED = "stop steps > 199\n order shuffled\n batch 2\n update written(relative = 0.3)\n update annealed(factor = 0.9)"


def test_learning_with_noisy_writes_and_a_falling_rate_goes_on_as_if_never_stopped() -> None:
    netlist = _divider(more=f"{UPDATED}\n update desynchronous(p = 0.7)")
    circuit, task = flatten(netlist.circuit), make_task(netlist.task, 3)
    trainer = Trainer(circuit, task, open_backend("native", circuit), 3, checkpoint_steps=30)
    moments = list(train(trainer))
    middle = next(m for m in moments[1:] if m.checkpoint and not m.finished)
    again = list(train(trainer, middle))
    np.testing.assert_array_equal(again[-1].states, moments[-1].states)
    assert moments[-1].metrics["error"] < 0.5 * moments[0].metrics["error"]


def test_a_rule_that_needs_equipment_says_so_where_the_backend_lacks_it() -> None:
    netlist = _divider(RULES["spring"])
    circuit, task = flatten(netlist.circuit), make_task(netlist.task, 0)
    with pytest.raises(TaskError, match=r"lacks nudge\.beta"):
        list(train(Trainer(circuit, task, open_backend("native", circuit))))
