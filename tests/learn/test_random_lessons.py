"""Random circuits with random tasks: learning within the engine leads where learning phase by phase leads.

`NETLEARN_LESSONS=1000` tries more of them than the 60 of every run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_lessons import EXAMPLES, random_lesson

from netlearn.backends.native.backend import Native
from netlearn.backends.protocol import Taught
from netlearn.circuit.chance import Keyed
from netlearn.circuit.flat import FlatCircuit, Params, flatten, initial, with_states
from netlearn.lang.compile import compile_netlist
from netlearn.learn.assembly import assemble
from netlearn.learn.board import Board
from netlearn.learn.compiled import make_lesson
from netlearn.learn.plan import Plan, make_plan
from netlearn.learn.task import Task, make_task
from netlearn.learn.train import Trainer, learn
from netlearn.solve.lesson import Lesson

ROWS = np.random.default_rng(0).integers(0, 3, 20)


def _made(text: str) -> tuple[FlatCircuit, Task]:
    netlist = compile_netlist(text)
    circuit = flatten(netlist.circuit)
    return circuit, make_task(netlist.task, 0)


def _fixed(circuit: FlatCircuit, device: str, param: str) -> list[int]:
    """The elements of a device that do not learn a parameter."""
    learned = [r.elements for r in circuit.rules if (r.device, r.param) == (device, param)]
    return np.setdiff1d(np.arange(len(circuit.banks[device].names)), np.concatenate([[], *learned])).tolist()


def _draws(circuit: FlatCircuit, plan: Plan, count: int, seed: int) -> Params:
    """Copies of a circuit in which every number is a little different, those that learn as well."""
    rng, params = np.random.default_rng(seed), initial(circuit, seed).copies(count)
    for device, of in params.values.items():
        for param, numbers in of.items():
            fixed = _fixed(circuit, device, param)
            numbers[:, fixed] *= rng.uniform(0.9, 1.1, (count, len(fixed)))
    states = params.states * rng.uniform(0.9, 1.1, params.states.shape)
    return with_states(circuit, params, np.clip(states, plan.low, plan.high))


def _taught(circuit: FlatCircuit, params: Params, lesson: Lesson) -> Taught | None:
    return Native(circuit, 1).teach(params, lesson, ROWS)


def _loop(circuit: FlatCircuit, task: Task, board: Board, params: Params) -> tuple[np.ndarray, int, int]:
    trainer = Trainer(circuit, task, Native(circuit, 1), steps=1)
    after, asked = learn(trainer, board, None, params, [ROWS[k : k + 1] for k in range(len(ROWS))])
    return after.states[0], asked.settles, asked.settled


def _close(one: np.ndarray, other: np.ndarray, rtol: float = 1e-11) -> None:
    np.testing.assert_allclose(one, other, rtol=rtol)


def _other_number(circuit: FlatCircuit, params: Params, seed: int) -> Params:
    """The same but for one number that is not learned."""
    rng = np.random.default_rng(seed)
    places = [
        (device, param, element)
        for device, of in params.values.items()
        for param in of
        for element in _fixed(circuit, device, param)
        if of[param][0, element] != 0
    ]
    device, param, element = places[int(rng.integers(len(places)))]
    values = {d: {p: v.copy() if d == device else v for p, v in of.items()} for d, of in params.values.items()}
    values[device][param][:, element] *= 1.05
    return replace(params, values=values)


def _compared(seed: int, count: int) -> set[str]:
    """Each draw of a lesson against the same draw alone in the loop; what could be said of it."""
    circuit, task = _made(random_lesson(seed))
    start = initial(circuit, seed)
    board = assemble(circuit, make_plan(circuit, start), task, start, Keyed((seed,)))
    lesson = make_lesson(task, board)
    if lesson is None:
        return {"asked"}
    params = _draws(circuit, board.plan, count, seed)
    native = Native(circuit, 1)
    taught = native.teach(params, lesson, ROWS)
    if taught is None or (taught.settled < taught.solves).any():
        return {"asked"}
    alone = [_loop(circuit, task, board, params.of(slice(k, k + 1))) for k in range(count)]
    assert (taught.steps, taught.solves.tolist()) == (len(ROWS), [solves for _, solves, _ in alone])
    _close(taught.states, np.array([states for states, _, _ in alone]))
    _leaves_nothing_behind(native, circuit, params, lesson, taught, seed)
    moved = np.abs(taught.states / params.states - 1.0).max() > 1e-4
    return {"asked", "compared", "moved"} if moved else {"asked", "compared"}


def _leaves_nothing_behind(
    native: Native, circuit: FlatCircuit, params: Params, lesson: Lesson, taught: Taught, seed: int
) -> None:
    """A backend that has taught does what a fresh one does with other numbers, and after `reset` to the bit."""
    other = _other_number(circuit, params, seed)
    warm, fresh = native.teach(other, lesson, ROWS), _taught(circuit, other, lesson)
    assert warm is not None
    assert fresh is not None
    _close(warm.states, fresh.states, 1e-10)
    native.teach(params, lesson, ROWS)
    native.reset()
    again = native.teach(params, lesson, ROWS)
    assert again is not None
    np.testing.assert_array_equal(again.states, taught.states)


def test_random_lessons_lead_where_the_loop_leads_draw_by_draw() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 10**6), st.sampled_from([1, 3, 9]))
    def every_draw(seed: int, count: int) -> None:
        seen.update(_compared(seed, count))

    every_draw()
    assert seen["compared"] > 0.9 * seen["asked"]
    assert seen["moved"] > 0.8 * seen["asked"]
