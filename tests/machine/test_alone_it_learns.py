"""Circuits that learn by themselves, followed by both engines."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from dividers import DIVIDER, LABEL

from netlearn.backends import open_backend
from netlearn.circuit.flat import boundary, flatten, initial
from netlearn.circuit.waveform import Pulse, Pwl, Sine, part
from netlearn.errors import TaskError
from netlearn.lang.compile import compile_netlist
from netlearn.learn.task import make_task
from netlearn.machine.drive import make_machine, rows_of, stretch
from netlearn.machine.run import delivered, heat, run, shown_error, stretch_size


def divider(sign="", period="1ms", label=LABEL):
    netlist = compile_netlist(DIVIDER.format(sign=sign, period=period, label=label))
    written = netlist.circuit
    return written, flatten(written), make_task(netlist.task, 0)


def followed(machine, task, backend, steps, size):
    rows = rows_of(task, 0, steps)
    return list(run(machine, initial(machine.circuit), rows, backend, size, lambda _name, find: find()))


@pytest.mark.parametrize("backend", ["native", "ngspice"])
def test_a_divider_that_is_left_alone_learns(backend):
    written, circuit, task = divider()
    done = followed(make_machine(written, circuit, task), task, backend, 24, 24)
    errors = shown_error(np.array(done[0].outputs), task.labels[rows_of(task, 0, 24)])
    assert errors[0] > 100 * errors[-2]
    assert errors[1] > 100 * errors[-1]


def test_both_engines_follow_it_alike():
    written, circuit, task = divider()
    machine = make_machine(written, circuit, task)
    one, two = (followed(machine, task, backend, 8, 8)[0] for backend in ("native", "ngspice"))
    assert np.abs(np.array(one.states) - two.states).max() < 2e-4
    assert np.abs(np.array(one.outputs) - two.outputs).max() < 1e-4
    assert one.power == pytest.approx(two.power, rel=1e-3)


def test_it_makes_the_steps_of_its_rule():
    """Were the drops constant while it learns, q would change by rate t [d_F^2 - d_C^2]; they follow q, so that is so to
    first order in the rate."""
    text = DIVIDER.format(sign="", period="1ms", label=LABEL).replace("rate = 4kHz", "rate = 40Hz")
    netlist = compile_netlist(text)
    written, circuit, task = netlist.circuit, flatten(netlist.circuit), make_task(netlist.task, 0)
    states = followed(make_machine(written, circuit, task), task, "native", 1, 1)[0].states[0]
    free, clamped = 0.25, 0.5 / 3
    expected = 0.02804 * np.array([(0.5 - free) ** 2 - (0.5 - clamped) ** 2, free**2 - clamped**2])
    assert np.array(states) - 1.0 == pytest.approx(expected, rel=0.01)


def test_with_the_sign_of_its_update_turned_round_it_does_not_learn():
    written, circuit, task = divider(sign="0 - ")
    done = followed(make_machine(written, circuit, task), task, "native", 8, 8)
    errors = shown_error(np.array(done[0].outputs), task.labels[rows_of(task, 0, 8)])
    assert errors[-2] > 2 * errors[0]


@pytest.mark.parametrize("backend", ["native", "ngspice"])
def test_stretches_make_one_run(backend):
    written, circuit, task = divider()
    machine = make_machine(written, circuit, task)
    once = followed(machine, task, backend, 8, 8)
    parts = followed(machine, task, backend, 8, 2)
    states = np.concatenate([p.states for p in parts])
    assert states == pytest.approx(np.array(once[0].states), abs=2e-5)


@pytest.mark.parametrize(("epoch", "size"), [(1, 40), (3, 42), (40, 40), (700, 700), (60_000, 1000)])
def test_what_is_kept_at_once_is_whole_epochs_or_a_part_of_a_long_one(epoch, size):
    assert stretch_size(SimpleNamespace(train=range(epoch))) == size


def test_power_is_what_the_sources_deliver_and_resistors_turn_into_heat():
    written, circuit, task = divider()
    machine = make_machine(written, circuit, task)
    shown = stretch(machine, rows_of(task, 0, 1), 0, 1)
    params = initial(shown)
    x = open_backend("native", shown).transient(params, boundary(shown, np.zeros((1, 0))), 5e-5, 1e-5).x[0, 0]
    edges = heat(shown, params, machine.groups, x[-1:])
    assert edges.sum() == pytest.approx(2 * 0.25e-3 * 0.5, rel=1e-6)  # 0.25 mA from 0.5 V in both halves
    assert delivered(shown, params, np.array([5e-5]), x[-1:])[0] == pytest.approx(edges.sum(), rel=1e-6)


def test_power_of_a_current_that_is_fed_counts():
    """1 mA through 1 mS: 1 mW in both halves."""
    text = (
        DIVIDER.format(sign="", period="1ms", label=LABEL)
        .replace("input  x = V(in)", "input  x = I(out)")
        .replace("Edge top(in, out, on)", "R lone(in.free, in.clamped) = 1k\n  R gone(in.free, gnd) = 1k")
        .replace("x: [0.5V, 1V]", "x: [1mA, 1mA]")
        .replace("Clamp t(out.clamped, gnd, goal, hold)", "R load(goal, gnd) = 1k")
    )
    netlist = compile_netlist(text)
    machine = make_machine(netlist.circuit, flatten(netlist.circuit), make_task(netlist.task, 0))
    one = followed(machine, make_task(netlist.task, 0), "native", 1, 1)[0]
    label = (1 / 6) ** 2 / 1e3  # what the label's source gives its load
    assert one.power == pytest.approx(sum(one.heat) + label, rel=1e-4)
    assert sum(one.heat) == pytest.approx(2e-3, rel=1e-3)


def test_a_circuit_without_labels_is_no_machine():
    written, circuit, task = divider(label="R load(goal, gnd) = 1k")
    with pytest.raises(TaskError, match="no labels"):
        make_machine(written, circuit, task)


def test_a_clock_that_does_not_fit_the_time_of_a_sample_is_refused():
    written, circuit, task = divider(period="3ms")
    with pytest.raises(TaskError, match=r"repeats every 0\.003 s"):
        make_machine(written, circuit, task)


def test_a_state_that_nothing_keeps_is_refused():
    text = (
        DIVIDER.format(sign="", period="1ms", label=LABEL)
        .replace("Conductance f(a.free, b.free, k, gnd)", "R f(a.free, b.free) = 1k * q / 1V")
        .replace("Conductance c(a.clamped, b.clamped, k, gnd)", "R c(a.clamped, b.clamped) = 1k * q / 1V")
    )
    netlist = compile_netlist(text)
    with pytest.raises(TaskError, match="nothing keeps the state"):
        make_machine(netlist.circuit, flatten(netlist.circuit), make_task(netlist.task, 0))


def test_samples_come_in_the_order_of_the_task():
    _, _, task = divider()
    assert rows_of(task, 0, 5).tolist() == [0, 1, 0, 1, 0]
    shuffled = replace(task, spec=replace(task.spec, order="shuffled"))
    assert sorted(rows_of(shuffled, 3, 4)[:2].tolist()) == [0, 1]
    assert rows_of(shuffled, 3, 40).tolist() == rows_of(shuffled, 3, 44)[:40].tolist()


WAVES = (
    Pulse(0.0, 5.0, 2e-4, 1e-6, 1e-6, 5e-4, 1e-3),
    Pulse(0.0, 5.0, 8e-4, 1e-6, 1e-6, 5e-4, 1e-3),  # high over the end of its period
    Pulse(1.0, 2.0, 3e-3, 1e-5, 1e-5, 1e-3, 0.0),
    Pwl((0.0, 1e-3, 2.5e-3), (1.0, 3.0, -1.0)),
    Sine(0.5, 1.0, 700.0, 1.5e-3),
)


@pytest.mark.parametrize("wave", WAVES, ids=lambda w: type(w).__name__)
@pytest.mark.parametrize(("start", "stop"), [(0.0, 1e-3), (1e-3, 3e-3), (2.2e-3, 7.1e-3)])
def test_a_part_of_a_wave_is_that_wave_later(wave, start, stop):
    later = part(wave, start, stop)
    times = np.random.default_rng(0).uniform(0.0, stop - start, 200)
    assert [later.value(t) for t in times] == pytest.approx([wave.value(start + t) for t in times], abs=1e-6)
