"""The law of a device as a subcircuit of behavioural sources, in the dialects of SPICE.

    current i(a, b) = x    a source of current x from a to b
    voltage e(a, b) = x    a source of voltage x
    charge  q(a, b) = x    a source of current dx/dt, or a capacitor that holds x
    flux    e = x          the voltage dx/dt in series with e

What a dialect calls things is a `Dialect` of the table. Where something has a rate that the dialect has no word for, a node has
a volt for each nanocoulomb (or nanoweber), a capacitor of 1 nF there draws the rate, and F or H repeat it where it is wanted. A
branch current that an expression reads, and the current through a series resistance, is that of a source of zero volts, which H
makes a voltage of: no dialect but takes that, and LTspice has no immediate feedback by I() itself. LTspice has ddt() in a source,
but ngspice in its modes for LTspice has not (it is 1 in small signals there): a node and a capacitor are the same in both.

Parameters are the subcircuit's, with the defaults of the device; one that must be given is zero where it is not. Functions by the
manuals: ngspice (chapter 5), Xyce Reference Guide (expressions), LTspice help (B sources), HSPICE User Guide (expressions): `log`
is natural in HSPICE, not in Xyce; `^` is exclusive or in LTspice; HSPICE's pow truncates its exponent, its pwr does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from netlearn.devices import Device
from netlearn.devices.primitives import LIMIT, Tree
from netlearn.devices.spice import FORMS, terms
from netlearn.export.contributions import Contribution, at_rest, contributions, used
from netlearn.export.leaves import Names, distinct, law_names
from netlearn.export.names import model_name
from netlearn.export.spelling import Language, spell

RATE = "{source}\nv{id} {id} {id}_c 0\nc{id} {id}_c 0 1e-09"
"""A node {id} at 1e9 times what has a rate: that is the current of v{id}."""
REPEATED = "\nf{id} {a} {b} v{id} 1"
"""That current from {a} to {b}."""


@dataclass(frozen=True)
class Dialect:
    """How a dialect writes sources between nodes {a} and {b} of an expression {x}, and a parameter {p} inside an expression; and a
    source of as many volts as v{id} carries amperes."""

    language: Language
    current: str
    voltage: str
    charge: str
    inside: str
    carried: str = "h{id} {a} {b} v{id} 1"


def _forms(condition: str, log: str, both: str, either: str, negation: str) -> dict[str, str]:
    """Forms made of what a dialect has: exponentials that do not overflow on the side that is not taken, either."""
    where = dict.fromkeys(("where", "ITE"), condition)
    softplus = condition.format("{0} > 40", "{0}", log.format("1+exp(min({0},40))"))
    return where | {
        "log": log,
        "fabs": "abs({0})",
        "sign": "sgn({0})",
        "limexp": f"(exp(min({{0}},{LIMIT}))*(1+max({{0}}-{LIMIT},0)))",
        "softplus": softplus,
        "logistic": "(1/(1+exp(min(-({0}),300))))",
        "pos": "max({0},0)",
        "and": both,
        "or": either,
        "not": negation,
        "static": "(time <= 0)",
    }


def _even(base: str, n: int) -> str:
    """An even power without what ** and ^ mean for a negative base, which differs."""
    return f"pwr(abs({base}),{n})"


TERNARY = "({0} ? {1} : {2})"
NGSPICE = Language(
    forms=FORMS | {"ITE": TERNARY, "static": "(time <= 0)"},
    square=lambda base, n: f"({base}^{n})",
    power="pwr({0},{1})",
)
LOGIC = ("({0} && {1})", "({0} || {1})", "(!{0})")
XYCE = Language(_forms(TERNARY, "ln({0})", *LOGIC), _even, "pwr({0},{1})")
LTSPICE = Language(_forms("if({0},{1},{2})", "ln({0})", "({0}*{1})", "max({0},{1})", "(1-{0})"), _even, "pwr({0},{1})")
HSPICE = Language(_forms(TERNARY, "log({0})", *LOGIC), _even, "pwr({0},{1})")

DIALECTS: dict[str, Dialect] = {
    "ngspice": Dialect(
        NGSPICE, "b{id} {a} {b} i={x}", "b{id} {a} {b} v={x}", "c{id} {a} {b} q='{x}'", inside="{{{p}}}"
    ),
    "xyce": Dialect(
        XYCE,
        "b{id} {a} {b} i={{{x}}}",
        "b{id} {a} {b} v={{{x}}}",
        "b{id} {a} {b} i={{ddt({x})}}",
        inside="{p}",
    ),
    "ltspice": Dialect(
        LTSPICE,
        "b{id} {a} {b} i={x}",
        "b{id} {a} {b} v={x}",
        RATE.format(source="b{id} {id} 0 v=1e9*({x})", id="{id}") + REPEATED,
        inside="{{{p}}}",
    ),
    "hspice": Dialect(
        HSPICE,
        "g{id} {a} {b} cur='{x}'",
        "e{id} {a} {b} vol='{x}'",
        RATE.format(source="e{id} {id} 0 vol='1e9*({x})'", id="{id}") + REPEATED,
        inside="{p}",
    ),
}
DIALECTS["dspf"] = replace(DIALECTS["ngspice"], carried="b{id}_i {a} {b} v=i(v{id})")
"""ngspice's, where instances have a divider of paths in their names: H ends the name of a source at one."""


def subcircuit(device: Device, dialect: str, name: str = "") -> str:
    """The law of a device as a subcircuit in a dialect of the table: KitError where its law is not known."""
    known, name = law_names(device), name or model_name(device)
    ports = " ".join(known["v", t] for t in device.terminals)
    given = " ".join(f"{known['p', p.name]}={float(p.default or 0.0)!r}" for p in device.params)
    lines = [
        f"* {device.name}: {device.doc}",
        "* Written by netlearn from the law of the element.",
        *(f"* {line}" for line in at_rest(device)),
        f".subckt {name} {ports} {given}".rstrip(),
        *_Body(device, DIALECTS[dialect], known).lines(),
        f".ends {name}",
        "",
    ]
    return "\n".join(lines)


def outer(name: str) -> str:
    """What is outside a series resistance, apart from everything that a law can name."""
    return f"{name}'"


class _Body:
    """The elements of one subcircuit."""

    def __init__(self, device: Device, dialect: Dialect, known: Names) -> None:
        self.device, self.dialect, self.known = device, dialect, known
        inner = distinct((f"{known['v', t]}_inner" for _, t in device.series), known.values())
        self.nodes = {t: known["v", t] for t in device.terminals}
        self.nodes |= {outer(t): self.nodes[t] for _, t in device.series}
        self.nodes |= {t: node for (_, t), node in zip(device.series, inner, strict=True)}
        resistances = [
            Contribution("V", outer(p), outer(t), t, ("*", ("p", p), ("i", outer(p)))) for p, t in device.series
        ]
        self.found = [*resistances, *contributions(device)]
        self.own = "w"  # what names of inner nodes begin with, and no terminal's does
        while any(node.startswith(self.own) for node in known.values()):
            self.own += "w"
        self.currents = {c.name: f"{self.own}i{k}" for k, c in enumerate(self.found) if c.kind == "V"}

    def lines(self) -> Iterator[str]:
        read = used([c.tree for c in self.found], "i")
        rates = {c.name: c for c in self.found if c.kind == "F"}
        for k, c in enumerate(self.found):
            if c.kind == "I":
                for m, term in enumerate(terms(c.tree)):
                    yield self.source(self.dialect.current, f"{k}_{m}", c, term)
            elif c.kind == "Q":
                yield self.source(self.dialect.charge, f"{self.own}q{k}", c, c.tree)
            elif c.kind == "V":
                yield from self.branch(f"{self.own}e{k}", c, c.name in read, rates.get(c.name))

    def branch(self, identity: str, c: Contribution, read: bool, flux: Contribution | None) -> Iterator[str]:
        """A voltage from a to b, with its current sensed on the way and the rate of a flux added, where there are such."""
        a, b = self.nodes[c.a], self.nodes[c.b]
        if read:
            sensed = f"{identity}_s"
            yield f"v{identity} {a} {sensed} 0"
            yield self.dialect.carried.format(id=identity, a=self.currents[c.name], b="0")
            a = sensed
        if flux:
            level = self.dialect.voltage.format(
                id=f"{identity}_f", a=f"{identity}_f", b="0", x=f"1e9*({self.text(flux.tree)})"
            )
            yield RATE.format(source=level, id=f"{identity}_f")
            yield self.dialect.carried.format(id=f"{identity}_f", a=a, b=f"{identity}_r")
            a = f"{identity}_r"
        yield self.dialect.voltage.format(id=identity, a=a, b=b, x=self.text(c.tree))

    def source(self, template: str, identity: str, c: Contribution, tree: Tree) -> str:
        return template.format(id=identity, a=self.nodes[c.a], b=self.nodes[c.b], x=self.text(tree))

    def text(self, tree: Tree) -> str:
        def leaf(kind: str, of: str) -> str:
            if kind == "v":
                return f"v({','.join(self.nodes[t] for t in of.split(','))})"
            return f"v({self.currents[of]})" if kind == "i" else self.dialect.inside.format(p=self.known["p", of])

        return spell(tree, leaf, self.dialect.language)
