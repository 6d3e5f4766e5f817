"""What a machine is asked about: a task of a netlist with one seed, its parameters as they are or set otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from netlearn.errors import TaskError
from netlearn.lang.compile import Netlist, compile_netlist
from netlearn.learn.session import choose_task
from netlearn.machine.levels import Rung, make_rung
from netlearn.units import Quantity

MOST = 10_000_000  # samples of a run


@dataclass(frozen=True)
class Subject:
    """See the module. `allowed`: further folders that the netlist may read from."""

    netlist: Netlist
    task: str
    seed: int
    allowed: tuple[Path, ...]

    def rung(self, settings: Mapping[str, Quantity]) -> Rung:
        """The circuit and its task with these settings beside those that were asked for."""
        source = self.netlist.source
        every = {**self.netlist.settings, **settings}
        again = compile_netlist(source.text, source.name, Path(source.name).parent, self.allowed, every)
        spec = choose_task(again, self.task)
        return make_rung(again.circuits[spec.circuit], spec, self.seed)


def make_subject(netlist: Netlist, task: str | None, seed: int, steps: int | None, allowed: Sequence[Path]) -> Subject:
    """TaskError where there is no such task, or the seed or the number of `steps` is none."""
    if seed < 0:
        raise TaskError(f"seed {seed}", "a seed is not negative")
    if steps is not None and steps < 1:
        raise TaskError(f"{steps} steps", "show at least one sample")
    if steps is not None and steps > MOST:
        raise TaskError(f"{steps} steps", f"show at most {MOST} samples")
    return Subject(netlist, choose_task(netlist, task).name, seed, tuple(allowed))
