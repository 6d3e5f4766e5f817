"""Corners of a process: where the lot of all n-channel and of all p-channel transistors lies.

A corner takes the place of what is drawn from lot to lot, three standard deviations towards slow (s) or fast (f), or at its
typical value (t), n-channel first; parts that are no transistors stay typical. Transistors of a process kit have the kit's own
models of that corner. What differs within a die is drawn as ever.
"""

from __future__ import annotations

from dataclasses import replace

from netlearn.circuit.flat import FlatCircuit
from netlearn.devices import Device

CORNERS = ("tt", "ss", "ff", "sf", "fs")
FAR = 3.0
TOWARDS = {"t": 0, "s": 1, "f": -1}


def lot(corner: str, device: Device, param: str, far: float) -> float:
    """The standard normal number of a lot in this corner, `far` from typical, for a parameter of this device."""
    if not device.channel:
        return 0.0
    letter = corner[0] if device.channel == "n" else corner[1]
    return far * TOWARDS[letter] * device.slow.get(param, 0)


def kits_at(circuit: FlatCircuit, corner: str) -> FlatCircuit:
    """The circuit with the transistors of process kits in a corner ("": as netlearn.toml has it)."""
    banks = {
        name: replace(bank, device=replace(bank.device, corner=corner)) if bank.device.kit and corner else bank
        for name, bank in circuit.banks.items()
    }
    return replace(circuit, banks=banks)
