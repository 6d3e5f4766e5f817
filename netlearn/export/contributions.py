"""What every language of laws needs to know of a device: its statements, at rest and over time, with common parts named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from netlearn.circuit.temperature import laws
from netlearn.devices import Device, known_law
from netlearn.devices.primitives import NOMINAL, Tree

LEAVES = frozenset("vipct") | {"static", "hot"}
TRUTHS = frozenset({"<", "<=", ">", ">=", "==", "!=", "and", "or", "not", "ITE", "static"})

REPEATING = frozenset(
    {"^", "limexp", "softplus", "sign"}
)  # what a language may have to write its first operand twice for


@dataclass(frozen=True)
class Contribution:
    """A statement of a law, of kind I, V, Q or F, between two terminals. In its expression the leaf ("v", "a,b") is the voltage
    from a to b, and where a device is something else at rest ("static",) is true there."""

    kind: str
    name: str
    a: str
    b: str
    tree: Tree


def contributions(device: Device) -> list[Contribution]:
    """The statements of a law: KitError for a transistor of a process kit, whose law is not known."""
    rest = {(kind, name): tree for kind, name, _, _, tree in known_law(device).parts}
    found = []
    for kind, name, a, b, tree in known_law(device.over_time).parts:
        still = rest.get((kind, name), tree)
        found.append(
            Contribution(kind, name, a, b, _paired(tree if still == tree else ("where", ("static",), still, tree)))
        )
    return found


def at_rest(device: Device) -> tuple[str, ...]:
    """What a reader of a device's model should know who asks for small signals: of one that is something else over time."""
    if not device.moving:
        return ()
    return (
        "In an operating point it holds its voltage, and so in an AC analysis, too: there it is a short, and no capacitor.",
        "Over time it lets go. For AC write a plain capacitor in its place, and hold the point by other means.",
    )


def warmed(device: Device, tree: Tree) -> Tree:
    """An expression of a law with what temperature makes of its parameters, which are given at 27 C; the leaf ("hot",) is the
    simulator's temperature in K. A device with a parameter `temp` is at that, with its numbers there: nothing moves them."""
    if "temp" in device.param_names or not device.temperature:
        return tree
    ends: dict[Tree, Tree] = {("p", "hot"): ("hot",), ("p", "temp"): ("c", NOMINAL)}
    return _put(tree, {("p", name): _put(moved, ends) for name, moved in laws(device).items()})


def _put(tree: Tree, values: Mapping[Tree, Tree]) -> Tree:
    """An expression with others in the places of some leaves."""
    if tree[0] in LEAVES:
        return values.get(tree, tree)
    return (tree[0], *(_put(part, values) for part in tree[1:]))


def _paired(tree: Tree) -> Tree:
    """The expression with differences of two voltages as one leaf: x V(a) - x V(b) is x ("v", "a,b")."""
    if tree[0] in LEAVES:
        return tree
    parts = [_paired(part) for part in tree[1:]]
    if tree[0] != "+":
        return (tree[0], *parts)
    pairs: list[Tree] = []
    rest = list(parts)
    for plus in parts:
        scale, terminal, factors = _voltage(plus)
        minus = next((t for t in rest if terminal and scale > 0 and _is_mate(_voltage(t), scale, factors)), None)
        if minus is not None:
            rest = [t for t in rest if t not in (plus, minus)]
            pair = ("v", f"{terminal},{_voltage(minus)[1]}")
            pairs.append(pair if (scale, factors) == (1.0, ()) else ("*", ("c", scale), *factors, pair))
    parts = [*pairs, *rest]
    return parts[0] if len(parts) == 1 else ("+", *parts)


def _is_mate(term: tuple[float, str, tuple[Tree, ...]], scale: float, factors: tuple[Tree, ...]) -> bool:
    return bool(term[1]) and term[0] == -scale and term[2] == factors


def _voltage(tree: Tree) -> tuple[float, str, tuple[Tree, ...]]:
    """A number, a terminal and other factors of a term that is their product; no terminal where it is no such term."""
    factors = tree[1:] if tree[0] == "*" else (tree,)
    numbers = [t[1] for t in factors if t[0] == "c"]
    terminals = [t[1] for t in factors if t[0] == "v" and "," not in t[1]]
    rest = tuple(t for t in factors if t[0] != "c" and not (t[0] == "v" and "," not in t[1]))
    one = len(terminals) == 1 and len(numbers) <= 1
    return float(numbers[0]) if numbers else 1.0, terminals[0] if one else "", rest


def shared(trees: Sequence[Tree]) -> tuple[list[Tree], list[Tree]]:
    """What appears more than once in some expressions, and the expressions made of it.

    ("t", k) stands for the k-th common part, which is made of earlier ones. What languages write twice counts as twice.
    """
    counts: Counter[Tree] = Counter()
    for tree in trees:
        _count(tree, counts)
    common: list[Tree] = []
    places: dict[Tree, Tree] = {}

    def named(tree: Tree) -> Tree:
        if tree[0] in LEAVES:
            return tree
        if tree not in places:
            made = (tree[0], *(named(t) for t in tree[1:]))
            if counts[tree] > 1 and _is_worth_a_name(made):
                common.append(made)
                made = ("t", str(len(common) - 1))
            places[tree] = made
        return places[tree]

    return common, [named(tree) for tree in trees]


def _count(tree: Tree, counts: Counter[Tree]) -> None:
    """How often each part is written, of what is inside another common one only once."""
    if tree[0] in LEAVES:
        return
    counts[tree] += 1
    if counts[tree] == 1:
        for part in tree[1:]:
            _count(part, counts)
        if tree[0] in REPEATING:
            _count(tree[1], counts)


def _is_worth_a_name(tree: Tree) -> bool:
    """A number, and not one operation on a constant."""
    plain = all(part[0] in LEAVES for part in tree[1:])
    return tree[0] not in TRUTHS and not (plain and any(part[0] == "c" for part in tree[1:]))


def used(trees: Iterable[Tree], kind: str) -> frozenset[str]:
    """The names of the leaves of a kind in some expressions."""
    return frozenset(
        name
        for tree in trees
        if tree[0] != "c"
        for name in (([tree[1]] if tree[0] == kind else []) if tree[0] in LEAVES else used(tree[1:], kind))
    )
