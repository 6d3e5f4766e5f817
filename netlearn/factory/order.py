"""An order of chips: which netlist, how many draws, in which corners; and what has been made of it so far.

OUT/cells/         what an ideal circuit learned (once, for all chips)
OUT/chips/         a Parquet file a piece, CORNER-FIRST.parquet (`lots` where lots are drawn); a piece that lies there is done

Pieces follow each other from the first chip, of a size that depends on the circuit alone, so that an order that was killed, or is
asked for more chips, goes on where it was, and its chips are the same bytes as if it had not been. (Chips of one piece share
what a solver starts from: in another piece they are the same to rounding.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.flat import flatten
from netlearn.circuit.temperature import NOMINAL_CELSIUS
from netlearn.errors import TaskError
from netlearn.factory import rows
from netlearn.factory.line import Line, chips
from netlearn.lang.compile import Netlist
from netlearn.lang.conditions import Condition
from netlearn.lang.deviations import MismatchSpec
from netlearn.learn.memories import MEMORIES
from netlearn.learn.options import choose
from netlearn.learn.session import choose_task
from netlearn.learn.task import make_task
from netlearn.learn.train import Trainer, equipped, train
from netlearn.study.findings import Tell
from netlearn.study.workers import done
from netlearn.variation.corners import kits_at
from netlearn.variation.draws import varied

NUMBERS = 4_000_000  # unknowns of all lanes of a piece
MOST, LEAST = 256, 8  # chips of a piece
LOTS = "lots"


@dataclass(frozen=True)
class Order:
    """line: what chips are a function of, its corner apart; first, draws: which of them, in each corner; wanted: what a chip
    must meet to count as good; jobs, cluster: where they are made."""

    line: Line
    corners: tuple[str, ...]
    first: int
    draws: int
    wanted: tuple[Condition, ...]
    jobs: int = 1
    cluster: str | None = None

    @property
    def size(self) -> int:
        """Chips of a piece."""
        lanes = len(self.line.task.labels) * self.line.circuit.size
        return max(LEAST, min(MOST, NUMBERS // lanes // LEAST * LEAST))

    def pieces(self) -> Iterator[tuple[str, Line, int, int]]:
        """A name, the line, and from which chip to which."""
        last = self.first + self.draws
        for corner in self.corners:
            for begin in range(self.first, last, self.size):
                line = replace(self.line, corner=corner, circuit=kits_at(self.line.circuit, corner))
                yield f"{corner or LOTS}-{begin:09d}", line, begin, min(begin + self.size, last)

    def places(self, folder: Path) -> list[Path]:
        """The files of all pieces."""
        return [folder / f"{name}.parquet" for name, *_ in self.pieces()]


@dataclass(frozen=True)
class Asked:
    """What was typed of an order. draws, seed, corners, backend: None where the mismatch block, or what is usual, says it."""

    task: str | None = None
    mismatch: str | None = None
    draws: int | None = None
    first: int = 0
    seed: int | None = None
    corners: tuple[str, ...] | None = None
    backend: str = "native"
    steps: int | None = None
    learns: bool = True
    celsius: float = NOMINAL_CELSIUS


def make_order(netlist: Netlist, asked: Asked, wanted: Sequence[Condition] = ()) -> Order:
    """The order for chips of a netlist, but for what an ideal circuit learns (`ideal`). wanted: what chips must meet, else what
    the mismatch block says, else what the task asserts. TaskError where nothing in the netlist spreads."""
    spec = choose_task(netlist, asked.task)
    block = choose_mismatch(netlist, spec.circuit, asked.mismatch)
    seed = block.seed if asked.seed is None else asked.seed
    task = make_task(spec, seed)
    circuit = equipped(flatten(netlist.circuits[spec.circuit]), task)
    varying = varied(circuit, dict(block.chosen))
    if not varying and not task.imperfections and not block.memories:
        raise TaskError(
            f"nothing spreads in {spec.circuit}", "write R r(a, b) = 10k ~ 1%, a mismatch block, or an imperfection"
        )
    corners = block.corners if asked.corners is None else asked.corners
    kits = any(bank.device.kit for bank in circuit.banks.values())
    if any(corners) and not kits and not any(one.tolerance.lot is not None and one.device for one in varying):
        raise TaskError("no lot spreads here, so that all corners are alike", "write NMOS.vto ~ 2mV lot 30mV")
    conditions = tuple(wanted) or block.yields or spec.asserts
    _check_known(conditions, (*task.loss.metrics, "steps"))
    none = np.zeros((1, len(circuit.states)))
    memories = tuple(choose("memory", MEMORIES, choice, block.source) for choice in block.memories)
    line = Line(
        circuit,
        task,
        varying,
        seed,
        asked.backend,
        none,
        asked.steps,
        asked.learns,
        memories=memories,
        celsius=asked.celsius,
    )
    draws = block.samples if asked.draws is None else asked.draws
    return Order(line, corners or ("",), asked.first, draws, conditions)


def _check_known(conditions: Sequence[Condition], known: Sequence[str]) -> None:
    for one in conditions:
        if other := one.names.difference(known):
            help = f"with this loss it has {', '.join(known)}: --spec '{known[0]} < 1e-6'"
            raise TaskError(f"a chip has no {min(other)}, which {one.text} is about", help)


def choose_mismatch(netlist: Netlist, circuit: str, name: str | None) -> MismatchSpec:
    """The mismatch block by name, or the only one of this circuit, or one that says nothing."""
    known = {key: spec for key, spec in netlist.mismatches.items() if spec.circuit == circuit}
    if name is not None and name not in known:
        raise TaskError(f"there is no mismatch '{name}' on {circuit}", f"known: {', '.join(known) or 'none'}")
    if name is None and len(known) > 1:
        raise TaskError(f"{circuit} has several mismatch blocks", f"choose one with --mismatch {'|'.join(known)}")
    return known[name] if name is not None else next(iter(known.values()), MismatchSpec("", circuit, netlist.source))


def ideal(line: Line) -> dict[str, Any]:
    """What a circuit without any flaw learns: states, and its metrics."""
    task = make_task(replace(line.task.spec, imperfections=()), line.seed)
    backend = open_backend(line.backend, line.circuit)
    try:
        *_, last = train(Trainer(line.circuit, task, backend, line.seed, line.steps))
    finally:
        backend.close()
    return {"states": last.states[0].tolist(), "metrics": dict(last.metrics)}


def make(order: Order, folder: Path, tell: Tell) -> None:
    """Make the chips of an order that do not lie in its folder yet; `tell` is told how many do."""
    make_all({folder: order}, tell)


def make_all(orders: Mapping[Path, Order], tell: Tell) -> None:
    """The same for many orders, each with its folder, made where the first of them says."""
    left = {
        folder / f"{name}.parquet": (line, begin, last)
        for folder, order in orders.items()
        for name, line, begin, last in order.pieces()
        if not rows.holds(folder / f"{name}.parquet", last - begin)
    }
    every = sum(order.draws * len(order.corners) for order in orders.values())
    there = every - sum(last - begin for _, begin, last in left.values())
    tell(there, every)
    where = next(iter(orders.values()))
    for path, found in done(chips, left, where.jobs, where.cluster):
        rows.save(path, found.columns)
        there += found.count
        tell(there, every)
