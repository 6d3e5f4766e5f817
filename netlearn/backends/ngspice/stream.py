"""The compiled callbacks: ngspice's own `.dc` sweep turned into a coroutine that solves on request.

One sweep of a dummy source over a thousand million points is a persistent solver: set-up and
ordering once, each point starts from the last one. ngspice asks `volts` and `amperes` for the value
of every external source in every Newton iteration and gives each finished point to `data`, which
stores it in the memory shared with the host and moves to the next lane. After the last lane it
writes one byte to the host and *waits in read(2)*, the sweep suspended around it, until the host
posts the next batch. Any other byte is left to `idle`, a Python function that can alter the circuit
within the sweep; its answer 1 says that it has made this point the last one.

A quick answer is no proof. Where a transistor's drain and source change places between two lanes,
ngspice can limit its voltages without noting it and stop after two iterations (measured: a bulk diode
with 2.4 V across it and no current, 0.9 V off). Its limits reach any voltage in a few iterations; so
a lane that took fewer than SURE of them is solved again from its own answer until it stays there,
TIMES times at most. An answer found with help (`HELPED` is set when ngspice says so), gmin or source
stepping, counts only if a plain Newton solution confirms it. After a "transient op" the lane has
failed: ngspice calls that a success even for a floating node, and from there, with its matrix no
longer reordered, finds nothing wrong with it.

All that the callbacks know is in `registers`, int64 values that ngspice hands to each of them as
its user pointer: counters, file descriptors, addresses. So they hold no Python object, need no
lock, and are cached on disk. (64-bit little-endian machines only: an address is one int64, and so
is the place of a byte.)
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

import numba
import numba.extending
import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from netlearn.backends.ngspice.simulator import (
    ASSISTED,
    GO,
    LANE,
    LANES,
    LOOKS,
    PLAIN,
    READY,
    STEPPED,
    Block,
)

(
    POINTS,  # points settled since the sweep began
    CALLS,  # Newton iterations of this lane so far
    HELPED,  # STEPPED or TIMED, if ngspice said that Newton's method alone did not do
    AGAIN,  # times that this lane has been solved, each from the last answer
    AIDED,  # one of these answers was found with help
    FAILED,  # the lane has no answer and the sweep is to be left
    BYTE,  # last byte read from the host
    AWAITED,  # a `pollfd`, {int fd; short events, happened}
    GO_FD,
    READY_FD,
    IDLE,  # address of int64 idle(void)
    HEADER,  # addresses of the arrays of the shared Block
    INPUTS,
    VALUES,
    ITERATIONS,
    STATES,
    SOURCES,  # number of sources
    READS,  # number of reads
    VOLTS,  # address of int64 columns: number in a voltage source's name -> column of INPUTS
    AMPERES,  # the same for current sources
    PLACES,  # address of (reads,) int64: place of a read in ngspice's data
    COUNT,
) = range(22)

POLLIN = select.POLLIN << 32
SURE, TIMES = 6, 12
CLOSE, RELATIVE = 1e-11, 1e-10  # V or A by which an answer may move and still be the same
BAD, MOVED, SAME = 0, 1, 2


def registers(
    block: Block, go: int, ready: int, volts: NDArray[np.int64], amperes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Registers of a sweep over `block`, which must outlive them, as must `volts` and `amperes`."""
    start = np.zeros(COUNT, np.int64)
    start[GO_FD], start[READY_FD] = go, ready
    start[HEADER], start[INPUTS] = block.header.ctypes.data, block.inputs.ctypes.data
    start[VALUES], start[STATES] = block.values.ctypes.data, block.states.ctypes.data
    start[ITERATIONS] = block.iterations.ctypes.data
    start[SOURCES], start[READS] = block.inputs.shape[1], block.values.shape[1]
    start[VOLTS], start[AMPERES] = volts.ctypes.data, amperes.ctypes.data
    return start


types: Any = numba.types  # numba's annotations leave out that a type can be called


def _inlined(function: Callable[..., Any]) -> Any:
    return numba.njit(inline="always")(function)


def _intrinsic(function: Callable[..., Any]) -> Any:
    return numba.extending.intrinsic(function)


def _pointer_to(element: Any) -> Callable[..., Any]:
    """An intrinsic: address (int64) -> pointer that can be indexed."""

    def typed(_context: Any, _address: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(element)(types.int64), code

    return typed


_ints = _intrinsic(_pointer_to(types.int64))
_floats = _intrinsic(_pointer_to(types.float64))


@_intrinsic
def _call(_context: Any, _address: Any) -> Any:
    """Call int64 f(void) at an address."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), [])
        return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), [])

    return types.int64(types.int64), code


# An address passed as an int64 travels in the same register as a pointer.
_transfer = types.int64(types.int32, types.int64, types.int64)
_read = types.ExternalFunction("read", _transfer)
_write = types.ExternalFunction("write", _transfer)
_poll = types.ExternalFunction("poll", types.int32(types.int64, types.int64, types.int32))
_yield = types.ExternalFunction("sched_yield", types.int32())


def _compiled(signature: Any) -> Callable[[Callable[..., Any]], Any]:
    """`cfunc`, cached on disk where any cache folder can be written."""

    def compile_(function: Callable[..., Any]) -> Any:
        try:
            return numba.cfunc(signature, cache=True)(function)
        except RuntimeError:  # numba: "cannot cache function: no locator available"
            return numba.cfunc(signature)(function)

    return compile_


@_inlined
def _number(name: Any) -> Any:
    """12 of "v12", a C string."""
    number = 0
    i = 1
    while name[i] != 0:
        number = number * 10 + name[i] - 48
        i += 1
    return number


@_inlined
def _give(value: Any, name: Any, r: Any, columns: Any) -> None:
    column = _ints(r[columns])[_number(name)]
    if column == 0:
        r[CALLS] += 1
    value[0] = _floats(r[INPUTS])[_ints(r[HEADER])[LANE] * r[SOURCES] + column]


_source = types.int32(
    types.CPointer(types.float64),
    types.float64,
    types.CPointer(types.uint8),
    types.int32,
    types.CPointer(types.int64),
)


@_compiled(_source)
def volts(value: Any, _time: Any, name: Any, _ident: Any, r: Any) -> Any:
    """GetVSRCData: this lane's value of the voltage source."""
    _give(value, name, r, VOLTS)
    return 0


@_compiled(_source)
def amperes(value: Any, _time: Any, name: Any, _ident: Any, r: Any) -> Any:
    """GetISRCData: this lane's value of the current source."""
    _give(value, name, r, AMPERES)
    return 0


@_inlined
def _store(vectors: Any, r: Any) -> Any:
    """Copy the wanted values of the point to this lane; SAME if it had them already, BAD if they are not finite.

    `vectors` is the address of `vecvaluesall`: {int count, index; vecvalues **all}, where vecvalues
    is {char *name; double real, imaginary; ...}.
    """
    lane = _ints(r[HEADER])[LANE]
    places, values = _ints(r[PLACES]), _floats(r[VALUES])
    every = _ints(_ints(vectors)[1])
    found = SAME
    for i in range(r[READS]):
        value = _floats(every[places[i]])[1]
        before = values[lane * r[READS] + i]
        values[lane * r[READS] + i] = value
        if not np.isfinite(value):
            return BAD
        if not abs(value - before) <= CLOSE + RELATIVE * abs(value):
            found = MOVED
    return found


@_inlined
def _linger(address: Any, r: Any) -> None:
    """Look for a byte from the host as often as it asks for, before going to sleep on it."""
    for _ in range(_ints(r[HEADER])[LOOKS]):
        r[AWAITED] = r[GO_FD] + POLLIN
        if _poll(address + 8 * AWAITED, 1, types.int32(0)) != 0:
            return
        _yield()


@_inlined
def _await_batch(address: Any, r: Any) -> None:
    """Tell the host that its batch is done; return when the next is posted or the sweep is over."""
    r[BYTE] = READY
    _write(types.int32(r[READY_FD]), address + 8 * BYTE, 1)
    while True:
        r[BYTE] = 0
        _linger(address, r)
        _read(types.int32(r[GO_FD]), address + 8 * BYTE, 1)
        if r[BYTE] == GO:
            _ints(r[HEADER])[LANE] = 0
            return
        if _call(r[IDLE]) != 0:
            return


@_compiled(types.int32(types.int64, types.int32, types.int32, types.int64))
def data(vectors: Any, _count: Any, _ident: Any, address: Any) -> Any:
    """SendData: a point is finished."""
    r = _ints(address)
    header = _ints(r[HEADER])
    lane = header[LANE]
    helped, r[HELPED] = r[HELPED], 0
    found = _store(vectors, r)
    aided, r[AIDED] = r[AIDED], r[AIDED] | helped
    r[AGAIN] += 1
    if found == BAD or helped > STEPPED or (helped != 0 and aided != 0) or r[AGAIN] > TIMES:
        r[FAILED] = 1
        _call(r[IDLE])
        return 0
    confirmed = found == SAME and r[AGAIN] > 1
    if helped != 0 or not (confirmed or (aided == 0 and r[AGAIN] == 1 and r[CALLS] >= SURE)):
        return 0
    _ints(r[STATES])[lane] = ASSISTED if aided != 0 else PLAIN
    _ints(r[ITERATIONS])[lane] = r[CALLS]
    r[POINTS] += 1
    r[AGAIN] = r[AIDED] = r[CALLS] = 0
    header[LANE] = lane + 1
    if lane + 1 == header[LANES]:
        _await_batch(address, r)
    return 0
