"""Every imperfection of the table does what its docstring says, in the learning loop and in machine code alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from netlearn.backends import Backend, open_backend
from netlearn.circuit.chance import Keyed
from netlearn.circuit.flat import CLAMPED, boundary, flatten, initial, with_states
from netlearn.errors import CheckFault, TaskError
from netlearn.lang.compile import compile_netlist
from netlearn.learn.assembly import assemble
from netlearn.learn.board import Board, rounded
from netlearn.learn.compiled import make_lesson, taught_of
from netlearn.learn.imperfections import IMPERFECTIONS
from netlearn.learn.methods import METHODS
from netlearn.learn.task import make_task
from netlearn.learn.tick import Tick
from netlearn.learn.train import Trainer, bench_of, board_of, learn, train
from netlearn.solve.solution import read
from netlearn.study.stand import stand

EXAMPLES = {
    "bias": "bias(value = [0.5V/s, -0.3V/s], mean = 0.1V/s, sd = 0.2V/s)",
    "clamp": "clamp(error = 10mV, sd = 3mV)",
    "codes": "codes(full = 0.4532V)",
    "comparator": "comparator(offset = 2mV)",
    "injection": "injection(mean = -20uV, sd = 5uV)",
    "leak": "leak(tau = 2s, rest = 1V)",
    "leakage": "leakage(current = 1uA, spread = 0.5)",
    "multiplier": "multiplier(amplifier = 1mV, output = 1e-4V^2)",
    "sources": "sources(mean = 1mV, sd = 2mV)",
    "switch": "switch(least = 30us, late = 5us)",
    "twins": "twins(vt = 10mV, beta = 5e-3)",
}
RULES = {
    "integrator": "integrator(eta = 0.9)",
    "overclamp": "overclamp(eta = 0.3, full = 20mV)",
    "a shared pulse": "overclamp(eta = 0.3, normalised = 1, pulse = 1ms)\norder batch",
    "sign": "sign(delta = 10mV)",
}
HINGE = "loss hinge(margin = 20mV)"
LOSSES = ("loss square", HINGE)


def network(imperfections: str = "", rule: str = RULES["integrator"], loss: str = "loss square") -> str:
    """Two transistors that learn between an input and a rail, read in the middle."""
    return f"""import "std/board.nl"
    circuit Two {{
      net in: twin, out: twin, top: twin, far: twin
      Rail high(top) {{ volts = 0.4V }}
      BoardEdge a(in, out) {{ start = uniform(2V, 2.4V) }}
      BoardEdge b(out, top) {{ start = uniform(2V, 2.4V) }}
      Fixed r(out, far) {{ ohms = 5k }}
      Fixed s(far, in) {{ ohms = 5k }}
      input x = V(in)
      output y = V(out) - V(far)
    }}
    task t on Two {{
      data x: [20mV, 200mV, 120mV] -> y: [70mV, -10mV, 70mV]
      rule {rule}
      {loss}
      {imperfections}
      stop steps > 30
    }}"""


Made = Callable[..., tuple[Trainer, Board]]


@pytest.fixture
def made() -> Iterator[Made]:
    opened: list[Backend] = []

    def make(
        imperfections: str = "",
        rule: str = RULES["integrator"],
        loss: str = "loss square",
        seed: int = 0,
        backend: str = "native",
    ) -> tuple[Trainer, Board]:
        lines = "\n".join(f"imperfection {one}" for one in imperfections.split(";") if one)
        netlist = compile_netlist(network(lines, rule, loss))
        opened.append(open_backend(backend, flatten(netlist.circuit)))
        trainer = Trainer(opened[-1].circuit, make_task(netlist.task, seed), opened[-1], seed)
        return trainer, board_of(trainer)

    yield make
    for one in opened:
        one.close()


def step(trainer: Trainer, board: Board, rows: int = 0) -> np.ndarray:
    """By how much the states move in a step on one sample, phase by phase, in V/s of its pulse."""
    new, _ = learn(trainer, board, None, board.params, [np.array([rows])])
    return (new.states - board.params.states)[0] / trainer.task.method.pulse  # type: ignore[attr-defined]


def test_the_table_of_imperfections_is_the_table_of_this_test() -> None:
    assert set(EXAMPLES) == set(IMPERFECTIONS)


def fitting(rule: str) -> dict[str, str]:
    """The examples that fit a rule, as they are written, and all of them at once."""
    own = {name: text for name, text in EXAMPLES.items() if name in METHODS[rule.partition("(")[0]].parts}
    return {"none": "", **own, "all": ";".join(own.values())}


ALL = fitting("integrator")["all"]
CASES = [
    pytest.param(flaws, rule, id=f"{rule}-{name}") for rule in RULES for name, flaws in fitting(RULES[rule]).items()
]
ONE_AT_A_TIME = ("integrator", "sign")


def test_rules_name_imperfections_of_the_table_and_each_is_one_of_some_rule() -> None:
    assert {name for method in METHODS.values() for name in method.parts} == set(IMPERFECTIONS)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("flaws", "rule"), CASES)
def test_machine_code_learns_as_the_loop_does_with_every_imperfection(
    flaws: str, rule: str, loss: str, made: Made
) -> None:
    trainer, board = made(flaws, RULES[rule], loss, seed=3)
    lesson = make_lesson(trainer.task, board)
    assert lesson is not None
    batches = [trainer.task.train] * 20 if "batch" in RULES[rule] else [np.array([k % 3]) for k in range(61)]
    within = taught_of(trainer.backend, board, lesson, board.params, batches)
    assert within is not None
    assert within.steps == len(batches)
    assert within.settled.tolist() == within.solves.tolist()
    loop, _ = learn(trainer, board, None, board.params, batches)
    assert np.abs(loop.states - board.params.states).max() > 1e-4
    np.testing.assert_allclose(within.states, loop.states, rtol=0, atol=2e-12)


@pytest.mark.parametrize("rule", ONE_AT_A_TIME)
def test_spice_learns_as_the_native_engine_does_with_every_imperfection(rule: str, made: Made) -> None:
    found = []
    for backend in ("native", "ngspice"):
        trainer, board = made(fitting(rule)["all"], RULES[rule], seed=3, backend=backend)
        new, _ = learn(trainer, board, None, board.params, [np.array([k % 3]) for k in range(12)])
        found.append(new.states)
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-9)


@pytest.mark.parametrize("rule", ONE_AT_A_TIME)
def test_draws_side_by_side_learn_as_each_does_alone(rule: str, made: Made) -> None:
    trainer, board = made(fitting(rule)["all"], RULES[rule])
    seeds = range(11)
    together = assemble(trainer.circuit, board.plan, trainer.task, _nominal(trainer).copies(11), Keyed(tuple(seeds)))
    rows = np.arange(60) % 3
    lesson = make_lesson(trainer.task, together)
    assert lesson is not None
    found = trainer.backend.teach(together.params, lesson, rows, None, together.flaws)
    assert found is not None
    for seed in seeds:
        alone = assemble(trainer.circuit, board.plan, trainer.task, _nominal(trainer), Keyed((seed,)))
        one = trainer.backend.teach(alone.params, lesson, rows, None, alone.flaws)
        assert one is not None
        np.testing.assert_allclose(found.states[seed], one.states[0], rtol=0, atol=1e-12)
    assert np.ptp(found.states, axis=0).min() > 1e-3


def _nominal(trainer: Trainer):  # type: ignore[no-untyped-def]
    return initial(trainer.circuit, 0)


def test_a_bias_moves_each_value_by_itself(made: Made) -> None:
    ideal, biased = made(), made("bias(value = [0.5V/s, -0.3V/s])")
    np.testing.assert_allclose(step(*biased) - step(*ideal), [0.5, -0.3], rtol=0, atol=1e-9)
    np.testing.assert_allclose(step(*made("bias(value = 2V/s)")) - step(*ideal), [2.0, 2.0], rtol=0, atol=1e-9)


def test_drawn_biases_have_the_mean_and_the_spread_they_are_given() -> None:
    edges = 400
    netlist = compile_netlist(
        f"""import "std/board.nl"
        circuit Many {{
          net n[{edges + 1}]: twin
          mesh e = graph([{", ".join(f"{k}--{k + 1}" for k in range(edges))}]) on n of BoardEdge
          input x = V(n[0])
          output y = V(n[{edges}])
        }}
        task t on Many {{ data x: [0.1V] -> y: [0.1V]
          rule integrator
          imperfection bias(mean = 0.43V/s, sd = 0.81V/s)
          stop steps > 1
        }}"""
    )
    circuit = flatten(netlist.circuit)
    drawn = [
        board_of(Trainer(circuit, make_task(netlist.task, 0), None, seed)).flaws.drift  # type: ignore[arg-type]
        for seed in (0, 1)
    ]
    assert drawn[0].mean() == pytest.approx(0.43, abs=3 * 0.81 / 20)
    assert drawn[0].std() == pytest.approx(0.81, rel=0.12)
    assert np.abs(np.corrcoef(drawn[0][0], drawn[1][0])[0, 1]) < 0.2


def test_a_leak_pulls_towards_where_it_rests_and_two_of_them_add_up(made: Made) -> None:
    trainer, board = made()
    gates = board.params.states[0]
    ideal, pulse = step(trainer, board), trainer.task.method.pulse  # type: ignore[attr-defined]
    one = ideal - (gates - 1.0) / 2.0
    left = -np.expm1(-pulse / 2.0) / (pulse / 2.0)
    np.testing.assert_allclose(step(*made("leak(tau = 2s, rest = 1V)")), one * left, atol=1e-9)
    two = one - (gates - 3.0) / 0.5
    left = -np.expm1(-pulse * 2.5) / (pulse * 2.5)
    np.testing.assert_allclose(
        step(*made("leak(tau = 2s, rest = 1V);leak(tau = 0.5s, rest = 3V)")), two * left, atol=1e-9
    )


@pytest.mark.parametrize("tau", ["20us", "1ns"])
def test_a_leak_that_is_faster_than_a_pulse_ends_at_its_rest_and_goes_no_further(tau: str, made: Made) -> None:
    trainer, board = made(f"leak(tau = {tau}, rest = 2.5V)")
    lesson = make_lesson(trainer.task, board)
    for way in (None, lesson):
        params, _ = learn(trainer, board, way, board.params, [np.array([0])] * 20)
        np.testing.assert_allclose(params.states, 2.5, atol=0.02)


def test_each_time_that_the_switch_goes_off_gates_jump(made: Made) -> None:
    ideal, jumping = made(), made("injection(mean = -20uV)")
    pulse = ideal[0].task.method.pulse  # type: ignore[attr-defined]
    np.testing.assert_allclose((step(*jumping) - step(*ideal)) * pulse, -20e-6, rtol=1e-9)
    batches = {"integrator(eta = 0.9)\norder batch": 3, "overclamp(eta = 0.3)\norder batch": 1}  # all, or what misses
    for rule, jumps in batches.items():
        (trainer, board), (_, jumpy) = made("", rule, HINGE), made("injection(mean = -20uV)", rule, HINGE)
        first, second = (learn(trainer, one, None, one.params, [np.arange(3)])[0].states for one in (board, jumpy))
        np.testing.assert_allclose(second - first, jumps * -20e-6, rtol=1e-9)
    with pytest.raises(TaskError, match="injection is of one that goes off"):
        stand(compile_netlist(network("imperfection injection(mean = 1mV)")), ["t"])
    _, board = made("injection(sd = 1mV);injection(sd = 1mV)")
    assert np.unique(board.flaws.jump).size == 2
    assert board.flaws.jump.std() < 10e-3


def test_a_leakage_current_discharges_the_gate_capacitor_of_the_rule(made: Made) -> None:
    ideal = made()
    lost = step(*made("leakage(current = 1uA)")) - step(*ideal)
    np.testing.assert_allclose(lost, -1e-6 / 2.2e-6, rtol=1e-6)
    rule = "integrator(eta = 0.9, c = 22uF)"
    lost = step(*made("leakage(current = 1uA)", rule)) - step(*made("", rule))
    np.testing.assert_allclose(lost, -1e-6 / 22e-6, rtol=1e-6)
    drifts = [made("leakage(current = 1uA, spread = 0.5)", seed=seed)[1].flaws.drift[0] for seed in range(40)]
    logs = np.log(-np.ravel(drifts) * 2.2)
    assert logs.mean() == pytest.approx(0.0, abs=4 * 0.4724 / np.sqrt(80))
    assert logs.std() == pytest.approx(0.4724, rel=0.3)


def test_codes_that_do_not_lie_on_a_line_are_off_by_waves_that_vanish_at_the_ends(made: Made) -> None:
    trainer, board = made("codes(full = 0.4V, read = 8, drive = 8, inl = 2)")
    assert make_lesson(trainer.task, board) is None
    lsb, volts = 0.4 / 256, np.linspace(0.0, 0.4, 257)[:, None]
    read_off = board.read(volts, np.array([0])) - volts
    driven = np.broadcast_to(volts, (257, 2))
    drive_off = board.drive(driven) - driven
    for off in (read_off, drive_off[:, :1], drive_off[:, 1:]):
        np.testing.assert_allclose(off[[0, -1]], 0.0, atol=1e-12)
        assert 0.2 * lsb < np.abs(off).max() < 8 * lsb
    assert np.abs(drive_off[:, 0] - drive_off[:, 1]).max() > 0.1 * lsb
    np.testing.assert_allclose(read_off / lsb, np.round(read_off / lsb), atol=1e-9)
    beyond = np.array([[-0.1, 0.6]])
    np.testing.assert_array_equal(board.drive(beyond), rounded(beyond, lsb))
    middles = []
    for seed in range(200):
        _, one = made("codes(full = 0.4V, read = 8, drive = 8, inl = 2)", seed=seed)
        middles += (one.drive(np.full((1, 2), 0.2)) - 0.2).ravel().tolist()
    assert np.std(middles) / lsb == pytest.approx(2.0, rel=0.2)
    found = []
    for backend in ("native", "ngspice"):
        trainer, board = made("codes(full = 0.4V, inl = 2)", seed=3, backend=backend)
        new, _ = learn(trainer, board, None, board.params, [np.array([k % 3]) for k in range(6)])
        found.append(new.states)
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-9)
    *_, last = train(trainer)
    assert np.abs(last.states - board.params.states).max() > 1e-4


def test_an_offset_multiplier_is_off_as_its_formula_says(made: Made) -> None:
    trainer, board = made("multiplier(amplifier = 1mV, output = 1e-4V^2)")
    alpha = trainer.task.method.alpha  # type: ignore[attr-defined]
    offsets, edges = board.flaws.offsets[0], board.edges
    assert len(offsets) == 2 * len(edges) == 8
    assert np.unique(offsets).size == 8
    assert 2e-4 < offsets.std() < 2e-3
    bench = _rest(trainer, board)
    free, clamped = bench
    expected = np.zeros(2)
    for k, (edge, group, row) in enumerate(_learning_edges(board)):
        half = group.half[row]
        seen = (clamped if half == CLAMPED else free)[0, 0]
        drop = seen[group.plus[row]] - seen[group.minus[row]]
        off = offsets[len(edges) + k] if half == CLAMPED else offsets[k]
        expected[group.states[row]] += (-1.0 if half == CLAMPED else 1.0) * (drop + off) ** 2
        assert edge in edges
    np.testing.assert_allclose(step(trainer, board), alpha * expected + board.flaws.drift[0], rtol=1e-9)
    assert np.abs(board.flaws.drift).max() > 0.01


def _learning_edges(board: Board):  # type: ignore[no-untyped-def]
    for group in board.plan.groups:
        for row in range(len(group.elements)):
            yield board.circuit.banks[group.device].names[int(group.elements[row])], group, row


def _rest(trainer: Trainer, board: Board) -> tuple[np.ndarray, np.ndarray]:
    """Unknowns of the free and the clamped phase of the first sample."""
    bench = bench_of(trainer, board, board.params, np.array([0]), trainer.task.labels[:1], Tick(0, 0, 0))
    free = bench.free()
    method = trainer.task.method
    return free.x, bench.settle(method.clamped(bench, free, bench.aim(free)), free).x  # type: ignore[attr-defined]


def test_a_clamp_that_is_off_lands_off(made: Made) -> None:
    plain, off = made(rule="integrator(eta = 1)"), made("clamp(error = 10mV)", rule="integrator(eta = 1)")
    nodes = plain[1].circuit.clamping[0]
    before, after = (_rest(*one)[1][0, 0, nodes] for one in (plain, off))
    np.testing.assert_allclose(after - before, 10e-3, atol=1e-12)


def test_sources_of_the_clamped_network_alone_are_off(made: Made) -> None:
    trainer, board = made("sources(mean = 2mV)")
    circuit = trainer.circuit
    driven = circuit.driven["V"][0]
    assert board.flaws.source[0].tolist() == [2e-3 if circuit.halves[n] == CLAMPED else 0.0 for n in driven]
    dc = board.params.values["V"]["dc"][0]
    for name, volts in zip(circuit.banks["V"].names, dc, strict=True):
        assert volts == pytest.approx(0.402 if name.endswith(".c") else 0.4)


def test_twins_that_differ_see_different_drops_in_free_and_clamped_phase(made: Made) -> None:
    _trainer, board = made("twins(vt = 10mV, beta = 5e-3)")
    vto, kp = (board.params.values["NMOS"][name][0] for name in ("vto", "kp"))
    assert np.unique(vto).size == np.unique(kp).size == 4
    assert 1e-3 < (vto - 0.7).std() < 30e-3
    assert 1e-3 < (kp / 0.85e-3 - 1).std() < 15e-3
    with pytest.raises(TaskError, match="transistor"):
        IMPERFECTIONS["twins"](vt=0.01).onto(_linear())  # type: ignore[call-arg]


def _linear() -> Board:
    netlist = compile_netlist(
        """circuit Linear { net a, b
          R r(a, b) = learn(1k, 100..10k)
          R s(b, gnd) = 1k
          input x = V(a)
          output y = V(b) }
        task t on Linear { data x: [1V] -> y: [0.3V]
          rule integrator
          stop steps > 1 }"""
    )
    circuit = flatten(netlist.circuit)
    return board_of(Trainer(circuit, make_task(netlist.task, 0), None))  # type: ignore[arg-type]


def test_converters_have_as_many_codes_as_bits_allow(made: Made) -> None:
    trainer, board = made("codes(full = 0.4V, drive = 4, read = 6)")
    assert trainer.task.inputs[:, 0].tolist() == pytest.approx([0.025, 0.2, 0.125])
    _, clamped = _rest(trainer, board)
    held = clamped[0, 0, board.circuit.clamping[0]] / 0.025
    np.testing.assert_allclose(held, np.round(held), atol=1e-9)
    volts = np.array([[0.101], [0.104]])
    np.testing.assert_allclose(board.read(volts, np.array([0])) / (0.4 / 64), np.round(volts / (0.4 / 64)))


def test_a_slow_switch_leaves_out_short_pulses_and_lengthens_the_others(made: Made) -> None:
    _, board = made("switch(least = 30us, late = 5us)")
    np.testing.assert_allclose(board.on(np.array([0.0, 29e-6, 30e-6, 1e-4])), [0, 0, 35e-6, 105e-6])
    biased = "bias(value = 1V/s)"
    late = step(*made(f"{biased};switch(late = 25us)"))
    np.testing.assert_allclose(late, 1.25 * step(*made(biased)), rtol=1e-9)


def test_what_is_named_twice_is_drawn_twice(made: Made) -> None:
    one, two = (made(";".join(["bias(sd = 1V/s)"] * count))[1].flaws.drift[0] for count in (1, 2))
    assert (np.abs(two - 2 * one) > 1e-3).all()
    rest = two - one
    assert np.unique(np.concatenate([one, rest])).size == 4


def test_draws_depend_on_the_seed_and_the_part_and_on_nothing_else(made: Made) -> None:
    one, again, other = (made(ALL, seed=seed)[1].flaws for seed in (1, 1, 2))
    for name in ("drift", "offsets", "clamp", "source"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
        assert (getattr(one, name) != getattr(other, name)).any(), name
    backwards = made(";".join(reversed(ALL.split(";"))), seed=1)[1]
    for name in ("drift", "offsets", "clamp", "source"):
        np.testing.assert_allclose(getattr(one, name), getattr(backwards.flaws, name), rtol=1e-12)


def test_a_satisfied_hinge_lets_go_of_the_clamp_but_the_bias_goes_on(made: Made) -> None:
    trainer, board = made("bias(value = 1V/s)", loss="loss hinge(margin = 1uV)")
    outputs = _outputs(trainer, board)
    row = int(np.flatnonzero((outputs > 30e-3) == (trainer.task.labels[:, 0] > 30e-3))[0])
    np.testing.assert_allclose(step(trainer, board, row), [1.0, 1.0], rtol=1e-9)


def _outputs(trainer: Trainer, board: Board) -> np.ndarray:
    found = trainer.backend.operating_points(board.params, boundary(trainer.circuit, trainer.task.inputs))
    return read(trainer.circuit, board.params, found.x)[0, :, 0]


def test_an_overclamped_output_goes_towards_its_rails_for_a_time_that_its_error_sets(made: Made) -> None:
    rule = "overclamp(eta = 0.25, low = 0V, high = 0.5V, full = 0.2V)"
    trainer, board = made("bias(value = 1V/s)", rule)
    free, clamped = (phase[0, 0] for phase in _rest(trainer, board))
    error = trainer.task.labels[0, 0] - _outputs(trainer, board)[0]
    nodes, starts, _, shares = trainer.circuit.clamping
    for node, start, share in zip(nodes, starts, shares, strict=True):
        rail = 0.5 if error > 0 else -0.5  # of the difference of two nodes
        pull = rail - (trainer.task.labels[0, 0] - error)
        assert clamped[node] == pytest.approx(free[start] + share * 0.25 * pull)
    ideal = step(*made("", rule))
    np.testing.assert_allclose(step(trainer, board) - ideal, abs(error) / 0.2, rtol=1e-9)


def test_training_by_samples_has_the_imperfections_as_well(made: Made) -> None:
    trainer, _ = made("bias(value = 100V/s)")
    *_, last = train(trainer)
    assert last.states.min() == pytest.approx(board_of(trainer).params.states.min() + 0.3, abs=0.05)
    assert with_states(trainer.circuit, board_of(trainer).params, last.states).draws == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bias(value = [1V/s, 2V/s, 3V/s])", "3 biases for 2 learnable values"),
        ("bias(value = 1V)", "value is in V/s, and this is in V"),
        ("bias(sd = -1V/s)", "sd is -1"),
        ("leak(tau = [1s, 2s])", "tau is one number, not a list"),
        ("leak(tau = 0s)", "tau is 0"),
        ("codes(full = 1V, drive = 0)", "drive is 0"),
        ("codes(full = 1V, read = 2.5)", "read is 2.5"),
        ("switch(late = -1us)", "late is -1e-06"),
        ("codes(full = 1V, inl = -1)", "inl is -1"),
        ("injection(sd = -1mV)", "sd is -0.001"),
        ("leakage(spread = 1)", "is not given its current"),
        ("leakage(current = 1e300A)", "no part of a board is that far off"),
        ("bais(sd = 1V/s)", "unknown imperfection 'bais'"),
        ("codes(full = 1e-30V)", "full is 1e-30"),
        ("leak(tau = 1e-300s)", "no part of a board is that far off"),
        ("multiplier(amplifier = 1e300V)", "no part of a board is that far off"),
        ("switch(late = 1e300s)", "no part of a board is that far off"),
        ("bias(value = 1e308V/s);bias(value = 1e308V/s)", "no part of a board is that far off"),
    ],
)
def test_an_imperfection_that_cannot_be_is_refused_at_its_place(text: str, message: str, made: Made) -> None:
    with pytest.raises(CheckFault) as fault:
        made(text)
    assert message in str(fault.value)
    assert "imperfection" in str(fault.value)


def test_a_rule_that_is_a_formula_has_no_parts_that_could_be_imperfect(made: Made) -> None:
    with pytest.raises(CheckFault, match="no parts that could be imperfect"):
        made("bias(sd = 1V/s)", "hardware(rate = 1)")
