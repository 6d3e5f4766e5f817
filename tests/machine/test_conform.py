"""`check --rule`: cells that learn as they should are told from those that do not, and it is said what is wrong."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from learning_cells import (
    BOTH_SWAPPED,
    CHARGING,
    COMPARING,
    HALF_GAIN,
    INVERTED_XOR,
    LOWERING_GATE,
    NO_XOR,
    RAISING_POT,
    SWAPPED_HALVES,
    SWAPPED_INPUTS,
    Change,
    cell,
)

from netlearn.circuit.model import Learn
from netlearn.errors import CircuitError
from netlearn.lang.compile import Netlist, compile_netlist
from netlearn.machine.alone import alone, surroundings
from netlearn.machine.conform import Bench, Measured, draw, measure
from netlearn.machine.rule import edge_rule, implementable, method_of
from netlearn.machine.verdict import Tolerances, Verdict, judge

CELLS = {"comparators": COMPARING, "multipliers": CHARGING}


@functools.cache
def of(text: str, changes: tuple[Change, ...], bench: Bench) -> Measured:
    netlist = cell(text, *changes)
    assert not netlist.warnings
    return measure(netlist, netlist.cells[0], bench)


def found(text: str, *changes: Change, **bench: float | str) -> tuple[Measured, Verdict]:
    measured = of(text, changes, Bench(**{"draws": 60, **bench}))  # type: ignore[arg-type]
    return measured, judge(measured, Tolerances())


@pytest.mark.parametrize(("engine", "draws"), [("native", 200), ("ngspice", 8)])
@pytest.mark.parametrize("text", CELLS.values(), ids=CELLS.keys())
def test_a_correct_cell_agrees_with_its_rule(text: str, engine: str, draws: int) -> None:
    measured, verdict = found(text, backend=engine, draws=draws)
    assert verdict.agrees
    assert verdict.words == ()
    assert len(verdict.wrong) == 0
    np.testing.assert_allclose(measured.updates, measured.wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("text", CELLS.values(), ids=CELLS.keys())
def test_both_engines_measure_the_same_updates(text: str) -> None:
    one, two = (found(text, backend=engine, draws=8)[0] for engine in ("native", "ngspice"))
    assert np.array_equal(one.volts, two.volts)
    np.testing.assert_allclose(one.updates, two.updates, rtol=5e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "changes", "said"),
    [
        (COMPARING, BOTH_SWAPPED, "WRONG SIGN: moves the other way on 100 % of states: swap the inputs of a comparator"),
        (COMPARING, (INVERTED_XOR,), "WRONG SIGN: moves the other way on 100 % of states"),
        (COMPARING, (RAISING_POT,), "let its state k lower the conductance, which it raises"),
        (COMPARING, (SWAPPED_INPUTS,), "moves up whatever its drops are"),
        (COMPARING, (NO_XOR,), "right where d_C + d_F is positive"),
        (COMPARING, (("{ offset = 0V }", "{ offset = 30mV }"),), "as by offsets of its comparators"),
        (COMPARING, (("rate = 2mA", "rate = 1mA"),), "its step is 0.5 times that of the rule"),
        (COMPARING, (("delay = 0.25ms", "delay = 25ms"),), "it does not move at all"),
        (CHARGING, SWAPPED_HALVES, "WRONG SIGN: moves the other way on 100 % of states: swap free and clamped"),
        (CHARGING, LOWERING_GATE, "let its state vg raise the conductance, which it lowers"),
        (CHARGING, (HALF_GAIN,), "its gain is 0.5 times that of the rule"),
        (CHARGING, (("delay = 10us", "delay = 10ms"),), "it does not move at all"),
        (CHARGING, (("z = m, out = out)", "z = m, out = out, ref = g)"),), "referenced to ground"),
        (CHARGING, (("x1 = a.clamped, x2 = b.clamped", "x1 = a.clamped, x2 = a.clamped"),), "is no function of"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_cell_is_named(text: str, changes: tuple[Change, ...], said: str) -> None:
    _, verdict = found(text, *changes)
    assert not verdict.agrees
    assert len(verdict.words) == 1
    assert said in verdict.words[0]


@pytest.mark.parametrize(
    ("text", "changes"), [(COMPARING, (INVERTED_XOR,)), (CHARGING, SWAPPED_HALVES)], ids=CELLS.keys()
)
def test_ngspice_sees_a_wrong_sign_as_well(text: str, changes: tuple[Change, ...]) -> None:
    _, verdict = found(text, *changes, backend="ngspice", draws=6)
    assert "WRONG SIGN" in verdict.words[0]
    assert verdict.wrong.tolist() == [0, 1, 2, 3, 4, 5]


def test_signs_within_the_band_of_an_offset_are_forgiven() -> None:
    measured, strict = found(COMPARING, ("{ offset = 0V }", "{ offset = 20mV }"), draws=200)
    assert not strict.agrees
    wrong = np.abs(measured.signal[strict.wrong])
    assert 0 < wrong.max() < 20e-3
    lenient = judge(measured, Tolerances(band=20e-3))
    assert lenient.agrees
    assert np.array_equal(lenient.wrong, strict.wrong)
    assert judge(measured, Tolerances(agreement=0.9)).agrees


def test_a_gain_is_judged_by_its_tolerance() -> None:
    measured, verdict = found(CHARGING, ("gain = 1)", "gain = 0.85)"))
    assert verdict.agrees
    assert verdict.numbers["gain_ratio"] == pytest.approx(0.85, rel=1e-3)
    assert not judge(measured, Tolerances(gain=0.1)).agrees


def test_an_offset_of_the_multiplier_is_measured_in_square_volts() -> None:
    _, verdict = found(
        CHARGING, ("{ scale = 0.33V / gain }\n  Switch", "{ scale = 0.33V / gain, offset = 3mV }\n  Switch")
    )
    assert verdict.numbers["offset_V2"] == pytest.approx(3e-3 * 0.33, rel=0.02)


def test_the_integrator_says_the_same_by_its_parts() -> None:
    by_parts = (
        "implements hardware(rate = 0.1377)",
        "implements integrator(r = 1k, c = 2.2uF, v0 = 0.33V, pulse = 100us)",
    )
    measured, verdict = found(CHARGING, by_parts)
    assert verdict.agrees
    assert measured.rule.gain == pytest.approx(100e-6 / (2.2e-3 * 0.33))


def test_a_rule_may_use_the_parameters_of_its_module() -> None:
    _, verdict = found(CHARGING, ("gain = 1)", "gain = 2)"), ("rate = 0.1377", "rate = 0.1377 * gain"))
    assert verdict.agrees


def test_a_state_may_be_any_function_of_its_volts() -> None:
    measured, verdict = found(
        COMPARING,
        ("ic = k", "ic = 2 * k"),
        ("rate = 2mA", "rate = 4mA"),
        ("full = 128V", "full = 256V"),
    )
    assert verdict.agrees
    assert np.abs(measured.updates) == pytest.approx(1.0, rel=1e-3)


def test_a_logarithmic_state_moves_by_its_logarithm() -> None:
    measured, _ = found(CHARGING, ("1V..5V)", "1V..5V, law = log)"))
    assert measured.rule.logarithmic
    moved = measured.starts * np.expm1(measured.updates)
    np.testing.assert_allclose(moved, 0.1377 * measured.signal, rtol=2e-3, atol=1e-5)


def test_states_are_drawn_within_their_bounds_and_on_their_steps() -> None:
    bench = Bench(draws=500, seed=3, low=0.1, high=0.2)
    volts, starts = draw(Learn(64.0, 1.0, 127.0, step=1.0), bench)
    assert volts.shape == (500, 4)
    assert 0.1 <= volts.min() < volts.max() <= 0.2
    assert 7 <= starts.min() < starts.max() <= 121
    assert np.array_equal(starts, np.round(starts))
    _, logarithmic = draw(Learn(1.0, 1e-3, 1e3, law="log"), bench)
    assert np.median(logarithmic) == pytest.approx(1.0, rel=1.0)
    assert np.array_equal(volts, draw(Learn(64.0, 1.0, 127.0, step=1.0), bench)[0])


def test_the_rules_a_cell_can_implement_are_those_of_two_drops() -> None:
    assert set(implementable()) == {"sign", "hardware", "integrator", "overclamp"}


@pytest.mark.parametrize("polarity", [1.0, -1.0])
def test_a_rule_follows_the_polarity_of_its_edge(polarity: float) -> None:
    drops = np.array([[0.3, 0.1], [-0.1, 0.2], [0.1, -0.1]])
    for text, wanted in ((COMPARING, [1.0, -1.0, 0.0]), (CHARGING, [0.011016, -0.004131, 0.0])):
        implements = cell(text).cells[0].implements
        assert implements is not None
        rule = edge_rule("it", method_of(implements), Learn(1.0, 0.5, 2.0), polarity)
        np.testing.assert_allclose(rule.change(drops), polarity * np.array(wanted), atol=1e-12)


def test_clocks_come_from_the_circuit_that_places_the_cell() -> None:
    netlist = cell(CHARGING)
    around = surroundings(netlist, netlist.cells[0])
    assert (around.circuit, around.every) == ("Machine", pytest.approx(120e-6))
    assert around.drives["learn"] == netlist.circuit.top.elements[0].wave
    deep = cell(
        CHARGING,
        (
            "circuit Machine {",
            "module Row(p: twin, q: twin, tick) { Edge up(a = p, b = q, learn = tick) }\ncircuit Machine {",
        ),
        ("  Edge up(a = in, b = out, learn = learn)", "  Row row(p = in, q = out, tick = learn)"),
        ("  label y = V(goal) every 120us\n", "  V still(goal, gnd) = 1V\n"),
    )
    edge = next(c for c in deep.cells if c.name == "Edge")
    assert surroundings(deep, edge).drives["learn"] == around.drives["learn"]
    assert surroundings(deep, edge).every == pytest.approx(120e-6)  # of its clock


def test_a_cell_that_no_circuit_places_gets_a_pulse() -> None:
    text = CHARGING.partition("circuit Machine")[0].replace("rate = 0.1377", "rate = 0.688705")
    netlist = compile_netlist(text)
    subject = alone(netlist, netlist.cells[0])
    assert subject.undriven == ("learn",)
    assert (subject.surroundings.circuit, subject.surroundings.every) == ("", 1e-3)
    verdict = judge(measure(netlist, netlist.cells[0], Bench(draws=20)), Tolerances())
    assert verdict.numbers["gain_ratio"] == pytest.approx(1.0, rel=5e-3)


def test_a_supply_is_as_it_is_in_the_circuit() -> None:
    netlist = cell(
        COMPARING,
        ("twin, clk)", "twin, clk, vdd)"),
        ("net count,", "R load(vdd, gnd) = 1k\n  net count,"),
        ("clk, goal", "clk, goal, vdd\n  V supply(vdd, gnd) = 3.3V"),
        ("clk = clk)\n  R down[0]", "clk = clk, vdd = vdd)\n  R down[0]"),
    )
    around = surroundings(netlist, netlist.cells[0])
    assert around.drives["vdd"] == 3.3


def unfit(text: str, *changes: Change) -> CircuitError:
    netlist: Netlist = cell(text, *changes)
    with pytest.raises(CircuitError) as raised:
        measure(netlist, netlist.cells[0], Bench(draws=2))
    assert raised.value.help
    return raised.value


@pytest.mark.parametrize(
    ("text", "changes", "said"),
    [
        (CHARGING.partition("circuit")[0], (("b: twin", "b"), ("b.free", "b"), ("b.clamped", "b")), "has 1 twin ports"),
        (CHARGING, (("b: twin, learn;", "b: twin, vg: state, learn;"), ("  state vg = learn(3V, 1V..5V)\n", ""),
                    ("  Edge up(a", "  state q = learn(3V, 1V..5V)\n  Edge up(vg = q, a")), "is given its state vg from outside"),
        (CHARGING, ((", 1V..5V", ""),), "has no bounds"),
        (CHARGING, ((", ic = vg", ""), ("  NMOS mf", "  V hold(g, gnd) = vg\n  NMOS mf")), "no capacitor in module Edge holds"),
        (CHARGING, (("  net g, m", "  state w = learn(1V, 0V..2V)\n  net g, m"), ("ic = vg", "ic = vg\n  C cw(m, gnd) = 1uF, ic = w")), "has 2 states"),
        (CHARGING, (("mc(d = a.clamped, g = g", "mc(d = a.clamped, g = b.clamped"),), "changes nothing between its clamped ends"),
        (COMPARING, (("Pot rc(p = a.clamped, n = b.clamped, count = count", "Back rc(p = a.clamped, n = b.clamped, count = count"),
                     ("element Xor", "element Back(p, n, count, ref; g = 1uS, full = 1V) {\n  current i = v * g * V(count, ref) / full\n}\nelement Xor")),
         "raises one of the twin conductances and lowers the other"),
    ],
)  # fmt: skip
def test_a_cell_that_is_no_edge_is_told_so(text: str, changes: tuple[Change, ...], said: str) -> None:
    assert said in unfit(text, *changes).message


@pytest.mark.parametrize("wrong", [{"draws": 1}, {"seed": -1}, {"low": 0.5}])
def test_a_bench_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(CircuitError):
        Bench(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"agreement": 1.5}, {"band": -1.0}, {"gain": float("nan")}, {"fit": 2.0}])
def test_tolerances_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(CircuitError):
        Tolerances(**wrong)
