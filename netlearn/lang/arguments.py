"""The arguments of a function of the language: how many there are, and which options it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netlearn.lang.values import Fault, suggest


def known_options(tree: Any, options: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Fault at the first option that the function does not know."""
    for name in options:
        if name not in known:
            token = next(a.children[0] for a in tree.children[1:] if a.data == "named" and a.children[0] == name)
            raise Fault(
                f"unknown option '{name}'", token, suggest(name, known) or f"known: {', '.join(known) or 'none'}"
            )


def check_arity(tree: Any, given: list[Any], low: int, high: int, form: str) -> None:
    """Fault where there are fewer than `low` or more than `high` arguments; `form` is how the call looks."""
    if not low <= len(given) <= high:
        raise Fault(f"{tree.children[0].children[0]} does not take {len(given)} arguments", tree, f"write {form}")
