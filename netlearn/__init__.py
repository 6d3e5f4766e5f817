"""netlearn: design, simulate and export electronic circuits that learn by themselves.

import netlearn
netlist = netlearn.compile_netlist(text)          # or netlearn.compile_file("xor.nl")
circuit = netlearn.flatten(netlist.circuit)
backend = netlearn.open_backend("ngspice", circuit)
trainer = netlearn.Trainer(circuit, netlearn.make_task(netlist.task, seed=0), backend)
for moment in netlearn.train(trainer): ...
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "NetlearnError": "netlearn.errors",
    "NetlistError": "netlearn.errors",
    "compile_file": "netlearn.lang.compile",
    "compile_netlist": "netlearn.lang.compile",
    "Netlist": "netlearn.lang.compile",
    "format_text": "netlearn.lang.format",
    "flatten": "netlearn.circuit.flat",
    "initial": "netlearn.circuit.flat",
    "boundary": "netlearn.circuit.flat",
    "with_states": "netlearn.circuit.flat",
    "BACKENDS": "netlearn.backends",
    "open_backend": "netlearn.backends",
    "DEVICES": "netlearn.devices",
    "METHODS": "netlearn.learn.methods",
    "make_task": "netlearn.learn.task",
    "Trainer": "netlearn.learn.train",
    "equipped": "netlearn.learn.train",
    "train": "netlearn.learn.train",
    "read": "netlearn.solve.solution",
}
__all__ = [
    "BACKENDS",
    "DEVICES",
    "METHODS",
    "NetlearnError",
    "Netlist",
    "NetlistError",
    "Trainer",
    "boundary",
    "compile_file",
    "compile_netlist",
    "equipped",
    "flatten",
    "format_text",
    "initial",
    "make_task",
    "open_backend",
    "read",
    "train",
    "with_states",
]

if TYPE_CHECKING:
    from netlearn.backends import BACKENDS, open_backend
    from netlearn.circuit.flat import boundary, flatten, initial, with_states
    from netlearn.devices import DEVICES
    from netlearn.errors import NetlearnError, NetlistError
    from netlearn.lang.compile import Netlist, compile_file, compile_netlist
    from netlearn.lang.format import format_text
    from netlearn.learn.methods import METHODS
    from netlearn.learn.task import make_task
    from netlearn.learn.train import Trainer, equipped, train
    from netlearn.solve.solution import read


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used: a command pays only for what it needs."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'netlearn' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
