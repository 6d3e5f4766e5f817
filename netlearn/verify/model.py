"""What a verifier is: a tool that is not ours reads exported files, and says what circuit they are.

A row says one thing that was compared. `not checked` is what is said of a tool that is not there, of a circuit that it cannot
have, or of what it is not done with in time; it is never `passed`. Programs run in a folder of their own, on copies, with limits of
time and memory, and with an environment that says nothing of this machine's user. So do libraries that are asked in Python (`child`).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from netlearn.export.design import GND, Design

PASSED, FAILED, NOT_CHECKED = "passed", "failed", "not checked"
NEAR = 1e-6
"""Relative difference up to which node voltages are the same."""
FLOOR = 1e-3  # V: voltages below are compared with this one
PATIENCE = 300.0  # s for one run of a program
MEMORY = min(1 << 34, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
"""Bytes for one program: 16 GiB, or half of what there is."""
BOUNDED = ("sh", "-c", f'ulimit -f 2097152; ulimit -c 0; ulimit -v {MEMORY >> 10} 2> /dev/null; exec "$0" "$@"')
"""A program that writes no file of more than 1 GiB (of half a kilobyte each), and has no more memory than this."""
MOST_SAID = 1 << 26
"""Bytes of what a program prints that are read."""


@dataclass(frozen=True)
class Check:
    """One row: what the tool was asked of which format, what we say, what it says, by how much they differ, the verdict."""

    tool: str
    format: str
    quantity: str
    ours: str
    theirs: str
    difference: float | None
    verdict: str


@dataclass(frozen=True)
class Verifier:
    """A tool: what it does, the formats it reads, how one gets it, its version here (None: it is not here), and its rows for
    the files of one format, which lie in a folder that it may write into."""

    name: str
    doc: str
    formats: tuple[str, ...]
    get: str
    version: Callable[[], str | None]
    check: Callable[[Path, str, Design], Iterator[Check]]


@dataclass(frozen=True)
class Ran:
    """What came of a program: its exit status, and what it printed."""

    status: int
    said: str


class OutOfTime(Exception):
    """A program was not done within PATIENCE: of what it was asked nobody knows anything."""


def program(name: str) -> str | None:
    """Where a program is, or None."""
    return shutil.which(name)


def ran(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> Ran:
    """Run a program in a folder; both outputs together. Nothing that it has started is left behind, and no file grows without end.
    OutOfTime where it does not end."""
    known = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LD_LIBRARY_PATH")}
    with tempfile.TemporaryFile() as said:
        started = subprocess.Popen(
            [*BOUNDED, *command],
            cwd=folder,
            env={**known, "HOME": str(folder), **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = started.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise OutOfTime(f"not done within {PATIENCE:g} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
            started.wait()
        said.seek(0)
        return Ran(status, said.read(MOST_SAID).decode(errors="replace"))


def voltages(tool: str, format: str, design: Design, theirs: Mapping[str, float]) -> Check:
    """Node voltages of another simulator by our names, against ours."""
    ours = {name: value for name, value in design.volts.items() if name != GND}
    return volts(tool, format, f"{len(ours)} node voltages, V", ours, theirs)


def volts(
    tool: str,
    format: str,
    quantity: str,
    ours: Mapping[str, complex],
    theirs: Mapping[str, complex],
    floor: float = FLOOR,
    near: float = NEAR,
) -> Check:
    """Voltages of another simulator against ours: the furthest off, of all that it gives, relative to `floor` (V) where ours is
    less; they may differ by `near`. One that it does not give fails."""
    missing = [name for name in ours if name not in theirs]
    if missing or not ours:
        return Check(tool, format, quantity, f"{len(ours)}", f"no v({missing[0]})" if missing else "0", None, FAILED)
    off = {name: abs(theirs[name] - value) / max(abs(value), floor) for name, value in ours.items()}
    worst = max(off, key=lambda name: off[name] if off[name] == off[name] else float("inf"))
    verdict = PASSED if all(value <= near for value in off.values()) else FAILED
    here, there = (f"{worst} {found[worst]:.9g}" for found in (ours, theirs))
    return Check(tool, format, quantity, here, there, off[worst], verdict)


_TELLING = re.compile(
    r"error|not found|warning|unknown|fatal|singular|cannot|can't|mismatch|no such|fail", re.IGNORECASE
)


def complaint(tool: str, format: str, quantity: str, said: str) -> Check:
    """A row for a tool that did not get through: the first thing it said that tells why, else the last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = next((line for line in lines if _TELLING.search(line)), lines[-1] if lines else "nothing")
    return Check(tool, format, quantity, "a result", told[:160], None, FAILED)
