"""Laws as ngspice expressions: numbers put in and folded, so that a simulator evaluates as little as it can.

ngspice differentiates the text of a behavioural source by itself, so what is written twice costs four times;
`?:` evaluates only the side it takes. `^` is used for even powers only, where its sign does not matter.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import reduce

from netlearn.devices.primitives import LIMIT, Tree, dlimexp, limexp, logistic, softplus

_FOLD: dict[str, Callable[..., float]] = {
    "+": lambda *a: math.fsum(a),
    "*": lambda *a: reduce(operator.mul, a),
    "^": operator.pow,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
    "sin": math.sin,
    "cos": math.cos,
    "fabs": abs,
    "limexp": lambda x: float(limexp(x)),
    "dlimexp": lambda x: float(dlimexp(x)),
    "softplus": lambda x: float(softplus(x)),
    "logistic": lambda x: float(logistic(x)),
    "pos": lambda x: max(x, 0.0),
    "step": lambda x: float(x > 0),
    "sign": lambda x: float((x > 0) - (x < 0)),
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
FORMS: dict[str, str] = {
    "log": "ln({0})",
    "fabs": "abs({0})",
    "sign": "sgn({0})",
    "limexp": f"({{0}} > {LIMIT} ? {math.exp(LIMIT)!r}*({{0}}-{LIMIT - 1}) : exp({{0}}))",
    "dlimexp": f"exp(min({{0}},{LIMIT}))",
    "softplus": "({0} > 40 ? {0} : ln(1+exp({0})))",
    "logistic": "(1/(1+exp(min(-({0}),300))))",
    "pos": "max({0},0)",
    "step": "u({0})",
    "where": "({0} ? {1} : {2})",
    "and": "({0} && {1})",
    "or": "({0} || {1})",
    "not": "(!{0})",
}


def fold(tree: Tree, numbers: Mapping[str, float], grounded: frozenset[str] = frozenset()) -> Tree:
    """The expression with known parameters and grounded terminals put in and constant parts computed."""
    if tree[0] == "v" and tree[1] in grounded:
        return ("c", 0.0)
    if tree[0] in ("v", "i", "c"):
        return tree
    if tree[0] == "p":
        return ("c", numbers[tree[1]]) if tree[1] in numbers else tree
    parts = [fold(t, numbers, grounded) for t in tree[1:]]
    if tree[0] in ("+", "*"):
        return _gathered(tree[0], parts)
    if tree[0] == "where" and parts[0][0] == "c":
        return parts[1] if parts[0][1] else parts[2]
    if tree[0] in _FOLD and all(p[0] == "c" for p in parts):
        return ("c", float(_FOLD[tree[0]](*(p[1] for p in parts))))
    return (tree[0], *parts)


def _gathered(name: str, parts: list[Tree]) -> Tree:
    """A sum or product with its constants as one operand."""
    parts = [inner for p in parts for inner in (p[1:] if p[0] == name else (p,))]
    neutral = 0.0 if name == "+" else 1.0
    constant = _FOLD[name](neutral, *(p[1] for p in parts if p[0] == "c"))
    rest = [p for p in parts if p[0] != "c"]
    if not rest or (name == "*" and constant == 0.0):
        return ("c", constant)
    if constant != neutral:
        rest.insert(0, ("c", constant))
    return rest[0] if len(rest) == 1 else (name, *rest)


def terms(tree: Tree) -> list[Tree]:
    """The summands of an expression, a common factor multiplied out. As sources in parallel each is
    differentiated by its own few variables only."""
    if tree[0] == "+":
        return [term for part in tree[1:] for term in terms(part)]
    if tree[0] == "*" and len(tree) == 3 and tree[1][0] == "c" and tree[2][0] == "+":
        return [_gathered("*", [tree[1], term]) for term in terms(tree[2])]
    return [tree]


def spell(tree: Tree, leaf: Callable[[str, str], str]) -> str:
    """ngspice text of an expression; `leaf(kind, name)` spells terminals (v), branches (i), parameters (p)."""
    if tree[0] in ("v", "i", "p"):
        return leaf(tree[0], tree[1])
    if tree[0] == "c":
        return f"({tree[1]!r})" if tree[1] < 0 else repr(tree[1])
    if tree[0] == "^":
        return _power(tree, leaf)
    parts = [spell(t, leaf) for t in tree[1:]]
    if tree[0] in FORMS:
        return FORMS[tree[0]].format(*parts)
    if tree[0] in ("+", "*", "<", "<=", ">", ">=", "==", "!="):
        return f"({f'{tree[0]}'.join(parts)})"
    return f"{tree[0]}({','.join(parts)})"


def _power(tree: Tree, leaf: Callable[[str, str], str]) -> str:
    base, exponent = spell(tree[1], leaf), tree[2]
    n = exponent[1] if exponent[0] == "c" else None
    if n == 0.5:
        return f"sqrt({base})"
    if n is None or n != int(n) or abs(n) > 8:
        return f"pwr({base},{spell(exponent, leaf)})"  # a base of either sign has no such power in our laws
    if n < 0:
        return f"(1/{_power((tree[0], tree[1], ('c', -n)), leaf)})"
    even = f"(({base})^{int(n) - int(n) % 2})" if n >= 2 else ""
    return f"({base}*{even})" if even and n % 2 else even or base
