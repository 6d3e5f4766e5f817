"""What can be bought: a package, its pins, and which devices and modules its units are.

A pin's role is `k.t`, terminal t of unit k; or a rail, which all units have in common; or nothing. What net a rail is on the
circuit says, where a device has a terminal for it; else it is the net that the package names. Pinouts are from the data sheets
that `source` names; "recalled" where it was written from memory, and is to be checked before a board is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Bounds = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Realises:
    """A device, or a module of netlists/std, that a unit is. `wires`: the unit's terminals to its own, by name; `rails`: rails
    to its own; `ties`: rails to nets, where this use of the package wants others. `joined`: its terminals that must be on the net of another, which
    stands behind; any that is named nowhere must be on ground. `bounds`: what its numbers are within (beta:
    kp w / l of a transistor, A/V^2); `learned`: a number that a state must set. `with_`: a module that is in the package
    once, beside its units: its name, the rails it shares, and those it brings, each to its port."""

    name: str
    wires: Mapping[str, str]
    rails: Mapping[str, str] = field(default_factory=dict)
    ties: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, str] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=dict)
    learned: str = ""
    with_: Beside | None = None


@dataclass(frozen=True)
class Beside:
    """A module in a package beside its units: `shared` and `brought` are rails to its ports."""

    name: str
    shared: Mapping[str, str]
    brought: Mapping[str, str]


@dataclass(frozen=True)
class Package:
    """A part that is sold. `rails`: each to the net where the circuit does not say; `spare`: what terminals of a unit that is
    left over go to, a rail or another terminal of it (its own net), nothing where they are left open. `series`: numbers a
    decade of its values (0: no value), `value`: of which parameter, in `unit`. `pullup`: Ohm from a terminal to the rail +."""

    name: str
    doc: str
    maker: str
    mpn: str
    footprint: str
    pins: Mapping[str, str]
    realises: tuple[Realises, ...]
    source: str
    letter: str = "U"
    rails: Mapping[str, str] = field(default_factory=dict)
    spare: Mapping[str, str] = field(default_factory=dict)
    pullup: Mapping[str, float] = field(default_factory=dict)
    series: int = 0
    value: str = ""
    unit: str = ""

    @property
    def units(self) -> int:
        """How many it has."""
        return len({role.partition(".")[0] for role in self.pins.values() if "." in role})

    def pin(self, role: str) -> str:
        """The first pin with a role, or nothing."""
        return next((number for number, own in self.pins.items() if own == role), "")


PLUS, MINUS = "vcc", "vee"
"""The board's own supplies, on its connector."""


def quad(first: Mapping[str, str], *rest: Mapping[str, str]) -> dict[str, str]:
    """Pins of units, each given as pin to terminal."""
    return {pin: f"{k + 1}.{t}" for k, unit in enumerate((first, *rest)) for pin, t in unit.items()}


def unit(terminals: str, pins: str) -> dict[str, str]:
    """One unit: names of its terminals, and of its pins in the same order."""
    return dict(zip(pins.split(), terminals.split(), strict=True))
