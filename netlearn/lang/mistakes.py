"""From where reading stopped to what a person should type: the table of known mistakes of writing.

Each entry looks at the fault and the text around it; the first that applies gives the words. What no entry
knows is answered with what could have stood there and the form of the statement.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from netlearn.errors import Diagnostic, Source, Span
from netlearn.lang.spice import as_netlearn
from netlearn.syntax import MAX_DEPTH, ReadFault

CLOSERS = {"(": ")", "[": "]", "{": "}"}
BLOCKS = ("circuit", "module", "element", "task", "schedule", "mismatch", "for", "if", "else")
FORMS = {
    "netlearn": "netlearn 0.1",
    "import": 'import "std/edge.nl" as edge',
    "circuit": "circuit Name { ... }",
    "module": "module Name(a, b; r = 1k) { ... }",
    "element": "element Name(p, n; g = 1mS) { current i = g * v }",
    "model": "model name = NMOS { vto = 0.7V }",
    "bundle": "bundle twin { free, clamped }",
    "task": "task name on Circuit { ... }",
    "schedule": "schedule name { ... }",
    "mismatch": "mismatch name on Circuit { ... }",
    "net": "net a, b, n[9]",
    "state": "state k = learn(64, 1..127)",
    "let": "let rows = 4",
    "mesh": "mesh e = grid(3, 3) on n of R = 10k",
    "input": "input x = V(in)",
    "output": "output y = V(out)",
    "assert": "assert rows == 4",
    "label": "label y = V(goal) every 1ms",
    "plot": "plot V(out) against V(in)",
    "ideal": "ideal offset = 0V",
    "for": "for i in 0..3 { ... }",
    "if": "if i == 0 { ... } else { ... }",
    "else": "if i == 0 { ... } else { ... }",
    "data": "data x: [0.1V, 0.2V] -> y: [30mV, 60mV]",
    "rule": "rule coupled(eta = 0.5, rate = 1e-3)",
    "loss": "loss square",
    "stop": "stop error < 1mV or steps > 5000",
    "holdout": "holdout 0.3",
    "order": "order shuffled",
    "batch": "batch 10",
    "update": "update limited(fraction = 0.5)",
    "imperfection": "imperfection bias(sd = 0.8V/s)",
    "hold": "hold alpha for 10ms",
    "alternate": "alternate alpha, beta every 20ms",
    "repeat": "repeat 100",
    "seed": "seed 7",
    "samples": "samples 200",
    "corner": "corner tt, ss, ff",
    "yield": "yield error < 10mV",
    "current": "current i = g * v",
    "charge": "charge q = c * v",
    "voltage": "voltage e(p, n) = v0",
    "flux": "flux e = l * I(e)",
    "learn": "learn g 1uS..10mS",
}
_OF_FILE = ("netlearn", "import", "circuit", "module", "element", "model", "bundle", "task", "schedule", "mismatch")
_OF_CIRCUIT = (
    "net", "state", "let", "mesh", "input", "output", "label", "assert", "plot", "ideal", "for", "if", "else",
)  # fmt: skip
_OF_TASK = ("data", "rule", "update", "imperfection", "loss", "stop", "holdout", "order", "batch", "assert")
_OF_SCHEDULE = ("hold", "alternate", "repeat")
_OF_MISMATCH = ("seed", "samples", "corner", "yield")
_OF_ELEMENT = ("current", "charge", "voltage", "flux", "learn", "let")
HOMES: Mapping[str, tuple[str, ...]] = {
    "": _OF_FILE,
    "circuit": _OF_CIRCUIT,
    "module": _OF_CIRCUIT,
    "element": _OF_ELEMENT,
    "task": _OF_TASK,
    "schedule": _OF_SCHEDULE,
    "mismatch": _OF_MISMATCH,
}
KEYWORDS = {
    *FORMS,
    "in",
    "on",
    "of",
    "as",
    "like",
    "every",
    "at",
    "against",
    "lot",
    "match",
    "from",
    "implements",
    "and",
    "or",
    "not",
    "xor",
}
SIGNS = {
    "LPAR": "'('", "RPAR": "')'", "LSQB": "'['", "RSQB": "']'", "LBRACE": "'{'", "RBRACE": "'}'", "EQUAL": "'='",
    "COMMA": "','", "COLON": "':'", "SEMICOLON": "';'", "DOT": "'.'", "NAME": "a name", "NUMBER": "a number",
    "STRING": 'a "text"', "_NL": "the end of the line", "$END": "the end of the text", "TILDE": "'~'", "__ANON_0": "'->'",
    "STAR": "'*'",
}  # fmt: skip
_VALUE = {"NUMBER", "STRING", "LPAR", "LSQB", "MINUS", "NOT", "NAME"}
_OPERATORS = {
    "PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "CIRCUMFLEX", "XOR", "COMPARE", "AND", "OR", "__ANON_1", "__ANON_2",
}  # fmt: skip
_UNIT = re.compile(r"(?:[fpnuµμmkKMGT]|[Mm]eg)?(?:V|A|F|H|S|s|Hz|m|W|C|K|J|Ω|[oO]hms?|[vV]olts?)?|[fpnuµμkKMGT]")
LOOK_ALIKES = {
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": '"', "\u2019": '"', "\u2212": "-", "\u2013": "-",
    "\u2014": "--", "\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u2264": "<=", "\u2265": ">=", "\u2260": "!=",
    "\u2192": "->", "\u2026": "..", "\u00b2": "^2", "\u00b3": "^3", "\u00b1": "~", "\u00a0": "an ordinary blank",
    "\u202f": "an ordinary blank", "\u2009": "an ordinary blank", "\u3000": "an ordinary blank", "'": '"',
    "\u00f7": "/", "|": "or", "&": "and", "!": "not", "\\": "nothing: a statement goes on inside ( ) or [ ]",
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """A reading fault with the text around it."""

    fault: ReadFault
    source: Source

    @property
    def text(self) -> str:
        return self.fault.text

    @property
    def kind(self) -> str:
        return self.fault.token_type

    @cached_property
    def line(self) -> str:
        return self.source.line(self.fault.line)

    @cached_property
    def before(self) -> str:
        """The line up to the fault, without blanks at its end."""
        return self.line[: self.fault.column - 1].rstrip()

    @cached_property
    def after(self) -> str:
        """The line from the fault on."""
        return self.line[self.fault.column - 1 :]

    @cached_property
    def word(self) -> str:
        """The first word of the line."""
        found = re.match(r"\W*(\w*)", self.line)
        return found[1] if found else ""

    @property
    def opened(self) -> str:
        """The innermost open bracket."""
        return self.fault.opened[-1][0] if self.fault.opened else ""

    @cached_property
    def in_list(self) -> bool:
        """Inside ( ) or [ ], or inside braces that hold parameters."""
        return bool(self.opened) and not opens_block(self.source, *self.fault.opened[-1])

    @cached_property
    def block(self) -> str:
        """The kind of item whose braces this stands in (`circuit`, `task`, ...), or nothing."""
        found = [header(self.source.line(line)[: column - 1]) for _, line, column in self.fault.opened]
        return next((word for word in reversed(found) if word not in ("", "for", "if", "else")), "")

    def expects(self, *terminals: str) -> bool:
        return self.fault.expected.issuperset(terminals)


def header(before: str) -> str:
    """The word that opens the block whose brace follows this text, or nothing where it opens no block."""
    found = re.search(rf"(?:^|[{{}}])\s*({'|'.join(BLOCKS)})\b[^{{}}]*$", before)
    return found[1] if found else ""


def opens_block(source: Source, bracket: str, line: int, column: int) -> bool:
    """Whether an opening bracket is a brace that holds statements."""
    return bracket == "{" and header(source.line(line)[: column - 1]) != ""


Found = re.Match[str] | dict[str, str] | bool | None


@dataclass(frozen=True)
class Mistake:
    """A known mistake: when it applies, and its message and help (with what was found filled in)."""

    name: str
    applies: Callable[[Seen], Found]
    message: str
    help: str


def _line(pattern: str) -> Callable[[Seen], re.Match[str] | None]:
    compiled = re.compile(pattern)
    return lambda s: compiled.search(without_texts(s.line))


MISTAKES: tuple[Mistake, ...] = (
    Mistake("depth", lambda s: s.fault.previous == "<depth>", f"this is nested more than {MAX_DEPTH} deep", "give its inner parts names with let"),
    Mistake("long", lambda s: s.fault.previous == "<operators>", "this expression is too long", "give its parts names with let"),
    Mistake("dot card", _line(r"^\s*\.[A-Za-z]\w*"), "a card of SPICE is not read here", "{spice}"),
    Mistake("spice line", lambda s: s.word not in KEYWORDS and bool(as_netlearn(s.line)), "this looks like a line of SPICE", "{spice}"),
    Mistake("star comment", _line(r"^\s*\*+"), "'*' does not start a comment", "a comment starts with #"),
    Mistake("slash comment", _line(r"(?P<at>//|/\*).*"), "'{at}' does not start a comment", "a comment starts with #"),
    Mistake("semicolon comment", lambda s: s.text == ";" and re.fullmatch(r"\s*", s.before), "';' does not start a comment", "a comment starts with #"),
    Mistake("dash comment", lambda s: s.text == "--" and not s.before, "'--' does not start a comment", "a comment starts with #"),
    Mistake("continuation", _line(r"^\s*(?P<at>\+)"), "'+' does not continue the line before", "a statement goes on inside ( ) or [ ]"),
    Mistake("open quote", lambda s: s.text == '"', "this text is not closed", 'close it with " on the same line'),
    Mistake("plus or minus", _line(r"(?P<at>\+/?-|±)\s*(?P<value>[\d.]\S*)"), "a tolerance starts with ~", "write ~ {value}"),
    Mistake("arrow", _line(r"(?P<at>=>)"), "'=>' is not an arrow", "write ->"),
    Mistake("power", _line(r"(?P<at>\*\*)"), "'**' is not a power", "write ^"),
    Mistake("and or", lambda s: re.match(r"(?P<sign>&&?|\|\|?)", s.after), "'{sign}' is not an operator", "write {near_sign}"),
    Mistake("look-alike", lambda s: s.kind == "<character>" and s.text in LOOK_ALIKES, "'{text}' is not part of the language", "write {like}"),
    Mistake("character", lambda s: s.kind == "<character>", "'{text}' is not part of the language", "remove it"),
    Mistake("assign for compare", lambda s: s.text == "=" and s.word in ("if", "assert", "stop", "yield"), "'=' gives a value", "compare with =="),
    Mistake("compare for assign", lambda s: re.search(r"(?P<at>==)$", s.line[: s.fault.column]) if s.text == "=" and s.expects("NUMBER") else s.text == "==" and s.expects("EQUAL"), "'==' compares", "give a value with ="),
    Mistake("colon for equals", lambda s: s.text == ":" and s.expects("EQUAL"), "':' does not give a value", "write ="),
    Mistake("parameter among ports", lambda s: s.text == "=" and s.in_list and s.word in ("circuit", "module", "element") and s.expects("COLON") and re.search(r"(?P<at>\w+)$", s.before), "parameter '{at}' stands among the ports", "write a ; before it: (; {at} = ...)"),
    Mistake("colon for default", lambda s: s.kind == "NUMBER" and s.in_list and s.before.endswith(":") and s.word in ("circuit", "module", "element"), "':' does not give a value", "write = {text}"),
    Mistake("semicolon in a list", lambda s: s.text == ";" and s.in_list, "';' does not part these", "write ,"),
    Mistake("lone name", lambda s: s.text == "=" and s.word not in FORMS and re.fullmatch(r"\s*(?P<at>\w+)", s.before), "'{at}' is given a value, and not declared", "write let {at} = ..., or the kind of an element before it"),
    Mistake("equals for colon", lambda s: s.text == "=" and s.expects("COLON"), "'=' cannot stand here", "write :, as in {form}"),
    Mistake("open bracket", lambda s: _unclosed(s) is not None, "this '{open}' is never closed", "close it with {close}"),
    Mistake("stray close", lambda s: s.text in (")", "]", "}") and (not s.opened or (s.text != "}" and s.opened == "{")), "'{text}' closes nothing", "remove it, or write the '{opener}' it belongs to"),
    Mistake("wrong close", lambda s: s.text in (")", "]") and s.opened in ("(", "[") and CLOSERS[s.opened] != s.text, "'{text}' does not close '{opened}'", "write {close} here"),
    Mistake("comma too many", lambda s: s.text in (",", ")", "]", "}", "\n") and re.search(r"[,;(\[]$", s.before) and not s.expects("RPAR"), "a value is missing before '{shown}'", "{remedy}"),
    Mistake("comma in index", lambda s: s.text == "," and s.opened == "[" and s.expects("RSQB"), "an index has no ','", "write n[0][1] for two indices, ( ) for connections"),
    Mistake("import unquoted", _line(r"^\s*import\s+(?P<at>[\w./-]+)"), "a file name stands in quotes", 'write import "{at}"'),
    Mistake("digits apart", lambda s: re.fullmatch(r"_[\d_]*\w*", s.text) and re.search(r"(?P<head>[\d.]+)$", s.before), "'_' cannot stand inside a number", "write {joined}"),
    Mistake("decimal comma", lambda s: s.kind == "NUMBER" and re.search(r"(?P<head>\d+),$", s.before) if s.before == s.line[: s.fault.column - 1] else None, "',' does not part the digits of a number", "write {head}.{text}"),
    Mistake("unit apart", lambda s: s.kind == "NAME" and bool(_UNIT.fullmatch(s.text)) and re.search(r"(?P<head>[\d.]+(?:[eE][+-]?\d+)?)$", s.before), "'{text}' stands apart from its number", "write {head}{text} without a blank"),
    Mistake("tolerance", lambda s: s.kind == "NUMBER" and s.text.endswith("%") and s.expects("TILDE"), "a tolerance starts with ~", "write ~ {text}"),
    Mistake("range", lambda s: s.text == ":" and re.search(r"(?P<low>[\w.]+)$", s.before) and re.match(r":\s*[\d.]", s.after), "':' does not make a range", "write .. between its ends, as in 0..7"),
    Mistake("python block", lambda s: s.text == ":" and s.line.rstrip().endswith(":"), "':' does not open a block", "open it with {{"),
    Mistake("two dots", lambda s: s.text == "." and s.before.endswith(".."), "a range has two dots", "write .. between its ends, as in 0..7"),
    Mistake("nested item", lambda s: _nested(s), "a {inner} cannot stand inside a {outer}", "move it out of the {outer}"),
    Mistake("misplaced", lambda s: _misplaced(s), "'{wrong}' cannot stand {where}", "{move}"),
    Mistake("late header", lambda s: s.text == "netlearn", "the version stands before everything else", "write netlearn 0.1 in the first line"),
    Mistake("keyword", lambda s: _misspelt(s), "unknown word '{wrong}'", "did you mean '{near}'?"),
    Mistake("outside", lambda s: s.kind == "NAME" and not s.opened and s.expects("CIRCUIT"), "'{text}' stands outside of a circuit or module", "write it inside circuit Name {{ ... }}"),
    Mistake("not a statement", lambda s: not s.before and s.expects("NET"), "'{shown}' cannot start a statement", "write for example R r1(a, b) = 10k"),
    Mistake("semicolon", lambda s: s.text == ";", "';' does not end a statement", "write one statement a line"),
    Mistake("missing comma", lambda s: s.kind in ("NAME", "NUMBER", "STRING") and s.expects("COMMA") and (s.in_list or s.word in ("net", "corner", "bundle")), "a ',' is missing before '{text}'", "write , between the parts"),
    Mistake("missing arrow", lambda s: s.word == "data" and s.expects("__ANON_0"), "'->' is missing between the inputs and the outputs", "write {form}"),
    Mistake("no block", lambda s: s.kind == "_NL" and s.expects("LBRACE") and s.word in BLOCKS, "the block is missing", "open it on this line with {{"),
    Mistake("no value", lambda s: s.kind in ("_NL", "RBRACE", "TILDE", "LBRACE") and re.search(r"(?P<at>=)$", s.before), "a value is missing after '='", "write {example}"),
    Mistake("no operand", lambda s: s.kind in ("_NL", "RBRACE", "RPAR", "RSQB", "COMMA", "SLASH", "STAR", "PLUS", "LBRACE") and re.search(r"(?P<at>\.\.|--|[-+*/%^<>]|\b(?:and|or|not|xor))$", s.before), "a value is missing after '{at}'", "write what it is applied to"),
    Mistake("no ports", lambda s: s.text == "{" and s.word in ("module", "element") and s.expects("LPAR"), "the ports of this {word} are missing", "write {form}"),
    Mistake("no name", lambda s: s.fault.expected == {"NAME"} or (s.text in ("(", "=", "{") and s.fault.expected <= {"NAME", "DOT"}), "a name is missing before '{shown}'", "write {form}"),
    Mistake("no equals", lambda s: (s.kind in ("NAME", "NUMBER", "STRING", "LPAR", "LSQB", "MINUS") or s.text in KEYWORDS) and s.expects("EQUAL") and not s.expects("LPAR"), "a '=' is missing before '{text}'", "write = {text}"),
    Mistake("no connections", lambda s: s.kind in ("EQUAL", "_NL", "LBRACE", "TILDE", "NAME", "NUMBER") and s.expects("LPAR") and bool(re.fullmatch(r"\s*(?:[{}]\s*)?[\w.]+\s+\w+(?:\s*\[[^\]]*\])*", s.before)), "the connections are missing before '{shown}'", "write them in parentheses: {placed}"),
    Mistake("missing word", lambda s: _missing_word(s), "'{missing}' is missing before '{shown}'", "write {form}"),
    Mistake("second statement", lambda s: s.kind not in ("_NL", "$END", "RBRACE") and s.expects("_NL") and (s.kind == "NAME" or s.text in KEYWORDS) and s.text not in ("on", "of", "in", "as"), "'{text}' does not belong to the statement before it", "start a new line before it"),
    Mistake("text ends", lambda s: s.kind == "$END", "the text ends too early", "expected {expected}"),
    Mistake("line ends", lambda s: s.kind == "_NL", "the line ends too early", "expected {expected}"),
    Mistake("anything", lambda s: True, "unexpected '{text}'", "expected {expected}"),
)  # fmt: skip


def blamed(source: Source, opened: Sequence[tuple[str, int, int]]) -> tuple[str, int, int]:
    """The brace that was forgotten: the first whose closing line is indented less than its own line."""
    stack: list[tuple[str, int, int]] = []
    lines = source.text.split("\n")
    for number, line in enumerate(lines, 1):
        bare = without_texts(line)
        indent = len(bare) - len(bare.lstrip())
        for column, sign in enumerate(bare, 1):
            if sign == "{":
                stack.append((sign, number, column))
            elif sign == "}" and stack:
                last = stack.pop()
                opener = lines[last[1] - 1]
                if not bare[: column - 1].strip() and indent < len(opener) - len(opener.lstrip()):
                    return last
    return opened[-1]


def without_texts(line: str) -> str:
    """A line with its comment and the insides of its texts made blank, every column kept."""
    return re.sub(r'"[^"]*"?|#.*', lambda m: " " * len(m[0]), line)


def _unclosed(s: Seen) -> tuple[str, int, int] | None:
    """The bracket to blame: still open at the end, or open where what stands here can only follow it."""
    if not s.opened:
        return None
    last = s.fault.opened[-1]
    if s.kind == "$END" or (s.text in _OF_FILE and s.fault.column == 1):
        return blamed(s.source, s.fault.opened) if last[0] == "{" else last
    if s.text in (")", "]", ",") or not s.in_list:
        return None
    if s.text == "}":
        return last if last[0] in "([" else None
    if last[0] == "{":
        return last if s.fault.line > last[1] and s.expects("RBRACE") else None
    return last if s.fault.line > last[1] or s.text in ("~", "{", "->", "of", "=") else None


def _nested(s: Seen) -> dict[str, str] | None:
    """A circuit or module that is opened within another one."""
    headers = [
        (word, line, column)
        for _, line, column in s.fault.opened
        if (word := header(s.source.line(line)[: column - 1]))
    ]
    items = [h for h in headers if h[0] not in ("for", "if", "else")]
    if len(items) < 2 or s.fault.line == items[1][1]:
        return None
    word, line, _ = items[1]
    column = s.source.line(line).index(word) + 1
    return {"inner": word, "outer": items[0][0], "wrong": word, "line": str(line), "column": str(column)}


def _misplaced(s: Seen) -> dict[str, str] | None:
    """A statement in the wrong kind of block."""
    found = re.match(r"[\s{}]*(?P<at>\w+)", s.line)
    if found is None or s.in_list or found.end() > s.fault.column + len(s.text) or found["at"] not in FORMS:
        return None
    word = found["at"]
    if any(line == s.fault.line and column > found.end() for _, line, column in s.fault.opened):
        return None  # it opens the block that the fault is in
    if word in HOMES[s.block] or (word == "else" and not s.block):
        return None
    home = next(kind for kind, words in HOMES.items() if word in words)
    where = f"inside a {s.block}" if s.block else "outside of braces"
    move = f"it belongs into a {home}" if home else f"move it out of the {s.block}"
    return {"wrong": word, "where": where, "move": move, "column": str(found.start("at") + 1)}


def _misspelt(s: Seen) -> dict[str, str] | None:
    """A word that is nearly the keyword wanted here, or that starts a line which then makes no sense."""
    wanted = set() if s.in_list else {e.lower() for e in s.fault.expected} & KEYWORDS
    if s.kind == "NAME" and (near := nearest(s.text, wanted)):
        return {"wrong": s.text, "near": near}
    first = re.match(r"\s*(?:[{}]\s*)?(?P<at>[A-Za-z]+)\s+[\w\[\].]+$", s.before)
    if first is None or s.in_list or first["at"] in KEYWORDS or s.text == "(":
        return None
    near = nearest(first["at"], {*_OF_CIRCUIT} if s.opened else {*_OF_FILE})
    return {"wrong": first["at"], "near": near, "column": str(first.start("at") + 1)} if near else None


def _missing_word(s: Seen) -> dict[str, str] | None:
    """The small word that joins the parts of a statement."""
    missing = next((w for w in ("on", "of", "in") if s.expects(w.upper())), "")
    return (
        {"missing": missing} if missing and not s.in_list and s.kind in ("NAME", "NUMBER", "LPAR", "LBRACE") else None
    )


def nearest(word: str, known: set[str] | Sequence[str]) -> str:
    """The known word that this one was probably meant to be, or nothing."""
    if len(word) < 2:
        return ""
    close = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.66)
    return close[0] if close else ""


def _expected(s: Seen) -> str:
    """What could have stood there, values and operators named as groups, and the form of the statement."""
    rest = set(s.fault.expected)
    names = []
    if rest >= _VALUE - {"NOT"}:
        names.append("a value")
        rest -= _VALUE
    if len(rest & _OPERATORS) > 5:
        rest -= _OPERATORS
        names.append("an operator")
    names += sorted(SIGNS.get(e, f"'{e.lower()}'") for e in rest if not e.startswith("__") or e in SIGNS)
    form = f", as in {_form(s)}" if _form(s) else ""
    return _listed(names[:8]) + form


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names) or "something else"


def _form(s: Seen) -> str:
    """The form of the statement on this line."""
    if s.word in FORMS:
        return FORMS[s.word]
    return "R r1(a, b) = 10k" if s.word and s.opened else ""


def explain(fault: ReadFault, source: Source) -> Diagnostic:
    """The diagnostic of one reading fault, from the table."""
    seen = Seen(fault, source)
    mistake, found = next((m, f) for m in MISTAKES if (f := m.applies(seen)))
    fields = _fields(seen, found)
    return Diagnostic(
        mistake.message.format_map(fields), source, _place(seen, mistake, found), mistake.help.format_map(fields)
    )


def _place(s: Seen, mistake: Mistake, found: Found) -> Span:
    """Where the caret goes: the bracket to blame, the matched part, the whole line, or the offending text."""
    if mistake.name == "open bracket" and (opened := _unclosed(s)):
        return Span(opened[1], opened[2])
    if isinstance(found, dict) and found.get("column"):
        return Span(int(found.get("line", s.fault.line)), int(found["column"]), len(found["wrong"]))
    if isinstance(found, re.Match) and found.re.groupindex.get("at") and found.start("at") >= 0:
        return Span(s.fault.line, found.start("at") + 1, max(1, len(found["at"])))
    if mistake.name in ("spice line", "dot card"):
        bare = without_texts(s.line).rstrip()
        return Span(s.fault.line, len(bare) - len(bare.lstrip()) + 1, max(1, len(bare.strip())))
    if s.kind in ("_NL", "$END"):
        return Span(s.fault.line, len(s.before) + 1)
    return Span(s.fault.line, s.fault.column, max(1, len(s.text)))


def _fields(s: Seen, found: Found) -> dict[str, str]:
    opened = _unclosed(s) or (s.fault.opened[-1] if s.fault.opened else ("", 0, 0))
    text = s.text if s.text.isprintable() else repr(s.text)[1:-1]
    fields = {
        "text": text,
        "shown": {"_NL": "the end of the line", "$END": "the end of the text"}.get(s.kind, text),
        "open": opened[0],
        "close": CLOSERS.get(opened[0], ""),
        "opened": s.opened,
        "opener": {v: k for k, v in CLOSERS.items()}.get(s.text, ""),
        "word": s.word,
        "form": _form(s) or "R r1(a, b) = 10k",
        "like": LOOK_ALIKES.get(s.text, ""),
        "near_sign": {"&": "and", "|": "or"}.get(s.after[:1], ""),
        "spice": as_netlearn(s.line),
        "placed": f"{s.before.strip().lstrip('{} ')}(a, b) = 10k",
        "example": _example(s),
        "remedy": "write what belongs here" + (", or remove a ','" if s.before.endswith(",") else ""),
        "expected": _expected(s),
    }
    if isinstance(found, dict):
        return {**fields, **found}
    if isinstance(found, re.Match):
        groups = {k: v or "" for k, v in found.groupdict().items()}
        head = groups.get("head", "")
        return {**fields, **groups, "joined": head + s.text.replace("_", "")}
    return fields


def _example(s: Seen) -> str:
    """A value as the statement on this line wants it."""
    units = {"R": "10k", "C": "10nF", "L": "1mH", "V": "1V", "I": "1mA"}
    if s.word in units:
        return f"a value, such as {units[s.word]}"
    return FORMS.get(s.word, "a number with its unit, such as 10k or 0.5V")
