"""`netlearn fmt`: one way to lay a netlist out, with the author's comments and alignment kept.

Only blanks and line ends change: two spaces a brace level (lines inside ( ) and [ ] move with their statement), and
one blank line in a row at most. Inside a line a blank stands around = -> ~ and comparisons, around braces, and behind
, ; and : - more where the author aligned something with more - and none inside ( ) and [ ], before them behind a name,
nor around -- and ... Arithmetic stays as it is written. The text is read before and after; a change of meaning is refused.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any

from lark import Token, Tree

from netlearn.errors import Diagnostic, NetlearnError, Source, Span, SyntaxFault
from netlearn.lang.recover import read_faults
from netlearn.syntax import KEYWORDS, MAX_CHARACTERS, ReadFault, parse

INDENT = 2
_PIECE = re.compile(r'(\s*)("[^"\n]*"|#.*|->|--|\.\.|[<>=!]=|[^\W\d]\w*|\d+(?:\.\d+)?\w*|.)')
_NAME = re.compile(r"[^\W\d]\w*")
_LOOSE = {"=", "->", "~", "<", ">", "<=", ">=", "==", "!=", "{", "}"}  # blanks on both sides
_TIGHT = {"--", ".."}  # blanks on neither side


def format_text(text: str, name: str = "<netlist>") -> str:
    """The text laid out; NetlistError where it cannot be read."""
    source = Source(name, text.removeprefix("\ufeff"))
    before = _read(source)
    after = laid_out(source.text)
    if not same_tree(before, _read(Source(name, after))):
        raise NetlearnError("laying this text out would change its meaning", "please report this text")
    return after


def _read(source: Source) -> Tree[Token]:
    if len(source.text) > MAX_CHARACTERS:
        fault = Diagnostic(f"the text has more than {MAX_CHARACTERS} characters", Source(source.name, ""), Span(1, 1))
        raise SyntaxFault([fault])
    try:
        return parse(source.text)
    except ReadFault as fault:
        raise SyntaxFault(read_faults(source, fault)) from None


def laid_out(text: str) -> str:
    """The same for a text that is known to be one of the language."""
    layout = _Layout()
    lines = [layout.line(line) for line in re.split(r"\r?\n", text)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


class _Layout:
    """Follows the brackets from line to line."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.was, self.now = 0, 0  # indentation of the statement's first line, as written and as laid out

    def line(self, line: str) -> str:
        found = _PIECE.findall(line.strip(" \t\r"))
        pieces = [piece for _, piece in found]
        shown = " " * self._indent(line, pieces) if pieces else ""
        before = ""
        for blanks, piece in found:
            shown += (_gap(before, piece, blanks) if before else "") + piece
            before = piece
            if piece in ("(", "[", "{"):
                self.open.append(piece)
            elif piece in (")", "]", "}") and self.open:
                self.open.pop()
        return shown.rstrip(" \t\r")

    def _indent(self, line: str, pieces: list[str]) -> int:
        """Two spaces for each brace that the line does not close; inside ( or [ it moves with its statement."""
        written = line.expandtabs(INDENT)
        indent = len(written) - len(written.lstrip())
        if self.open and self.open[-1] != "{":
            least = self.now if pieces[0] in (")", "]") else self.now + INDENT
            return max(least, indent + self.now - self.was)
        self.was = indent
        self.now = INDENT * max(0, self.open.count("{") - (pieces[0] == "}"))
        return self.now


def _gap(a: str, b: str, blanks: str) -> str:
    """The blanks between two neighbours; two or more that are there align."""
    if (b in ("(", "[") and _is_name(a)) or (a, b) == ("{", "}"):
        return ""
    if a in _TIGHT | {"(", "["} or b in _TIGHT | {")", "]", ",", ";", ":"}:
        return ""
    words = a[-1:] + b[:1]
    apart = '"' in words and words.replace('"', "x").isalnum()
    if b.startswith("#") or apart or a in _LOOSE | {",", ";", ":"} or b in _LOOSE:
        return blanks.replace("\t", " ") or " "
    return blanks.replace("\t", " ")


def _is_name(piece: str) -> bool:
    """Whether brackets behind it belong to it: a name, or the end of its index."""
    keyword = piece.upper() in KEYWORDS and piece != "learn"
    return piece == "]" or (bool(_NAME.fullmatch(piece)) and not keyword)


def same_tree(a: Any, b: Any) -> bool:
    """Whether two trees have the same rules and tokens, wherever in the text they stand."""
    return all(x == y for x, y in zip_longest(_walk(a), _walk(b)))


def _walk(tree: Any) -> Any:
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Tree):
            yield node.data, len(node.children)
            stack.extend(reversed(node.children))
        else:
            yield node.type, str(node)
