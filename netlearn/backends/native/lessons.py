"""Learning steps on the native engine: where inputs and states of a lesson take hold of a shape's numbers."""

from __future__ import annotations

import numpy as np

from netlearn.backends.native.packing import Ready, in_threads, of_groups, packed_lanes, unpacked_lanes
from netlearn.backends.protocol import Taught
from netlearn.circuit.flat import IDENTITY, Floats, Ints, Params, Rule, boundary, hold
from netlearn.devices.vector import WIDTH
from netlearn.solve.lesson import Lesson
from netlearn.solve.newton import Numbers, scratch
from netlearn.solve.shape import Shape
from netlearn.solve.teaching import BORDER, INNER, MATRIX, OUTER, Course, Handles, Memory, teach_eight, teach_one

CONDUCTANCES = {("G", "g"): 0, ("R", "r"): 1}
"""Linear edges a state can act in, and whether it is the inverse of their conductance."""
LISTS = {"inner": INNER, "outer": OUTER, "border": BORDER}
FEW = 3  # draws that learn one by one


def teach(shape: Shape, params: Params, lesson: Lesson, rows: Ints, threads: int) -> Taught | None:
    """States of all draws after the steps; None where a state acts in a way that is not compiled."""
    handles = make_handles(shape, params)
    if handles is None or not shape.maskable(lesson.clamps[0].tolist()):
        return None
    ready = Ready(shape, params, shape.stamps(params), shape.prepared(params))
    wide = WIDTH if params.draws > FEW else 1
    groups = -(-params.draws // wide)
    lanes = np.minimum(np.arange(groups * wide), params.draws - 1)
    free = boundary(shape.circuit, lesson.inputs[rows[:1]])
    clamped = hold(free, lesson.clamps[0], np.zeros((1, lesson.clamps.shape[1])))
    numbers = own_numbers(ready.numbers(clamped, lanes, wide), groups)
    course = make_course(shape, ready, handles, numbers, lanes, wide)
    tables, run = ready.tables(wide), teach_eight if wide > 1 else teach_one

    def work(some: slice) -> None:
        count = (len(lesson.scales), wide)
        memory = Memory(
            np.zeros(count),
            np.zeros((len(lesson.shares), wide)),
            np.zeros(wide),
            np.zeros(wide, np.int64),
            np.zeros(len(tables.unknowns) * wide),
        )
        part = Course(*(a[some] for a in course))
        run(tables, of_groups(numbers, some), handles, lesson, rows, part, memory, scratch(tables, wide))

    in_threads(work, groups, threads)
    states = unpacked_lanes(course.states, wide)[: params.draws]
    solves, settled = (int(a.reshape(-1)[: params.draws].sum()) for a in (course.solves, course.settled))
    return Taught(states, len(rows), solves, settled)


def own_numbers(numbers: Numbers, groups: int) -> Numbers:
    """Numbers in which every group has its own of what a state or a sample may change."""
    changing = ("matrix", "inner", "outer", "border", "feeds", "flags")
    values = numbers._asdict()
    return Numbers(
        **{
            name: np.array(np.broadcast_to(v, (groups, v.shape[1])), order="C") if name in changing else v
            for name, v in values.items()
        }
    )


def make_course(shape: Shape, ready: Ready, handles: Handles, numbers: Numbers, lanes: Ints, wide: int) -> Course:
    """All draws at the beginning of their steps."""
    groups, size = len(lanes) // wide, shape.circuit.size
    x = np.zeros((len(lanes), size))
    for holder in shape.holders:
        values = ready.params.values[holder.device][shape.circuit.banks[holder.device].device.holds]
        x[:, holder.node] = holder.sign * values[lanes, holder.element]
    free, states = packed_lanes(x, wide), packed_lanes(ready.params.states[lanes], wide)
    clamped = free.copy()
    lists: dict[int, Floats] = {
        MATRIX: numbers.matrix, INNER: numbers.inner, OUTER: numbers.outer, BORDER: numbers.border
    }  # fmt: skip
    rest = np.zeros((groups, handles.fixed.shape[1], wide))
    for m, (kind, place) in enumerate(handles.fixed.T):
        rest[:, m] = lists[int(kind)].reshape(groups, -1, wide)[:, place]
    at = {(int(kind), int(place)): m for m, (kind, place) in enumerate(handles.fixed.T)}
    theta = ready.params.states[lanes].reshape(groups, wide, -1)
    for (kind, place, state, inverse), share in zip(handles.edges.T.tolist(), handles.shares, strict=True):
        value = theta[:, :, state]
        rest[:, at[kind, place]] -= share / value if inverse else share * value
    counts = np.zeros((2, groups, wide), np.int64)
    return Course(
        free,
        clamped,
        free.reshape(groups, size, wide),
        clamped.reshape(groups, size, wide),
        states,
        states.reshape(groups, -1, wide),
        rest.reshape(groups, -1),
        counts[0],
        counts[1],
    )


def make_handles(shape: Shape, params: Params) -> Handles | None:
    """Where a circuit's inputs and states take hold; None where a state does so in another way."""
    circuit = shape.circuit
    holders = {(h.device, h.element): h for h in shape.holders}
    gates: list[tuple[int, int, float]] = []
    edges: list[tuple[int, int, int, int, float]] = []
    for rule in circuit.rules:
        if rule.law is not IDENTITY:
            return None
        pairs = list(zip(rule.elements.tolist(), rule.inputs[:, 0].tolist(), strict=True))
        if circuit.banks[rule.device].device.holds == rule.param:
            if any((rule.device, e) not in holders for e, _ in pairs):
                return None
            gates += [(holders[rule.device, e].node, s, holders[rule.device, e].sign) for e, s in pairs]
        elif (rule.device, rule.param) in CONDUCTANCES:
            edges += _edges(shape, rule)
        else:
            return None
    (held, drivers), (fed, feeders) = circuit.driven["V"], circuit.driven["I"]
    table = np.array([e[:4] for e in edges], dtype=np.int64).reshape(-1, 4).T.copy()
    return Handles(
        driven=np.stack([held, drivers]),
        fed=np.stack([shape.row[fed], feeders]),
        gates=np.array([g[:2] for g in gates], dtype=np.int64).reshape(-1, 2).T.copy(),
        signs=np.array([g[2] for g in gates], dtype=float),
        edges=table,
        shares=np.array([e[4] for e in edges], dtype=float),
        fixed=np.unique(table[:2], axis=1) if edges else np.zeros((2, 0), np.int64),
    )


def _edges(shape: Shape, rule: Rule) -> list[tuple[int, int, int, int, float]]:
    """Each place in a list that a conductance is stamped in: list, place, state, inverse, share."""
    inverse = CONDUCTANCES[rule.device, rule.param]
    found = []
    for kind, place, which, share in shape.stamped(rule.device, rule.elements):
        state = int(rule.inputs[which, 0])
        found.append((LISTS[kind], place, state, inverse, share))
        if kind == "inner":
            found.append((MATRIX, int(shape.inner_places[place]), state, inverse, share))
    return found
