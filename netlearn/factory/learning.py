"""Chips that learn: side by side in the engine, or one after the other; both end alike.

Side by side all chips of a piece are shown the same samples, an epoch at a time, and judged after each; one that has met the
stop rule keeps what it had then. When fewer than CROWD of those that are taught still learn, the others leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import Floats, Ints, Params, boundary, with_states
from netlearn.errors import BackendError, CircuitError, TaskError
from netlearn.learn.board import Board
from netlearn.learn.compiled import make_lesson, taught_of
from netlearn.learn.task import order
from netlearn.learn.train import RUNAWAY, Trainer, judged, shown_rows, train, within
from netlearn.solve.lesson import Lesson
from netlearn.solve.solution import Solution

CROWD = 0.75
DONE, STEPS, LOST = "done", "steps", "lost"
"""Why a chip stopped: the stop rule is met; as many samples as are to be shown; its values ran away."""
Columns = dict[str, NDArray[np.generic]]


class Alone(Exception):
    """The backend does not teach these chips side by side."""


def learned(trainer: Trainer, board: Board, seeds: tuple[int, ...]) -> Columns:
    """What has become of D chips, (D,) each: metrics, steps, found (part of the operating points asked for while it learned
    that there were), end, and states (D, S); NaN where a chip is lost. seeds: what updates draw of each of them."""
    lesson = make_lesson(trainer.task, board)
    if lesson is not None:
        try:
            return _side_by_side(trainer, board, lesson)
        except (CircuitError, Alone):
            pass  # what no solver takes is a matter of one chip, and comes out there
    each = [_alone(trainer, board.of(np.array([k])), seed) for k, seed in enumerate(seeds)]
    return {name: np.array([of[name] for of in each]) for name in each[0]}


def shown(trainer: Trainer, params: Params) -> dict[str, Floats]:
    """Metrics (D,) of chips as they are; NaN of one that has a number no part can have, CircuitError where all have."""
    try:
        return _judged(trainer, params)
    except CircuitError:
        each = [_tried(trainer, params.of(np.array([k]))) for k in range(params.draws)]
        if not any(each):
            raise
    none = dict.fromkeys(trainer.task.loss.metrics, np.array([np.nan]))
    return {name: np.concatenate([(of or none)[name] for of in each]) for name in none}


def _tried(trainer: Trainer, params: Params) -> dict[str, Floats] | None:
    """Of one chip; None where no solver takes its numbers."""
    try:
        return _judged(trainer, params)
    except CircuitError:
        return None


def _judged(trainer: Trainer, params: Params) -> dict[str, Floats]:
    return judged(trainer, params, _answers(trainer, params, None))


def _answers(trainer: Trainer, params: Params, start: Solution | None) -> Solution:
    imposed = boundary(trainer.circuit, trainer.task.inputs[shown_rows(trainer.task)])
    return trainer.backend.operating_points(params, imposed, start)


def _ended(trainer: Trainer, metrics: Mapping[str, Floats]) -> NDArray[np.str_]:
    """Why chips with these metrics (D,) stop here, or nothing."""
    none = np.zeros_like(metrics["steps"])
    if trainer.steps is not None:
        return np.where(metrics["steps"] >= trainer.steps, STEPS, "")
    stop = trainer.task.spec.stop
    assert stop is not None  # as a trainer sees to
    reached = stop.each({**metrics, "steps": none, "epochs": none})
    return np.where(stop.each(metrics), np.where(reached, DONE, STEPS), "")


def _alone(trainer: Trainer, board: Board, seed: int) -> dict[str, object]:
    """The columns of one chip."""
    trainer = replace(trainer, seed=seed) if trainer.task.updates else trainer
    moment = None
    try:
        for moment in train(trainer, board=board):
            end = str(_ended(trainer, {name: np.array([value]) for name, value in moment.metrics.items()})[0])
    except (TaskError, BackendError, CircuitError):
        end = LOST
    if moment is None:  # not even its first operating points
        metrics = dict.fromkeys(trainer.task.loss.metrics, np.nan)
        states = np.full(board.params.states.shape[1], np.nan)
        return {**metrics, "steps": 0, "found": 0.0, "end": LOST, "states": states}
    known = {name: np.nan if end == LOST else moment.metrics[name] for name in trainer.task.loss.metrics}
    states = np.full_like(moment.states[0], np.nan) if end == LOST else moment.states[0]
    return {**known, "steps": moment.steps, "found": moment.settled / moment.solves, "end": end, "states": states}


@dataclass
class _Record:
    """What is known of all chips of a piece."""

    metrics: dict[str, Floats]
    states: Floats
    steps: Ints
    asked: Ints
    found: Ints
    end: NDArray[np.str_]

    def note(
        self, chips: Ints, metrics: Mapping[str, Floats], states: Floats, steps: int, asked: Ints, found: Ints
    ) -> None:
        """What some of them have come to."""
        for name, of in metrics.items():
            self.metrics[name][chips] = of
        self.states[chips], self.steps[chips] = states, steps
        self.asked[chips] += asked
        self.found[chips] += found

    def columns(self) -> Columns:
        lost = self.end == LOST
        metrics = {name: np.where(lost, np.nan, of) for name, of in self.metrics.items()}
        states = np.where(lost[:, None], np.nan, self.states)
        return {**metrics, "steps": self.steps, "found": self.found / self.asked, "end": self.end, "states": states}


def _side_by_side(trainer: Trainer, board: Board, lesson: Lesson) -> Columns:
    trainer.backend.reset()
    draws, answers = board.params.draws, _answers(trainer, board.params, None)
    record = _Record(
        metrics=judged(trainer, board.params, answers),
        states=board.params.states.copy(),
        steps=np.zeros(draws, dtype=np.int64),
        asked=np.full(draws, answers.settled.shape[1]),
        found=answers.settled.sum(axis=1),
        end=np.full(draws, "", dtype="U5"),
    )
    here, taught, epoch, steps = board, np.arange(draws), 0, 0
    _stop(trainer, record, taught, 0)
    while (learning := record.end[taught] == "").any():
        if epoch == 0 or learning.mean() < CROWD:
            here, taught, start = here.of(np.flatnonzero(learning)), taught[learning], None
            learning = np.ones(len(taught), dtype=bool)
        batches = within(order(trainer.task, trainer.seed, epoch), trainer.steps, steps)
        states, asked, found = _lessons(trainer, here, lesson, batches)
        epoch, steps = epoch + 1, steps + sum(len(rows) for rows in batches)
        lost = np.asarray(~(np.abs(states) < RUNAWAY).all(axis=1))
        record.end[taught[lost & learning]] = LOST
        here = _at(trainer, here, np.where(lost[:, None], here.params.states, states))
        start = _answers(trainer, here.params, start)
        metrics = {name: of[learning] for name, of in judged(trainer, here.params, start).items()}
        asked, found = asked + start.settled.shape[1], found + start.settled.sum(axis=1)
        record.note(taught[learning], metrics, here.params.states[learning], steps, asked[learning], found[learning])
        _stop(trainer, record, taught[learning & ~lost], epoch)
    return record.columns()


def _at(trainer: Trainer, board: Board, states: Floats) -> Board:
    return replace(board, params=with_states(trainer.circuit, board.params, states))


def _lessons(trainer: Trainer, board: Board, lesson: Lesson, batches: list[Ints]) -> tuple[Floats, Ints, Ints]:
    """States (D, S) after these batches, and operating points asked for and found (D,)."""
    asked, found = np.zeros((2, board.params.draws), dtype=np.int64)
    done = 0
    while done < len(batches):
        taught = taught_of(trainer.backend, board, lesson, board.params, batches[done:])
        if taught is None or not taught.steps:
            raise Alone
        board = _at(trainer, board, taught.states)
        asked, found, done = asked + taught.solves, found + taught.settled, done + taught.steps
    return board.params.states, asked, found


def _stop(trainer: Trainer, record: _Record, chips: Ints, epoch: int) -> None:
    """Let those stop that are to."""
    metrics = {name: of[chips] for name, of in record.metrics.items()}
    counted = {"steps": record.steps[chips].astype(float), "epochs": np.full(len(chips), float(epoch))}
    record.end[chips] = _ended(trainer, metrics | counted)
