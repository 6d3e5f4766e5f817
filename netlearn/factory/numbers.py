"""A programmed chip as a function of its standard normal numbers, and whose numbers these are.

A chip takes one number z_k for each part and what spreads of it. A group is all numbers of one cause: the spread of a parameter
within a die (`NMOS.vto`), apart on it or from lot to lot (`NMOS.vto lot`), an imperfection of the task, a memory. Numbers that
two causes share are a group of their own, with both names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from netlearn.backends import Backend
from netlearn.circuit.chance import Draws, Given, Keyed, Scaled, Traced, draw_seeds
from netlearn.circuit.flat import Boundary, Floats, Ints, Params, boundary, initial
from netlearn.circuit.model import Tolerance
from netlearn.factory.line import Line, made, written
from netlearn.learn.assembly import assemble
from netlearn.learn.board import Board
from netlearn.learn.memories import MEMORIES
from netlearn.learn.plan import Plan, make_plan
from netlearn.learn.task import make_task
from netlearn.learn.train import Trainer
from netlearn.solve.solution import read
from netlearn.variation.draws import Varied, parts
from netlearn.variation.laws.normal import Normal

CHUNK, UNKNOWNS = 64, 20_000_000  # chips at a time, and unknowns of all their lanes
SAMPLES, NUMBERS = 256, 40_000_000  # samples to look at, and numbers of a table of all their outputs by all numbers
NONE = Normal(0.0)
Number = tuple[str, str]
"""What is drawn, and of which part."""


@dataclass(frozen=True)
class Works:
    """A line with a backend that is open."""

    line: Line
    backend: Backend

    @cached_property
    def nominal(self) -> Params:
        return initial(self.line.circuit, self.line.seed)

    @cached_property
    def plan(self) -> Plan:
        return make_plan(self.line.circuit, self.nominal)

    @cached_property
    def trainer(self) -> Trainer:
        line = self.line
        return Trainer(line.circuit, line.task, self.backend, line.seed, line.steps)

    @cached_property
    def groups(self) -> dict[str, Ints]:
        """Which numbers are whose, by name; those that no cause asks for go by what is drawn."""
        owners = _owners(self)
        found: dict[str, list[int]] = {}
        for k, number in enumerate(self.numbers):
            found.setdefault(" and ".join(owners.get(number, [number[0]])), []).append(k)
        return {name: np.array(of) for name, of in found.items()}

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """All (K) that a programmed chip is a function of."""
        return _asked(lambda chance: written(self.line, self.board(chance)))

    def board(self, chance: Draws) -> Board:
        """Boards of chips with these numbers."""
        return made(self.line, self.plan, self.nominal, Scaled(chance, self.line.tolerance))

    def given(self, z: Floats) -> Given:
        """The chance of chips with numbers z (D, K)."""
        return Given({number: k for k, number in enumerate(self.numbers)}, z)

    def programmed(self, z: Floats) -> Params:
        """Chips with numbers z (D, K), programmed."""
        return written(self.line, self.board(self.given(z)))

    def drawn(self, first: int, last: int) -> Floats:
        """The numbers z (D, K) of chips `first` to `last` - 1 of the line."""
        keyed = Keyed(draw_seeds(self.line.seed, first, last))
        z = np.zeros((keyed.draws, len(self.numbers)))
        for what in dict.fromkeys(what for what, _ in self.numbers):
            own = [k for k, number in enumerate(self.numbers) if number[0] == what]
            z[:, own] = keyed.normal(what, [self.numbers[k][1] for k in own])
        return z

    @cached_property
    def chunk(self) -> int:
        """How many chips are made at a time: a matter of the circuit and its task alone."""
        lanes = len(self.line.task.labels)
        return max(1, min(CHUNK, UNKNOWNS // (lanes * self.line.circuit.size)))

    @cached_property
    def rows(self) -> Ints:
        """Samples that are looked at: those to learn from, or as many of them, evenly apart, as fit."""
        train, outputs = self.line.task.train, len(self.line.circuit.outputs)
        most = max(1, min(SAMPLES, NUMBERS // (outputs * max(1, len(self.numbers)))))
        return train[np.linspace(0, len(train) - 1, min(len(train), most)).astype(np.int64)]

    @cached_property
    def labels(self) -> Floats:
        """(M,) in V, sample after sample."""
        return self.line.task.labels[self.rows].reshape(-1)

    @cached_property
    def imposed(self) -> Boundary:
        return boundary(self.line.circuit, self.line.task.inputs[self.rows])

    def outputs(self, z: Floats) -> Floats:
        """Outputs (D, M) in V of programmed chips with numbers z (D, K), sample after sample; NaN where one has no operating
        point."""
        each = []
        for begin in range(0, len(z), self.chunk):
            params = self.programmed(z[begin : begin + self.chunk])
            found = self.backend.operating_points(params, self.imposed)
            each.append(read(self.line.circuit, params, found.x).reshape(params.draws, -1))
        return np.concatenate(each)


def causes(line: Line) -> list[str]:
    """The names of all that spreads, or is not as it should be."""
    spread = [label for one in line.varying for label in _labels(one).values()]
    named = [choice.name for choice in line.task.spec.imperfections]
    return list(dict.fromkeys([*spread, *named, *(_memory(memory) for memory in line.memories)]))


def keeping(line: Line, names: Collection[str]) -> Line:
    """A line on which nothing spreads but causes with these names."""
    spec = line.task.spec
    varying = tuple(_kept(one, names) for one in line.varying)
    imperfections = tuple(choice for choice in spec.imperfections if choice.name in names)
    task = make_task(replace(spec, imperfections=imperfections), line.seed)
    memories = tuple(memory for memory in line.memories if _memory(memory) in names)
    return replace(line, varying=varying, task=task, memories=memories)


def _kept(one: Varied, names: Collection[str]) -> Varied:
    kept = {where for where, label in _labels(one).items() if label in names}
    given = one.tolerance
    own = Tolerance(
        given.param,
        given.within if "within" in kept else NONE,
        given.lot if "lot" in kept else None,
        given.apart if "apart" in kept else None,
    )
    return replace(one, tolerance=own)


def _labels(one: Varied) -> dict[str, str]:
    """What the parts of a tolerance are called, from the widest to the narrowest; elements of a row share a name."""
    label = re.sub(r"\[[^\]]*\]", "[*]", one.label)
    wheres = [part.what.partition("/")[0] for part in parts(one)]
    return {where: label if where == "within" else f"{label} {where}" for where in wheres}


def _memory(memory: object) -> str:
    return next(name for name, kind in MEMORIES.items() if type(memory) is kind)


def _owners(works: Works) -> dict[Number, list[str]]:
    """The causes of each number."""
    line, found = works.line, dict[Number, list[str]]()

    def note(numbers: Sequence[Number], name: str) -> None:
        for number in numbers:
            if name not in found.setdefault(number, []):
                found[number].append(name)

    for one in line.varying:
        for part, label in zip(parts(one), _labels(one).values(), strict=True):
            note([(part.what, name) for name in part.names], label)
    for name, numbers in [*_of_imperfections(works), *_of_memories(works)]:
        note(numbers, name)
    return found


def _of_imperfections(works: Works) -> Iterator[tuple[str, list[Number]]]:
    """Each one's name with its own numbers: those that are asked for beyond what the ones before it ask for."""
    line, known = works.line, set[Number]()
    task = line.task
    for k, choice in enumerate(task.spec.imperfections):
        spec = replace(task.spec, imperfections=task.spec.imperfections[: k + 1])
        some = replace(task, imperfections=task.imperfections[: k + 1], spec=spec)
        asked = _asked(partial(assemble, line.circuit, works.plan, some, works.nominal))
        yield choice.name, [number for number in asked if number not in known]
        known |= set(asked)


def _of_memories(works: Works) -> Iterator[tuple[str, list[Number]]]:
    """The same of memories."""
    line = works.line
    known = set(_asked(works.board))
    for k, memory in enumerate(line.memories):
        some = Works(replace(line, memories=line.memories[: k + 1]), works.backend)
        yield _memory(memory), [number for number in some.numbers if number not in known]
        known |= set(some.numbers)


def _asked(make: Callable[[Traced], object]) -> tuple[Number, ...]:
    """The numbers that something asks for while it is made."""
    chance = Traced(Keyed((0,)))
    make(chance)
    return tuple(chance.asked)


__all__ = ["Number", "Works", "causes", "keeping"]
