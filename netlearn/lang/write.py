"""Trees back to text: what `element` laws, conditions and messages quote."""

from __future__ import annotations

from typing import Any

from lark import Token

_WORDS = {"and_": "and", "or_": "or"}


def write(tree: Any) -> str:
    """The text of an expression or of a law statement; reading it gives the same tree."""
    if isinstance(tree, Token):
        return str(tree)
    parts = [write(c) for c in tree.children]
    match tree.data:
        case "ref":
            return parts[0] + "".join(p if p.startswith("[") else f".{p}" for p in parts[1:])
        case "index":
            return f"[{parts[0]}]"
        case "call":
            return f"{parts[0]}({', '.join(parts[1:])})"
        case "group":
            return f"({parts[0]})"
        case "list":
            return f"[{', '.join(parts)}]"
        case "named":
            return f"{parts[0]} = {parts[1]}"
        case "negative":
            return f"-{parts[0]}"
        case "not_":
            return f"not {parts[0]}"
        case "power":
            return f"{parts[0]}^{parts[1]}"
        case "range":
            return f"{parts[0]}..{parts[1]}"
        case "edge":
            return f"{parts[0]}--{parts[1]}"
        case "and_" | "or_":
            return f"{parts[0]} {_WORDS[tree.data]} {parts[1]}"
        case "law_branch":
            return f"({parts[0]}, {parts[1]})"
        case "let" | "current" | "charge" | "voltage" | "flux":
            return f"{tree.data} {''.join(parts[:-1])} = {parts[-1]}"
        case _:
            return " ".join(parts)
