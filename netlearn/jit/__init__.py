"""Python functions as machine code that is kept from one start to the next.

Functions are marked by the decorators below and written as numba wants them: loops, numbers, parts of arrays, no
comprehension and no function within. The first call of a `compiled` one, or the first use of a `callback`'s address,
has its object code made and kept on disk (`netlearn.jit.build`: numba and LLVM); from then on it is loaded, and numba
is not even imported. Object code is found under a digest of all that it was made from: the text of the function's
module and of every netlearn module that this one imports, directly or not, the kinds of the arguments, the processor
and the versions of the tools. Where no folder can be written all is made at every start.

Arguments of a `compiled` function are contiguous arrays of float64, int64 or int32, numbers, truths, and (named) tuples
of these. Machine code gets the address of a row of 64-bit `words`: a number itself, or the address of an array object,
whose fields it reads; tuples are flattened. No reference is counted and nothing can be raised: code must not make
arrays.
"""

from __future__ import annotations

import ctypes
import importlib
import struct
from array import array
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from netlearn.jit.objects import address_of, is_on_disk, name_of

Kind = Any
"""Of an argument: "d2", "q1" or "i1" (array of float64, int64 or int32 and its axes), "d" (float), "q" (integer), "b"
(truth), or a tuple of (field, Kind) pairs."""
LETTERS = {"d": "d", "l": "q", "i": "i"}  # of numpy's and of our kinds
TAKEN = "float64, int64 and int32"
WIDTH = 8
"""float64 that stand side by side in a register, as `like` has it in `netlearn.solve.lanes`."""


class Late:
    """A module that is imported when something in it is wanted: `types` and `ir` are needed to compile, not to run."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)

    @property
    def _numba_type_(self) -> Any:
        return types.Module(importlib.import_module(self._name))


types: Any = Late("numba.types")
ir: Any = Late("llvmlite.ir")


class Piece:
    """A part of other compiled functions. numba asks for `_numba_type_` of what it does not know."""

    def __init__(self, use: str, of: Any) -> None:
        self.use, self.of = use, of

    @cached_property
    def _numba_type_(self) -> Any:
        from netlearn.jit.build import type_of

        return type_of(self.use, self.of)


def inlined(function: Callable[..., Any]) -> Any:
    """A piece of other compiled functions."""
    return Piece("inlined", function)


def called(function: Callable[..., Any]) -> Any:
    """A piece of other compiled functions that stands by itself, to keep them short: compiling takes more than in
    proportion to length."""
    return Piece("called", function)


def intrinsic(function: Callable[..., Any]) -> Any:
    """A piece that is what its own code generator writes: see `numba.extending.intrinsic`."""
    return Piece("intrinsic", function)


def external(name: str, signature: str) -> Any:
    """A C function of the process, "int32(int64)"."""
    return Piece("external", (name, signature))


class Entry(NamedTuple):
    """Machine code for arguments whose leaves have these types; places of those that are integers, and floats."""

    types: tuple[type, ...]
    integers: list[int]
    floats: list[int]
    code: Callable[[int], Any]


class Compiled:
    """A function of arrays that runs as machine code, without the interpreter's lock."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._last = Entry((), [], [], lambda _: 1)  # what was called last: it mostly is what is called next
        self._known: dict[tuple[Kind, ...], Callable[[int], Any]] = {}

    def __call__(self, *arguments: Any) -> None:
        leaves: list[Any] = []
        _gather(arguments, leaves)
        if _run(self._last, leaves):
            entry = self._last = self._for(arguments, leaves)
            if _run(entry, leaves):
                raise TypeError(f"{self.function.__name__}: an array changed while it was called")

    def _for(self, arguments: tuple[Any, ...], leaves: list[Any]) -> Entry:
        kinds = tuple(kind_of(argument) for argument in arguments)
        if kinds not in self._known:
            name = name_of(self.function, repr(kinds))
            address = address_of(name, lambda: self._made(kinds, name))
            self._known[kinds] = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address)
        floats = [k for k, leaf in enumerate(leaves) if isinstance(leaf, float)]
        integers = [k for k, leaf in enumerate(leaves) if not isinstance(leaf, (float, np.ndarray))]
        return Entry(tuple(map(type, leaves)), integers, floats, self._known[kinds])

    def _made(self, kinds: tuple[Kind, ...], name: str) -> bytes:
        from netlearn.jit.build import kernel

        return kernel(self.function, kinds, name)


def _run(entry: Entry, leaves: list[Any]) -> Any:
    """Nonzero where these are not the arguments that the code is made for, and nothing was done."""
    if tuple(map(type, leaves)) != entry.types:
        return 1
    words = array("q", map(id, leaves))
    for k in entry.integers:
        words[k] = leaves[k]
    for k in entry.floats:
        (words[k],) = struct.unpack("q", struct.pack("d", leaves[k]))
    return entry.code(words.buffer_info()[0])


def _gather(values: tuple[Any, ...], leaves: list[Any]) -> None:
    for value in values:
        if isinstance(value, tuple):
            _gather(value, leaves)
        else:
            leaves.append(value)


def kind_of(value: Any) -> Kind:
    """What an argument is; TypeError where machine code cannot take it."""
    if isinstance(value, tuple):
        names = getattr(value, "_fields", range(len(value)))
        return tuple((str(name), kind_of(item)) for name, item in zip(names, value, strict=True))
    if isinstance(value, np.ndarray):
        if value.dtype.char in LETTERS and value.dtype.isnative and value.flags.c_contiguous and value.flags.aligned:
            return f"{LETTERS[value.dtype.char]}{value.ndim}"
        raise TypeError(f"machine code takes contiguous {TAKEN}, not {value.dtype} by {value.strides} bytes")
    return "b" if isinstance(value, (bool, np.bool_)) else "d" if isinstance(value, float) else "q"


def compiled(function: Callable[..., Any]) -> Compiled:
    """What is called from Python."""
    return Compiled(function)


class Callback:
    """A function that is called by address, from C or from other machine code."""

    def __init__(self, signature: str, function: Callable[..., Any]) -> None:
        self.signature, self.function = signature, function

    @cached_property
    def address(self) -> int:
        name = name_of(self.function, self.signature)
        return address_of(name, lambda: self._made(name))

    def _made(self, name: str) -> bytes:
        from netlearn.jit.build import c_function

        return c_function(self.function, self.signature, name)


def callback(signature: str) -> Callable[[Callable[..., Any]], Callback]:
    """What is called by address; `signature` as "int32(int64, CPointer(float64))"."""
    return lambda function: Callback(signature, function)


def is_kept(function: Compiled) -> bool:
    """Whether machine code of a function, as it is written now, lies on disk."""
    return is_on_disk(function.function)


def _pointer_to(element: str) -> Any:
    def typed(_context: Any, _address: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(getattr(types, element))(types.int64), code

    return intrinsic(typed)


def _table_of(element: str) -> Any:
    def typed(_context: Any, _address: Any, _rows: Any, _columns: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            from netlearn.jit.build import array_at

            return array_at(context, builder, signature.return_type, arguments[0], arguments[1:])

        return types.Array(getattr(types, element), 2, "C")(*[types.int64] * 3), code

    return intrinsic(typed)


ints = _pointer_to("int64")
floats = _pointer_to("float64")
"""Address (int64) to a pointer that can be indexed."""
int_table = _table_of("int64")
float_table = _table_of("float64")
"""Address, rows and columns to an array."""
