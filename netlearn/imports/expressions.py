"""Expressions of SPICE parameters as trees, and as text of our language.

    sum  = prod (+|- prod)*      prod = power (*|/ power)*      power = atom ((^|**) atom)*, from left to right as ngspice does
    atom = number | name | function(sum, ...) | (sum) | - power | + power

Numbers have no units here: a plain number is in SI and fits every parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netlearn.imports.cards import Card, Refused, Word
from netlearn.spice import SCALES, split_number

MAX_TOKENS, MAX_DEPTH = 300, 30
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\w*)|(?P<name>[A-Za-z_][\w.#]*)|(?P<sign>\*\*|.))"
)
Tree = tuple[Any, ...]
_CALLS: Mapping[str, tuple[int, Callable[..., Tree]]] = {
    **{name: (1, lambda x, n=name: ("call", n, x)) for name in ("sqrt", "exp", "tanh", "sin", "cos", "abs", "floor")},
    **{name: (2, lambda x, y, n=name: ("call", n, x, y)) for name in ("min", "max")},
    "log": (1, lambda x: ("call", "log", x)),
    "ln": (1, lambda x: ("call", "log", x)),
    "log10": (1, lambda x: ("/", ("call", "log", x), ("call", "log", ("number", "10")))),
    "sqr": (1, lambda x: ("^", x, ("number", "2"))),
    "pow": (2, lambda x, y: ("^", x, y)),
}
_LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2, "negative": 3, "^": 4}


@dataclass(frozen=True)
class Expression:
    """A value of a card: its tree, and the word or words that it is written in."""

    tree: Tree
    card: Card
    word: Word

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it names, in small letters."""
        return frozenset(_names(self.tree))

    @property
    def number(self) -> float | None:
        """What it is where it is a number as it stands."""
        sign, tree = (-1.0, self.tree[1]) if self.tree[0] == "negative" else (1.0, self.tree)
        if tree[0] != "number":
            return None
        digits, prefix, _ = split_number(tree[1]) or ("nan", "", "")
        return sign * float(digits) * SCALES.get(prefix, 1.0)

    def text(self, names: Mapping[str, str], unit: str = "") -> str:
        """Text of our language; `names`: parameter to its name here. A number that stands alone gets its unit."""
        return _text(self.tree, names, unit)


def known(name: str) -> bool:
    """Whether there is a function of this name."""
    return name in _CALLS


def plain(card: Card, number: str) -> Expression:
    """A number that no word of the card has."""
    return Expression(("number", number), card, card.words[0])


def read(card: Card, word: Word) -> Expression:
    """The expression in a word of a card, with or without braces or quotes around it."""
    inside = word.inside
    reader = _Reader(
        card, word, [(m.lastgroup or "", m[m.lastgroup or 0]) for m in _TOKEN.finditer(inside) if m[0].strip()]
    )
    tree = reader.sum(0)
    if reader.at < len(reader.tokens):
        raise reader.fault(f"'{reader.tokens[reader.at][1]}' cannot stand here")
    return Expression(tree, card, word)


class _Reader:
    """Reads an expression token by token."""

    def __init__(self, card: Card, word: Word, tokens: list[tuple[str, str]]) -> None:
        self.card, self.word, self.tokens, self.at = card, word, tokens, 0
        if len(tokens) > MAX_TOKENS:
            raise self.fault(f"this expression has more than {MAX_TOKENS} parts", "give its parts names with .param")

    def fault(self, message: str, help: str = "write numbers, parameters, + - * / ** and ( )") -> Refused:
        return self.card.refused(message, self.word, help)

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, *signs: str) -> str:
        """The next token if it is one of these signs, else nothing."""
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "sign" and self.peek() in signs:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def sum(self, depth: int) -> Tree:
        tree = self.product(depth)
        while sign := self.take("+", "-"):
            tree = (sign, tree, self.product(depth))
        return tree

    def product(self, depth: int) -> Tree:
        tree = self.power(depth)
        while sign := self.take("*", "/"):
            tree = (sign, tree, self.power(depth))
        return tree

    def power(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise self.fault(
                f"brackets within brackets, more than {MAX_DEPTH} deep", "give its parts names with .param"
            )
        if sign := self.take("-", "+"):
            inside = self.power(depth + 1)
            return ("negative", inside) if sign == "-" else inside
        tree = self.atom(depth)
        while self.take("^", "**"):
            tree = ("^", tree, self.power(depth + 1) if self.peek() in ("-", "+") else self.atom(depth))
        return tree

    def atom(self, depth: int) -> Tree:
        if self.at >= len(self.tokens):
            raise self.fault("a value is missing")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return ("number", self.checked(text))
        if kind == "name":
            return self.call(text.lower(), depth) if self.take("(") else ("name", text.lower())
        if text == "(":
            tree = self.sum(depth + 1)
            if not self.take(")"):
                raise self.fault("a bracket is never closed", "write )")
            return tree
        if text == "?":
            raise self.fault("a choice by ? : is not read", "write an expression without it, or two subcircuits")
        raise self.fault(f"'{text}' cannot stand here")

    def checked(self, text: str) -> str:
        """A number that means the same to every reader of SPICE."""
        digits, prefix, rest = split_number(text) or ("", "", "")
        if not digits:
            raise self.fault(f"'{text}' is not a number", "write it such as 4.7k or 1e-6")
        if float(digits) * SCALES.get(prefix, 1.0) == float("inf"):
            raise self.fault(f"'{text}' is too large", "numbers stay below 1.8e308")
        if self.card.mega and prefix == "m":
            help = f"write {digits}e-3 or {digits}meg, or take *.MEGA out"
            raise self.fault(f"the m of '{text}' is 1e6 for some readers of *.MEGA and 1e-3 for others", help)
        if not prefix and rest[:1].lower() in ("a", "x"):
            means = ("1e-18", "1") if rest[0].lower() == "a" else ("1e6", "1")
            raise self.fault(
                f"the {rest[0]} of '{text}' is {means[0]} in HSPICE and {means[1]} in ngspice",
                f"write {digits}{means[0][1:]} or {digits}",
            )
        return text

    def call(self, name: str, depth: int) -> Tree:
        given = [self.sum(depth + 1)] if self.peek() != ")" else []
        while self.take(","):
            given.append(self.sum(depth + 1))
        if not self.take(")"):
            raise self.fault("a bracket is never closed", "write )")
        if name in self.card.functions:
            return self.applied(name, given)
        if name not in _CALLS:
            random = name in ("gauss", "agauss", "unif", "aunif", "limit")
            help = (
                "write what manufacture does in a mismatch block"
                if random
                else f"write its .func above, or one of {', '.join(_CALLS)}"
            )
            raise self.fault(f"the function '{name}' is not read", help)
        count, make = _CALLS[name]
        if len(given) != count:
            raise self.fault(f"{name} takes {count} argument{'s' * (count > 1)}")
        return make(*given)

    def applied(self, name: str, given: Sequence[Tree]) -> Tree:
        """A function of `.func` with its arguments in their places."""
        arguments, body = self.card.functions[name]
        if len(given) != len(arguments):
            raise self.fault(f"{name} takes {len(arguments)} argument{'s' * (len(arguments) != 1)}")
        tree = _replaced(body, dict(zip(arguments, given, strict=True)))
        if _size(tree) > MAX_TOKENS:
            raise self.fault(
                f"with its functions this has more than {MAX_TOKENS} parts", "give its parts names with .param"
            )
        return tree


def _replaced(tree: Tree, given: Mapping[str, Tree]) -> Tree:
    if tree[0] == "name":
        return given[tree[1]]
    return tuple(_replaced(part, given) if isinstance(part, tuple) else part for part in tree)


def _size(tree: Tree) -> int:
    return 1 + sum(_size(part) for part in tree if isinstance(part, tuple))


def _names(tree: Tree) -> Iterator[str]:
    if tree[0] == "name":
        yield tree[1]
    elif tree[0] != "number":
        for part in tree[1:]:
            if isinstance(part, tuple):
                yield from _names(part)


def _text(tree: Tree, names: Mapping[str, str], unit: str = "") -> str:
    match tree[0]:
        case "number":
            return _number(tree[1], unit)
        case "name":
            return names[tree[1]]
        case "call":
            return f"{tree[1]}({', '.join(_text(part, names) for part in tree[2:])})"
        case "negative":
            return f"-{_bracketed(tree[1], 4, names, unit)}"
        case "^":
            return f"{_bracketed(tree[1], 5, names)}^{_bracketed(tree[2], 5, names)}"
        case sign:
            level = _LEVELS[sign]
            return f"{_bracketed(tree[1], level, names)} {sign} {_bracketed(tree[2], level + 1, names)}"


def _bracketed(tree: Tree, level: int, names: Mapping[str, str], unit: str = "") -> str:
    """A part of an expression, in brackets where it binds more loosely than `level`."""
    text = _text(tree, names, unit)
    return text if _LEVELS.get(tree[0], 5) >= level else f"({text})"


def _number(text: str, unit: str) -> str:
    """A number of SPICE as one of ours. Mega and mil, which are read otherwise elsewhere, become plain numbers."""
    digits, prefix, _ = split_number(text) or ("", "", "")
    digits = re.sub(r"\.(?=$|[eE])", "", digits.lstrip("+"))
    prefix = {"g": "G", "t": "T"}.get(prefix, prefix)
    if prefix in ("meg", "mil"):
        digits, prefix = f"{float(digits) * SCALES[prefix]:.15g}", ""
    return digits + prefix + (unit if prefix or unit != "m" else "")  # 1e-4m would be milli
