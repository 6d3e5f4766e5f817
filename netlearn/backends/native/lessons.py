"""Learning steps on the native engine: where inputs and states of a lesson take hold of a shape's numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from netlearn.backends.native.packing import (
    FEW,
    Ready,
    in_threads,
    known,
    of_groups,
    packed_lanes,
    same,
    unpacked_lanes,
)
from netlearn.backends.protocol import Taught
from netlearn.circuit.flat import CLAMPED, IDENTITY, FlatCircuit, Floats, Ints, Off, Params, Rule, boundary, hold
from netlearn.jit import WIDTH
from netlearn.solve.lesson import HALF, A, B, Flaws, Lesson
from netlearn.solve.newton import Numbers, scratch
from netlearn.solve.shape import Shape
from netlearn.solve.teaching import (
    BORDER,
    INNER,
    OUTER,
    Album,
    Course,
    Handles,
    Memory,
    Phase,
    teach_eight,
    teach_one,
)

CONDUCTANCES = {("G", "g"): 0, ("R", "r"): 1}
"""Linear edges a state can act in, and whether it is the inverse of their conductance."""
PAGES = 16_000_000  # numbers in an album: 128 MB
LISTS = {"inner": INNER, "outer": OUTER, "border": BORDER}


class Classroom:
    """A lesson on a shape with everything worked out but the states: what is taught again and again starts warm.

    Use `open_classroom`. It serves parameters that differ from its own in learned numbers only (`fits`).
    """

    def __init__(
        self,
        circuit: FlatCircuit,
        phases: list[Phase],
        handles: Handles,
        course: Course,
        params: Params,
        lesson: Lesson,
        flaws: Flaws | None,
    ) -> None:
        self.phases, self.handles, self.course, self.params, self.lesson = phases, handles, course, params, lesson
        self.flaws = flaws
        self.wide = course.states_lanes.shape[2]
        self.album = _album(phases, course, lesson)
        self._start = course.free.copy(), course.clamped.copy()
        self._learned = {(rule.device, rule.param) for rule in circuit.rules}
        self._others = _not_learned(circuit)

    def forget(self) -> None:
        """Start cold again."""
        self.course.free[:], self.course.clamped[:] = self._start
        self.album.seen[:] = 0

    def fits(self, params: Params, lesson: Lesson, flaws: Flaws | None) -> bool:
        """Whether nothing but learned numbers and states is different in these parameters."""
        mine = self.params
        if (
            lesson is not self.lesson
            or flaws is not self.flaws
            or params.draws != mine.draws
            or params.off is not mine.off
            or not same(params, mine, self._learned)
        ):
            return False
        return all(
            np.array_equal(params.values[device][param][:, rest], mine.values[device][param][:, rest])
            for (device, param), rest in self._others.items()
        )

    def teach(self, states: Floats, rows: Ints, spans: Floats, threads: int) -> Taught:
        """Steps of samples `rows` (steps, B) with their spans from `states` (D, S), for all draws."""
        course, wide = self.course, self.wide
        groups, draws = len(course.states), len(states)
        course.states[:] = packed_lanes(states, wide)
        course.solves[:] = course.settled[:] = 0
        run = teach_eight if wide > 1 else teach_one

        def work(some: slice) -> None:
            one, two = (
                p._replace(numbers=of_groups(p.numbers, some), rest=p.rest[some], shares=p.shares[some])
                for p in self.phases
            )
            part = Course(**{name: a[some] for name, a in course._asdict().items()})
            album = Album(self.album.free[some], self.album.clamped[some], self.album.seen[some])
            memory = self._memory(rows.shape[1])
            run(
                one,
                two,
                self.handles,
                self.lesson,
                rows,
                spans,
                part,
                album,
                memory,
                scratch(one.t, wide),
                scratch(two.t, wide),
            )

        in_threads(work, groups, threads)
        after = unpacked_lanes(course.states, wide)[:draws].copy()
        solves, settled = (a.reshape(-1)[:draws].copy() for a in (course.solves, course.settled))
        return Taught(after, len(rows), solves, settled)

    def _memory(self, samples: int) -> Memory:
        """Working memory for steps of so many samples."""
        lesson, wide, left = self.lesson, self.wide, len(self.phases[0].t.unknowns)
        return Memory(
            np.zeros((len(lesson.scales), wide)),
            np.zeros((samples, len(lesson.shares), wide)),
            np.zeros((samples, wide)),
            np.zeros(wide),
            np.zeros(wide),
            np.zeros(wide, np.int64),
            np.zeros((samples, left * wide)),
            np.zeros(left * wide),
        )


def open_classroom(shape: Shape, params: Params, lesson: Lesson, flaws: Flaws | None) -> Classroom | None:
    """None where a state acts in a way that is not compiled."""
    gates, edges = _gates(shape), _conductances(shape.circuit)
    if any(not _scaled(key, off) for key, off in params.off.items()):
        return None
    if gates is None or edges is None or not shape.maskable(lesson.clamps[0].tolist()):
        return None
    wide = WIDTH if params.draws > FEW else 1
    lanes = np.minimum(np.arange(-(-params.draws // wide) * wide), params.draws - 1)
    phases = [_phase(part, params, lesson, lanes, edges) for part in _parts(shape, params, lesson)]
    (held, drivers), (_, feeders) = shape.circuit.driven["V"], shape.circuit.driven["I"]
    handles = Handles(np.stack([held, drivers]), feeders, np.array(gates[:2], dtype=np.int64), gates[2])
    course = _course(shape, params, lanes, wide, flaws)
    return Classroom(shape.circuit, phases, handles, course, params, lesson, flaws)


def _not_learned(circuit: FlatCircuit) -> dict[tuple[str, str], Ints]:
    """Of each parameter that some elements learn the elements that do not."""
    learned: dict[tuple[str, str], list[Ints]] = {}
    for rule in circuit.rules:
        learned.setdefault((rule.device, rule.param), []).append(rule.elements)
    return {
        (device, param): np.setdiff1d(np.arange(len(circuit.banks[device].names)), np.concatenate(elements))
        for (device, param), elements in learned.items()
    }


def _parts(shape: Shape, params: Params, lesson: Lesson) -> list[Shape]:
    """The equations that matter to the free and to the clamped phase."""
    label, ends, half = shape.parts(), lesson.edges[[A, B]], lesson.edges[HALF]
    looked_at = [lesson.reads.ravel(), lesson.clamps[1], ends[:, half != CLAMPED].ravel()]
    pushed = [lesson.clamps[0], ends[:, half == CLAMPED].ravel()]
    found = []
    for nodes in (looked_at, pushed):
        labels = np.setdiff1d(label[np.concatenate(nodes)], [-1])
        found.append(Shape(shape.circuit, shape.held, params, np.flatnonzero(np.isin(label, labels))))
    return found


def _phase(shape: Shape, params: Params, lesson: Lesson, lanes: Ints, rules: list[Rule]) -> Phase:
    """The equations of a phase with all their numbers."""
    ready = Ready(shape, params, shape.stamps(_without_edges(params, rules)), shape.prepared(params))
    wide = WIDTH if params.draws > FEW else 1
    free = boundary(shape.circuit, lesson.inputs[:1])
    inside = shape.column[lesson.clamps[0]] >= 0
    nodes = lesson.clamps[0][inside]
    numbers = _own_numbers(
        ready.numbers(hold(free, nodes, np.full((1, len(nodes)), np.nan)), lanes, wide), len(lanes) // wide
    )
    edges = [edge for rule in rules for edge in _edges(shape, rule)]
    table = np.array(edges, dtype=np.int64).reshape(-1, 4).T.copy()
    each = [shares for rule in rules for shares in _shares(shape, rule, params)]
    shares = packed_lanes(np.array(each).reshape(len(each), params.draws).T[lanes], wide)
    fixed = np.ascontiguousarray(np.unique(table[:2], axis=1)) if edges else np.zeros((2, 0), np.int64)
    return Phase(ready.tables(wide), numbers, table, shares, fixed, _rest(numbers, fixed, wide))


def _without_edges(params: Params, rules: list[Rule]) -> Params:
    """The same with no conductance where states are conductances."""
    values: dict[str, dict[str, Floats]] = {d: dict(of) for d, of in params.values.items()}
    for rule in rules:
        numbers = values[rule.device][rule.param].copy()
        numbers[:, rule.elements] = np.inf if CONDUCTANCES[rule.device, rule.param] else 0.0
        values[rule.device][rule.param] = numbers
    return replace(params, values=values)


def _rest(numbers: Numbers, fixed: Ints, wide: int) -> Floats:
    """What the places that states write to hold without them, (groups, . W)."""
    groups = len(numbers.feeds)
    lists = {INNER: numbers.inner, OUTER: numbers.outer, BORDER: numbers.border}
    held = [lists[kind].reshape(groups, -1, wide)[:, place] for kind, place in fixed.T.tolist()]
    return np.concatenate([np.zeros((groups, 0)), *held], axis=1)


def _own_numbers(numbers: Numbers, groups: int) -> Numbers:
    """Numbers in which every group has its own of what a state or a sample may change."""
    changing = ("inner", "outer", "border", "feeds", "flags")
    values = numbers._asdict()
    return Numbers(
        **{
            name: np.array(np.broadcast_to(v, (groups, v.shape[1])), order="C") if name in changing else v
            for name, v in values.items()
        }
    )


def _course(shape: Shape, params: Params, lanes: Ints, wide: int, flaws: Flaws | None) -> Course:
    """All draws at the beginning of their steps, from zero volts."""
    groups, nothing = len(lanes) // wide, boundary(shape.circuit, np.zeros((1, len(shape.circuit.inputs))))
    x = known(shape.circuit, shape, params, nothing, None)[:, 0]
    free, states = packed_lanes(x[lanes], wide), packed_lanes(params.states[lanes], wide)
    clamped = free.copy()
    solves, settled = np.zeros((2, groups, wide), np.int64)
    as_lanes = (a.reshape(groups, -1, wide) for a in (free, clamped, states))
    free_lanes, clamped_lanes, states_lanes = as_lanes
    none = np.zeros((params.draws, 0))
    each = Flaws(*([none] * len(Flaws._fields))) if flaws is None else flaws
    off = [packed_lanes(np.broadcast_to(a, (params.draws, a.shape[1]))[lanes], wide) for a in each]
    off = [a.reshape(groups, -1, wide) for a in off]
    return Course(free, clamped, free_lanes, clamped_lanes, states, states_lanes, solves, settled, *off)


def _album(phases: list[Phase], course: Course, lesson: Lesson) -> Album:
    """An empty album of all samples, where there is room for one."""
    groups, _, wide = course.states_lanes.shape
    free, clamped = (len(phase.t.unknowns) * wide for phase in phases)
    samples = len(lesson.inputs) if groups * len(lesson.inputs) * (free + clamped) <= PAGES else 0
    return Album(
        np.zeros((groups, samples, free)), np.zeros((groups, samples, clamped)), np.zeros((groups, samples), np.int64)
    )


def _gates(shape: Shape) -> tuple[list[int], list[int], Floats] | None:
    """Nodes whose voltage a state is, the states, and the signs; None where a state's source holds no node."""
    holders = {(h.device, h.element): h for h in shape.holders}
    found = []
    for rule in shape.circuit.rules:
        if shape.circuit.banks[rule.device].device.holds == rule.param:
            for element, state in zip(rule.elements.tolist(), rule.inputs[:, 0].tolist(), strict=True):
                if (rule.device, element) not in holders:
                    return None
                found.append((holders[rule.device, element], state))
    return [h.node for h, _ in found], [s for _, s in found], np.array([h.sign for h, _ in found], dtype=float)


def _conductances(circuit: FlatCircuit) -> list[Rule] | None:
    """The rules by which states are conductances; None where one is neither that nor the voltage of a source."""
    rest = [rule for rule in circuit.rules if circuit.banks[rule.device].device.holds != rule.param]
    known = all((rule.device, rule.param) in CONDUCTANCES for rule in rest)
    return rest if known and all(rule.law == IDENTITY for rule in circuit.rules) else None


def _scaled(key: tuple[str, str], off: Off) -> bool:
    """Whether what manufacture does to learned numbers scales a conductance, and that is all."""
    return key in CONDUCTANCES and not off.shift.any()


def _edges(shape: Shape, rule: Rule) -> list[tuple[int, int, int, int]]:
    """Each place in a list that a conductance is stamped in: list, place, state, inverse."""
    inverse = CONDUCTANCES[rule.device, rule.param]
    stamped = shape.stamped(rule.device, rule.elements)
    return [(LISTS[kind], place, int(rule.inputs[which, 0]), inverse) for kind, place, which, _ in stamped]


def _shares(shape: Shape, rule: Rule, params: Params) -> list[Floats]:
    """The part (D,) of the state's conductance that is stamped in each of these places: parts have tolerances."""
    off, inverse = params.off.get((rule.device, rule.param)), CONDUCTANCES[rule.device, rule.param]
    gain = np.ones((params.draws, len(rule.elements))) if off is None else off.gain[:, rule.elements]
    gain = 1.0 / gain if inverse else gain
    return [share * gain[:, which] for _, _, which, share in shape.stamped(rule.device, rule.elements)]
