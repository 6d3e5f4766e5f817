"""Operating points and transients from ngspice, in a process of its own.

ngspice can crash, hang, leave, or stay poisoned by what it met, so it runs in a worker process and
all of that becomes one typed error of the call at hand. A `Simulator` holds one deck loaded in one
worker. Its operating points come from one endless `.dc` sweep (`stream.py`): the host writes a
batch of lanes, the values of the external sources, into a block of shared memory, wakes the worker
with one byte on a pipe and waits for one byte back. All else is a pickled request (`worker.py`).

Each point starts from the one before it. Results are a function of the deck, the alterations and
the calls since the last `reset`, bit for bit, not of what came before.

What a worker says goes to an unnamed file, its stderr, so that a dead worker's last words can be
told. The block is an unnamed file as well: nothing is left behind by a crash. A worker leaves when
the host's end of its connection is closed, in whatever way the host ended. Its process group is its
own, so Ctrl-C reaches only the host. Whatever interrupts an exchange ends the worker; the next call
starts a new one with the same deck and alterations. Linux and macOS: Windows passes no descriptors.
"""

from __future__ import annotations

import math
import mmap
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from typing import IO, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netlearn.errors import (
    BackendError,
    NetlearnError,
    SimulatorDied,
    SimulatorHung,
)
from netlearn.solve.lesson import Lesson

GO = ord("g")  # host to worker: solve the lanes of the block
REQUEST = ord("q")  # host to worker: a request lies on the connection
READY = ord("r")  # worker to host: the lanes are solved

LANES, LANE, LOOKS = 0, 1, 2  # places in Block.header: lanes posted, lane being solved, see Stream
STEPS, STEP, SOLVES = 3, 4, 5  # learning steps posted and done, points solved for them
HEADER = 6
RUN_AWAY = 1e6  # V or A: no circuit of ours has such an operating point
UNSETTLED, PLAIN, ASSISTED = 0, 1, 2  # values of Block.states
STEPPED, TIMED = 1, 2  # help that ngspice gave itself: gmin or source stepping; a transient

MOST_LOOKS = 200  # of a side at its pipe, under 1 us each
SLOW = 300e-6  # seconds a lane
REST = 1000
START = 60.0  # seconds that a worker may take to import what it needs, on a busy machine
MEMORY = 1 << 19  # float64 in a block; a larger batch is sent in parts
MOST_LANES = 4096
EXTERNAL = re.compile(r"^\s*([vi]\w*)\s+\S+\s+\S+\s+external\b", re.IGNORECASE | re.MULTILINE)
SOURCE = re.compile(r"[vi](0|[1-9]\d{0,5})")
NAME = re.compile(r"[a-z]\w*")


@dataclass(frozen=True)
class Block:
    """The memory that host and worker share; a lane is one operating point."""

    header: NDArray[np.int64]
    inputs: NDArray[np.float64]  # (lanes, sources)
    values: NDArray[np.float64]  # (lanes, reads)
    iterations: NDArray[np.int64]  # (lanes,)
    states: NDArray[np.int64]  # (lanes,): UNSETTLED, PLAIN or ASSISTED
    rows: NDArray[np.int64]  # (lanes,): sample of each learning step

    @classmethod
    def over(cls, memory: mmap.mmap, lanes: int, sources: int, reads: int) -> Self:
        shapes = [(HEADER,), (lanes, sources), (lanes, reads), (lanes,), (lanes,), (lanes,)]
        kinds = [np.int64, np.float64, np.float64, np.int64, np.int64, np.int64]
        starts = np.cumsum([0, *(8 * math.prod(shape) for shape in shapes)])
        arrays: list[NDArray[Any]] = [
            np.ndarray(shape, kind, memory, int(start))
            for shape, kind, start in zip(shapes, kinds, starts[:-1], strict=True)
        ]
        return cls(*arrays)


def lanes_of_block(sources: int, reads: int) -> int:
    return max(2, min(MOST_LANES, MEMORY // (sources + reads + 3)))


def bytes_of_block(lanes: int, sources: int, reads: int) -> int:
    return 8 * (HEADER + lanes * (sources + reads + 3))


@dataclass(frozen=True)
class PointsPlan:
    """What a worker is to serve; `memory`, `go` and `ready` are its file descriptors."""

    deck: str
    sources: tuple[str, ...]
    reads: tuple[str, ...]
    changes: tuple[tuple[str, str, float], ...]
    lanes: int
    memory: int
    go: int
    ready: int


@dataclass(frozen=True)
class Teaching:
    """A lesson, and where its quantities are among the sources and reads of a deck.

    unknowns (reads,): the unknown each read is, of `size` in all. held (3, H): column, node, input that drives it.
    fed (2, F): column, input. switches (2, T): columns of target and switch of each clamped node. gates (2, K):
    column, state.
    """

    lesson: Lesson
    size: int
    unknowns: NDArray[np.int64]
    held: NDArray[np.int64]
    fed: NDArray[np.int64]
    switches: NDArray[np.int64]
    gates: NDArray[np.int64]


@dataclass(frozen=True)
class Taught:
    """Values of the sources, states among them, after the first `steps` of the learning steps asked for.

    `solves` points were found for these. Where they are not all, the next one met a point that did not settle.
    """

    values: NDArray[np.float64]
    steps: int
    solves: int


@dataclass(frozen=True)
class TransientPlan:
    """One transient run; the worker answers once and leaves."""

    deck: str
    reads: tuple[str, ...]
    command: str
    stop: float


@dataclass(frozen=True)
class VersionPlan:
    """The worker answers with the version of the library and leaves."""


@dataclass(frozen=True)
class Points:
    """Operating points, one a lane.

    A lane settled if Newton's method found its values. Where ngspice went by gmin or source
    stepping it has to find them once more without; the lane is then settled but not trusted, since
    a circuit with several states may have been led to another one. What only its "transient op"
    could find is not settled: that also "finds" the voltage of a floating node.
    """

    values: NDArray[np.float64]  # (lanes, reads); NaN where not settled
    settled: NDArray[np.bool_]  # (lanes,)
    trusted: NDArray[np.bool_]  # (lanes,)
    iterations: NDArray[np.int64]  # (lanes,) Newton iterations; 0 without sources


@dataclass(frozen=True)
class Waveforms:
    """A transient; `messages` are ngspice's own words."""

    time: NDArray[np.float64]  # (k,) seconds, increasing, unevenly spaced
    values: NDArray[np.float64]  # (k, reads)
    messages: tuple[str, ...] = ()


class Worker:
    """The host's ends of one worker process."""

    def __init__(self, inherited: Sequence[int] = ()) -> None:
        self._log = tempfile.TemporaryFile()
        self.connection, theirs = Pipe()
        command = [sys.executable, "-P", "-m", "netlearn.backends.ngspice.worker"]
        with theirs:
            self.process = subprocess.Popen(
                [*command, str(theirs.fileno())],
                pass_fds=(theirs.fileno(), *inherited),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                env={**os.environ, "PYTHONPATH": python_path()},
                process_group=0,
            )

    def words(self) -> tuple[str, ...]:
        """All that ngspice, or a dying worker, has said."""
        size = os.fstat(self._log.fileno()).st_size
        text = os.pread(self._log.fileno(), size, 0).decode(errors="replace")
        return tuple(text.splitlines())

    def ask(self, request: object, timeout: float) -> Any:
        """The answer to a request, within `timeout` seconds."""
        try:
            self.connection.send(request)
            if not self.connection.poll(timeout):
                raise hung(timeout)
            answer = self.connection.recv()
        except (EOFError, OSError):
            raise self.died() from None
        if isinstance(answer, NetlearnError):
            raise answer
        return answer

    def died(self) -> SimulatorDied:
        """The error that tells how the process ended and what it said last."""
        words = [f"  {line}" for line in self.words()[-12:]]
        return SimulatorDied("\n".join([f"the ngspice process {ending(self.process)}", *words]))

    def end(self) -> None:
        """Kill the process and close what is open."""
        self.process.kill()
        self.process.wait()
        self.connection.close()
        self._log.close()


def ending(process: subprocess.Popen[bytes]) -> str:
    """How a process that has closed its ends came to it, in words."""
    try:
        status = process.wait(timeout=1.0)
    except subprocess.TimeoutExpired:
        return "closed its connection"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"left with status {status}"


def python_path() -> str:
    """Where this process looks for modules, for a worker to look there too."""
    return os.pathsep.join(place or os.getcwd() for place in sys.path)


def hung(timeout: float) -> SimulatorHung:
    return SimulatorHung(
        f"ngspice did not answer within {timeout:g} s and was ended",
        help="give a longer timeout if the circuit is large",
    )


class Stream:
    """The host's ends of a worker that serves operating points of one deck.

    To wake a sleeping process on another core takes longer than to solve a small circuit. So each
    side looks at its pipe some times, letting others run in between, before it goes to sleep on it.
    Where a lane took long, because the circuit is large or the machine so busy that "others" keep
    the processor for milliseconds, both sides go to sleep at once for the next REST answers.
    """

    def __init__(self, memory: int, block: Block, timeout: float) -> None:
        self._block, self._timeout, self._owner = block, timeout, os.getpid()
        self._rest = 0
        go, self._go = os.pipe()
        self._ready, ready = os.pipe()
        self.theirs = (memory, go, ready)
        try:
            self.worker = Worker(self.theirs)
        finally:
            os.close(go)
            os.close(ready)
        self._poll = select.poll()
        self._poll.register(self._ready, select.POLLIN)

    def solve(self, lanes: int, steps: int = 0) -> None:
        """Have the first `lanes` lanes of the block solved, or learning steps done; each point may take up to
        the timeout."""
        looks = 0 if self._rest else MOST_LOOKS
        start = time.perf_counter()
        self._block.header[:] = lanes, 0, looks, steps, 0, 0
        self._tell(GO)
        if not self._answered(looks):
            self._wait()
        if not os.read(self._ready, 1):
            raise self.worker.died()
        slow = time.perf_counter() - start > SLOW * max(lanes, 2 * steps)
        self._rest = REST if slow else max(0, self._rest - 1)

    def _answered(self, looks: int) -> bool:
        """Look at the pipe, some times; is there an answer?"""
        for _ in range(looks):
            if self._poll.poll(0):
                return True
            os.sched_yield()
        return False

    def _wait(self) -> None:
        """Sleep until there is an answer."""
        solved = (0, 0)
        while not self._poll.poll(1000 * self._timeout):
            before, solved = solved, (int(self._block.header[LANE]), int(self._block.header[SOLVES]))
            if solved == before:
                raise hung(self._timeout)

    def request(self, request: object) -> None:
        """Have a request done."""
        self._tell(REQUEST)
        self.worker.ask(request, self._timeout)

    def _tell(self, byte: int) -> None:
        try:
            os.write(self._go, bytes((byte,)))
        except BrokenPipeError:
            raise self.worker.died() from None

    def end(self) -> None:
        """End the worker and close what is open; for a forked process it is not to end."""
        if self._owner != os.getpid():
            return
        self.worker.end()
        os.close(self._go)
        os.close(self._ready)


class Simulator:
    """A deck loaded in a worker, whose operating points can be had for any values of its sources.

    `deck`: complete netlist with `.end`. It has the source `vsweep nsweep 0 0` with a resistor
    across it, and `external` sources with no value, exactly those in `sources`, named v<number>
    (volts) or i<number> (amperes). All nodes and branches can be read, whatever its `.save` lines
    say, and `@device[value]` where one says so. `reads`: names of vectors, as "n3" or "v3#branch".
    `timeout`: the most seconds that one lane, or one request, may take.

    Threads take turns; a forked process has to make its own.
    """

    def __init__(self, deck: str, sources: Sequence[str], reads: Sequence[str], *, timeout: float = 60.0) -> None:
        self._deck, self._timeout, self._owner = checked_deck(deck), timeout, os.getpid()
        self._turn = threading.RLock()
        self._sources = checked_sources(deck, sources)
        self._reads = tuple(name.lower() for name in reads)
        self._changes: dict[tuple[str, str], float] = {}
        self._words: tuple[str, ...] = ()
        self._lanes = lanes_of_block(len(sources), len(reads))
        self._memory = unnamed_memory(bytes_of_block(self._lanes, len(sources), len(reads)))
        weakref.finalize(self, self._memory.close)
        mapped = mmap.mmap(self._memory.fileno(), 0)
        self._block = Block.over(mapped, self._lanes, len(sources), len(reads))
        self._stream: Stream | None = None
        self._teaching: Teaching | None = None
        self._ended: Any = None
        self._live()

    def operating_points(self, values: ArrayLike) -> Points:
        """Operating points for `values` of the sources, (lanes, sources), solved in order."""
        inputs = checked_inputs(values, self._sources)
        parts = [
            self._solved(inputs[start : start + self._lanes]) for start in range(0, max(1, len(inputs)), self._lanes)
        ]
        return parts[0] if len(parts) == 1 else joined(parts)

    def _solved(self, inputs: NDArray[np.float64]) -> Points:
        lanes, block = len(inputs), self._block
        with self._exchange() as stream:
            block.inputs[:lanes] = inputs
            if lanes:
                stream.solve(lanes)
            states = block.states[:lanes]
            return Points(
                values=block.values[:lanes].copy(),
                settled=states != UNSETTLED,
                trusted=states == PLAIN,
                iterations=block.iterations[:lanes].copy(),
            )

    def teach(self, teaching: Teaching, values: ArrayLike, rows: NDArray[np.int64]) -> Taught:
        """Do learning steps, one a sample in `rows`, with no word to the host in between.

        values (sources,): the sources as they are in the free phase of the first one, states included.
        """
        inputs = checked_inputs(np.atleast_2d(np.asarray(values, np.float64)), self._sources)
        header, block = self._block.header, self._block
        with self._exchange() as stream:
            if self._teaching is not teaching:
                stream.request(("teach", teaching))
                self._teaching = teaching
            steps = min(len(rows), self._lanes)
            block.rows[:steps] = rows[:steps]
            block.inputs[:2] = inputs
            stream.solve(1, steps)
            return Taught(block.inputs[0].copy(), int(header[STEP]), int(header[SOLVES]))

    def alter(self, changes: Sequence[tuple[str, str, float]]) -> None:
        """Set parameters of devices, as ("r3", "resistance", 1e3): all of them or, on error, none.

        Resistances, gains of controlled sources and currents keep the warm start, about 5 us each;
        after any other change (a width, an area) the next point starts cold, as after `reset`.
        """
        new = checked_changes(changes, self._sources)
        with self._exchange() as stream:
            stream.request(("alter", new))
        self._changes.update({(device, parameter): value for device, parameter, value in new})

    def reset(self) -> None:
        """Forget the last point: the next one starts cold. Alterations stay."""
        with self._exchange() as stream:
            stream.request(("reset", ()))

    @property
    def messages(self) -> tuple[str, ...]:
        """What ngspice has said since the (last) worker loaded the deck, but for its chatter."""
        return self._words if self._stream is None else self._stream.worker.words()

    @contextmanager
    def _exchange(self) -> Iterator[Stream]:
        """A live worker; whatever interrupts the exchange ends it, as its state is then unknown."""
        with self._turn:
            try:
                yield self._live()
            except BaseException:
                self._drop()
                raise

    def _live(self) -> Stream:
        if self._owner != os.getpid():
            raise BackendError("this simulator belongs to another process", help="make one here")
        if self._memory.closed:
            raise BackendError("this simulator has been closed", help="make a new one")
        if self._stream is None:
            stream = Stream(self._memory.fileno(), self._block, self._timeout)
            self._stream, self._ended = stream, weakref.finalize(self, stream.end)
            with self._exchange():
                stream.worker.ask(self._plan(*stream.theirs), START + self._timeout)
        return self._stream

    def _plan(self, memory: int, go: int, ready: int) -> PointsPlan:
        changes = tuple((*place, value) for place, value in self._changes.items())
        return PointsPlan(self._deck, self._sources, self._reads, changes, self._lanes, memory, go, ready)

    def _drop(self) -> None:
        if self._stream is not None:
            self._words = self._stream.worker.words()
            self._stream = self._teaching = None
            self._ended()

    def close(self) -> None:
        """End the worker; may be called again."""
        self._drop()
        self._memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        self.close()


def transient(
    deck: str,
    reads: Sequence[str],
    *,
    step: float,
    stop: float,
    max_step: float | None = None,
    uic: bool = False,
    timeout: float = 600.0,
) -> Waveforms:
    """Run a transient of `deck` from 0 to `stop` seconds in a worker of its own.

    `step` is the suggested and `max_step` the largest time step, `uic` starts from the initial
    conditions in the deck. The deck must save what is read, and has no external sources.
    """
    if EXTERNAL.search(deck):
        raise BackendError("a transient has no external sources", help="give them as pwl(...)")
    command = transient_command(step, stop, max_step, uic)
    plan = TransientPlan(checked_deck(deck), tuple(reads), command, stop)
    with one_worker() as worker:
        when, values = worker.ask(plan, timeout)
        return Waveforms(when, values, worker.words())


def version() -> str:
    """Version of the ngspice library in use, as "39"."""
    with one_worker() as worker:
        return str(worker.ask(VersionPlan(), 60.0))


@contextmanager
def one_worker() -> Iterator[Worker]:
    worker = Worker()
    try:
        yield worker
    finally:
        worker.end()


def unnamed_memory(size: int) -> IO[bytes]:
    """An open file of zeros without a name, in memory where the system has such files."""
    file: IO[bytes]
    if hasattr(os, "memfd_create"):
        file = os.fdopen(os.memfd_create("netlearn"), "r+b")
    else:
        file = tempfile.TemporaryFile()
    file.truncate(size)
    return file


def transient_command(step: float, stop: float, max_step: float | None, uic: bool) -> str:
    times = [step, stop] if max_step is None else [step, stop, 0.0, max_step]
    if not all(math.isfinite(time) and time >= 0 for time in times) or not 0 < step <= stop:
        raise BackendError(f"a transient cannot have step {step}, stop {stop}, max_step {max_step}")
    return " ".join(["tran", *(repr(float(time)) for time in times), *(["uic"] if uic else [])])


def checked_sources(deck: str, sources: Sequence[str]) -> tuple[str, ...]:
    """`sources` in lower case, if they are the external sources of `deck`, each once."""
    names = tuple(name.lower() for name in sources)
    odd = [name for name in names if not SOURCE.fullmatch(name)]
    if odd:
        raise BackendError(f"an external source is named v<number> or i<number>, not {odd[0]!r}")
    external = sorted(name.lower() for name in EXTERNAL.findall(deck))
    if external != sorted(names):
        wrong = sorted(set(external) ^ set(names)) or sorted(names)
        raise BackendError(f"either not in `sources` or not external: {' '.join(wrong)}")
    return names


def checked_deck(deck: str) -> str:
    """`deck`, if it has an end: ngspice takes one without for no circuit, and says nothing."""
    if not deck.rstrip().lower().endswith("\n.end"):
        raise BackendError("the last line of a deck has to be .end")
    return deck


def checked_inputs(values: ArrayLike, sources: Sequence[str]) -> NDArray[np.float64]:
    """`values` as a (lanes, sources) array, if it is one of finite numbers."""
    inputs = np.asarray(values, np.float64)
    if inputs.ndim != 2 or inputs.shape[1] != len(sources):
        raise BackendError(f"values of shape {inputs.shape} for (lanes, {len(sources)}) sources")
    if not np.isfinite(inputs).all():
        lane, column = np.argwhere(~np.isfinite(inputs))[0]
        raise BackendError(f"{sources[column]} is {inputs[lane, column]} in lane {lane}")
    return inputs


def checked_changes(
    changes: Sequence[tuple[str, str, float]], sources: Sequence[str]
) -> tuple[tuple[str, str, float], ...]:
    """`changes` in lower case, with plain names and finite values, and of no external source."""
    new = tuple((d.lower(), p.lower(), float(value)) for d, p, value in changes)
    for device, parameter, value in new:
        if not (NAME.fullmatch(device) and NAME.fullmatch(parameter)):
            raise BackendError(f"{device}[{parameter}] does not name a parameter of a device")
        if device in sources or device == "vsweep":
            raise BackendError(f"{device} cannot be altered", help="give it as a value of a source")
        if not math.isfinite(value):
            raise BackendError(f"{device}[{parameter}] cannot be {value}")
    return new


def joined(parts: Sequence[Points]) -> Points:
    """Points of batches solved one after the other, as one."""
    return Points(
        values=np.concatenate([part.values for part in parts]),
        settled=np.concatenate([part.settled for part in parts]),
        trusted=np.concatenate([part.trusted for part in parts]),
        iterations=np.concatenate([part.iterations for part in parts]),
    )
