"""Models of SPICE as devices of ours: which parameter is which, and which may only have the value that ours always has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from netlearn.devices import CARDS, DEVICES
from netlearn.imports.cards import Card, Refused, Word
from netlearn.imports.deck import Deck, Model, Scope
from netlearn.imports.expressions import Expression
from netlearn.kits import KITS, Kit
from netlearn.kits.model import Primitive


@dataclass(frozen=True)
class Kind:
    """A kind of model: the device that it becomes ("": its numbers go into the element), SPICE's parameters with ours, what must
    have a certain value, and what changes nothing that is simulated here."""

    device: str
    params: Mapping[str, str]
    fixed: Mapping[str, float] = field(default_factory=dict)
    idle: frozenset[str] = frozenset()


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


NOISE = frozenset(("kf", "af", "ef", "noise"))
_MOS_PARAMS = {
    **_same(
        "vto", "kp", "gamma", "phi", "lambda", "is", "rd", "rs", "cgso", "cgdo", "cbd", "cbs", "pb", "mj", "w", "l"
    ),
    "vt0": "vto",
}
_MOS_FIXED = {
    "level": 1, "tnom": 27, "fc": 0.5, "cgbo": 0, "cj": 0, "cjsw": 0, "js": 0, "rsh": 0, "ld": 0, "wd": 0, "nss": 0,
}  # fmt: skip
KINDS: dict[str, Kind] = {
    "d": Kind(
        "D",
        _same("is", "n", "rs", "cjo", "vj", "m", "tt", "eg", "xti")
        | {"js": "is", "cj0": "cjo", "cj": "cjo", "pb": "vj", "mj": "m"},
        {"level": 1, "fc": 0.5, "tnom": 27},
        NOISE,
    ),
    "nmos": Kind("NMOS", _MOS_PARAMS, _MOS_FIXED, NOISE | {"mjsw"}),
    "pmos": Kind("PMOS", _MOS_PARAMS, _MOS_FIXED, NOISE | {"mjsw"}),
    "r": Kind("", _same("tc1", "tc2", "rsh", "w", "l"), {"level": 1, "tnom": 27}, NOISE),
    "c": Kind("", _same("cj", "cjsw", "w", "l"), {"tc1": 0, "tc2": 0, "tnom": 27}, NOISE),
}
KINDS |= {"res": KINDS["r"], "cap": KINDS["c"]}
_WHY = {
    "bv": "a diode has no breakdown here", "ibv": "a diode has no breakdown here",
    "tox": "level 1 without an oxide thickness is what there is: give kp, gamma and phi instead",
    "level": "level 1 is what there is; of a process kit name its transistor, such as sky130_fd_pr__nfet_01v8",
}  # fmt: skip


def translated(model: Model) -> dict[str, Expression]:
    """The parameters of a model by their names here; Refused where one says what no parameter here does."""
    kind = KINDS.get(model.kind)
    if kind is None:
        help = f"known: {', '.join(sorted(KINDS))}; write an element with its law"
        raise model.card.refused(f"models of kind '{model.kind}' are not read", None, help)
    found: dict[str, Expression] = {}
    for name, value in model.params.items():
        if name in kind.fixed:
            if value.number != kind.fixed[name]:
                help = _WHY.get(name, f"without it, it is {kind.fixed[name]:g}: take it out if that will do")
                raise value.card.refused(
                    f"'{name}' of '{model.name.text}' is more than {kind.device or 'it'} has here", value.word, help
                )
        elif name in kind.params:
            if kind.params[name] in found:
                raise value.card.refused(f"'{name}' is given twice, by two names", value.word, "remove one of them")
            found[kind.params[name]] = value
        elif name not in kind.idle:
            help = _WHY.get(name, f"take it out if it does not matter; known: {', '.join(kind.params)}")
            raise value.card.refused(f"'{name}' of '{model.name.text}' is not read", value.word, help)
    return found


def device_of(model: Model) -> str:
    """The device that a model is of, or nothing where its numbers go into the element."""
    return KINDS[model.kind].device if model.kind in KINDS else ""


def find(deck: Deck, scope: Scope, word: Word) -> Model | None:
    """The model by name: of the subcircuit, or else of the netlist."""
    return scope.models.get(word.key) or deck.top.models.get(word.key)


def known_card(word: Word) -> str:
    """The name of a model card that comes with netlearn, or nothing."""
    return next((name for name in CARDS if name.lower() == word.key), "")


def primitive(word: Word) -> tuple[Kit, Primitive] | None:
    """The transistor of a process kit: by the name of its subcircuit, or as KIT__NAME."""
    for kit in KITS.values():
        for one in kit.primitives:
            if word.key in (one.subcircuit.lower(), f"{kit.name}__{one.name}".lower()):
                return kit, one
    return None


def unknown(card: Card, word: Word, kinds: Sequence[str]) -> Refused:
    """A model that is named and not there, with the models that could be."""
    known = [name for name, one in CARDS.items() if one.device in kinds]
    example = "d(is=1e-14)" if kinds[0] == "D" else f"{kinds[0].lower()}(level=1 vto=0.7 kp=100u)"
    kits = "" if kinds[0] == "D" else ", or a transistor of a kit such as sky130__nfet_01v8"
    return card.refused(
        f"there is no model '{word.text}'",
        word,
        f"give its card, .model {word.text} {example}, or name one of {', '.join(known)}{kits}",
    )


def default(device: str, param: str) -> float:
    """What a parameter is where nobody says."""
    return DEVICES[device].param(param).default or 0.0
