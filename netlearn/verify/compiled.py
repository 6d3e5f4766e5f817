"""A module of Verilog-A as openvaf_py compiles and evaluates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Point = tuple[Mapping[str, float], Mapping[str, float]]
"""Volts of nodes by name, and amperes by what they are asked for as, such as `I(branch)`."""


def compiled(module: Path, points: Sequence[Point], hot: float) -> tuple[list[str], list[Any]]:
    """The names of its unknowns; at each point, and `hot` (K), its residuals, (resistive, reactive) of each unknown, and the entries of its
    Jacobian, (row, column, resistive, reactive)."""
    import openvaf_py as openvaf

    (built,) = openvaf.compile_va(str(module))
    names = [node["name"] for node in built.get_osdi_descriptor()["nodes"]]
    asked = [name for name, kind in zip(built.param_names, built.param_kinds, strict=True) if kind == "voltage"]
    fixed = {"mfactor": 1.0, "$abstime": 1.0, "$temperature": hot}
    return names, [
        built.run_init_eval(fixed | {name: _across(name, volts) for name in asked} | dict(currents))
        for volts, currents in points
    ]


def _across(name: str, volts: Mapping[str, float]) -> float:
    """Of `V(a,b)` or `V(a)`."""
    a, _, b = name[2:-1].partition(",")
    return volts[a] - (volts[b] if b else 0.0)
