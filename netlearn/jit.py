"""Machine code kept from one start to the next: numba's compilers with a cache that cannot be stale.

numba looks only at the one file a function stands in, by its time and size, to decide whether what it has on disk
still holds; a change in a file that it calls goes unnoticed. So everything compiled here is kept in a folder named
after the text of all compiled modules. Where no folder can be written the code is compiled at every start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numba.extending
from numba.core import config

from netlearn.cache import cache_folder

FUSED = {"contract"}  # a * b + c may be rounded once; nothing else may change
COMPILED = (
    "jit.py",
    "devices/vector.py",
    "devices/machine.py",
    "solve/lanes.py",
    "solve/sparse.py",
    "solve/shape.py",
    "solve/newton.py",
    "solve/transient.py",
    "solve/adjoint.py",
    "solve/teaching.py",
    "solve/lesson.py",
    "solve/learning.py",
    "backends/ngspice/stream.py",
)


@cache
def _folder() -> str:
    """Where machine code made from the present text of all compiled modules is kept."""
    here = Path(__file__).parent
    text = "".join((here / name).read_text(encoding="utf-8") for name in COMPILED)
    return str(cache_folder() / f"numba-{hashlib.sha256((numba.__version__ + text).encode()).hexdigest()[:16]}")


def is_kept(function: str) -> bool:
    """Whether machine code of a function, "newton.points_of_one", lies on disk for this version of all modules."""
    return any(Path(_folder()).glob(f"*/{function}-*.nbi"))


def _kept(compiler: Callable[..., Any], function: Callable[..., Any]) -> Any:
    before, config.CACHE_DIR = config.CACHE_DIR, _folder()
    try:
        return compiler(cache=True)(function)
    except RuntimeError:  # numba: "cannot cache function: no locator available"
        return compiler()(function)
    finally:
        config.CACHE_DIR = before


def compiled(function: Callable[..., Any]) -> Any:
    """`numba.njit` for what is called from Python: kept on disk."""
    return _kept(lambda **kept: numba.njit(error_model="numpy", nogil=True, fastmath=FUSED, **kept), function)


def callback(signature: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.cfunc` for what is called by address: kept on disk."""
    return lambda function: _kept(
        lambda **kept: numba.cfunc(signature, error_model="numpy", fastmath=FUSED, **kept), function
    )


def inlined(function: Callable[..., Any]) -> Any:
    """A piece of other compiled functions."""
    return numba.njit(error_model="numpy", fastmath=FUSED, forceinline=True)(function)


def called(function: Callable[..., Any]) -> Any:
    """A piece of other compiled functions that stands by itself, to keep them short: compiling takes more than in
    proportion to length."""
    return numba.njit(error_model="numpy", fastmath=FUSED, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def intrinsic(function: Callable[..., Any]) -> Any:
    """`numba.extending.intrinsic`: a function that is what its own code generator writes."""
    return numba.extending.intrinsic(function)


def _pointer_to(element: Any) -> Any:
    def typed(_context: Any, _address: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(element)(types.int64), code

    return intrinsic(typed)


types: Any = numba.types  # numba's annotations leave out that a type can be called
ints = _pointer_to(types.int64)
floats = _pointer_to(types.float64)
"""Address (int64) to a pointer that can be indexed."""
