"""A design as JSON and back: what `--to json` gives, and what `netlearn verify` holds every other file against.

Devices leave with their laws, so that a program that knows none of them can still say what a part does. Reading checks every
name that is followed; what it gives is equal to what was written.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from netlearn.circuit.waveform import Pulse, Pwl, Sine, Waveform
from netlearn.devices import DEVICES, Device, Param
from netlearn.errors import RunError
from netlearn.export.design import Bench, Block, Design, Drive, Part, Read, Use
from netlearn.export.references import missing
from netlearn.kits import KITS, devices
from netlearn.lang.element import check_law
from netlearn.lang.values import Fault
from netlearn.syntax import ReadFault

FORMAT = 1
INF = float("inf")
MOST_PINS, DEEPEST = 10_000_000, 100
"""Of a circuit that is read."""
WAVES = {"pulse": Pulse, "sine": Sine, "pwl": Pwl}


def to_json(design: Design) -> dict[str, Any]:
    """A design in lists, objects, texts and numbers."""
    return {
        "format": FORMAT,
        "name": design.name,
        "title": design.title,
        "devices": {name: _device(d) for name, d in design.devices.items()},
        "blocks": [_block(b) for b in design.blocks],
        "top": design.top.name,
        "numbers": dict(design.numbers),
        "bench": {
            "sources": [_part(p) for p in design.bench.sources],
            "drives": [{**asdict(d), "nets": list(d.nets)} for d in design.bench.drives],
            "reads": [asdict(r) for r in design.bench.reads],
            "currents": dict(design.bench.currents),
        },
        "names": {
            "nodes": dict(design.nodes),
            "parts": dict(design.parts),
            "numbers": {name: list(where) for name, where in design.meaning.items()},
        },
        "voltages": dict(design.voltages),
    }


def _device(device: Device) -> dict[str, Any]:
    params = {
        p.name: {
            "unit": p.unit,
            "default": p.default,
            "doc": p.doc,
            "allowed": p.allowed,
            "most": _finite(p.most),
            "least": _finite(p.least),
        }
        for p in device.params
    }
    return {
        "doc": device.doc,
        "terminals": list(device.terminals),
        "params": params,
        "law": device.law,
        "kit": device.kit,
    }


def _block(block: Block) -> dict[str, Any]:
    return {
        "name": block.name,
        "ports": list(block.ports),
        "params": list(block.params),
        "parts": [_part(p) for p in block.parts],
        "uses": [
            {"name": u.name, "block": u.block.name, "nets": list(u.nets), "given": dict(u.given), "match": u.match}
            for u in block.uses
        ],
    }


def _part(part: Part) -> dict[str, Any]:
    wave = None
    if part.wave is not None:
        kind = next(name for name, of in WAVES.items() if isinstance(part.wave, of))
        wave = {
            "kind": kind,
            **{k: list(v) if isinstance(v, tuple) else _finite(v) for k, v in asdict(part.wave).items()},
        }
    return {
        "name": part.name,
        "device": part.device.name,
        "nets": list(part.nets),
        "numbers": dict(part.numbers),
        "wave": wave,
        "match": part.match,
        "learned": list(part.learned),
    }


def _finite(value: float) -> float | None:
    """A number as JSON has it; a pulse may never end."""
    return value if abs(value) < INF else None


def from_json(found: Mapping[str, Any]) -> Design:
    """The design that was written; RunError where it is none, or damaged."""
    try:
        if found["format"] != FORMAT:
            raise RunError(
                f"this design is of format {found['format']}, and this netlearn reads {FORMAT}", "export it again"
            )
        _check_names(found)
        _check_size(found["blocks"])
        known = {name: _known(name, of) for name, of in found["devices"].items()}
        blocks: dict[str, Block] = {}
        for one in found["blocks"]:
            parts = tuple(_read_part(p, known) for p in one["parts"])
            uses = tuple(
                Use(u["name"], blocks[u["block"]], tuple(u["nets"]), dict(u["given"]), u["match"]) for u in one["uses"]
            )
            blocks[one["name"]] = Block(one["name"], tuple(one["ports"]), tuple(one["params"]), parts, uses)
        bench = found["bench"]
        names = found["names"]
        design = Design(
            name=found["name"],
            title=found["title"],
            top=blocks[found["top"]],
            bench=Bench(
                tuple(_read_part(p, known) for p in bench["sources"]),
                tuple(Drive(d["name"], d["kind"], tuple(d["nets"]), _real(d["value"])) for d in bench["drives"]),
                tuple(Read(r["name"], r["plus"], r["minus"]) for r in bench["reads"]),
                dict(bench["currents"]),
            ),
            numbers={k: _real(v) for k, v in found["numbers"].items()},
            nodes=dict(names["nodes"]),
            parts=dict(names["parts"]),
            meaning={name: (where[0], where[1]) for name, where in names["numbers"].items()},
            voltages={k: _real(v) for k, v in found["voltages"].items()},
        )
        if nowhere := missing(design):
            raise ValueError(nowhere)
        return design
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as fault:
        raise RunError(f"design.json is damaged: {type(fault).__name__}: {fault}", "export the circuit again") from None


def _check_names(found: Mapping[str, Any]) -> None:
    """ValueError for a name that is more than one: verifiers write them into decks, where a line of its own would be a command."""
    parts = [p for b in found["blocks"] for p in b["parts"]] + found["bench"]["sources"]
    uses = [u for b in found["blocks"] for u in b["uses"]]
    names = [n for of in found["devices"].values() for n in (*of["terminals"], *of["params"])]
    names += [n for b in found["blocks"] for n in (b["name"], *b["ports"], *b["params"])]
    names += [n for one in (*parts, *uses) for n in (one["name"], *one["nets"], one["match"] or "none")]
    numbers = [*(p["numbers"] for p in parts), *(u["given"] for u in uses), found["numbers"]]
    names += [n for of in numbers for p, v in of.items() for n in (p, v) if isinstance(n, str)]
    names += [n for d in found["bench"]["drives"] for n in (d["name"], *d["nets"])]
    names += [n for r in found["bench"]["reads"] for n in (r["name"], *r["plus"].split("."), *r["minus"].split("."))]
    names += [n for of in ("nodes", "parts") for whole in found["names"][of].values() for n in whole.split(".")]
    wrong = next((n for n in [found["name"], *names] if not re.fullmatch(r"\w+", n, re.ASCII)), None)
    if wrong is not None:
        raise ValueError(f"'{wrong}' is no name")
    texts = [found["title"], *found["devices"], *(of["doc"] for of in found["devices"].values())]
    texts += [p[key] for of in found["devices"].values() for p in of["params"].values() for key in ("unit", "doc")]
    wrong = next((text for text in texts if not text.isprintable() or '"' in text), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no line of text")


def _real(value: float) -> float:
    """A number that is one; ValueError for others."""
    if not math.isfinite(value):
        raise ValueError(f"{value} where a number should be")
    return float(value)


def _check_size(blocks: Sequence[Mapping[str, Any]]) -> None:
    """ValueError for blocks in blocks that are more, or deeper, than anybody draws: they would be spread out."""
    sizes: dict[str, tuple[int, int]] = {}
    for block in blocks:
        inside = [sizes[use["block"]] for use in block["uses"]]
        own = len(block["ports"]) + sum(len(part["nets"]) for part in block["parts"])
        sizes[block["name"]] = own + sum(size for size, _ in inside), 1 + max((deep for _, deep in inside), default=0)
    pins, deep = max(size for size, _ in sizes.values()), max(deep for _, deep in sizes.values())
    if pins > MOST_PINS or deep > DEEPEST:
        raise ValueError(f"{pins} pins in {deep} levels; at most {MOST_PINS} in {DEEPEST} are read")


def _known(name: str, of: Mapping[str, Any]) -> Device:
    """A device of ours or of a kit by name, or a user's by its law."""
    if name in DEVICES:
        return DEVICES[name]
    if of["kit"]:
        return devices(KITS[of["kit"]], None)[name.partition(".")[2]]
    params = tuple(
        Param(p, w["unit"], w["default"], w["doc"], w["allowed"], _bound(w["most"], INF), _bound(w["least"], -INF))
        for p, w in of["params"].items()
    )
    device = Device(name, of["doc"], tuple(of["terminals"]), params, of["law"])
    try:
        check_law(device)
    except (Fault, ReadFault) as fault:
        raise ValueError(f"the law of {name}: {fault}") from None
    return device


def _bound(value: float | None, none: float) -> float:
    return none if value is None else float(value)


def _read_part(one: Mapping[str, Any], known: Mapping[str, Device]) -> Part:
    device = known[one["device"]]
    if len(one["nets"]) != len(device.terminals):
        raise ValueError(f"{one['name']} has {len(one['nets'])} nets")
    numbers = {p: v if isinstance(v, str) else _real(v) for p, v in one["numbers"].items()}
    wave, learned = _read_wave(one["wave"]), tuple(one["learned"])
    return Part(one["name"], device, tuple(one["nets"]), numbers, wave, one["match"], learned)


def _read_wave(given: Mapping[str, Any] | None) -> Waveform | None:
    if given is None:
        return None
    numbers = {
        k: tuple(map(_real, v)) if isinstance(v, list) else INF if v is None else _real(v)
        for k, v in given.items()
        if k != "kind"
    }
    wave: Waveform = WAVES[given["kind"]](**numbers)
    return wave


def spelled(value: Any) -> str:
    """JSON as it is written to files: the same bytes for the same value."""
    return json.dumps(value, indent=1, allow_nan=False) + "\n"
