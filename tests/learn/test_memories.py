"""Every memory of the table keeps values as its docstring says: moments of 20,000 draws against the formulas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.circuit.chance import Keyed, draw_seeds
from netlearn.circuit.flat import flatten, initial
from netlearn.errors import TaskError
from netlearn.lang.compile import compile_netlist
from netlearn.learn.memories import MEMORIES, Memory
from netlearn.learn.options import make
from netlearn.learn.plan import Plan, make_plan

HOUR, DAY, MONTH = 3600.0, 86400.0, 30 * 86400.0
DRAWS = 20_000
CHANCE = Keyed(draw_seeds(0, 0, DRAWS))
FULL = 25e-6  # S
GIVEN: dict[str, dict[str, float]] = {"droop": {"current": 1e-12, "c": 1e-12}, "decay": {"tau": 1e5}}
NEEDS = {"droop": "V", "decay": "V"}


def plan(unit: str, count: int = 1, low: float = 0.0, high: float = FULL) -> Plan:
    """So many values that learn between bounds, and one that is frozen at 1."""
    lows, highs = np.append(np.full(count, low), 1.0), np.append(np.full(count, high), 1.0)
    names = (*(f"e{k}.g" for k in range(count)), "frozen")
    return Plan(
        (), (), np.zeros(count + 1, dtype=np.int64), lows, highs, np.zeros(count + 1), names, (unit,) * (count + 1)
    )


def made(name: str, **options: float) -> Memory:
    return make("memory", MEMORIES, name, {**GIVEN.get(name, {}), **options})


def states(value: float, count: int = 1) -> np.ndarray:
    return np.append(np.full((DRAWS, count), value), np.ones((DRAWS, 1)), axis=1)


def parts(found: np.ndarray) -> np.ndarray:
    """Conductances of the first value, in parts of the largest."""
    return found[:, 0] / FULL


def assert_moments(found: np.ndarray, mean: float, sd: float) -> None:
    assert found.mean() == pytest.approx(mean, abs=4.5 * sd / np.sqrt(DRAWS))
    assert found.std() == pytest.approx(sd, rel=0.025)  # five standard errors


PROGRAMMED = {0.2: 0.6096, 0.5: 0.9527, 0.8: 1.0847, 1.0: 1.0554}  # uS of 25 uS: the fit of aihwkit, worked out by hand


def pcm() -> None:
    cells = plan("S")
    for g, micro in PROGRAMMED.items():
        assert_moments(parts(made("pcm").written(states(g * FULL), cells, CHANCE)), g, micro / 25)
    quiet = {"noise": 0.0}
    for after, kept in ((HOUR, 0.7749), (DAY, 0.6634), (MONTH, 0.5615)):  # g = 1: nu = 0.049 +- 0.008
        found = parts(made("pcm", after=after, **quiet).read(states(FULL), cells, CHANCE))
        log = np.log(found)
        assert_moments(log, -0.049 * np.log1p(after / 20), 0.008 * np.log1p(after / 20))
        assert np.median(found) == pytest.approx(kept, rel=1e-3)
    drifted = np.log(parts(made("pcm", after=DAY, **quiet).read(states(0.1 * FULL), cells, CHANCE)) / 0.1)
    nu = -drifted / np.log1p(DAY / 20)
    assert_moments(nu, 0.0155 * np.log(10) + 0.0244, 0.0125 * np.log(10) - 0.0059)
    for g, after, relative in ((1.0, HOUR, 0.0088 * 4.7680), (0.01, DAY, 0.1756 * 5.0849), (1.0, 0.0, 0.0088 * 4.1922)):
        found = parts(made("pcm", after=after, drift=0.0).read(states(g * FULL), cells, CHANCE)) / g
        if relative < 0.2:
            assert_moments(found, 1.0, relative)
        else:  # cut off at zero, where no conductance is negative
            assert np.quantile(found, 0.8413447) - 1.0 == pytest.approx(relative, rel=0.03)
    assert (made("pcm").written(states(0.0), cells, CHANCE)[:, 0] >= 1e-6 * FULL).all()


def rram() -> None:
    cells, open_loop = plan("S"), {"verify": 0.0}
    assert_moments(parts(made("rram", spread=0.1, **open_loop).written(states(0.5 * FULL), cells, CHANCE)), 0.5, 0.05)
    off = np.log(parts(made("rram", deep=0.4, **open_loop).written(states(0.05 * FULL), cells, CHANCE)))
    assert_moments(off, np.log(0.05), 0.4)
    verified = parts(made("rram", spread=0.2, verify=0.05).written(states(0.5 * FULL), cells, CHANCE)) / 0.5 - 1.0
    assert np.abs(verified).max() <= 0.05
    a = 0.25  # a normal number between +-a has the variance 1 - 2 a phi(a) / (2 Phi(a) - 1)
    share = 1.0 - 2 * a * np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi) / 0.1974127
    assert_moments(verified, 0.0, 0.2 * np.sqrt(share))
    deep = parts(made("rram", deep=0.4).written(states(0.05 * FULL), cells, CHANCE)) / 0.05
    assert deep.min() >= 0.95 - 1e-12
    assert deep.max() <= 1.05 + 1e-12
    assert_moments(parts(made("rram", noise=0.02).read(states(0.5 * FULL), cells, CHANCE)), 0.5, 0.01)


def levels() -> None:
    volts = plan("V", 2, 1.0, 5.0)
    lsb = 4.0 / 127
    value = 1.0 + 32.4 * lsb
    exact = made("levels").written(states(value, 2), volts, CHANCE)
    np.testing.assert_allclose(exact[:, :2], 1.0 + 32 * lsb, rtol=1e-12)
    bowed = made("levels", inl=0.5).written(states(value, 2), volts, CHANCE)
    u = 32 / 127
    assert_moments((bowed[:, 0] - exact[:, 0]) / lsb, 0.0, 0.5 * 4 * u * (1 - u))
    stepped = made("levels", dnl=0.3)
    here, there = (stepped.written(states(value + k * lsb, 2), volts, CHANCE)[:, 0] for k in (0, 1))
    assert_moments((there - here) / lsb, 1.0, 0.3)
    for end in (1.0, 5.0):
        np.testing.assert_allclose(made("levels", inl=2.0).written(states(end, 2), volts, CHANCE)[:, :2], end)
    np.testing.assert_array_equal(stepped.read(exact, volts, CHANCE), exact)


def droop() -> None:
    volts = plan("V", 1, 0.0, 5.0)
    plain = made("droop", current=30e-12, c=22e-6, after=HOUR).read(states(3.0), volts, CHANCE)
    np.testing.assert_allclose(3.0 - plain[:, 0], 30e-12 * HOUR / 22e-6, rtol=1e-9)
    rising = made("droop", current=1e-15, c=1e-12, after=100.0, rest=4.0).read(states(3.0), volts, CHANCE)
    np.testing.assert_allclose(rising[:, 0], 3.1, rtol=1e-12)
    empty = made("droop", current=1e-15, c=1e-12, after=DAY, rest=0.5).read(states(3.0), volts, CHANCE)
    np.testing.assert_array_equal(empty[:, 0], 0.5)
    lost = 3.0 - made("droop", current=1e-15, c=1e-12, after=100.0, spread=0.5).read(states(3.0), volts, CHANCE)[:, 0]
    assert_moments(np.log(lost), np.log(0.1), np.sqrt(np.log(1.25)))
    assert lost.std() / lost.mean() == pytest.approx(0.5, rel=0.05)


def decay() -> None:
    volts = plan("V", 1, 0.0, 5.0)
    left = made("decay", tau=DAY, after=HOUR, rest=1.0).read(states(3.0), volts, CHANCE)
    np.testing.assert_allclose(left[:, 0], 1.0 + 2.0 * np.exp(-1 / 24), rtol=1e-12)
    left = made("decay", tau=DAY, after=HOUR, spread=0.3).read(states(3.0), volts, CHANCE)
    assert_moments(np.log(-np.log(left[:, 0] / 3.0)), np.log(1 / 24), np.sqrt(np.log(1.09)))


CHECKS: dict[str, Callable[[], None]] = {f.__name__: f for f in (decay, droop, levels, pcm, rram)}


def test_the_table_of_memories_is_the_table_of_this_test() -> None:
    assert set(CHECKS) == set(MEMORIES)


@pytest.mark.parametrize("name", MEMORIES)
def test_a_memory_does_what_its_docstring_says(name: str) -> None:
    CHECKS[name]()


def example(name: str) -> tuple[np.ndarray, Plan]:
    """Values of 50 parts in four draws, and their plan."""
    values = np.random.default_rng(1).uniform(0.2, 0.9, (4, 50))
    return np.append(values, np.ones((4, 1)), axis=1), plan(NEEDS.get(name, "S"), 50, 0.0, 1.0)


@pytest.mark.parametrize("name", MEMORIES)
def test_what_a_memory_does_depends_on_seed_and_part_alone_and_leaves_what_it_is_given(name: str) -> None:
    given, of = example(name)
    options = {"levels": {"inl": 0.5, "dnl": 0.5}, "droop": {"spread": 0.5, "current": 1e-18}, "decay": {"spread": 0.5}}
    memory, chance = made(name, **options.get(name, {})), Keyed((1, 2, 3, 4))
    before = given.copy()
    found = [way(given, of, chance) for way in (memory.written, memory.read)]
    np.testing.assert_array_equal(given, before)
    for way, whole in zip((memory.written, memory.read), found, strict=True):
        np.testing.assert_array_equal(way(given, of, chance), whole)
        one = way(given[2:3], of, Keyed((3,)))
        np.testing.assert_array_equal(one[0], whole[2])
        np.testing.assert_array_equal(whole[:, -1], 1.0)  # frozen
        assert np.isfinite(whole).all()
        assert (whole >= 0).all()
    same = np.broadcast_to(given[:1], given.shape)
    drawn = [way(same, of, chance) for way in (memory.written, memory.read)]
    assert max(np.ptp(one[:, :-1], axis=0).min() for one in drawn) > 0  # each draw its own


def test_a_resistance_is_kept_as_the_conductance_it_is() -> None:
    for name in ("pcm", "rram"):
        conductance = made(name).read(made(name).written(states(4e-6), plan("S"), CHANCE), plan("S"), CHANCE)
        ohms = plan("Ohm", 1, 1 / FULL, 1e9)
        resistance = made(name).read(made(name).written(states(1 / 4e-6), ohms, CHANCE), ohms, CHANCE)
        np.testing.assert_allclose(1.0 / resistance[:, 0], conductance[:, 0], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "of", "words"),
    [
        ("pcm", plan("V"), "pcm keeps the conductance or the resistance of its cell, and e0.g is in V"),
        ("rram", plan(""), "e0.g is no value of a part itself"),
        ("pcm", plan("S", high=np.inf), "pcm has a largest conductance, and e0.g has none"),
        ("rram", plan("Ohm", low=0.0), "rram has a largest conductance, and e0.g has none"),
        ("droop", plan("Ohm"), "droop keeps the voltage of a capacitor, and e0.g is in Ohm"),
        ("decay", plan("S"), "decay keeps the voltage of a capacitor, and e0.g is in S"),
        ("levels", plan("V", low=-np.inf), "levels lie between bounds, and e0.g has none"),
    ],
)
def test_a_memory_refuses_what_it_cannot_keep(name: str, of: Plan, words: str) -> None:
    with pytest.raises(TaskError, match=words):
        made(name).read(made(name).written(np.ones((1, 2)), of, Keyed((0,))), of, Keyed((0,)))


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("pcm", {"after": -1.0}, "after is -1"),
        ("rram", {"verify": 1.0}, "verify is 1"),
        ("levels", {"bits": 7.5}, "bits is 7.5"),
        ("droop", {"c": 0.0}, "c is 0"),
        ("decay", {"tau": 0.0}, "tau is 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(name: str, options: dict[str, float], words: str) -> None:
    with pytest.raises(TaskError, match=words):
        made(name, **options)


def test_a_plan_says_what_each_learnable_value_is() -> None:
    circuit = flatten(
        compile_netlist(
            """circuit Mixed {
              net a, b, g
              state k = learn(2, 1..3)
              R r(a, b) = learn(1k, 100..10k)
              G s(a, b) = learn(1mS, 1uS..2mS)
              C memory(g, gnd) = 1uF, ic = learn(2V, 1V..5V)
              NMOS m(d = b, g = g, s = gnd, b = gnd) { vto = 0.7V }
              R other(b, gnd) = 1k * k
              input x = V(a)
              output y = V(b)
            }"""
        ).circuit
    )
    of = make_plan(circuit, initial(circuit))
    units = dict(zip(of.names, of.units, strict=True))
    assert sorted(units.values()) == ["", "Ohm", "S", "V"]
    assert units["k"] == ""
