"""A task's boards: ideal ones, and on them what its imperfections put there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from netlearn.circuit.chance import Draws
from netlearn.circuit.flat import FlatCircuit, Params
from netlearn.errors import CheckFault, Diagnostic, TaskError
from netlearn.learn.board import Board, ideal
from netlearn.learn.imperfections import Imperfection
from netlearn.learn.plan import Plan
from netlearn.learn.task import Task

HUGE = 1e100  # no part is that far off


def assemble(circuit: FlatCircuit, plan: Plan, task: Task, params: Params, chance: Draws) -> Board:
    """The boards of draws with these parameters. NetlistError, at its place, where an imperfection does not
    fit the circuit."""
    board = ideal(circuit, plan, task.method, params, chance)
    for k, (imperfection, choice) in enumerate(zip(task.imperfections, task.spec.imperfections, strict=True)):
        try:
            with np.errstate(all="ignore"):
                board = put(imperfection, board, task.imperfections[:k])
            _check_size(board)
        except TaskError as error:
            place = choice.place(error.about)
            raise CheckFault([Diagnostic(error.message, task.spec.source, place, error.help)]) from None
    return board


def put(imperfection: Imperfection, board: Board, before: Sequence[Imperfection]) -> Board:
    """A board with one more imperfection after those `before` it: one of the same kind has draws of its own."""
    again = sum(type(other) is type(imperfection) for other in before)
    return imperfection.onto(replace(board, again=again))


def _check_size(board: Board) -> None:
    every = [np.asarray(flaw) for flaw in board.flaws] + [np.array(list(board.numbers.values()))]
    if not all((np.abs(numbers) < HUGE).all() for numbers in every):
        raise TaskError("no part of a board is that far off", f"its numbers stay below {HUGE:g}, and 1 / tau as well")
