"""From cards to what they describe: subcircuits with their parameters, models, elements. Nothing is translated yet.

What has no like here is left out with a comment where it changes no number (analyses), told of by a warning where the netlist is
right and only what is asked of it may come out otherwise (a temperature, a first guess), and refused where the netlist would be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

from netlearn.errors import Diagnostic, Source
from netlearn.imports import expressions
from netlearn.imports.cards import Card, Reader, Refused, Word
from netlearn.imports.expressions import Expression

NO_ANALYSIS = "analyses are asked for with the netlearn command"
LEFT_OUT = {
    **dict.fromkeys((".tran", ".op", ".dc", ".ac", ".noise", ".tf", ".sens", ".pz", ".disto", ".four"), NO_ANALYSIS),
    **dict.fromkeys((".print", ".plot", ".probe", ".save", ".meas", ".measure", ".width"), NO_ANALYSIS),
    **dict.fromkeys((".options", ".option", ".opt"), "these are SPICE's own"),
    ".nodeset": "no first guess is needed",
    ".temp": "give --temperature",
}
"""Statements that are left out, with a comment that says why."""
REFUSED = {
    ".control": "take it out up to .endc: nothing in a netlist runs a program, the netlearn command does",
    ".csparam": "take it out: nothing in a netlist runs a program",
    ".if": "keep the part that is meant, without .if and .endif",
    ".alter": "import each of the circuits by itself",
    ".data": "import each of the circuits by itself",
    "shell": "take it out: nothing in a netlist runs a program",
    "pre_osdi": "take it out: write an element with the law of the model",
    "codemodel": "take it out: write an element with the law of the model",
    "source": "take it out: nothing in a netlist runs a program",
    "load": "take it out: nothing in a netlist runs a program",
}
"""Statements that are refused by name, with what to do instead."""
CHANGING = {
    *("scale", "scalm", "wl", "defl", "defw", "defad", "defas", "defnrd", "defnrs", "tnom", "gmin", "xmu"),
    *("rshunt", "cshunt", "gshunt"),
}
"""Options that change numbers of the circuit."""
USUAL = {"temp": 27.0, "tnom": 27.0, "gmin": 1e-12, "scale": 1.0, "scalm": 1.0}
GUESS = "a first guess is left out: where there are several operating points, another one may be found"
HELD = "an operating point is taken with this voltage held, as SPICE begins a transient; SPICE's .op does without"
HELD_HELP = "take it out where SPICE's .op is meant"
_START = re.compile(r"\s*v\s*\(\s*([^\s()]+)\s*\)\s*=\s*(\{[^{}]*\}|'[^']*'|\S+)", re.IGNORECASE)
_FUNCTION = re.compile(r"\.func\s+([a-z_]\w*)\s*\(([\w\s,]*)\)\s*=?\s*(?:\{[^{}]*\}|'[^']*')", re.IGNORECASE)
GROUND = ("0", "gnd")
FLAGS = ("off", "$pins")
"""Words of an element that have no value, and may stand behind one."""
_JOINS = "+-*/^(),?:<>=&|!"


@dataclass(frozen=True)
class Model:
    """A `.model`: its name as it is written, the kind in small letters, and its parameters."""

    card: Card
    name: Word
    kind: str
    params: Mapping[str, Expression]


@dataclass
class Scope:
    """A subcircuit, or what is outside of any (without a card): everything by its name in small letters."""

    card: Card | None = None
    name: str = ""
    ports: list[str] = field(default_factory=list)
    params: dict[str, Expression] = field(default_factory=dict)
    lets: dict[str, Expression] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    elements: dict[str, Card] = field(default_factory=dict)
    starts: list[tuple[Card, Word, Expression]] = field(default_factory=list)
    """Of `.ic`: the net and its voltage."""


@dataclass
class Deck:
    """All that a netlist describes. `notes`: what its comments should say."""

    source: Source
    cdl: bool
    top: Scope = field(default_factory=Scope)
    inside: dict[str, Scope] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)
    """Nets of `.global`: in small letters to how they are written."""
    notes: list[str] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    charged: bool = False
    """Whether a transient starts from `ic =` of its elements."""
    whole: bool = False
    """Whether it was read to its end."""

    def warn(self, card: Card, message: str, word: Word | None = None, help: str = "") -> None:
        """Tell that something may come out otherwise than in SPICE; a message is told once, so it names nothing."""
        self.warnings.append(replace(card.refused(message, word, help).diagnostic, severity="warning"))

    def grounded(self, net: str) -> bool:
        return net.lower() in GROUND or (self.cdl and net.lower() == "gnd!")

    def everywhere(self, net: str) -> bool:
        """Whether a net is the same one in all subcircuits."""
        return net.lower() in self.shared or (self.cdl and net.endswith("!"))


def read_deck(source: Source, folder: Path | None, allowed: Sequence[Path], cdl: bool) -> Deck:
    """The deck of a netlist; what is refused is in its `faults`."""
    reader, deck = Reader(tuple(allowed), cdl), Deck(source, cdl)
    deck.faults, deck.notes = reader.faults, reader.notes
    state, cards = _State(deck), list[Card]()
    try:
        for card in reader.top(source, folder):
            cards.append(card)  # one by one: what is in front of a fault is looked at as well
        deck.whole = True
    except Refused as refused:
        deck.faults.append(refused.diagnostic)
    functions = [card for card in cards if card.name == ".func"]  # they may be used in front of where they stand
    for card in [*functions, *(card for card in cards if card.name != ".func")]:
        try:
            state.take(card)
        except Refused as refused:
            deck.faults.append(refused.diagnostic)
    if deck.whole and state.scope.card is not None:
        fault = state.scope.card.refused("this subcircuit is never closed", None, "write .ends")
        deck.faults.append(fault.diagnostic)
        deck.whole = False
    return deck


def assignments(card: Card, words: Sequence[Word]) -> tuple[list[Word], dict[str, tuple[Word, Word]]]:
    """Words without a name, and those behind `name =`: name in small letters to its own word and its value.

    A value goes as far as the next name, but for words that stand by themselves (FLAGS); what is written apart in it counts as
    one word."""
    words = [w for w, depth in _depths(words) if w.text != "," or depth > 0]
    heads = [k for k in range(len(words) - 1) if words[k + 1].text == "=" and words[k].text not in "=(),"]
    plain = words[: heads[0]] if heads else list(words)
    found: dict[str, tuple[Word, Word]] = {}
    for head, end in pairwise([*heads, len(words)]):
        name, value = words[head], words[head + 2 : end]
        while len(value) > 1 and value[-1].key in FLAGS:
            plain.append(value.pop())
        if not value:
            raise card.refused(f"'{name.text}' has no value", name, f"write {name.text}=1")
        key = name.key.removeprefix("$")
        if key in found:
            raise card.refused(f"'{name.text}' is given twice", name, "remove one of them")
        begin, last = value[0].start, value[-1].end
        if re.search(r"\s", card.text[begin:last]) and len(value) > 1:
            what = Word(card.text[begin:last], begin, last)
            _refuse_loose(card, name, value)
            raise card.refused("a value with blanks in it", what, f"put it in braces: {name.text}={{{what.text}}}")
        found[key] = (name, value[0] if len(value) == 1 else Word(card.text[begin:last], begin, last))
    return plain, found


def _refuse_loose(card: Card, name: Word, value: Sequence[Word]) -> None:
    """Refused for a word behind a value that no operator joins to it: braces around both would make no sense of them."""
    for before, word in pairwise(value):
        if word.start > before.end and before.text[-1] not in _JOINS and word.text[0] not in _JOINS:
            help = f"write {name.text}={value[0].text} alone, and a value for '{word.text}' or nothing"
            raise card.refused(f"'{word.text}' cannot stand behind a value", word, help)


def _depths(words: Sequence[Word]) -> Iterator[tuple[Word, int]]:
    depth = 0
    for word in words:
        depth += (word.text == "(") - (word.text == ")")
        yield word, depth


def in_order(values: Mapping[str, Expression]) -> list[str]:
    """Names of parameters so that each comes behind those that it depends on; Refused where they go round in a circle."""
    try:
        graph = {name: sorted(value.names & values.keys()) for name, value in values.items()}
        return list(TopologicalSorter(graph).static_order())
    except CycleError as fault:
        value = values[fault.args[1][0]]
        names = " -> ".join(fault.args[1])
        raise value.card.refused(
            f"these parameters go round in a circle: {names}", value.word, "give one a number"
        ) from None


class _State:
    """Reads card by card."""

    def __init__(self, deck: Deck) -> None:
        self.deck = deck
        self.scope = deck.top
        self.skipping = False

    def take(self, card: Card) -> None:
        name = card.name
        if self.skipping:
            self.skipping = name != ".endc"
        elif name in REFUSED:
            self.skipping = name == ".control"
            raise card.refused(f"'{card.words[0].text}' is refused", card.words[0], REFUSED[name])
        elif name in LEFT_OUT:
            self.left_out(card)
        elif name in _STATEMENTS:
            _STATEMENTS[name](self, card)
        elif name.startswith("."):
            help = f"take it out; what is read: {', '.join(_STATEMENTS)}, .include, .lib"
            raise card.refused(f"'{card.words[0].text}' is not read", card.words[0], help)
        else:
            if name in self.scope.elements:
                raise card.refused(
                    f"there are two elements '{card.words[0].text}'", card.words[0], "choose another name"
                )
            self.scope.elements[name] = card

    def left_out(self, card: Card) -> None:
        if card.name.startswith(".opt"):
            self.options(card)
        if card.name == ".temp":
            for word in card.words[1:]:
                self.temperature(card, word)
        if card.name == ".nodeset":
            self.deck.warn(card, GUESS)
        self.deck.charged = self.deck.charged or (card.name == ".tran" and card.words[-1].key == "uic")
        self.deck.notes.append(f"left out, {LEFT_OUT[card.name]}: {card.text.strip()}")

    def options(self, card: Card) -> None:
        """Refuse those that change numbers, and warn of a temperature."""
        values = {
            before: after
            for before, sign, after in zip(*(card.words[k:] for k in (1, 2, 3)), strict=False)
            if sign.text == "="
        }
        for word in card.words[1:]:
            value = values.get(word)
            if word.key == "temp" and value:
                self.temperature(card, value)
            elif word.key in CHANGING and not (value and expressions.read(card, value).number == USUAL.get(word.key)):
                help = "write the numbers of the elements as they are without it"
                raise card.refused(f"the option '{word.text}' changes numbers of the circuit", word, help)

    def temperature(self, card: Card, word: Word) -> None:
        if expressions.read(card, word).number != USUAL["temp"]:
            message = "the temperature is left out: a circuit is at 27 C here unless a command is told otherwise"
            self.deck.warn(card, message, word, f"give the command --temperature {word.text}")

    def title(self, card: Card) -> None:
        self.deck.notes.append(card.text.strip()[len(".title") :].strip())

    def subcircuit(self, card: Card) -> None:
        if self.scope.card is not None:
            raise card.refused("a subcircuit within a subcircuit", None, "put it in front of the other one")
        plain, given = assignments(card, [w for w in card.words[1:] if w.key not in ("params:", "/")])
        if not plain:
            raise card.refused("this subcircuit has no name", None, "write .subckt name port port")
        if plain[0].key in self.deck.inside:
            raise card.refused(f"there are two subcircuits '{plain[0].text}'", plain[0], "choose another name")
        self.scope = Scope(card, plain[0].text)
        self.deck.inside[plain[0].key] = self.scope
        for port in plain[1:]:
            if port.key in [p.lower() for p in self.scope.ports]:
                raise card.refused(f"two ports '{port.text}'", port, "name each once")
            if port.text == "0":
                raise card.refused("0 is ground everywhere and no port", port, "take it out, here and where it is used")
            self.scope.ports.append(port.text)
        self.scope.params = {key: expressions.read(card, value) for key, (_, value) in given.items()}

    def ends(self, card: Card) -> None:
        if self.scope.card is None:
            raise card.refused("no subcircuit is open here", None, "take it out")
        if len(card.words) > 1 and card.words[1].key != self.scope.name.lower():
            raise card.refused(
                f"'{self.scope.name}' is the one that is open", card.words[1], f"write .ends {self.scope.name}"
            )
        self.scope = self.deck.top

    def param(self, card: Card) -> None:
        plain, given = assignments(card, card.words[1:])
        if plain:
            raise card.refused(f"'{plain[0].text}' has no value, or is a function", plain[0], "write .param name=1k")
        for key, (word, value) in given.items():
            if key in ("e", "pi"):
                raise card.refused(f"'{word.text}' is a constant for some programs", word, "choose another name")
            if key in self.scope.lets or key in self.scope.params:
                raise card.refused(f"parameter '{word.text}' is defined twice", word, "remove one of them")
            self.scope.lets[key] = expressions.read(card, value)

    def function(self, card: Card) -> None:
        """`.func name(a, b) {formula}`: of its arguments only, for SPICE programs do not agree on whose parameters it sees."""
        form = "write .func f(x, y) {x * y}"
        found = _FUNCTION.fullmatch(card.text.strip())
        if found is None:
            raise card.refused("this is no function of arguments", None, form)
        name, arguments = found[1].lower(), tuple(a.strip().lower() for a in found[2].split(",") if a.strip())
        if name in card.functions or expressions.known(name):
            raise card.refused(f"there is a function '{name}' already", card.words[1], "choose another name")
        value = expressions.read(card, card.words[-1])
        free = sorted(value.names - set(arguments))
        if free:
            raise card.refused(f"'{free[0]}' is no argument of '{name}'", card.words[-1], "make it one: " + form)
        card.functions[name] = arguments, value.tree

    def model(self, card: Card) -> None:
        plain, given = assignments(card, _unbracketed(card.words[1:]))
        if len(plain) != 2:
            raise card.refused("a model has a name and a kind", None, "write .model nch nmos(level=1 vto=0.7)")
        name, kind = plain
        if name.key in self.scope.models:
            raise card.refused(f"there are two models '{name.text}'", name, "choose another name")
        params = {key: expressions.read(card, value) for key, (_, value) in given.items()}
        self.scope.models[name.key] = Model(card, name, kind.key, params)

    def shared(self, card: Card) -> None:
        nets = [w.text.split(":")[0] if self.deck.cdl else w.text for w in card.words[1:]]  # of CDL vdd!:P
        self.deck.shared |= {net.lower(): net for net in nets if net and not self.deck.grounded(net)}

    def start(self, card: Card) -> None:
        at = card.words[0].end
        while card.text[at:].strip():
            found = _START.match(card.text, at)
            if found is None:
                raise card.refused("this is not v(net)=value", None, "write .ic v(a)=1")
            net, value = (Word(found[k], found.start(k), found.end(k)) for k in (1, 2))
            self.scope.starts.append((card, net, expressions.read(card, value)))
            at = found.end()


def _unbracketed(words: Sequence[Word]) -> Sequence[Word]:
    """The words of a model without the brackets around its parameters."""
    around = len(words) > 3 and words[2].text == "(" and words[-1].text == ")"
    return [*words[:2], *words[3:-1]] if around else words


_STATEMENTS: dict[str, Callable[[_State, Card], None]] = {
    ".title": _State.title,
    ".subckt": _State.subcircuit,
    ".macro": _State.subcircuit,
    ".ends": _State.ends,
    ".eom": _State.ends,
    ".param": _State.param,
    ".params": _State.param,
    ".func": _State.function,
    ".parameters": _State.param,
    ".model": _State.model,
    ".global": _State.shared,
    ".ic": _State.start,
}
