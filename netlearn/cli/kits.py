"""`netlearn kits`: the process kits of the table, where they are, and whether their models run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from netlearn.backends import open_backend
from netlearn.circuit.flat import boundary, flatten, initial
from netlearn.errors import BackendError, NetlearnError
from netlearn.kits import FILE, KITS, Kit, files_of, located
from netlearn.lang.compile import compile_netlist

WIDTH, LENGTH = 5e-6, 1e-6
ONE = """import "pdk/{kit}" as kit
circuit One {{
  net d, g
  V supply(d, gnd) = {volts}V
  V gate(g, gnd) = {volts}V
  kit.{name} m(d, g, gnd, gnd) {{ w = {w}um, l = {l}um }}
}}"""


def surveyed(folder: Path) -> list[dict[str, Any]]:
    """Every kit of the table: name, doc, devices, source; said (the file that names it), root, corner, or None; `check`:
    device, volts (half of its supply on gate and drain), amperes; fault: what is wrong with it, or nothing."""
    if not folder.is_dir():
        raise BackendError(f"there is no folder {folder}", "name the folder of a netlist")
    return [_surveyed(kit, folder.resolve()) for kit in KITS.values()]


def _surveyed(kit: Kit, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": kit.name,
        "doc": kit.doc,
        "devices": [p.name for p in kit.primitives],
        "source": kit.source,
        "said": next((str(file) for file in files_of(kit.name, folder)), None),
        "root": None,
        "corner": None,
        "check": None,
        "fault": "",
    }
    try:
        place = located(kit.name, folder)
        found |= {"root": str(place.root), "corner": place.corner}
        found["check"] = one_transistor(kit, folder)
    except NetlearnError as fault:
        found["fault"] = str(fault)
    return found


def one_transistor(kit: Kit, folder: Path) -> dict[str, Any]:
    """What the first n-channel transistor of a kit, 5 um by 1 um, carries at half of its supply on drain and gate."""
    first = next(p for p in kit.primitives if p.channel == "n")
    volts = 0.5 * first.supply
    text = ONE.format(kit=kit.name, name=first.name, volts=volts, w=WIDTH * 1e6, l=LENGTH * 1e6)
    circuit = flatten(compile_netlist(text, folder=folder).circuit)
    solver = open_backend("ngspice", circuit)
    try:
        point = solver.operating_points(initial(circuit), boundary(circuit, np.zeros((1, 0))))
    finally:
        solver.close()
    if not point.settled.all():
        raise BackendError(
            f"{kit.name}: one {first.name} at {volts:g} V did not settle", f"get the kit anew: {kit.source}"
        )
    amperes = -float(point.x[0, 0, circuit.banks["V"].branches[0, 0]])
    return {"device": first.name, "w": WIDTH, "l": LENGTH, "volts": volts, "amperes": amperes}


def told(found: dict[str, Any]) -> str:
    """The same in words."""
    head = f"{found['name']}: {found['doc']}; {', '.join(found['devices'])}"
    if found["said"] is None:
        return f"{head}\n  not set up: no {FILE} names it; get it: {found['source']}"
    lines = [head, f"  {found['said']}"]
    if found["root"] is not None:
        lines.append(f"  models in {found['root']}, corner {found['corner']}")
    if found["fault"]:
        lines += [f"  DOES NOT WORK: {found['fault']}"]
    if check := found["check"]:
        size = f"{check['w'] * 1e6:g} um by {check['l'] * 1e6:g} um"
        lines.append(
            f"  runs: {check['device']}, {size}, {check['amperes'] * 1e6:.4g} uA at {check['volts']:g} V on gate and drain"
        )
    return "\n".join(lines)
