"""Modules by name: what is written of one, and its cell with parameters of one's choice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lark import Tree

from netlearn.circuit.model import Cell
from netlearn.errors import CheckFault, CircuitError, Source
from netlearn.lang.budget import TooLarge
from netlearn.lang.draft import Session, child
from netlearn.lang.elaborate import Placed, build_cell
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.library import Definition, Report
from netlearn.lang.readings import setting
from netlearn.lang.values import Fault, span, suggest
from netlearn.lang.write import write
from netlearn.units import Quantity


@dataclass(frozen=True)
class Module:
    """A module as it is written: the comment above it, its ports, its parameters with their defaults ("": none)."""

    name: str
    doc: str
    ports: tuple[str, ...]
    params: Mapping[str, str]
    definition: Definition

    def cell(self, settings: Mapping[str, Quantity]) -> Cell:
        """Its cell with parameters as they are set; CircuitError where one is unknown or missing, NetlistError where
        the module has a fault with them."""
        for name in settings:
            if name not in self.params:
                help = suggest(name, self.params) or f"parameters: {', '.join(self.params) or 'none'}"
                raise CircuitError(f"module {self.name} has no parameter '{name}' to set", help)
        for name, default in self.params.items():
            if not default and name not in settings:
                raise CircuitError(f"parameter {name} of module {self.name} has no value", f"give --set {name}=1k")
        return _cell(self.definition, settings)


def module_of(definition: Definition) -> Module:
    """What a definition says."""
    header = child(definition.tree, "ports")
    items = header.children if header else []
    ports = [": ".join(str(t) for t in item.children) for item in items if item.data == "port"]
    params = {
        str(item.children[0]): write(item.children[-1]) if isinstance(item.children[-1], Tree) else ""
        for item in items
        if item.data == "param"
    }
    doc = _comment_above(definition.file.source, span(definition.tree.children[0]).line)
    return Module(definition.name, doc, tuple(ports), params, definition)


def _comment_above(source: Source, line: int) -> str:
    """The comment lines directly above a line, without their signs."""
    lines: list[str] = []
    while line > 1 and (found := re.match(r"\s*#\s?(.*)$", source.line(line - 1))):
        lines.insert(0, found[1].rstrip())
        line -= 1
    return "\n".join(lines)


def _cell(definition: Definition, settings: Mapping[str, Quantity]) -> Cell:
    report = Report()
    where: Any = definition.tree.children[0]
    try:
        cell, _ = build_cell(definition, _checked(definition, settings), Session(report), 1, where)
    except Placed as placed:
        report.fault(placed.fault, placed.source)
    except (TooLarge, Fault) as fault:
        report.fault(fault, definition.file.source)
    if report.errors:
        raise CheckFault(report.errors)
    return cell


def _checked(definition: Definition, settings: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """The settings, each in the unit of its parameter."""
    found = dict(settings)
    header = child(definition.tree, "ports")
    for item in header.children if header else ():
        name = str(item.children[0])
        if item.data == "param" and name in settings and isinstance(item.children[-1], Tree):
            try:
                default = Evaluator(dict(settings))(item.children[-1])
            except Fault:
                continue  # it depends on what only the module knows
            found[name] = setting(default, settings[name], item, f"{name} as it is set")
    return found
