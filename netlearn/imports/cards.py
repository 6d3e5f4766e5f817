"""The statements of a SPICE file as cards of words, each word with its place, files that it includes in their places.

`.lib name` begins a section where an `.endl` closes it, and only a chosen section is read. Without one it is what PSpice and
LTspice write for `.include`.

A netlist is data: files are read inside the allowed folders only (the rules of `netlearn.lang.library`), no more of them than
MAX_CHARACTERS together, and no deeper than MAX_IMPORT_DEPTH within each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any

from netlearn.errors import Diagnostic, Source, Span
from netlearn.imports.commands import IDLE, Pieces, apart
from netlearn.lang.library import MAX_IMPORT_DEPTH, locate, read_text
from netlearn.lang.values import Fault
from netlearn.spice import statements
from netlearn.syntax import MAX_CHARACTERS

MAX_CARDS = 200_000
MAX_CARD = 100_000  # characters of one statement
_WORD = re.compile(r"""\{[^{}]*\}|'[^']*'|"[^"]*"|[=(),]|\$\[[^\]]*\]|[^\s=(),{}'"]+|.""")


Functions = dict[str, tuple[tuple[str, ...], tuple[Any, ...]]]


class Refused(Exception):
    """What cannot be read, and where."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True)
class Word:
    """A piece of a card: its text, and where it begins and ends in the card's text."""

    text: str
    start: int
    end: int

    @property
    def key(self) -> str:
        """What it is compared by: SPICE knows no case."""
        return self.text.lower()

    @property
    def inside(self) -> str:
        """The text without the braces or quotes around it."""
        return self.text[1:-1] if self.text[0] in "{'\"" and len(self.text) > 1 else self.text


@dataclass(frozen=True)
class Card:
    """A statement: the lines that it is made of joined by blanks, and where each of them lies in its source."""

    source: Source
    lines: Pieces
    """With the + of later lines left out."""
    cdl: bool = False
    mega: bool = False
    """Whether some readers take M for 1e6."""
    functions: Functions = field(default_factory=dict)
    """Of `.func`, by name in small letters: the names of its arguments, and its formula as a tree."""
    text: str = field(init=False)
    words: tuple[Word, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", " ".join(text for _, _, text in self.lines))
        words = tuple(Word(m[0], m.start(), m.end()) for m in _WORD.finditer(self.text) if m[0].strip())
        object.__setattr__(self, "words", words)

    @property
    def name(self) -> str:
        """The first word, in small letters: `.param`, `r1`."""
        return self.words[0].key

    def span(self, word: Word | None = None) -> Span:
        """Where a word lies in the source (all of its first line without one)."""
        start, end = (word.start, word.end) if word else (0, len(self.lines[0][2]))
        begins = list(accumulate((len(text) + 1 for _, _, text in self.lines), initial=0))
        at = max(k for k, begin in enumerate(begins[:-1]) if begin <= start)
        number, column, text = self.lines[at]
        offset = start - begins[at]
        return Span(number, column + offset, max(1, min(end - start, len(text) - offset)))

    def refused(self, message: str, word: Word | None = None, help: str = "") -> Refused:
        """What is wrong with a word of this card, or with all of it."""
        return Refused(Diagnostic(message, self.source, self.span(word), help))


@dataclass
class Reader:
    """Reads files into cards, and collects what is refused on the way."""

    allowed: tuple[Path, ...]
    cdl: bool
    mega: bool = False
    functions: Functions = field(default_factory=dict)
    faults: list[Diagnostic] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: int = MAX_CHARACTERS
    cards: int = MAX_CARDS

    def top(self, source: Source, folder: Path | None) -> Iterator[Card]:
        """The cards of a whole netlist: of SPICE the first line is its title, CDL has none."""
        title, _, rest = source.text.partition("\n")
        if self.cdl:
            yield from self._file(source, source.text, folder, ())
            return
        if re.match(r"\s*[.+]", title) and not re.match(r"\s*\.title\b", title, re.IGNORECASE):
            place = Diagnostic(
                "the first line of a SPICE file is its title: this statement would not be read",
                source,
                Span(1, 1, len(title.rstrip())),
                "put a line with a title in front",
            )
            raise Refused(place)
        self.notes.append(title.strip().lstrip("*").strip())
        yield from self._file(source, f"\n{rest}", folder, ())

    def _file(
        self, source: Source, text: str, folder: Path | None, chain: tuple[Path, ...], part: str = ""
    ) -> Iterator[Card]:
        self.left -= len(text)
        if self.left < 0:
            fault = f"the files of this netlist have more than {MAX_CHARACTERS} characters together"
            raise Refused(Diagnostic(fault, Source(source.name, ""), Span(1, 1), "import its parts one by one"))
        cards = list(takewhile(lambda card: card.name != ".end", self._cards(source, text)))
        opening = _sections(cards)
        here, seen = "", not part
        for at, card in enumerate(cards):
            word = card.name
            if word == ".endl":
                here = ""
            elif at in opening:
                here = _chosen_of(card, part)
                seen = seen or here == part
            elif here != part:
                _refuse_open(card)
            elif word in (".include", ".inc", ".lib"):
                yield from self._included(card, folder, chain)
            else:
                yield card
        if not seen:
            raise Refused(
                Diagnostic(f"there is no section '{part}' here", source, Span(1, 1), "name one that is there")
            )

    def _cards(self, source: Source, text: str) -> Iterator[Card]:
        lines: Sequence[str] = text.split("\n")
        if self.cdl:
            lines, commands = apart(lines)
            for pieces in commands:
                yield from self._command(self._card(source, pieces))
        for found in statements(lines):
            card = self._card(source, tuple(_piece(number, line, k > 0) for k, (number, line) in enumerate(found)))
            if card.words:
                yield card

    def _card(self, source: Source, pieces: Pieces) -> Card:
        self.cards -= 1
        if self.cards < 0 or sum(len(text) for _, _, text in pieces) > MAX_CARD:
            what = (
                f"more than {MAX_CARDS} statements"
                if self.cards < 0
                else f"a statement of more than {MAX_CARD} characters"
            )
            raise Refused(Diagnostic(what, source, Span(pieces[0][0], 1), "import its parts one by one"))
        return Card(source, pieces, self.cdl, self.mega, self.functions)

    def _command(self, card: Card) -> Iterator[Card]:
        """A line `*.WORD` of CDL: what of it is a statement."""
        name, rest = card.name[1:], [word.key for word in card.words[1:]]
        self.mega = self.mega or name == "mega"
        if name == "global":
            yield card
        elif name == "scale" and rest != ["meter"]:
            fault = card.refused(
                f"'*{card.text.strip()}' is not read", None, "write sizes with their u, and *.SCALE METER"
            )
            self.faults.append(fault.diagnostic)
        elif name not in IDLE | {"scale", "mega"}:
            help = "take the line out, and write what it says where it belongs"
            self.faults.append(card.refused(f"'*{card.words[0].text}' is not read", card.words[0], help).diagnostic)

    def _included(self, card: Card, folder: Path | None, chain: tuple[Path, ...]) -> Iterator[Card]:
        if len(card.words) < 2:
            raise card.refused(f"{card.name} names no file", None, f'write {card.name} "models.inc"')
        word = card.words[1]
        section = card.words[2].key if card.name == ".lib" and len(card.words) > 2 else ""
        path_text = word.inside if word.text[0] in "'\"" else card.text[word.start :].split()[0]
        try:
            path = locate(path_text, folder, self.allowed, None, "it")
            if path in chain and not section:
                names = " -> ".join(p.name for p in (*chain[chain.index(path) :], path))
                raise Fault(f"this include goes round in a circle: {names}", None, "take one of them out")
            if len(chain) >= MAX_IMPORT_DEPTH:
                raise Fault(f"files are nested more than {MAX_IMPORT_DEPTH} deep", None)
            text = read_text(path, None)
        except Fault as fault:
            if _alone(card):
                help = f"write .include {word.text} for a file, or .endl where the section ends"
                raise card.refused(f"no .endl closes a section {word.text}, and {fault.message}", word, help) from None
            raise card.refused(fault.message, word, fault.help) from None
        yield from self._file(Source(str(path), text), text, path.parent, (*chain, path), section)


def _alone(card: Card) -> bool:
    """Whether it is `.lib` with one word: the begin of a section, or as PSpice writes it a file that is included."""
    return card.name == ".lib" and len(card.words) == 2


def _sections(cards: Sequence[Card]) -> set[int]:
    """Which cards begin a section: those that an `.endl` closes before the next begins. Refused for one that closes none."""
    found: set[int] = set()
    opened = None
    for at, card in enumerate(cards):
        if _alone(card):
            opened = at
        elif card.name == ".endl":
            if opened is None:
                raise card.refused("no section is open here", None, "take it out, or write .lib name where one begins")
            name = cards[opened].words[1]
            if len(card.words) > 1 and card.words[1].key != name.key:
                raise card.refused(
                    f"'{name.text}' is the section that is open", card.words[1], f"write .endl {name.text}"
                )
            found.add(opened)
            opened = None
    return found


def _chosen_of(card: Card, part: str) -> str:
    """The name of a section that begins; Refused where a file is read whole, for it would be left out silently."""
    if not part:
        name = card.words[1]
        help = f"take it out, or choose it: .lib 'file' {name.text}"
        raise card.refused(f"nothing chooses the section '{name.text}'", name, help)
    return card.words[1].key


def _refuse_open(card: Card) -> None:
    """Refused for the begin of a section that nothing closes, among what is not read."""
    if _alone(card):
        name = card.words[1]
        raise card.refused(f"no .endl closes the section '{name.text}'", name, "write .endl where it ends")


def _piece(number: int, line: str, continues: bool) -> tuple[int, int, str]:
    """A line of a statement with the column at which it begins, without the + that continues one."""
    text = line.replace("\t", " ").rstrip()
    column = len(text) - len(text.lstrip()) + (1 if continues else 0)
    return number, column + 1, text[column:]
