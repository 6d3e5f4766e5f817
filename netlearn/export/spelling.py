"""Expressions of laws as text for people and simulators (`netlearn.devices.spice` writes what ngspice is fed directly).

A language is a table: what it calls each function of our laws, with `{0}`, `{1}`, ... for the operands, and how it writes
powers. Everything else is alike in all of them. Sums and products are written as a reader would write them, with - and /,
and with no more parentheses than needed; conditions and unary minus always have theirs, as precedences differ there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from netlearn.devices.primitives import Tree

Leaf = Callable[[str, str], str]
SUM, PRODUCT, ATOM = 1, 2, 3  # how tightly a text binds


@dataclass(frozen=True)
class Language:
    """How a simulator spells an expression. `forms`: text of a function where it is not `name(operands)`. `square`: an even
    power, of a base and a whole number; `power`: any power of something positive."""

    forms: Mapping[str, str]
    square: Callable[[str, int], str]
    power: str


def spell(tree: Tree, leaf: Leaf, language: Language) -> str:
    """Text of an expression; `leaf(kind, name)` spells terminals (v), branches (i), parameters (p)."""
    return _spell(tree, leaf, language, SUM)


def _spell(tree: Tree, leaf: Leaf, language: Language, needed: int) -> str:
    """The text, in parentheses where it would bind less tightly than is needed."""
    text, level = _text(tree, leaf, language)
    return text if level >= needed else f"({text})"


def _text(tree: Tree, leaf: Leaf, language: Language) -> tuple[str, int]:
    name, operands = tree[0], tree[1:]

    def inner(operand: Tree, needed: int = SUM) -> str:
        return _spell(operand, leaf, language, needed)

    if name == "c":
        return (f"({operands[0]!r})" if operands[0] < 0 else repr(operands[0])), ATOM
    if name in ("<", "<=", ">", ">=", "==", "!="):
        return f"({inner(operands[0], PRODUCT)} {name} {inner(operands[1], PRODUCT)})", ATOM
    if name == "+":
        return _sum(operands, inner)
    if name == "*":
        return _product(operands, inner)
    if name == "^":
        return _power(tree, inner, language)
    if name in language.forms:
        return language.forms[name].format(*(inner(t) for t in operands)), ATOM
    if isinstance(operands[0], str):
        return leaf(name, operands[0]), ATOM
    return f"{name}({', '.join(inner(t) for t in operands)})", ATOM


def _sum(operands: tuple[Tree, ...], inner: Callable[..., str]) -> tuple[str, int]:
    """a + b - c: what is added first."""
    minus = [t for t in operands if _is_negative(t)]
    plus = [t for t in operands if t not in minus]
    text = " + ".join(inner(t) for t in plus) + "".join(f" - {inner(_negated(t), PRODUCT)}" for t in minus)
    return (text, SUM) if plus else (f"(-{text[3:]})", ATOM)


def _product(operands: tuple[Tree, ...], inner: Callable[..., str]) -> tuple[str, int]:
    """a*b/(c*d)."""
    if operands[0] == ("c", -1.0):
        return f"(-{inner(_negated(('*', *operands)), PRODUCT)})", ATOM
    below = [("^", t[1], ("c", -t[2][1])) for t in operands if _is_reciprocal(t)]
    above = [t for t in operands if not _is_reciprocal(t)]
    bottom = [inner(t, PRODUCT if len(below) > 1 else ATOM) for t in below]
    top = "*".join(inner(t, PRODUCT) for t in above) or "1.0"
    if not below:
        return top, PRODUCT
    return f"{top}/{bottom[0] if len(bottom) == 1 else '(' + '*'.join(bottom) + ')'}", PRODUCT


def _power(tree: Tree, inner: Callable[..., str], language: Language) -> tuple[str, int]:
    _, base, exponent = tree
    n = exponent[1] if exponent[0] == "c" else None
    if n == 1:
        return inner(base, ATOM), ATOM
    if n is not None and n < 0:
        return _product((tree,), inner)
    if n == 0.5:
        return f"sqrt({inner(base)})", ATOM
    if n is None or n != int(n) or n > 8:
        return language.power.format(inner(base), inner(exponent)), ATOM  # our laws have none of a negative base
    text = inner(base, ATOM)
    even = language.square(text, int(n) - int(n) % 2) if n >= 2 else ""
    return f"({text}*{even})" if n % 2 else even, ATOM


def _is_negative(tree: Tree) -> bool:
    first = tree[1] if tree[0] == "*" else tree
    return bool(first[0] == "c" and first[1] < 0)


def _negated(tree: Tree) -> Tree:
    """Minus something that is negative."""
    if tree[0] == "c":
        return ("c", -tree[1])
    rest = tree[2:] if tree[1][1] == -1 else (("c", -tree[1][1]), *tree[2:])
    return rest[0] if len(rest) == 1 else ("*", *rest)


def _is_reciprocal(tree: Tree) -> bool:
    return bool(tree[0] == "^" and tree[2][0] == "c" and tree[2][1] < 0)
