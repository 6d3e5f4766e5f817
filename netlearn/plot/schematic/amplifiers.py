"""An op-amp or comparator with the elements around it: feedback over (or below) the triangle, inputs in line with its
inputs."""

from __future__ import annotations

from collections.abc import Sequence

from netlearn.circuit.model import Element
from netlearn.plot.schematic.shapes import Group, Symbol
from netlearn.plot.schematic.symbols import amplifier, is_rail, lying

AROUND = ("R", "G", "C", "Ohmic", "D", "L")
MOST = 4  # elements at one input


def amplifier_groups(amplifiers: Sequence[Element], others: Sequence[Element]) -> tuple[list[Group], list[Element]]:
    """A group for each amplifier, and the elements that went into none."""
    left = list(others)
    groups = []
    for element in amplifiers:
        p, n, out, _ = element.nodes
        group = [amplifier(element)]
        for net, way in ((n, 1), (p, -1)):
            if is_rail(net) or net == out:
                continue
            for k, fed in enumerate(_take(left, net, (out,))):
                group.append(lying(fed, net).moved(0, way * (3.5 + 2.5 * k)))
            for k, given in enumerate(_take(left, net)):
                group.append(_input(given, net).moved(-6.0, way * (1 + 2.5 * k)))
        groups.append(tuple(group))
    return groups, left


def _input(element: Element, net: str) -> Symbol:
    a, b = element.nodes[:2]
    return lying(element, b if a == net else a)


def _take(left: list[Element], net: str, others: Sequence[str] = ()) -> list[Element]:
    """Elements between a net and another (one of these, or any); they are taken from those that are left."""
    found: list[Element] = []
    for element in list(left):
        if element.device.name in AROUND and net in element.nodes[:2] and len(found) < MOST:
            other = element.nodes[1] if element.nodes[0] == net else element.nodes[0]
            if other != net and (not others or other in others):
                left.remove(element)
                found.append(element)
    return found
