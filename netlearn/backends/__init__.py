"""The backends, by name."""

from __future__ import annotations

from collections.abc import Callable

from netlearn.backends.protocol import Backend, Transient
from netlearn.circuit.flat import FlatCircuit
from netlearn.errors import BackendError


def _ngspice(circuit: FlatCircuit, _: int | None) -> Backend:
    from netlearn.backends.ngspice.backend import Ngspice

    return Ngspice(circuit)


def _native(circuit: FlatCircuit, threads: int | None) -> Backend:
    from netlearn.backends.native import Native

    return Native(circuit, threads)


def _reference(circuit: FlatCircuit, _: int | None) -> Backend:
    from netlearn.backends.reference import Reference

    return Reference(circuit)


BACKENDS: dict[str, Callable[[FlatCircuit, int | None], Backend]] = {
    "native": _native,
    "ngspice": _ngspice,
    "reference": _reference,
}


DEFAULT_BACKEND = "native"


def open_backend(name: str, circuit: FlatCircuit, threads: int | None = None) -> Backend:
    """A backend for one circuit; close it when done. threads: at most so many, else as many as there are cores; only the
    native backend has more than one."""
    if name not in BACKENDS:
        raise BackendError(f"unknown backend '{name}'", f"known: {', '.join(BACKENDS)}")
    return BACKENDS[name](circuit, threads)


__all__ = ["BACKENDS", "DEFAULT_BACKEND", "Backend", "Transient", "open_backend"]
