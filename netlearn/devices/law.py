"""From the text of a law to what can be computed with it.

A device with terminals t and voltage branches e has the local unknowns x = (V(t)..., I(e)...). Its law gives

    f_t(x, p)  the current that flows into the device at each terminal,
    f_e(x, p)  V(a, b) - expression, zero on each voltage branch,
    q(x, p)    charges (terminals) and fluxes (branches, with the sign of f_e),

so that a circuit of devices obeys  sum f + d/dt sum q = 0  at every node and branch (Kirchhoff). By symbolic
differentiation we get df/dx (Newton), df/dp (adjoint, learning signals) and dq/dx (transient), and from the
same expressions the behavioural sources for SPICE. The symbolic work is done once: the generated source is
kept in a cache folder under a hash of the law and of the generator, so that sympy is not even imported at the
next start; a file there that is not what was written (its first line has the hash of the rest) is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from netlearn.cache import digest, kept
from netlearn.devices.model import Device
from netlearn.devices.primitives import FUNCTIONS, Array, Tree
from netlearn.errors import KitError


@dataclass(frozen=True)
class Kernel:
    """A compiled law. `evaluate(x, p)` gives f then df/dx at `entries`; the others alike. `linear`: df/dx does not
    depend on x. `curved`: it does so not by jumps alone, as where a law is made of straight pieces.

    x: sequence of T + U arrays (terminal voltages, branch currents); p: sequence of arrays, one a
    parameter; all broadcast together. `entries` are (row, column) of the local Jacobian.
    """

    branches: tuple[str, ...]
    linear: bool
    curved: bool
    entries: tuple[tuple[int, int], ...]
    evaluate: Callable[[Sequence[Array], Sequence[Array]], tuple[Array, ...]]
    sensitivity_entries: tuple[tuple[int, int], ...]
    sensitivity: Callable[[Sequence[Array], Sequence[Array]], tuple[Array, ...]]
    charge_entries: tuple[tuple[int, int], ...]
    charge: Callable[[Sequence[Array], Sequence[Array]], tuple[Array, ...]]
    parts: tuple[tuple[str, str, str, str, Tree], ...]
    """(kind, name, from, to, expression) of every statement: kind I, V, Q or F (flux). An expression is nested
    tuples of a name and its operands, with leaves ("v", terminal), ("i", branch), ("p", parameter), ("c", number)."""
    source: str


def kernel(device: Device) -> Kernel:
    """The kernel of a device, generated at most once a machine."""
    return _kernel(device.name, device.terminals, device.param_names, device.law)


def known_law(device: Device) -> Kernel:
    """The kernel of a device whose numbers hold: KitError for a transistor of a process kit, which has none here."""
    if device.kit:
        raise KitError(
            f"the current through {device.name} is known to ngspice only: its law is in the process kit {device.kit}",
            "read voltages, and learn by a rule of drops alone, such as hardware or sign",
        )
    return kernel(device)


@cache
def _kernel(name: str, terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> Kernel:
    key = digest(repr((generator(), terminals, params, law)).encode())
    source = kept(f"{key}.py", lambda: _generate(terminals, params, law).encode()).decode()
    space: dict[str, Any] = dict(FUNCTIONS)
    exec(compile(source, f"<law of {name}>", "exec"), space)
    return Kernel(
        branches=space["BRANCHES"],
        linear=space["LINEAR"],
        curved=space["CURVED"],
        entries=space["ENTRIES"],
        evaluate=space["evaluate"],
        sensitivity_entries=space["SENSITIVITY_ENTRIES"],
        sensitivity=space["sensitivity"],
        charge_entries=space["CHARGE_ENTRIES"],
        charge=space["charge"],
        parts=space["PARTS"],
        source=source,
    )


@cache
def generator() -> str:
    """What decides what code a law becomes: the text of the modules that generate it."""
    modules = ("symbolic.py", "primitives.py")
    return "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in modules)


def _generate(terminals: tuple[str, ...], params: tuple[str, ...], law: str) -> str:
    from netlearn.devices.symbolic import generate

    return generate(terminals, params, law)
