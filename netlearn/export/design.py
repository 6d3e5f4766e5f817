"""A circuit as it leaves: blocks of parts, with names every format can have and the numbers of one manufactured copy.

    Circuit (cells, paths, formulas) + Params (one draw, states as they were learned)  ->  Design  ->  a writer a format

The hierarchy is the designer's. A number that is the same wherever a cell is used and is what the netlist says stands where
the netlist has it; one that was learned, or that manufacture put off, becomes a parameter of its block, and is handed down from
the top, where `Design.numbers` has it: so what is drawn or learned changes that table and no block. For formats that know
no parameters `specialised` makes a block for each set of numbers, and `flat` one block of everything.

Independent sources of the top cell are what its designer drives it with: they stand around the device under test (`Bench`), with
the inputs, and the nets they are on are its ports. A conductor G leaves as the resistor it is (as a controlled source where it
conducts nothing). Ground is the net "0" everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from netlearn.circuit.flat import FlatCircuit, Floats, Params
from netlearn.circuit.model import GROUND, Cell, Circuit, Element, Formula, Input, Output
from netlearn.circuit.waveform import Waveform
from netlearn.devices import CARDS, DEVICES, Device
from netlearn.devices.primitives import NOMINAL, ZERO_CELSIUS
from netlearn.errors import CircuitError
from netlearn.export.elements import coefficients, is_plain, letter
from netlearn.export.names import MASTERS, legal, model_name, named

GND = "0"
SOURCES = ("V", "I")
Number = float | str
"""A number, or the parameter of the block that it is."""


@dataclass(frozen=True)
class Part:
    """One device: its nets in the order of its terminals, all of its parameters, what it is matched with, and which of its
    parameters states set."""

    name: str
    device: Device
    nets: tuple[str, ...]
    numbers: Mapping[str, Number]
    wave: Waveform | None = None
    match: str = ""
    learned: tuple[str, ...] = ()

    @property
    def opened(self) -> tuple[str, ...]:
        """Its parameters that are parameters of the block."""
        return tuple(p for p, v in self.numbers.items() if isinstance(v, str))

    @property
    def plain(self) -> bool:
        """Whether it leaves as an element of SPICE."""
        return is_plain(self.device, self.opened)


@dataclass(frozen=True)
class Use:
    """A block in another: its ports on nets, its parameters as they are given."""

    name: str
    block: Block
    nets: tuple[str, ...]
    given: Mapping[str, Number]
    match: str = ""


@dataclass(frozen=True)
class Block:
    """A subcircuit. What is in it stands in the order of the netlist."""

    name: str
    ports: tuple[str, ...]
    params: tuple[str, ...]
    parts: tuple[Part, ...]
    uses: tuple[Use, ...]

    @property
    def nets(self) -> tuple[str, ...]:
        """Ports first, then what is inside, in the order of use; without ground."""
        inside = [n for p in self.parts for n in p.nets] + [n for u in self.uses for n in u.nets]
        return tuple(net for net in dict.fromkeys((*self.ports, *inside)) if net != GND)


@dataclass(frozen=True)
class Drive:
    """An input: V holds each of its nets, I feeds each of them."""

    name: str
    kind: str
    nets: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class Read:
    """An output, V(plus) - V(minus), by names of nodes of the whole."""

    name: str
    plus: str
    minus: str


@dataclass(frozen=True)
class Bench:
    """What stands around the device under test: sources of the netlist, inputs, and what is read. currents: outputs that are
    the current into the first terminal of a part, by name; no file reads them."""

    sources: tuple[Part, ...]
    drives: tuple[Drive, ...]
    reads: tuple[Read, ...]
    currents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Design:
    """A whole circuit. numbers: the parameters of `top`, and those of the bench's sources; title: what it is, in a line.

    nodes, parts: names here, from the top with dots (`xe_0.m`), by their paths in the netlist. voltages: node voltages by our
    own solution, by path."""

    name: str
    title: str
    top: Block
    bench: Bench
    numbers: Mapping[str, float]
    nodes: Mapping[str, str]
    parts: Mapping[str, str]
    meaning: Mapping[str, tuple[str, str]]
    """Of each parameter of the top: the path of the element, and its parameter."""
    voltages: Mapping[str, float]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every block once, those that others use before them."""
        found: dict[str, Block] = {}
        _collect(self.top, found)
        return tuple(found.values())

    @property
    def volts(self) -> dict[str, float]:
        """Node voltages by our own solution, by names here; ground among them."""
        return {self.nodes[path]: value for path, value in self.voltages.items()} | {GND: 0.0}

    @property
    def devices(self) -> dict[str, Device]:
        """Every device that is used, by name."""
        every = [p for b in self.blocks for p in b.parts] + list(self.bench.sources)
        return {p.device.name: p.device for p in every}


def _collect(block: Block, found: dict[str, Block]) -> None:
    for use in block.uses:
        if use.block.name not in found:
            _collect(use.block, found)
    found[block.name] = block


def make_design(circuit: Circuit, shape: FlatCircuit, params: Params, inputs: Floats, x: Floats, title: str) -> Design:
    """The design of a circuit with the numbers of one draw, driven by `inputs` (I,); x (size,): its solution.

    CircuitError for an element that is not at 27 C, for a conductor whose temperature coefficients would be lost, for an input inside a cell, and for a circuit with nothing in it."""
    cells = _Cells(circuit.top, _numbers(shape, params))
    top = cells.block(circuit.top)
    nets, _ = cells.names(circuit.top)
    nodes, parts = dict[str, str](), dict[str, str]()
    cells.note(circuit.top, "", "", nodes, parts)
    bench = Bench(
        tuple(cells.part(circuit.top, e) for e in circuit.top.elements if e.device.name in SOURCES),
        tuple(_drive(port, value, nets) for port, value in zip(circuit.inputs, inputs.tolist(), strict=True)),
        tuple(_read(output, nodes) for output in circuit.outputs if output.kind == "V"),
        {legal(output.name): parts[output.element] for output in circuit.outputs if output.kind == "I"},
    )
    ports = [n for d in bench.drives for n in d.nets] + [n for s in bench.sources for n in s.nets]
    ports += [nets[n] for o in circuit.outputs if o.kind == "V" for n in (*o.free, *o.clamped) if n in nets]
    ports = [n for n in dict.fromkeys(ports) if n != GND] or list(top.nets)
    wanted = cells.open(circuit.top)
    for what, there in (("element but sources", top.parts or top.uses), ("net but ground", top.nets)):
        if not there:
            raise CircuitError(f"{circuit.name} has no {what}", "there is nothing in it that could be exported")
    return Design(
        name=legal(circuit.name),
        title=title,
        top=replace(top, ports=tuple(ports), params=()),
        bench=bench,
        numbers={name: cells.values[where] for name, where in wanted.items()},
        nodes=nodes,
        parts=parts,
        meaning=wanted,
        voltages={n: float(x[k]) for k, n in enumerate(shape.nodes) if n in nodes},
    )


def _numbers(shape: FlatCircuit, params: Params) -> dict[tuple[str, str], float]:
    """Every number by the path of its element and its parameter; resistances in series by the element they belong to."""
    found: dict[tuple[str, str], float] = {}
    for name, bank in shape.banks.items():
        for param, values in params.values[name].items():
            found |= {(path, param): float(v) for path, v in zip(bank.names, values[0], strict=True)}
    conductors = shape.banks["G"].names if "G" in shape.banks else ()
    found |= {(p, "gm"): found[p, "g"] for p in conductors}
    found |= {(p, "r"): 1.0 / found[p, "g"] if found[p, "g"] else np.inf for p in conductors}
    for name, bank in shape.banks.items():
        for param, _ in bank.device.series:
            found |= {(p, param): found[f"{p}.{param}", "r"] for p in bank.names if (f"{p}.{param}", "r") in found}
        warm = next((p for p in bank.names if found.get((p, "temp"), NOMINAL) != NOMINAL), None)
        if warm is not None:
            help = f"leave out temp of {warm}; the tools that read these files have temperatures of their own"
            raise CircuitError(
                f"{name} {warm} is at {found[warm, 'temp'] - ZERO_CELSIUS:g} C, and what is exported at 27 C", help
            )
    return found


def _drive(port: Input, value: float, nets: Mapping[str, str]) -> Drive:
    inside = next((n for n in port.nodes if n not in nets), None)
    if inside is not None:
        raise CircuitError(f"input {port.name} drives {inside}, which is inside a cell", "make it a port of the cell")
    return Drive(legal(port.name), port.kind, tuple(nets[n] for n in port.nodes), value)


def _read(output: Output, nodes: Mapping[str, str]) -> Read:
    return Read(legal(output.name), nodes[output.free[0]], nodes[output.free[1]])


def _models(devices: Iterable[Device]) -> dict[str, str]:
    """What the models of devices are called; CircuitError where two of them are called alike."""
    found: dict[str, str] = {}
    for device in devices:
        name = found.setdefault(model_name(device), device.name)
        if name != device.name:
            both = f"the models of {name} and {device.name} would both be called {model_name(device)} in files"
            raise CircuitError(both, "give one a name that differs by more than case and underscores")
    return found


class _Cells:
    """Cells as blocks, each made once."""

    def __init__(self, top: Cell, values: Mapping[tuple[str, str], float]) -> None:
        self.top, self.values = top, values
        self._prefixes: dict[int, list[str]] = {}
        self._blocks: dict[int, Block] = {}
        self._names: dict[int, tuple[dict[str, str], dict[str, str]]] = {}
        self._open: dict[int, dict[str, tuple[str, str]]] = {}
        self._titled: dict[int, dict[tuple[str, str], str]] = {}
        cells: dict[int, Cell] = {}
        self._walk(top, "", cells)
        taken = {*MASTERS, *_models(e.device for cell in cells.values() for e in cell.elements), *map(legal, CARDS)}
        self._titles = named(cells, lambda key: legal(cells[key].name) if key != id(top) else "dut", taken)

    def _walk(self, cell: Cell, prefix: str, cells: dict[int, Cell]) -> None:
        self._prefixes.setdefault(id(cell), []).append(prefix)
        for instance in cell.instances:
            self._walk(instance.cell, f"{prefix}{instance.name}.", cells)
        cells.setdefault(id(cell), cell)

    def names(self, cell: Cell) -> tuple[dict[str, str], dict[str, str]]:
        """Of its nets, and of its elements and instances: none of one is one of the other."""
        if id(cell) not in self._names:
            letters = {e.name: letter(self._leaves(cell, e)[0], self._varying(cell, e)) for e in cell.elements}
            letters |= {i.name: "x" for i in cell.instances}
            keys = [("net", n) for n in (*cell.ports, *cell.nets)] + [("part", n) for n in letters]
            found = named(keys, lambda key: legal(key[1]) if key[0] == "net" else _lettered(key[1], letters[key[1]]))
            nets = {n: name for (kind, n), name in found.items() if kind == "net"} | {GROUND: GND}
            self._names[id(cell)] = nets, {n: found["part", n] for n in letters}
        return self._names[id(cell)]

    def note(self, cell: Cell, prefix: str, before: str, nodes: dict[str, str], parts: dict[str, str]) -> None:
        """Put down what everything in an instance of a cell is called, from the top."""
        nets, members = self.names(cell)
        inner = [n for n in cell.nets if n not in cell.ports]
        nodes |= {GROUND: GND} | {prefix + n: before + nets[n] for n in inner}
        parts |= {prefix + e.name: before + members[e.name] for e in cell.elements}
        for instance in cell.instances:
            self.note(instance.cell, f"{prefix}{instance.name}.", f"{before}{members[instance.name]}.", nodes, parts)

    def open(self, cell: Cell) -> dict[str, tuple[str, str]]:
        """Its parameters: each a number of an element, by its path within the cell."""
        self.block(cell)
        return self._open[id(cell)]

    def block(self, cell: Cell) -> Block:
        """The block of a cell; independent sources of the top are left out."""
        if id(cell) not in self._blocks:
            nets, members = self.names(cell)
            elements = [e for e in cell.elements if cell is not self.top or e.device.name not in SOURCES]
            wanted = [(e.name, p) for e in cell.elements for p in self._varying(cell, e)]
            wanted += [(f"{i.name}.{path}", p) for i in cell.instances for path, p in self.open(i.cell).values()]
            # at the top none is called as one below: no dialect takes one for another
            below = {q for of in self._open.values() for q in of} if cell is self.top else ()
            titles = self._titled[id(cell)] = named(wanted, _joined, below)
            self._open[id(cell)] = {title: where for where, title in titles.items()}
            uses = []
            for one in cell.instances:
                block = self.block(one.cell)
                if not block.parts and not block.uses:
                    continue  # nothing of it would leave, and some tools have no cell without anything in it
                given = {q: titles[f"{one.name}.{path}", p] for q, (path, p) in self.open(one.cell).items()}
                on = tuple(nets[one.nets[port]] for port in one.cell.ports)
                uses.append(Use(members[one.name], block, on, given, legal(one.match) if one.match else ""))
            parts = tuple(self.part(cell, e) for e in elements)
            ports = tuple(nets[p] for p in cell.ports)
            title = self._titles[id(cell)]
            self._blocks[id(cell)] = Block(title, ports, tuple(self._open[id(cell)]), parts, tuple(uses))
        return self._blocks[id(cell)]

    def part(self, cell: Cell, element: Element) -> Part:
        """An element as a part of the block of its cell."""
        nets, members = self.names(cell)
        device, on, params = self._leaves(cell, element)
        path = self._prefixes[id(cell)][0] + element.name
        titles = self._titled[id(cell)]
        numbers = {p: titles.get((element.name, p), self.values[path, p]) for p in params}
        match = legal(element.match) if element.match else ""
        learned = tuple(p for p, written in params.items() if isinstance(written, Formula))
        return Part(members[element.name], device, tuple(nets[n] for n in on), numbers, element.wave, match, learned)

    def _leaves(self, cell: Cell, element: Element) -> tuple[Device, tuple[str, ...], Mapping[str, float | Formula]]:
        """What an element leaves as: its device, its nodes, its parameters as they are written."""
        if element.device.name != "G":
            return element.device, element.nodes, element.params
        written, (p, n) = element.params["g"], element.nodes
        if all(self.values[prefix + element.name, "g"] > 0 for prefix in self._prefixes[id(cell)]):
            others = {p: v for p, v in element.params.items() if p != "g"}
            return DEVICES["R"], (p, n), {"r": written if isinstance(written, Formula) else 1.0 / written, **others}
        paths = [prefix + element.name for prefix in self._prefixes[id(cell)]]
        warm = [
            q for q in paths if self.values[q, "g"] and coefficients({c: self.values[q, c] for c in element.params})
        ]
        if warm:
            raise CircuitError(
                f"{warm[0]} has temperature coefficients, and conducts nothing in another place of its cell",
                "it would leave as a controlled source, which has none: give it a conductance there, however small",
            )
        return DEVICES["VCCS"], (p, n, p, n), {"gm": written}

    def _varying(self, cell: Cell, element: Element) -> list[str]:
        """Its parameters that are not everywhere the number that is written, or are not written as a number."""
        paths = [prefix + element.name for prefix in self._prefixes[id(cell)]]
        written = self._leaves(cell, element)[2].items()
        return [p for p, w in written if isinstance(w, Formula) or any(self.values[path, p] != w for path in paths)]


def _joined(key: tuple[str, str]) -> str:
    """A parameter of an element within a cell as one of the cell."""
    return "_".join([*(legal(word).rstrip("_") for word in key[0].split(".")), key[1]])


def _lettered(name: str, first: str) -> str:
    """A name that begins with a letter, and is not that letter alone."""
    found = legal(name)
    return found if found.startswith(first) and found != first else first + found


def specialised(design: Design) -> Design:
    """The same with every number in its place: a block for each set of numbers that a block is used with."""
    made: dict[tuple[str, tuple[float, ...]], Block] = {}
    taken: dict[str, int] = {}

    def numbers(given: Mapping[str, Number], known: Mapping[str, float]) -> dict[str, Number]:
        return {p: known[v] if isinstance(v, str) else v for p, v in given.items()}

    def block(of: Block, known: Mapping[str, float]) -> Block:
        key = of.name, tuple(known[p] for p in of.params)
        if key not in made:
            taken[of.name] = taken.get(of.name, 0) + 1
            name = of.name if taken[of.name] == 1 else f"{of.name}__{taken[of.name]}"
            parts = tuple(replace(p, numbers=numbers(p.numbers, known)) for p in of.parts)
            uses = tuple(
                replace(u, block=block(u.block, {p: float(v) for p, v in numbers(u.given, known).items()}), given={})
                for u in of.uses
            )
            made[key] = Block(name, of.ports, (), parts, uses)
        return made[key]

    sources = tuple(replace(s, numbers=numbers(s.numbers, design.numbers)) for s in design.bench.sources)
    bench = replace(design.bench, sources=sources)
    return replace(design, top=block(design.top, design.numbers), bench=bench, numbers={}, meaning={})


def flat(design: Design) -> Block:
    """The device under test as one block: names from the top joined by two underscores, every number in its place."""
    return as_elements(spread(design, "__"))


def spread(design: Design, joint: str) -> Block:
    """The device under test as one block with the names of the design, from the top, and a joint of theirs; a part may leave as an
    element that its name does not begin as."""
    parts: list[Part] = []

    def put(block: Block, before: str, nets: Mapping[str, str], group: str) -> None:
        for part in block.parts:
            on = tuple(nets.get(n, n if n == GND else before + n) for n in part.nets)
            match = before + part.match if part.match else group
            parts.append(replace(part, name=before + part.name, nets=on, match=match))
        for use in block.uses:
            on = tuple(nets.get(n, n if n == GND else before + n) for n in use.nets)
            within = before + use.match if use.match else group
            put(use.block, f"{before}{use.name}{joint}", dict(zip(use.block.ports, on, strict=True)), within)

    top = specialised(design).top
    put(top, "", {}, "")
    ordered = sorted(parts, key=lambda p: p.name.count(joint))
    return Block(top.name, top.ports, (), tuple(ordered), ())


def as_elements(block: Block) -> Block:
    """A block whose numbers are in their places, each part called as what it leaves as now: some leave as elements only so."""
    names = named(
        range(len(block.parts)),
        lambda k: _lettered(block.parts[k].name, letter(block.parts[k].device, ())),
        [use.name for use in block.uses],
    )
    return replace(block, parts=tuple(replace(p, name=names[k]) for k, p in enumerate(block.parts)))
