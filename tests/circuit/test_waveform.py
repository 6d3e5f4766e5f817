"""What solvers are told of waveforms: corners, straight lines between them, the times that transients are given at."""

from __future__ import annotations

import numpy as np
import pytest

from netlearn.circuit.waveform import Pulse, Pwl, Sine, Waveform, part, time_points

PULSES: list[Waveform] = [
    Pulse(0.2, 1.0, delay=1e-3, rise=1e-4, fall=2e-4, width=1e-3, period=3e-3),
    Pulse(0.2, 1.0, delay=0.0, rise=1e-4, width=1.0),
    Pulse(0.0, 1.0, delay=1e-3, rise=1e-4, width=5e-3, period=3e-3),
    Pwl((1e-3, 2e-3, 5e-3), (0.2, 1.0, -0.5)),
]


@pytest.mark.parametrize("wave", PULSES)
def test_a_waveform_is_straight_lines_through_its_points(wave: Waveform) -> None:
    times, values = wave.points(1e-2)
    assert (np.diff(times) >= 0).all()
    assert len(times) <= wave.count(1e-2) < np.inf
    between = np.linspace(0.0, 0.99e-2, 997)
    wanted = [wave.value(float(t)) for t in between]
    np.testing.assert_allclose(np.interp(between, times, values), wanted, atol=1e-9)


def test_times_are_multiples_of_the_step_and_all_corners() -> None:
    waves = [Pulse(0.0, 1.0, delay=1.5e-3, rise=1e-6, width=1e-3), Sine(0.0, 1.0, 1e3, delay=2e-3)]
    times, corners = time_points(waves, 4e-3, 1e-3)
    wanted = [0.0, 1e-3, 1.5e-3, 1.501e-3, 2e-3, 2.501e-3, 2.501001e-3, 3e-3, 4e-3]
    np.testing.assert_allclose(times, wanted, rtol=1e-12)
    np.testing.assert_array_equal(corners, [True, False, True, True, True, True, True, False, False])
    assert times[-1] == 4e-3


def test_no_two_times_are_the_same_but_for_rounding() -> None:
    waves = [Pulse(0.0, 1.0, delay=0.1e-3 * k, rise=1e-5, fall=1e-5, width=0.3e-3, period=0.7e-3) for k in range(4)]
    times, _ = time_points(waves, 1e-2, 1e-4)
    assert np.diff(times).min() > 1e-13


def test_a_corner_that_two_waves_share_is_one_in_every_part_of_them() -> None:
    clock, sample = (
        Pulse(0.0, 1.0, delay=1e-7, rise=1e-8, fall=1e-8, width=9e-6, period=1e-5),
        Pwl(tuple(t for k in range(42) for t in (1e-5 * k, 1e-5 * k + 0.01 * 1e-5)), tuple(range(84))),
    )
    for first in range(0, 4200, 42):
        times, _ = time_points([part(clock, first * 1e-5, (first + 42) * 1e-5), sample], 42e-5, 2.5e-7)
        assert np.diff(times).min() > 1e-16, first


def test_a_step_that_does_not_divide_the_time_is_followed_by_a_shorter_one() -> None:
    np.testing.assert_allclose(time_points([], 1e-3, 3e-4)[0], [0.0, 3e-4, 6e-4, 9e-4, 1e-3])
