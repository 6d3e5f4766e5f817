"""The worker process: one ngspice, one deck, serving the host until the host closes its ends.

The host speaks on two ways. A byte on the go pipe is either GO, "solve the lanes in the block", or
anything else, "a request lies on the connection". The first way never meets Python: while a sweep
is suspended the byte is read by compiled code (`stream.data`). Requests are pickled tuples; each is
answered by `(True, result)` or `(False, words)`.

A sweep is left by `alter vsweep dc = 1e12`, given from within a callback: the sweep's own test then
ends it after this point, with all of ngspice's tidying up. (By its source: the alternatives, SIGINT or
`bg_halt`, leave the plot and its run description behind and say so at length.) The same command
from the begin callback ends a sweep before its first point, which tries out a freshly loaded deck
for the price of its set-up. `.save none` keeps a sweep's vectors at length 1, so a sweep does not
grow; only the control history does, by 0.3 kB for each alter within a sweep, and HISTORY of them
end it.

An alteration within a sweep keeps the warm start and takes effect at the next point, but only for
what a device reads anew in each iteration: LIVE. Widths, lengths and areas go through CKTtemp,
which ngspice calls when a run begins; changed within a sweep they would be half in force (measured:
0.04 V off, with no word said). So any other alteration ends the sweep.

A lane without an answer ends its sweep. The deck is then loaded afresh (with its alterations),
because ngspice can stay poisoned by what it met; the lane is tried once more, now cold, unless it
was the first of its sweep and so was cold already.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import re
import select
import sys
import threading
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from netlearn.backends.ngspice.library import Library, PlannedPlot, names_of
from netlearn.backends.ngspice.simulator import (
    GO,
    LANE,
    LANES,
    READY,
    STEPPED,
    STEPS,
    TIMED,
    UNSETTLED,
    Block,
    PointsPlan,
    TransientPlan,
    VersionPlan,
    bytes_of_block,
)
from netlearn.errors import NetlearnError, SimulatorRefused

LAST = 10**9  # points of a sweep; ngspice counts them in an int
HISTORY = 5000  # commands within one sweep
LOG = 1 << 18  # bytes of ngspice's words that are kept
LIVE = {("r", "resistance"), ("i", "dc"), *((letter, "gain") for letter in "efgh")}
STEPPING = re.compile("gmin stepping|source stepping", re.IGNORECASE)
SETTLING = re.compile("transient op", re.IGNORECASE)
FAULT = re.compile(r"\berror\b|no such|not parsed", re.IGNORECASE)
TELLING = re.compile("stderr |stdout (Note|Warning|Error|Fatal)", re.IGNORECASE)
CHATTER = re.compile(
    r"(Trying gmin = +\S+ *|Supplies reduced to +\S+% *"
    r"|Note: One successful \w+ step|Warning: Further gmin increment|Note: No compat.*)+"
)


class Words:
    """What ngspice says: written to stderr, a file of the host's, so that it outlives a crash."""

    def __init__(self, helped: NDArray[np.int64] | None = None) -> None:
        """`helped` (1,) gets STEPPED or TIMED when ngspice says that Newton's method did not do."""
        self.heard: deque[str] = deque(maxlen=1000)  # since the last `listen`
        self._helped = np.zeros(1, np.int64) if helped is None else helped
        self._left = LOG

    def listen(self) -> None:
        self.heard.clear()

    def say(self, line: str) -> None:
        """Take in a line from ngspice, "stdout ..." or "stderr ..."."""
        if STEPPING.search(line):
            self._helped[0] |= STEPPED
        if SETTLING.search(line):
            self._helped[0] |= STEPPED | TIMED
        if TELLING.match(line) and (text := CHATTER.sub("", line[7:]).strip()):
            self.keep(text)

    def keep(self, text: str) -> None:
        """Remember a line, and write it to the log unless that is full."""
        self.heard.append(text)
        if self._left > 0:
            self._left -= os.write(2, f"{text}\n".encode())

    def refusal(self, what: str) -> SimulatorRefused:
        """An error with the first lines of what was heard."""
        heard = [f"  ngspice: {text}" for text in list(self.heard)[:20]]
        return SimulatorRefused("\n".join([what, *heard]))

    def check(self, what: str) -> None:
        """Raise unless ngspice is content with all it was told since `listen`."""
        if any(FAULT.search(text) for text in self.heard):
            raise self.refusal(what)


class Circuit:
    """A deck in a library, with its alterations."""

    def __init__(self, library: Library, words: Words, deck: str) -> None:
        self.library = library
        self.check, self.refusal = words.check, words.refusal
        self._words = words
        self._lines = deck.splitlines()
        self._changes: dict[tuple[str, str], float] = {}
        self._loaded = False

    def load(self) -> None:
        """Load the deck, or load it afresh."""
        self._words.listen()
        if self._loaded:
            self.library.command("remcirc")
        self._loaded = True
        self.library.circuit(self._lines)
        if self.library.gone:
            raise self.refusal("ngspice gave up on the netlist")
        self.check("ngspice refused the netlist")
        self._apply([(*place, value) for place, value in self._changes.items()])

    def alter(self, changes: Sequence[tuple[str, str, float]]) -> None:
        """`changes` are (device, parameter, value); they hold until altered again."""
        self._words.listen()
        self._apply(changes)
        self._changes.update({(device, parameter): value for device, parameter, value in changes})

    def _apply(self, changes: Sequence[tuple[str, str, float]]) -> None:
        for device, parameter, value in changes:
            self.library.command(f"alter @{device}[{parameter}] = {value!r}")
        self.check("ngspice refused an alteration")

    def forgo(self) -> None:
        """Have ngspice do without its "transient op"; never give this without a circuit.

        Its answer would not be taken, and it can go on for ever where there is nothing to find.
        """
        self.library.command("optran 0 1 1 0 0 0")

    def sweep(self) -> None:
        """Run a sweep of the dummy source; drop its plot and the history of commands."""
        self.library.command(f"dc vsweep 0 {LAST - 1} 1")
        if self.library.gone:
            raise self.refusal("ngspice left")
        self.library.command("destroy all")
        self.library.forget()

    def leave(self) -> None:
        """Within a sweep: let this point be its last."""
        self.library.command("alter vsweep dc = 1e12")


class Server:
    """Solves operating points for a host; `run` returns when the host is gone."""

    def __init__(self, plan: PointsPlan, host: Connection) -> None:
        from netlearn.backends.ngspice import stream  # here, as a transient can do without numba

        self._names, self._plan, self._host = stream, plan, host
        sources, reads = len(plan.sources), len(plan.reads)
        memory = mmap.mmap(plan.memory, bytes_of_block(plan.lanes, sources, reads))
        self._block = Block.over(memory, plan.lanes, sources, reads)
        self._columns = columns(plan.sources, "v"), columns(plan.sources, "i")
        self._places = np.zeros(reads, np.int64)
        self._idle = ctypes.CFUNCTYPE(ctypes.c_int64)(self._idled)
        self._begin = ctypes.CFUNCTYPE(None, ctypes.c_int64)(stream.begin.address)
        self._r = stream.registers(self._block, plan.go, plan.ready, *self._columns)
        self._r[stream.PLACES] = self._places.ctypes.data
        self._r[stream.IDLE] = ctypes.cast(self._idle, ctypes.c_void_p).value or 0
        words = Words(self._r[stream.HELPED : stream.HELPED + 1])
        library = Library(
            words.say,
            self._begun,
            data=stream.data.address,
            volts=stream.volts.address,
            amperes=stream.amperes.address,
            registers=self._r.ctypes.data,
        )
        self._words = words
        self._circuit = Circuit(library, words, unsaved(plan.deck))
        self._trying = self._left = False
        self._fault: BaseException | None = None

    def load(self) -> None:
        """Load the deck and try it out: it must begin a sweep and have all that is to be read."""
        prepare(self._circuit.library)
        self._circuit.load()
        self._circuit.alter(self._plan.changes)
        self._places[:] = -1
        self._trying = True
        self._sweep()
        self._trying = False
        self._circuit.check("ngspice cannot run the netlist")
        if (self._places < 0).any():
            missing = self._plan.reads[int(np.argmin(self._places))]
            raise self._circuit.refusal(f"the netlist has no vector {missing!r} to read")

    def run(self) -> None:
        """Serve until the host closes the go pipe."""
        while byte := os.read(self._plan.go, 1):
            if byte[0] == GO:
                self._block.header[LANE] = 0
                if self._block.header[STEPS]:
                    self._begin(self._r.ctypes.data)
                self._solve()
            else:
                self._request()

    def _solve(self) -> None:
        """Solve what is posted, and posted again while a sweep is suspended."""
        header, points = self._block.header, self._names.POINTS
        while not self._sweep():
            if self._r[points] < LAST:
                self._fail()
                if header[LANE] == header[LANES] or header[STEPS]:
                    os.write(self._plan.ready, bytes((READY,)))
                    return

    def _sweep(self) -> bool:
        """Run a sweep until it is left (true), or is without an answer, or is at its end."""
        names = self._names
        self._r[[names.POINTS, names.CALLS, names.HELPED, names.AGAIN, names.AIDED, names.FAILED]] = 0
        self._left = False
        if not self._trying:
            self._circuit.forgo()
        self._circuit.sweep()
        if self._fault:
            raise self._fault
        return self._left

    def _fail(self) -> None:
        """The sweep has no answer for its lane: give the lane up if it was cold; load afresh."""
        header, block = self._block.header, self._block
        if self._r[self._names.POINTS] == 0 and not header[STEPS]:
            lane = int(header[LANE])
            self._words.keep(f"lane {lane} of its batch did not settle")
            block.values[lane] = np.nan
            block.states[lane] = UNSETTLED
            block.iterations[lane] = self._r[self._names.CALLS]
            header[LANE] += 1
        self._circuit.load()

    def _begun(self, plot: PlannedPlot) -> None:
        """A sweep begins: note where its data will be; end it if it is only a trial."""
        if self._trying:
            places = {name.lower(): place for place, name in enumerate(names_of(plot))}
            self._places[:] = [places.get(name, -1) for name in self._plan.reads]
            self._circuit.leave()

    def _idled(self) -> int:
        """Called by a suspended sweep: 1 if this point was its last."""
        try:
            self._left = not self._r[self._names.FAILED] and self._over()
        except BaseException as fault:  # ctypes would print it and go on
            self._fault = fault
        if not (self._left or self._fault or self._r[self._names.FAILED]):
            return 0
        self._circuit.leave()
        return 1

    def _over(self) -> bool:
        """Do what the host asks of a suspended sweep; is the sweep over?"""
        if not self._r[self._names.BYTE]:  # the host is gone
            return True
        return self._request() or self._circuit.library.commands > HISTORY

    def _request(self) -> bool:
        """Do and answer a request of the host's; does it end a sweep?"""
        kind, changes = self._host.recv()
        if kind == "teach":
            self._table, self._arrays = self._names.table(changes)
            self._r[self._names.TABLE] = self._table.ctypes.data
            self._host.send(None)
            return False
        self._circuit.alter(changes)
        self._host.send(None)
        return kind == "reset" or not all((device[0], name) in LIVE for device, name, _ in changes)


def columns(sources: Sequence[str], letter: str) -> NDArray[np.int64]:
    """Where a source's value is, by the number in its name; -1 for a number not in use."""
    places = {int(name[1:]): place for place, name in enumerate(sources) if name[0] == letter}
    table = np.full(max(places, default=0) + 1, -1, np.int64)
    table[list(places)] = list(places.values())
    return table


def unsaved(deck: str) -> str:
    """The deck with `.save none` before its last line, `.end`."""
    *body, end = deck.rstrip().splitlines()
    return "\n".join([*body, ".save none", end])


def prepare(library: Library) -> None:
    """Settings that go before any netlist.

    One thread: a point of 24 transistors of sky130 (BSIM4, which OpenMP shares out) takes 0.27 ms by one; by as many as
    ngspice takes by itself 0.8 to 37 ms on two cores that others use too, and 0.20 ms once they are idle.
    """
    library.command("set num_threads=1")
    library.command("set nomoremode")
    library.command("set norefvalue")


def transient(plan: TransientPlan) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (k,) and values (k, reads) of a transient that ran to its end."""
    words = Words()
    library = Library(words.say, lambda _plot: None)
    prepare(library)
    circuit = Circuit(library, words, plan.deck)
    circuit.load()
    library.command(plan.command)
    circuit.check("ngspice cannot run the transient")
    time = library.vector("time")
    if not time.size or time[-1] < plan.stop * (1 - 1e-9):
        raise circuit.refusal(f"the transient ended at {time[-1] if time.size else 0.0:g} s")
    values = np.empty((time.size, len(plan.reads)))
    for column, name in enumerate(plan.reads):
        vector = library.vector(name)
        if vector.size != time.size:
            raise circuit.refusal(f"the transient has not saved {name!r}")
        values[:, column] = vector
    return time, values


def version() -> str:
    """39 of "** ngspice-39 shared library", the banner."""
    lines: list[str] = []
    Library(lines.append, lambda _plot: None)
    found = re.search(r"ngspice-(\S+)", "\n".join(lines))
    return found[1] if found else "unknown"


def leave_with(host: Connection) -> None:
    """End this process when the host's end is closed, even while ngspice is at work."""

    def wait() -> None:
        ends = select.poll()
        ends.register(host.fileno(), 0)  # only the hang-up, which cannot be masked
        ends.poll()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def serve(host: Connection) -> None:
    """Do what the host's first message asks for."""
    leave_with(host)
    match host.recv():
        case PointsPlan() as plan:
            server = Server(plan, host)
            server.load()
            host.send(None)
            server.run()
        case TransientPlan() as plan:
            host.send(transient(plan))
        case VersionPlan():
            host.send(version())


def main() -> None:
    with Connection(int(sys.argv[1])) as host:
        try:
            serve(host)
        except NetlearnError as fault:
            host.send(fault)


if __name__ == "__main__":
    main()
