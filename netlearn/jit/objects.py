"""Object code: its name on disk, its making from LLVM's language, and its loading into this process."""

from __future__ import annotations

import hashlib
import re
import sys
import threading
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from netlearn.cache import cache_folder, kept

ROOT = Path(__file__).parents[1]
IMPORT = re.compile(
    r"^(?:from (netlearn[\w.]*) import (?:\(([^)]*)\)|([^\n(]*))|import (netlearn[\w.]*))", re.MULTILINE
)
OWN = "from netlearn.jit import build"
"""What all machine code depends on, whether it says so or not."""


def name_of(function: Callable[..., Any], what: str) -> str:
    """The name of a function's object code for `what`: the digest of all that decides what it is."""
    return f"{_stem(function)}_{hashlib.sha256(what.encode()).hexdigest()[:16]}"


def name_of_text(stem: str, text: str) -> str:
    """The same for code that is made of a text."""
    return f"{stem}_{_digest(text)}"


def is_on_disk(function: Callable[..., Any]) -> bool:
    return any(cache_folder().glob(f"{_stem(function)}_*.o"))


def _stem(function: Callable[..., Any]) -> str:
    text = _text(Path(function.__code__.co_filename))
    return name_of_text(f"{function.__module__.rpartition('.')[2]}_{function.__name__}", text)


@cache
def _digest(text: str) -> str:
    return hashlib.sha256("\n".join((_tools(), *everything(text))).encode()).hexdigest()[:16]


def everything(text: str) -> list[str]:
    """A text, and those of all netlearn modules that it imports at its top level, and they in turn."""
    seen, left, found = set(), [*imported(OWN), *imported(text)], [text]
    while left:
        module = left.pop()
        path = ROOT.joinpath(*module.split(".")[1:])
        file = next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.exists()), None)
        if module not in seen and file is not None:
            seen.add(module)
            found.append(_text(file))
            left += imported(found[-1])
    return [found[0], *sorted(found[1:])]


def imported(text: str) -> list[str]:
    """Modules that a text imports at its top level, and perhaps names of other things."""
    found = []
    for base, within, line, module in IMPORT.findall(text):
        found += [
            base or module,
            *(f"{base}.{name.split()[0]}" for name in (within or line).split(",") if name.split()),
        ]
    return found


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def _tools() -> str:
    """The processor and the versions that object code depends on."""
    versions = [metadata.version(name) for name in ("numba", "llvmlite")]
    layouts = [sys.implementation.cache_tag, object.__basicsize__, np.__version__.split(".")[0]]
    return repr((versions, layouts, llvm.get_process_triple(), *_processor()))


@cache
def _processor() -> tuple[str, str]:
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def new_target() -> Any:
    """LLVM's idea of this machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = _processor()
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        opt=3, cpu=cpu, features=features, jit=True, reloc="static" if "x86" in llvm.get_process_triple() else "default"
    )


def parsed(text: str) -> Any:
    """A module of LLVM from its text."""
    return llvm.parse_assembly(text)


def object_code(module: Any) -> bytes:
    """A module of LLVM (as llvmlite.binding has it), optimised, as object code."""
    target = new_target()
    module.triple, module.data_layout = llvm.get_process_triple(), str(target.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = False
    passes = llvm.create_pass_builder(target, options)
    passes.getModulePassManager().run(module, passes)
    return bytes(target.emit_object(module))


@cache
def _engine() -> Any:
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), new_target())


_addresses: dict[str, int] = {}
_lock = threading.RLock()


def address_of(name: str, make: Callable[[], bytes]) -> int:
    """Address of the function `name` in its object code, which `make` makes where it is not kept."""
    with _lock:
        if name not in _addresses:
            engine = _engine()
            engine.add_object_file(llvm.ObjectFileRef.from_data(kept(f"{name}.o", make)))
            engine.finalize_object()
            _addresses[name] = int(engine.get_function_address(name))
        return _addresses[name]
