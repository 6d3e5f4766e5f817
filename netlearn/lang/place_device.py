"""Placing one device: its parameters with units, models and learnable values, and its nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lark import Tree

from netlearn import units
from netlearn.circuit.model import (
    GROUND,
    Element,
    Formula,
    Learn,
)
from netlearn.circuit.waveform import Waveform
from netlearn.devices import DEVICES, Device, Param
from netlearn.lang.connecting import by_name, connect, edge_value, form, node_name
from netlearn.lang.draft import Draft, Placement
from netlearn.lang.formulas import formula, leaves
from netlearn.lang.spreads import read_tolerances
from netlearn.lang.values import (
    Fault,
    LearnSpec,
    Piece,
    Random,
    WaveValue,
    in_unit,
    kind_of,
    leaf,
    suggest,
)
from netlearn.lang.write import write
from netlearn.units import NONE, Quantity


def place_device(draft: Draft, device: Device, placement: Placement) -> None:
    name, by = placement.name, placement.parts
    if not placement.ends:
        draft.session.budget.spend("elements", 1, placement.tree)
    given = _given(draft, device, by)
    if device.name == "C" and "ic" in given:
        device = DEVICES["Cm"]
    numbers, wave = _params(draft, device, given, name, placement.tree)
    nodes = _nodes(draft, device, placement)
    known = {param.name: units.dimension(param.unit) for param in device.params}
    tolerances = read_tolerances(draft.evaluate, placement.spreads, device.value, known)
    for tolerance, tree in zip(tolerances, placement.spreads, strict=True):
        if wave is not None and tolerance.param == device.waveform:
            raise Fault("a source that changes over time does not spread", tree, "let the parts that it drives spread")
    draft.elements.append(Element(name, device, nodes, numbers, tolerances, placement.match, wave))


def _given(draft: Draft, device: Device, by: Mapping[str, Piece]) -> dict[str, Any]:
    """Parameter name to its expression (or to a number, from a model card)."""
    named = [*by["value"].children[1:]] if "value" in by else []
    named += by["props"].children if "props" in by else []
    known = (*device.param_names, "model", *(("ic",) if device.name == "C" else ()))
    given = by_name(named, known, device.name)
    if "value" in by:
        if not device.value:
            form = f"write {{ {device.param_names[0]} = ... }}" if device.params else ""
            raise Fault(f"{device.name} has no main value", by["value"], form)
        if device.value in given:
            raise Fault(f"'{device.value}' is given twice", by["value"], "remove one of them")
        given[device.value] = by["value"].children[0]
    if "model" in given:
        card = _card(draft, given.pop("model"), device)
        given = {**card, **given}
    return given


def _card(draft: Draft, tree: Any, device: Device) -> dict[str, float]:
    if tree.data != "ref" or len(tree.children) != 1:
        raise Fault("a model is named by one word", tree, "write { model = ald1106 }")
    card = draft.file.model(tree.children[0])
    if card is None:
        from netlearn.devices import CARDS

        name = str(tree.children[0])
        raise Fault(
            f"unknown model '{name}'",
            tree,
            suggest(name, [*CARDS, *draft.file.names(lambda f: f.models)]) or f"known: {', '.join(CARDS)}",
        )
    if card.device != device.name:
        raise Fault(
            f"model '{card.name}' is for {card.device}, not for {device.name}", tree, f"write {card.device} ..."
        )
    return dict(card.params)


def _params(
    draft: Draft, device: Device, given: Mapping[str, Any], name: str, tree: Piece
) -> tuple[dict[str, float | Formula], Waveform | None]:
    numbers: dict[str, float | Formula] = {}
    wave: Waveform | None = None
    for param in device.params:
        if param.name not in given:
            if param.default is None:
                raise Fault(
                    f"{device.name} {name} is never given its {param.doc}",
                    tree.children[1] if tree.data == "instance" else tree,
                    "write = 10k"
                    if param.unit == "Ohm"
                    else f"give {param.name}" + (f" in {param.unit}" if param.unit else ""),
                )
            numbers[param.name] = param.default
            continue
        value = given[param.name]
        if isinstance(value, float | int):
            numbers[param.name] = float(value)
            continue
        result = edge_value(draft, value)
        if isinstance(result, WaveValue) and device.waveform == param.name:
            _same_unit(draft, param, result.dimension, value)
            wave, numbers[param.name] = result.wave, result.wave.value(0.0)
        else:
            numbers[param.name] = _parameter(
                draft, param, result, value, f"{name}.{param.name}", device.learn.get(param.name)
            )
            if device.kit and isinstance(numbers[param.name], Formula):
                raise Fault(
                    f"{param.name} of {device.name} cannot learn: the models of a process kit are read once",
                    value,
                    "let a gate learn: state vg = learn(1V, 0V..1.8V), and C cg(g, gnd) = 1pF, ic = vg",
                )
    return numbers, wave


def _parameter(
    draft: Draft, param: Param, value: Any, where: Any, path: str, bounds: tuple[float, float] | None = None
) -> float | Formula:
    """A value for a device parameter: a number, or a formula over states (made here for learn(...))."""
    if isinstance(value, Quantity):
        _same_unit(draft, param, value.dimension, where)
        if fault := param.fault(value.number):
            raise Fault(fault, where, "write another number")
        return value.number
    if isinstance(value, (LearnSpec, Random)):
        _same_unit(draft, param, value.dimension, where)
        draft.states[path] = _anonymous(draft, param, value, where, bounds)
        return Formula("s0", (), (path,))
    symbol = leaf(value)
    if symbol is None:
        raise Fault(f"{param.name} must be a number, not {kind_of(value)}", where, "write a number with its unit")
    if leaves(symbol.tree, "n"):
        raise Fault(f"{param.name} cannot depend on a voltage", where, "write an element with that law")
    if symbol.dimension != NONE:
        _same_unit(draft, param, symbol.dimension, where)
    return formula(symbol)


def _anonymous(
    draft: Draft, param: Param, value: LearnSpec | Random, where: Any, bounds: tuple[float, float] | None
) -> Learn:
    if isinstance(value, Random):
        return Learn(value.uniform, value.uniform.low, value.uniform.high, frozen=True)
    learn = value.learn
    low, high = bounds or (
        (1e-30 if param.allowed == "positive" else 0.0 if param.allowed == "not negative" else -math.inf),
        math.inf,
    )
    if not value.bounded:
        if bounds is None:
            draft.session.report.lint(
                f"{param.name} learns without bounds", draft.source, where, "write learn(start, low..high)"
            )
        learn = Learn(learn.init, low, high, learn.law, learn.step)
    for edge in (learn.low, learn.high):
        if math.isfinite(edge) and (fault := param.fault(edge)):
            raise Fault(f"the bounds reach too far: {fault}", where, "move the bounds")
    return learn


def _same_unit(draft: Draft, param: Param, dimension: units.Dimension, where: Any) -> None:
    wanted = units.dimension(param.unit)
    if dimension not in (NONE, wanted):
        raise Fault(
            f"{param.name} is {in_unit(wanted)}, and this is {in_unit(dimension)}",
            where,
            _kilo(where, dimension) or (f"give it in {param.unit}" if param.unit else "write it without a unit"),
        )


def _kilo(where: Any, dimension: units.Dimension) -> str:
    """10K is ten kelvin: probably 10k was meant."""
    text = write(where) if isinstance(where, Tree) and where.data == "number" else ""
    return f"kilo is k here: write {text[:-1]}k" if dimension == units.UNITS["K"] and text.endswith("K") else ""


def _nodes(draft: Draft, device: Device, placement: Placement) -> tuple[str, ...]:
    name, connections, kind = placement.name, placement.parts.get("connections"), placement.kind
    given = connect(draft, device.terminals, connections, placement.ends, kind, device.name)
    nodes = []
    for terminal in device.terminals:
        if terminal in given:
            nodes.append(node_name(draft, given[terminal][0], given[terminal][1], name, terminal))
        elif terminal in device.grounded:
            nodes.append(GROUND)
        else:
            raise Fault(
                f"terminal '{terminal}' of {device.name} {name} is not connected",
                connections or kind,
                form(device.name, device.terminals),
            )
    for node in nodes:
        draft.uses[node] += 1
    return tuple(nodes)
