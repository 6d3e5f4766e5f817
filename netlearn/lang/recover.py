"""Reading on after a fault, so that one run shows every statement that cannot be read.

A text is cut into its items (circuits, modules, tasks, ...), which begin at the margin; what is wrong in one does not
touch the others. Inside an item a faulty statement is taken out, the braces that hold the rest together are
kept, and the item is read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from netlearn.errors import Diagnostic, Source
from netlearn.lang.mistakes import BLOCKS, KEYWORDS, explain, nearest, opens_block, without_texts
from netlearn.syntax import ReadFault, parse

MOST_FAULTS = 20
MOST_READ = 600_000  # characters that are read again, over all items: a few seconds

_ITEM = re.compile(r"(?:circuit|module|element|task|schedule|mismatch|bundle|model)\s+\w|import\s*\"|netlearn\s+\d")
_STATEMENT = re.compile(r"\s*(?:\}|[A-Za-z_][\w.]*\s+[A-Za-z_]\w*\s*(?:\[[^\]]*\]\s*)*[(=]|(?:net|if|for|assert)\s+\w)")


def read_faults(source: Source, first: ReadFault, start: str = "start") -> list[Diagnostic]:
    """Every reading fault that can be told apart, in the order of the text; `first` where none is found again."""
    found: list[Diagnostic] = []
    left = MOST_READ
    for offset, lines in _items(source.text.split("\n")):
        left -= sum(map(len, lines))
        if left < 0:
            break
        for fault, size in _faults(lines, source.name, start):
            found.append(explain(_moved(fault, offset), source))
            left -= size
            if len(found) >= MOST_FAULTS or left < 0:
                return found
    return found or [explain(first, source)]


def _items(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """(lines before, lines) of each item, comments and blank lines going with the item above them."""
    starts = [i for i, line in enumerate(lines) if _ITEM.match(line)]
    cuts = [0, *(i for i in starts if i > 0), len(lines)]
    for low, high in pairwise(cuts):
        yield low, lines[low:high]


def _moved(fault: ReadFault, offset: int) -> ReadFault:
    opened = tuple((sign, line + offset, column) for sign, line, column in fault.opened)
    return replace(fault, line=fault.line + offset, opened=opened)


def _faults(lines: list[str], name: str, start: str) -> Iterator[tuple[ReadFault, int]]:
    """The faults of one item, with the number of characters read for the next of them."""
    lines = list(lines)
    last, repaired = 0, False
    while True:
        text = "\n".join(lines)
        try:
            parse(text, start)
            return
        except ReadFault as fault:
            if fault.line <= last or (repaired and (fault.token_type == "$END" or fault.text == "}")):
                return
            yield fault, len(text)
            if fault.token_type == "$END" or fault.previous.startswith("<"):
                return
            first, end = _statement(lines, fault, Source(name, text))
            last = max(fault.line, end)
            repaired |= _take_out(lines, first, end)


def _statement(lines: list[str], fault: ReadFault, source: Source) -> tuple[int, int]:
    """First and last line (1-based) of the statement a fault stands in."""
    inside = [opened for opened in fault.opened if not opens_block(source, *opened)]
    first = min([fault.line, *(line for _, line, _ in inside)])
    depth, end = 0, first
    for number in range(first, len(lines) + 1):
        if number > first and (_STATEMENT.match(lines[number - 1]) or depth <= 0):
            break
        end = number
        bare = without_texts(lines[number - 1])
        depth += sum(bare.count(s) for s in "([") - sum(bare.count(s) for s in ")]")
    return first, end


def _take_out(lines: list[str], first: int, end: int) -> bool:
    """Empty these lines, keeping the braces that open and close blocks; True where the balance was touched."""
    kept = ""
    for number in range(first - 1, end):
        bare = without_texts(lines[number])
        opening = _opening(bare, lines[number + 1] if number + 1 < len(lines) else "")
        closing = max(0, bare.count("}") - bare.count("{")) if not opening else bare.lstrip().startswith("}")
        kept += "} " * closing + opening
        lines[number] = ""
    lines[end - 1] = kept
    return bool(kept)


def _opening(bare: str, following: str) -> str:
    """What opens the same kind of block as this line does, or as it should have done."""
    words = re.findall(r"\w+", bare)
    word = words[0] if words else ""
    block = word if word in BLOCKS else "" if word in KEYWORDS else nearest(word, BLOCKS)
    ends_open = bare.count("{") > bare.count("}") or (bare.lstrip()[:1] == "}" and bare.rstrip()[-1:] == "{")
    if not ends_open and not (block and "{" not in bare):
        return ""
    if not block and not re.search(r"\{\s*$", bare):
        return ""
    if following.strip() == "{":
        return _HEADS.get(block, "")[:-1]
    return _HEADS.get(block, "for _ in 0..0 {" if bare[:1].isspace() else "circuit _ {")


_HEADS = {
    "circuit": "circuit _ {",
    "module": "module _(_) {",
    "element": "element _(_) {",
    "task": "task _ on _ {",
    "schedule": "schedule _ {",
    "mismatch": "mismatch _ on _ {",
    "for": "for _ in 0..0 {",
    "if": "if 0 {",
    "else": "else {",
}
