"""From where reading stopped to what a person should type: the table of known mistakes of writing.

Each entry looks at the fault and the line it stands on; the first that applies gives the words. What no entry
knows is answered with what could have stood there.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

from netlearn.errors import Diagnostic, Source, Span
from netlearn.syntax import MAX_DEPTH, ReadFault, parse

MOST_FAULTS = 20
LONGEST_RETRY = 300_000  # characters: a longer text shows its first fault only

KEYWORDS = {
    "circuit", "module", "bundle", "task", "mismatch", "import", "element", "model", "net", "state", "let", "mesh",
    "input", "output", "assert", "for", "if", "else", "in", "on", "of", "data", "rule", "stop", "loss", "holdout",
    "order", "seed", "samples", "corner", "yield", "current", "charge", "voltage", "flux", "learn", "netlearn",
}  # fmt: skip
WORDS = {
    "LPAR": "'('", "RPAR": "')'", "LSQB": "'['", "RSQB": "']'", "LBRACE": "'{'", "RBRACE": "'}'", "EQUAL": "'='",
    "COMMA": "','", "COLON": "':'", "SEMICOLON": "';'", "DOT": "'.'", "NAME": "a name", "NUMBER": "a number",
    "STRING": 'a "text"', "_NL": "the end of the line", "$END": "the end of the file", "TILDE": "'~'", "STAR": "'*'",
    "SLASH": "'/'", "PLUS": "'+'", "MINUS": "'-'", "PERCENT": "'%'", "CIRCUMFLEX": "'^'", "COMPARE": "a comparison",
    "XOR": "'xor'", "__ANON_0": "'->'", "__ANON_1": "'--'", "__ANON_2": "'..'",
}  # fmt: skip

Answer = tuple[str, str]


@dataclass(frozen=True)
class Mistake:
    """A known mistake: when it applies, and its message and help (with what was matched filled in)."""

    name: str
    applies: Callable[[ReadFault, str], re.Match[str] | bool | None]
    message: str
    help: str


def _line(pattern: str) -> Callable[[ReadFault, str], re.Match[str] | None]:
    compiled = re.compile(pattern)
    return lambda fault, line: compiled.search(line)


def _token(*texts: str) -> Callable[[ReadFault, str], bool]:
    return lambda fault, line: fault.text in texts


MISTAKES: tuple[Mistake, ...] = (
    Mistake("depth", lambda f, s: f.previous == "<depth>", f"brackets are nested more than {MAX_DEPTH} deep", "give the inner parts names with let"),
    Mistake("open bracket", lambda f, s: _unclosed(f) is not None, "this {open} is never closed", "close it with {close}"),
    Mistake("stray close", lambda f, s: f.text in (")", "]", "}") and not f.opened, "'{text}' closes nothing", "remove it"),
    Mistake("wrong close", lambda f, s: f.text in (")", "]", "}") and bool(f.opened) and _PAIRS[f.opened[-1][0]] != f.text, "'{text}' does not close '{opened}' of line {opened_line}", "close '{opened}' first"),
    Mistake("dot card", _line(r"^\s*\.(?P<card>\w+)"), "'.{card}' is a SPICE card", "{card_help}"),
    Mistake("spice source", _line(r"^\s*(?P<k>[VvIi])(?P<n>\w*)\s+(?P<a>\w+)\s+(?P<b>\w+)\s+(?:[Dd][Cc]\s+)?(?P<v>[\d.][\w.]*)\s*$"), "this looks like a SPICE line", "write {K} {k}{n}({a}, {b}) = {v}"),
    Mistake("spice two terminal", _line(r"^\s*(?P<k>[RrCcLl])(?P<n>\w*)\s+(?P<a>\w+)\s+(?P<b>\w+)\s+(?P<v>[\d.][\w.]*)\s*$"), "this looks like a SPICE line", "write {K} {k}{n}({a}, {b}) = {v}"),
    Mistake("spice diode", _line(r"^\s*(?P<k>[Dd])(?P<n>\w*)\s+(?P<a>\w+)\s+(?P<b>\w+)\s+(?P<m>\w+)\s*$"), "this looks like a SPICE line", "write D {k}{n}({a}, {b}) {{ model = {m} }}"),
    Mistake("spice transistor", _line(r"^\s*(?P<k>[Mm])(?P<n>\w*)\s+(?P<d>\w+)\s+(?P<g>\w+)\s+(?P<s>\w+)\s+(?P<b>\w+)\s+(?P<m>\w+)"), "this looks like a SPICE line", "write NMOS {k}{n}({d}, {g}, {s}, {b}) {{ model = {m} }}"),
    Mistake("spice controlled", _line(r"^\s*(?P<k>[EeGg])(?P<n>\w*)\s+(?P<a>\w+)\s+(?P<b>\w+)\s+(?P<c>\w+)\s+(?P<d>\w+)\s+(?P<v>[\d.][\w.]*)\s*$"), "this looks like a SPICE line", "write {VC} {k}{n}({a}, {b}, {c}, {d}) = {v}"),
    Mistake("spice subcircuit", _line(r"^\s*[Xx](?P<n>\w*)\s+(?P<rest>\w+(\s+\w+)+)\s*$"), "this looks like a SPICE line", "write the module's name first: {last} x{n}({ports})"),
    Mistake("comment", _token("*", "//", ";"), "'{text}' cannot start a line", "a comment starts with #"),
    Mistake("slash comment", _line(r"^\s*(//|/\*)"), "a comment starts with #", "write # instead of //"),
    Mistake("continuation", _line(r"^\s*\+"), "'+' does not continue a line", "a statement goes on inside ( ) or [ ]"),
    Mistake("keyword", lambda f, s: _keyword(f), "unexpected '{text}'", "did you mean '{near}'?"),
    Mistake("no brace", lambda f, s: f.token_type == "_NL" and "LBRACE" in f.expected and re.match(r"\s*(circuit|module|task|for|if|mismatch|element)\b", s) is not None, "the block is missing", "open it on this line with {{"),
    Mistake("nothing after equals", lambda f, s: f.token_type in ("_NL", "RBRACE") and s[: f.column - 1].rstrip().endswith("="), "a value is missing after '='", "write a number with its unit, such as 10k or 0.5V"),
    Mistake("equals for colon", lambda f, s: f.text == "=" and re.match(r"\s*data\b", s) is not None, "'=' in data", "write data x: [...] -> y: [...]"),
    Mistake("double equals", lambda f, s: f.text == "==" and not re.match(r"\s*(if|assert|stop)", s), "'==' compares", "a value is given with ="),
    Mistake("assign for compare", lambda f, s: f.text == "=" and re.match(r"\s*(if|assert|stop)\b", s) is not None, "'=' gives a value", "compare with =="),
    Mistake("power", lambda f, s: f.text == "*" and s[max(0, f.column - 2) : f.column] == "**", "'**' is not a power", "write ^"),
    Mistake("comma for range", lambda f, s: f.text == ":" and bool(re.search(r"\d\s*:\s*\d", s)), "':' between numbers", "a range is written 0..7"),
    Mistake("python block", lambda f, s: f.text == ":" and s.rstrip().endswith(":"), "':' does not open a block", "open it with {{"),
    Mistake("semicolon", _token(";"), "';' does not end a statement", "write one statement a line"),
    Mistake("missing comma", lambda f, s: f.token_type in ("NAME", "NUMBER") and bool(f.opened) and f.opened[-1][0] in "([" and "COMMA" in f.expected, "a ',' is missing before '{text}'", "write , between the parts"),
    Mistake("two numbers", lambda f, s: f.token_type == "NUMBER" and re.search(r"\d\s+$", s[: f.column - 1]) is not None, "a blank inside a number", "write the number and its unit without a blank"),
    Mistake("unit apart", lambda f, s: f.token_type == "NAME" and re.search(r"\d\s+$", s[: f.column - 1]) is not None, "'{text}' stands apart from its number", "write the unit without a blank: 10k, 5mV"),
    Mistake("quote", lambda f, s: f.text == '"', 'a text is not closed', 'close it with " on the same line'),
    Mistake("single quote", _token("'"), "''' is not a quote here", 'write texts in "double quotes"'),
    Mistake("underscore number", lambda f, s: f.token_type == "NAME" and f.text.startswith("_") and re.search(r"\d$", s[: f.column - 1]) is not None, "'_' inside a number", "write the digits together, or use k, M, G"),
    Mistake("thousands", lambda f, s: f.token_type == "NUMBER" and s[: f.column - 1].endswith(","), "',' inside a number", "write a point: 1.5k"),
    Mistake("no parentheses", lambda f, s: f.token_type in ("EQUAL", "_NL", "LBRACE") and "LPAR" in f.expected and re.match(r"\s*[A-Za-z_.]+\s+\w+(\[\d+\])?\s*(=|\{{|$)", s) is not None, "the connections are missing", "write them after the name: R r1(a, b) = 10k"),
    Mistake("no name", lambda f, s: f.text == "(" and re.match(r"\s*[A-Za-z_.]+\s*\($", s[: f.column]) is not None, "this element has no name", "write R r1(a, b) = 10k"),
    Mistake("outside", lambda f, s: f.token_type == "NAME" and not f.opened and bool({"CIRCUIT", "MODULE"} & f.expected), "'{text}' stands outside of a circuit or module", "put it into circuit Name {{ ... }}"),
    Mistake("character", lambda f, s: f.token_type == "<character>", "'{text}' is not part of the language", "remove it"),
    Mistake("file ends", lambda f, s: f.token_type == "$END", "the text ends too early", "expected {expected}"),
    Mistake("line ends", lambda f, s: f.token_type == "_NL", "the line ends too early", "expected {expected}"),
    Mistake("anything", lambda f, s: True, "unexpected '{text}'", "expected {expected}"),
)  # fmt: skip

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_CARDS = {
    "model": "write model name = NMOS { vto = 0.7V }",
    "subckt": "write module Name(a, b; r = 1k) { ... }",
    "ends": "a module ends with }",
    "end": "nothing is needed at the end",
    "param": "write let x = 1k, or a parameter of the circuit: circuit A(; x = 1k)",
    "include": 'write import "file.nl"',
    "lib": 'write import "file.nl"',
    "control": "nothing in a netlist runs a program; use the netlearn command",
}


def _unclosed(fault: ReadFault) -> tuple[str, int, int] | None:
    """The bracket to blame: still open at the end, or ( [ with a new statement or } inside."""
    if not fault.opened:
        return None
    last = fault.opened[-1]
    if fault.token_type in ("$END", "_NL") and last[0] != "{":
        return last
    if fault.token_type == "$END":
        return last
    if last[0] in "([" and fault.line > last[1] and fault.text not in (")", "]"):
        return last
    if fault.token_type == "NAME" and last[0] == "{" and False:
        return last
    if (
        fault.text in KEYWORDS & {"circuit", "module", "task", "bundle", "mismatch", "element", "import", "model"}
        and fault.column == 1
    ):
        return fault.opened[0]
    return None


def _keyword(fault: ReadFault) -> bool:
    return fault.token_type == "NAME" and bool(_near(fault))


def _near(fault: ReadFault) -> str:
    wanted = {e.lower() for e in fault.expected} & KEYWORDS
    close = difflib.get_close_matches(fault.text, sorted(wanted), n=1, cutoff=0.7)
    return close[0] if close else ""


def _expected(fault: ReadFault) -> str:
    names = sorted({WORDS.get(e, f"'{e.lower()}'") for e in fault.expected if not e.startswith("__") or e in WORDS})
    short = [n for n in names if n] or ["something else"]
    return ", ".join(short[:8]) + (", ..." if len(short) > 8 else "")


def explain(fault: ReadFault, source: Source) -> Diagnostic:
    """The diagnostic of one reading fault, from the table."""
    line = source.line(fault.line)
    for mistake in MISTAKES:
        found = mistake.applies(fault, line)
        if found:
            break
    fields = _fields(fault, line, found if isinstance(found, re.Match) else None)
    place = Span(fault.line, fault.column, max(1, len(fault.text)))
    if mistake.name == "open bracket":
        opened = _unclosed(fault)
        assert opened is not None
        place = Span(opened[1], opened[2])
    elif isinstance(found, re.Match):
        stripped = line.strip()
        place = Span(fault.line, line.index(stripped) + 1 if stripped else 1, len(stripped))
    return Diagnostic(mistake.message.format_map(fields), source, place, mistake.help.format_map(fields))


def _fields(fault: ReadFault, line: str, match: re.Match[str] | None) -> dict[str, str]:
    opened = _unclosed(fault) or (fault.opened[-1] if fault.opened else ("", 0, 0))
    fields = {
        "text": fault.text if fault.text.isprintable() else repr(fault.text)[1:-1],
        "open": f"'{opened[0]}'",
        "close": _PAIRS.get(opened[0], ""),
        "opened": fault.opened[-1][0] if fault.opened else "",
        "opened_line": str(fault.opened[-1][1]) if fault.opened else "",
        "near": _near(fault),
        "expected": _expected(fault),
    }
    groups = {k: v or "" for k, v in match.groupdict().items()} if match else {}
    kind = groups.get("k", "").upper()
    words = groups.get("rest", "").split()
    extra = {
        "K": kind,
        "VC": {"E": "VCVS", "G": "VCCS"}.get(kind, ""),
        "card_help": _CARDS.get(groups.get("card", "").lower(), "see the README for how it is written here"),
        "last": words[-1] if words else "",
        "ports": ", ".join(words[:-1]),
    }
    return {**fields, **groups, **extra}


def read_faults(source: Source, first: ReadFault, start: str = "start") -> list[Diagnostic]:
    """All reading faults that can be told apart: each faulty line is emptied and the rest read again."""
    found = [explain(first, source)]
    if len(source.text) > LONGEST_RETRY:
        return found
    lines = source.text.split("\n")
    fault = first
    while len(found) < MOST_FAULTS:
        if fault.token_type == "$END" or found[-1].span.line < fault.line or fault.line > len(lines):
            return found
        lines[fault.line - 1] = _emptied(lines[fault.line - 1])
        try:
            parse("\n".join(lines), start)
            return found
        except ReadFault as following:
            if following.line <= fault.line:
                return found
            fault = following
        found.append(explain(fault, source))
    return found


def _emptied(line: str) -> str:
    """A faulty line without its content, with the braces that hold the rest of the text together."""
    bare = re.sub(r'"[^"]*"|#.*', "", line)
    balance = bare.count("{") - bare.count("}")
    if balance > 0:
        return "for _ in 0..0 " + "{" * 1 if re.match(r"\s*(for|if)\b", line) else line if False else "circuit _x {"
    return "}" * -balance
