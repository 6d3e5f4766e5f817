"""Whole learning steps in a backend's machine code lead where the phase by phase loop leads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from netlearn.backends import Backend
from netlearn.circuit.flat import FlatCircuit, Ints, Params, flatten, initial, with_states
from netlearn.lang.compile import compile_netlist
from netlearn.learn.compiled import make_lesson
from netlearn.learn.methods import METHODS, Method
from netlearn.learn.task import make_task
from netlearn.learn.train import Trainer, board_of, learn
from netlearn.solve.lesson import Lesson

TEACHERS = ["native", "ngspice"]
VALUES = {
    "gate source": "state vg = learn(uniform(2V, 3V), 0.8V..3.2V)\nV hold(g, gnd) = vg",
    "gate capacitor": "state vg = learn(uniform(2V, 3V), 0.8V..6V)\nC hold(g, gnd) = 22uF, ic = vg",
    "logarithmic": "state vg = learn(uniform(2V, 3V), 0.8V..6V, law = log)\nV hold(g, gnd) = vg",
    "stepped": "state vg = learn(uniform(2V, 3V), 0.8V..6V, step = 1mV)\nV hold(g, gnd) = vg",
}
RULES = {
    "hardware": "rule hardware(eta = 1, rate = 0.3)",
    "hardware, small nudge": "rule hardware(eta = 0.1, rate = 3)",
    "sign": "rule sign(eta = 1, delta = 20mV)",
}
LOSSES = {
    "square": "loss square",
    "hinge of two outputs": "loss hinge(margin = 20mV, delta = 40mV)",
}


def _network(value: str, rule: str, loss: str, outputs: int = 2) -> tuple[FlatCircuit, Trainer]:
    netlist = compile_netlist(
        f"""module Edge(a, b) {{
          net g
          {value}
          NMOS m(d = a, g = g, s = b, b = gnd)
        }}
        circuit Net {{
          net n[6]
          mesh e = graph([0--1, 1--2, 3--4, 4--5, 0--3, 1--4, 2--5, 0--4]) on n of Edge
          R leak(n[2], gnd) = 1MOhm
          input x[0..1] = V(n[0]), V(n[3])
          output y[0..{outputs - 1}] = {"V(n[5]), V(n[1])" if outputs == 2 else "V(n[5], n[1])"}
        }}
        task t on Net {{
          data x: [[0V, 0.4V], [0.2V, 0.1V], [0.3V, 0.05V]] -> y: {
            "[[0.2V, 0.1V], [0.1V, 0.2V], [0.15V, 0.16V]]" if outputs == 2 else "[20mV, -10mV, 5mV]"
        }
          {rule}
          {loss}
        }}"""
    )
    circuit = flatten(netlist.circuit)
    return circuit, Trainer(circuit, make_task(netlist.task, 0), _Unopened(), steps=1)  # type: ignore[arg-type]


class _Unopened:
    """Stands where a backend is not asked anything."""


def _both(circuit: FlatCircuit, trainer: Trainer, opened: Backend) -> tuple[Params, Params, int, int]:
    """Parameters after 60 samples, within the backend and phase by phase; samples done within; solves."""
    trainer = Trainer(circuit, trainer.task, opened, steps=1)
    board = board_of(trainer)
    params, lesson = board.params, make_lesson(trainer.task, board)
    assert lesson is not None
    batches = [np.array([k % 3]) for k in range(60)]
    within = opened.teach(params, lesson, np.concatenate(batches))
    opened.reset()
    one, asked = learn(trainer, board, lesson, params, batches)
    opened.reset()
    other, asked_too = learn(trainer, board, None, params, batches)
    assert (asked.settles, asked.settled) == (asked_too.settles, asked_too.settled)
    return one, other, within.steps if within else 0, asked.settles


@pytest.mark.parametrize("teacher", TEACHERS)
@pytest.mark.parametrize("value", VALUES)
def test_every_kind_of_learnable_gate_learns_the_same(
    value: str, teacher: str, backend: Callable[[str, FlatCircuit], Backend]
) -> None:
    circuit, trainer = _network(VALUES[value], RULES["hardware"], LOSSES["square"])
    one, other, within, _ = _both(circuit, trainer, backend(teacher, circuit))
    assert within == 60
    assert np.abs(one.states - initial(circuit).states).max() > 1e-3
    np.testing.assert_allclose(one.states, other.states, rtol=0, atol=1e-12)


@pytest.mark.parametrize("teacher", TEACHERS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_and_loss_learns_the_same(
    rule: str, loss: str, teacher: str, backend: Callable[[str, FlatCircuit], Backend]
) -> None:
    circuit, trainer = _network(VALUES["gate source"], RULES[rule], LOSSES[loss])
    one, other, within, _ = _both(circuit, trainer, backend(teacher, circuit))
    assert within == 60
    np.testing.assert_allclose(one.states, other.states, rtol=0, atol=1e-12)


@pytest.mark.parametrize("teacher", TEACHERS)
@pytest.mark.parametrize("loss", ["loss square", "loss hinge(margin = 4mV, delta = 10mV)"])
def test_a_differential_output_learns_the_same(
    loss: str, teacher: str, backend: Callable[[str, FlatCircuit], Backend]
) -> None:
    circuit, trainer = _network(VALUES["gate source"], RULES["hardware"], loss, outputs=1)
    one, other, within, _ = _both(circuit, trainer, backend(teacher, circuit))
    assert within == 60
    np.testing.assert_allclose(one.states, other.states, rtol=0, atol=1e-12)


def test_a_hinge_asks_for_a_clamped_phase_only_where_it_pushes(
    backend: Callable[[str, FlatCircuit], Backend],
) -> None:
    circuit, trainer = _network(VALUES["gate source"], RULES["hardware"], "loss hinge(margin = 20mV, delta = 40mV)")
    _, _, _, solves = _both(circuit, trainer, backend("ngspice", circuit))
    assert 60 < solves < 120


class _Hesitant:
    """A backend that does one step by itself and leaves each other one to the loop."""

    def __init__(self, backend: Backend) -> None:
        self.backend, self.steps = backend, 0
        self.operating_points = backend.operating_points

    def teach(self, params: Params, lesson: Lesson, rows: Ints, *rest: None):  # type: ignore[no-untyped-def]
        taught = self.backend.teach(params, lesson, rows[:1], *rest)
        self.steps += taught.steps if taught else 0
        return taught


def test_steps_that_a_backend_hands_back_are_done_phase_by_phase(
    backend: Callable[[str, FlatCircuit], Backend],
) -> None:
    circuit, trainer = _network(VALUES["gate source"], RULES["hardware"], LOSSES["square"])
    hesitant = _Hesitant(backend("ngspice", circuit))
    one, _, _, _ = _both(circuit, trainer, backend("ngspice", circuit))
    trainer = Trainer(circuit, trainer.task, hesitant, steps=1)  # type: ignore[arg-type]
    board = board_of(trainer)
    lesson = make_lesson(trainer.task, board)
    mixed, _ = learn(trainer, board, lesson, board.params, [np.array([k % 3]) for k in range(60)])
    assert hesitant.steps == 30
    np.testing.assert_allclose(mixed.states, one.states, rtol=0, atol=1e-12)


def test_what_is_no_formula_has_no_lesson() -> None:
    _, trainer = _network(VALUES["gate source"], "rule coupled(rate = 1)", LOSSES["square"])
    assert make_lesson(trainer.task, board_of(trainer)) is None
    _, trainer = _network(VALUES["gate source"], RULES["sign"] + "\norder batch", LOSSES["square"])
    assert make_lesson(trainer.task, board_of(trainer)) is None


def _ohmic(edge: str, rule: str, loss: str = "loss square") -> tuple[FlatCircuit, Trainer]:
    netlist = compile_netlist(
        f"""module Edge(a, b) {{ {edge} }}
        circuit Net {{
          net n[6]
          mesh e = graph([0--1, 1--2, 3--4, 4--5, 0--3, 1--4, 2--5, 0--4]) on n of Edge
          R r(n[2], gnd) = 3k
          D d(n[4], gnd)
          input x[0..1] = V(n[0]), V(n[3])
          output y[0..1] = V(n[5]), V(n[1])
        }}
        task t on Net {{
          data x: [[0V, 0.4V], [0.2V, 0.1V], [0.3V, 0.05V]] -> y: [[0.2V, 0.1V], [0.1V, 0.2V], [0.15V, 0.16V]]
          {rule}
          {loss}
        }}"""
    )
    circuit = flatten(netlist.circuit)
    return circuit, Trainer(circuit, make_task(netlist.task, 0), _Unopened(), steps=1)  # type: ignore[arg-type]


EDGES = {
    "a conductance": "G g(a, b) = learn(uniform(0.5mS, 2mS), 0.1mS..10mS)",
    "a conductance, logarithmic": "G g(a, b) = learn(uniform(0.5mS, 2mS), 0.1mS..10mS, law = log)",
    "a resistance": "R r(a, b) = learn(uniform(0.5k, 2k), 100Ohm..10k)",
    "a resistance, logarithmic": "R r(a, b) = learn(uniform(0.5k, 2k), 100Ohm..10k, law = log)",
    "a resistance on a grid": "R r(a, b) = learn(uniform(0.5k, 2k), 100Ohm..10k, step = 1Ohm)",
    "one that learns beside one that does not": "R r(a, b) = learn(uniform(0.5k, 2k), 100Ohm..10k)\nR s(a, b) = 5k",
}
OHMIC_RULES = {
    "coupled": {
        "G": "coupled(eta = 0.1, rate = 3e-4)",
        "R": "coupled(eta = 0.1, rate = 3e-4)",
        "log": "coupled(rate = 1e3)",
    },
    "hebbian": {"G": "hebbian(rate = 3e-3)", "R": "hebbian(rate = 3e-3)", "log": "hebbian(rate = 2e3)"},
    "hardware": {"G": "hardware(rate = 1e-3)", "R": "hardware(rate = 1e3)", "log": "hardware(rate = 0.1)"},
    "integrator": {"G": "integrator(gain = 7e-3)", "R": "integrator(gain = 7e3)", "log": "integrator(gain = 0.7)"},
    "overclamp": {
        "G": "overclamp(gain = 7e-3, eta = 0.3, high = 1V)",
        "R": "overclamp(gain = 7e3, eta = 0.3, high = 1V)",
        "log": "overclamp(gain = 0.7, eta = 0.3, high = 1V)",
    },
    "sign": {"G": "sign(delta = 0.01mS)", "R": "sign(delta = 10Ohm)", "log": "sign(delta = 0.01)"},
}
"""One example of every rule for each kind of edge."""


def _rule(name: str, edge: str) -> str:
    return f"rule {OHMIC_RULES[name]['log' if 'log' in edge else edge[0]]}"


EVERY_LOSS = {"square": "loss square", "nearest": "loss nearest", "hinge": "loss hinge(margin = 20mV, delta = 40mV)"}


@pytest.mark.parametrize("name", [name for name, kind in METHODS.items() if kind.formula is not Method.formula])
@pytest.mark.parametrize("edge", EDGES)
def test_every_rule_learns_the_same_on_every_linear_edge(
    edge: str, name: str, backend: Callable[[str, FlatCircuit], Backend]
) -> None:
    circuit, trainer = _ohmic(EDGES[edge], _rule(name, EDGES[edge]))
    one, other, within, _ = _both(circuit, trainer, backend("native", circuit))
    assert within == 60
    first = initial(circuit).states
    assert (np.abs(one.states - first) > 1e-3 * first).sum() > 3
    np.testing.assert_allclose(one.states, other.states, rtol=1e-12)


def test_twins_of_conductances_learn_the_same(backend: Callable[[str, FlatCircuit], Backend]) -> None:
    netlist = compile_netlist(
        """bundle twin { free, clamped }
        module Edge(a: twin, b: twin) {
          state g = learn(uniform(0.5mS, 2mS), 0.1mS..10mS)
          G f(a.free, b.free) = g
          G c(a.clamped, b.clamped) = g
        }
        circuit Net {
          net n[6]: twin
          mesh e = graph([0--1, 1--2, 3--4, 4--5, 0--3, 1--4, 2--5, 0--4]) on n of Edge
          input x[0..1] = V(n[0]), V(n[3])
          output y[0..1] = V(n[5]), V(n[1])
        }
        task t on Net {
          data x: [[0V, 0.4V], [0.2V, 0.1V], [0.3V, 0.05V]] -> y: [[0.2V, 0.1V], [0.1V, 0.2V], [0.15V, 0.16V]]
          rule hardware(rate = 1e-3)
        }"""
    )
    circuit = flatten(netlist.circuit)
    trainer = Trainer(circuit, make_task(netlist.task, 0), _Unopened(), steps=1)  # type: ignore[arg-type]
    one, other, within, _ = _both(circuit, trainer, backend("native", circuit))
    assert within == 60
    assert np.abs(one.states / initial(circuit).states - 1.0).max() > 1e-3
    np.testing.assert_allclose(one.states, other.states, rtol=1e-12)


def _small(body: str, before: str = "") -> tuple[FlatCircuit, Trainer]:
    """Inputs of two nets, and one output that learns three values."""
    netlist = compile_netlist(
        f"""{before}
        circuit Net {{
          {body}
        }}
        task t on Net {{
          data x: [[0V, 0.4V], [0.2V, 0.1V], [0.3V, 0.05V]] -> y: [0.02V, 0.05V, 0.1V]
          rule hardware(rate = 1e-3)
        }}"""
    )
    circuit = flatten(netlist.circuit)
    return circuit, Trainer(circuit, make_task(netlist.task, 0), _Unopened(), steps=1)  # type: ignore[arg-type]


def test_an_output_against_an_input_is_pushed_at_its_own_node(backend: Callable[[str, FlatCircuit], Backend]) -> None:
    circuit, trainer = _small(
        """net a, b, c
        G g1(a, c) = learn(1mS, 0.1mS..10mS)
        G g2(c, b) = learn(2mS, 0.1mS..10mS)
        R r(c, gnd) = 2k
        input x[0..1] = V(a), V(b)
        output y = V(c) - V(b)"""
    )
    nodes, _, _, shares = circuit.clamping
    assert [circuit.nodes[n] for n in nodes] == ["c"]
    assert shares.tolist() == [1.0]
    for teacher in TEACHERS:
        one, other, _, _ = _both(circuit, trainer, backend(teacher, circuit))
        assert np.abs(one.states / initial(circuit).states - 1.0).max() > 1e-3
        np.testing.assert_allclose(one.states, other.states, rtol=1e-12)


def test_an_edge_beside_a_twin_sees_both_phases(backend: Callable[[str, FlatCircuit], Backend]) -> None:
    circuit, trainer = _small(
        """net a: twin, b: twin, c: twin
        net p
        state s = learn(1mS, 0.1mS..10mS)
        G gf(a.free, c.free) = s
        G gc(a.clamped, c.clamped) = s
        R rf(c.free, b.free) = 1k
        R rc(c.clamped, b.clamped) = 1k
        R joint(p, c.clamped) = 1k
        G beside(p, gnd) = learn(1mS, 0.1mS..10mS)
        input x[0..1] = V(a), V(b)
        output y = V(c)""",
        "bundle twin { free, clamped }",
    )
    one, other, within, _ = _both(circuit, trainer, backend("native", circuit))
    assert within == 60
    assert np.abs(one.states / initial(circuit).states - 1.0).min() > 1e-3
    np.testing.assert_allclose(one.states, other.states, rtol=1e-12)


@pytest.mark.parametrize("name", EVERY_LOSS)
def test_every_loss_is_taught_as_what_it_is(name: str, backend: Callable[[str, FlatCircuit], Backend]) -> None:
    circuit, trainer = _ohmic(EDGES["a conductance"], _rule("hardware", EDGES["a conductance"]), EVERY_LOSS[name])
    one, other, within, _ = _both(circuit, trainer, backend("native", circuit))
    assert within == 60
    np.testing.assert_allclose(one.states, other.states, rtol=1e-12)


def test_a_loss_without_a_code_has_no_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    _, trainer = _ohmic(EDGES["a conductance"], _rule("hardware", EDGES["a conductance"]))
    assert make_lesson(trainer.task, board_of(trainer)) is not None
    monkeypatch.setattr(type(trainer.task.loss), "aim", lambda _self, _outputs: None)
    assert make_lesson(trainer.task, board_of(trainer)) is None


def test_numbers_that_are_not_learned_are_never_taken_from_an_earlier_lesson(
    backend: Callable[[str, FlatCircuit], Backend],
) -> None:
    circuit, trainer = _ohmic(EDGES["one that learns beside one that does not"], _rule("coupled", "R"))
    native, params, rows = backend("native", circuit), initial(circuit), np.arange(30) % 3
    lesson = make_lesson(trainer.task, board_of(trainer))
    assert lesson is not None
    native.teach(params, lesson, rows)
    bank = circuit.banks["R"]
    others = [k for k, path in enumerate(bank.names) if path.endswith(".s")]
    changed = with_states(circuit, params.copies(1), params.states.copy())
    changed.values["R"]["r"][:, others] *= 2.0
    warm = native.teach(changed, lesson, rows)
    fresh = backend("native", circuit).teach(changed, lesson, rows)
    before = backend("native", circuit).teach(params, lesson, rows)
    assert warm is not None
    assert fresh is not None
    assert before is not None
    np.testing.assert_allclose(warm.states, fresh.states, rtol=1e-10)
    assert np.abs(warm.states / before.states - 1.0).max() > 1e-4


def test_a_sample_without_an_operating_point_counts_the_same(backend: Callable[[str, FlatCircuit], Backend]) -> None:
    netlist = compile_netlist(
        """element NoWay(p, n) { current i(p, n) = 1mS / 1V * V(p, n)^2 + 0.1mA }
        circuit Net {
          net a, b, m
          G g1(a, m) = learn(1mS, 0.5mS..10mS)
          G g2(b, m) = learn(2mS, 0.5mS..10mS)
          NoWay e(m, gnd)
          input x[0..1] = V(a), V(b)
          output y = V(m)
        }
        task t on Net { data x: [[0.5V, 0.4V], [-0.9V, -0.8V], [0.3V, 0.2V]] -> y: [0.1V, 0V, 0.05V]
          rule hardware(rate = 0.01) }"""
    )
    circuit = flatten(netlist.circuit)
    trainer = Trainer(circuit, make_task(netlist.task, 0), _Unopened(), steps=1)  # type: ignore[arg-type]
    for teacher in TEACHERS:
        _, _, _, solves = _both(circuit, trainer, backend(teacher, circuit))
        assert solves == 100
