"""A circuit drawn as a network: nodes by voltage, edges by conductance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netlearn.circuit.flat import CLAMPED, FlatCircuit, Floats, Params
from netlearn.circuit.model import GROUND
from netlearn.devices import kernel
from netlearn.units import engineering

Position = tuple[float, float]
SIZE = (7.2, 5.2)  # inches, of a figure of one network
FEW = 32  # edges that have numbers
SHOWN = 4  # inputs that a title tells
_INDEXED = re.compile(r"(?P<base>[^\[\]]+)(?P<index>(\[\d+\])+)$")


def edges(circuit: FlatCircuit, params: Params, x: Floats) -> list[tuple[int, int, float, str]]:
    """Every two-ended element outside the clamped half that conducts: its ends, its conductance in S at the state
    x (size,) (the slope of its current), its name. Sources and capacitors are left out, and a process kit's transistors, of
    which only ngspice knows it."""
    found: list[tuple[int, int, float, str]] = []
    for name, bank in circuit.banks.items():
        device = bank.device
        if device.drop is None or kernel(device).branches or device.waveform or device.kit:
            continue
        a, b = (device.terminals.index(t) for t in device.drop)
        local = [x[bank.unknowns[:, k]] for k in range(bank.unknowns.shape[1])]
        p = [params.values[name][q][0] for q in device.param_names]
        with np.errstate(all="ignore"):
            values = kernel(device).evaluate(local, p)[len(local) :]
        slopes = [v for (r, c), v in zip(kernel(device).entries, values, strict=True) if (r, c) == (a, a)]
        if not slopes:
            continue
        g = np.broadcast_to(slopes[0], len(bank.names))
        for e, path in enumerate(bank.names):
            ends = int(bank.nodes[e, a]), int(bank.nodes[e, b])
            if CLAMPED not in circuit.halves[list(ends)]:
                found.append((*ends, float(g[e]), path))
    return found


def drawable(found: list[tuple[int, int, float, str]]) -> list[tuple[int, int, float, str]]:
    """Parallel elements as one edge with the sum of their conductances; what joins a node to itself is left out."""
    joined: dict[tuple[int, int], tuple[float, str]] = {}
    for a, b, g, name in found:
        if a != b:
            key = (min(a, b), max(a, b))
            before = joined.get(key, (0.0, name))
            joined[key] = (before[0] + g, before[1])
    return [(a, b, g, name) for (a, b), (g, name) in joined.items()]


def layout(circuit: FlatCircuit, pairs: list[tuple[int, int]]) -> dict[int, Position]:
    """Where nodes go: a lattice for n[r][c], one column an array for layers, the driven ones first (ground below either),
    springs for the rest. What hangs on ground alone while others do not stands beside it."""
    used = sorted({n for pair in pairs for n in pair})
    inner = [pair for pair in pairs if 0 not in pair]
    joined = {n for pair in inner for n in pair}
    names = {n: circuit.nodes[n].removesuffix(".free") for n in used if n}
    indexed = {n: _INDEXED.match(name) for n, name in names.items()}
    places = {n: (m["base"], tuple(int(i) for i in re.findall(r"\d+", m["index"]))) for n, m in indexed.items() if m}
    aside = [n for n in names if n not in joined and n not in places] if joined else []
    below = [0, *aside] if 0 in used else []
    if places and len(places) + len(aside) == len(names):
        if {len(index) for _, index in places.values()} == {2} and len({base for base, _ in places.values()}) == 1:
            return _grounded({n: (float(i[1]), -float(i[0])) for n, (_, i) in places.items()}, below)
        if inner and _layered(places, inner):
            return _grounded(_columns(places, _distances(circuit, inner)), below)
    core = [pair for pair in pairs if not {*pair} & {*aside}]
    where = _springs(sorted({n for pair in core for n in pair}), core)
    return where if not aside else _grounded(where, below)


def _grounded(where: dict[int, Position], below: Sequence[int]) -> dict[int, Position]:
    """With a row of further nodes beside ground, where that is or below the middle of the others; `below` begins with it."""
    x, y = np.array(list(where.values())).T
    step = 0.2 * float(np.ptp(x)) or 1.0
    middle = float(x.mean()) - step * (len(below) // 2), float(y.min() - max(1.0, 0.2 * np.ptp(y)))
    left, height = where.get(0, middle)
    return where | {n: (left + k * step, height) for k, n in enumerate(below)}


def _distances(circuit: FlatCircuit, pairs: list[tuple[int, int]]) -> dict[int, int]:
    """Node to how many edges it is away from a driven one, as far as there is a way."""
    near: dict[int, list[int]] = {}
    for a, b in (*pairs, *((b, a) for a, b in pairs)):
        near.setdefault(a, []).append(b)
    found = {n: 0 for port in circuit.inputs for n in port.nodes}
    queue = list(found)
    for node in queue:
        fresh = [n for n in near.get(node, ()) if n not in found]
        found |= dict.fromkeys(fresh, found[node] + 1)
        queue += dict.fromkeys(fresh)
    return found


def _layered(places: Mapping[int, tuple[str, tuple[int, ...]]], pairs: list[tuple[int, int]]) -> bool:
    layer = {n: (base, index[:-1]) for n, (base, index) in places.items()}
    return len(set(layer.values())) > 1 and all(layer[a] != layer[b] for a, b in pairs)


def _columns(places: Mapping[int, tuple[str, tuple[int, ...]]], distances: Mapping[int, int]) -> dict[int, Position]:
    layers: dict[Any, list[int]] = {}
    for n, (base, index) in places.items():
        layers.setdefault((base, index[:-1]), []).append(n)
    positions: dict[int, Position] = {}
    far = len(places)
    inwards = sorted(layers.values(), key=lambda members: min(distances.get(n, far) for n in members))
    for x, members in enumerate(inwards):
        members = sorted(members, key=lambda n: places[n][1])
        for y, n in enumerate(members):
            positions[n] = (3.0 * x, -(y - (len(members) - 1) / 2) * 9 / max(len(members), 3))
    return positions


def _springs(used: list[int], pairs: list[tuple[int, int]]) -> dict[int, Position]:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(used)
    graph.add_edges_from(pairs)
    found = nx.spring_layout(graph, seed=1, iterations=200)
    middle = np.mean(list(found.values()), axis=0) if found else np.zeros(2)
    down = found[0] - middle if 0 in found else np.array([0.0, -1.0])
    down = down / max(float(np.hypot(*down)), 1e-12)
    turned = {n: (p - middle) @ np.array([[-down[1], -down[0]], [down[0], -down[1]]]) for n, p in found.items()}
    return {n: (float(p[0]), float(p[1])) for n, p in turned.items()}  # ground at the bottom


def limits(found: list[tuple[int, int, float, str]]) -> tuple[float, float] | None:
    """Conductances (S) at the ends of the colours: all of them, but no more than four decades."""
    g = [g for _, _, g, _ in found if g > 0]
    return (max(min(g), max(g) / 1e4), max(g)) if g else None


def draw_one(figure: Any, circuit: FlatCircuit, params: Params, x: Floats, inputs: Floats) -> None:
    """The whole figure of a circuit at one operating point: unknowns x (size,), values of its inputs (inputs,). Where there are
    few, nodes have their voltage beside them and edges their conductance."""
    axes = figure.subplots()
    figure.get_layout_engine().set(w_pad=0.3)  # inches: room for what stands beside the outermost nodes
    found = drawable(edges(circuit, params, x))
    used = sorted({n for a, b, _, _ in found for n in (a, b)})
    lone = len(found) <= FEW
    marks = {n: _mark(circuit, n) for n in used} if not lone else {n: _told(circuit, n, x) for n in used}
    numbers = [engineering(g, "S") for _, _, g, _ in found] if lone else []
    lines, points = draw(axes, circuit, params, x, limits(found), marks, numbers)
    figure.colorbar(lines, ax=axes, label="conductance (S)", shrink=0.8, pad=0.02)
    figure.colorbar(points, ax=axes, label="node voltage (V)", shrink=0.8, pad=0.1)
    given = [
        f"{port.name} = {engineering(float(value), {'V': 'V', 'I': 'A'}[port.kind])}"
        for port, value in zip(circuit.inputs, inputs, strict=True)
    ]
    few = given if len(given) <= SHOWN else [*given[:SHOWN], f"and {len(given) - SHOWN} more inputs"]
    figure.suptitle(f"{circuit.name}{': ' if few else ''}{', '.join(few)}", fontsize=10)


def draw(
    axes: Any,
    circuit: FlatCircuit,
    params: Params,
    x: Floats,
    ends: tuple[float, float] | None = None,
    marks: Mapping[int, str] | None = None,
    numbers: Sequence[str] = (),
) -> tuple[Any, Any]:
    """Draw on matplotlib axes. `x`: unknowns of one sample; `ends`: conductances (S) at the ends of the colours; `marks`: what
    stands beside a node, else its ports; `numbers`: what stands on edges, in the order of `drawable`, if anything.

    Gives what a colour bar of conductances and one of voltages are made of."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.patheffects import withStroke

    found = drawable(edges(circuit, params, x))
    pairs = [(a, b) for a, b, _, _ in found]
    where = layout(circuit, pairs)
    g = np.maximum(np.array([g for _, _, g, _ in found]), 1e-12)
    low, high = ends or (g.min() if len(g) else 1e-6, g.max() if len(g) else 1e-3)
    low, high = (low, high) if high > 1.02 * low else (low / 1.5, high * 1.5)
    lines = [_bent(where[a], where[b], _long(where, a, b)) for a, b in pairs]
    share = np.clip(np.log(g / low) / np.log(high / low), 0, 1)
    widths = (0.8 + 4.2 * share) * min(1.0, (64 / max(len(g), 1)) ** 0.5)
    collection = LineCollection(
        lines, array=np.clip(g, low, high), cmap="viridis", norm=LogNorm(low, high), linewidths=widths, zorder=1
    )
    axes.add_collection(collection)
    volts = np.array([x[n] for n in where])
    points = axes.scatter(
        *np.array(list(where.values())).T if where else ([], []),
        c=volts,
        cmap="coolwarm",
        s=_size(len(where)),
        edgecolors="black",
        linewidths=0.8,
        zorder=2,
        norm=Normalize(*_span(volts)),
    )
    if len(where) <= 40:
        halo = [withStroke(linewidth=2.5, foreground="white")]
        for n, (shift, alignment) in _beside(where, pairs).items():
            if mark := _mark(circuit, n) if marks is None else marks[n]:
                axes.annotate(
                    mark,
                    where[n],
                    xytext=shift,
                    textcoords="offset points",
                    fontsize=8,
                    zorder=3,
                    path_effects=halo,
                    **alignment,
                )
    for text, at in zip(numbers, _apart(lines), strict=False):
        white = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
        axes.annotate(text, at, fontsize=7, ha="center", va="center", zorder=1.5, bbox=white)
    axes.set_aspect("equal" if _square(where) else "auto", adjustable="datalim")
    axes.margins(0.12)
    axes.axis("off")
    return collection, points


def _beside(where: Mapping[int, Position], pairs: list[tuple[int, int]]) -> dict[int, tuple[Position, dict[str, str]]]:
    """Where the name of each node goes, as an offset in points and an alignment: away from the node's edges."""
    around: dict[int, list[Position]] = {}
    for a, b in pairs:
        around.setdefault(a, []).append(where[b])
        around.setdefault(b, []).append(where[a])
    found = {}
    for n, place in where.items():
        ways = np.array([np.subtract(p, place) for p in around[n]])
        away = -(ways / np.maximum(np.hypot(*ways.T), 1e-12)[:, None]).sum(axis=0)
        x, y = away / np.hypot(*away) if np.hypot(*away) > 0.5 else (0.7, 0.7)
        horizontal = "left" if x > 0.3 else "right" if x < -0.3 else "center"
        vertical = "center" if abs(x) > 0.8 else "bottom" if y > 0.3 else "top" if y < -0.3 else "center"
        found[n] = (9.0 * float(x), 9.0 * float(y)), {"ha": horizontal, "va": vertical}
    return found


def _apart(lines: Sequence[Floats]) -> list[Floats]:
    """A point on each line, near its middle, as far from those of the lines before as a number is large, if there is one."""
    if not lines:
        return []
    span = np.maximum(np.ptp(np.concatenate(lines), axis=0), 1e-9)
    found: list[Floats] = []
    for line in lines:
        places = line[[len(line) * k // 20 for k in (10, 8, 12, 6, 14, 5, 15, 4, 16)]]
        free = [p for p in places if all((abs(p - q) > span * (0.1, 0.04)).any() for q in found)]
        found.append(free[0] if free else places[0])
    return found


def _size(count: int) -> float:
    return float(np.clip(2500 / max(count, 1), 12, 160))


def _span(values: Floats) -> tuple[float, float]:
    if not len(values) or not np.isfinite(values).any():
        return 0.0, 1.0
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return (low, high) if high > low else (low - 0.1, high + 0.1)


def _square(where: Mapping[int, Position]) -> bool:
    """Whether a drawing is to keep its shape: nearly square, or one line; layers fill what room there is."""
    points = np.array(list(where.values())) if where else np.zeros((1, 2))
    spans = np.ptp(points, axis=0)
    return not 0.1 * spans.max() < spans.min() <= 0.4 * spans.max()


def _long(where: Mapping[int, Position], a: int, b: int) -> float:
    """How far an edge of a lattice wraps around: such edges are drawn as arcs."""
    return float(np.hypot(where[a][0] - where[b][0], where[a][1] - where[b][1]))


def _bent(p: Position, q: Position, length: float) -> Floats:
    t = np.linspace(0, 1, 24)[:, None]
    a, b = np.array(p), np.array(q)
    line = a + t * (b - a)
    straight = min(abs(a - b)) > 1e-9 or length < 1.5
    normal = np.array([b[1] - a[1], a[0] - b[0]]) / max(length, 1e-9)
    return np.asarray(line if straight else line + (0.32 * np.sin(np.pi * t)) * normal)


def _mark(circuit: FlatCircuit, node: int) -> str:
    """What a node is called in the picture: the inputs, outputs and sources at it, or ground."""
    if node == 0:
        return GROUND
    driven = [port.name for port in circuit.inputs if node in port.nodes]
    outs = [
        f"{port.name}{'+' if port.free[1] else ''}"
        for port in circuit.outputs
        if port.kind == "V" and port.free[0] == node
    ]
    minus = [f"{port.name}-" for port in circuit.outputs if port.kind == "V" and port.free[1] == node]
    return ", ".join([*driven, *outs, *minus, *_held_by(circuit, node)])


def _told(circuit: FlatCircuit, node: int, x: Floats) -> str:
    """The same with its voltage."""
    return "\n".join(text for text in (_mark(circuit, node), engineering(float(x[node]), "V") if node else "") if text)


def _held_by(circuit: FlatCircuit, node: int) -> list[str]:
    """The sources of the top level at a node; `low_f`, on the free half of a twin, is called `low`."""
    bank = circuit.banks.get("V")
    ends = zip(bank.names, bank.nodes, strict=True) if bank else ()
    names = [name for name, nodes in ends if nodes[0] == node and "." not in name]
    return [name.removesuffix("_f").removesuffix("_free") for name in names] if circuit.halves[node] else names
