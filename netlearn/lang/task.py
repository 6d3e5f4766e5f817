"""`task` blocks: data, rule, loss and stop condition, checked against the circuit they train."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from lark import Token, Tree
from numpy.typing import NDArray

from netlearn.circuit.model import Choice, Circuit
from netlearn.circuit.over_time import COMPARE
from netlearn.errors import CheckFault, Diagnostic, Source, Span
from netlearn.lang.choices import read_choice
from netlearn.lang.evaluate import Evaluator
from netlearn.lang.library import locate, read_text
from netlearn.lang.values import Fault, Piece, Range, in_unit, kind_of, span, suggest
from netlearn.lang.write import write
from netlearn.syntax import ReadFault, parse
from netlearn.units import AMPERE, NONE, VOLT, Dimension, Quantity, describe

MAX_SAMPLES = 1_000_000
MAX_VALUES = 10_000_000
METRICS: dict[str, Dimension] = {
    "error": VOLT,  # root mean square error
    "mse": (2, 0, 0, 0, 0),
    "accuracy": NONE,
    "violations": NONE,  # fraction of samples a hinge still pushes
    "steps": NONE,
    "epochs": NONE,
}
LACKING = {"square": ("accuracy", "violations"), "nearest": ("violations",), "softmax": ("violations",)}
"""Loss to the metrics that mean nothing with it."""
DATASETS = {"iris": "data/iris.csv", "digits": "data/digits.csv"}
MANY = {"update": "update limited(fraction = 0.5)", "imperfection": "imperfection bias(sd = 0.8V/s)"}
"""Statements that a task may have any number of, and how one looks."""
ORDERS = ("sequential", "shuffled", "batch")
FORM = "write error < 1mV or steps > 5000"


@dataclass(frozen=True)
class Condition:
    """A comparison of metrics, with the text it was written as."""

    text: str
    tree: Any

    def __call__(self, metrics: Mapping[str, float]) -> bool:
        return bool(_truth(self.tree, metrics))

    def each(self, metrics: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
        """Whether it holds for each of many, from their metrics (D,)."""
        draws = len(next(iter(metrics.values())))
        return np.broadcast_to(np.asarray(_truth(self.tree, metrics), dtype=bool), draws)

    @property
    def limit(self) -> tuple[str, float] | None:
        """The metric that it wants below a number, and that number, where this is all that it wants."""
        if self.tree.data != "compare" or str(self.tree.children[1]) not in ("<", "<="):
            return None
        metric, _, number = self.tree.children
        return (str(metric.children[0]), _value(number, {})) if metric.data == "ref" and number.data != "ref" else None

    @property
    def names(self) -> frozenset[str]:
        """The metrics that it compares."""
        return frozenset(str(ref.children[0]) for ref in self.tree.find_data("ref"))


@dataclass(frozen=True)
class TaskSpec:
    """A checked task: inputs (N, channels) and labels (N, channels) as rows of numbers in SI units.

    `places` has where each kind of statement stands in `source`, and the name of the task under ""."""

    name: str
    circuit: str
    inputs: tuple[tuple[float, ...], ...]
    labels: tuple[tuple[float, ...], ...]
    rule: Choice
    loss: Choice
    stop: Condition | None
    holdout: float
    order: str
    batch: int
    updates: tuple[Choice, ...]
    imperfections: tuple[Choice, ...]
    asserts: tuple[Condition, ...]
    source: Source
    places: Mapping[str, Span]
    origin: str = ""

    def place(self, statement: str) -> Span:
        """Where a statement stands, or the name of the task where there is none such."""
        return self.places.get(statement, self.places[""])


@dataclass(frozen=True)
class _Column:
    """One channel's values over the samples."""

    values: tuple[float, ...]
    dimension: Dimension = NONE


def completed(tree: Piece, earlier: Mapping[str, Piece]) -> Piece:
    """A task with all its statements: where it is like an `earlier` one, that one's of the kinds it has none of."""
    name, head, *own = tree.children
    if head.data != "like":
        return tree
    other = str(head.children[0])
    if other not in earlier:
        known = suggest(other, earlier) or f"tasks before this one: {', '.join(earlier) or 'none'}"
        raise Fault(f"there is no task '{other}' before this one", head, known)
    _, circuit, *given = earlier[other].children
    kinds = {statement.data for statement in own}
    return Tree(tree.data, [name, circuit, *own, *(s for s in given if s.data not in kinds)], tree.meta)


class TaskReader:
    """Reads the statements of one task; `folder` and `allowed` bound the files it may name."""

    def __init__(
        self,
        circuit: Circuit,
        source: Source,
        folder: Path | None,
        allowed: tuple[Path, ...],
        files: dict[Path, str] | None = None,
    ) -> None:
        self.files = {} if files is None else files
        self.circuit, self.source, self.folder, self.allowed = circuit, source, folder, allowed
        kinds = {p.name: p.kind for p in circuit.inputs} | {p.name: p.kind for p in circuit.outputs}
        self.units = {name: VOLT if kind == "V" else AMPERE for name, kind in kinds.items()}
        self.table: dict[str, list[str]] = {}
        self.origin = ""
        self.evaluate = Evaluator({}, {"column": self._column, "columns": self._many, "onehot": self._onehot})

    def read(self, tree: Piece) -> TaskSpec:
        token = tree.children[0]
        parts: dict[str, Any] = {}
        asserts: list[Condition] = []
        many: dict[str, list[Choice]] = {name: [] for name in MANY}
        for statement in tree.children[2:]:
            if statement.data == "assert_":
                asserts.append(read_condition(self.evaluate, statement.children[0]))
            elif statement.data in MANY:
                many[statement.data].append(self._choice(statement, "", token, MANY[statement.data]))
            elif statement.data in parts:
                raise Fault(f"a second '{statement.data}' in one task", statement, "a task has one of each")
            else:
                parts[statement.data] = statement
        if "data" not in parts:
            raise Fault(f"task {token} has no data", token, "write data x: [0.1V, 0.2V] -> y: [30mV, 60mV]")
        inputs, labels = self._data(parts["data"])
        loss = self._choice(parts.get("loss"), "square", token, "loss square")
        self._has_metrics(tree, loss.name)
        return TaskSpec(
            name=str(token),
            circuit=self.circuit.name,
            inputs=inputs,
            labels=labels,
            rule=self._choice(parts.get("rule"), "coupled", token, "rule coupled(eta = 0.5, rate = 1e-3)"),
            loss=loss,
            stop=read_condition(self.evaluate, parts["stop"].children[0]) if "stop" in parts else None,
            holdout=self._holdout(parts.get("holdout")),
            order=self._order(parts.get("order")),
            batch=self._batch(parts.get("batch"), parts.get("order")),
            updates=tuple(many["update"]),
            imperfections=tuple(many["imperfection"]),
            asserts=tuple(asserts),
            source=self.source,
            places={"": span(token), **{name: span(statement) for name, statement in parts.items()}},
            origin=self.origin,
        )

    def _has_metrics(self, tree: Piece, loss: str) -> None:
        """Conditions name only metrics that mean something with this loss."""
        for statement in tree.children[2:]:
            if statement.data in ("stop", "assert_"):
                for ref in statement.find_data("ref"):
                    name = str(ref.children[0])
                    if name in LACKING.get(loss, ()):
                        fits = [other for other in ("nearest", "hinge") if name not in LACKING.get(other, ())]
                        raise Fault(f"loss {loss} has no {name}", ref, f"write loss {' or loss '.join(fits)}")

    def _choice(self, statement: Any, default: str, task: Token, form: str) -> Choice:
        """A rule, loss or update, or the default one, which stands nowhere: it is told of at the name of the task."""
        if statement is None:
            return Choice(default, {}, {"": span(task)})
        tree = statement.children[0]
        return read_choice(self.evaluate, str(statement.data), tree, form)

    def _holdout(self, statement: Any) -> float:
        if statement is None:
            return 0.0
        number = self.evaluate.number(statement.children[0], "holdout").number
        if not 0 <= number < 1:
            raise Fault("the part that is held out lies between 0 and 1", statement, "write holdout 0.3")
        return number

    def _order(self, statement: Any) -> str:
        if statement is None:
            return "sequential"
        token = statement.children[0]
        if str(token) not in ORDERS:
            raise Fault(f"unknown order '{token}'", token, suggest(str(token), ORDERS) or f"known: {', '.join(ORDERS)}")
        return str(token)

    def _batch(self, statement: Any, order: Any) -> int:
        """How many samples a step is made from."""
        if statement is None:
            return 1
        number = self.evaluate.number(statement.children[0], "batch").number
        if not 1 <= number <= MAX_SAMPLES or number != int(number):
            raise Fault(f"a batch is a whole number of samples from 1 to {MAX_SAMPLES}", statement, "write batch 10")
        if order is not None and str(order.children[0]) == "batch":
            raise Fault("order batch shows all samples at once", statement, "take one of the two out")
        return int(number)

    def _data(self, tree: Piece) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[float, ...], ...]]:
        columns = [c for c in tree.children if c.data == "column"]
        for source in (c for c in tree.children if c.data == "source"):
            self._source(source.children[0])
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
        return tuple(zip(*(full[n] for n in ins), strict=True)) if ins else ((),) * count, tuple(
            zip(*(full[n] for n in outs), strict=True)
        )

    def _fill(
        self, tree: Piece, ins: Sequence[str], outs: Sequence[str], values: dict[str, tuple[float, ...] | float]
    ) -> None:
        token = tree.children[0]
        name = str(token) + "".join(write(c) for c in tree.children[1:-1])
        channels = self._channels(tree, ins, outs, name)
        for channel, column in zip(channels, self._columns(tree.children[-1], channels, name), strict=True):
            if channel in values:
                raise Fault(f"'{channel}' is given twice", tree, "remove one of them")
            if isinstance(column, tuple) and len(column) > MAX_SAMPLES:
                raise Fault(f"{len(column)} samples", tree, f"at most {MAX_SAMPLES}")
            values[channel] = column

    def _channels(self, tree: Piece, ins: Sequence[str], outs: Sequence[str], name: str) -> list[str]:
        token, index = tree.children[0], tree.children[1:-1]
        known = [*ins, *outs]
        if not index:
            found = [n for n in known if n == str(token) or n.startswith(f"{token}[")]
        else:
            at = self.evaluate(index[0].children[0]) if isinstance(index[0].children[0], Tree) else None
            span = (
                (at.low.number, at.high.number)
                if isinstance(at, Range)
                else (at.number, at.number)
                if isinstance(at, Quantity)
                else (0, -1)
            )
            found = [f"{token}[{i}]" for i in range(int(span[0]), min(int(span[1]), int(span[0]) + len(known)) + 1)]
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
            found += value if isinstance(value, list) and value and isinstance(value[0], _Column) else [value]
        if len(found) == count and all(isinstance(v, _Column) for v in found):
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

    def _column_of(self, column: _Column, channel: str, where: Any) -> tuple[float, ...]:
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

    def _source(self, token: Token) -> None:
        if token.type == "NAME":
            if str(token) not in DATASETS:
                raise Fault(
                    f"unknown data set '{token}'",
                    token,
                    suggest(str(token), DATASETS) or f"known: {', '.join(DATASETS)}; a file is named in quotes",
                )
            file = DATASETS[str(token)]
        else:
            file = str(token)[1:-1]
        path = locate(file, self.folder, self.allowed, token, "the data")
        text = self.files[path] = read_text(path, token)
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        try:
            rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
        except csv.Error as error:
            raise Fault(f"'{path.name}' is not a table: {error}", token) from None
        if not rows or len(rows) > MAX_SAMPLES:
            raise Fault(
                f"'{path.name}' has {len(rows)} rows",
                token,
                f"between 1 and {MAX_SAMPLES}, below a line of column names",
            )
        for number, row in enumerate(rows, 1):
            if None in row or None in row.values():
                raise Fault(
                    f"row {number} of '{path.name}' has more or fewer fields than its first line",
                    token,
                    "give each row every field; rows are counted below the names",
                )
        self.table = {key.strip(): [row[key].strip() for row in rows] for key in rows[0]}
        self.origin = path.name

    def _name(self, tree: Any) -> str:
        """The name of a column of the table."""
        name = self.evaluate(tree)
        if not self.table:
            raise Fault("column needs a table", tree, 'write data from "file.csv" x: column("name") -> ...')
        if not isinstance(name, str) or name not in self.table:
            raise Fault(
                f"the table has no column '{name}'",
                tree,
                suggest(str(name), self.table) or f"it has {', '.join(self.table)}",
            )
        return name

    def _texts(self, name: str, tree: Any) -> list[str]:
        """The entries of a column, none of which is empty."""
        if "" in self.table[name]:
            raise Fault(
                f"row {self.table[name].index('') + 1} of column '{name}' is empty",
                tree,
                "fill it, or take the row out; rows are counted below the names",
            )
        return self.table[name]

    def _numbers(self, name: str, tree: Any) -> list[float]:
        return [self._cell(row, text, name, tree) for row, text in enumerate(self._texts(name, tree), 1)]

    def _cell(self, row: int, text: str, name: str, tree: Any) -> float:
        try:
            number = float(text)
        except ValueError:
            help = "classes are read with onehot(...); rows are counted below the names"
            raise Fault(f"'{text}' in row {row} of column '{name}' is not a number", tree, help) from None
        if not math.isfinite(number):
            raise Fault(f"{text} in row {row} of column '{name}' is not finite", tree, "take the row out")
        return number

    def _column(self, e: Evaluator, tree: Any, given: list[Any], options: Any) -> _Column:
        if not 1 <= len(given) <= 2 or options:
            raise Fault("column takes a name and a range to scale to", tree, 'write column("petal_length", 0V..0.45V)')
        numbers = self._numbers(self._name(given[0]), given[0])
        return _scaled([numbers], e(given[1]), given)[0] if len(given) == 2 else _Column(tuple(numbers))

    def _many(self, e: Evaluator, tree: Any, given: list[Any], options: Any) -> list[_Column]:
        """Neighbouring columns, in a unit of their own or all scaled alike to a range."""
        if not 2 <= len(given) <= 3 or set(options) - {"unit"} or (options and len(given) == 3):
            raise Fault(
                "columns takes the first name, the last one, and a unit or a range to scale to",
                tree,
                'write columns("p0", "p63", unit = 10mV) or columns("p0", "p63", 0V..0.45V)',
            )
        names = list(self.table)
        first, last = (names.index(self._name(g)) for g in given[:2])
        if last < first:
            raise Fault("the last column stands before the first", given[1], f"they are {', '.join(names)}")
        chosen = [self._numbers(name, tree) for name in names[first : last + 1]]
        if len(given) == 3:
            return _scaled(chosen, e(given[2]), [given[0], given[2]])
        unit = e.number(options["unit"], "unit", None) if options else Quantity(1.0)
        return [_Column(tuple(unit.number * n for n in numbers), unit.dimension) for numbers in chosen]

    def _onehot(self, e: Evaluator, tree: Any, given: list[Any], options: Any) -> list[_Column]:
        if len(given) not in (1, 3) or options:
            raise Fault("onehot takes a name and the two levels", tree, 'write onehot("species", 0V, 0.3V)')
        texts = self._texts(self._name(given[0]), given[0])
        off, on = (
            (e.number(g, "a level", None) for g in given[1:]) if len(given) == 3 else (Quantity(0.0), Quantity(1.0))
        )
        dimension = off.dimension if off.dimension != NONE else on.dimension
        if on.dimension not in (NONE, dimension):
            raise Fault("the levels of onehot have different units", tree, 'write onehot("species", 0V, 0.3V)')
        classes = sorted(set(texts))
        if len(classes) > 1000:
            raise Fault(f"this column has {len(classes)} classes", given[0], "at most 1000 can be told apart")
        if len(classes) * len(texts) > MAX_VALUES:
            raise Fault("these classes of these rows are too many numbers", given[0], "use fewer rows or classes")
        return [_Column(tuple(on.number if t == c else off.number for t in texts), dimension) for c in classes]


def _scaled(columns: Sequence[Sequence[float]], to: Any, where: Sequence[Any]) -> list[_Column]:
    """Columns scaled alike, their least and their greatest number to the ends of a range."""
    if not isinstance(to, Range):
        raise Fault("a column is scaled to a range", where[1], "write 0V..0.45V")
    low, high = min(map(min, columns)), max(map(max, columns))
    if low == high:
        raise Fault("a constant column cannot be scaled", where[0])
    a, b = to.low.number, to.high.number
    dimension = to.low.dimension if to.low.dimension != NONE else to.high.dimension
    return [_Column(tuple(a + (b - a) * (n - low) / (high - low) for n in c), dimension) for c in columns]


def read_condition(evaluate: Evaluator, tree: Any) -> Condition:
    """A checked condition over metrics."""
    _check_condition(evaluate, tree)
    return Condition(write(tree), tree)


def condition(text: str, name: str) -> Condition:
    """A condition that was typed, as the option `name`; NetlistError where it is none."""
    source = Source(name, text)
    try:
        return read_condition(Evaluator({}), parse(text, "condition").children[0])
    except ReadFault as fault:
        raise CheckFault([Diagnostic("this is no condition", source, Span(1, fault.column), FORM)]) from None
    except Fault as fault:
        raise CheckFault([Diagnostic(fault.message, source, span(fault.where), fault.help)]) from None


def _check_condition(evaluate: Evaluator, tree: Any) -> None:
    if tree.data in ("and_", "or_", "not_", "group"):
        for child in tree.children:
            _check_condition(evaluate, child)
        return
    if tree.data != "compare":
        raise Fault("a condition compares a result with a number", tree, FORM)
    a, b = (_dimension(evaluate, tree.children[k]) for k in (0, 2))
    if a != b and NONE not in (a, b):
        raise Fault(f"{describe(a)} compared with {describe(b)}", tree, "error is in V (root mean square), mse in V^2")


def _dimension(evaluate: Evaluator, tree: Any) -> Dimension:
    if tree.data == "ref":
        name = str(tree.children[0])
        if name not in METRICS or len(tree.children) > 1:
            raise Fault(
                f"unknown result '{write(tree)}'", tree, suggest(name, METRICS) or f"known: {', '.join(METRICS)}"
            )
        return METRICS[name]
    return evaluate.number(tree, "a limit", None).dimension


def _items(tree: Any, value: Sequence[Any]) -> Sequence[Any]:
    """Where each item of a list stands, as far as the list is written out."""
    return tree.children if tree.data == "list" else [tree] * len(value)


def _truth(tree: Any, metrics: Mapping[str, Any]) -> Any:
    match tree.data:
        case "and_" | "or_":
            both = np.logical_and if tree.data == "and_" else np.logical_or
            return both(*(_truth(child, metrics) for child in tree.children))
        case "not_":
            return np.logical_not(_truth(tree.children[0], metrics))
        case "group":
            return _truth(tree.children[0], metrics)
    compare: Callable[[Any, Any], Any] = COMPARE[str(tree.children[1])]
    return compare(_value(tree.children[0], metrics), _value(tree.children[2], metrics))


def _value(tree: Any, metrics: Mapping[str, Any]) -> Any:
    if tree.data == "ref":
        return metrics[str(tree.children[0])]
    value = Evaluator({})(tree)
    assert isinstance(value, Quantity)
    return value.number
