"""The rules that learn in time, against what can be worked out by hand, and compiled against phase by phase."""

from __future__ import annotations

import numpy as np
import pytest
from boards import DIVIDER, divider, netlist

from netlearn.errors import NetlearnError, TaskError
from netlearn.lang.compile import compile_netlist
from netlearn.learn.methods.integrator import Integrator
from netlearn.learn.methods.overclamp import Overclamp
from netlearn.study.stand import Stand, Steps, stand

OVER = "overclamp(eta = 0.2, low = 0V, high = 0.45V, full = 0.1V, pulse = 1ms, gain = 0.01{more})"
FLAWS = """imperfection bias(mean = 0.43V/s, sd = 0.81V/s)
  imperfection clamp(error = 10mV, sd = 3mV)
  imperfection codes(full = 0.4532V, read = 12, drive = 8)
  imperfection leak(tau = 10s, rest = 2V)
  imperfection multiplier(amplifier = 2mV, output = 1mV^2)
  imperfection sources(mean = 1mV, sd = 2mV)
  imperfection twins(vt = 5mV, beta = 0.01)
  imperfection switch(least = 1us, late = 2us)"""


def _over(more: str = "") -> str:
    return OVER.format(more=more)


def _once(on: Stand) -> np.ndarray:
    """By how much one pulse moves the states of the first draw."""
    return (on.learn(on.start, on.hold(0, on.method.pulse)) - on.start)[0]


def test_the_time_is_in_proportion_to_what_is_missed_up_to_a_pulse() -> None:
    rule = Overclamp(full=0.1)
    np.testing.assert_allclose(rule.times(np.array([0.0, -0.02, 0.02, 0.1, 0.3]), 1.0), [0, 0, 0.2, 1, 1])
    np.testing.assert_allclose(Overclamp(full=0.1, power=2).times(np.array([0.02, 0.1]), 1.0), [0.04, 1])


def test_normalised_samples_share_one_pulse() -> None:
    rule = Overclamp(normalised=1)
    np.testing.assert_allclose(rule.times(np.array([0.01, 0.0, 0.03]), 4.0), [1, 0, 3])
    assert not rule.times(np.zeros(3), 4.0).any()


def test_a_power_of_zero_leaves_the_switch_on_wherever_something_is_missed() -> None:
    rule = Overclamp(power=0)
    np.testing.assert_array_equal(rule.times(np.array([1e-9, 0.0, -1.0, 2.0]), 3.0), [3, 0, 0, 3])


def test_the_standard_switch_is_on_for_all() -> None:
    np.testing.assert_array_equal(Integrator().times(np.array([0.1, 0.0, -1.0]), 2.0), [2, 2, 2])


def test_an_output_goes_a_part_of_the_way_to_the_rail_for_a_part_of_the_pulse() -> None:
    """O_F = 0.2 V, 50 mV short: O_C = 0.2 + 0.2 (0.45 - 0.2) = 0.25 V for half a pulse."""
    on = divider(_over())
    signal = np.array([0.2**2 - 0.15**2, 0.2**2 - 0.25**2])
    np.testing.assert_allclose(_once(on), 0.5 * 1e-3 * on.method.alpha * signal, rtol=1e-9)


def test_the_bias_acts_for_as_long_as_the_signal_does() -> None:
    on = divider(_over(), bias="3e-3")
    np.testing.assert_allclose(_once(on) - _once(on.biased(0.0)), 0.5 * 1e-3 * 3e-3, rtol=1e-6)


def test_from_above_the_other_rail_is_taken() -> None:
    """O_F = 0.2 V, 50 mV too high: O_C = 0.2 + 0.2 (0 - 0.2) = 0.16 V."""
    on = divider(_over(), label="0.15V")
    signal = np.array([0.2**2 - 0.24**2, 0.2**2 - 0.16**2])
    np.testing.assert_allclose(_once(on), 0.5 * 1e-3 * on.method.alpha * signal, rtol=1e-9)


def test_without_rails_it_goes_towards_its_label() -> None:
    """O_C = 0.2 + 0.2 (0.25 - 0.2) = 0.21 V."""
    on = divider(_over(", rails = 0"))
    signal = np.array([0.2**2 - 0.19**2, 0.2**2 - 0.21**2])
    np.testing.assert_allclose(_once(on), 0.5 * 1e-3 * on.method.alpha * signal, rtol=1e-9)


def test_the_nodes_of_a_difference_move_by_as_much_each() -> None:
    rule = Overclamp(low=0.1, high=0.4)
    shares = np.array([0.5, -0.5])
    pull = rule.pull(np.array([[0.02, 0.02]]), np.array([[0.01, 0.01]]), shares)
    np.testing.assert_allclose(shares * pull, [[0.14, -0.14]])  # towards 0.3 V from 0.02 V, half of it each
    assert np.isnan(rule.pull(np.zeros((1, 2)), np.full((1, 2), np.nan), shares)).all()


def test_nothing_moves_where_nothing_is_missed() -> None:
    on = divider(_over(), label="0.2V", bias="3e-3")
    assert not _once(on).any()


def test_a_satisfied_hinge_is_at_rest_overclamped_and_goes_on_with_the_bias_under_the_standard_rule() -> None:
    plain = _hinged("integrator(pulse = 1ms)")
    assert not _once(_hinged(_over())).any()
    np.testing.assert_allclose(_once(plain), 2 * 0.5 * 1e-3 * 3e-3)  # two samples share the pulse that is held


def _hinged(rule: str) -> Stand:
    text = DIVIDER.replace("RULE", rule).replace("BIAS", "3e-3").replace("LOSS", "loss hinge(margin = 10mV)")
    text = text.replace("data x: [0.4V] -> y: [LABEL]", "data x: [0.4V, 0.1V] -> y: [0.2V, 0.05V]")
    return stand(compile_netlist(text), ["t"])


def test_a_pulse_that_is_too_short_does_not_happen() -> None:
    on = divider(_over() + "\n  imperfection switch(least = 0.4ms)")
    assert _once(on).any()
    on = divider(_over() + "\n  imperfection switch(least = 0.6ms)", bias="1e-3")
    assert not _once(on).any()


@pytest.mark.parametrize("option", ["normalised = 2", "rails = 0.5", "power = -1", "full = 0", "high = -1V"])
def test_options_that_make_no_sense_are_refused(option: str) -> None:
    with pytest.raises(NetlearnError):
        divider(f"overclamp({option})")


@pytest.mark.parametrize("option", ["r = 1e-300, c = 1e-300", "gain = 1e200", "pulse = 1e300"])
def test_a_rule_faster_than_numbers_are_large_is_refused(option: str) -> None:
    with pytest.raises(NetlearnError, match="is more than 1e\\+100"):
        divider(f"integrator({option})")


@pytest.mark.parametrize("normalised", [0, 1])
def test_a_very_large_power_leaves_the_switch_on_for_the_largest_miss_alone(normalised: int) -> None:
    rule = Overclamp(power=1e6, normalised=normalised, full=0.1)
    np.testing.assert_array_equal(rule.times(np.array([0.1, 0.05, -1.0]), 1.0), [1.0, 0.0, 0.0])
    assert not rule.times(np.array([-1.0, 0.0]), 1.0).any()


def test_values_that_run_away_are_told_of() -> None:
    text = DIVIDER.replace(", 0.1mS..10mS", "").replace("RULE", "integrator(pulse = 1e10s)").replace("BIAS", "1e95")
    on = stand(compile_netlist(text.replace("LABEL", "0.25V").replace("LOSS", "loss square")), ["t"])
    with pytest.raises(TaskError, match="ran away"):
        on.learn(on.start, on.hold(0, 1e10))


def test_samples_that_are_held_out_are_not_quietly_shown() -> None:
    text = DIVIDER.replace("[0.4V] -> y: [LABEL]", "[0.4V, 0.3V] -> y: [0.2V, 0.1V]").replace("LOSS", "holdout 50%")
    held = compile_netlist(text.replace("RULE", "integrator()").replace("BIAS", "0"))
    with pytest.raises(TaskError, match="holds samples out"):
        stand(held, ["t"])


@pytest.mark.parametrize("rule", ["standard", "overclamped"])
@pytest.mark.parametrize("flaws", [False, True])
def test_machine_code_learns_what_the_general_way_does(rule: str, flaws: bool) -> None:
    """On the torus, with every flaw of a board switched on, sample by sample and in batches."""
    on = _torus(rule, flaws)
    assert on.lesson is not None
    shown = on.hold(0, 40 * on.method.pulse)
    shown = Steps(shown.rows[:24], np.full(24, on.method.pulse) * np.linspace(0.5, 2.0, 24))
    within = on.learn(on.start, shown)
    alone = np.concatenate([on._alone(k, on.start[k : k + 1], shown) for k in range(len(on.start))])
    assert np.abs(within - on.start).max() > 1e-3
    np.testing.assert_allclose(within, alone, rtol=0, atol=1e-9)


def _torus(rule: str, flaws: bool) -> Stand:
    found = netlist("fig5")
    if flaws:
        text = found.source.text.replace("imperfection bias(mean = 0.43V/s, sd = 0.81V/s)", FLAWS)
        assert "twins" in text
        found = compile_netlist(text)
    return stand(found, [rule], (3, 4))
