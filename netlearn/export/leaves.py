"""What terminals, parameters and branches of a law are called in other languages: underscores are appended to what means something
in one of them, or is taken, whatever the case."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from netlearn.devices import Device, kernel
from netlearn.export.names import RESERVED

Names = Mapping[tuple[str, str], str]
"""The name of a leaf of a law's expressions: ("p", parameter), ("v", terminal), ("i", branch)."""


def distinct(wanted: Iterable[str], reserved: Collection[str]) -> list[str]:
    """A name for each of those wanted; all differ, from each other and from the reserved ones, by more than their case."""
    taken = {name.casefold() for name in reserved}
    found: list[str] = []
    for name in wanted:
        while name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        found.append(name)
    return found


def law_names(device: Device) -> Names:
    """Names in one space for all of a law, in lower case: parameters keep theirs where they can, as instances name them."""
    leaves = [
        *(("p", p) for p in device.param_names),
        *(("v", t) for t in device.terminals),
        *(("i", b) for b in kernel(device.over_time).branches),
    ]
    return dict(zip(leaves, distinct((name.lower() for _, name in leaves), RESERVED), strict=True))


def parameter(device: Device, name: str) -> str:
    """What a parameter of a device is called in its model."""
    return law_names(device)["p", name]


def pins(device: Device) -> tuple[str, ...]:
    """Its terminals as ports of its model."""
    names = law_names(device)
    return tuple(names["v", t] for t in device.terminals)
