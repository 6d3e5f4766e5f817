"""Shared fixtures: circuits from text, backends that are closed, the shipped netlists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from netlearn.backends import Backend, open_backend
from netlearn.circuit.flat import FlatCircuit, flatten
from netlearn.lang.compile import compile_netlist

# The same examples each time, and no clock: what takes too long has tests of its own.
hypothesis.settings.register_profile("netlearn", deadline=None, derandomize=True)
hypothesis.settings.load_profile("netlearn")

ROOT = Path(__file__).resolve().parents[1]
NETLISTS = sorted((ROOT / "netlists").glob("*.nl"))


@pytest.fixture
def flat() -> Callable[[str], FlatCircuit]:
    """Text of one circuit's body to a flat circuit."""

    def make(body: str, before: str = "") -> FlatCircuit:
        return flatten(compile_netlist(f"{before}\ncircuit Test {{\n{body}\n}}\n").circuit)

    return make


@pytest.fixture
def backend() -> Iterator[Callable[[str, FlatCircuit], Backend]]:
    """Opens backends and closes them after the test."""
    opened: list[Backend] = []

    def make(name: str, circuit: FlatCircuit) -> Backend:
        opened.append(open_backend(name, circuit))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
