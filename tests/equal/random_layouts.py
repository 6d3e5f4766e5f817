"""Random flat circuits as SPICE text of one subcircuit, copies of them under other names, and copies with one mistake."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

MODELS = ".model nch nmos(level=1 vto=0.7 kp=100u)\n.model pch pmos(level=1 vto=-0.8 kp=40u)\n.model dm d(is=1e-14)\n"
PORTS = ("pa", "pb", "pc", "pd")


@dataclass(frozen=True)
class Item:
    """An element: first letter, nets, and its value or model and sizes."""

    letter: str
    nets: tuple[str, ...]
    value: str = ""
    size: float = 0.0


def drawn(seed: int) -> list[Item]:
    """Ten to thirty elements on six to fourteen nets, every net with two ends at least."""
    rng = random.Random(seed)
    nets = [*PORTS, *(f"n{k}" for k in range(rng.randint(2, 10)))]
    items = [_item(rng, nets) for _ in range(rng.randint(10, 30))]
    for net in nets:
        while sum(net in item.nets for item in items) < 2:
            items.append(Item("R", (net, rng.choice([n for n in nets if n != net])), size=rng.choice((1e3, 2e3))))
    return items


def _item(rng: random.Random, nets: list[str]) -> Item:
    letter = rng.choice("RRRCLDMMM")
    count = 4 if letter == "M" else 2
    ends = tuple(rng.sample(nets, count))
    if letter == "M":
        return Item("M", ends, rng.choice(("nch", "pch")), rng.choice((2e-6, 5e-6)))
    if letter == "D":
        return Item("D", ends, "dm")
    return Item(letter, ends, size=rng.choice((1.0, 2.0, 5.0)) * {"R": 1e3, "C": 1e-12, "L": 1e-6}[letter])


def text(items: list[Item]) -> str:
    """SPICE text with these elements in the subcircuit `top`."""
    lines = []
    for k, item in enumerate(items, 1):
        ends = f"{item.letter}{k} {' '.join(item.nets)}"
        given = {"M": f"{item.value} w={item.size:g} l=1e-06", "D": item.value}.get(item.letter, f"{item.size:.6g}")
        lines.append(f"{ends} {given}")
    return f"* a circuit\n{MODELS}.subckt top {' '.join(PORTS)}\n" + "\n".join(lines) + "\n.ends\n"


def renamed(items: list[Item], seed: int) -> list[Item]:
    """The same circuit: elements in another order, inner nets by other names, ends that can change places in the other order."""
    rng = random.Random(seed)
    inner = sorted({net for item in items for net in item.nets if net not in PORTS})
    names = [f"w{k}" for k in range(len(inner))]
    rng.shuffle(names)
    to = dict(zip(inner, names, strict=True)) | {port: port for port in PORTS}
    found = []
    for item in items:
        nets = [to[net] for net in item.nets]
        if item.letter in "RCL" and rng.random() < 0.5:
            nets.reverse()
        if item.letter == "M" and rng.random() < 0.5:
            nets[0], nets[2] = nets[2], nets[0]
        found.append(replace(item, nets=tuple(nets)))
    rng.shuffle(found)
    return found


def _one(rng: random.Random, items: list[Item], letters: str) -> int:
    return rng.choice([k for k, item in enumerate(items) if item.letter in letters])


def moved_wire(items: list[Item], rng: random.Random) -> list[Item]:
    k = _one(rng, items, "RCLDM")
    nets = list(items[k].nets)
    others = sorted({net for item in items for net in item.nets} - set(nets))
    nets[rng.randrange(len(nets))] = rng.choice(others)
    return [*items[:k], replace(items[k], nets=tuple(nets)), *items[k + 1 :]]


def value_off(items: list[Item], rng: random.Random) -> list[Item]:
    k = _one(rng, items, "RCLM")
    return [*items[:k], replace(items[k], size=items[k].size * 1.1), *items[k + 1 :]]


def swapped_pin(items: list[Item], rng: random.Random) -> list[Item]:
    k = _one(rng, items, "DM") if any(item.letter in "DM" for item in items) else 0
    nets = list(items[k].nets)
    nets[0], nets[1] = nets[1], nets[0]
    return [*items[:k], replace(items[k], nets=tuple(nets)), *items[k + 1 :]]


def missing_element(items: list[Item], rng: random.Random) -> list[Item]:
    k = rng.randrange(len(items))
    return [*items[:k], *items[k + 1 :]]


MISTAKES: dict[str, Callable[[list[Item], random.Random], list[Item]]] = {
    "a moved wire": moved_wire,
    "a value off by a tenth": value_off,
    "a swapped pin": swapped_pin,
    "a missing element": missing_element,
}
