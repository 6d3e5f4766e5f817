"""Process kits: one small file each, the table of them, and their models as text for a deck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from netlearn.devices import Device
from netlearn.errors import KitError
from netlearn.kits import gf180mcu, sky130, text
from netlearn.kits.model import CORNERS, Kit, Primitive, device
from netlearn.kits.settings import FILE, Place, files, read
from netlearn.kits.settings import located as _located

KITS: dict[str, Kit] = {kit.name: kit for kit in (sky130.KIT, gf180mcu.KIT)}
FOLDER = "pdk/"
"""What the import of a kit begins with: import "pdk/sky130" as sky130."""


def devices(kit: Kit, home: Path | None) -> dict[str, Device]:
    """A kit's transistors by their names in it, for a netlist in the folder `home`."""
    return {primitive.name: device(kit, primitive, home) for primitive in kit.primitives}


def of_channel(channel: str) -> tuple[str, ...]:
    """The devices of all kits with an "n" or a "p" channel."""
    return tuple(f"{kit.name}.{p.name}" for kit in KITS.values() for p in kit.primitives if p.channel == channel)


def files_of(name: str, home: Path | None) -> list[Path]:
    """Every netlearn.toml that names a kit, the one that counts first."""
    return [file for file in files(home) if name in read(file, KITS)]


def located(name: str, home: Path | None, corner: str = "") -> Place:
    """Where a kit is, in its own corner or another one; KitError with what to type where it is not."""
    place = _located(KITS[name], home, KITS)
    return replace(place, corner=corner) if corner else place


def deck_models(place: Place, sizes: Mapping[str, Sequence[text.Size]]) -> tuple[str, ...]:
    """The lines of a deck that its transistors need: device name to the widths and lengths (m) it is used with."""
    kit = place.kit
    of = {kit.primitive(name): pairs for name, pairs in sizes.items()}
    corner = kit.corners[place.corner]
    files = [file.format(corner=corner) for primitive in of for file in primitive.models]
    return (kit.settings, *text.models(place.root, files, {p.subcircuit: pairs for p, pairs in of.items()}))


__all__ = [
    "CORNERS",
    "FILE",
    "FOLDER",
    "KITS",
    "Kit",
    "KitError",
    "Place",
    "Primitive",
    "deck_models",
    "device",
    "devices",
    "files_of",
    "located",
    "of_channel",
]
