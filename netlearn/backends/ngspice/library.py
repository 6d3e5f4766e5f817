"""The shared library of ngspice: where it is, its C interface, and no command that is cut unseen.

ngspice answers 0 to almost every failing command, so nothing here believes a return code: each line
it writes is handed to `say`, and whoever gives a command looks at what was said. `ControlledExit`
means that the instance cannot recover; `Library.gone` is true from then on. Two habits keep a long
life small: a command longer than ngspice's buffer is refused here (ngspice would cut it and go on),
and the control history, 0.3 kB a command, is dropped by `forget` at the top level only, because a
run that is still under way has its own entry in it.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
from collections.abc import Callable, Iterator, Sequence
from ctypes import CFUNCTYPE, POINTER, c_bool, c_char_p, c_double, c_int, c_short, c_void_p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlearn.errors import BackendError, SimulatorMissing

INSTALL = (
    "`apt-get install ngspice libngspice0` or `brew install libngspice ngspice`; "
    "or name the file in NGSPICE_LIBRARY_PATH"
)
LONGEST = 1000  # characters; ngspice copies a command into a buffer of 1024
NAMES = (
    "libngspice.so.0",
    "libngspice.so",
    "/opt/homebrew/lib/libngspice.dylib",
    "/usr/local/lib/libngspice.dylib",
    "libngspice.dylib",
    "ngspice.dll",
    "libngspice-0.dll",
)


def candidates() -> Iterator[str]:
    """Names to try, best first; a file named by the user is the only one tried."""
    named = os.environ.get("NGSPICE_LIBRARY_PATH")
    if named:
        yield named
        return
    found = ctypes.util.find_library("ngspice")
    if found:
        yield found
    yield from NAMES


def load() -> ctypes.CDLL:
    """The library, loaded into this process."""
    faults = []
    for name in candidates():
        try:
            return ctypes.CDLL(name)
        except OSError as fault:
            faults.append(str(fault))
    raise SimulatorMissing(f"cannot load the ngspice library: {faults[0]}", help=INSTALL)


class VectorInfo(ctypes.Structure):
    """`vector_info` of sharedspice.h: one vector of a plot."""

    _fields_ = (
        ("name", c_char_p),
        ("type", c_int),
        ("flags", c_short),
        ("real", POINTER(c_double)),
        ("complex", c_void_p),
        ("length", c_int),
    )


class PlannedVector(ctypes.Structure):
    """`vecinfo` of sharedspice.h: one vector that the run under way will fill."""

    _fields_ = (
        ("number", c_int),
        ("name", c_char_p),
        ("is_real", c_bool),
        ("vector", c_void_p),
        ("scale", c_void_p),
    )


class PlannedPlot(ctypes.Structure):
    """`vecinfoall` of sharedspice.h: what a run is about to fill, in the order of its data."""

    _fields_ = (
        ("name", c_char_p),
        ("title", c_char_p),
        ("date", c_char_p),
        ("type", c_char_p),
        ("count", c_int),
        ("vectors", POINTER(POINTER(PlannedVector))),
    )


Say = CFUNCTYPE(c_int, c_char_p, c_int, c_void_p)
Status = CFUNCTYPE(c_int, c_char_p, c_int, c_void_p)
Leave = CFUNCTYPE(c_int, c_int, c_bool, c_bool, c_int, c_void_p)
Begin = CFUNCTYPE(c_int, POINTER(PlannedPlot), c_int, c_void_p)
Background = CFUNCTYPE(c_int, c_bool, c_int, c_void_p)


def names_of(plot: PlannedPlot) -> tuple[str, ...]:
    """Names of the vectors, in the order in which `data` gets their values."""
    return tuple(plot.vectors[i].contents.name.decode() for i in range(plot.count))


class Library:
    """One initialised ngspice; there can be only one in a process.

    `say` gets each line ngspice writes, "stdout ..." or "stderr ...". `begin` gets what a run is
    about to fill. `data`, `volts` and `amperes` are addresses of compiled callbacks (SendData,
    GetVSRCData, GetISRCData), 0 for none, and `registers` is the user pointer they are given.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        begin: Callable[[PlannedPlot], None],
        *,
        data: int = 0,
        volts: int = 0,
        amperes: int = 0,
        registers: int = 0,
    ) -> None:
        self.gone = False
        self.commands = 0  # in the control history
        self._library = load()
        self._library.ngGet_Vec_Info.restype = POINTER(VectorInfo)
        self._kept = self._callbacks(say, begin)  # ngspice keeps bare pointers to these
        said, status, left, begun, background = self._kept
        user = c_void_p(registers)
        with contextlib.chdir("/"):  # a .spiceinit where the user happens to be is not for netlearn
            self._library.ngSpice_Init(said, status, left, c_void_p(data), begun, background, user)
        self._library.ngSpice_Init_Sync(c_void_p(volts), c_void_p(amperes), None, None, user)

    def _callbacks(self, say: Callable[[str], None], begin: Callable[[PlannedPlot], None]) -> tuple[Any, ...]:
        def said(text: bytes, _ident: int, _user: int) -> int:
            say(text.decode(errors="replace"))
            return 0

        def left(_status: int, _now: bool, _quit: bool, _ident: int, _user: int) -> int:
            self.gone = True
            return 0

        def begun(plot: Any, _ident: int, _user: int) -> int:
            begin(plot.contents)
            return 0

        quiet = Status(lambda _text, _ident, _user: 0)
        return Say(said), quiet, Leave(left), Begin(begun), Background(lambda _r, _i, _u: 0)

    def command(self, text: str) -> None:
        """Run one command; what came of it is only in what ngspice says."""
        if len(text) > LONGEST:
            raise BackendError(f"a command of {len(text)} characters: ngspice cuts it: {text[:60]}")
        self.commands += 1
        self._library.ngSpice_Command(text.encode())

    def forget(self) -> None:
        """Drop the control history; never within a run."""
        self._library.ngSpice_Command(None)
        self.commands = 0

    def circuit(self, lines: Sequence[str]) -> None:
        """Hand over a netlist, a line each; an empty last line stands in for a missing `.end`."""
        text = [line.encode() for line in (*lines, "")]
        self._library.ngSpice_Circ((c_char_p * (len(text) + 1))(*text, None))

    def vector(self, name: str) -> NDArray[np.float64]:
        """A copy of a real vector of the current plot; empty if there is none."""
        found = self._library.ngGet_Vec_Info(name.encode())
        if not found or not found.contents.length or not found.contents.real:
            return np.empty(0)
        return np.ctypeslib.as_array(found.contents.real, (found.contents.length,)).copy()
