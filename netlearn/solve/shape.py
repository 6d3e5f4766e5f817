"""The shape of a circuit's equations: which unknowns are left, where every number goes. Found once, no number in it.

Known beforehand are ground, the nodes that a boundary always holds, and those that a grounded source or stored charge
holds; what flows into the latter is that source's branch current, worked out when all else is known. What is left is
solved for. With x the unknowns of the circuit, rows and columns in the order of elimination:

    F = offset + inner x_left + outer x_known + sum of the nonlinear devices

`inner` (summed once for a set of parameters) and `outer` (summed once a solve) come from devices whose
law is linear; the others are evaluated by machine code in every Newton step and scattered by index tables. A `border`
row is the current law at a node that a source holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netlearn.circuit.flat import FlatCircuit, Floats, Ints, Params
from netlearn.devices import Device, kernel
from netlearn.devices.machine import Machine, machine
from netlearn.jit import WIDTH
from netlearn.solve.sparse import Elimination, Factors, Places, eliminate

Pair = tuple[int, int]


class Tables(NamedTuple):
    """Index tables for one number of lanes (1 or 8). x: all unknowns of the circuit. Rows: places, then border rows.

    unknowns (n,): x of each column's place. volts (n,): 1 where that is a node. order (n,): 0, 1, 2 ...
    shunts: places of nodes whose own equation is on their diagonal. curved: 1 where a law is not made of straight pieces.
    inner (3, .): row, place in the matrix, x. outer and border (2, .): row, x; border_places: of the columns of these
    x, -1 where known.
    banks (7, B): address, blocks and starts of x, p and out of each nonlinear device, 1 for a junction, start of its
    memories. gather: x of each number that devices read. results, memories: how many numbers devices give and keep.
    slopes (2, .): place in the matrix, number among devices' results; steering (3, .): row, x that is known, number;
    rim_slopes (3, .): row of the border, place of the column, number. currents, rim (2, .): row (of the system, of the
    border) and number among the results.
    fixers (2, .): x of the held node and of the branch; signs of the branch's current there.
    """

    factors: Factors
    unknowns: Ints
    volts: Ints
    order: Ints
    shunts: Ints
    curved: int
    inner: Places
    outer: Ints
    border: Ints
    border_places: Ints
    banks: Ints
    gather: Places
    slopes: Places
    steering: Ints
    rim_slopes: Ints
    currents: Places
    rim: Ints
    results: int
    memories: int
    fixers: Ints
    signs: Floats


@dataclass(frozen=True)
class Holder:
    """A source that holds a node from ground: device, element, node, branch, and the sign of its voltage there."""

    device: str
    element: int
    node: int
    branch: int
    sign: float


@dataclass(frozen=True)
class _Bank:
    """Elements of one device that are stamped: `elements` of its bank, unknowns (E, T + U)."""

    device: str
    elements: Ints
    unknowns: Ints


@dataclass(frozen=True)
class Stamps:
    """The numbers of the linear part for D draws, in the order of the shape's lists.

    inner (D, .), outer (D, .), border (D, .), offset (D, rows).
    """

    inner: Floats
    outer: Floats
    border: Floats
    offset: Floats


class Shape:
    """Index tables of a circuit for a set of nodes that are always held."""

    def __init__(self, circuit: FlatCircuit, held: Iterable[int], typical: Params, only: Ints | None = None) -> None:
        """`typical` parameters decide which equation goes with which unknown, and nothing else; `only` these unknowns
        are solved for, if given: they must not depend on others (see `parts`)."""
        self.circuit = circuit
        self.held = frozenset(held)
        self.holders = _holders(circuit, self.held)
        known = np.zeros(circuit.size, dtype=bool)
        known[[0, *self.held, *(h.node for h in self.holders), *(h.branch for h in self.holders)]] = True
        self.left = np.flatnonzero(~known) if only is None else np.intersect1d(np.flatnonzero(~known), only)
        wanted = np.ones(circuit.size, dtype=bool) if only is None else np.isin(np.arange(circuit.size), self.left)
        self.linear, self.nonlinear = self._banks(wanted)
        self.machines = [self._machine(circuit.banks[bank.device].device) for bank in self.nonlinear]
        number = np.full(circuit.size, -1, dtype=np.int64)
        number[self.left] = np.arange(len(self.left))
        self.elimination = self._elimination(number, typical)
        n = len(self.left)
        self.column, self.row = np.full(circuit.size, -1), np.full(circuit.size, -1)
        self.column[self.left], self.row[self.left] = self.elimination.column_place, self.elimination.row_place
        for k, holder in enumerate(self.holders):
            self.row[holder.node] = n + k
        self.rows = n + len(self.holders)
        self._lists()

    def _stamped(self, device: Device) -> bool:
        """Whether a device's equations are the same at every x and at all times."""
        return kernel(device).linear

    def _machine(self, device: Device) -> Machine:
        """The machine code of a device that is not stamped."""
        return machine(device.terminals, device.param_names, device.law)

    def _slopes(self, device: Device, x: Sequence[Floats], p: Sequence[Floats]) -> Iterator[tuple[Pair, Floats]]:
        """The entries of a device's matrix and their values at some x; an entry may come twice, to be added."""
        law = kernel(device)
        return zip(law.entries, law.evaluate(x, p)[len(x) :], strict=True)

    def _banks(self, wanted: NDArray[np.bool_]) -> tuple[list[_Bank], list[_Bank]]:
        """Banks of stamped and of other devices at the unknowns wanted, without the elements that are holders."""
        linear: list[_Bank] = []
        nonlinear: list[_Bank] = []
        for name, bank in self.circuit.banks.items():
            at = np.flatnonzero(wanted[bank.unknowns].any(axis=1))
            elements = np.setdiff1d(at, [h.element for h in self.holders if h.device == name])
            if len(elements):
                chosen = linear if self._stamped(bank.device) else nonlinear
                chosen.append(_Bank(name, elements, bank.unknowns[elements]))
        return linear, nonlinear

    def _elimination(self, number: Ints, typical: Params) -> Elimination:
        """Order of elimination of the unknowns that have a number, from the slopes at random voltages and at rest."""
        circuit, rng = self.circuit, np.random.default_rng(0)
        x = np.where(np.arange(circuit.size) < len(circuit.nodes), rng.uniform(0.0, 1.0, circuit.size), 0.0)
        rows, columns, values, at_rest = [], [], [], []
        for bank in (*self.linear, *self.nonlinear):
            device = circuit.banks[bank.device].device
            p = [typical.values[bank.device][name][0, bank.elements] for name in device.param_names]
            with np.errstate(all="ignore"):
                found, still = (
                    list(self._slopes(device, [y[bank.unknowns[:, k]] for k in range(bank.unknowns.shape[1])], p))
                    for y in (x, np.zeros_like(x))
                )
            for ((i, j), value), (_, rest) in zip(found, still, strict=True):
                rows.append(number[bank.unknowns[:, i]])
                columns.append(number[bank.unknowns[:, j]])
                values.append(np.broadcast_to(np.nan_to_num(value), len(bank.elements)))
                at_rest.append(np.broadcast_to(np.nan_to_num(rest), len(bank.elements)))
        empty = [np.zeros(0, np.int64)]
        r, c = np.concatenate(empty + rows), np.concatenate(empty + columns)
        v, rest = np.concatenate([np.zeros(0), *values]), np.concatenate([np.zeros(0), *at_rest])
        keep = (r >= 0) & (c >= 0)
        return eliminate(int(number.max(initial=-1)) + 1, r[keep], c[keep], v[keep], rest[keep])

    def _lists(self) -> None:
        """Where the entries of the linear banks go, bank after bank, entry after entry; merged where they meet."""
        rows, columns = [], []
        for bank in self.linear:
            for i, j in kernel(self.circuit.banks[bank.device].device).entries:
                rows.append(bank.unknowns[:, i])
                columns.append(bank.unknowns[:, j])
        r = self.row[np.concatenate(rows)] if rows else np.zeros(0, np.int64)
        x = np.concatenate(columns) if columns else np.zeros(0, np.int64)
        size, n = self.circuit.size, len(self.left)
        inside, unknown = (r >= 0) & (r < n), self.column[x] >= 0
        kinds = {"inner": inside & unknown, "outer": inside & ~unknown & (x != 0), "border": (r >= n) & (x != 0)}
        self._pairs: dict[str, Ints] = {}
        self._merged: dict[str, tuple[Places, Places]] = {}  # entries that go to a list, and where in it
        for kind, chosen in kinds.items():
            keys, group = np.unique(r[chosen] * size + x[chosen], return_inverse=True)
            self._pairs[kind] = np.stack([keys // size, keys % size])
            self._merged[kind] = np.flatnonzero(chosen).astype(np.int32), group.reshape(-1).astype(np.int32)
        row, column = self._pairs["inner"]
        self.inner_places = self._place(row, column)

    def _place(self, row: Ints, x: Ints) -> Ints:
        """Place in the matrix of a row's entry in the column of x."""
        number = np.argsort(self.elimination.row_place)
        return self.elimination.places(number[row], np.searchsorted(self.left, x))

    def stamps(self, params: Params) -> Stamps:
        """The linear part at given parameters."""
        draws = params.draws
        values = [np.zeros((draws, 0))]
        offset = np.zeros((draws, self.rows))
        for bank in self.linear:
            device = self.circuit.banks[bank.device].device
            p = [params.values[bank.device][name][:, bank.elements] for name in device.param_names]
            x = [np.zeros((1, 1))] * bank.unknowns.shape[1]
            found = [np.broadcast_to(v, (draws, len(bank.elements))) for v in kernel(device).evaluate(x, p)]
            for f, own in zip(found, bank.unknowns.T, strict=False):
                if f.any():
                    at = self.row[own]
                    np.add.at(offset.T, at[at >= 0], f.T[at >= 0])
            values += found[bank.unknowns.shape[1] :]
        flat = np.concatenate(values, axis=1)
        summed = {}
        for kind, (chosen, group) in self._merged.items():
            count = self._pairs[kind].shape[1]
            summed[kind] = np.zeros((draws, count))
            for total, own in zip(summed[kind], flat, strict=True):
                total += np.bincount(group, own.take(chosen), count)
        return Stamps(summed["inner"], summed["outer"], summed["border"], offset)

    def stamped(self, device: str, elements: Ints) -> Iterator[tuple[str, int, int, float]]:
        """Where elements of a linear device are stamped: list, place in it, which of the elements, and its share of
        what goes there for parameters of 1."""
        laws = [kernel(self.circuit.banks[bank.device].device) for bank in self.linear]
        starts = np.cumsum([0, *(len(law.entries) * len(b.elements) for law, b in zip(laws, self.linear, strict=True))])
        for bank, law, start in zip(self.linear, laws, starts.tolist(), strict=False):
            if bank.device != device:
                continue
            own = np.flatnonzero(np.isin(elements, bank.elements))  # others touch no unknown
            ones, size = [np.ones(1)] * len(self.circuit.banks[device].device.params), bank.unknowns.shape[1]
            for k, share in enumerate(law.evaluate([np.zeros(1)] * size, ones)[size:]):
                at = start + k * len(bank.elements) + np.searchsorted(bank.elements, elements[own])
                for kind, (chosen, group) in self._merged.items():
                    place = np.searchsorted(chosen, at)
                    here = np.flatnonzero(np.append(chosen, -1)[place] == at).tolist()
                    yield from ((kind, int(group[place[w]]), int(own[w]), float(np.ravel(share)[0])) for w in here)

    def prepared(self, params: Params) -> list[Floats]:
        """What the machine code of each nonlinear device wants to know of its elements, (D, E, K)."""
        found = []
        for bank, code in zip(self.nonlinear, self.machines, strict=True):
            names = self.circuit.banks[bank.device].device.param_names
            p = [params.values[bank.device][n][:, bank.elements] for n in names]
            shape = (params.draws, len(bank.elements))
            numbers = [np.broadcast_to(v, shape) for v in code.prepare(p)]
            found.append(np.stack(numbers, axis=-1) if numbers else np.zeros((*shape, 0)))
        return found

    @cached_property
    def holding(self) -> dict[str, tuple[Ints, Ints, Floats]]:
        """Device to the elements, nodes and signs of its holders."""
        found: dict[str, tuple[Ints, Ints, Floats]] = {}
        for device in {h.device for h in self.holders}:
            own = [h for h in self.holders if h.device == device]
            elements, nodes = (np.array(v, dtype=np.int64) for v in ([h.element for h in own], [h.node for h in own]))
            found[device] = elements, nodes, np.array([h.sign for h in own])
        return found

    @cached_property
    def only_held(self) -> set[tuple[str, str]]:
        """(device, parameter) pairs that are nothing but voltages of holders: no stamp depends on them."""
        pairs = {(d, self.circuit.banks[d].device.holds): len(of[0]) for d, of in self.holding.items()}
        return {pair for pair, count in pairs.items() if count == len(self.circuit.banks[pair[0]].names)}

    def parts(self) -> Ints:
        """A label for each unknown of the circuit, the same where one depends on the other; -1 where it is known."""
        label = np.arange(len(self.left))
        factors = self.elimination.factors
        for j in range(len(label) - 1, -1, -1):  # the first row below the diagonal is the parent in the tree
            if factors.starts[j] < factors.starts[j + 1]:
                label[j] = label[factors.rows[factors.starts[j]]]
        found = np.full(self.circuit.size, -1)
        found[self.left] = label[self.column[self.left]]
        return found

    def maskable(self, nodes: Iterable[int]) -> bool:
        """Whether these nodes can be held in some lanes only: their own equation must be theirs to give up."""
        at = np.array(sorted(nodes), dtype=np.int64)
        return bool(((self.row[at] == self.column[at]) & (self.column[at] >= 0)).all())

    @cached_property
    def one(self) -> Tables:
        """Tables for a single lane: eight elements a block."""
        return self._tables(1)

    @cached_property
    def eight(self) -> Tables:
        """Tables for eight lanes: one element a block."""
        return self._tables(WIDTH)

    def _tables(self, lanes: int) -> Tables:
        n = len(self.left)
        banks, gather, numbers, results, memories = self._blocks(lanes)
        unknowns = np.empty(n, dtype=np.int64)
        unknowns[self.elimination.column_place] = self.left
        own = self.left[(self.row == self.column)[self.left] & (self.left < len(self.circuit.nodes))]
        row, column = self._pairs["inner"]
        return Tables(
            factors=self.elimination.factors,
            unknowns=unknowns,
            volts=(unknowns < len(self.circuit.nodes)).astype(np.int64),
            order=np.arange(n),
            shunts=self.column[own],
            curved=int(any(kernel(self.circuit.banks[bank.device].device).curved for bank in self.nonlinear)),
            inner=np.stack([row, self.inner_places, column]).astype(np.int32),
            outer=self._pairs["outer"],
            border=self._pairs["border"] - np.array([[n], [0]]),
            border_places=self.column[self._pairs["border"][1]],
            banks=banks,
            gather=gather.astype(np.int32),
            results=results,
            memories=memories,
            fixers=np.array([(h.node, h.branch) for h in self.holders], dtype=np.int64).reshape(-1, 2).T.copy(),
            signs=np.array([h.sign for h in self.holders]),
            **self._scattered(numbers),
        )

    def _blocks(self, lanes: int) -> tuple[Ints, Ints, list[Ints], int, int]:
        """`banks` and `gather` of the tables, where each result of each element (R, E) lies, how many results and
        how many memories there are."""
        banks, gather, numbers = [], [], []
        x_start = p_start = out_start = m_start = 0
        for bank, code in zip(self.nonlinear, self.machines, strict=True):
            count, locals_ = bank.unknowns.shape
            outs = code.results
            e, result = np.arange(count), np.arange(outs)[:, None]
            if lanes == 1:  # eight elements a block
                blocks, block = -(-count // WIDTH), WIDTH
                elements = np.minimum(np.arange(blocks * WIDTH), count - 1).reshape(blocks, 1, WIDTH)
                gather.append(bank.unknowns[elements, np.arange(locals_)[None, :, None]].ravel())
                numbers.append(out_start + (e // WIDTH * outs + result) * WIDTH + e % WIDTH)
            else:
                blocks, block = count, 1
                gather.append(bank.unknowns.ravel())
                numbers.append(out_start + e * outs + result)
            junction = self.circuit.banks[bank.device].device.junction
            banks.append((code.address, blocks, x_start, p_start, out_start, int(junction), m_start))
            x_start += blocks * locals_ * block
            p_start += blocks * code.prepared * block
            out_start += blocks * outs * block
            m_start += blocks * code.memories * block
        table = np.array(banks, dtype=np.int64).reshape(-1, 7).T.copy()
        return table, np.concatenate([np.zeros(0, np.int64), *gather]), numbers, out_start, m_start

    def _scattered(self, numbers: Sequence[Ints]) -> dict[str, Any]:
        """Where the results of nonlinear devices go: the lists of the tables that say so, by name."""
        n = len(self.left)
        sizes = {"slopes": 2, "steering": 3, "rim_slopes": 3, "currents": 2, "rim": 2}
        found = {name: [np.zeros((size, 0), np.int64)] for name, size in sizes.items()}
        for bank, code, of in zip(self.nonlinear, self.machines, numbers, strict=True):
            for r, number in zip(code.rows, of, strict=False):
                at = self.row[bank.unknowns[:, r]]
                inside, outside = (at >= 0) & (at < n), at >= n
                found["currents"].append(np.stack([at[inside], number[inside]]))
                found["rim"].append(np.stack([at[outside] - n, number[outside]]))
            for (r, c), number in zip(code.entries, of[len(code.rows) :], strict=False):
                at, x = self.row[bank.unknowns[:, r]], bank.unknowns[:, c]
                unknown, row = self.column[x] >= 0, (at >= 0) & (at < n)
                keep, steers, edge = row & unknown, (at >= 0) & ~unknown & (x != 0), (at >= n) & unknown
                found["slopes"].append(np.stack([self._place(at[keep], x[keep]), number[keep]]))
                found["steering"].append(np.stack([at[steers], x[steers], number[steers]]))
                found["rim_slopes"].append(np.stack([at[edge] - n, self.column[x[edge]], number[edge]]))
        joined = {name: np.concatenate(parts, axis=1) for name, parts in found.items()}
        return joined | {name: joined[name].astype(np.int32) for name in ("slopes", "currents")}


def _holders(circuit: FlatCircuit, held: frozenset[int]) -> list[Holder]:
    found: list[Holder] = []
    taken = {0, *held}
    for name, bank in circuit.banks.items():
        if bank.device.holds:
            for element, ((p, n), (branch,)) in enumerate(
                zip(bank.nodes.tolist(), bank.branches.tolist(), strict=True)
            ):
                node, sign = (p, 1.0) if n == 0 else (n, -1.0)
                if 0 in (p, n) and node not in taken:
                    taken.add(node)
                    found.append(Holder(name, element, node, branch, sign))
    return found
