"""What every reader of SPICE text here shares: statements of several lines, and numbers whose letters know no case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_COMMENT = re.compile(r"(^|\s*)(;|(?<!\S)\$(?!\S)|(?<!\S)//).*")
_NUMBER = re.compile(
    r"(?P<n>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?P<p>meg|mil|[tgkmunpf])?(?P<rest>[a-z]*)", re.IGNORECASE
)
SCALES = {
    "t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "mil": 25.4e-6, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15,
}  # fmt: skip


def statements(lines: Iterable[str]) -> Iterator[list[tuple[int, str]]]:
    """The statements of a text without its comments: each is its lines, with their numbers (from 1), and those that begin
    with + behind the first. Blanks in front stay, so that places in a line hold. What + continues may follow a comment."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        text = uncommented(line)
        if not text.strip():
            continue
        if text.lstrip().startswith("+") and found:
            found.append((number, text))
            continue
        if found:
            yield found
        found = [(number, text)]
    if found:
        yield found


def uncommented(line: str) -> str:
    """A line without what is said in it: all of it behind *, the end of it behind ; or a $ or // that stands alone."""
    return "" if line.lstrip().startswith("*") else _COMMENT.sub("", line).rstrip()


def split_number(text: str) -> tuple[str, str, str] | None:
    """A number as its digits, its prefix in small letters (of SCALES, or ""), and the letters behind that, which say nothing;
    None for what is none."""
    found = _NUMBER.fullmatch(text)
    return (found["n"], (found["p"] or "").lower(), found["rest"]) if found else None
