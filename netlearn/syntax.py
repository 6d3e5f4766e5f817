"""The one reader of the language: grammar text to lark tree, for whole netlists and for device laws.

The grammar lies in `grammars/` beside the package in a checkout and inside the package in a wheel.
`parse` gives a tree of `lark.Tree`/`lark.Token`; a fault of reading is raised as `ReadFault` with the
token's place, which `netlearn.lang.mistakes` turns into words.
"""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netlearn.cache import digest, kept

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

MAX_CHARACTERS = 5_000_000
MAX_DEPTH = 60
MAX_OPERATORS = 200  # in one expression: what walks a tree does so by recursion
OPENING = {"LPAR": "(", "LSQB": "[", "LBRACE": "{"}
OPERATORS = {"PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "CIRCUMFLEX", "XOR", "COMPARE", "AND", "OR", "NOT"}
CLOSING = {"RPAR": "LPAR", "RSQB": "LSQB", "RBRACE": "LBRACE"}


@dataclass
class ReadFault(Exception):
    """Where reading stopped: line and column (1-based), the offending text, and what could have stood there.

    `state` and `token_type` name the parser's situation, the key of the table of known mistakes;
    `opened` lists brackets still open there as (character, line, column).
    """

    line: int
    column: int
    text: str
    token_type: str
    expected: frozenset[str]
    previous: str
    opened: tuple[tuple[str, int, int], ...]


KEYWORDS = frozenset(
    "circuit module element model bundle task mismatch import netlearn net state let mesh input output assert for if"
    " else in on of as data from rule loss stop holdout order seed samples corner yield current charge voltage flux"
    " learn lot match implements and or not".upper().split()
)
SHIFT = -1
_WORDLIKE = {"NAME", "NUMBER"}


class Brackets:
    """lark post-lexer: drops line ends inside ( ) and [ ], remembers open brackets, bounds depth and length."""

    always_accept = ("_NL",)

    def __init__(self) -> None:
        self.stack: list[Any] = []

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        stack = self.stack = []
        operators = 0  # of this expression
        word: Token | None = None  # a keyword right before this token
        outside: list[int] = []  # of the expressions around the open brackets
        for token in stream:
            kind = token.type
            if word is not None and token.start_pos == word.end_pos and (kind in _WORDLIKE or kind in KEYWORDS):
                raise _glued(word, token, stack)
            word = token if kind in KEYWORDS else None
            if kind == "_NL":
                if stack and stack[-1].type != "LBRACE":
                    continue
                operators = 0
            elif kind == "COMMA":
                operators = outside[-1] if outside else 0
            elif kind in OPENING:
                stack.append(token)
                outside.append(0 if kind == "LBRACE" else operators)
                operators = outside[-1]
                if len(stack) > MAX_DEPTH:
                    raise _fault(token, kind, frozenset(), "<depth>", stack)
            elif kind in CLOSING and stack and stack[-1].type == CLOSING[kind]:
                stack.pop()
                operators = outside.pop()
            elif kind in OPERATORS:
                operators += 1
                if operators > MAX_OPERATORS:
                    raise _fault(token, kind, frozenset(), "<operators>", stack)
            yield token


def _glued(word: Token, token: Token, stack: list[Any]) -> ReadFault:
    """A keyword that goes on with letters (`onn`): where no name can stand, the lexer cuts it in two."""
    return ReadFault(
        word.line or 1, word.column or 1, f"{word}{token}", "NAME", frozenset([word.type]), "", _opened(stack)
    )


def grammar_text() -> str:
    """The grammar, from the package (wheel) or from the checkout beside it."""
    inside = Path(__file__).parent / "grammars" / "netlearn.lark"
    beside = Path(__file__).parents[1] / "grammars" / "netlearn.lark"
    return (inside if inside.exists() else beside).read_text(encoding="utf-8")


@dataclass(frozen=True)
class _Reader:
    """lark's reader, and its parse table as plain tuples.

    An expression climbs ten levels of precedence, most of them with nothing to do; `quick` passes rules of one
    part by where lark calls a function for each, and reads the same tree in about half of the time.
    """

    lark: Lark
    brackets: Brackets
    states: Mapping[Any, Mapping[str, Any]]
    """State to terminal to (SHIFT, next state) or (size, name, function) of the rule to reduce by."""

    def quick(self, text: str, start: str) -> Any:
        """The tree of a text without faults; KeyError or one of lark's errors at a fault."""
        from lark import Token

        frontend: Any = self.lark.parser
        table, states = frontend.parser._parse_table, self.states
        end = table.end_states[start]
        run = _Run([table.start_states[start]])
        at = run.stack
        values: list[Any] = []
        for token in chain(frontend._make_lexer_thread(text).lex(run), [Token("$END", "")]):
            kind = token.type
            while (action := states[at[-1]][kind])[0] != SHIFT:
                size, name, function = action
                if function is None:
                    at.pop()
                else:
                    parts = values[-size:] if size else []
                    del at[len(at) - size :], values[len(values) - size :]
                    values.append(function(parts))
                state = states[at[-1]][name][1]
                if state == end:
                    return values[-1]
                at.append(state)
            at.append(action[1])
            values.append(token)
        raise KeyError("$END")


@dataclass
class _Run:
    """What lark's contextual lexer asks a parser for: the state it is in."""

    stack: list[Any]

    @property
    def position(self) -> Any:
        return self.stack[-1]


def _lark(brackets: Brackets) -> Lark:
    """lark's reader; its tables, a quarter of a second of work, are kept on disk."""
    import lark

    text, options = (
        grammar_text(),
        {"lexer": "contextual", "start": ["start", "law", "condition"], "maybe_placeholders": False},
    )

    def made() -> bytes:
        file = io.BytesIO()
        lark.Lark(text, parser="lalr", postlex=brackets, **options).save(file)
        return file.getvalue()

    key = digest(repr((lark.__version__, sys.version, text, options)).encode())
    reader = lark.Lark.__new__(lark.Lark)
    reader._load(io.BytesIO(kept(f"grammar_{key}.pickle", made)), postlex=brackets)
    return reader


@cache
def _reader() -> _Reader:
    brackets = Brackets()
    reader: Any = _lark(brackets)
    engine = reader.parser.parser
    calls = engine.parser.callbacks
    states = {
        state: {str(name): _action(action, calls) for name, action in row.items()}
        for state, row in engine._parse_table.states.items()
    }
    return _Reader(reader, brackets, states)


def _action(action: Any, calls: Mapping[Any, Any]) -> tuple[Any, ...]:
    """An entry of lark's parse table as a tuple; a rule that only passes its one part on has no function."""
    from lark.parsers.lalr_analysis import Shift

    kind, argument = action
    if kind is Shift:
        return SHIFT, argument
    parts, name = argument.expansion, str(argument.origin.name)
    passing = len(parts) == 1 and argument.options.expand1 and not argument.alias
    if passing and not parts[0].is_term and not parts[0].name.startswith("_"):
        return 1, name, None
    return len(parts), name, calls[argument]


def parse(text: str, start: str = "start") -> Tree[Token]:
    """The tree of a text, or ReadFault at the first place that cannot be read."""
    from lark.exceptions import LarkError, UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    reader = _reader()
    brackets = reader.brackets
    collecting = gc.isenabled()
    gc.disable()  # a tree of a million tokens has no cycles worth looking for while it grows
    try:
        with suppress(KeyError, LarkError, ReadFault):
            tree: Tree[Token] = reader.quick(text + "\n", start)
            return tree
        return reader.lark.parse(text + "\n", start=start)  # there is a fault: find it with what lark knows
    except UnexpectedToken as fault:
        previous = fault.token_history[-1] if fault.token_history else None
        raise _fault(
            fault.token,
            fault.token.type,
            frozenset(fault.accepts or fault.expected or ()),
            str(previous or ""),
            brackets.stack,
        ) from None
    except UnexpectedCharacters as fault:
        raise ReadFault(
            fault.line,
            fault.column,
            str(fault.char),
            "<character>",
            frozenset(fault.allowed or ()),
            "",
            _opened(brackets.stack),
        ) from None
    except UnexpectedEOF as fault:
        raise ReadFault(
            fault.line, fault.column, "", "$END", frozenset(fault.expected), "", _opened(brackets.stack)
        ) from None
    finally:
        if collecting:
            gc.enable()


def _opened(stack: list[Any]) -> tuple[tuple[str, int, int], ...]:
    return tuple((str(t), int(t.line or 1), int(t.column or 1)) for t in stack)


def _fault(token: Token, kind: str, expected: frozenset[str], previous: str, stack: list[Any]) -> ReadFault:
    return ReadFault(token.line or 1, token.column or 1, str(token), kind, expected, previous, _opened(stack))
