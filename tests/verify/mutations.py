"""Mutations of exported files: seeded changes of one place, found by regular expressions of each format.

An element has a name, nets, and the rest of its statement, in which numbers are; an input, a `.param`, a card and an include have
patterns of their own, with a group `at` for a number, or `out` for what is left out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

Files = Mapping[str, str]
Change = tuple[str, int, int, str]
"""A file, where in it, and what stands there instead."""
NUMBER = r"(?<![\w.+-])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])"


@dataclass(frozen=True)
class Grammar:
    """How a format says what: which files have elements, the pattern of an element, of a net in it (the group is the name), of a
    number, of where the next cell begins, of a comment; and places, each a pattern of files and one of text."""

    files: str
    element: str
    net: str = r"(\w+)"
    number: str = f"({NUMBER})"
    cell: str = r"^\.?subckt"
    comment: str = r"^\*(?! process|\.|\|)(?P<at>.*)"
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Element:
    """One of them, in the cell of a file that has a number; spans of its name, its nets, its numbers."""

    file: str
    cell: int
    found: re.Match[str]
    nets: tuple[tuple[int, int], ...]
    numbers: tuple[tuple[int, int], ...]


ELEMENT = r"^(?P<name>(?P<two>[rcldvi])?(?(two)|[meg])[\w/]*) (?P<nets>[\w/]+ [\w/]+(?(two)| [\w/]+ [\w/]+)) (?P<rest>.*(?:\n\+.*)*)\n"


def _spice(suffix: str) -> Grammar:
    bench, cards = rf"tb\.{suffix}", rf"(models)\.{suffix}"
    return Grammar(
        rf"dut\.{suffix}",
        ELEMENT,
        net=r"([\w/]+)",
        places={
            "an input": (bench, rf"^[vi]_\w+ \w+ \w+ (?P<at>{NUMBER})"),
            "a parameter": (rf"(nominal|draw_\d+)\.{suffix}", rf"^\.param \w+=(?P<at>{NUMBER})"),
            "a card": (cards, rf"\b(vto|kp)=(?P<at>{NUMBER})"),
            "an include": (bench, r"^(?P<out>\.include .*dut.*\n)"),
        },
    )


GRAMMARS: Mapping[str, Grammar] = {
    "ngspice": _spice("cir"),
    "hspice": _spice("sp"),
    "xyce": _spice("cir"),
    "ltspice": _spice("net"),
    "dspf": replace(
        _spice("cir"),
        files=r"dut\.spf",
        places={name: where for name, where in _spice("cir").places.items() if name != "a parameter"},
    ),
    "spectre": Grammar(
        r"dut\.scs",
        r"^(?P<name>[a-wyz]\w*) \((?P<nets>[^)]*)\) (?P<rest>.*(?: \\\n.*)*)\n",
        cell=r"^subckt",
        comment=r"^//(?P<at>.*)",
        places={
            "an input": (r"tb\.scs", rf"^[vi]_\w+ .* dc=(?P<at>{NUMBER})"),
            "a parameter": (r"(nominal|draw_\d+)\.scs", rf"^parameters \w+=(?P<at>{NUMBER})"),
            "a card": (r"models\.scs", rf"\b(vto|kp)=(?P<at>{NUMBER})"),
            "a law": (r"models\.va", rf"parameter real (kp|vto|g|knee) = (?P<at>{NUMBER})"),
            "an include": (r"tb\.scs", r"^(?P<out>include .*\n)"),
        },
    ),
    "cdl": Grammar(
        r"dut\.cdl",
        ELEMENT.replace("[rcldvi]", "[rcld]").replace("[meg]", "[m]"),
        number=rf"({NUMBER}|(?<==)[\d.]+(?=u))",
        cell=r"^\.SUBCKT",
    ),
    "verilog": Grammar(
        r"dut\.v",
        r"^  nl_\w+\s+(?:#\((?P<rest>[^;]*?)\)\s+)?(?P<name>\w+)\s+\((?P<nets>\.[^;]*)\);\n",
        net=r"\((\w+)\)",
        number=rf"\(({NUMBER})\)",
        cell=r"^module",
        comment=r"^//(?P<at>.*)",
        places={"a parameter": (r"dut\.v", rf"module dut #\(parameter real \w+=(?P<at>{NUMBER})")},
    ),
    "xschem": Grammar(
        r"(?!tb\.).*\.sch",
        r'^C \{x-\w+\.sym\} \S+ \S+ 0 [01] \{name=(?P<name>\w+) value="(?P<rest>[^"]*)"\}\n(?P<nets>(?:C \{x-label.*\n)+)',
        net=r"lab=(\w+)",
        comment=r"\* y = (?P<at>.*)",
        places={
            "an input": (r"tb\.sch", rf'name=[vi]_\w+ value="(?P<at>{NUMBER})'),
            "a card": (r"models\.cir", rf"\b(vto|kp)=(?P<at>{NUMBER})"),
        },
    ),
    "kicad": Grammar(
        r"sheet\d+\.kicad_sch",
        r"^\(symbol \(lib_id(?P<rest>(?:(?!global_label|\(symbol).*\n)+?(?=\(global_label))(?P<nets>(?:\((?:global_label|no_connect).*\n)+)",
        net=r'global_label "(\w+)"',
        number=rf'model=\\"\{{({NUMBER})\}}',
        comment=r'\(title "(?P<at>[^"]*)"',
        places={
            "an input": (r"board\.kicad_sch", rf'\\"dc (?P<at>{NUMBER})\\"'),
            "a card": (r"models\.cir", rf"\b(vto|kp)=(?P<at>{NUMBER})"),
            "an include": (r"models\.cir", r"(?P<out>^\.model [^\n]*\n(\+[^\n]*\n)*)"),
        },
    ),
    "veriloga": Grammar(
        r"models\.va",
        r"^    [IV]\((?P<nets>\w+, \w+)\) <\+ (?P<rest>.*;)\n",
        net=r"(\w+)",
        cell=r"^module",
        comment=r"^// (?P<at>.*)",
        places={"a default": (r"models\.va", rf"parameter real (kp|r|c|isat|gm|is) = (?P<at>{NUMBER})")},
    ),
    "bom": Grammar(
        "none",
        "none",
        places={
            "a count": (r"bom\.csv", r",(?P<at>\d+),\d*,\d*,board"),
            "a value": (r"bom\.csv", r"^[^,]*,(?P<at>\d+(\.\d+)?)[kM]?,"),
            "a row": (r"parts\.csv", r"\n(?P<out>.*\n)"),
        },
    ),
    "json": Grammar(
        r"design\.json",
        r'^ +\{\n +"name": "(?P<name>\w+)",\n +"device": .*\n +"nets": \[(?P<nets>[^]]*)\],\n(?P<rest> +"numbers": \{[^}]*\})',
        net=r'"(\w+)"',
        cell=r'"ports"',
        comment=r'"doc": "(?P<at>[^"]*)"',
        places={
            "an input": (r"design\.json", rf'"value": (?P<at>{NUMBER})'),
            "a schema": (r"design\.schema\.json", r'(?P<out>,\s*"additionalProperties": false)'),
        },
    ),
}


def elements(files: Files, grammar: Grammar) -> list[Element]:
    """Every element of a format's files."""
    found = []
    for file, text in sorted(files.items()):
        if re.fullmatch(grammar.files, file):
            cells = [m.start() for m in re.finditer(grammar.cell, text, re.MULTILINE)]
            for one in re.finditer(grammar.element, text, re.MULTILINE):
                nets, numbers = _within(one, "nets", grammar.net), _within(one, "rest", grammar.number)
                found.append(Element(file, sum(c < one.start() for c in cells), one, nets, numbers))
    return found


def _within(one: re.Match[str], group: str, pattern: str) -> tuple[tuple[int, int], ...]:
    if one[group] is None:
        return ()
    return tuple(m.span(1) for m in re.compile(pattern).finditer(one.string, *one.span(group)))


Mutation = Callable[[Files, Grammar, random.Random], list[Change] | None]


def _text(one: Element, span: tuple[int, int]) -> str:
    return one.found.string[slice(*span)]


def moved_wire(files: Files, grammar: Grammar, chance: random.Random) -> list[Change] | None:
    """A pin of an element on another net of its cell."""
    every = elements(files, grammar)
    one = chance.choice(every)
    near = {_text(o, span) for o in every if (o.file, o.cell) == (one.file, one.cell) for span in o.nets}
    where = chance.choice(one.nets)
    others = sorted(near - {_text(one, span) for span in one.nets})
    return [(one.file, *where, chance.choice(others))] if others else None


def wrong_value(files: Files, grammar: Grammar, chance: random.Random) -> list[Change] | None:
    """A number of an element 10 % off."""
    some = [(o, span) for o in elements(files, grammar) for span in o.numbers if float(_text(o, span))]
    one, span = chance.choice(some) if some else (None, (0, 0))
    return [(one.file, *span, repr(1.1 * float(_text(one, span))))] if one else None


def swapped_pins(files: Files, grammar: Grammar, chance: random.Random) -> list[Change] | None:
    """The first two pins of an element with four, of which the second is a gate, or the other end of a source."""
    some = [o for o in elements(files, grammar) if len(o.nets) == 4 and _text(o, o.nets[0]) != _text(o, o.nets[1])]
    if not some:
        return None
    one = chance.choice(some)
    return [(one.file, *one.nets[0], _text(one, one.nets[1])), (one.file, *one.nets[1], _text(one, one.nets[0]))]


def left_out(files: Files, grammar: Grammar, chance: random.Random) -> list[Change] | None:
    """An element that is not there."""
    one = chance.choice(elements(files, grammar))
    return [(one.file, *one.found.span(), "")]


def doubled(files: Files, grammar: Grammar, chance: random.Random) -> list[Change] | None:
    """An element twice, the second time under a name of its own if it has one. In JSON that is no element yet, and of one in KiCad
    the reference, which stands elsewhere."""
    if re.search("json|kicad", grammar.files):
        return None
    one = chance.choice(elements(files, grammar))
    name = one.found.groupdict().get("name")
    again = re.sub(rf"\b{name}\b", f"{name}zz", one.found[0]) if name else one.found[0]
    return [(one.file, one.found.end(), one.found.end(), again)]


def exchanged_names(files: Files, grammar: Grammar, chance: random.Random) -> list[Change] | None:
    """Two elements of a kind in a cell that have each other's name, which no simulator minds."""
    every = [o for o in elements(files, grammar) if "name" in o.found.groupdict()]
    pairs = [
        (a, b)
        for k, a in enumerate(every)
        for b in every[k + 1 :]
        if (a.file, a.cell, a.found["name"][0]) == (b.file, b.cell, b.found["name"][0])
    ]
    if not pairs:
        return None
    a, b = chance.choice(pairs)
    return [(a.file, *a.found.span("name"), b.found["name"]), (b.file, *b.found.span("name"), a.found["name"])]


def another_comment(files: Files, grammar: Grammar, chance: random.Random) -> list[Change] | None:
    """A comment that says something else."""
    some = [(f, m) for f, t in sorted(files.items()) for m in re.finditer(grammar.comment, t, re.MULTILINE)]
    if not some or re.search("json", grammar.files):
        return None
    file, found = chance.choice(some)
    return [(file, *found.span("at"), " words")]


def place(name: str) -> Mutation:
    """A number 10 % off, or something left out, where a format has such a place."""

    def mutate(files: Files, grammar: Grammar, chance: random.Random) -> list[Change] | None:
        which, pattern = grammar.places.get(name, ("none", ""))
        some = [
            (file, found)
            for file, text in sorted(files.items())
            if re.fullmatch(which, file)
            for found in re.finditer(pattern, text, re.MULTILINE)
            if "out" in found.groupdict() or float(found["at"])
        ]
        if not some:
            return None
        file, found = chance.choice(some)
        if "out" in found.groupdict():
            return [(file, *found.span("out"), "")]
        number = found["at"]
        return [(file, *found.span("at"), f"{int(number) + 1}" if number.isdigit() else repr(1.1 * float(number)))]

    return mutate


HARMFUL: Mapping[str, Mutation] = {
    "a moved wire": moved_wire,
    "a value 10 % off": wrong_value,
    "swapped pins": swapped_pins,
    "an element left out": left_out,
    "an element doubled": doubled,
    **{name: place(name) for name in dict.fromkeys(n for g in GRAMMARS.values() for n in g.places)},
}
HARMLESS: Mapping[str, Mutation] = {"names exchanged": exchanged_names, "a comment": another_comment}


def mutated(files: Files, format: str, mutation: Mutation, seed: int) -> dict[str, str] | None:
    """The files that a mutation changes, as they become; None where the format has nothing of the kind."""
    grammar = GRAMMARS[format]
    if not elements(files, grammar) and mutation in (moved_wire, wrong_value, swapped_pins, left_out, doubled):
        return None
    changes = mutation(files, grammar, random.Random(f"{format} {seed}"))
    found: dict[str, str] = {}
    for file, start, end, text in sorted(changes or [], key=lambda change: change[1], reverse=True):
        before = found.get(file, files[file])
        found[file] = before[:start] + text + before[end:]
    return found or None
