"""A deck as text of our language, laid out as `netlearn fmt` does, and for each line of it the card that it comes from.

Subcircuits become modules. A parameter of `.param` outside of any, which SPICE knows everywhere, becomes one of the circuit and
of each module that needs it, handed down by name; so does a net of `.global`, as a further port.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from netlearn.devices import DEVICES
from netlearn.imports import models
from netlearn.imports.cards import Card, Refused
from netlearn.imports.deck import Deck, Model, Scope, in_order
from netlearn.imports.elements import parts
from netlearn.imports.expressions import Expression
from netlearn.imports.names import OUTER, Names
from netlearn.imports.part import Part, Value
from netlearn.imports.waves import Wave

WIDTH, MOST_NOTES = 110, 30
_UNITS = {"V", "A", "F", "H", "m"}
"""Units that a number which stands alone is written with."""


@dataclass(frozen=True)
class Line:
    """A line of the text, and the card that it comes from."""

    text: str
    card: Card | None = None


@dataclass
class _Body:
    """A scope with its parts, the names in it, and what it or a module within it needs from outside: parameters of the netlist
    (in small letters), nets that are the same everywhere (in small letters to how they are written)."""

    scope: Scope
    parts: list[Part]
    names: Names = field(default_factory=Names)
    params: set[str] = field(default_factory=set)
    nets: dict[str, str] = field(default_factory=dict)


def write(deck: Deck, title: str, circuit: str) -> list[Line]:
    """The text, line by line; what is refused is added to the deck's faults."""
    try:
        return _Writer(deck, title, circuit).lines()
    except Refused as refused:
        deck.faults.append(refused.diagnostic)
        return []


class _Writer:
    def __init__(self, deck: Deck, title: str, circuit: str) -> None:
        self.deck, self.title = deck, title
        self.shared = in_order(deck.top.lets)
        self.outer = Names(OUTER)
        self.circuit = self.outer.name("circuit", circuit)
        for scope in deck.inside.values():
            self.outer.name("subcircuit", scope.name)
        self.cards: dict[int, str] = {}
        """Model (its identity) to its name here, where it is a statement of its own."""
        self.models: list[Line] = []
        for scope in (deck.top, *deck.inside.values()):
            for model in scope.models.values():
                self._model(scope, model)
        self.top = _Body(deck.top, parts(deck, deck.top, self.refuse))
        self.bodies = {key: _Body(scope, parts(deck, scope, self.refuse)) for key, scope in deck.inside.items()}

    def refuse(self, refused: Refused) -> None:
        self.deck.faults.append(refused.diagnostic)

    def lines(self) -> list[Line]:
        for key in self._inner_first():
            self._needs(self.bodies[key])
        self._needs(self.top)
        whole = [self.top] if self.top.parts else []
        cells = [line for body in (*self.bodies.values(), *whole) for line in self._cell(body)]
        kinds = [part.kind for body in (self.top, *self.bodies.values()) for part in body.parts if not part.inside]
        kits = sorted({kind.split(".")[0] for kind in kinds if "." in kind})
        imports = [Line(f'import "pdk/{kit}" as {kit}') for kit in kits]
        return [Line("netlearn 0.1"), *self._said(), *_behind_blank(imports), *_behind_blank(self.models), *cells]

    def _said(self) -> Iterator[Line]:
        notes = [note for note in self.deck.notes if note]
        more = [f"and {len(notes) - MOST_NOTES} more"] if len(notes) > MOST_NOTES else []
        for note in (f"imported from {self.title}", *notes[:MOST_NOTES], *more):
            yield Line(_comment(note))
        source = next((p for p in self.top.parts if p.kind == "V" and self.deck.grounded(p.nodes[1])), None)
        if source is not None:
            yield Line(
                _comment(
                    f"to drive a net from outside, write input x = V(net) in the place of its source, such as {source.name}"
                )
            )
        yield from _renamed(self.outer)

    def _inner_first(self) -> list[str]:
        """The subcircuits so that each comes behind those within it; Refused where one is within itself."""
        uses = {key: [part.kind for part in body.parts if part.inside] for key, body in self.bodies.items()}
        try:
            return list(TopologicalSorter(uses).static_order())
        except CycleError as fault:
            inner, outer = fault.args[1][:2]
            part = next(p for p in self.bodies[outer].parts if p.inside and p.kind == inner)
            names = " in ".join(self.bodies[key].scope.name for key in fault.args[1])
            raise part.card.refused(f"a subcircuit within itself: {names}", None, "take one of them out") from None

    def _needs(self, body: _Body) -> None:
        """Find what a scope needs from outside, and name all that is in it."""
        scope, own = body.scope, {**body.scope.params, **body.scope.lets} if body.scope.card else {}
        values = [value for part in body.parts for value in (*part.expressions, *self._inlined(part).values())]
        for value in (*scope.params.values(), *scope.lets.values(), *values):
            for name in sorted(value.names - own.keys()):
                if name not in self.deck.top.lets:
                    raise value.card.refused(f"there is no parameter '{name}'", value.word, f"write .param {name}=1")
                body.params.add(name)
        inner = [(part, self.bodies[part.kind]) for part in body.parts if part.inside]
        for part, one in inner:
            self._apart(part.card, f"'{one.scope.name}' takes", one.params & own.keys(), body)
            body.params |= one.params
        for name in reversed(self.shared):
            if name in body.params and scope.card is not None:
                used = self.deck.top.lets[name].names
                self._apart(scope.card, f"'{name}' is made of", used & own.keys(), body)
                body.params |= used
        if self.deck.cdl:
            self._spelled(body)
        nets = dict.fromkeys(node for part in body.parts for node in part.nodes)
        nets |= dict.fromkeys(net for _, one in inner for net in one.nets.values())
        if scope.card is not None:
            ports = {port.lower() for port in scope.ports}
            outside = {net.lower(): net for net in nets if self.deck.everywhere(net) and not self.deck.grounded(net)}
            body.nets = {key: net for key, net in outside.items() if key not in ports}
        named = [("net", net) for net in (*scope.ports, *nets) if not self.deck.grounded(net)]
        named += [("parameter", name) for name in (*own, *self._params(body))]
        named += [("element", part.name) for part in body.parts]
        for sort, name in sorted(named, key=lambda one: not _legal(one[1])):
            body.names.name(sort, name)

    def _apart(self, card: Card, who: str, names: Set[str], body: _Body) -> None:
        """SPICE programs do not agree on which of two parameters of one name is seen further inside."""
        for name in sorted(names):
            message = f"{who} the parameter '{name}' of the netlist, and '{body.scope.name}' has one of its own"
            raise card.refused(message, None, "rename one of them: some programs would take the one, some the other")

    def _spelled(self, body: _Body) -> None:
        """CDL knows case, and SPICE does not."""
        spelled = {port.lower(): port for port in body.scope.ports}
        for part in body.parts:
            for net in part.nodes:
                other = spelled.setdefault(net.lower(), net)
                if other != net:
                    message = f"'{other}' and '{net}' are two nets for some programs and one for others"
                    raise part.card.refused(message, None, "rename one of them")

    def _params(self, body: _Body) -> list[str]:
        """The parameters of the netlist that a scope has: all of them for the circuit."""
        return [name for name in self.shared if body.scope.card is None or name in body.params]

    def _inlined(self, part: Part) -> dict[str, Expression]:
        """The parameters that an element takes from its model, where this is no statement of its own."""
        inline = isinstance(part.model, Model) and id(part.model) not in self.cards
        return models.translated(part.model) if inline and isinstance(part.model, Model) else {}

    def _model(self, scope: Scope, model: Model) -> None:
        """A statement for a model whose parameters are all numbers; others go into the elements."""
        try:
            found, device = models.translated(model), models.device_of(model)
        except Refused as refused:
            self.refuse(refused)
            return
        if device and found and not any(value.names for value in found.values()):
            name = self.outer.name("model", f"{scope.name}_{model.name.text}" if scope.name else model.name.text)
            self.cards[id(model)] = name
            self.models.append(Line(f"model {name} = {device}{_braces(_named(device, found, {}))}", model.card))

    def _cell(self, body: _Body) -> Iterator[Line]:
        """A blank line, what was renamed, that a module is a black box, and the module or circuit."""
        scope, names = body.scope, body.names
        params = self._names_of(body)
        outer = [(names.name("parameter", n), self.deck.top.lets[n]) for n in self._params(body)]
        ports = [self._net(body, net) for net in (*scope.ports, *body.nets.values())]
        own = [(names.name("parameter", n), scope.params[n]) for n in in_order(scope.params)]
        given = ", ".join(f"{name} = {value.text(params)}" for name, value in (*outer, *own))
        inside = [net for key, net in self._nets(body) if key not in {*(p.lower() for p in scope.ports), *body.nets}]
        yield Line("")
        if scope.card is None:
            head = f"circuit {self.circuit}" + (f"(; {given})" if given else "")
        else:
            head = (
                f"module {self.outer.name('subcircuit', scope.name)}({', '.join(ports)}{f'; {given}' if given else ''})"
            )
        lines = [Line(f"  {text}") for text in _wrapped("net ", inside)]
        if scope.card is not None:
            lets = [(names.name("parameter", n), scope.lets[n]) for n in in_order(scope.lets)]
            lines += [Line(f"  let {name} = {value.text(params)}", value.card) for name, value in lets]
        lines += [line for part in body.parts for line in self._part(body, part, params)]
        yield from _renamed(names)
        if scope.card is not None and not body.parts:
            yield Line(_comment("a black box: there is nothing in it"))
            message = "a subcircuit with nothing in it: a black box, which joins nothing when it is simulated"
            self.deck.warn(scope.card, message, None, "give what is in it, if it is to be simulated")
        yield Line(f"{head} {{", scope.card)
        yield from lines
        yield Line("}")

    def _names_of(self, body: _Body) -> dict[str, str]:
        """Parameters in small letters to their names in a scope: its own hide those of the netlist."""
        own = {**body.scope.params, **body.scope.lets} if body.scope.card else {}
        found = {name: body.names.name("parameter", name) for name in self._params(body)}
        return found | {name: body.names.name("parameter", name) for name in own}

    def _nets(self, body: _Body) -> Iterator[tuple[str, str]]:
        """Every net of a scope but ground, in small letters and by its name here, once."""
        yield from ((key, shown) for (sort, key), shown in body.names.shown.items() if sort == "net")

    def _net(self, body: _Body, net: str) -> str:
        return "gnd" if self.deck.grounded(net) else body.names.name("net", net)

    def _part(self, body: _Body, part: Part, params: Mapping[str, str]) -> Iterator[Line]:
        nets = [self._net(body, node) for node in part.nodes]
        name, kind, said = body.names.name("element", part.name), part.kind, f"  # {part.said}" if part.said else ""
        if part.inside:
            inner = self.bodies[kind]
            kind = self.outer.name("subcircuit", inner.scope.name)
            nets += [self._net(body, net) for net in inner.nets.values()]
            props = [
                f"{inner.names.name('parameter', key)} = {value.text(params)}" for key, value in part.props.items()
            ]
            here = {key: body.names.name("parameter", key) for key in self._params(inner)}
            props += [f"{inner.names.name('parameter', key)} = {here[key]}" for key in self._params(inner)]
            value = ""
        else:
            value = self._value(part, params)
            props = [f"model = {_model_name(self.cards, part)}"] if _model_name(self.cards, part) else []
            props += _named(kind, {**self._inlined(part), **part.props}, params) if kind not in ("C", "R") else []
        if part.count is None or part.count.number == 1:
            yield Line(f"  {kind} {name}({', '.join(nets)}){value}{_braces(props)}{said}", part.card)
            return
        copy = body.names.name("copy of", "copy")
        yield Line(f"  for {copy} in 1..{_simple(part.count.text(params))} {{", part.card)
        yield Line(f"    {kind} {name}[{copy}]({', '.join(nets)}){value}{_braces(props)}{said}", part.card)
        yield Line("  }")

    def _value(self, part: Part, params: Mapping[str, str]) -> str:
        """What stands behind an element's connections: its value, and what R and C have beside it."""
        if part.value is None:
            return ""
        device = DEVICES[part.kind]
        text = _shown(part.value, params, device.param(device.value).unit)
        units = {"ic": "V", "tc1": "", "tc2": ""}
        beside = [f", {name} = {value.text(params, units[name])}" for name, value in part.props.items()]
        return f" = {text}{''.join(beside)}"


def _legal(name: str) -> bool:
    """Whether a name may be one here as it is."""
    return bool(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII))


def _model_name(cards: Mapping[int, str], part: Part) -> str:
    return part.model if isinstance(part.model, str) else cards.get(id(part.model), "")


def _named(kind: str, values: Mapping[str, Expression], params: Mapping[str, str]) -> list[str]:
    """Parameters of a device by name, such as `w = 10um`."""
    units = {p.name: p.unit for p in DEVICES[kind].params} if kind in DEVICES else {"w": "m", "l": "m"}
    return [f"{name} = {_shown(value, params, units[name])}" for name, value in values.items()]


def _shown(value: Value, params: Mapping[str, str], unit: str) -> str:
    if isinstance(value, Wave):
        given = [e.text(params, u) for e, u in value.arguments]
        given += [f"{name} = {e.text(params, u)}" for name, (e, u) in value.options.items()]
        return f"{value.name}({', '.join(given)})"
    return value.text(params, unit if unit in _UNITS else "")


def _simple(text: str) -> str:
    """An end of a range, in brackets unless it is one word."""
    return text if re.fullmatch(r"\w+", text) else f"({text})"


def _braces(props: Iterable[str]) -> str:
    inside = ", ".join(props)
    return f" {{ {inside} }}" if inside else ""


def _comment(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return f"# {shown[:WIDTH]}{'...' if len(shown) > WIDTH else ''}".rstrip()


def _renamed(names: Names) -> Iterator[Line]:
    """Comments that say what is called otherwise here."""
    said = [f"{written} is {here}" for written, here in names.changed.items()]
    yield from (Line(_comment(text)) for text in _wrapped("names: ", said))


def _wrapped(head: str, words: Iterable[str]) -> Iterator[str]:
    """Words with commas between, on as many lines as they need."""
    line: list[str] = []
    for word in words:
        if line and len(head) + sum(len(w) + 2 for w in line) + len(word) > WIDTH - 4:
            yield head + ", ".join(line)
            line = []
        line.append(word)
    if line:
        yield head + ", ".join(line)


def _behind_blank(lines: Iterable[Line]) -> list[Line]:
    """Lines with a blank one in front, if there are any."""
    found = list(lines)
    return [Line(""), *found] if found else []
