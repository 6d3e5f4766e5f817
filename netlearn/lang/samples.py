"""The samples of a task: what each input is driven with, and what each output should then be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lark import Tree

from netlearn.circuit.model import Circuit
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.tables import MAX_ROWS, Column
from netlearn.lang.values import Fault, Piece, Range, in_unit, kind_of, suggest
from netlearn.lang.write import write
from netlearn.units import AMPERE, NONE, VOLT, Dimension, Quantity, describe

Rows = tuple[tuple[float, ...], ...]


class SampleReader:
    """Reads the `data` of a task on a circuit."""

    def __init__(self, circuit: Circuit, evaluate: Evaluator) -> None:
        self.circuit, self.evaluate = circuit, evaluate
        kinds = {p.name: p.kind for p in circuit.inputs} | {p.name: p.kind for p in circuit.outputs}
        self.units = {name: VOLT if kind == "V" else AMPERE for name, kind in kinds.items()}

    def read(self, tree: Piece) -> tuple[Rows, Rows]:
        """Inputs and labels, (N, channels) each, in V or A."""
        columns = [c for c in tree.children if c.data == "column"]
        ins = [p.name for p in self.circuit.inputs]
        outs = [p.name for p in self.circuit.outputs]
        values: dict[str, tuple[float, ...] | float] = {}
        for column in columns:
            self._fill(column, ins, outs, values)
        missing = [n for n in ins + outs if n not in values]
        if missing:
            kind = "input" if missing[0] in ins else "output"
            raise Fault(
                f"{kind} '{missing[0]}' has no data", tree, f"give every input and output a column: {missing[0]}: [...]"
            )
        lengths = {len(v) for v in values.values() if isinstance(v, tuple)} or {1}
        if len(lengths) > 1:
            long = ", ".join(f"{n} has {len(v)}" for n, v in values.items() if isinstance(v, tuple))
            raise Fault(f"the columns have different lengths: {long}", tree, "give each the same number of samples")
        count = lengths.pop()
        if not count:
            raise Fault("there is no sample", tree, "write data x: [0.1V, 0.2V] -> y: [30mV, 60mV]")
        full = {n: v if isinstance(v, tuple) else (v,) * count for n, v in values.items()}
        driven = tuple(zip(*(full[n] for n in ins), strict=True)) if ins else ((),) * count
        return driven, tuple(zip(*(full[n] for n in outs), strict=True))

    def _fill(
        self, tree: Piece, ins: Sequence[str], outs: Sequence[str], values: dict[str, tuple[float, ...] | float]
    ) -> None:
        token = tree.children[0]
        name = str(token) + "".join(write(c) for c in tree.children[1:-1])
        channels = self._channels(tree, ins, outs, name)
        for channel, column in zip(channels, self._columns(tree.children[-1], channels, name), strict=True):
            if channel in values:
                raise Fault(f"'{channel}' is given twice", tree, "remove one of them")
            if isinstance(column, tuple) and len(column) > MAX_ROWS:
                raise Fault(f"{len(column)} samples", tree, f"at most {MAX_ROWS}")
            values[channel] = column

    def _channels(self, tree: Piece, ins: Sequence[str], outs: Sequence[str], name: str) -> list[str]:
        token, index = tree.children[0], tree.children[1:-1]
        known = [*ins, *outs]
        if not index:
            found = [n for n in known if n == str(token) or n.startswith(f"{token}[")]
        else:
            at = self.evaluate(index[0].children[0]) if isinstance(index[0].children[0], Tree) else None
            ends = (at.low, at.high) if isinstance(at, Range) else (at, at) if isinstance(at, Quantity) else ()
            first, last = (int(end.number) for end in ends) if ends else (0, -1)
            found = [f"{token}[{i}]" for i in range(first, min(last, first + len(known)) + 1)]
        for n in found or [name]:
            if n not in known:
                raise Fault(
                    f"the circuit has no input or output '{n}'",
                    tree,
                    suggest(n, known) or f"it has {', '.join(known) or 'none'}",
                )
        return found

    def _columns(self, tree: Any, channels: Sequence[str], name: str) -> list[tuple[float, ...] | float]:
        """Values of these channels: one list each, or a list of rows, or one number for all samples."""
        count = len(channels)
        trees = [tree]
        flat = tree.data == "list" and all(c.data != "list" for c in tree.children)
        if flat and count > 1 and len(tree.children) == count:
            trees = list(tree.children)  # [column("a"), column("b")]: one entry a channel
        found: list[Any] = []
        for t in trees:
            value = self.evaluate(t)
            found += value if isinstance(value, list) and value and isinstance(value[0], Column) else [value]
        if len(found) == count and all(isinstance(v, Column) for v in found):
            where = trees if len(trees) == count else [tree] * count
            return [self._column_of(v, c, t) for v, c, t in zip(found, channels, where, strict=True)]
        if len(found) == count and count > 1 and all(isinstance(v, Quantity) for v in found):
            return [self._sample(v, c, t) for v, c, t in zip(found, channels, trees, strict=True)]
        value = found[0]
        if isinstance(value, Quantity):
            return [self._sample(value, c, tree) for c in channels]
        if len(found) != 1 or not isinstance(value, list):
            form = f"[[...], [...]], {count} numbers a sample" if count > 1 else "[0.1V, 0.2V]"
            raise Fault(
                f"'{name}' needs {count} column{'s' * (count > 1)}, not {len(found)}", tree, f"write {name}: {form}"
            )
        if count == 1:
            return [tuple(self._sample(v, channels[0], t) for v, t in zip(value, _items(tree, value), strict=True))]
        rows = list(zip(value, _items(tree, value), strict=True))
        for row, where in rows:
            if not isinstance(row, list) or len(row) != count:
                raise Fault(
                    f"'{name}' has {count} channels; each sample is a list of {count} numbers",
                    where,
                    "write [[0V, 0V], [0V, 0.45V]]",
                )
        return [
            tuple(self._sample(row[k], channel, _items(where, row)[k]) for row, where in rows)
            for k, channel in enumerate(channels)
        ]

    def _column_of(self, column: Column, channel: str, where: Any) -> tuple[float, ...]:
        self._fits(column.dimension, channel, where)
        return column.values

    def _sample(self, value: Any, channel: str, where: Any) -> float:
        """A number of a channel, in V or A; a plain number is in SI units."""
        if not isinstance(value, Quantity):
            raise Fault(f"a sample is a number, not {kind_of(value)}", where, "write [0.1V, 0.2V]")
        self._fits(value.dimension, channel, where)
        return value.number

    def _fits(self, dimension: Dimension, channel: str, where: Any) -> None:
        unit = self.units[channel]
        if dimension not in (NONE, unit):
            raise Fault(
                f"{channel} is {in_unit(unit)}, and this is {in_unit(dimension)}", where, f"give it in {describe(unit)}"
            )


def _items(tree: Any, value: Sequence[Any]) -> Sequence[Any]:
    """Where each item of a list stands, as far as the list is written out."""
    return tree.children if tree.data == "list" else [tree] * len(value)
