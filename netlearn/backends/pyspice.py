"""A bridge to PySpice: circuits there and back, and its own way to an operating point, as an independent check.

PySpice is an optional extra (`pip install netlearn[pyspice]`, GPL-3) and is imported inside the functions only.
Its known faults are worked round here (PySpice 1.5 with ngspice 39): it looks for a development file that the
runtime package lacks, warns of every newer ngspice, takes a note of ngspice ("gmin stepping") for an error, and
never gives the memory of a circuit back.

What comes in from PySpice is R, C, L, V, I, E, G, F, H, D, M (level 1), their models, and subcircuits without
parameters. Anything else is refused by name.
"""

from __future__ import annotations

import ctypes.util
import logging
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from netlearn.circuit.flat import Bank, Boundary, FlatCircuit, Params, check_params
from netlearn.devices import DEVICES, known_law
from netlearn.devices.primitives import NOMINAL, ZERO_CELSIUS
from netlearn.devices.spice import fold, spell
from netlearn.errors import BackendError

INSTALL = "pip install 'netlearn[pyspice]' (PySpice is GPL-3)"
REAL_FAULT = re.compile(r"error|fatal|aborted|no such|singular|not parsed", re.IGNORECASE)
UNPROVEN = "Transient op"  # ngspice's last resort, which also "finds" a floating node


@dataclass(frozen=True)
class OperatingPoint:
    """Node voltages (V) and branch currents (A) by ngspice's lower-case names."""

    nodes: Mapping[str, float]
    branches: Mapping[str, float]


def _pyspice() -> SimpleNamespace:
    """The parts of PySpice that are used, imported quietly."""
    if "NGSPICE_LIBRARY_PATH" not in os.environ and (found := ctypes.util.find_library("ngspice")):
        os.environ["NGSPICE_LIBRARY_PATH"] = found
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from PySpice.Spice.Netlist import Circuit
            from PySpice.Spice.NgSpice import Shared
            from PySpice.Spice.NgSpice.SimulationType import SIMULATION_TYPE
    except ImportError:
        raise BackendError("PySpice is not installed", INSTALL) from None
    return SimpleNamespace(Circuit=Circuit, Shared=Shared, types=SIMULATION_TYPE)


# ---- out: a flat circuit as a PySpice circuit


def to_pyspice(circuit: FlatCircuit, params: Params, boundary: Boundary) -> Any:
    """A PySpice `Circuit`: the first draw with the first sample's held nodes and fed currents as sources.

    Nodes are named `n_<path>` (see `node_names`), elements after their paths.
    """
    check_params(circuit, params)
    out = _pyspice().Circuit(circuit.name)
    nodes, taken = node_names(circuit), _Names()
    for node, voltage in zip(boundary.held, boundary.voltages[0], strict=True):
        if np.isfinite(voltage):
            out.V(taken.new("v", f"held_{nodes[node]}"), nodes[node], "0", float(voltage))
    for node, current in zip(boundary.fed, boundary.currents[0], strict=True):
        out.I(taken.new("i", f"fed_{nodes[node]}"), "0", nodes[node], float(current))
    for bank in circuit.banks.values():
        numbers = {p: v[0] for p, v in params.values[bank.device.name].items()}
        for k, path in enumerate(bank.names):
            ends = [nodes[n] for n in bank.nodes[k]]
            _OUT.get(bank.device.name, _behavioural)(
                _Piece(out, bank, k, taken.new("", path), ends, {p: float(v[k]) for p, v in numbers.items()})
            )
    return out


def node_names(circuit: FlatCircuit) -> list[str]:
    """The name in PySpice of every node: `0`, or `n_` and its path in letters, digits and underscores."""
    taken = _Names()
    return ["0", *(taken.new("", path if path.startswith("n_") else f"n_{path}") for path in circuit.nodes[1:])]


class _Names:
    """Names that SPICE can tell apart: it knows no case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, kind: str, wanted: str) -> str:
        name = plain = re.sub(r"\W+", "_", wanted, flags=re.ASCII).strip("_") or "x"
        count = 1
        while f"{kind}{name}".lower() in self._taken:
            count += 1
            name = f"{plain}_{count}"
        self._taken.add(f"{kind}{name}".lower())
        return name


@dataclass(frozen=True)
class _Piece:
    """One element on its way out: the circuit it goes to, its bank and row, name, nodes and numbers."""

    out: Any
    bank: Bank
    row: int
    name: str
    nodes: Sequence[str]
    numbers: Mapping[str, float]


def _source(add: str) -> Callable[[_Piece], None]:
    def write(piece: _Piece) -> None:
        wave = piece.bank.waves.get(piece.row)
        raw = {"raw_spice": wave.spice()} if wave is not None else {}
        dc = piece.numbers["dc"] if wave is None else wave.value(0.0)
        getattr(piece.out, add)(piece.name, *piece.nodes, dc, **raw)

    return write


def _plain(add: str, param: str, keyword: str = "") -> Callable[[_Piece], None]:
    def write(piece: _Piece) -> None:
        value = piece.numbers[param]
        if keyword:
            getattr(piece.out, add)(piece.name, *piece.nodes, **{keyword: value})
        else:
            getattr(piece.out, add)(piece.name, *piece.nodes, value)

    return write


def _conductor(piece: _Piece) -> None:
    piece.out.VCCS(piece.name, *piece.nodes, *piece.nodes, transconductance=piece.numbers["g"])


def _sensed(add: str, param: str, keyword: str) -> Callable[[_Piece], None]:
    def write(piece: _Piece) -> None:
        p, n, cp, cn = piece.nodes
        piece.out.V(f"{piece.name}_sense", cp, cn, 0.0)
        getattr(piece.out, add)(piece.name, p, n, source=f"V{piece.name}_sense", **{keyword: piece.numbers[param]})

    return write


def _diode(piece: _Piece) -> None:
    _model(piece, "D", ("is", "n", "cjo", "vj", "m", "tt"))
    piece.out.D(piece.name, *piece.nodes, model=f"m_{piece.name}")


def _mosfet(piece: _Piece) -> None:
    names = ("vto", "kp", "gamma", "phi", "lambda", "is", "cgso", "cgdo", "cbd", "cbs", "pb", "mj")
    _model(piece, piece.bank.device.name, names, level=1)
    size = {"width": piece.numbers["w"], "length": piece.numbers["l"]}
    piece.out.M(piece.name, *piece.nodes, model=f"m_{piece.name}", **size)


def _model(piece: _Piece, kind: str, names: Sequence[str], **more: float) -> None:
    """A model of its own for each element; PySpice keeps models by name."""
    if piece.numbers["temp"] != NOMINAL:
        raise BackendError(
            f"{piece.name} is at {piece.numbers['temp'] - ZERO_CELSIUS:g} C, and PySpice gets circuits at 27 C",
            "hand the circuit over as it is there, and let PySpice's simulator warm it",
        )
    piece.out.model(f"m_{piece.name}", kind, **more, **{n: piece.numbers[n] for n in names})


def _behavioural(piece: _Piece) -> None:
    """B sources made of the device's law, as in the decks of the ngspice backend."""
    device, law = piece.bank.device, known_law(piece.bank.device)
    at = dict(zip(device.terminals, piece.nodes, strict=True))

    def leaf(kind: str, name: str) -> str:
        return f"v({at[name]})" if kind == "v" else f"i(B{piece.name}_{name})"

    grounded = frozenset(t for t, node in at.items() if node == "0")
    for k, (kind, name, a, b, tree) in enumerate(law.parts):
        text = spell(fold(tree, piece.numbers, grounded), leaf).replace(" ", "")
        if kind == "I":
            piece.out.B(f"{piece.name}_{k}", at[a], at[b], current_expression=text)
        elif kind == "V":
            piece.out.B(f"{piece.name}_{name}", at[a], at[b], voltage_expression=text)
        elif kind == "Q":
            piece.out.raw_spice += f"C{piece.name}_{k} {at[a]} {at[b]} q='{text}'\n"
        else:
            raise BackendError(f"element {device.name} stores flux, which SPICE cannot be given as a law", "use L")


_OUT: dict[str, Callable[[_Piece], None]] = {
    "R": _plain("R", "r"),
    "G": _conductor,
    "C": _plain("C", "c"),
    "Cm": _plain("V", "ic"),
    "L": _plain("L", "l"),
    "V": _source("V"),
    "I": _source("I"),
    "VCVS": _plain("VCVS", "gain", "voltage_gain"),
    "VCCS": _plain("VCCS", "gm", "transconductance"),
    "CCVS": _sensed("CCVS", "rm", "transresistance"),
    "CCCS": _sensed("CCCS", "gain", "current_gain"),
    "D": _diode,
    "NMOS": _mosfet,
    "PMOS": _mosfet,
}


# ---- in: a PySpice circuit as netlist text


def from_pyspice(circuit: Any) -> str:
    """The text of a PySpice circuit in the language of netlearn, subcircuits as modules."""
    for what in ("_includes", "_libs", "_parameters"):
        if list(getattr(circuit, what, ())):
            raise BackendError(f"the PySpice circuit has {what[1:]}", "write what they bring into the circuit itself")
    models = {str(m.name).lower(): m for m in circuit.models}
    parts = ["netlearn 0.1", *_modules(circuit, models), *(_model_text(m) for m in models.values())]
    return "\n".join([*parts, *_block(f"circuit {_word(str(circuit.title))}", circuit, (), models), ""])


def _modules(netlist: Any, models: dict[str, Any]) -> Iterator[str]:
    for sub in netlist.subcircuits:
        if getattr(sub, "parameters", None):
            raise BackendError(f"subcircuit {sub.name} has parameters", "give its elements their values")
        models.update({str(m.name).lower(): m for m in sub.models})
        yield from _modules(sub, models)
        ports = [str(n) for n in sub.external_nodes]
        head = f"module {_word(sub.name)}({', '.join(_net(n) for n in ports)})"
        yield from _block(head, sub, ports, models)


def _block(head: str, netlist: Any, ports: Sequence[str], models: Mapping[str, Any]) -> Iterator[str]:
    if str(getattr(netlist, "raw_spice", "")).strip():
        raise BackendError("the PySpice circuit has raw SPICE lines", "build them of its elements")
    body = _Body(models)
    for element in netlist.elements:
        body.add(element)
    lines, outer = body.finish(), {"gnd", *(_net(p) for p in ports)}
    nets = [n for n in dict.fromkeys([*(_net(str(n)) for n in netlist.node_names), *body.nets]) if n not in outer]
    yield f"{head} {{"
    if nets:
        yield f"  net {', '.join(nets)}"
    yield from (f"  {line}" for line in lines)
    yield "}"


@dataclass
class _Body:
    """The lines of one block. What a voltage source's current steers is put in series with it, so sources last."""

    models: Mapping[str, Any]
    lines: list[str] = field(default_factory=list)
    sources: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    steered: list[tuple[str, str, list[str], str, float]] = field(default_factory=list)
    nets: list[str] = field(default_factory=list)

    def add(self, element: Any) -> None:
        kind = type(element).__name__
        if kind not in _IN:
            raise BackendError(f"{element.name} is a {kind}, which has no counterpart here", "take it out")
        if not element.enabled:
            return
        if element.raw_spice:
            raise BackendError(f"{element.name} has raw SPICE", "give it plain parameters")
        given = {p.attribute_name for p in element.parameter_iterator()}
        if odd := given - {*_IN[kind][0], "model", "source", "subcircuit_name"}:
            raise BackendError(f"{element.name} has the parameter {min(odd)}, which has no counterpart here")
        _IN[kind][1](self, element, [_net(n) for n in element.node_names])

    def line(self, kind: str, element: Any, nodes: Sequence[str], rest: str) -> None:
        self.lines.append(f"{kind} {_word(element.name)}({', '.join(nodes)}) {rest}".rstrip())

    def model(self, element: Any) -> Any:
        name = str(element.model).lower()
        if name not in self.models:
            raise BackendError(f"{element.name} is of the model {element.model}, which the circuit does not have")
        return self.models[name]

    def finish(self) -> list[str]:
        for kind, name, nodes, source, value in self.steered:
            if source.lower() not in self.sources:
                raise BackendError(f"{name} follows the current of {source}, which is no voltage source here")
            ends, _ = self.sources[source.lower()]
            inner = f"{_word(source)}_{_word(name)}"
            self.nets.append(inner)
            self.lines.append(f"{kind} {_word(name)}({', '.join([*nodes, ends[0], inner])}) = {value!r}")
            ends[0] = inner
        return self.lines + [f"V {_word(name)}({', '.join(ends)}) = {v}" for name, (ends, v) in self.sources.items()]


_Reader = Callable[[_Body, Any, list[str]], None]


def _valued(kind: str, attribute: str) -> _Reader:
    def read(body: _Body, element: Any, nodes: list[str]) -> None:
        body.line(kind, element, nodes, f"= {_value(element, attribute)!r}")

    return read


def _read_capacitor(body: _Body, element: Any, nodes: list[str]) -> None:
    start = f", ic = {_value(element, 'initial_condition')!r}" if _has(element, "initial_condition") else ""
    body.line("C", element, nodes, f"= {_value(element, 'capacitance')!r}{start}")


def _read_source(body: _Body, element: Any, nodes: list[str]) -> None:
    body.sources[element.name.lower()] = (nodes, repr(_value(element, "dc_value")))


def _read_steered(kind: str, attribute: str) -> _Reader:
    def read(body: _Body, element: Any, nodes: list[str]) -> None:
        body.steered.append((kind, element.name, nodes, str(element.source), _value(element, attribute)))

    return read


def _read_diode(body: _Body, element: Any, nodes: list[str]) -> None:
    body.line("D", element, nodes, f"{{ model = {_word(body.model(element).name)} }}")


def _read_mosfet(body: _Body, element: Any, nodes: list[str]) -> None:
    model = body.model(element)
    size = [
        f"{ours} = {_value(element, theirs)!r}"
        for ours, theirs in (("w", "width"), ("l", "length"))
        if _has(element, theirs)
    ]
    body.line(_kind(model), element, nodes, f"{{ {', '.join([f'model = {_word(model.name)}', *size])} }}")


def _read_subcircuit(body: _Body, element: Any, nodes: list[str]) -> None:
    if element.parameters:
        raise BackendError(f"{element.name} gives its subcircuit parameters", "write a subcircuit for each")
    body.line(_word(str(element.subcircuit_name)), element, nodes, "")


_IN: dict[str, tuple[tuple[str, ...], _Reader]] = {
    "Resistor": (("resistance",), _valued("R", "resistance")),
    "Capacitor": (("capacitance", "initial_condition"), _read_capacitor),
    "Inductor": (("inductance",), _valued("L", "inductance")),
    "VoltageSource": (("dc_value",), _read_source),
    "CurrentSource": (("dc_value",), _valued("I", "dc_value")),
    "VoltageControlledVoltageSource": (("voltage_gain",), _valued("VCVS", "voltage_gain")),
    "VoltageControlledCurrentSource": (("transconductance",), _valued("VCCS", "transconductance")),
    "CurrentControlledVoltageSource": (("transresistance",), _read_steered("CCVS", "transresistance")),
    "CurrentControlledCurrentSource": (("current_gain",), _read_steered("CCCS", "current_gain")),
    "Diode": ((), _read_diode),
    "Mosfet": (("width", "length"), _read_mosfet),
    "SubCircuitElement": ((), _read_subcircuit),
}


def _has(element: Any, attribute: str) -> bool:
    return getattr(element, attribute, None) is not None


def _value(element: Any, attribute: str) -> float:
    value = getattr(element, attribute, None)
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise BackendError(f"{element.name} has the {attribute} {value!r}, which is not a number") from None
    if not np.isfinite(number):
        raise BackendError(f"{element.name} has the {attribute} {number}")
    return number


def _kind(model: Any) -> str:
    kind = str(model.model_type).upper()
    if kind not in ("D", "NMOS", "PMOS"):
        raise BackendError(f"model {model.name} is of the kind {kind}, which has no counterpart here")
    return kind


def _model_text(model: Any) -> str:
    kind, known = _kind(model), set(DEVICES[_kind(model)].param_names) - {"w", "l"}
    numbers: list[str] = []
    for key in model.parameters:
        name, value = str(key).rstrip("_").lower(), float(model[key])
        if name == "level" and value == 1:
            continue
        if name not in known:
            raise BackendError(f"model {model.name} has {name} = {value:g}, which has no counterpart here")
        numbers.append(f"{name} = {value!r}")
    return f"model {_word(model.name)} = {kind} {{ {', '.join(numbers)} }}"


def _net(name: str) -> str:
    return "gnd" if name in ("0", "gnd") else _word(name if name.startswith("n_") else f"n_{name}")


def _word(name: str) -> str:
    """A name of our language, which no word of it and no device is: those have no underscore first or last."""
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    return word if word.startswith("n_") or word.endswith("_") else f"{word}_"


# ---- PySpice's own operating point


def operating_point(circuit: Any, **options: float) -> OperatingPoint:
    """PySpice's operating point of its circuit, at 27 C; `options` are ngspice's (reltol = 1e-9).

    BackendError in ngspice's words where there is none. The memory of the run is given back.
    """
    with muted(), _forgiving() as ngspice:
        simulator = circuit.simulator(temperature=27, nominal_temperature=27, ngspice_shared=ngspice)
        simulator.options(**options)
        try:
            found = simulator.operating_point()
        except Exception as fault:  # PySpice raises NameError, its own errors and what parsing them may raise
            raise BackendError(f"PySpice found no operating point: {fault}\n{_words(ngspice)}") from None
        if any(UNPROVEN in line for line in ngspice.netlearn_heard):
            raise BackendError(f"the circuit has no unique operating point\n{_words(ngspice)}")
        return OperatingPoint(
            {name: float(value[0]) for name, value in found.nodes.items()},
            {name: float(value[0]) for name, value in found.branches.items()},
        )


def _words(ngspice: Any) -> str:
    return "\n".join(f"  ngspice: {line}" for line in ngspice.netlearn_heard[-8:])


def shared() -> Any:
    """The one `NgSpiceShared` that PySpice can have in a process, without its warning of a newer ngspice."""
    spice = _pyspice()
    for version in range(30, 100):
        spice.types.setdefault(version, spice.types["last"])
    return spice.Shared.NgSpiceShared.new_instance()


@contextmanager
def _forgiving() -> Iterator[Any]:
    """That ngspice, for which a note is no error, cleaned up after use."""
    ngspice = shared()
    ngspice.netlearn_heard = heard = []

    def send_char(message: str, _ident: int) -> int:
        """Called last for each line: what is no fault is taken out of PySpice's books."""
        heard.append(message.partition(" ")[2])
        ngspice._error_in_stderr = any(REAL_FAULT.search(line) for line in ngspice._stderr)
        return 0

    ngspice.send_char = send_char
    try:
        yield ngspice
    finally:
        ngspice.destroy()
        ngspice.remove_circuit()
        del ngspice.send_char


@contextmanager
def muted() -> Iterator[None]:
    """PySpice says nothing within this: it logs each of ngspice's words as an error of its own."""
    logger = logging.getLogger("PySpice")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
