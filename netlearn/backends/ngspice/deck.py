"""A flat circuit as an ngspice deck: generated names and plain numbers, nothing from the netlist's text.

Nodes are `n<int>` (ground `0`), elements a letter and `e<int>`, models `m<int>`, external sources `v<int>`.
A device with a card is written as SPICE's own element; any other as behavioural sources made of its law. Parameters are
those at the temperature of each device, so an element of SPICE that is not at 27 C has its model's nominal temperature where
it is itself: its own laws then move nothing, and kT/q follows. What changes while the deck stays loaded comes in from outside, one external source each:

    an input or another held node k     v<k> n<node> 0 external
    a current fed into a node           a unit transconductance from an external voltage
    a node held in some samples only    a source that obeys  c (V(n) - target) + (1 - c) 1k i = 0,  c = 0 or 1
    a learnable source or stored charge its voltage itself
    a learnable parameter of a law      a node whose voltage is the parameter

and learnable numbers of SPICE's own elements (a resistance, say) are altered between points.

Transistors of a process kit are instances of its subcircuits. The models they need are written once, in front; neither they
nor anything else here sets `.option scale`, which multiplies every width and length of a deck: all are metres.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from netlearn.circuit.flat import Bank, FlatCircuit, Floats
from netlearn.devices import Device, kernel
from netlearn.devices.primitives import NOMINAL, ZERO_CELSIUS
from netlearn.devices.spice import fold, spell, terms
from netlearn.errors import BackendError
from netlearn.kits import deck_models, located

POINT_OPTIONS = ".options reltol=1e-9 vntol=1e-12 abstol=1e-15 itl1=100 itl2=100"
_SOURCES = ("V", "Cm")  # devices that hold a voltage: their value can come from outside


@dataclass(frozen=True)
class Key:
    """A number of the circuit: device, parameter, element."""

    device: str
    param: str
    element: int


@dataclass(frozen=True)
class Deck:
    """A deck and how to drive it. `sources` in the order of their columns; see `backend.columns`.

    reads: ngspice vector, and the unknown it is. alterable: the SPICE name and parameter of a number.
    external: numbers that come in through a source, by column.
    """

    text: str
    sources: tuple[str, ...]
    held: Mapping[int, int]
    switched: Mapping[int, tuple[int, int]]
    fed: Mapping[int, int]
    external: Mapping[Key, int]
    alterable: Mapping[Key, tuple[str, str]]
    reads: tuple[tuple[str, int], ...]


@dataclass
class _Writer:
    circuit: FlatCircuit
    values: Mapping[str, Mapping[str, Floats]]
    moving: frozenset[tuple[str, str]]
    transient: bool
    lines: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    external: dict[Key, int] = field(default_factory=dict)
    alterable: dict[Key, tuple[str, str]] = field(default_factory=dict)
    branches: list[tuple[str, int]] = field(default_factory=list)
    count: int = 0

    def source(self, node: str) -> int:
        """One more external voltage source on a node; gives its column."""
        column = len(self.sources)
        self.sources.append(f"v{column}")
        self.lines.append(f"v{column} {node} 0 external")
        return column

    def model(self, text: str) -> str:
        """The name of a model card; equal cards are written once."""
        if text not in self.models:
            self.models[text] = f"m{len(self.models)}"
            self.lines.append(text.format(model=self.models[text]))
        return self.models[text]


def node(index: int) -> str:
    return f"n{index}" if index else "0"


def number(value: float) -> str:
    return f"{value:.17g}"


def write(
    circuit: FlatCircuit,
    values: Mapping[str, Mapping[str, Floats]],
    held: Sequence[int],
    switched: Sequence[int],
    fed: Sequence[int],
    moving: frozenset[tuple[str, str]],
) -> Deck:
    """The deck for operating points: `values` one draw, (E,) a parameter; `moving` (device, parameter)
    pairs change while it is loaded."""
    w = _Writer(circuit, values, moving, transient=False)
    held_columns = {n: w.source(node(n)) for n in held}
    switches = {n: _switch(w, n) for n in switched}
    fed_columns = {n: _feed(w, n) for n in fed}
    w.lines += _kits(circuit, values)
    for bank in circuit.banks.values():
        for element in range(len(bank.names)):
            _element(w, bank, element)
    reads = [(node(n), n) for n in range(1, len(circuit.nodes)) if n not in held_columns]
    w.lines += ["vsweep nsweep 0 0", "rsweep nsweep 0 1"]
    text = _finish(w, reads + w.branches, POINT_OPTIONS)
    return Deck(
        text, tuple(w.sources), held_columns, switches, fed_columns, w.external, w.alterable, tuple(reads + w.branches)
    )


def write_transient(
    circuit: FlatCircuit,
    values: Mapping[str, Mapping[str, Floats]],
    held: Mapping[int, float],
    fed: Mapping[int, float],
    start: Floats | None = None,
    accuracy: float = 1e-6,
    method: str = "trap",
) -> Deck:
    """The deck of a transient run: held nodes and fed currents constant, sources with their waveforms. It begins with an
    operating point, or goes on from `start` (size,), to which the first point is bound node by node."""
    if start is not None:
        values = {**values, **_charged(circuit, values, start)}
    w = _Writer(circuit, values, frozenset(), transient=True)
    w.lines += [f"vh{n} {node(n)} 0 {number(v)}" for n, v in held.items()]
    w.lines += [f"ih{n} 0 {node(n)} {number(i)}" for n, i in fed.items()]
    w.lines += _kits(circuit, values)
    for bank in circuit.banks.values():
        for element in range(len(bank.names)):
            _element(w, bank, element)
    if start is not None:
        known = {*held, *circuit.held_nodes}
        bound = [n for n in range(1, len(circuit.nodes)) if n not in known]
        w.lines += [f".ic v({node(n)})={number(start[n])}" for n in bound]
    reads = [(node(n), n) for n in range(1, len(circuit.nodes))] + w.branches
    # Currents of capacitors are differences of charges over short times: what is asked for below a
    # millionth of the accuracy, 1e-12 A at 1e-6, may be their rounding, and no step is short enough.
    options = f".options reltol={accuracy:g} vntol={1e-3 * accuracy:g} abstol={1e-6 * accuracy:g} method={method}"
    return Deck(_finish(w, reads, options), (), {}, {}, {}, {}, {}, tuple(reads))


def standalone(deck: Deck, title: Sequence[str], nodes: Sequence[int]) -> str:
    """A transient deck as a file for `ngspice -b`: its title as comments, and its first point, which is the operating point
    with stored charges as they are, printed for some nodes."""
    lines = deck.text.rstrip("\n").split("\n")
    assert lines[-1] == ".end"
    reads = " ".join(f"v({node(n)})" for n in nodes)
    asked = [".tran 1e-12 1e-12", f".print tran {reads}", ".end", ""]
    return "\n".join([*(f"* {line}" for line in title), *lines[1:-1], *asked])


def _kits(circuit: FlatCircuit, values: Mapping[str, Mapping[str, Floats]]) -> list[str]:
    """The models of the process kits in a circuit: KitError where a kit is not there, or has none of that size."""
    sizes: dict[tuple[str, Path | None, str], dict[str, list[tuple[float, float]]]] = {}
    for name, bank in circuit.banks.items():
        if bank.device.kit:
            pairs = zip(values[name]["w"].tolist(), values[name]["l"].tolist(), strict=True)
            where = bank.device.kit, bank.device.home, bank.device.corner
            sizes.setdefault(where, {})[name] = list(dict.fromkeys(pairs))
    return [line for (kit, home, corner), of in sizes.items() for line in deck_models(located(kit, home, corner), of)]


def _charged(
    circuit: FlatCircuit, values: Mapping[str, Mapping[str, Floats]], start: Floats
) -> dict[str, dict[str, Floats]]:
    """The parameters of what remembers a voltage, with those that it has at the start."""
    memories = {name: bank.nodes for name, bank in circuit.banks.items() if bank.device.moving}
    return {name: {**values[name], "ic": start[nodes[:, 0]] - start[nodes[:, 1]]} for name, nodes in memories.items()}


def _finish(w: _Writer, reads: Sequence[tuple[str, int]], options: str) -> str:
    saves = [f".save {' '.join(_saved(name) for name, _ in reads[k : k + 20])}" for k in range(0, len(reads), 20)]
    return "\n".join(["* written by netlearn", *w.lines, options, *saves, ".end", ""])


def _saved(vector: str) -> str:
    return vector if "#" in vector or "@" in vector else f"v({vector})"


def _switch(w: _Writer, n: int) -> tuple[int, int]:
    """A driver that can let go: columns of its target and of its switch (1 holds, 0 lets go)."""
    target, on = f"nt{n}", f"nc{n}"
    columns = w.source(target), w.source(on)
    out = node(n)
    w.lines.append(f"bc{n} {out} 0 V = v({out})-v({on})*(v({out})-v({target}))-(1-v({on}))*1000*i(bc{n})")
    return columns


def _feed(w: _Writer, n: int) -> int:
    column = w.source(f"nf{n}")
    w.lines.append(f"gf{n} 0 {node(n)} nf{n} 0 1")
    return column


def _element(w: _Writer, bank: Bank, element: int) -> None:
    device = bank.device
    w.count += 1
    identity = f"e{w.count}"
    nodes = {t: node(int(n)) for t, n in zip(device.terminals, bank.nodes[element], strict=True)}
    numbers = {p: float(w.values[device.name][p][element]) for p in device.param_names}
    moving = [p for p in device.param_names if (device.name, p) in w.moving]
    card = device.card
    if card is None or any(p not in card.alter for p in moving):
        _behavioural(w, bank, element, identity, nodes, numbers, moving)
        return
    if not w.transient and device.name in _SOURCES and moving:
        w.external[Key(device.name, moving[0], element)] = len(w.sources)
        name = f"v{len(w.sources)}"
        w.sources.append(name)
        w.lines.append(f"{name} {nodes['p']} {nodes['n']} external")
        w.branches.append((f"{name}#branch", int(bank.branches[element][0])))
        return
    if w.transient and device.moving and "0" in nodes.values():
        _held(w, bank, element, identity, nodes, numbers)
        return
    _card(w, bank, element, identity, nodes, numbers)
    first = (card.transient if w.transient and card.transient else card.line)[0]
    for param in card.alter if device.kit else moving:  # a kit's models are not read again for each draw
        *letter, spelled = card.alter[param].split()
        w.alterable[Key(device.name, param, element)] = ("".join(letter or first) + identity, spelled)


def _held(
    w: _Writer, bank: Bank, element: int, identity: str, nodes: Mapping[str, str], numbers: Mapping[str, float]
) -> None:
    """A capacitor to ground that begins at its voltage."""
    volts = (
        f"v({nodes['p']})={number(numbers['ic'])}" if nodes["n"] == "0" else f"v({nodes['n']})={number(-numbers['ic'])}"
    )
    w.lines += [f"c{identity} {nodes['p']} {nodes['n']} {number(numbers['c'])}", f".ic {volts}"]
    w.branches.append((f"@c{identity}[i]", int(bank.branches[element][0])))


def _card(
    w: _Writer, bank: Bank, element: int, identity: str, nodes: Mapping[str, str], numbers: Mapping[str, float]
) -> None:
    device, card = bank.device, bank.device.card
    assert card is not None
    spelled = {p: number(v) for p, v in numbers.items()}
    wave = bank.waves.get(element)
    if wave is not None and w.transient:
        spelled[device.waveform] = f"dc {number(wave.value(0.0))} {wave.spice()}"
    warm, of_model = card.warm if numbers.get("temp", NOMINAL) != NOMINAL else ("", "")
    spelled["celsius"] = number(numbers.get("temp", NOMINAL) - ZERO_CELSIUS)
    model = w.model(_spell(card.model.replace("{warm}", of_model), spelled)) if card.model else ""
    line = (card.transient if w.transient and card.transient else card.line) + warm
    text = _spell(line, spelled).format(id=identity, model=model, **nodes)
    w.lines += text.split("\n")
    for k, unknown in enumerate(bank.branches[element]):
        voltage_like = [part.split()[0] for part in text.split("\n") if part[0] in "vehl"]
        if k < len(voltage_like):
            w.branches.append((f"{voltage_like[k]}#branch", int(unknown)))
        elif text[0] == "c":
            w.branches.append((f"@c{identity}[i]", int(unknown)))


def _spell(template: str, numbers: Mapping[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda m: numbers[m[1]], template)


def _behavioural(
    w: _Writer,
    bank: Bank,
    element: int,
    identity: str,
    nodes: Mapping[str, str],
    numbers: Mapping[str, float],
    moving: Sequence[str],
) -> None:
    device = bank.device
    outside: dict[str, str] = {}
    for p in moving:
        inside = f"np{identity}_{device.param_names.index(p)}"
        w.external[Key(device.name, p, element)] = w.source(inside)
        outside[p] = f"v({inside})"
    known = {p: v for p, v in numbers.items() if p not in outside}
    names = _branch_names(device, identity)
    branches = dict(zip(kernel(device).branches, bank.branches[element], strict=True))

    def leaf(kind: str, name: str) -> str:
        if kind == "v":
            return f"v({nodes[name]})"
        return f"i({names[name]})" if kind == "i" else outside[name]

    fluxes = {name for kind, name, _, _, _ in kernel(device).parts if kind == "F"}
    for k, (kind, name, a, b, tree) in enumerate(kernel(device).parts):
        folded = fold(tree, known, frozenset(t for t, n in nodes.items() if n == "0"))
        expression = spell(folded, leaf)
        if kind == "I":
            for m, term in enumerate(terms(folded)):
                w.lines.append(f"b{identity}_{k}_{m} {nodes[a]} {nodes[b]} I = {spell(term, leaf)}")
        elif kind == "Q" and w.transient:
            w.lines.append(f"c{identity}_{k} {nodes[a]} {nodes[b]} q = '{expression}'")
        elif kind == "V":
            if w.transient and name in fluxes:
                raise BackendError(
                    f"element {device.name} stores flux, which ngspice cannot be given as a law", "use L"
                )
            w.lines.append(f"{names[name]} {nodes[a]} {nodes[b]} V = {expression}")
            w.branches.append((f"{names[name]}#branch", int(branches[name])))


def _branch_names(device: Device, identity: str) -> dict[str, str]:
    return {name: f"b{identity}v{k}" for k, name in enumerate(kernel(device).branches)}
