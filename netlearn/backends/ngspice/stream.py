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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlearn.backends.ngspice.simulator import (
    ASSISTED,
    GO,
    LANE,
    LANES,
    LOOKS,
    PLAIN,
    READY,
    RUN_AWAY,
    SOLVES,
    STEP,
    STEPPED,
    STEPS,
    Block,
    Teaching,
)
from netlearn.jit import callback, external, float_table, floats, inlined, int_table, intrinsic, ints, ir, types
from netlearn.solve.learning import aim, look, move, step_of
from netlearn.solve.lesson import Lesson

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
    ROWS,  # address of the sample of each learning step
    TABLE,  # address of the addresses and lengths of the arrays of a `Teaching`
    COUNT,
) = range(24)

POLLIN = select.POLLIN << 32
SURE, TIMES = 6, 12
CLOSE, RELATIVE = 1e-11, 1e-10  # V or A by which an answer may move and still be the same
BAD, MOVED, SAME = 0, 1, 2

FIRST = len(Lesson._fields)  # places of a lesson's arrays in the table come first
UNKNOWNS, HELD, FED, SWITCHES, GATES, FREE_X, CLAMPED_X, NOW, CHANGE, TARGET, WANTED = range(FIRST, FIRST + 11)


def table(teaching: Teaching) -> tuple[NDArray[np.int64], list[NDArray[Any]]]:
    """Address and two lengths of every array of a lesson and of what it works on, and the arrays, to be kept."""
    lesson, states = teaching.lesson, len(teaching.lesson.scales)
    own = [teaching.unknowns, teaching.held, teaching.fed, teaching.switches, teaching.gates]
    scratch = [
        np.zeros((teaching.size, 1)),
        np.zeros((teaching.size, 1)),
        np.zeros((states, 1)),
        np.zeros((states, 1)),
        np.zeros((len(lesson.shares), 1)),
        np.ones((1, 1)),
    ]
    arrays = [np.ascontiguousarray(np.atleast_2d(array)) for array in (*lesson, *own, *scratch)]
    return np.array([(array.ctypes.data, *array.shape) for array in arrays], dtype=np.int64), arrays


def registers(
    block: Block, go: int, ready: int, volts: NDArray[np.int64], amperes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Registers of a sweep over `block`, which must outlive them, as must `volts` and `amperes`."""
    start = np.zeros(COUNT, np.int64)
    start[GO_FD], start[READY_FD] = go, ready
    start[HEADER], start[INPUTS] = block.header.ctypes.data, block.inputs.ctypes.data
    start[VALUES], start[STATES] = block.values.ctypes.data, block.states.ctypes.data
    start[ITERATIONS] = block.iterations.ctypes.data
    start[ROWS] = block.rows.ctypes.data
    start[SOURCES], start[READS] = block.inputs.shape[1], block.values.shape[1]
    start[VOLTS], start[AMPERES] = volts.ctypes.data, amperes.ctypes.data
    return start


@intrinsic
def _call(_context: Any, _address: Any) -> Any:
    """Call int64 f(void) at an address."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), [])
        return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), [])

    return types.int64(types.int64), code


# An address passed as an int64 travels in the same register as a pointer.
_read = external("read", "int64(int32, int64, int64)")
_write = external("write", "int64(int32, int64, int64)")
_poll = external("poll", "int32(int64, int64, int32)")
_yield = external("sched_yield", "int32()")


@inlined
def _number(name: Any) -> Any:
    """12 of "v12", a C string."""
    number = 0
    i = 1
    while name[i] != 0:
        number = number * 10 + name[i] - 48
        i += 1
    return number


@inlined
def _give(value: Any, name: Any, r: Any, columns: Any) -> None:
    column = ints(r[columns])[_number(name)]
    if column == 0:
        r[CALLS] += 1
    value[0] = floats(r[INPUTS])[ints(r[HEADER])[LANE] * r[SOURCES] + column]


_source = "int32(CPointer(float64), float64, CPointer(uint8), int32, CPointer(int64))"


@callback(_source)
def volts(value: Any, _time: Any, name: Any, _ident: Any, r: Any) -> Any:
    """GetVSRCData: this lane's value of the voltage source."""
    _give(value, name, r, VOLTS)
    return 0


@callback(_source)
def amperes(value: Any, _time: Any, name: Any, _ident: Any, r: Any) -> Any:
    """GetISRCData: this lane's value of the current source."""
    _give(value, name, r, AMPERES)
    return 0


@inlined
def _store(vectors: Any, r: Any) -> Any:
    """Copy the wanted values of the point to this lane; SAME if it had them already, BAD if they are not finite.

    `vectors` is the address of `vecvaluesall`: {int count, index; vecvalues **all}, where vecvalues
    is {char *name; double real, imaginary; ...}.
    """
    lane = ints(r[HEADER])[LANE]
    places, values = ints(r[PLACES]), floats(r[VALUES])
    every = ints(ints(vectors)[1])
    found = SAME
    for i in range(r[READS]):
        value = floats(every[places[i]])[1]
        before = values[lane * r[READS] + i]
        values[lane * r[READS] + i] = value
        if not np.isfinite(value):
            return BAD
        if not abs(value - before) <= CLOSE + RELATIVE * abs(value):
            found = MOVED
    return found


@inlined
def _table_ints(table: Any, field: int) -> Any:
    return int_table(table[3 * field], table[3 * field + 1], table[3 * field + 2])


@inlined
def _table_floats(table: Any, field: int) -> Any:
    return float_table(table[3 * field], table[3 * field + 1], table[3 * field + 2])


@inlined
def _lesson(t: Any) -> Any:
    return Lesson(
        _table_floats(t, 0)[0],
        _table_ints(t, 1)[0],
        _table_floats(t, 2),
        _table_floats(t, 3),
        _table_ints(t, 4),
        _table_ints(t, 5),
        _table_floats(t, 6)[0],
        _table_ints(t, 7),
        _table_floats(t, 8)[0],
        _table_ints(t, 9)[0],
        _table_floats(t, 10),
        _table_floats(t, 11)[0],
    )


@inlined
def _show(r: Any) -> None:
    """Post the free phase of the next learning step: the sample's inputs, and the states as they are now."""
    t = ints(r[TABLE])
    given = _lesson(t).inputs[ints(r[ROWS])[ints(r[HEADER])[STEP]]]
    inputs = float_table(r[INPUTS], 2, r[SOURCES])
    held, fed, gates = _table_ints(t, HELD), _table_ints(t, FED), _table_ints(t, GATES)
    free, clamped, states = _table_floats(t, FREE_X), _table_floats(t, CLAMPED_X), _table_floats(t, NOW)
    for k in range(held.shape[1]):
        value = given[held[2, k]]
        inputs[0, held[0, k]] = inputs[1, held[0, k]] = value
        free[held[1, k], 0] = clamped[held[1, k], 0] = value
    for phase in range(2):
        for k in range(fed.shape[1]):
            inputs[phase, fed[0, k]] = 0.0
        for k in range(fed.shape[1]):
            inputs[phase, fed[0, k]] += given[fed[1, k]]
    for k in range(gates.shape[1]):
        states[gates[1, k], 0] = inputs[0, gates[0, k]]


@inlined
def _teach(lane: int, r: Any) -> Any:
    """A point of a learning step is there: go on to its clamped phase (lane 1) or, after that, to the next step.

    True where the steps are done, or where this one is to be left to the host.
    """
    header, t = ints(r[HEADER]), ints(r[TABLE])
    lesson = _lesson(t)
    values = float_table(r[VALUES], 2, r[READS])
    unknowns, states = _table_ints(t, UNKNOWNS)[0], _table_floats(t, NOW)
    free, clamped, target = _table_floats(t, FREE_X), _table_floats(t, CLAMPED_X), _table_floats(t, TARGET)
    x = free if lane == 0 else clamped
    for k in range(r[READS]):
        x[unknowns[k], 0] = values[lane, k]
        if not abs(values[lane, k]) < RUN_AWAY:
            return True
    row = ints(r[ROWS])[header[STEP]]
    inputs = float_table(r[INPUTS], 2, r[SOURCES])
    if lane == 0:
        if aim(lesson, row, free, 0, target) >= 0.0:
            switches = _table_ints(t, SWITCHES)
            for k in range(switches.shape[1]):
                on = not np.isnan(target[k, 0])
                inputs[1, switches[0, k]] = target[k, 0] if on else 0.0
                inputs[1, switches[1, k]] = 1.0 if on else 0.0
            header[LANE] = 1
            return False
    else:
        wanted, change = _table_floats(t, WANTED)[0], _table_floats(t, CHANGE)
        change[:] = 0.0
        look(lesson, free, clamped, change[:0], wanted, states, change)
        step_of(lesson, change)
        move(lesson, wanted, change, states)
        gates = _table_ints(t, GATES)
        for k in range(gates.shape[1]):
            inputs[0, gates[0, k]] = inputs[1, gates[0, k]] = states[gates[1, k], 0]
    header[SOLVES] += 1 + lane
    header[STEP] += 1
    header[LANE] = 0
    if header[STEP] == header[STEPS]:
        return True
    _show(r)
    return False


@inlined
def _linger(address: Any, r: Any) -> None:
    """Look for a byte from the host as often as it asks for, before going to sleep on it."""
    for _ in range(ints(r[HEADER])[LOOKS]):
        r[AWAITED] = r[GO_FD] + POLLIN
        if _poll(address + 8 * AWAITED, 1, types.int32(0)) != 0:
            return
        _yield()


@inlined
def _await_batch(address: Any, r: Any) -> None:
    """Tell the host that its batch is done; return when the next is posted or the sweep is over."""
    r[BYTE] = READY
    _write(types.int32(r[READY_FD]), address + 8 * BYTE, 1)
    while True:
        r[BYTE] = 0
        _linger(address, r)
        _read(types.int32(r[GO_FD]), address + 8 * BYTE, 1)
        if r[BYTE] == GO:
            ints(r[HEADER])[LANE] = 0
            if ints(r[HEADER])[STEPS] > 0:
                _show(r)
            return
        if _call(r[IDLE]) != 0:
            return


@callback("int32(int64, int32, int32, int64)")
def data(vectors: Any, _count: Any, _ident: Any, address: Any) -> Any:
    """SendData: a point is finished."""
    r = ints(address)
    header = ints(r[HEADER])
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
    ints(r[STATES])[lane] = ASSISTED if aided != 0 else PLAIN
    ints(r[ITERATIONS])[lane] = r[CALLS]
    r[POINTS] += 1
    r[AGAIN] = r[AIDED] = r[CALLS] = 0
    if header[STEPS] > 0:
        done = _teach(lane, r)
    else:
        header[LANE] = lane + 1
        done = lane + 1 == header[LANES]
    if done:
        _await_batch(address, r)
    return 0


@callback("void(int64)")
def begin(address: Any) -> None:
    """Make ready for the learning steps that the host has posted."""
    _show(ints(address))
