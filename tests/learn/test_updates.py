"""Every update of the table does what its docstring says, in any order, and the same again in a resumed run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.backends.native import Native
from netlearn.circuit.flat import flatten
from netlearn.errors import TaskError
from netlearn.lang.compile import compile_netlist
from netlearn.learn.options import make
from netlearn.learn.plan import Plan
from netlearn.learn.task import make_task
from netlearn.learn.tick import Tick
from netlearn.learn.train import Trainer, train
from netlearn.learn.updates import UPDATES, Update

COUNT = 200
GIVEN: dict[str, dict[str, float]] = {"threshold": {"least": 0.3}}
TICK = Tick(seed=5, epoch=3, steps=40)
FROZEN = np.arange(COUNT) % 10 == 0


def plan() -> Plan:
    """Values of which every tenth is frozen."""
    low, high = np.where(FROZEN, 1.0, -10.0), np.where(FROZEN, 1.0, 10.0)
    names = tuple(f"e{k}.g" for k in range(COUNT))
    return Plan((), (), np.zeros(COUNT, dtype=np.int64), low, high, np.zeros(COUNT), names, ("S",) * COUNT)


def numbers(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A change and states (1, COUNT), of both signs."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(1, COUNT)), rng.normal(size=(1, COUNT))


def made(name: str, **options: float) -> Update:
    return make("update", UPDATES, name, {**GIVEN.get(name, {}), **options})


def applied(name: str, tick: Tick = TICK, **options: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What becomes of a change, the change and the states."""
    change, states = numbers()
    return made(name, **options)(change, states, plan(), tick), change, states


def static() -> None:
    fraction = 0.5
    new, change, _ = applied("static", fraction=fraction)
    moved = new != 0
    np.testing.assert_array_equal(new[moved], change[moved])
    assert moved.sum() == round(fraction * (~FROZEN).sum())
    assert not moved[0, FROZEN].any()
    later, *_ = applied("static", Tick(5, 9, 999), fraction=fraction)
    np.testing.assert_array_equal(later, new)
    more, *_ = applied("static", fraction=min(1.0, fraction + 0.2))
    assert (more != 0)[moved].all()
    other, *_ = applied("static", Tick(6, 3, 40), fraction=fraction)
    assert (other != new).any()


def desynchronous() -> None:
    counts = np.zeros(COUNT)
    for step in range(100):
        new, change, _ = applied("desynchronous", Tick(5, 0, step), p=0.3)
        moved = new != 0
        np.testing.assert_array_equal(new[moved], change[moved])
        counts += moved[0]
    assert counts.mean() == pytest.approx(30, abs=1)  # sigma 0.32
    assert counts.std() == pytest.approx(np.sqrt(21), rel=0.2)  # of each by itself, not all at once


def top() -> None:
    new, change, _ = applied("top", fraction=0.1)
    moved = new != 0
    np.testing.assert_array_equal(new[moved], change[moved])
    assert moved.sum() == round(0.1 * (~FROZEN).sum())
    assert np.abs(change[moved]).min() >= np.abs(change[~moved & ~FROZEN]).max()
    same = made("top", fraction=0.1)(np.ones((1, COUNT)), change, plan(), TICK)
    assert np.count_nonzero(same) == moved.sum()  # as many where all are equal


def threshold() -> None:
    new, change, _ = applied("threshold", least=0.3)
    np.testing.assert_array_equal(new, np.where(np.abs(change) < 0.3, 0.0, change))
    edge = made("threshold", least=0.3)(np.array([[0.3, -0.3, 0.2999]]), np.ones((1, 3)), plan(), TICK)
    np.testing.assert_array_equal(edge, [[0.3, -0.3, 0.0]])


def limited() -> None:
    new, change, states = applied("limited", fraction=0.5)
    np.testing.assert_array_equal(np.sign(new), np.sign(change))
    np.testing.assert_array_equal(np.abs(new), np.minimum(np.abs(change), 0.5 * np.abs(states)))


def annealed() -> None:
    new, change, _ = applied("annealed", factor=0.5)
    np.testing.assert_array_equal(new, change / 8)
    start, *_ = applied("annealed", Tick(5, 0, 40), factor=0.5)
    np.testing.assert_array_equal(start, change)
    halved, *_ = applied("annealed", Tick(5, 69, 40))
    np.testing.assert_allclose(halved, change / 2, rtol=1e-3)


def modulated() -> None:
    for power in (-1.0, 0.0, 1.0, 2.0):
        new, change, states = applied("modulated", power=power)
        np.testing.assert_allclose(new, change * np.abs(states) ** power, rtol=1e-14)
    g, dg = np.array([[0.5, 2.0]]), np.array([[1e-6, -2e-6]])
    as_log = made("modulated", power=2)(dg, g, plan(), TICK)
    np.testing.assert_allclose(as_log, made("log")(dg, g, plan(), TICK), rtol=1e-5)
    r_step = 1 / (1 / g - g**2 * dg) - g  # dr = -rate dC/dr = g^2 rate dC/dg = -g^2 dg
    np.testing.assert_allclose(made("modulated", power=4)(dg, g, plan(), TICK), r_step, rtol=1e-4)


def log() -> None:
    new, change, states = applied("log")
    np.testing.assert_allclose(states + new, states * np.exp(states * change), rtol=1e-12)
    np.testing.assert_array_equal(np.sign(states + new), np.sign(states))
    wild = made("log")(1e9 * change, states, plan(), TICK)
    assert np.isfinite(wild).all()


def mirror() -> None:
    new, change, states = applied("mirror", scale=0.7)
    np.testing.assert_allclose(states + new, states * np.exp(0.7 * change), rtol=1e-12)
    small = made("mirror")(1e-8 * change, np.abs(states), plan(), TICK)
    np.testing.assert_allclose(small, made("modulated")(1e-8 * change, states, plan(), TICK), rtol=1e-6)


def written() -> None:
    change = np.where(np.arange(COUNT) % 2, 2.0, 0.0)[None]
    update = made("written", relative=0.1, absolute=0.3)
    news = np.array([update(change, change, plan(), Tick(5, 0, step))[0] for step in range(200)])
    assert not news[:, ::2].any()
    errors = news[:, 1::2] - 2.0
    assert errors.mean() == pytest.approx(0.0, abs=0.01)  # sigma 0.0025
    assert errors.std() == pytest.approx(np.hypot(0.2, 0.3), rel=0.02)
    assert abs(np.corrcoef(errors[0], errors[1])[0, 1]) < 0.3  # drawn anew
    exact, plain, _ = applied("written", relative=0.0)
    np.testing.assert_array_equal(exact, plain)


def _rewritten(name: str, off: float, /, **options: float) -> None:
    """Writes of 5 S of at most 10 S are off by so many S, whatever the change that they are made for."""
    states = np.where(np.arange(COUNT) % 2, 4.99, 5.0)[None]
    change = 5.0 - states
    update = made(name, **options)
    news = np.array([(states + update(change, states, plan(), Tick(5, 0, step)))[0] for step in range(200)])
    written = (change[0] != 0) & ~FROZEN
    assert (news[:, ~written & ~FROZEN] == 5.0).all()
    errors = news[:, written] - 5.0
    assert errors.mean() == pytest.approx(0.0, abs=5 * off / np.sqrt(errors.size))
    assert errors.std() == pytest.approx(off, rel=0.02)
    assert abs(np.corrcoef(errors[0], errors[1])[0, 1]) < 0.4  # drawn anew


def pcm() -> None:
    _rewritten("pcm", 10.0 * (0.26348 + 1.9650 / 2 - 1.1731 / 4) / 25.0)
    exact, plain, states = applied("pcm", program=0.0)
    kept = (states + plain > 0) & ~FROZEN  # no conductance is negative
    np.testing.assert_allclose((states + exact)[kept], (states + plain)[kept], rtol=1e-14)


def rram() -> None:
    _rewritten("rram", 5.0 * 0.3, spread=0.3, verify=0.0)
    _rewritten("rram", 5.0 * 0.03 / np.sqrt(3), spread=30.0, verify=0.03)  # even between the bounds


CHECKS: dict[str, Callable[[], None]] = {
    f.__name__: f
    for f in (static, desynchronous, top, threshold, limited, annealed, modulated, log, mirror, written, pcm, rram)
}


def test_the_table_of_updates_is_the_table_of_this_test() -> None:
    assert set(CHECKS) == set(UPDATES)


@pytest.mark.parametrize("name", UPDATES)
def test_an_update_does_what_its_docstring_says(name: str) -> None:
    CHECKS[name]()


@pytest.mark.parametrize("name", UPDATES)
def test_an_update_is_a_function_of_what_it_is_given_and_leaves_that_as_it_is(name: str) -> None:
    change, states = numbers()
    first = made(name)(change, states, plan(), TICK)
    np.testing.assert_array_equal(made(name)(change, states, plan(), TICK), first)
    for array, before in zip((change, states), numbers(), strict=True):
        np.testing.assert_array_equal(array, before)
    assert first.shape == change.shape
    assert np.isfinite(first).all()


@pytest.mark.parametrize("name", UPDATES)
def test_no_change_stays_no_change(name: str) -> None:
    _, states = numbers()
    assert not made(name)(np.zeros((1, COUNT)), states, plan(), TICK).any()


@pytest.mark.parametrize("name", [n for n in UPDATES if n not in ("desynchronous", "written", "static", "top")])
def test_updates_of_one_value_do_not_look_at_others(name: str) -> None:
    change, states = numbers()
    whole = made(name)(change, states, plan(), TICK)
    other = change.copy()
    other[0, 1:] = 7.0
    assert made(name)(other, states, plan(), TICK)[0, 0] == whole[0, 0]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("static", {"fraction": 0.0}, "fraction is 0"),
        ("desynchronous", {"p": 1.5}, "p is 1.5"),
        ("top", {"fraction": -1.0}, "fraction is -1"),
        ("threshold", {"least": 0.0}, "least is 0"),
        ("limited", {"fraction": 2.0}, "fraction is 2"),
        ("annealed", {"factor": 1.1}, "factor is 1.1"),
        ("modulated", {"power": float("inf")}, "power is inf"),
        ("mirror", {"scale": 0.0}, "scale is 0"),
        ("written", {"relative": -0.1}, "relative is -0.1"),
        ("log", {"rate": 1.0}, "no option 'rate'"),
        ("pcm", {"program": -1.0}, "program is -1"),
        ("rram", {"verify": 1.0}, "verify is 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(name: str, options: dict[str, float], words: str) -> None:
    with pytest.raises(TaskError, match=words):
        made(name, **options)


def steps(rule: str, update: str, value: str) -> np.ndarray:
    """The states (5,) of a divider's one learnable value before and after four steps."""
    netlist = compile_netlist(
        f"""circuit Divider {{
          net a, b
          R r1(a, b) = {value}
          R r2(b, gnd) = 10k
          input x = V(a)
          output y = V(b)
        }}
        task t on Divider {{
          data x: [400mV] -> y: [50mV]
          rule {rule}
          update {update}
          stop steps > 3
        }}"""
    )
    circuit, task = flatten(netlist.circuit), make_task(netlist.task, 0)
    return np.array([m.states[0, 0] for m in train(Trainer(circuit, task, Native(circuit)))])


@pytest.mark.parametrize("value", ["learn(10k, 1k..100k)", "learn(10k, 1k..100k, law = log)"])
@pytest.mark.parametrize("rule", ["coupled", "omega", "hardware"])
def test_updates_act_on_the_step_of_the_value_on_whatever_scale_a_rule_moves_it(rule: str, value: str) -> None:
    wild, mild = f"{rule}(rate = 1e20)", f"{rule}(rate = 1e-20)"
    limited = steps(wild, "limited(fraction = 0.01)", value)
    np.testing.assert_allclose(limited[1:] / limited[:-1], 1.01, rtol=1e-12)
    noisy = steps(rule + "(rate = 1e-3)", "written(relative = 0, absolute = 1)\nupdate limited(fraction = 1e-6)", value)
    assert np.abs(np.diff(noisy)).max() <= 1.01e-2  # Ohm: the updates act one after the other
    np.testing.assert_array_equal(steps(mild, "threshold(least = 1)", value), 10e3)
    assert steps(wild, "threshold(least = 1)", value)[1] == 100e3
