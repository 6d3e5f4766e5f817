"""The comparator rule with comparators that are off: what they decide, what they leave of learning, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from typer.testing import CliRunner

from netlearn.backends import Backend
from netlearn.circuit.flat import CLAMPED, FREE, FlatCircuit, flatten
from netlearn.cli import app
from netlearn.errors import CheckFault
from netlearn.lang.compile import compile_netlist
from netlearn.learn.bench import Bench
from netlearn.learn.board import Board
from netlearn.learn.compiled import make_lesson
from netlearn.learn.task import make_task
from netlearn.learn.tick import Tick
from netlearn.learn.train import Trainer, bench_of, board_of, learn, train

Open = Callable[[str, FlatCircuit], Backend]
DELTA = 20.0  # Ohm
HALVES = """module Pot(a: twin, b: twin; ohms = 1k) {
  state r = learn(ohms, 100..10k)
  R f(a.free, b.free) = r
  R c(a.clamped, b.clamped) = r
}"""
PAIRS = """module Pot(a: twin, b: twin; ohms = 1k) {
  net m: twin
  state r = learn(ohms, 100..10k)
  R f[0](a.free, m.free) = r
  R f[1](m.free, b.free) = r
  R c[0](a.clamped, m.clamped) = r
  R c[1](m.clamped, b.clamped) = r
}"""


def text(imperfections: str = "", rule: str = f"sign(delta = {DELTA:g})", pot: str = HALVES, loss: str = "") -> str:
    """A bridge of five potentiometers, each of two halves."""
    lines = "\n".join(f"  imperfection {one}" for one in imperfections.split(";") if one)
    return f"""import "std/board.nl"
{pot}
circuit Bridge {{
  net in: twin, low: twin, a: twin, b: twin
  Rail zero(low) {{ volts = 10mV }}
  Pot e[0](in, a) {{ ohms = 1k }}
  Pot e[1](in, b) {{ ohms = 2k }}
  Pot e[2](a, low) {{ ohms = 3k }}
  Pot e[3](b, low) {{ ohms = 1.5k }}
  Pot e[4](a, b) {{ ohms = 2.5k }}
  input x = V(in)
  output y = V(a)
  output z = V(b)
}}
task t on Bridge {{
  data x: [0.4V, -0.2V] -> y: [0.2V, -0.15V], z: [0.25V, -0.05V]
  rule {rule}
  {loss}
{lines}
  stop steps > 30
}}"""


Made = Callable[..., tuple[Trainer, Board]]


@pytest.fixture
def made(backend: Open) -> Made:
    def make(*given: str, seed: int = 0, **more: str) -> tuple[Trainer, Board]:
        netlist = compile_netlist(text(*given, **more))
        circuit = flatten(netlist.circuit)
        trainer = Trainer(circuit, make_task(netlist.task, seed), backend("native", circuit), seed)
        return trainer, board_of(trainer)

    return make


def steps(trainer: Trainer, board: Board, row: int = 0) -> np.ndarray:
    """By how many steps of the rule each resistance moves on a sample, phase by phase."""
    new, _ = learn(trainer, board, None, board.params, [np.array([row])])
    return (new.states - board.params.states)[0] / DELTA


def drops(trainer: Trainer, board: Board, row: int = 0) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Of each half the drops and the states of its edges, at the operating points of the two phases of a sample."""
    bench: Bench = bench_of(trainer, board, board.params, np.array([row]), trainer.task.labels[[row]], Tick(0, 0, 0))
    free = bench.free()
    aim = bench.aim(free)
    nodes, starts, outputs, shares = trainer.circuit.clamping
    imposed = bench.clamped(free, (aim.target - aim.outputs)[:, outputs])
    np.testing.assert_allclose(
        imposed.voltages[0, -len(nodes) :],
        free.x[0, 0, starts] + shares * (aim.target - aim.outputs)[0, outputs] + board.flaws.clamp[0],
    )
    x = bench.settle(imposed, free).x[0, 0]
    (group,) = board.plan.groups
    seen = x[group.plus] - x[group.minus]
    return {half: (seen[group.half == half], group.states[group.half == half]) for half in (FREE, CLAMPED)}


def drawn(board: Board, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """o1 and o2 of each pair, drawn under the path of its free edge."""
    names = [name for name in board.edges if ".f" in name]
    first, second = (offset * board.normal(f"comparator/{what}", names)[0] for what in ("difference", "sum"))
    return first, second


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("row", [0, 1])
def test_an_edge_goes_the_way_that_two_comparators_and_an_xor_say(row: int, seed: int, made: Made) -> None:
    trainer, board = made("comparator(offset = 50mV)", seed=seed)
    seen = drops(trainer, board, row)
    (free, states), (clamped, others) = seen[FREE], seen[CLAMPED]
    assert states.tolist() == others.tolist()
    o1, o2 = drawn(board, 50e-3)
    up = np.sign((clamped - free + o1) * (clamped + free + o2))
    expected = np.zeros(5)
    expected[states] = up  # a drop that grows by the clamp wants a larger resistance
    np.testing.assert_allclose(steps(trainer, board, row), expected, atol=1e-12)


def test_offsets_turn_some_steps_around_and_leave_others(made: Made) -> None:
    ideal = steps(*made())
    turned = np.array([steps(*made("comparator(offset = 50mV)", seed=seed)) != ideal for seed in range(6)])
    assert 0.1 < turned.mean() < 0.9


@pytest.mark.parametrize("way", ["phase by phase", "machine code"])
@pytest.mark.parametrize("loss", ["loss square", "loss hinge(margin = 20mV)"])
def test_comparators_without_offsets_are_the_rule_bit_for_bit(way: str, loss: str, made: Made) -> None:
    found = []
    for imperfections in ("", "comparator(offset = 0V)"):
        trainer, board = made(imperfections, loss=loss)
        lesson = make_lesson(trainer.task, board) if way == "machine code" else None
        found.append(learn(trainer, board, lesson, board.params, [np.array([k % 2]) for k in range(41)])[0].states)
    assert (found[0] != board.params.states).any()
    np.testing.assert_array_equal(found[0], found[1])


def test_a_board_without_offsets_has_nothing_for_machine_code_to_know(made: Made) -> None:
    assert not made()[1].flawed
    assert not made("comparator(offset = 0V)")[1].flawed
    assert made("comparator")[1].flawed
    assert made("codes(full = 1V)")[1].flawed


def test_an_offset_larger_than_all_drops_makes_an_edge_always_go_one_way(made: Made) -> None:
    trainer, board = made("comparator(offset = 1e6V)")
    o1, o2 = drawn(board, 1e6)
    for row in (0, 1):
        np.testing.assert_allclose(steps(trainer, board, row), np.sign(o1 * o2), atol=1e-12)
    assert {-1.0, 1.0} == set(np.sign(o1 * o2).tolist())
    *_, last = train(trainer)  # by machine code
    start, moved = board.params.states[0], last.steps * DELTA * np.sign(o1 * o2)
    np.testing.assert_allclose(last.states[0], np.clip(start + moved, 100, 10e3), rtol=1e-12)


def test_a_value_that_steers_several_pairs_has_comparators_for_each(made: Made) -> None:
    trainer, board = made("comparator(offset = 50mV)", pot=PAIRS)
    offsets = board.flaws.offsets[0]
    assert np.count_nonzero(offsets) == 2 * 10 == len(board.edges)
    assert np.unique(offsets[offsets != 0.0]).size == 20
    o1, o2 = drawn(board, 50e-3)
    seen = drops(trainer, board)
    (free, states), (clamped, others) = ((d[np.argsort(s, kind="stable")], np.sort(s)) for d, s in seen.values())
    assert states.tolist() == others.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    larger = np.abs(clamped + (o1 + o2) / 2) - np.abs(free + (o2 - o1) / 2)
    np.testing.assert_allclose(steps(trainer, board), np.sign(larger.reshape(5, 2).sum(axis=1)), atol=1e-12)


def test_offsets_depend_on_the_seed_and_the_path_of_the_edge_and_on_nothing_else(made: Made) -> None:
    one, again, other = (made("comparator", seed=seed)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.flaws.offsets, again.flaws.offsets)
    assert (one.flaws.offsets != other.flaws.offsets)[one.flaws.offsets != 0.0].all()
    among = made("clamp(sd = 1mV);comparator;codes(full = 1V)", seed=1)[1]
    np.testing.assert_array_equal(one.flaws.offsets, among.flaws.offsets)
    twice = made("comparator;comparator", seed=1)[1].flaws.offsets - one.flaws.offsets
    assert (twice != one.flaws.offsets)[one.flaws.offsets != 0.0].all()
    rest = compile_netlist(text("comparator").replace("  Pot e[1](in, b) { ohms = 2k }\n", ""))
    fewer = board_of(Trainer(flatten(rest.circuit), make_task(rest.task, 1), None, 1))  # type: ignore[arg-type]
    whole = _by_edge(one)
    for edge, offsets in _by_edge(fewer).items():
        np.testing.assert_array_equal(offsets, whole[edge])
    assert len(whole) == len(_by_edge(fewer)) + 2


def _by_edge(board: Board) -> dict[str, np.ndarray]:
    return dict(zip(board.edges, board.flaws.offsets[0].reshape(2, -1).T, strict=True))


def test_drawn_offsets_have_the_spread_they_are_given(made: Made) -> None:
    o1, o2 = drawn(made("comparator")[1], 2e-3)
    draws = [_by_edge(made("comparator(offset = 2mV)", seed=seed)[1]) for seed in range(30)]
    free = np.array([v[0] for of in draws for name, v in of.items() if name.endswith(".f")])
    clamped = np.array([v[1] for of in draws for name, v in of.items() if name.endswith(".c")])
    np.testing.assert_allclose((clamped - free)[:5], o1, atol=1e-15)
    np.testing.assert_allclose((clamped + free)[:5], o2, atol=1e-15)
    for offsets in (clamped - free, clamped + free):  # o1 and o2
        assert offsets.std() == pytest.approx(2e-3, rel=0.2)
        assert abs(offsets.mean()) < 4e-4


def test_a_clamp_and_sources_that_are_off_are_off_for_comparators_as_well(made: Made) -> None:
    seen = [drops(*made(flaws))[CLAMPED][0] for flaws in ("", "clamp(error = 10mV)")]
    assert seen[1][0] - seen[0][0] == pytest.approx(-10e-3)  # from the input to output y
    turned = [steps(*made(flaws)) for flaws in ("", "clamp(error = -80mV)", "sources(mean = 0.2V)")]
    assert (turned[0] != turned[1]).any()
    assert (turned[0] != turned[2]).any()


def test_a_satisfied_hinge_makes_no_step_whatever_the_offsets(made: Made) -> None:
    trainer, board = made("comparator(offset = 10mV)", loss="loss hinge(margin = 1uV)")
    for lesson in (None, make_lesson(trainer.task, board)):
        new, _ = learn(trainer, board, lesson, board.params, [np.array([1])])
        np.testing.assert_array_equal(new.states, board.params.states)


def allostery(imperfection: str = "") -> str:
    """The shipped netlist as a twin."""
    shipped = (ROOT / "netlists" / "allostery.nl").read_text(encoding="utf-8")
    for now, then in (
        ("netlearn 0.1\n", 'netlearn 0.1\nimport "std/board.nl"\n'),
        ("net n[9]", "net n[9]: twin"),
        ("Pot(a, b;", "Pot(a: twin, b: twin;"),
        (
            "R r(a, b) = rmax * k / 128  ~ 1% lot 30%",
            "R f(a.free, b.free) = rmax * k / 128\n  R c(a.clamped, b.clamped) = rmax * k / 128",
        ),
        ("  stop", f"  {imperfection}\n  stop"),
    ):
        assert shipped.count(now) == 1
        shipped = shipped.replace(now, then)
    return shipped


def floor(backend: Open, imperfection: str = "", seed: int = 0) -> float:
    """The median error over the last quarter of a training, V."""
    netlist = compile_netlist(allostery(imperfection))
    circuit = flatten(netlist.circuit)
    trainer = Trainer(circuit, make_task(netlist.task, seed), backend("native", circuit), seed)
    errors = [moment.metrics["error"] for moment in train(trainer)]
    return float(np.median(errors[-len(errors) // 4 :]))


def test_allostery_ends_at_a_higher_floor_with_offsets_of_two_millivolts(backend: Open) -> None:
    ideal = floor(backend)
    assert ideal < 2.5e-3
    floors = np.array([floor(backend, "imperfection comparator(offset = 2mV)", seed) for seed in range(10)])
    assert np.median(floors) > 1.5 * ideal
    assert np.count_nonzero(floors > ideal) >= 7


SINGLE = """circuit Single {
  net a, b
  R r(a, b) = learn(1k, 100..10k)
  R s(b, gnd) = 1k
  input x = V(a)
  output y = V(b)
}
task t on Single {
  data x: [1V] -> y: [0.3V]
  rule sign(delta = 20)
  imperfection comparator(offset = 2mV)
  stop steps > 1
}"""
FITTING = "those that fit it are clamp, codes, comparator, sources, twins"


def at(line: int, column: int, shown: str, carets: int, what: str, help: str) -> str:
    """A message about that place."""
    return "\n".join(
        [
            f"bridge.nl:{line}:{column}: error: {what}",
            f" {line} | {shown}",
            f" {' ' * len(str(line))} | {' ' * (column - 1)}{'^' * carets}",
            f" {' ' * len(str(line))} = help: {help}",
        ]
    )


MISFITS = {
    "a multiplier and a bias of comparators": (
        text("multiplier(output = 1e-4V^2);clamp(error = 1mV);bias(sd = 1V/s)"),
        at(
            *(23, 16, "  imperfection multiplier(output = 1e-4V^2)", 10),
            "imperfection multiplier does not fit rule sign",
            f"{FITTING}; multiplier fits rule integrator or overclamp",
        )
        + "\n"
        + at(
            *(25, 16, "  imperfection bias(sd = 1V/s)", 4),
            "imperfection bias does not fit rule sign",
            f"{FITTING}; bias fits rule integrator or overclamp",
        ),
    ),
    "a leak of comparators": (
        text("leak(tau = 1s)"),
        at(
            *(23, 16, "  imperfection leak(tau = 1s)", 4),
            "imperfection leak does not fit rule sign",
            f"{FITTING}; leak fits rule integrator or overclamp",
        ),
    ),
    "a switch of comparators": (
        text("switch(late = 1us)"),
        at(
            *(23, 16, "  imperfection switch(late = 1us)", 6),
            "imperfection switch does not fit rule sign",
            f"{FITTING}; switch fits rule integrator or overclamp",
        ),
    ),
    "comparators of a multiplier": (
        text("comparator", rule="overclamp"),
        at(
            *(23, 16, "  imperfection comparator", 10),
            "imperfection comparator does not fit rule overclamp",
            "those that fit it are bias, clamp, codes, injection, leak, leakage, multiplier, sources, switch, twins; "
            "comparator fits rule sign",
        ),
    ),
    "a clamp of a formula": (
        text("clamp", rule="hardware(rate = 1)"),
        at(
            *(23, 16, "  imperfection clamp", 5),
            "rule hardware is a formula, which has no parts that could be imperfect",
            "clamp fits rule integrator or overclamp or sign",
        ),
    ),
    "comparators of one network": (
        SINGLE,
        at(
            *(11, 16, "  imperfection comparator(offset = 2mV)", 10),
            "comparators compare the two halves of a twin, and r.r steers edges that have no twin",
            "build the network of twin nets, free and clamped, or take this out",
        ),
    ),
    "an offset below nothing": (
        text("comparator(offset = -1mV)"),
        at(
            *(23, 27, "  imperfection comparator(offset = -1mV)", 13),
            "offset is -0.001",
            "offset is not negative",
        ),
    ),
}


def message(netlist: str) -> str:
    """What is said about a task and its board."""
    compiled = compile_netlist(netlist, "bridge.nl")
    with pytest.raises(CheckFault) as fault:
        board_of(Trainer(flatten(compiled.circuit), make_task(compiled.task, 0), None))  # type: ignore[arg-type]
    return str(fault.value)


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_fit_is_named_at_its_place_with_what_does(misfit: str) -> None:
    netlist, said = MISFITS[misfit]
    assert message(netlist) == said


def test_the_command_check_says_so_as_well(tmp_path: Path) -> None:
    path = tmp_path / "bridge.nl"
    path.write_text(SINGLE, encoding="utf-8")
    found = CliRunner().invoke(app, ["check", str(path)])
    assert isinstance(found.exception, CheckFault)
    assert "and r.r steers edges that have no twin" in str(found.exception)
