"""Elements of SPICE as parts of ours: one function a letter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from netlearn.devices import CARDS
from netlearn.imports import expressions, models
from netlearn.imports.cards import Card, Refused, Word
from netlearn.imports.deck import GUESS, HELD, HELD_HELP, Deck, Model, Scope, assignments
from netlearn.imports.expressions import Expression, plain
from netlearn.imports.part import Part
from netlearn.imports.together import charged, sensing
from netlearn.imports.waves import OTHER, WAVES, Wave, arguments, begin
from netlearn.kits.generic import GENERIC


@dataclass(frozen=True)
class _Element:
    """A card on its way: its scope, the words without a name behind the first, and those with one, which are taken away."""

    deck: Deck
    scope: Scope
    card: Card
    plain: list[Word]
    given: dict[str, tuple[Word, Word]]

    def nodes(self, count: int, form: str) -> tuple[str, ...]:
        """The first `count` words as nets."""
        if len(self.plain) < count:
            raise self.card.refused(
                f"{self.card.words[0].text} has {len(self.plain)} words, and {count} nets are wanted",
                None,
                f"write {form}",
            )
        found = self.plain[:count]
        del self.plain[:count]
        for word in found:
            if word.text in "()" or word.text[0] in "{'\"":
                raise self.card.refused(f"'{word.text}' is no net", word, f"write {form}")
        return tuple(word.text for word in found)

    def take(self, *names: str) -> Expression | None:
        """The value of a parameter by one of its names, which then is done with."""
        for name in names:
            if name in self.given:
                return expressions.read(self.card, self.given.pop(name)[1])
        return None

    def is_value(self, word: Word) -> bool:
        """Whether a word is a number or an expression and no name of a model."""
        if word.text[0] in "{'-+." or word.text[0].isdigit():
            return True
        known = word.key in {**self.scope.params, **self.scope.lets, **self.deck.top.lets}
        return known and models.find(self.deck, self.scope, word) is None

    def only(self, idle: Sequence[str], form: str) -> str:
        """A comment on what of the card changes nothing; Refused where there is more in it."""
        words = [self.given.pop(name)[0].text for name in list(self.given) if name in idle]
        words += [word.text for word in self.plain if word.key in idle]
        for word in (word for word in self.card.words if word.key == "off" and "off" in idle):
            self.deck.warn(self.card, GUESS, word)
        rest = [word for word in self.plain if word.key not in idle]
        if rest:
            raise self.card.refused(f"'{rest[0].text}' is not read here", rest[0], f"write {form}")
        if self.given:
            word, _ = next(iter(self.given.values()))
            raise self.card.refused(f"the parameter '{word.text}' is not read here", word, f"write {form}")
        return f"left out: {', '.join(words)}" if words else ""


def parts(deck: Deck, scope: Scope, refuse: Callable[[Refused], None]) -> list[Part]:
    """The elements of a scope; `refuse` is told of what cannot be read."""
    found = []
    for card in scope.elements.values():
        try:
            found.append(_part(deck, scope, card))
        except Refused as refused:
            refuse(refused)
    try:
        return charged(deck, scope, sensing(found))
    except Refused as refused:
        refuse(refused)
        return []


def _part(deck: Deck, scope: Scope, card: Card) -> Part:
    letter = card.name[0]
    if letter not in _LETTERS:
        help = _INSTEAD.get(letter, f"elements begin with {', '.join(sorted(_LETTERS))}, statements with a dot")
        raise card.refused(f"'{card.words[0].text}' is no element that is read", card.words[0], help)
    models_said = [w for w in card.words if w.text.startswith("$[")]
    named = [card.words[k : k + 3] for k, w in enumerate(card.words) if w.key == "$.model"]  # $.MODEL = name
    named = [three for three in named if len(three) == 3 and three[1].text == "="]
    models_said += [Word(f"$[{w.text}]", w.start - 2, w.end + 1) for _, _, w in named]
    gone = [*models_said, *(w for three in named for w in three)]
    words = [w for w in card.words[1:] if w not in gone]
    words += [Word(w.text[2:-1], w.start + 2, w.end - 1) for w in models_said if len(w.text) > 3]
    if letter in "vi":
        return _source(_Element(deck, scope, card, words, {}))
    if models_said and any(w.text == "=" for w in words):  # of CDL: the model stands behind the parameters
        first = next(k for k, w in enumerate(words) if w.text == "=") - 1
        words = [*words[:first], *words[-len(models_said) :], *words[first : -len(models_said)]]
    return _LETTERS[letter](_Element(deck, scope, card, *assignments(card, words)))


def _two(e: _Element, kind: str, value: str, extra: Sequence[str], form: str) -> Part:
    """R, C and L: two nets, a value or a model, and parameters."""
    nodes = e.nodes(2, form)
    given = e.take(value, kind.lower())
    amount = next((w for w in e.plain if e.is_value(w)), None)
    if amount is not None:
        e.plain.remove(amount)
        if given is not None:
            raise e.card.refused("the value is given twice", amount, "remove one of them")
        given = expressions.read(e.card, amount)
    named = e.plain.pop(0) if e.plain else None
    model = models.find(e.deck, e.scope, named) if named else None
    if named is not None and model is not None and model.kind[0] != kind.lower():
        raise e.card.refused(
            f"'{named.text}' is no model of {kind}", named, f"write .model {named.text} {kind.lower()}(...)"
        )
    if named is not None and model is None and (given is None or not e.deck.cdl):
        raise e.card.refused(
            f"there is no model '{named.text}'",
            named,
            f"write .model {named.text} {kind.lower()}(...), or only a value",
        )
    of = models.translated(model) if model else {}
    props = {name: found for name in extra if (found := e.take(name) or of.get(name)) is not None}
    count = e.take("m")
    sizes = {name: found for name in ("w", "l") if (found := e.take(name) or of.get(name)) is not None}
    if given is None:
        given = _of_size(e, model, of, sizes, kind)
    if kind == "R" and given.number == 0:
        raise e.card.refused(
            "a resistance of zero",
            given.word,
            f"write a source of no voltage: v{e.card.words[0].text} {' '.join(nodes)} 0",
        )
    said = e.only(_IDLE, form)
    if named is not None and model is None:
        said = "; ".join(filter(None, [f"of {named.text}", said]))
    return Part(e.card, kind, nodes, given, props, count=count, said=said)


def _of_size(
    e: _Element, model: Model | None, of: Mapping[str, Expression], sizes: Mapping[str, Expression], kind: str
) -> Expression:
    """A resistance or capacitance from a model and a size, by SPICE's formulas: rsh l / w, cj l w + 2 cjsw (l + w)."""
    needed = {"R": ("rsh",), "C": ("cj",)}.get(kind, ())
    if model is None or not needed or any(n not in of for n in needed) or len(sizes) < 2:
        raise e.card.refused(
            f"{e.card.words[0].text} has no value", e.card.words[0], f"write {e.card.words[0].text} a b 1k"
        )
    w, l = sizes["w"].tree, sizes["l"].tree  # noqa: E741
    if kind == "R":
        tree = ("/", ("*", of["rsh"].tree, l), w)
    else:
        tree = ("*", ("*", of["cj"].tree, l), w)
        if "cjsw" in of:
            tree = ("+", tree, ("*", ("*", ("number", "2"), of["cjsw"].tree), ("+", l, w)))
    return Expression(tree, e.card, e.card.words[0])


def _resistor(e: _Element) -> Part:
    if "tc" in e.given:
        raise e.card.refused("tc is written as tc1 and tc2 here", e.given["tc"][0], "write tc1=1m tc2=1u")
    return _two(e, "R", "res", ("tc1", "tc2"), "R1 a b 1k")


def _capacitor(e: _Element) -> Part:
    ic = e.take("ic")
    part = _two(e, "C", "cap", (), "C1 a b 1p")
    if ic is None:
        return part
    if not e.deck.charged:
        return replace(part, said="left out: ic, which SPICE takes with uic only")
    e.deck.warn(e.card, HELD, ic.word, HELD_HELP)
    return replace(part, props={"ic": ic})


def _inductor(e: _Element) -> Part:
    ic = e.take("ic")
    part = _two(e, "L", "ind", (), "L1 a b 1m")
    if ic is None:
        return part
    if e.deck.charged and ic.number != 0:
        help = "take uic out, for a transient from the operating point"
        raise e.card.refused("an inductor begins at its operating point here, with no other current", ic.word, help)
    return replace(part, said="left out: ic, which SPICE takes with uic only")


def _diode(e: _Element) -> Part:
    form = "D1 anode cathode model"
    nodes = e.nodes(2, form)
    if not e.plain:
        raise e.card.refused("a diode names its model", e.card.words[0], f"write {form}")
    word = e.plain.pop(0)
    area = expressions.read(e.card, e.plain.pop(0)) if e.plain and e.is_value(e.plain[0]) else e.take("area")
    count = e.take("m")
    perimeter = [e.plain.pop(0)] if e.deck.cdl and e.plain and e.is_value(e.plain[0]) else []
    said = e.only((*_IDLE, "pj", "w", "l"), form)
    said = "; ".join(filter(None, [said, *(f"left out: perimeter {p.text}" for p in perimeter)]))
    if _bare(e, word):
        said = "; ".join(
            filter(None, [f"of {word.text}", said, *([f"left out: area {area.word.text}"] if area else [])])
        )
        return Part(e.card, "D", nodes, count=count, said=said)
    model = _model(e, word, ("D",))
    scaled: dict[str, Expression] = {}
    if area is not None and area.number != 1:
        if isinstance(model, str):
            raise e.card.refused(
                f"'{model}' has an area of its own", word, f"write .model of your own for {e.card.words[0].text}"
            )
        of = models.translated(model)
        for name, sign in (("is", "*"), ("cjo", "*"), ("rs", "/")):
            base = of.get(name) or plain(e.card, f"{models.default('D', name):g}")
            if base.number != 0:
                scaled[name] = Expression((sign, base.tree, area.tree), e.card, area.word)
    return Part(e.card, "D", nodes, None, scaled, model, count, said=said)


def _mos(e: _Element) -> Part:
    form = "M1 d g s b model w=10u l=1u"
    nodes = e.nodes(4, form)
    if not e.plain:
        raise e.card.refused("a transistor names its model", e.card.words[0], f"write {form}")
    word = e.plain.pop(0)
    return _transistor(e, nodes, word, form)


def _transistor(e: _Element, nodes: tuple[str, ...], word: Word, form: str) -> Part:
    count = e.take("m", "mult")
    sizes = {name: found for name in ("w", "l") if (found := e.take(name)) is not None}
    kit = models.primitive(word) if models.find(e.deck, e.scope, word) is None else None
    if kit:
        _warn_of_layout(e)
    if "nf" in e.given and expressions.read(e.card, e.given["nf"][1]).number != 1:
        help = "write w of one finger with m in the place of nf, or w of all of them without it"
        raise e.card.refused("for some processes w is of one finger, for others of all", e.given["nf"][0], help)
    said = e.only((*_IDLE, *_LAYOUT, "nf"), form)
    if kit:
        return Part(e.card, f"{kit[0].name}.{kit[1].name}", nodes, None, sizes, "", count, said=said)
    if bare := _bare(e, word):
        said = "; ".join(filter(None, [f"of {word.text}", said]))
        return Part(e.card, bare, nodes, props=sizes, count=count, said=said)
    model = _model(e, word, ("NMOS", "PMOS", "NEKV", "PEKV"))
    kind = CARDS[model].device if isinstance(model, str) else models.device_of(model)
    return Part(e.card, kind, nodes, None, sizes, model, count, said=said)


def _bare(e: _Element, word: Word) -> str:
    """CDL has no cards of models: the device of one that is named and not given, by the letter of its element and the names that
    our own CDL has; nothing for a model that is known, and for a transistor whose channel no name tells."""
    if not e.deck.cdl or models.find(e.deck, e.scope, word) or models.known_card(word):
        return ""
    if e.card.name[0] == "d":
        return "D"
    return {GENERIC["n"]: "NMOS", GENERIC["p"]: "PMOS"}.get(word.key, "")


def _warn_of_layout(e: _Element) -> None:
    """A kit's model has junctions, resistances and stress by the layout; here it is taken by width and length alone."""
    for name in _LAYOUT:
        if name in e.given and expressions.read(e.card, e.given[name][1]).number != 0:
            message = "the layout of a transistor of a kit is left out: here its width and length are all that it is"
            help = "where junctions, their resistances or stress matter, its currents are not quite SPICE's"
            e.deck.warn(e.card, message, e.given[name][0], help)
            return


def _model(e: _Element, word: Word, kinds: Sequence[str]) -> Model | str:
    """The model of a device by name: of the netlist, or a card of ours."""
    model = models.find(e.deck, e.scope, word)
    if model is not None:
        if models.device_of(model) not in kinds:
            models.translated(model)
            raise e.card.refused(
                f"'{word.text}' is a model of another kind of element", word, f"name one of {', '.join(kinds)}"
            )
        return model
    name = models.known_card(word)
    if not name or CARDS[name].device not in kinds:
        raise models.unknown(e.card, word, kinds)
    return name


def _controlled(e: _Element, kind: str, form: str) -> Part:
    """E and G: two nets, two that control, and a gain."""
    count = e.take("m") if kind == "VCCS" else None
    if e.plain[2:3] and e.plain[2].key in ("vcvs", "vccs"):
        del e.plain[2]
    bad = next((w for w in e.plain[2:3] if w.key in ("poly", "table", "laplace", "freq", "cur", "vol")), None)
    formula = next((e.given[n][0] for n in ("value", "vol", "cur", "table") if n in e.given), bad)
    if formula is not None:
        raise e.card.refused(f"a source by '{formula.text}' is not read", formula, "write an element with its law")
    nodes = e.nodes(4, form)
    if not e.plain:
        raise e.card.refused("the gain is missing", e.card.words[0], f"write {form}")
    gain = expressions.read(e.card, e.plain.pop(0))
    if kind == "VCCS" and nodes[:2] == nodes[2:] and (gain.number or -1.0) >= 0:
        kind, nodes = "G", nodes[:2]  # a current by its own voltage is a conductance
    return Part(e.card, kind, nodes, gain, count=count, said=e.only((), form))


def _sensed(e: _Element, kind: str, form: str) -> Part:
    """F and H: two nets, the source whose current they take, and a gain."""
    nodes = e.nodes(2, form)
    if len(e.plain) < 2 or e.plain[0].key == "poly":
        raise e.card.refused(
            "this is not a source by one current", e.card.words[0], f"write {form}, or an element with its law"
        )
    senses = e.plain.pop(0)
    return Part(e.card, kind, nodes, expressions.read(e.card, e.plain.pop(0)), senses=senses, said=e.only((), form))


def _instance(e: _Element) -> Part:
    form = "X1 a b name w=1u"
    if any(w.key == "$pins" for w in e.plain):
        _by_name(e)
    e.plain[:] = [w for w in e.plain if w.key not in ("/", "params:")]
    if not e.plain:
        raise e.card.refused("an instance names its subcircuit", e.card.words[0], f"write {form}")
    word = e.plain.pop()
    scope = e.deck.inside.get(word.key)
    if scope is None:
        if models.primitive(word) is None:
            known = ", ".join(s.name for s in e.deck.inside.values())
            help = f"give it with .subckt {word.text} or .include" + (f"; known: {known}" if known else "")
            raise e.card.refused(f"there is no subcircuit '{word.text}'", word, help)
        return _transistor(e, e.nodes(4, form), word, form)
    if len(e.plain) != len(scope.ports):
        message = f"'{scope.name}' has {len(scope.ports)} ports, and here are {len(e.plain)}"
        raise e.card.refused(message, word, f"write {e.card.words[0].text} {' '.join([*scope.ports, scope.name])}")
    nodes = e.nodes(len(e.plain), form)
    count = e.take("m") if "m" not in scope.params else None
    for name, (key, _) in e.given.items():
        if name not in scope.params:
            known = ", ".join(scope.params) or "none"
            raise e.card.refused(f"'{scope.name}' has no parameter '{key.text}'", key, f"its parameters: {known}")
    props = {name: expressions.read(e.card, value) for name, (_, value) in e.given.items()}
    return Part(e.card, word.key, nodes, None, props, count=count, inside=True)


def _by_name(e: _Element) -> None:
    """`X1 name $PINS port=net ...` of CDL as `X1 net ... name`; parameters may stand among the ports."""
    e.plain[:] = [w for w in e.plain if w.key not in ("/", "$pins")]
    scope = e.deck.inside.get(e.plain[0].key) if e.plain else None
    if scope is None or len(e.plain) > 1:
        wrong = e.plain[-1] if e.plain else e.card.words[0]
        raise e.card.refused("$PINS stands behind a subcircuit that is given", wrong, "write X1 name $PINS port=net")
    lost = [port for port in scope.ports if port.lower() not in e.given]
    if lost:
        help = f"write {' '.join(f'{port}=net' for port in lost)}"
        raise e.card.refused(f"the port '{lost[0]}' of '{scope.name}' is on no net", e.plain[0], help)
    e.plain[:0] = [e.given.pop(port.lower())[1] for port in scope.ports]


def _source(e: _Element) -> Part:
    """V and I: `dc` and a value, `ac` with what is left out, and a function of time, in any order."""
    card, letter = e.card, e.card.name[0]
    unit = {"v": "V", "i": "A"}[letter]
    form = f"{letter.upper()}1 p n 5, or {letter.upper()}1 p n pulse(0 5 1u 1n 1n 5u 10u)"
    e.plain[:] = [w for w in e.plain if w.text not in ("=", ",")]
    nodes = e.nodes(2, form)
    value: Expression | None = None
    wave: Wave | None = None
    said, words = "", e.plain
    while words:
        word = words.pop(0)
        if word.key in OTHER:
            raise card.refused(f"a source by '{word.text}' is not read", word, f"write one of {', '.join(WAVES)}")
        if word.key == "ac":
            said = "left out: ac"
            while words and e.is_value(words[0]):
                words.pop(0)
        elif word.key in WAVES:
            wave = WAVES[word.key](card, word, arguments(card, words), unit)
        elif word.key != "dc":
            if value is not None or not e.is_value(word):
                raise card.refused(f"'{word.text}' is not read here", word, f"write {form}")
            value = expressions.read(card, word)
    if wave is not None and value is not None and (value.number is None or begin(wave) != value.number):
        said = "; ".join(filter(None, [f"left out: dc {value.word.text}, it begins where its function does", said]))
        message = "the dc of a function of time is left out: an operating point is taken where the function begins"
        help = "for SPICE's .op, take the function out; a transient begins as in SPICE"
        e.deck.warn(card, message, value.word, help)
    return Part(card, letter.upper(), nodes, wave or value or plain(card, "0"), said=said)


_IDLE = ("off", "sub", "x", "y", "d", "t", "ea", "noisy", "$x", "$y", "$d", "$t")
_LAYOUT = ("ad", "as", "pd", "ps", "nrd", "nrs", "sa", "sb", "sd", "geo")
_LETTERS: dict[str, Callable[[_Element], Part]] = {
    "r": _resistor,
    "c": _capacitor,
    "l": _inductor,
    "v": _source,
    "i": _source,
    "d": _diode,
    "m": _mos,
    "e": lambda e: _controlled(e, "VCVS", "E1 p n cp cn 10"),
    "g": lambda e: _controlled(e, "VCCS", "G1 p n cp cn 1m"),
    "f": lambda e: _sensed(e, "CCCS", "F1 p n v1 10"),
    "h": lambda e: _sensed(e, "CCVS", "H1 p n v1 1k"),
    "x": _instance,
}
_INSTEAD = {
    "b": "write an element with its law: element Law(p, n; g = 1mS) { current i = g * V(p, n) }",
    "k": "there are no coupled inductors here",
    "q": "there are no bipolar transistors here: write an element with the law",
    "j": "there are no junction transistors here: write an element with the law",
    "s": "write Switch s1(p, n, cp, cn) after the import",
    "w": "write Switch s1(p, n, cp, cn) after the import",
    "a": "nothing in a netlist runs a program: write an element with the law",
    "n": "write an element with the law of the model",
    "u": "there are no lines with losses here",
    "t": "there are no lines with delay here",
    "o": "there are no lines with losses here",
}
