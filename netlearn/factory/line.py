"""A production line: all that a chip is a function of, and chips from it.

Chip k of a line is draw k of its seed: its parameters and the flaws of its update circuitry are numbers of chance under that key,
so that any chip can be made again by itself, on any backend, in any process. Each is used in two ways:

    programmed   the values that an ideal circuit learned once are written into it, and found there as its memories keep them
    learned      it learns by itself, from the same start, with its own flaws (chip in the loop)
    kept         the same later: what it learned was written into its memories, and is found there as they keep it

"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netlearn.backends import open_backend
from netlearn.circuit.chance import Draws, Keyed, Scaled, draw_seeds
from netlearn.circuit.flat import FlatCircuit, Floats, Params, initial, with_states
from netlearn.circuit.temperature import NOMINAL_CELSIUS, at
from netlearn.factory.learning import learned, shown
from netlearn.learn.assembly import assemble
from netlearn.learn.board import Board
from netlearn.learn.memories import Memory
from netlearn.learn.plan import Plan, make_plan
from netlearn.learn.task import Task
from netlearn.learn.train import Trainer
from netlearn.variation.corners import FAR
from netlearn.variation.draws import Varied, drawn


@dataclass(frozen=True)
class Line:
    """trained (1, S): states that an ideal circuit learned. corner: of the process, or "" where lots are drawn; tolerance:
    how many times as much everything spreads; area: how many times its area every part has. learns: whether chips learn by
    themselves as well. memories: how they keep what they learned; celsius: how warm they are."""

    circuit: FlatCircuit
    task: Task
    varying: tuple[Varied, ...]
    seed: int
    backend: str
    trained: Floats
    steps: int | None = None
    learns: bool = True
    memories: tuple[Memory, ...] = ()
    celsius: float = NOMINAL_CELSIUS
    corner: str = ""
    tolerance: float = 1.0
    area: float = 1.0

    def written(self, states: Floats, board: Board) -> Floats:
        """What lies in chips after states (D, S) have been written into them."""
        for memory in self.memories:
            states = memory.written(states, board.plan, board.chance)
        return states

    def kept(self, states: Floats, board: Board) -> Floats:
        """What is found later where these states lay."""
        for memory in self.memories:
            states = memory.read(states, board.plan, board.chance)
        return states

    @property
    def metrics(self) -> tuple[str, ...]:
        return self.task.loss.metrics


@dataclass(frozen=True)
class Chips:
    """Chips `first` to `last` - 1 of a line, by name of a column: (D,), or states (D, S)."""

    columns: Mapping[str, NDArray[np.generic]]

    @property
    def count(self) -> int:
        return len(self.columns["draw"])


def chips(line: Line, first: int, last: int) -> Chips:
    """Some chips of a line, used in both ways. Columns: draw, corner, key (the seed of its numbers), `before_*` and
    `programmed_*` (metrics), and for those that learn `*` and, where there are memories, `kept_*` (metrics), steps, found (part
    of the operating points that were found while it learned), end (why it ended: done, steps, lost) and states."""
    keys = draw_seeds(line.seed, first, last)
    backend = open_backend(line.backend, line.circuit, threads=1)
    try:
        trainer = Trainer(line.circuit, line.task, backend, line.seed, line.steps)
        nominal = initial(line.circuit, line.seed)
        plan = make_plan(line.circuit, nominal)
        board = made(line, plan, nominal, Scaled(Keyed(keys), line.tolerance))
        start = shown(trainer, board.params)
        programmed = shown(trainer, written(line, board))
        columns: dict[str, NDArray[np.generic]] = {
            "draw": np.arange(first, last),
            "corner": np.full(len(keys), line.corner),
            "key": np.array(keys, dtype=np.int64),
            **{f"before_{name}": of for name, of in start.items()},
            **{f"programmed_{name}": of for name, of in programmed.items()},
        }
        if line.learns:
            columns |= learned(trainer, board, keys)
        if line.learns and line.memories:
            later = line.kept(line.written(np.asarray(columns["states"], dtype=float), board), board)
            lost = np.asarray(~np.isfinite(later).all(axis=1))
            params = with_states(line.circuit, board.params, np.where(lost[:, None], line.trained, later))
            kept = {name: np.where(lost, np.nan, of) for name, of in shown(trainer, params).items()}
            columns |= {f"kept_{name}": of for name, of in kept.items()}
        return Chips(columns)
    finally:
        backend.close()


def made(line: Line, plan: Plan, nominal: Params, chance: Draws) -> Board:
    """Boards with a draw of the circuit and of its update circuitry each."""
    far = FAR * line.tolerance
    params = drawn(line.circuit, line.varying, nominal, chance, line.corner, line.area, far)
    params = at(line.circuit, params, line.celsius)
    return assemble(line.circuit, plan, line.task, params, chance)


def written(line: Line, board: Board) -> Params:
    """Boards into which what an ideal circuit learned has been written, as it is found there."""
    given = np.repeat(line.trained, board.params.draws, axis=0)
    return with_states(line.circuit, board.params, line.kept(line.written(given, board), board))
